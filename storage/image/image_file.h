// ImageFile: the pages of one open database as SQLite's pager sees them: committed pages, and over them what the open transaction has
// changed so far.
//
//     SQLite pager -> VFS (vfs.cc) -> ImageFile: changed pages -> CommittedPages
//                                         | commit
//                                         v  PageSet -> CommitSink
//
// SQLite writes pages at its commit, or earlier when its cache is full; it undoes what it wrote itself (its journal is in memory). So a
// commit is the difference between the changed pages here and the committed ones.
//
// Reserved bytes (page_checksum.h) are zero in everything that leaves or enters.
#ifndef EDGE_STORAGE_IMAGE_IMAGE_FILE_H_
#define EDGE_STORAGE_IMAGE_IMAGE_FILE_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_count.h"
#include "storage/image/committed_pages.h"
#include "storage/image/page_set.h"

namespace edge::storage {

class ImageFile {
 public:
  // `pages` and `sink` are borrowed. `transaction_max`: changed pages beyond it are refused.
  ImageFile(CommittedPages& pages, CommitSink& sink, ByteCount transaction_max);

  // The size in pages as the open transaction sees it.
  uint32_t size() const { return size_; }

  // Page `page`, 1 to size(). Errors as CommittedPages. MAY SUSPEND.
  absl::Status Read(uint32_t page, std::span<char, kPageBytes> out);
  // kResourceExhausted: the transaction changes too much. It then takes writes all the same until AllowRefusal, because SQLite undoes by
  // writing.
  absl::Status Write(uint32_t page, std::span<const char, kPageBytes> bytes);
  void AllowRefusal() { refused_ = false; }
  // Pages beyond `pages` are cut off; a larger size adds zeros.
  void Resize(uint32_t pages);

  // Rides in the next page set.
  void SetAlarm(std::optional<AlarmChange> alarm) { alarm_ = alarm; }

  // Gives the sink what has changed; true: there was something. Nothing of the transaction is left afterwards, also after an error (the
  // sink's). Does not suspend.
  absl::StatusOr<bool> Commit();
  void Rollback();

 private:
  using Page = std::array<char, kPageBytes>;

  // Appends the ranges in which page `page` differs from what is committed.
  absl::Status AppendChanges(uint32_t page, const Page& now, PageSet* set);

  CommittedPages& pages_;
  CommitSink& sink_;
  const size_t changed_max_;

  // The open transaction.
  std::map<uint32_t, std::unique_ptr<Page>> changed_;
  uint32_t size_;
  uint32_t floor_;  // the smallest size it has had: committed pages beyond are zeros to it
  bool refused_ = false;
  std::optional<AlarmChange> alarm_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_IMAGE_FILE_H_
