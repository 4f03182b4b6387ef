#include "sim/report/event_line.h"

#include <algorithm>

#include "runtime/base/str_cat.h"
#include "sim/report/text.h"
#include "sim/report/words.h"

namespace edge::sim {
namespace {

constexpr size_t kNumberColumns = 8;
constexpr size_t kTimeColumns = 16;
constexpr size_t kActorColumnsMax = 24;

size_t ActorColumns(const JournalView& journal) {
  size_t widest = 5;
  for (const Actor& actor : journal.actors) widest = std::max(widest, Columns(Printable(actor.name)));
  return std::min(widest, kActorColumnsMax);
}

}  // namespace

std::string EventListingHead(const JournalView& journal) {
  std::string names;
  for (const Actor& actor : journal.actors) StrAppend(&names, names.empty() ? "" : ", ", Printable(actor.name));
  std::string out = StrCat(Counted(journal.events_in_run, "event"), ", hash ", Hex(journal.hash), "; actors: ", names);
  if (journal.events.size() < journal.events_in_run) {
    StrAppend(&out, "\nonly the first ", Grouped(journal.events.size()), " events were kept");
  }
  return out;
}

std::string EventLine(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event, const EventLineOptions& options) {
  std::string line =
      StrCat(PadLeft(StrCat(event.number), kNumberColumns), "  ", PadLeft(ElapsedText(event.time - journal.start, 6), kTimeColumns), "  ",
             PadRight(Fit(Printable(journal.NameOf(event.actor)), kActorColumnsMax), ActorColumns(journal)), "  ");
  StrAppend(&line, Words(journal, exchanges, event));
  if (options.detail == EventLineOptions::Detail::kWords) return Fit(line, options.columns);
  StrAppend(&line, "  [", NameOf(event.kind), " ", Printable(event.label), " key ", Hex(event.key));
  if (event.message != 0) StrAppend(&line, " message ", Hex(event.message));
  if (event.value != 0) StrAppend(&line, " value ", event.value);
  if (event.bytes_hash != 0) StrAppend(&line, " bytes ", Hex(event.bytes_hash));
  StrAppend(&line, " hash ", Hex(event.hash), "]");
  return line;
}

}  // namespace edge::sim
