// The byte ranges in which two versions of a page differ: what a commit logs of a page whose older version the log knows.
#ifndef EDGE_STORAGE_IMAGE_PAGE_DIFF_H_
#define EDGE_STORAGE_IMAGE_PAGE_DIFF_H_

#include <cstdint>
#include <span>

#include "storage/image/page_set.h"

namespace edge::storage {

// Appends one range of the whole page, reserved bytes as zeros.
void AppendWholePage(uint32_t page, std::span<const char, kPageBytes> now, PageSet* set);

// Appends ranges that make `before` into `now`; nothing if they are equal. Reserved bytes are not compared. Differences that lie close
// together become one range; a page that has changed nearly everywhere is appended whole.
void AppendDifference(uint32_t page, std::span<const char, kPageBytes> before, std::span<const char, kPageBytes> now, PageSet* set);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_PAGE_DIFF_H_
