#include "storage/store/layout.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "runtime/base/crc32c.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/image/page_set_codec.h"

namespace edge::storage {
namespace {

constexpr std::string_view kFormatHead = "edge data directory\nversion ";
constexpr std::string_view kCheckpointHead = "edge checkpoint\n";
constexpr uint64_t kSmallFileMax = 4096;

// Takes "NAME NUMBER\n" from the front.
bool Take(std::string_view* text, std::string_view name, uint64_t* value) {
  if (!text->starts_with(name) || text->size() <= name.size() || (*text)[name.size()] != ' ') return false;
  text->remove_prefix(name.size() + 1);
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *value);
  if (error != std::errc() || end == text->data() + text->size() || *end != '\n') return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()) + 1);
  return true;
}

}  // namespace

const ObjectKey& CatalogKey() {
  static const ObjectKey key{.space = "_catalog", .id = std::string(64, '0')};
  return key;
}

absl::Status CheckKey(const ObjectKey& key) {
  if (!IsValid(key) || key.space[0] == '_' || key.space[0] == '.') {
    return absl::InvalidArgumentError(StrCat("not an object's name: ", key.ToString()));
  }
  return absl::OkStatus();
}

std::string Layout::Base(const ObjectKey& key) const {
  if (key == CatalogKey()) return directory_ + "/catalog.sqlite";
  std::string space = key.space;
  std::replace(space.begin(), space.end(), '/', '+');
  return StrCat(Objects(), "/", space, "/", key.id.substr(0, 2), "/", key.id, ".sqlite");
}

std::string EncodeCheckpoint(const CheckpointRecord& record) {
  std::string text =
      StrCat(kCheckpointHead, "incarnation ", record.incarnation, "\nredo ", record.redo, "\ncatalog-epoch ", record.catalog_epoch,
             "\ncatalog-txid ", record.catalog_txid, "\ncatalog-pages ", record.catalog_pages, "\nlog-segment ", record.log_segment, "\n");
  StrAppend(&text, "crc32c ", Crc32c(text), "\n");
  return text;
}

absl::StatusOr<CheckpointRecord> DecodeCheckpoint(std::string_view text) {
  CheckpointRecord record;
  uint64_t pages = 0, crc = 0;
  std::string_view rest = text;
  const bool head = rest.starts_with(kCheckpointHead);
  if (head) rest.remove_prefix(kCheckpointHead.size());
  const bool body = head && Take(&rest, "incarnation", &record.incarnation) && Take(&rest, "redo", &record.redo) &&
                    Take(&rest, "catalog-epoch", &record.catalog_epoch) && Take(&rest, "catalog-txid", &record.catalog_txid) &&
                    Take(&rest, "catalog-pages", &pages) && pages <= UINT32_MAX && Take(&rest, "log-segment", &record.log_segment);
  const std::string_view covered = text.substr(0, text.size() - rest.size());
  if (!body || !Take(&rest, "crc32c", &crc) || !rest.empty() || crc != Crc32c(covered)) {
    return absl::DataLossError("damaged: not a checkpoint record with a good checksum; restore the data directory from a backup");
  }
  record.catalog_pages = static_cast<uint32_t>(pages);
  return record;
}

absl::StatusOr<Found> LookAt(Disk& disk, const Layout& layout) {
  absl::StatusOr<std::string> format = ReadWholeFile(disk, layout.Format(), kSmallFileMax);
  if (format.ok()) {
    std::string_view rest = *format;
    uint64_t version = 0;
    if (!rest.starts_with(kFormatHead))
      return absl::DataLossError(StrCat(layout.Format(), ": damaged: not the FORMAT of a data directory"));
    rest.remove_prefix(kFormatHead.size() - std::string_view("version ").size());
    if (!Take(&rest, "version", &version) || version == 0) {
      return absl::DataLossError(StrCat(layout.Format(), ": damaged: no version"));
    }
    if (version > kFormatVersion) {
      return absl::FailedPreconditionError(StrCat(layout.directory(), ": the data directory has format version ", version,
                                                  ", this edge reads up to version ", kFormatVersion, ": use a newer edge"));
    }
    return Found::kDirectory;
  }
  if (!absl::IsNotFound(format.status())) return format.status();
  absl::StatusOr<std::vector<DirectoryEntry>> entries = disk.List(layout.directory());
  if (absl::IsNotFound(entries.status())) return Found::kNothing;
  EDGE_RETURN_IF_ERROR(entries.status());
  // What an interrupted MakeDirectory leaves behind is nothing yet.
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name != "LOCK" && entry.name != "CHECKPOINT" && entry.name != "CHECKPOINT.tmp" && entry.name != "FORMAT.tmp") {
      return absl::FailedPreconditionError(
          StrCat(layout.directory(), ": neither an empty folder nor a data directory: it has ", entry.name, ", but no FORMAT"));
    }
  }
  return Found::kNothing;
}

absl::Status MakeDirectory(Disk& disk, const Layout& layout, const CheckpointRecord& record) {
  EDGE_RETURN_IF_ERROR(WriteWholeFile(disk, layout.CheckpointFile(), EncodeCheckpoint(record)));
  EDGE_RETURN_IF_ERROR(SyncFoldersAbove(disk, layout.directory()));
  return WriteFormat(disk, layout);
}

absl::Status WriteFormat(Disk& disk, const Layout& layout) {
  return WriteWholeFile(disk, layout.Format(), StrCat(kFormatHead, kFormatVersion, "\n"));
}

std::string FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
}

absl::Status SyncFoldersAbove(Disk& disk, std::string_view folder) {
  for (std::string at(folder); at != "." && at != "/";) {
    at = FolderOf(at);
    const absl::Status synced = disk.SyncDirectory(at);
    if (!synced.ok() && !absl::IsPermissionDenied(synced)) return synced;
  }
  return absl::OkStatus();
}

}  // namespace edge::storage
