#include "sim/scenario/request_parts.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_format.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kNodePoint("workload.node", DecisionKind::kWorkload);
constexpr DecisionPoint kValuePoint("workload.value", DecisionKind::kValue);

}  // namespace

std::string RayHeader(uint64_t ray) { return absl::StrFormat("%016x-SIM", ray); }

std::string Uuid(uint64_t high, uint64_t low) {
  high = (high & ~uint64_t{0xf000}) | 0x4000;
  low = (low & ~(uint64_t{3} << 62)) | uint64_t{1} << 63;
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48, low & 0xffffffffffff);
}

size_t DrawNode(World& world, ActorId actor, uint64_t ray, size_t nodes) {
  if (nodes < 2) return 0;
  return static_cast<size_t>(world.oracle().Draw(kNodePoint, actor, ray, Distribution::Uniform(0, static_cast<int64_t>(nodes) - 1)));
}

std::string FillTemplate(World& world, ActorId actor, std::string_view text, Key key) {
  std::string filled;
  uint64_t place = 0;
  for (;;) {
    const size_t open = text.find("${");
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return filled.append(text);
    filled.append(text.substr(0, open));
    std::string_view what = text.substr(open + 2, close - open - 2);
    const Key here = CombineHash(key, ++place);
    if (what == "client") {
      filled.append(world.NameOf(actor));
    } else if (what == "uuid") {
      filled.append(Uuid(MixHash(here), MixHash(here + 1)));
    } else if (what.starts_with("int:")) {
      what.remove_prefix(4);
      const size_t dots = what.find("..");
      int64_t low = 0;
      int64_t high = 0;
      if (dots != std::string_view::npos) {
        std::from_chars(what.data(), what.data() + dots, low);
        std::from_chars(what.data() + dots + 2, what.data() + what.size(), high);
      }
      filled.append(std::to_string(world.oracle().Draw(kValuePoint, actor, here, Distribution::Uniform(low, std::max(low, high)))));
    } else if (what.starts_with("pick:")) {
      what.remove_prefix(5);
      const int64_t choices = 1 + std::count(what.begin(), what.end(), '|');
      for (int64_t skip = world.oracle().Draw(kValuePoint, actor, here, Distribution::Uniform(0, choices - 1)); skip > 0; --skip) {
        what.remove_prefix(what.find('|') + 1);
      }
      filled.append(what.substr(0, what.find('|')));
    } else {
      filled.append(text.substr(open, close + 1 - open));
    }
    text.remove_prefix(close + 1);
  }
}

}  // namespace edge::sim
