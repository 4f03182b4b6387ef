#include "storage/image/page_overlay.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "storage/image/page_checksum.h"

namespace edge::storage {

namespace {

bool IsWhole(const PageRange& range) { return range.offset == 0 && range.length >= kPageContentBytes; }

}  // namespace

PageOverlay::PageOverlay(uint32_t base_pages) : pages_(base_pages) { current_.floor = base_pages; }

absl::Status PageOverlay::Check(const PageSet& set) const {
  const uint32_t floor = std::min(current_.floor, set.pages);
  uint64_t bytes = 0;
  uint32_t page_before = 0;
  uint32_t end_before = 0;
  for (const PageRange& range : set.ranges) {
    bytes += range.length;
    const bool first_of_page = range.page != page_before;
    if (range.page == 0 || range.page > set.pages || range.offset + range.length > kPageBytes || range.length == 0) {
      return absl::DataLossError(StrCat("a range outside of the database: page ", range.page, " of ", set.pages, ", bytes ", range.offset,
                                        " to ", range.offset + range.length));
    }
    if (range.page < page_before || (!first_of_page && range.offset < end_before)) {
      return absl::DataLossError(StrCat("ranges out of order at page ", range.page));
    }
    if (first_of_page && range.page <= floor && !IsWhole(range) && !current_.pages.contains(range.page)) {
      return absl::DataLossError(StrCat("a part of page ", range.page, " is changed, but the whole page is not in the log"));
    }
    page_before = range.page;
    end_before = range.offset + range.length;
  }
  if (bytes != set.bytes.size()) {
    return absl::DataLossError(StrCat("ranges of ", bytes, " bytes come with ", set.bytes.size()));
  }
  return absl::OkStatus();
}

absl::Status PageOverlay::Apply(const PageSet& set) {
  if (absl::Status status = Check(set); !status.ok()) return status;

  if (set.pages != pages_ || !set.ranges.empty()) current_.changed = true;
  // The cut comes first: a page beyond it is zero, and stays so when a later set lets it reappear.
  if (set.pages < pages_) {
    for (auto it = current_.pages.upper_bound(set.pages); it != current_.pages.end(); it = current_.pages.erase(it)) bytes_ -= kPageCost;
    current_.floor = std::min(current_.floor, set.pages);
  }
  pages_ = set.pages;

  const char* from = set.bytes.data();
  for (const PageRange& range : set.ranges) {
    std::unique_ptr<Page>& page = current_.pages[range.page];
    if (page == nullptr) {
      page = std::make_unique<Page>();  // zeros
      bytes_ += kPageCost;
    }
    const size_t content = range.offset < kPageContentBytes ? std::min<size_t>(range.length, kPageContentBytes - range.offset) : 0;
    std::memcpy(page->data() + range.offset, from, content);
    from += range.length;
  }
  return absl::OkStatus();
}

absl::Status PageOverlay::Read(uint32_t page, BasePages& base, std::span<char, kPageBytes> out) const {
  EDGE_CHECK(page >= 1 && page <= pages_) << "page " << page << " of " << pages_;
  const auto zeros = [&] {
    std::memset(out.data(), 0, kPageBytes);
    return absl::OkStatus();
  };
  for (const Layer* layer : {&current_, frozen_.has_value() ? &*frozen_ : nullptr}) {
    if (layer == nullptr) continue;
    if (auto it = layer->pages.find(page); it != layer->pages.end()) {
      std::memcpy(out.data(), it->second->data(), kPageBytes);
      return absl::OkStatus();
    }
    if (page > layer->floor) return zeros();
  }
  absl::Status status = base.ReadBasePage(page, out);
  if (status.ok()) ClearReserved(out);
  return status;
}

void PageOverlay::Freeze() {
  EDGE_CHECK(!frozen());
  frozen_ = std::exchange(current_, Layer());
  frozen_size_ = pages_;
  current_.floor = pages_;
}

std::vector<uint32_t> PageOverlay::FrozenPageNumbers() const {
  EDGE_CHECK(frozen());
  std::vector<uint32_t> numbers;
  numbers.reserve(frozen_->pages.size());
  for (const auto& [page, bytes] : frozen_->pages) {
    // Beyond the floor the base has nothing, or what was cut off: pages that nobody has written since are zeros, and must become so.
    if (page > frozen_->floor) break;
    numbers.push_back(page);
  }
  for (uint32_t page = frozen_->floor; page < frozen_size_;) numbers.push_back(++page);
  return numbers;
}

void PageOverlay::ReadFrozen(uint32_t page, std::span<char, kPageBytes> out) const {
  EDGE_CHECK(frozen() && page >= 1 && page <= frozen_size_);
  if (auto it = frozen_->pages.find(page); it != frozen_->pages.end()) {
    std::memcpy(out.data(), it->second->data(), kPageBytes);
    return;
  }
  EDGE_CHECK(page > frozen_->floor) << "page " << page << " was not changed";
  std::memset(out.data(), 0, kPageBytes);
}

void PageOverlay::DropFrozen() {
  EDGE_CHECK(frozen());
  bytes_ -= frozen_->pages.size() * kPageCost;
  frozen_.reset();
}

void PageOverlay::Unfreeze() {
  EDGE_CHECK(frozen());
  Layer merged = std::move(*frozen_);
  frozen_.reset();
  // Changes since then win, and what they cut off is gone.
  for (auto it = merged.pages.upper_bound(current_.floor); it != merged.pages.end(); it = merged.pages.erase(it)) bytes_ -= kPageCost;
  for (auto& [page, bytes] : current_.pages) {
    std::unique_ptr<Page>& target = merged.pages[page];
    if (target != nullptr) bytes_ -= kPageCost;
    target = std::move(bytes);
  }
  merged.floor = std::min(merged.floor, current_.floor);
  merged.changed |= current_.changed;
  current_ = std::move(merged);
}

}  // namespace edge::storage
