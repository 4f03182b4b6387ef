// PageSet: what one committed transaction of an object changed: byte ranges that overwrite pages, and the size afterwards.
//
// Ranges overwrite, they are never differences to be combined: replaying all of them from a checkpoint on, in order, ends in the last value
// for every byte, however often it is done and whatever mix of older and newer pages the base holds. A page's first change after a
// checkpoint has begun is one range of the whole page, so that a torn base page may hold anything. Pages beyond `pages` are zero from then
// on: a page that reappears starts from zeros.
#ifndef EDGE_STORAGE_IMAGE_PAGE_SET_H_
#define EDGE_STORAGE_IMAGE_PAGE_SET_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/time.h"

namespace edge::storage {

inline constexpr size_t kPageBytes = 4096;

// Names an object in a data directory.
struct ObjectKey {
  std::string space;  // its namespace: "chat/ChatRoom" (script and class as first deployed); of [A-Za-z0-9_./-], no "..", at most 200 bytes
  std::string id;     // 64 lower-case hexadecimal digits
  auto operator<=>(const ObjectKey&) const = default;
  std::string ToString() const { return space + "/" + id; }
};

struct PageRange {
  uint32_t page;    // from 1
  uint16_t offset;  // in the page
  uint16_t length;  // bytes; offset + length <= kPageBytes
};

// When the object wants to be woken, as of a transaction: it travels in the same record as the data.
struct AlarmChange {
  std::optional<WallTime> due;  // none: no alarm any more
};

struct PageSet {
  uint64_t epoch = 0;  // of the activation that wrote it
  uint64_t txid = 0;   // of the object; each commit has the one before plus 1
  uint32_t pages = 0;  // the database's size after the transaction
  std::vector<PageRange> ranges;
  std::string bytes;  // of all ranges, one after the other
  std::optional<AlarmChange> alarm;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_PAGE_SET_H_
