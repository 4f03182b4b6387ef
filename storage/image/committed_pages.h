// CommittedPages and CommitSink: what an ObjectImage stands on: the pages of the last commit, and who takes the next one.
#ifndef EDGE_STORAGE_IMAGE_COMMITTED_PAGES_H_
#define EDGE_STORAGE_IMAGE_COMMITTED_PAGES_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "storage/image/page_set.h"

namespace edge::storage {

class CommittedPages {
 public:
  virtual ~CommittedPages() = default;
  // The database's size in pages as of the last commit.
  virtual uint32_t pages() const = 0;
  // Page `page` (1 to pages()) as of the last commit. kDataLoss: it is damaged or cannot be read; the text names object and page. kAborted:
  // the node has crashed. MAY SUSPEND, but does not for a page that NeedsWholePage denies: a commit reads those.
  virtual absl::Status ReadPage(uint32_t page, std::span<char, kPageBytes> out) = 0;
  // The next change of this page must be logged whole: it has not been changed since the last checkpoint began.
  virtual bool NeedsWholePage(uint32_t page) const = 0;
};

class CommitSink {
 public:
  virtual ~CommitSink() = default;
  // Takes one transaction's changes; from then on CommittedPages shows them. epoch and txid are the sink's to fill in. Called from inside
  // SQLite's commit: must not suspend. An error makes the transaction fail and leaves everything as it was: kResourceExhausted (becomes
  // SQLITE_FULL), anything else (SQLITE_IOERR).
  virtual absl::Status Commit(PageSet set) = 0;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_COMMITTED_PAGES_H_
