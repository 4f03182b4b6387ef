// The bytes of the log: segment files, their headers, batches. The document is docs/data-directory.md; this is what it describes.
//
//   segment file:  | header (one block) | batch | batch | ... | unused: zeros, or what an earlier use left behind |
//   batch:         | BatchHeader | records: u32 length, body (storage/image/page_set_codec.h) | zeros up to the end of the block |
//
// A batch begins at a block, so that no write ever touches a block in which something confirmed lies. All numbers are little-endian.
#ifndef EDGE_STORAGE_LOG_FORMAT_H_
#define EDGE_STORAGE_LOG_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/log/commit_log.h"

namespace edge::storage {

inline constexpr uint32_t kLogVersion = 1;
inline constexpr uint64_t kBlockBytes = 4096;
// A segment header fits one sector, the unit that a disk writes whole or not at all.
inline constexpr uint64_t kSegmentHeaderBytes = 512;
inline constexpr size_t kBatchHeaderBytes = 96;
inline constexpr size_t kRecordHeaderBytes = 4;

constexpr uint64_t BlocksUp(uint64_t bytes) { return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes; }

struct SegmentHeader {
  uint64_t number = 0;          // from 1; each new segment has a larger one
  uint64_t previous = 0;        // the segment that comes before it in the history; 0: none
  uint64_t generation = 0;      // of all its batches
  Position previous_end = 0;    // where that segment's part of the history ends; what it has behind that is not part of it
  Position begin = 0;           // of its first batch, at least previous_end; positions in between were lost and never confirmed
  uint64_t first_sequence = 0;  // of its first batch
  uint64_t salt = 0;            // its batches repeat it: nothing that an earlier use, or a record's content, looks like is taken for one
  uint64_t file_bytes = 0;      // the whole file
  Position oldest = 0;          // nothing before this was needed any more when it was written

  // One block.
  std::string Encode() const;
};

enum class HeaderState : uint8_t { kNone, kValid, kNewer };
// kNone: no header (zeros, damage). kNewer: of a version that this one does not know; `*version` says which.
HeaderState DecodeSegmentHeader(std::string_view bytes, SegmentHeader* header, uint32_t* version);

enum class BatchKind : uint32_t {
  kRecords = 1,
  kCarried = 2,    // records that stood at the end of the previous segment as well: written by recovery, before the segment's header
  kContinues = 3,  // the next segment has been begun, durably; no records
  kClosed = 4,     // a clean stop; no records
};

struct BatchHeader {
  BatchKind kind = BatchKind::kRecords;
  uint32_t records = 0;
  uint64_t sequence = 0;  // the one before it in its segment has one less
  uint64_t generation = 0;
  uint64_t salt = 0;
  Position confirmed = 0;  // everything before it was confirmed up to here when it was written: the end of the batch before it
  Position begin = 0;      // at least `confirmed`
  Position oldest = 0;     // nothing before this was needed any more
  uint64_t bytes = 0;      // header and records; the batch takes BlocksUp(bytes)

  uint64_t padded() const { return BlocksUp(bytes); }
  Position end() const { return begin + padded(); }
  // Writes the header and its two checksums into `batch`, which has the records behind kBatchHeaderBytes and is padded already. REQUIRES:
  // batch->size() == padded().
  void Seal(std::string* batch) const;
};

// The header at the front of `bytes`, if there is one and its own checksum is right.
std::optional<BatchHeader> DecodeBatchHeader(std::string_view bytes);
// `batch`: all padded() bytes.
bool BatchBodyIsSound(std::string_view batch);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_LOG_FORMAT_H_
