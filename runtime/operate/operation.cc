#include "runtime/operate/operation.h"

#include <charconv>
#include <optional>
#include <set>
#include <vector>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::operate {
namespace {

using storage::ObjectInfo;
using storage::ObjectKey;
using storage::ObjectStore;

constexpr size_t kObjectsAtATime = 1000;
constexpr uint64_t kDatabaseBytesMax = uint64_t{10} << 30;
constexpr std::string_view kVerbs[] = {"list", "export", "import", "delete", "backup", "stats"};
constexpr std::string_view kFormats[] = {"text", "json"};

std::string AlarmFile(const std::string& file) { return StrCat(file, ".alarm"); }

bool IsId(std::string_view id) { return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

template <typename Each>
absl::Status ForEachObject(ObjectStore& store, std::string_view space, Each each) {
  std::optional<ObjectKey> after;
  for (;;) {
    EDGE_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> objects, store.List(space, after, kObjectsAtATime));
    for (const ObjectInfo& object : objects) each(object);
    if (objects.size() < kObjectsAtATime) return absl::OkStatus();
    after = objects.back().key;
  }
}

// "ChatRoom" means the one space of that class; a name with a slash is taken as it is.
absl::StatusOr<std::string> FindSpace(ObjectStore& store, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return name;
  std::set<std::string> found;
  EDGE_RETURN_IF_ERROR(ForEachObject(store, "", [&](const ObjectInfo& object) {
    const std::string& space = object.key.space;
    if (space.substr(space.rfind('/') + 1) == name) found.insert(space);
  }));
  if (found.empty()) {
    return absl::NotFoundError(
        StrCat("there is no object of a class ", name,
               " here; `edge objects list` shows what there is, and a class without objects is named in full: WORKER/", name));
  }
  if (found.size() > 1) {
    std::string names;
    for (const std::string& space : found) StrAppend(&names, names.empty() ? "" : ", ", space);
    return absl::InvalidArgumentError(StrCat("several workers have a class ", name, "; name one in full: ", names));
  }
  return *found.begin();
}

std::string AlarmText(const std::optional<WallTime>& alarm) {
  return alarm.has_value() ? StrCat("alarm ", alarm->ToUnixMilliseconds()) : std::string("no alarm");
}

absl::StatusOr<std::string> ListObjects(ObjectStore& store, const std::string& space) {
  std::string text;
  size_t count = 0;
  EDGE_RETURN_IF_ERROR(ForEachObject(store, space, [&](const ObjectInfo& object) {
    ++count;
    StrAppend(&text, object.key.space, " ", object.key.id, " ", object.bytes, " bytes, epoch ", object.epoch, ", ", AlarmText(object.alarm),
              "\n");
  }));
  StrAppend(&text, count, count == 1 ? " object" : " objects");
  return text;
}

absl::StatusOr<std::string> ExportObject(ObjectStore& store, Disk& disk, const ObjectKey& key, const std::string& path) {
  EDGE_ASSIGN_OR_RETURN(const std::optional<ObjectInfo> info, store.Find(key));
  if (!info.has_value()) return absl::NotFoundError(StrCat("there is no object ", key.ToString()));
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk.Open(path, OpenMode::kCreateNew));
  uint64_t offset = 0;
  EDGE_RETURN_IF_ERROR(store.Export(key, [&](std::string_view piece) {
    const absl::Status written = file->WriteAt(offset, piece);
    offset += piece.size();
    return written;
  }));
  EDGE_RETURN_IF_ERROR(file->Sync());
  if (info->alarm.has_value()) EDGE_RETURN_IF_ERROR(WriteWholeFile(disk, AlarmFile(path), StrCat(info->alarm->ToUnixMilliseconds(), "\n")));
  return StrCat("exported ", key.ToString(), " into ", path, " (", offset, " bytes, ", AlarmText(info->alarm), ")");
}

absl::StatusOr<std::optional<WallTime>> ReadAlarm(Disk& disk, const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWholeFile(disk, AlarmFile(path), 64);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  if (!text.ok()) return text.status();
  int64_t milliseconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), milliseconds);
  if (error != std::errc() || (end != text->data() + text->size() && *end != '\n') || milliseconds < 0) {
    return absl::InvalidArgumentError(StrCat(AlarmFile(path), " does not hold a time in milliseconds"));
  }
  return WallTime::FromUnixMilliseconds(milliseconds);
}

