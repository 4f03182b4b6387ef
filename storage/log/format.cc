#include "storage/log/format.h"

#include <bit>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/crc32c.h"

namespace edge::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

constexpr char kSegmentMagic[8] = {'e', 'd', 'g', 'e', ' ', 'l', 'o', 'g'};
constexpr uint32_t kBatchMagic = 0x31746162;  // "bat1"

// In the segment header: magic, version and checksum keep their places in every version.
constexpr size_t kVersionAt = 8;
constexpr size_t kFieldsAt = 16;
constexpr size_t kSegmentSumAt = kSegmentHeaderBytes - 4;

// In the batch header.
constexpr size_t kHeaderSumAt = 4;
constexpr size_t kBodySumAt = 8;
constexpr size_t kBatchFieldsAt = 12;

class Writer {
 public:
  explicit Writer(char* at) : at_(at) {}
  template <typename Number>
  void Put(Number value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

 private:
  char* at_;
};

class FieldReader {
 public:
  explicit FieldReader(const char* at) : at_(at) {}
  template <typename Number>
  void Take(Number* value) {
    std::memcpy(value, at_, sizeof *value);
    at_ += sizeof *value;
  }

 private:
  const char* at_;
};

uint32_t U32At(std::string_view bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void PutU32(uint32_t value, std::string* bytes, size_t at) { std::memcpy(bytes->data() + at, &value, sizeof value); }

}  // namespace

std::string SegmentHeader::Encode() const {
  std::string block(kBlockBytes, '\0');
  std::memcpy(block.data(), kSegmentMagic, sizeof kSegmentMagic);
  PutU32(kLogVersion, &block, kVersionAt);
  Writer writer(block.data() + kFieldsAt);
  for (const uint64_t field : {number, previous, generation, previous_end, begin, first_sequence, salt, file_bytes, oldest}) {
    writer.Put(field);
  }
  PutU32(Crc32c(std::string_view(block).substr(0, kSegmentSumAt)), &block, kSegmentSumAt);
  return block;
}

HeaderState DecodeSegmentHeader(std::string_view bytes, SegmentHeader* header, uint32_t* version) {
  if (bytes.size() < kSegmentHeaderBytes || std::memcmp(bytes.data(), kSegmentMagic, sizeof kSegmentMagic) != 0) return HeaderState::kNone;
  if (U32At(bytes, kSegmentSumAt) != Crc32c(bytes.substr(0, kSegmentSumAt))) return HeaderState::kNone;
  *version = U32At(bytes, kVersionAt);
  if (*version != kLogVersion) return HeaderState::kNewer;
  FieldReader reader(bytes.data() + kFieldsAt);
  for (uint64_t* field : {&header->number, &header->previous, &header->generation, &header->previous_end, &header->begin,
                          &header->first_sequence, &header->salt, &header->file_bytes, &header->oldest}) {
    reader.Take(field);
  }
  return HeaderState::kValid;
}

void BatchHeader::Seal(std::string* batch) const {
  EDGE_CHECK(batch->size() == padded() && bytes >= kBatchHeaderBytes);
  std::memset(batch->data(), 0, kBatchHeaderBytes);
  Writer writer(batch->data() + kBatchFieldsAt);
  writer.Put(static_cast<uint32_t>(kind));
  for (const uint64_t field : {sequence, generation, salt, confirmed, begin, oldest, bytes}) writer.Put(field);
  writer.Put(records);
  const std::string_view all = *batch;
  PutU32(kBatchMagic, batch, 0);
  PutU32(Crc32c(all.substr(kBatchHeaderBytes)), batch, kBodySumAt);
  PutU32(Crc32c(all.substr(kBodySumAt, kBatchHeaderBytes - kBodySumAt)), batch, kHeaderSumAt);
}

std::optional<BatchHeader> DecodeBatchHeader(std::string_view bytes) {
  if (bytes.size() < kBatchHeaderBytes || U32At(bytes, 0) != kBatchMagic) return std::nullopt;
  if (U32At(bytes, kHeaderSumAt) != Crc32c(bytes.substr(kBodySumAt, kBatchHeaderBytes - kBodySumAt))) return std::nullopt;
  BatchHeader header;
  FieldReader reader(bytes.data() + kBatchFieldsAt);
  uint32_t kind;
  reader.Take(&kind);
  for (uint64_t* field :
       {&header.sequence, &header.generation, &header.salt, &header.confirmed, &header.begin, &header.oldest, &header.bytes}) {
    reader.Take(field);
  }
  reader.Take(&header.records);
  if (kind < 1 || kind > 4 || header.bytes < kBatchHeaderBytes) return std::nullopt;
  header.kind = static_cast<BatchKind>(kind);
  return header;
}

bool BatchBodyIsSound(std::string_view batch) { return U32At(batch, kBodySumAt) == Crc32c(batch.substr(kBatchHeaderBytes)); }

}  // namespace edge::storage
