// PlatterDisk: the Disk seam over a simulated platter, without time and faults: where crash images are recovered and looked at.
#ifndef EDGE_TESTS_STORAGE_PLATTER_DISK_H_
#define EDGE_TESTS_STORAGE_PLATTER_DISK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/scheduler.h"
#include "sim/disk/platter.h"
#include "storage/disk.h"

namespace edge {

class PlatterDisk final : public Disk {
 public:
  PlatterDisk(Scheduler& scheduler, sim::Platter& platter) : scheduler_(scheduler), platter_(platter) {}

  // After so many more calls that change something, every call returns CrashedStatus and has no effect.
  void StopAfter(uint64_t calls) { calls_left_ = calls; }

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override {
    if (mode == OpenMode::kCreate || mode == OpenMode::kCreateNew) EDGE_RETURN_IF_ERROR(Use());
    EDGE_RETURN_IF_ERROR(Alive());
    EDGE_ASSIGN_OR_RETURN(sim::PlatterNodePtr node, platter_.Open(path, mode));
    return std::make_unique<PlatterFile>(*this, std::move(node), mode);
  }
  absl::Status Remove(std::string_view path) override {
    EDGE_RETURN_IF_ERROR(Use());
    return platter_.Remove(path);
  }
  absl::Status Rename(std::string_view from, std::string_view to) override {
    EDGE_RETURN_IF_ERROR(Use());
    return platter_.Rename(from, to);
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override {
    EDGE_RETURN_IF_ERROR(Alive());
    return platter_.List(path);
  }
  absl::Status SyncDirectory(std::string_view path) override {
    EDGE_RETURN_IF_ERROR(Use());
    EDGE_ASSIGN_OR_RETURN(const sim::PlatterNodePtr folder, platter_.Folder(path));
    const uint64_t up_to = platter_.LastOperation(*folder);
    (void)scheduler_.Yield();
    EDGE_RETURN_IF_ERROR(Use());
    platter_.SyncNames(*folder, up_to);
    return absl::OkStatus();
  }
  // Every image is looked at by one process alone.
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override {
    EDGE_RETURN_IF_ERROR(Open(path, OpenMode::kCreate).status());
    return std::make_unique<DiskLock>();
  }

 private:
  class PlatterFile final : public File {
   public:
    PlatterFile(PlatterDisk& disk, sim::PlatterNodePtr node, OpenMode mode)
        : disk_(disk), node_(std::move(node)), writable_(mode != OpenMode::kReadOnly) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override {
      EDGE_RETURN_IF_ERROR(disk_.Alive());
      return node_->content.Read(offset, buffer);
    }
    absl::Status WriteAt(uint64_t offset, std::string_view data) override {
      EDGE_RETURN_IF_ERROR(MayWrite());
      node_->content.Write(offset, data);
      return absl::OkStatus();
    }
    absl::Status Sync() override {
      EDGE_RETURN_IF_ERROR(disk_.Use());
      while (node_->content.syncing()) (void)disk_.scheduler_.Yield();
      node_->content.BeginSync();
      (void)disk_.scheduler_.Yield();
      const absl::Status alive = disk_.Use();
      if (alive.ok()) {
        node_->content.EndSync();
      } else {
        node_->content.DropSync();
      }
      return alive;
    }
    absl::Status Truncate(uint64_t size) override {
      EDGE_RETURN_IF_ERROR(MayWrite());
      node_->content.Resize(size);
      return absl::OkStatus();
    }
    absl::StatusOr<uint64_t> Size() override {
      EDGE_RETURN_IF_ERROR(disk_.Alive());
      return node_->content.size();
    }

   private:
    absl::Status MayWrite() {
      EDGE_RETURN_IF_ERROR(disk_.Use());
      return writable_ ? absl::OkStatus() : absl::PermissionDeniedError("opened for reading");
    }

    PlatterDisk& disk_;
    const sim::PlatterNodePtr node_;
    const bool writable_;
  };

  absl::Status Alive() const { return calls_left_ == 0 ? CrashedStatus() : absl::OkStatus(); }
  absl::Status Use() {
    EDGE_RETURN_IF_ERROR(Alive());
    --calls_left_;
    return absl::OkStatus();
  }

  Scheduler& scheduler_;
  sim::Platter& platter_;
  uint64_t calls_left_ = UINT64_MAX;
};

}  // namespace edge

#endif  // EDGE_TESTS_STORAGE_PLATTER_DISK_H_
