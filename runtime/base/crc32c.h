// CRC-32C (Castagnoli), as iSCSI, ext4 and LevelDB use it: finds damage, is no protection against anybody.
//
// Table driven (eight bytes a step), the same on every machine.
#ifndef EDGE_RUNTIME_BASE_CRC32C_H_
#define EDGE_RUNTIME_BASE_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace edge {

// The checksum of `bytes`. Crc32c(b, Crc32c(a)) is the checksum of a followed by b.
uint32_t Crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace edge

#endif  // EDGE_RUNTIME_BASE_CRC32C_H_
