#include "storage/image/page_diff.h"

#include <cstring>

#include "storage/image/page_checksum.h"

namespace edge::storage {

namespace {

constexpr size_t kWord = sizeof(uint64_t);
static_assert(kPageContentBytes % kWord == 0);
// A range costs about this much in the log beside its bytes: a gap that is not longer is cheaper logged than skipped.
constexpr size_t kGapBytesMax = 8;
// Beyond this, ranges save too little to be worth applying.
constexpr size_t kRangesBytesMax = 3000;

uint64_t WordAt(std::span<const char, kPageBytes> page, size_t offset) {
  uint64_t word = 0;
  std::memcpy(&word, page.data() + offset, kWord);
  return word;
}

// The place of the first difference at or after `from`, or the end of the content.
size_t NextDifference(std::span<const char, kPageBytes> before, std::span<const char, kPageBytes> now, size_t from) {
  for (; from % kWord != 0; ++from) {
    if (before[from] != now[from]) return from;
  }
  for (; from < kPageContentBytes; from += kWord) {
    const uint64_t difference = WordAt(before, from) ^ WordAt(now, from);
    if (difference != 0) return from + static_cast<size_t>(__builtin_ctzll(difference)) / 8;
  }
  return kPageContentBytes;
}

}  // namespace

void AppendWholePage(uint32_t page, std::span<const char, kPageBytes> now, PageSet* set) {
  set->ranges.push_back({page, 0, kPageBytes});
  set->bytes.append(now.data(), kPageContentBytes);
  set->bytes.append(kPageReservedBytes, '\0');
}

void AppendDifference(uint32_t page, std::span<const char, kPageBytes> before, std::span<const char, kPageBytes> now, PageSet* set) {
  const size_t ranges_before = set->ranges.size();
  const size_t bytes_before = set->bytes.size();
  size_t at = NextDifference(before, now, 0);
  while (at < kPageContentBytes) {
    // [at, end) is the range; it grows while the next difference is near.
    size_t end = at + 1;
    size_t next = kPageContentBytes;
    while (true) {
      while (end < kPageContentBytes && before[end] != now[end]) ++end;
      next = NextDifference(before, now, end);
      if (next == kPageContentBytes || next - end > kGapBytesMax) break;
      end = next + 1;
    }
    set->ranges.push_back({page, static_cast<uint16_t>(at), static_cast<uint16_t>(end - at)});
    set->bytes.append(now.data() + at, end - at);
    if (set->bytes.size() - bytes_before > kRangesBytesMax) {
      set->ranges.resize(ranges_before);
      set->bytes.resize(bytes_before);
      AppendWholePage(page, now, set);
      return;
    }
    at = next;
  }
}

}  // namespace edge::storage
