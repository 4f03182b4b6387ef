// For tests of the log and of what stands on it: records to append, a visitor and an observer that remember, a disk that fails when told.
#ifndef EDGE_STORAGE_LOG_LOG_TESTING_H_
#define EDGE_STORAGE_LOG_LOG_TESTING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/status_macros.h"
#include "storage/disk.h"
#include "storage/log/commit_log.h"

namespace edge::storage {

inline ObjectKey TestKey(int object) {
  std::string id(64, '0');
  for (size_t i = id.size(); object > 0; object /= 10) id[--i] = static_cast<char>('0' + object % 10);
  return {"test/Object", id};
}

// A page set that says `txid` and carries `bytes`.
inline PageSet TestSet(uint64_t txid, std::string_view bytes) {
  PageSet set{.epoch = 1, .txid = txid, .pages = static_cast<uint32_t>(bytes.size() / kPageBytes + 1)};
  for (uint32_t page = 1; !bytes.empty(); ++page) {
    const std::string_view piece = bytes.substr(0, kPageBytes);
    set.ranges.push_back({page, 0, static_cast<uint16_t>(piece.size())});
    set.bytes.append(piece);
    bytes.remove_prefix(piece.size());
  }
  return set;
}

// Remembers what recovery told.
struct ToldRecords final : LogVisitor {
  struct Record {
    Position position;
    ObjectKey key;
    uint64_t txid;
    std::string bytes;
    bool operator==(const Record&) const = default;
  };
  std::vector<Record> records;

  absl::Status OnRecord(Position position, const ObjectKey& key, const PageSet& set) override {
    records.push_back({position, key, set.txid, set.bytes});
    return absl::OkStatus();
  }
};

struct HeardFailures final : LogObserver {
  struct Failure {
    Position confirmed;
    absl::Status why;
  };
  std::vector<Failure> failures;
  std::vector<absl::Status> deaths;

  void OnGenerationFailed(Position confirmed, const absl::Status& why) override { failures.push_back({confirmed, why}); }
  void OnDead(const absl::Status& why) override { deaths.push_back(why); }
};

// Another disk, each of whose calls that change something asks first; an error is returned in place of the call.
class AskingDisk final : public Disk {
 public:
  enum class Call : uint8_t { kWrite, kSync, kSyncDirectory, kRemove, kRename, kCreate };
  using Ask = std::function<absl::Status(Call call, std::string_view path)>;

  explicit AskingDisk(Disk& inner) : inner_(inner) {}
  void set_ask(Ask ask) { ask_ = std::move(ask); }

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override {
    if (mode == OpenMode::kCreate || mode == OpenMode::kCreateNew) EDGE_RETURN_IF_ERROR(May(Call::kCreate, path));
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, inner_.Open(path, mode));
    return std::make_unique<AskingFile>(*this, std::move(file), std::string(path));
  }
  absl::Status Remove(std::string_view path) override {
    EDGE_RETURN_IF_ERROR(May(Call::kRemove, path));
    return inner_.Remove(path);
  }
  absl::Status Rename(std::string_view from, std::string_view to) override {
    EDGE_RETURN_IF_ERROR(May(Call::kRename, from));
    return inner_.Rename(from, to);
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override { return inner_.List(path); }
  absl::Status SyncDirectory(std::string_view path) override {
    EDGE_RETURN_IF_ERROR(May(Call::kSyncDirectory, path));
    return inner_.SyncDirectory(path);
  }
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override { return inner_.Lock(path); }

 private:
  class AskingFile final : public File {
   public:
    AskingFile(AskingDisk& disk, std::unique_ptr<File> inner, std::string path)
        : disk_(disk), inner_(std::move(inner)), path_(std::move(path)) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override { return inner_->ReadAt(offset, buffer); }
    absl::Status WriteAt(uint64_t offset, std::string_view data) override {
      EDGE_RETURN_IF_ERROR(disk_.May(Call::kWrite, path_));
      return inner_->WriteAt(offset, data);
    }
    absl::Status Sync() override {
      EDGE_RETURN_IF_ERROR(disk_.May(Call::kSync, path_));
      return inner_->Sync();
    }
    absl::Status Truncate(uint64_t size) override { return inner_->Truncate(size); }
    absl::StatusOr<uint64_t> Size() override { return inner_->Size(); }

   private:
    AskingDisk& disk_;
    const std::unique_ptr<File> inner_;
    const std::string path_;
  };

  absl::Status May(Call call, std::string_view path) const { return ask_ ? ask_(call, path) : absl::OkStatus(); }

  Disk& inner_;
  Ask ask_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_LOG_LOG_TESTING_H_
