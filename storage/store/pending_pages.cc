#include "storage/store/pending_pages.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/image/page_checksum.h"

namespace edge::storage {
namespace {

bool IsWhole(const PageRange& range) { return range.offset == 0 && range.length >= kPageContentBytes; }

// Stands where no base may be asked.
class NoBase final : public BasePages {
 public:
  absl::Status ReadBasePage(uint32_t page, std::span<char, kPageBytes>) override {
    return absl::InternalError(StrCat("a part of page ", page, " was committed, but the whole page is not in memory"));
  }
};

}  // namespace

bool PendingPages::Read(uint32_t page, std::span<char, kPageBytes> out) const {
  if (const auto it = pages_.find(page); it != pages_.end()) {
    std::memcpy(out.data(), it->second.bytes->data(), kPageBytes);
    return true;
  }
  if (page <= cut_) return false;
  std::memset(out.data(), 0, kPageBytes);
  return true;
}

bool PendingPages::ChangedAfter(uint32_t page, Position position) const {
  const auto it = pages_.find(page);
  return it != pages_.end() && it->second.changed > position;
}

absl::Status PendingPages::Add(const PageSet& set, Position position, const PageOverlay& below) {
  const uint32_t before = empty() ? below.pages() : pages();
  const uint32_t cut = set.pages < before ? std::min(cut_, set.pages) : cut_;
  NoBase no_base;
  // First what can fail: the pages that are new here.
  std::map<uint32_t, Page> fresh;
  uint32_t last = 0;
  for (const PageRange& range : set.ranges) {
    if (range.page == last) continue;
    last = range.page;
    EDGE_CHECK(range.page >= 1 && range.page <= set.pages) << "page " << range.page << " of " << set.pages;
    if (pages_.contains(range.page)) continue;
    Page page;
    page.bytes = std::make_unique<std::array<char, kPageBytes>>();  // zeros
    if (!IsWhole(range) && range.page <= cut && range.page <= below.pages()) {
      EDGE_RETURN_IF_ERROR(below.Read(range.page, no_base, *page.bytes));
    }
    fresh.emplace(range.page, std::move(page));
  }

  pages_.merge(fresh);
  if (set.pages < before) {
    cut_ = cut;
    for (auto it = pages_.upper_bound(set.pages); it != pages_.end(); ++it) it->second.bytes->fill('\0');
  }
  const char* from = set.bytes.data();
  last = 0;
  for (const PageRange& range : set.ranges) {
    Page& page = pages_[range.page];
    if (range.page != last) ++page.commits;
    last = range.page;
    page.changed = position;
    const size_t content = range.offset < kPageContentBytes ? std::min<size_t>(range.length, kPageContentBytes - range.offset) : 0;
    std::memcpy(page.bytes->data() + range.offset, from, content);
    from += range.length;
  }
  commits_.push_back({.pages = set.pages, .cuts = set.pages < before});
  return absl::OkStatus();
}

void PendingPages::RemoveOldest(const PageSet& set) {
  EDGE_CHECK(!commits_.empty());
  uint32_t last = 0;
  for (const PageRange& range : set.ranges) {
    if (range.page == last) continue;
    last = range.page;
    const auto it = pages_.find(range.page);
    EDGE_CHECK(it != pages_.end() && it->second.commits > 0);
    if (--it->second.commits == 0) pages_.erase(it);
  }
  const bool cuts = commits_.front().cuts;
  commits_.erase(commits_.begin());
  if (!cuts) return;
  cut_ = UINT32_MAX;
  for (const Commit& commit : commits_) {
    if (commit.cuts) cut_ = std::min(cut_, commit.pages);
  }
}

void PendingPages::Clear() {
  pages_.clear();
  commits_.clear();
  cut_ = UINT32_MAX;
}

}  // namespace edge::storage
