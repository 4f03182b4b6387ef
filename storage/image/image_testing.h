// TestObject: an object's storage in memory for tests: a base file, an overlay, a list of the page sets since the last checkpoint.
#ifndef EDGE_STORAGE_IMAGE_IMAGE_TESTING_H_
#define EDGE_STORAGE_IMAGE_IMAGE_TESTING_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "storage/image/committed_pages.h"
#include "storage/image/image_services.h"
#include "storage/image/page_checksum.h"
#include "storage/image/page_overlay.h"
#include "storage/image/page_set_codec.h"

namespace edge::storage {

// Counts instead of chance, and a clock that stands still.
inline ImageServices TestServices(WallTime now = WallTime::FromUnixMilliseconds(1'700'000'000'123)) {
  auto drawn = std::make_shared<uint64_t>(0);
  return {.fill_random =
              [drawn](std::span<std::byte> out) {
                for (std::byte& byte : out) byte = static_cast<std::byte>(MixHash(++*drawn));
              },
          .wall_now = [now] { return now; }};
}

class TestObject : public CommittedPages, public CommitSink, public BasePages {
 public:
  TestObject() : overlay_(0) {}

  // ---- what an image stands on

  uint32_t pages() const override { return overlay_.pages(); }
  absl::Status ReadPage(uint32_t page, std::span<char, kPageBytes> out) override {
    ++reads;
    if (on_read != nullptr) {
      if (absl::Status status = on_read(page); !status.ok()) return status;
    }
    return overlay_.Read(page, *this, out);
  }
  bool NeedsWholePage(uint32_t page) const override { return overlay_.NeedsWholePage(page); }

  absl::Status Commit(PageSet set) override {
    if (on_commit != nullptr) {
      if (absl::Status status = on_commit(set); !status.ok()) return status;
    }
    set.txid = ++txid_;
    // Through the bytes of the log, always.
    std::string record;
    EncodePageSet(Key(), set, &record);
    absl::StatusOr<KeyedPageSet> decoded = DecodePageSet(record);
    EDGE_CHECK_OK(decoded.status());
    log_bytes += record.size();
    EDGE_CHECK_OK(overlay_.Apply(decoded->set));
    log.push_back(std::move(decoded->set));
    return absl::OkStatus();
  }

  absl::Status ReadBasePage(uint32_t page, std::span<char, kPageBytes> out) override {
    ++base_reads;
    if (page > base.size()) return absl::DataLossError(StrCat("page ", page, " is not in the base"));
    std::memcpy(out.data(), base[page - 1].data(), kPageBytes);
    return Verify(out, page) ? absl::OkStatus() : absl::DataLossError(StrCat("object x: page ", page, " is damaged"));
  }

  // ---- checkpoints and recovery

  // Writes page `index` of what a checkpoint writes, by its steps, so that tests can stop in between.
  void BeginCheckpoint() {
    overlay_.Freeze();
    log_at_freeze = log.size();
  }
  void WritePage(uint32_t page) {
    if (base.size() < page) base.resize(page);
    overlay_.ReadFrozen(page, base[page - 1]);
    Seal(base[page - 1], page);
  }
  void FinishCheckpoint() {
    for (uint32_t page : overlay_.FrozenPageNumbers()) WritePage(page);
    base.resize(overlay_.frozen_pages());
    base_pages = overlay_.frozen_pages();
    overlay_.DropFrozen();
    log.erase(log.begin(), log.begin() + static_cast<ptrdiff_t>(log_at_freeze));
  }
  void Checkpoint() {
    BeginCheckpoint();
    FinishCheckpoint();
  }
  // As after a crash: nothing but the base and the log is left.
  void Recover() {
    overlay_ = PageOverlay(base_pages);
    for (const PageSet& set : log) EDGE_CHECK_OK(overlay_.Apply(set));
  }

  // A plain SQLite file.
  std::string File() {
    std::string file;
    std::array<char, kPageBytes> page;
    for (uint32_t number = 1; number <= pages(); ++number) {
      EDGE_CHECK_OK(overlay_.Read(number, *this, page));
      file.append(page.data(), page.size());
    }
    return file;
  }

  PageOverlay& overlay() { return overlay_; }

  static ObjectKey Key() { return {"test/Space", std::string(64, 'a')}; }

  std::vector<std::array<char, kPageBytes>> base;
  uint32_t base_pages = 0;   // as of the last checkpoint that was completed
  std::vector<PageSet> log;  // since it began
  size_t log_at_freeze = 0;  // where the checkpoint that is going on began
  uint64_t log_bytes = 0;
  uint64_t reads = 0;
  uint64_t base_reads = 0;
  std::function<absl::Status(uint32_t page)> on_read;
  std::function<absl::Status(const PageSet& set)> on_commit;

 private:
  PageOverlay overlay_;
  uint64_t txid_ = 0;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_IMAGE_TESTING_H_
