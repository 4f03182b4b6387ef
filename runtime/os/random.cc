#include "runtime/os/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <algorithm>

#include "runtime/base/check.h"

namespace edge {
namespace {

void FillFromKernel(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    // Nothing may run on weak randomness; with valid arguments the kernel does not refuse.
    EDGE_CHECK(got > 0) << "getrandom: " << strerror(errno);
    out = out.subspan(static_cast<size_t>(got));
  }
}

}  // namespace

void OsRandom::Fill(std::span<std::byte> out) {
  if (out.size() >= buffer_.size()) return FillFromKernel(out);
  while (!out.empty()) {
    if (used_ == buffer_.size()) {
      FillFromKernel(buffer_);
      used_ = 0;
    }
    const size_t piece = std::min(out.size(), buffer_.size() - used_);
    memcpy(out.data(), buffer_.data() + used_, piece);
    explicit_bzero(buffer_.data() + used_, piece);
    used_ += piece;
    out = out.subspan(piece);
  }
}

uint64_t OsRandom::NextU64() {
  uint64_t value = 0;
  Fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

uint64_t OsRandom::Below(uint64_t bound) {
  EDGE_CHECK(bound > 0);
  // Lemire's method: the high half of a product, drawn again where that would favour small values.
  unsigned __int128 product = static_cast<unsigned __int128>(NextU64()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t unfair = -bound % bound;
    while (static_cast<uint64_t>(product) < unfair) product = static_cast<unsigned __int128>(NextU64()) * bound;
  }
  return static_cast<uint64_t>(product >> 64);
}

bool OsRandom::Chance(Ratio ratio) {
  EDGE_CHECK(ratio.denominator > 0 && ratio.numerator <= ratio.denominator);
  return Below(ratio.denominator) < ratio.numerator;
}

std::unique_ptr<Random> OsRandom::Fork(std::string_view) { return std::make_unique<OsRandom>(); }

}  // namespace edge
