// BaseFiles: the handles of base files, some of them open, and the pages in them.
//
// A base is a plain SQLite database whose pages carry a checksum (page_checksum.h). Every page that is read is checked against it; nothing
// damaged is given out. Handles are opened at first use; the least recently used are closed.
#ifndef EDGE_STORAGE_STORE_BASE_FILES_H_
#define EDGE_STORAGE_STORE_BASE_FILES_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/disk.h"
#include "storage/image/page_set.h"

namespace edge::storage {

class BaseFiles {
 public:
  // `disk` is borrowed. Errors name files below `directory` by what comes behind it.
  BaseFiles(Disk& disk, std::string directory, size_t open_max) : disk_(disk), directory_(std::move(directory)), open_max_(open_max) {}

  // Page `page` of the base at `path`, checked. kDataLoss: missing, too short, or damaged; the text names the file (and so the object), the
  // page, and what to do. MAY SUSPEND.
  absl::Status ReadPage(std::string_view path, uint32_t page, std::span<char, kPageBytes> out);
  // The open file, for writing; made if absent, with its folders. MAY SUSPEND.
  absl::StatusOr<std::shared_ptr<File>> ForWriting(std::string_view path);
  // Closes the handle: the file is replaced or removed.
  void Forget(std::string_view path);
  size_t open() const { return files_.size(); }

 private:
  using Recent = std::list<std::string>;
  struct Open {
    std::shared_ptr<File> file;  // shared with those who use it now
    Recent::iterator recent;
  };
  absl::StatusOr<std::shared_ptr<File>> Get(std::string_view path, OpenMode mode);
  absl::Status Damaged(std::string_view path, std::string_view what) const;

  Disk& disk_;
  const std::string directory_;
  const size_t open_max_;
  std::map<std::string, Open, std::less<>> files_;
  Recent recent_;           // most recently used first
  uint64_t forgotten_ = 0;  // calls of Forget: a file that was being opened meanwhile is not kept
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_BASE_FILES_H_
