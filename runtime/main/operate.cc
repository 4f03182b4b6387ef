#include "runtime/main/operate.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/application/application.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/main/serve.h"
#include "runtime/main/state_directory.h"
#include "runtime/operate/control.h"
#include "runtime/operate/operation.h"
#include "storage/store/object_store.h"

namespace edge::cli {
namespace {

constexpr int kExitDamaged = 1;
constexpr size_t kCopyBytes = 1 << 20;

class NoticePrinter final : public storage::StoreObserver {
 public:
  explicit NoticePrinter(Terminal& terminal) : terminal_(terminal) {}
  void OnNotice(std::string_view text) override { terminal_.Note(text); }

 private:
  Terminal& terminal_;
};

bool Exists(Disk& disk, const std::string& directory) {
  const auto entries = disk.List(directory);
  return entries.ok() && !entries->empty();
}

// In a process that has the directory open, else by opening it here. MAY SUSPEND.
absl::StatusOr<std::string> Perform(const operate::Operation& operation, const std::string& directory, const Seams& seams,
                                    Terminal& terminal) {
  absl::StatusOr<std::string> answer = operate::AskRunningProcess(seams.scheduler, seams.network, directory, operation);
  if (answer.ok() || !absl::IsUnavailable(answer.status())) return answer;
  if (!Exists(seams.disk, directory)) {
    if (operation.verb != operate::Operation::Verb::kImport) {
      return absl::NotFoundError(StrCat(directory, " is empty or absent: nothing has been stored there yet"));
    }
  }
  NoticePrinter observer(terminal);
  storage::StoreOptions options{.directory = directory};
  options.services.wall_now = [&seams] { return seams.clock.WallNow(); };
  options.services.fill_random = [&seams](std::span<std::byte> out) { seams.random.Fill(out); };
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<storage::ObjectStore> store,
                        storage::ObjectStore::Open(seams.scheduler, seams.disk, options, observer));
  answer = operate::Operate(
      *store, seams.disk, [] { return std::optional<operate::Population>(); }, operation);
  const absl::Status closed = store->Close();
  if (answer.ok() && !closed.ok()) return closed;
  return answer;
}

absl::Status CopyFile(Disk& disk, const std::string& from, const std::string& to) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> source, disk.Open(from, OpenMode::kReadOnly));
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> target, disk.Open(to, OpenMode::kCreateNew));
  std::vector<char> buffer(kCopyBytes);
  for (uint64_t offset = 0;;) {
    EDGE_ASSIGN_OR_RETURN(const size_t read, source->ReadAt(offset, buffer));
    if (read == 0) break;
    EDGE_RETURN_IF_ERROR(target->WriteAt(offset, {buffer.data(), read}));
    offset += read;
  }
  return target->Sync();
}

// Everything below `from` but what belongs to a running process. MAY SUSPEND.
absl::Status CopyFolder(Disk& disk, const std::string& from, const std::string& to) {
  EDGE_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries, disk.List(from));
  for (const DirectoryEntry& entry : entries) {
    if (entry.name == "LOCK") continue;
    const std::string source = StrCat(from, "/", entry.name);
    const std::string target = StrCat(to, "/", entry.name);
    if (entry.kind == DirectoryEntry::Kind::kDirectory) EDGE_RETURN_IF_ERROR(CopyFolder(disk, source, target));
    if (entry.kind == DirectoryEntry::Kind::kFile) EDGE_RETURN_IF_ERROR(CopyFile(disk, source, target));
  }
  // A folder without files has not been made: there is nothing to lose in it.
  return entries.empty() ? absl::OkStatus() : disk.SyncDirectory(to);
}

absl::StatusOr<std::string> Restore(const std::string& from, const std::string& directory, const Seams& seams) {
  if (!Exists(seams.disk, from)) return absl::NotFoundError(StrCat(from, ": no such folder, or it is empty"));
  if (Exists(seams.disk, directory)) {
    return absl::InvalidArgumentError(
        StrCat(directory, " is not empty: stop edge and move the folder away first, so that nothing is lost"));
  }
  EDGE_RETURN_IF_ERROR(CopyFolder(seams.disk, from, directory));
  return StrCat("restored ", from, " into ", directory);
}

int Check(const std::string& directory, const Seams& seams, Terminal& terminal) {
  if (!Exists(seams.disk, directory)) {
    terminal.Error(StrCat(directory, " is empty or absent: nothing has been stored there yet"));
    return kExitUsage;
  }
  const absl::StatusOr<bool> fine =
      storage::CheckDirectory(seams.scheduler, seams.disk, directory, [&](std::string_view line) { terminal.Print(line); });
  if (!fine.ok()) {
    terminal.Error(std::string(fine.status().message()));
    return absl::IsDataLoss(fine.status()) ? kExitDamaged : kExitUsage;
  }
  terminal.Print(*fine ? "everything is sound" : "there is damage: see above");
  return *fine ? kExitFine : kExitDamaged;
}

operate::Operation OperationOf(const Command& command, const ApplicationLoader& loader) {
  using Verb = operate::Operation::Verb;
  if (command.verb == cli::Verb::kBackup) return {.verb = Verb::kBackup, .file = loader.Absolute(command.output)};
  operate::Operation operation{.space = command.object_class, .id = command.object_id};
  if (command.json) operation.format = operate::Operation::Format::kJson;
  switch (command.objects_verb) {
    case Command::ObjectsVerb::kList:
      break;
    case Command::ObjectsVerb::kExport:
      operation.verb = Verb::kExport;
      operation.file = loader.Absolute(command.output);
      break;
    case Command::ObjectsVerb::kImport:
      operation.verb = Verb::kImport;
      operation.file = loader.Absolute(command.input);
      break;
    case Command::ObjectsVerb::kDelete:
      operation.verb = Verb::kDelete;
      break;
    case Command::ObjectsVerb::kStats:
      operation.verb = Verb::kStats;
      break;
  }
  return operation;
}

}  // namespace

int OperateState(const Command& command, const Seams& seams, Terminal& terminal) {
  const ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  const std::string directory = StateDirectory(command, seams);
  if (command.verb == Verb::kCheck) return Check(directory, seams, terminal);
  const absl::StatusOr<std::string> answer = command.verb == Verb::kRestore
                                                 ? Restore(loader.Absolute(command.input), directory, seams)
                                                 : Perform(OperationOf(command, loader), directory, seams, terminal);
  if (!answer.ok()) {
    terminal.Error(std::string(answer.status().message()));
    return absl::IsDataLoss(answer.status()) ? kExitDamaged : kExitUsage;
  }
  terminal.Print(*answer);
  return kExitFine;
}

}  // namespace edge::cli
