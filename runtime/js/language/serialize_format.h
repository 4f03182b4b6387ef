// The bytes of a serialized value, shared by the writer (serialize.cc) and the reader (deserialize.cc).
//
//   value  := tag, then by tag:
//     kInteger zigzag varint | kDouble 8 bytes | kString, kBigInt text | kDate 8 bytes | kBoxed value | kRegExp text(source) text(flags)
//     kObject properties | kArray varint(length) properties | kMap {value value} kEnd | kSet {value} kEnd
//     kError kind flags [text(message)] [text(stack)] [value(cause)] | kBuffer varint(length) bytes
//     kView kind varint(offset) varint(elements) value(its buffer) | kReference varint(object) | kExternal varint(tag) text(payload)
//   properties := {key value} 0        key := 1: the index after the one before (at first 0) | varint(length + 2) bytes
//   text := varint(length) bytes       as UTF-8, in which a surrogate without its partner is three bytes
//
// Before the first value stands the version. Objects are numbered from 0 in the order in which they are complete enough to be referred to:
// containers and errors at their tag, a view after its buffer. Everything is little-endian; stored data lasts, so tags are never reused.
#ifndef EDGE_RUNTIME_JS_LANGUAGE_SERIALIZE_FORMAT_H_
#define EDGE_RUNTIME_JS_LANGUAGE_SERIALIZE_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edge::js::language {

inline constexpr char kSerializedVersion = 1;

enum class SerializedTag : uint8_t {
  kEnd = 0,
  kUndefined = 1,
  kNull = 2,
  kTrue = 3,
  kFalse = 4,
  kInteger = 5,
  kDouble = 6,
  kString = 7,
  kBigInt = 8,
  kObject = 9,
  kArray = 10,
  kMap = 11,
  kSet = 12,
  kDate = 13,
  kRegExp = 14,
  kError = 15,
  kBoxed = 16,
  kBuffer = 17,
  kView = 18,
  kReference = 19,
  kExternal = 20,
};

inline constexpr uint64_t kKeyEnd = 0;
inline constexpr uint64_t kKeyNextIndex = 1;
inline constexpr uint64_t kKeyText = 2;

inline constexpr uint8_t kErrorMessage = 1;
inline constexpr uint8_t kErrorStack = 2;
inline constexpr uint8_t kErrorCause = 4;

// Containers in containers; beyond: RangeError, as for a recursion that is too deep. Neither side recurses natively.
inline constexpr size_t kSerializedDepthMax = 10'000;
// Beyond: DataCloneError. An isolate cannot hold much more.
inline constexpr size_t kSerializedBytesMax = 128u << 20;

// The array index that `key` is the text of; none: UINT32_MAX.
inline uint32_t ArrayIndexOf(std::string_view key) {
  if (key.empty() || key.size() > 10 || (key[0] == '0' && key.size() > 1)) return UINT32_MAX;
  uint64_t index = 0;
  for (const char digit : key) {
    if (digit < '0' || digit > '9') return UINT32_MAX;
    index = index * 10 + static_cast<uint64_t>(digit - '0');
  }
  return index < UINT32_MAX ? static_cast<uint32_t>(index) : UINT32_MAX;
}

}  // namespace edge::js::language

#endif  // EDGE_RUNTIME_JS_LANGUAGE_SERIALIZE_FORMAT_H_
