#include "tests/storage/recording_disk.h"

#include <map>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/fiber/mutex.h"

namespace edge {

using Kind = DiskCall::Kind;

class RecordingDisk::RecordingFile final : public File {
 public:
  RecordingFile(RecordingDisk& disk, std::unique_ptr<File> inner, std::string path, uint64_t number)
      : disk_(disk), inner_(std::move(inner)), path_(std::move(path)), number_(number), syncing_(disk.scheduler_) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override { return inner_->ReadAt(offset, buffer); }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    EDGE_RETURN_IF_ERROR(inner_->WriteAt(offset, data));
    Note({.kind = Kind::kWrite, .number = number_, .offset = offset, .data = std::string(data)});
    return absl::OkStatus();
  }
  absl::Status Truncate(uint64_t size) override {
    EDGE_RETURN_IF_ERROR(inner_->Truncate(size));
    Note({.kind = Kind::kTruncate, .number = number_, .offset = size});
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() override { return inner_->Size(); }
  absl::Status Sync() override {
    if (disk_.bug_ == Bug::kSyncsIgnored) return absl::OkStatus();
    const absl::Status status = SyncOnce(disk_.fails_ != nullptr && disk_.fails_(path_));
    return status.ok() || disk_.bug_ != Bug::kFailedSyncsRetried ? status : SyncOnce(false);
  }

 private:
  void Note(DiskCall call) { disk_.recording_.calls.push_back(std::move(call)); }

  absl::Status SyncOnce(bool fails) {
    EDGE_RETURN_IF_ERROR(syncing_.Lock());
    Note({.kind = Kind::kSyncBegins, .number = number_});
    absl::Status status = inner_->Sync();
    if (status.ok()) status = disk_.scheduler_.Yield();  // others go on meanwhile on every disk
    if (fails) status = absl::DataLossError("planted: Input/output error");
    Note({.kind = status.ok() ? Kind::kSyncEnds : Kind::kSyncFails, .number = number_});
    syncing_.Unlock();
    return status;
  }

  RecordingDisk& disk_;
  const std::unique_ptr<File> inner_;
  const std::string path_;
  const uint64_t number_;
  FiberMutex syncing_;
};

absl::StatusOr<std::unique_ptr<File>> RecordingDisk::Open(std::string_view path, OpenMode mode) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, inner_.Open(path, mode));
  if (mode == OpenMode::kReadOnly) return file;
  const uint64_t number = next_number_++;
  recording_.calls.push_back({.kind = Kind::kOpen, .number = number, .path = std::string(path), .mode = mode});
  return std::make_unique<RecordingFile>(*this, std::move(file), std::string(path), number);
}

absl::Status RecordingDisk::Remove(std::string_view path) {
  EDGE_RETURN_IF_ERROR(inner_.Remove(path));
  recording_.calls.push_back({.kind = Kind::kRemove, .path = std::string(path)});
  return absl::OkStatus();
}

absl::Status RecordingDisk::Rename(std::string_view from, std::string_view to) {
  EDGE_RETURN_IF_ERROR(inner_.Rename(from, to));
  recording_.calls.push_back({.kind = Kind::kRename, .path = std::string(from), .to = std::string(to)});
  return absl::OkStatus();
}

absl::Status RecordingDisk::SyncDirectory(std::string_view path) {
  if (bug_ == Bug::kDirectorySyncsIgnored) return absl::OkStatus();
  const uint64_t number = next_number_++;
  recording_.calls.push_back({.kind = Kind::kNamesSyncBegins, .number = number, .path = std::string(path)});
  EDGE_RETURN_IF_ERROR(inner_.SyncDirectory(path));
  EDGE_RETURN_IF_ERROR(scheduler_.Yield());
  recording_.calls.push_back({.kind = Kind::kNamesSyncEnds, .number = number});
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DiskLock>> RecordingDisk::Lock(std::string_view path) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<DiskLock> lock, inner_.Lock(path));
  recording_.calls.push_back({.kind = Kind::kOpen, .number = next_number_++, .path = std::string(path), .mode = OpenMode::kCreate});
  return lock;
}

void Recording::Play(uint64_t count, sim::Platter& platter) const {
  std::map<uint64_t, sim::PlatterNodePtr> files;
  std::map<uint64_t, std::pair<sim::PlatterNodePtr, uint64_t>> names_syncs;
  for (uint64_t i = 0; i < count; ++i) {
    const DiskCall& call = calls[i];
    const auto content = [&]() -> sim::FileContent& { return files.at(call.number)->content; };
    switch (call.kind) {
      case Kind::kOpen: {
        auto node = platter.Open(call.path, call.mode);
        EDGE_CHECK_OK(node.status());
        files[call.number] = *std::move(node);
        break;
      }
      case Kind::kWrite:
        EDGE_CHECK(content().Write(call.offset, call.data) == call.data.size()) << "the platter is full";
        break;
      case Kind::kTruncate:
        content().Resize(call.offset);
        break;
      case Kind::kSyncBegins:
        content().BeginSync();
        break;
      case Kind::kSyncEnds:
        content().EndSync();
        break;
      case Kind::kSyncFails:
        content().FailSync(0);
        break;
      case Kind::kRemove:
        EDGE_CHECK_OK(platter.Remove(call.path));
        break;
      case Kind::kRename:
        EDGE_CHECK_OK(platter.Rename(call.path, call.to));
        break;
      case Kind::kNamesSyncBegins: {
        auto folder = platter.Folder(call.path);
        EDGE_CHECK_OK(folder.status());
        names_syncs[call.number] = {*folder, platter.LastOperation(**folder)};
        break;
      }
      case Kind::kNamesSyncEnds: {
        const auto& [folder, up_to] = names_syncs.at(call.number);
        platter.SyncNames(*folder, up_to);
        break;
      }
    }
  }
  for (auto& [number, file] : files) {
    if (file->content.syncing()) file->content.DropSync();
  }
}

}  // namespace edge
