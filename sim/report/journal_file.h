// Journal files: a journal as bytes, to compare the runs of two processes.
//
// Compact (names once, times as differences, about 40 bytes an event) and checked: a file that was cut short or changed is an error that
// says where, never a shorter journal. Format, little-endian, numbers as LEB128 unless said otherwise:
//
//   "edge journal 1\n"  start  events_in_run  hash:8  count{name kind}  count{event}  checksum:8 (ByteHash of all before)
//   event = flags:1 kind:1 actor time-difference(zigzag) label(number in order of first use; then, if new, its text) key:8 hash:8
//           [peer] [message:8] [value(zigzag)] [text] [note] [bytes_hash:8], each present if its flag is set
#ifndef EDGE_SIM_REPORT_JOURNAL_FILE_H_
#define EDGE_SIM_REPORT_JOURNAL_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sim/report/journal.h"

namespace edge::sim {

std::string WriteJournal(const JournalView& journal);

// kInvalidArgument: not a journal, or of another format version; kDataLoss: cut short (says after which event) or changed.
absl::StatusOr<Journal> ReadJournal(std::string_view bytes);

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_JOURNAL_FILE_H_