absl::StatusOr<std::string> ImportObject(ObjectStore& store, Disk& disk, const ObjectKey& key, const std::string& path) {
  EDGE_ASSIGN_OR_RETURN(const std::optional<WallTime> alarm, ReadAlarm(disk, path));
  EDGE_ASSIGN_OR_RETURN(const std::string database, ReadWholeFile(disk, path, kDatabaseBytesMax));
  EDGE_RETURN_IF_ERROR(store.Import(key, database, alarm));
  return StrCat("imported ", path, " as ", key.ToString(), " (", database.size(), " bytes, ", AlarmText(alarm), ")");
}

absl::StatusOr<std::string> DeleteObject(ObjectStore& store, const ObjectKey& key) {
  EDGE_ASSIGN_OR_RETURN(const std::optional<ObjectInfo> info, store.Find(key));
  if (!info.has_value()) return absl::NotFoundError(StrCat("there is no object ", key.ToString()));
  EDGE_RETURN_IF_ERROR(store.Remove(key));
  return StrCat("deleted ", key.ToString());
}

absl::StatusOr<std::string> CountObjects(ObjectStore& store, Census census, Operation::Format format) {
  Stats stats{.population = census()};
  EDGE_RETURN_IF_ERROR(ForEachObject(store, "", [&](const ObjectInfo& object) {
    ++stats.known;
    stats.bytes += object.bytes;
    if (!object.damage.empty()) ++stats.damaged;
  }));
  stats.store = store.stats();
  return format == Operation::Format::kJson ? stats.ToJson() : stats.ToText();
}

}  // namespace

std::string Operation::Encode() const {
  return StrCat(kVerbs[static_cast<size_t>(verb)], "\n", space, "\n", id, "\n", file, "\n", kFormats[static_cast<size_t>(format)], "\n");
}

absl::StatusOr<Operation> Operation::Decode(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return absl::InvalidArgumentError("the operation's last line has no end");
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (lines.size() != 5) return absl::InvalidArgumentError("an operation has five lines: verb, class, id, file, format");
  Operation operation{.space = lines[1], .id = lines[2], .file = lines[3]};
  if (lines[4] != kFormats[0] && lines[4] != kFormats[1]) return absl::InvalidArgumentError(StrCat("unknown format \"", lines[4], "\""));
  if (lines[4] == kFormats[1]) operation.format = Format::kJson;
  for (size_t i = 0; i < std::size(kVerbs); ++i) {
    if (lines[0] != kVerbs[i]) continue;
    operation.verb = static_cast<Verb>(i);
    return operation;
  }
  return absl::InvalidArgumentError(StrCat("unknown operation \"", lines[0], "\""));
}

absl::StatusOr<std::string> Operate(ObjectStore& store, Disk& disk, Census census, const Operation& operation) {
  if (operation.verb == Operation::Verb::kStats) return CountObjects(store, census, operation.format);
  if (operation.verb == Operation::Verb::kBackup) {
    EDGE_RETURN_IF_ERROR(store.Backup(operation.file));
    return StrCat("backed up into ", operation.file);
  }
  EDGE_ASSIGN_OR_RETURN(const std::string space, FindSpace(store, operation.space));
  if (operation.verb == Operation::Verb::kList) return ListObjects(store, space);
  if (space.empty()) return absl::InvalidArgumentError("which class? name it with --class");
  if (!IsId(operation.id)) return absl::InvalidArgumentError(StrCat("an id has 64 digits of 0-9 and a-f, this is \"", operation.id, "\""));
  const ObjectKey key{space, operation.id};
  switch (operation.verb) {
    case Operation::Verb::kExport:
      return ExportObject(store, disk, key, operation.file);
    case Operation::Verb::kImport:
      return ImportObject(store, disk, key, operation.file);
    case Operation::Verb::kDelete:
      return DeleteObject(store, key);
    case Operation::Verb::kList:
    case Operation::Verb::kBackup:
    case Operation::Verb::kStats:
      break;
  }
  return absl::InternalError("an operation without a verb");
}

}  // namespace edge::operate
