#include "storage/image/image_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/statusor.h"
#include "runtime/base/check.h"
#include "storage/image/page_checksum.h"
#include "storage/image/page_diff.h"

namespace edge::storage {

ImageFile::ImageFile(CommittedPages& pages, CommitSink& sink, ByteCount transaction_max)
    : pages_(pages), sink_(sink), changed_max_(transaction_max.bytes() / kPageBytes), size_(pages.pages()), floor_(size_) {}

absl::Status ImageFile::Read(uint32_t page, std::span<char, kPageBytes> out) {
  EDGE_CHECK(page >= 1 && page <= size_) << "page " << page << " of " << size_;
  if (auto it = changed_.find(page); it != changed_.end()) {
    std::memcpy(out.data(), it->second->data(), kPageBytes);
    return absl::OkStatus();
  }
  if (page > floor_) {
    std::memset(out.data(), 0, kPageBytes);
    return absl::OkStatus();
  }
  absl::Status status = pages_.ReadPage(page, out);
  if (status.ok()) ClearReserved(out);
  return status;
}

absl::Status ImageFile::Write(uint32_t page, std::span<const char, kPageBytes> bytes) {
  auto it = changed_.find(page);
  if (it == changed_.end()) {
    if (changed_.size() >= changed_max_ && !refused_) {
      refused_ = true;
      return absl::ResourceExhaustedError("the transaction changes too many pages");
    }
    it = changed_.emplace(page, std::make_unique_for_overwrite<Page>()).first;
  }
  std::memcpy(it->second->data(), bytes.data(), kPageContentBytes);
  ClearReserved(*it->second);
  size_ = std::max(size_, page);
  return absl::OkStatus();
}

void ImageFile::Resize(uint32_t pages) {
  changed_.erase(changed_.upper_bound(pages), changed_.end());
  floor_ = std::min(floor_, pages);
  size_ = pages;
}

void ImageFile::Rollback() {
  changed_.clear();
  size_ = floor_ = pages_.pages();
  alarm_.reset();
}

absl::Status ImageFile::AppendChanges(uint32_t page, const Page& now, PageSet* set) {
  if (page <= pages_.pages() && pages_.NeedsWholePage(page)) {
    AppendWholePage(page, now, set);
    return absl::OkStatus();
  }
  Page before{};  // beyond the end: zeros
  if (page <= pages_.pages()) {
    if (absl::Status status = pages_.ReadPage(page, before); !status.ok()) return status;
  }
  AppendDifference(page, before, now, set);
  return absl::OkStatus();
}

absl::StatusOr<bool> ImageFile::Commit() {
  const uint32_t committed = pages_.pages();
  PageSet set;
  set.pages = size_;
  set.alarm = std::exchange(alarm_, std::nullopt);

  // What the transaction has cut off and brought back without writing it is zeros now.
  static constexpr Page kZeros{};
  uint32_t zeros = floor_ + 1;
  const uint32_t zeros_end = std::min(committed, size_);
  absl::Status status;
  const auto append_zeros_before = [&](uint32_t page) {
    for (; status.ok() && zeros <= zeros_end && zeros < page; ++zeros) status = AppendChanges(zeros, kZeros, &set);
  };
  for (const auto& [page, bytes] : changed_) {
    append_zeros_before(page);
    if (!status.ok()) break;
    status = AppendChanges(page, *bytes, &set);
    if (!status.ok()) break;
    zeros = std::max(zeros, page + 1);
  }
  append_zeros_before(UINT32_MAX);

  const bool anything = !set.ranges.empty() || set.pages != committed || set.alarm.has_value();
  if (status.ok() && anything) status = sink_.Commit(std::move(set));
  Rollback();  // what is committed now is the sink's to show
  if (!status.ok()) return status;
  return anything;
}

}  // namespace edge::storage
