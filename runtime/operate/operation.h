// Operation: what an operator asks of the objects in a data directory: list, export, import, delete, back up, count.
//
// The same operation runs in the process that has the directory open, asked over its control socket (control_server.h), or in the command
// itself when no process has it (open_operator.h). Files are named by absolute paths: both sides are the same user on the same machine.
#ifndef EDGE_RUNTIME_OPERATE_OPERATION_H_
#define EDGE_RUNTIME_OPERATE_OPERATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "runtime/operate/stats.h"
#include "storage/disk.h"
#include "storage/store/object_store.h"

namespace edge::operate {

struct Operation {
  enum class Verb : uint8_t {
    kList,    // a line per object: class, id, size in bytes, epoch, alarm
    kExport,  // writes the object into `file`, a plain SQLite database; its alarm into FILE.alarm
    kImport,  // replaces the object by what kExport wrote
    kDelete,
    kBackup,  // copies the whole data directory into the folder `file`
    kStats,   // counts (stats.h)
  } verb = Verb::kList;
  std::string space;  // "ChatRoom", or in full "chat/ChatRoom"; empty (kList only): all
  std::string id;     // 64 hexadecimal digits
  std::string file;
  enum class Format : uint8_t { kText, kJson } format = Format::kText;  // of the answer; kStats only

  std::string Encode() const;  // for the control socket
  static absl::StatusOr<Operation> Decode(std::string_view text);
  bool operator==(const Operation&) const = default;
};

// Says what is in memory; unset: this is no process that serves.
using Census = absl::FunctionRef<std::optional<Population>()>;

// Carries it out and returns what the operator reads. kNotFound, kInvalidArgument: the operator's to mend; the text says how. Others as
// ObjectStore and Disk. MAY SUSPEND.
absl::StatusOr<std::string> Operate(storage::ObjectStore& store, Disk& disk, Census census, const Operation& operation);

}  // namespace edge::operate

#endif  // EDGE_RUNTIME_OPERATE_OPERATION_H_
