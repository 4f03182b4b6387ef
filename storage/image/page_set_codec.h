// How a PageSet and its object become bytes: the body of a record of the log.
//
// All numbers are varints (7 bits a byte, least significant first, the shortest form only):
//
//   space: length, bytes | id: 32 bytes | epoch | txid | pages | alarm: 0 none, 1 removed, 2 due + zigzag(unix nanoseconds)
//   number of ranges | per range: (page - page of the range before) * 2 + whole
//                      and if not whole: offset - end of the range before in this page (0 for the first), length
//   the bytes of all ranges
//
// `whole` is a range of all kPageBytes. A page set has exactly one encoding; the decoder takes no other, reads nothing outside of its
// input, and allocates no more than the input's size justifies. Integrity is the log's: a record carries a CRC-32C (runtime/base/crc32c.h).
#ifndef EDGE_STORAGE_IMAGE_PAGE_SET_CODEC_H_
#define EDGE_STORAGE_IMAGE_PAGE_SET_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/image/page_set.h"

namespace edge::storage {

inline constexpr size_t kVarintBytesMax = 10;

// Appends `value` in its shortest form.
void PutVarint(uint64_t value, std::string* out);
// Takes a varint from the front of *in; nothing: cut off, longer than needed, or more than 64 bits (*in is then undefined).
std::optional<uint64_t> TakeVarint(std::string_view* in);

// Whether the names can be an object's: what the encoder requires and the decoder makes sure of.
bool IsValid(const ObjectKey& key);

// Appends the record's body. REQUIRES: IsValid(key); set.ranges in order of page and offset, within `set.pages`, not empty, not
// overlapping; set.bytes as long as they say.
void EncodePageSet(const ObjectKey& key, const PageSet& set, std::string* out);

// Reads one body, all of `in`. kDataLoss: it is none; the text says what is wrong.
struct KeyedPageSet {
  ObjectKey key;
  PageSet set;
};
absl::StatusOr<KeyedPageSet> DecodePageSet(std::string_view in);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_PAGE_SET_CODEC_H_
