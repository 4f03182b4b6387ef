#include "properties/objects/planted.h"

#include <memory>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/worker/plants.h"
#include "storage/disk.h"

namespace edge::sim {
namespace {

// What a disk is taken to have done.
struct DiskBugs {
  bool syncs_ignored = false;         // P2
  bool failed_syncs_retried = false;  // P3
  bool names_not_synced = false;      // P5
};

class BuggyFile final : public File {
 public:
  BuggyFile(std::unique_ptr<File> file, const DiskBugs& bugs) : file_(std::move(file)), bugs_(bugs) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override { return file_->ReadAt(offset, buffer); }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override { return file_->WriteAt(offset, data); }
  absl::Status Sync() override {
    if (bugs_.syncs_ignored) return absl::OkStatus();
    absl::Status status = file_->Sync();
    if (bugs_.failed_syncs_retried && !status.ok()) status = file_->Sync();
    return status;
  }
  absl::Status Truncate(uint64_t size) override { return file_->Truncate(size); }
  absl::StatusOr<uint64_t> Size() override { return file_->Size(); }

 private:
  const std::unique_ptr<File> file_;
  const DiskBugs bugs_;
};

class BuggyDisk final : public Disk {
 public:
  BuggyDisk(Disk& disk, const DiskBugs& bugs) : disk_(disk), bugs_(bugs) {}
  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override {
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_.Open(path, mode));
    return std::make_unique<BuggyFile>(std::move(file), bugs_);
  }
  absl::Status Remove(std::string_view path) override { return disk_.Remove(path); }
  absl::Status Rename(std::string_view from, std::string_view to) override { return disk_.Rename(from, to); }
  absl::StatusOr<std::vector<DirectoryEntry>> List(std::string_view path) override { return disk_.List(path); }
  absl::Status SyncDirectory(std::string_view path) override {
    return bugs_.names_not_synced ? absl::OkStatus() : disk_.SyncDirectory(path);
  }
  absl::StatusOr<std::unique_ptr<DiskLock>> Lock(std::string_view path) override { return disk_.Lock(path); }

 private:
  Disk& disk_;
  const DiskBugs bugs_;
};

// What a node gets wrong.
struct Bugs {
  DiskBugs disk;
  worker::Plants worker;
  storage::StorePlants store;
  storage::PlantedLogBug log = storage::PlantedLogBug::kNone;
};

class BuggyNode final : public NodeTamper {
 public:
  BuggyNode(const Seams& seams, const Bugs& bugs) : bugs_(bugs), disk_(seams.disk, bugs_.disk) {}
  Seams Tampered(const Seams& seams) override {
    return {seams.scheduler, seams.clock, seams.network, disk_, seams.random, seams.process, seams.adversary};
  }
  void Tamper(NodeOptions& options) override {
    options.plants = &bugs_.worker;
    options.store.plants = bugs_.store;
    options.store.log.planted = bugs_.log;
  }

 private:
  const Bugs bugs_;
  BuggyDisk disk_;
};

NodeTamper::Factory With(Bugs bugs) {
  return [bugs](const Seams& seams) { return std::make_unique<BuggyNode>(seams, bugs); };
}

}  // namespace

std::span<const PlantedBug> PlantedBugs() {
  // A write that is gone shows as a lost one, as content that nobody has written, or as a directory that cannot be opened.
  static const std::vector<std::string> kLoss = {"object.lost_write", "object.content", "object.alarm_lost"};
  static const std::vector<PlantedBug> kBugs = {
      {"P1", "no output gate", 20, {"object.undurable_effect", "object.lost_write"}, With({.worker = {.no_output_gate = true}})},
      {"P7", "a hole in the input gate", 20, {"object.gate_hole"}, With({.worker = {.input_gate_hole = true}})},
      {"P2", "syncs are ignored", 200, kLoss, With({.disk = {.syncs_ignored = true}})},
      {"P3", "a failed sync is tried again and believed", 200, kLoss, With({.disk = {.failed_syncs_retried = true}})},
      {"P4", "a torn record is taken", 200, kLoss, With({.log = storage::PlantedLogBug::kTornBatchTaken})},
      {"P5", "names are not synced", 200, kLoss, With({.disk = {.names_not_synced = true}})},
      {"P6",
       "a stale owner goes on",
       10'000,
       {"object.two_instances"},
       With({.worker = {.stale_owner_resumes = true}, .store = {.accept_superseded = true}})},
      {"P8", "an alarm is a commit of its own", 10'000, {"object.alarm_lost"}, With({.store = {.alarm_apart = true}})},
      {"P9",
       "an alarm that was moved to later is forgotten",
       10'000,
       {"object.alarm_lost", "every job is done"},
       With({.worker = {.alarm_moves_early = true}})},
      {"P10",
       "attachments are lost on waking",
       200,
       {"sockets keep their attachments and tags"},
       With({.worker = {.attachment_lost_on_wake = true}})},
      {"P11",
       "the message that wakes is delivered twice",
       200,
       {"everybody hears what is said, once and in order", "what was said and came back is there, once"},
       With({.worker = {.message_twice_on_wake = true}})},
      {"P12", "the message that wakes is lost", 200, {"what is said is heard"}, With({.worker = {.message_lost_on_wake = true}})},
  };
  return kBugs;
}

}  // namespace edge::sim
