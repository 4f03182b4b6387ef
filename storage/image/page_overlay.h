// PageOverlay: the committed pages of one object that are not safely in its base file, and the one code that applies a PageSet.
//
//     reads:   current layer  ->  frozen layer  ->  base file
//                    ^                 ^
//     Apply (live and recovery)   what a checkpoint is writing to the base
//
// A layer holds whole pages, and `floor`: the smallest size that the database has had while the layer was on top. Below the layer, only
// pages up to the floor exist; what lies beyond was cut off once and is zero since then, whatever a base file still says there. The live
// database and recovery go through this class alone, so that a page which disappears and comes back is the same in both.
//
// A page's first change in a layer must be whole (NeedsWholePage), because the base page below may be torn; a page beyond the floor
// starts from zeros and needs that not. A checkpoint: Freeze; write FrozenPageNumbers() to the base and cut it to frozen_pages(); sync;
// then DropFrozen. If that fails: Unfreeze, and nothing has happened. Recovery starts with base_pages = the frozen_pages() of the last
// checkpoint that was completed and applies every set since its Freeze.
//
// The reserved bytes at a page's end (page_checksum.h) are not content: in an overlay they are zero.
#ifndef EDGE_STORAGE_IMAGE_PAGE_OVERLAY_H_
#define EDGE_STORAGE_IMAGE_PAGE_OVERLAY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "storage/image/page_set.h"

namespace edge::storage {

// Where pages come from that no overlay holds.
class BasePages {
 public:
  virtual ~BasePages() = default;
  // Page `page` of the base file, checked; its reserved bytes may be anything. kDataLoss: damaged. MAY SUSPEND.
  virtual absl::Status ReadBasePage(uint32_t page, std::span<char, kPageBytes> out) = 0;
};

class PageOverlay {
 public:
  // Over a base that has `base_pages` pages (0: no base yet).
  explicit PageOverlay(uint32_t base_pages);
  PageOverlay(PageOverlay&&) = default;
  PageOverlay& operator=(PageOverlay&&) = default;

  // The database's size as of the last Apply.
  uint32_t pages() const { return pages_; }

  // Applies one transaction, or nothing: kDataLoss, the set cannot follow what was applied before (a part of a page whose whole is not
  // known, a range outside of the database). Does not look at epoch, txid and alarm. Does not suspend.
  absl::Status Apply(const PageSet& set);

  // Page `page` (1 to pages()). Errors as `base`, which is asked only if the page is in no layer. MAY SUSPEND if base does; never for a
  // page that NeedsWholePage denies.
  absl::Status Read(uint32_t page, BasePages& base, std::span<char, kPageBytes> out) const;

  // The next change of this page must be one range of the whole page.
  bool NeedsWholePage(uint32_t page) const { return page <= current_.floor && !current_.pages.contains(page); }

  // Whether the base differs from what is committed: a checkpoint would write something.
  bool changed() const { return current_.changed || frozen_.has_value(); }
  // Memory that is held, both layers.
  uint64_t bytes() const { return bytes_; }

  // Begins a checkpoint: what is committed so far becomes the frozen layer. REQUIRES: !frozen().
  void Freeze();
  bool frozen() const { return frozen_.has_value(); }
  // All REQUIRE frozen(). Frozen pages do not change, whatever is committed meanwhile.
  uint32_t frozen_pages() const { return frozen_size_; }
  // The pages, ascending, that the base must be given: changed ones, and zero ones beyond what it had.
  std::vector<uint32_t> FrozenPageNumbers() const;
  // REQUIRES: `page` is one of FrozenPageNumbers().
  void ReadFrozen(uint32_t page, std::span<char, kPageBytes> out) const;
  // The base holds all of it, synced.
  void DropFrozen();
  // The checkpoint has failed: the layers become one again. What the base was given is not read until the next one succeeds.
  void Unfreeze();

 private:
  using Page = std::array<char, kPageBytes>;
  struct Layer {
    std::map<uint32_t, std::unique_ptr<Page>> pages;
    uint32_t floor = 0;
    bool changed = false;  // a set has been applied that changes pages or the size
  };
  // What a page costs beside its bytes: a node of the map, and the allocator.
  static constexpr uint64_t kPageCost = kPageBytes + 96;

  absl::Status Check(const PageSet& set) const;

  uint32_t pages_;
  Layer current_;
  std::optional<Layer> frozen_;
  uint32_t frozen_size_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_PAGE_OVERLAY_H_
