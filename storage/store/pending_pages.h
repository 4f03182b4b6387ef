// PendingPages: what the commits of one object that are not durable yet have made of it.
//
// A commit is visible at once and durable later, or never: then it must be as if it had not been. So undurable commits stay out of the
// object's PageOverlay, which has only what the log has confirmed:
//
//     reads:  PendingPages  ->  PageOverlay (current, frozen)  ->  base file
//               ^      \                  ^
//            Commit     '-- durable: the same PageSet is applied there
//                        '- lost: dropped, and the object is what it was
//
// A page is here as long as a pending commit has touched it. A cut is remembered as long as it is pending: pages beyond the smallest
// pending size are zero unless they are here.
#ifndef EDGE_STORAGE_STORE_PENDING_PAGES_H_
#define EDGE_STORAGE_STORE_PENDING_PAGES_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "storage/image/page_overlay.h"
#include "storage/image/page_set.h"
#include "storage/log/commit_log.h"

namespace edge::storage {

class PendingPages {
 public:
  PendingPages() = default;
  PendingPages(const PendingPages&) = delete;
  PendingPages& operator=(const PendingPages&) = delete;

  bool empty() const { return commits_.empty(); }
  // The database's size with what is pending. REQUIRES: !empty().
  uint32_t pages() const { return commits_.back().pages; }
  // Whether reads of the page end here, and if so, the page.
  bool Read(uint32_t page, std::span<char, kPageBytes> out) const;
  // The page is here and was changed after `position`.
  bool ChangedAfter(uint32_t page, Position position) const;

  // Adds a commit. `below`: the object's durable pages. kInternal: a part of a page whose whole is not in memory; nothing has changed.
  absl::Status Add(const PageSet& set, Position position, const PageOverlay& below);
  // The oldest commit, which was added with `set`, is durable and has been applied below.
  void RemoveOldest(const PageSet& set);
  void Clear();

  uint64_t bytes() const { return pages_.size() * kPageCost; }

 private:
  static constexpr uint64_t kPageCost = kPageBytes + 128;
  struct Page {
    uint32_t commits = 0;  // that have touched it
    Position changed = 0;  // end of the latest
    std::unique_ptr<std::array<char, kPageBytes>> bytes;
  };
  struct Commit {
    uint32_t pages;  // size after it
    bool cuts;       // smaller than before it
  };

  std::map<uint32_t, Page> pages_;
  std::vector<Commit> commits_;  // few: what one sync or two will confirm
  uint32_t cut_ = UINT32_MAX;    // smallest size of the pending commits that cut
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_PENDING_PAGES_H_
