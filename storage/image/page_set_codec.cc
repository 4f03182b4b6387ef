#include "storage/image/page_set_codec.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge::storage {

namespace {

constexpr size_t kIdBytes = 32;
constexpr size_t kSpaceBytesMax = 200;

enum AlarmTag : uint64_t { kNoChange = 0, kRemoved = 1, kDue = 2 };

uint64_t Zigzag(int64_t value) { return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63); }
int64_t Unzigzag(uint64_t value) { return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1); }

bool IsValidSpace(std::string_view space) {
  if (space.empty() || space.size() > kSpaceBytesMax || space.find("..") != std::string_view::npos) return false;
  return std::all_of(space.begin(), space.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-';
  });
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Reads forward; after the first failure everything fails.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  uint64_t Varint() {
    if (bad_) return 0;
    std::optional<uint64_t> value = TakeVarint(&in_);
    bad_ = !value.has_value();
    return value.value_or(0);
  }
  std::string_view Bytes(uint64_t count) {
    if (bad_ || count > in_.size()) {
      bad_ = true;
      return {};
    }
    std::string_view bytes = in_.substr(0, count);
    in_.remove_prefix(count);
    return bytes;
  }
  bool bad() const { return bad_; }
  size_t left() const { return in_.size(); }

 private:
  std::string_view in_;
  bool bad_ = false;
};

absl::Status Bad(std::string_view what) { return absl::DataLossError(StrCat("not a page set: ", what)); }

}  // namespace

void PutVarint(uint64_t value, std::string* out) {
  char bytes[kVarintBytesMax];
  size_t count = 0;
  for (; value >= 0x80; value >>= 7) bytes[count++] = static_cast<char>(value | 0x80);
  bytes[count++] = static_cast<char>(value);
  out->append(bytes, count);
}

std::optional<uint64_t> TakeVarint(std::string_view* in) {
  uint64_t value = 0;
  for (size_t i = 0; i < std::min(in->size(), kVarintBytesMax); ++i) {
    const auto byte = static_cast<unsigned char>((*in)[i]);
    if (i == kVarintBytesMax - 1 && byte > 1) return std::nullopt;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    if (byte == 0 && i > 0) return std::nullopt;  // a shorter form exists
    in->remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

bool IsValid(const ObjectKey& key) {
  return IsValidSpace(key.space) && key.id.size() == 2 * kIdBytes &&
         std::all_of(key.id.begin(), key.id.end(), [](char c) { return HexDigit(c) >= 0; });
}

void EncodePageSet(const ObjectKey& key, const PageSet& set, std::string* out) {
  EDGE_CHECK(IsValid(key)) << key.ToString();
  PutVarint(key.space.size(), out);
  out->append(key.space);
  for (size_t i = 0; i < kIdBytes; ++i) {
    out->push_back(static_cast<char>(HexDigit(key.id[2 * i]) << 4 | HexDigit(key.id[2 * i + 1])));
  }
  PutVarint(set.epoch, out);
  PutVarint(set.txid, out);
  PutVarint(set.pages, out);
  if (!set.alarm.has_value()) {
    PutVarint(kNoChange, out);
  } else if (!set.alarm->due.has_value()) {
    PutVarint(kRemoved, out);
  } else {
    PutVarint(kDue, out);
    PutVarint(Zigzag(set.alarm->due->ToUnixNanoseconds()), out);
  }

  PutVarint(set.ranges.size(), out);
  uint32_t page = 0;
  uint32_t end = 0;
  uint64_t bytes = 0;
  for (const PageRange& range : set.ranges) {
    EDGE_CHECK(range.page >= page && range.page >= 1 && range.page <= set.pages) << "page " << range.page << " after " << page;
    EDGE_CHECK(range.length > 0 && range.offset + range.length <= kPageBytes);
    if (range.page != page) end = 0;
    EDGE_CHECK(range.offset >= end) << "ranges overlap in page " << range.page;
    const bool whole = range.length == kPageBytes;
    PutVarint(static_cast<uint64_t>(range.page - page) << 1 | (whole ? 1 : 0), out);
    if (!whole) {
      PutVarint(range.offset - end, out);
      PutVarint(range.length, out);
    }
    page = range.page;
    end = range.offset + range.length;
    bytes += range.length;
  }
  EDGE_CHECK(bytes == set.bytes.size()) << bytes << " in ranges, " << set.bytes.size() << " given";
  out->append(set.bytes);
}

absl::StatusOr<KeyedPageSet> DecodePageSet(std::string_view in) {
  Reader reader(in);
  KeyedPageSet result;
  PageSet& set = result.set;

  result.key.space = std::string(reader.Bytes(reader.Varint()));
  const std::string_view id = reader.Bytes(kIdBytes);
  if (reader.bad() || !IsValidSpace(result.key.space)) return Bad("the object's name");
  result.key.id = absl::BytesToHexString(ToAbsl(id));
  set.epoch = reader.Varint();
  set.txid = reader.Varint();
  const uint64_t pages = reader.Varint();
  if (reader.bad() || pages > UINT32_MAX) return Bad("epoch, transaction or size");
  set.pages = static_cast<uint32_t>(pages);

  switch (reader.Varint()) {
    case kNoChange:
      break;
    case kRemoved:
      set.alarm = AlarmChange{std::nullopt};
      break;
    case kDue:
      set.alarm = AlarmChange{WallTime::FromUnixNanoseconds(Unzigzag(reader.Varint()))};
      break;
    default:
      return Bad("the alarm");
  }

  const uint64_t count = reader.Varint();
  // Each range takes a byte here at least.
  if (reader.bad() || count > reader.left()) return Bad("the number of ranges");
  set.ranges.reserve(count);
  uint64_t page = 0;
  uint64_t end = 0;
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t head = reader.Varint();
    const bool whole = (head & 1) != 0;
    if (head >> 1 != 0) end = 0;
    page += head >> 1;
    const uint64_t gap = whole ? 0 : reader.Varint();
    const uint64_t length = whole ? kPageBytes : reader.Varint();
    if (reader.bad() || page == 0 || page > pages || gap > kPageBytes || length > kPageBytes || length == 0 ||
        end + gap + length > kPageBytes || (!whole && length == kPageBytes)) {
      return Bad("a range");
    }
    set.ranges.push_back({static_cast<uint32_t>(page), static_cast<uint16_t>(end + gap), static_cast<uint16_t>(length)});
    end += gap + length;
    bytes += length;
  }
  if (bytes != reader.left()) return Bad("the bytes of the ranges");
  set.bytes = std::string(reader.Bytes(bytes));
  return result;
}

}  // namespace edge::storage
