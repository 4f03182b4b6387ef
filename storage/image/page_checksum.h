// The checksum at the end of each page of a base file.
//
// A database has kPageReservedBytes reserved bytes per page (byte 20 of its header says so), which SQLite keeps free. In a base file they
// hold, little-endian, the CRC-32C of the page's number (4 bytes) followed by its content (kPageContentBytes), and then the number. So a
// page of zeros, a page from another place and a torn page are all seen. Everywhere else - in memory, in page sets, in the log - these
// bytes are no content: they are zero.
#ifndef EDGE_STORAGE_IMAGE_PAGE_CHECKSUM_H_
#define EDGE_STORAGE_IMAGE_PAGE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "runtime/base/crc32c.h"
#include "storage/image/page_set.h"

namespace edge::storage {

inline constexpr size_t kPageReservedBytes = 8;
inline constexpr size_t kPageContentBytes = kPageBytes - kPageReservedBytes;

namespace checksum_internal {

inline void StoreSeal(std::span<const char, kPageBytes> bytes, uint32_t page, char (&seal)[kPageReservedBytes]) {
  const auto put = [](uint32_t value, char* out) {
    for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (8 * i));
  };
  put(page, seal + 4);
  put(Crc32c(std::string_view(bytes.data(), kPageContentBytes), Crc32c(std::string_view(seal + 4, 4))), seal);
}

}  // namespace checksum_internal

// Writes the checksum of page `page` into its reserved bytes.
inline void Seal(std::span<char, kPageBytes> bytes, uint32_t page) {
  char seal[kPageReservedBytes];
  checksum_internal::StoreSeal(bytes, page, seal);
  std::memcpy(bytes.data() + kPageContentBytes, seal, kPageReservedBytes);
}

// Whether the page is one that Seal has finished, and page `page` of its file.
inline bool Verify(std::span<const char, kPageBytes> bytes, uint32_t page) {
  char seal[kPageReservedBytes];
  checksum_internal::StoreSeal(bytes, page, seal);
  return std::memcmp(bytes.data() + kPageContentBytes, seal, kPageReservedBytes) == 0;
}

inline void ClearReserved(std::span<char, kPageBytes> bytes) { std::memset(bytes.data() + kPageContentBytes, 0, kPageReservedBytes); }

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_PAGE_CHECKSUM_H_
