#include "sim/report/divergence.h"

#include <algorithm>

#include "runtime/base/str_cat.h"
#include "sim/report/event_line.h"
#include "sim/report/exchange_index.h"
#include "sim/report/text.h"
#include "sim/report/words.h"

namespace edge::sim {
namespace {

constexpr size_t kColumns = 140;
constexpr size_t kEventsBefore = 5;
constexpr size_t kEventsAfter = 2;

bool SameName(const JournalView& a, const JournalView& b, ActorId x, ActorId y) { return x == y && a.NameOf(x) == b.NameOf(y); }

// What differs, the most telling first. The times are absolute: both worlds begin at the same instant.
std::vector<std::string> DifferingFields(const JournalView& a, const JournalView& b, const Event& x, const Event& y) {
  std::vector<std::string> fields;
  const auto note = [&](bool differs, const char* name) {
    if (differs) fields.emplace_back(name);
  };
  note(x.kind != y.kind, "kind");
  note(!SameName(a, b, x.actor, y.actor), "actor");
  note(!SameName(a, b, x.peer, y.peer), "peer");
  note(x.label != y.label, "label");
  note(x.time != y.time, "time");
  note(x.key != y.key, "key");
  note(x.message != y.message, "message");
  note(x.value != y.value, "value");
  note(x.text != y.text, "text");
  note(x.bytes_hash != y.bytes_hash, "bytes_hash");
  const auto same_actor = [](const Actor& i, const Actor& j) { return i.name == j.name && i.kind == j.kind; };
  if (fields.empty()) note(!std::equal(a.actors.begin(), a.actors.end(), b.actors.begin(), b.actors.end(), same_actor), "actors");
  if (fields.empty()) note(x.hash != y.hash, "hash");
  return fields;
}

std::string_view MeaningOf(std::string_view field, const Event& event) {
  if (field == "kind") return "what happened";
  if (field == "actor") return "who did it";
  if (field == "peer") return "the other side";
  if (field == "label") return "the name of what happened";
  if (field == "time") return "the virtual time";
  if (field == "key") return "the causal key: it was caused by something else";
  if (field == "message") return "the message it belongs to";
  if (field == "value") return "the number that belongs to it";
  if (field == "text") return "its text";
  if (field == "actors") return "the actors that were added since the event before";
  if (field == "hash") return "something that is hashed but not kept in the journal: the end of a long text";
  switch (event.kind) {
    case EventKind::kSend:
      return "the bytes sent";
    case EventKind::kDeliver:
      return "the bytes received";
    case EventKind::kDisk:
      return "the bytes read or written";
    case EventKind::kRandom:
      return "the random bytes";
    case EventKind::kHost:
      return "what JavaScript and the host exchanged";
    default:
      return "bytes that crossed a seam or a host call since the event before";
  }
}

std::string ValueOf(std::string_view field, const JournalView& journal, const Event& event) {
  if (field == "kind") return std::string(NameOf(event.kind));
  if (field == "actor") return Printable(journal.NameOf(event.actor));
  if (field == "peer") return Printable(journal.NameOf(event.peer));
  if (field == "label") return Printable(event.label);
  if (field == "time") return ElapsedText(event.time - journal.start, 9);
  if (field == "key") return Hex(event.key);
  if (field == "message") return Hex(event.message);
  if (field == "value") return StrCat(event.value);
  if (field == "text") return StrCat("\"", Printable(event.text), "\"");
  if (field == "bytes_hash") return Hex(event.bytes_hash);
  if (field == "actors") {
    std::string names;
    for (const Actor& actor : journal.actors) StrAppend(&names, names.empty() ? "" : ", ", Printable(actor.name));
    return names;
  }
  return Hex(event.hash);
}

void AddLine(std::string_view line, std::string* out) { StrAppend(out, Fit(line, kColumns), "\n"); }

// The events [first, end), one of them marked: the one where the runs part, or the end of the journal if it would come next.
void AddEvents(const JournalView& journal, size_t first, size_t end, std::optional<size_t> marked, std::string* out) {
  const ExchangeIndex exchanges(journal);
  for (size_t i = first; i < std::min(end, journal.events.size()); ++i) {
    AddLine(StrCat(marked && i == *marked ? "> " : "  ", EventLine(journal, exchanges, journal.events[i])), out);
  }
  if (marked && *marked >= journal.events.size()) {
    AddLine(journal.events.size() < journal.events_in_run ? "> (the journal was cut here)" : "> (the run is over)", out);
  }
}

}  // namespace

std::optional<Divergence> FirstDivergence(const JournalView& a, const JournalView& b) {
  const size_t both = std::min(a.events.size(), b.events.size());
  // Hashes roll: the first event after which they differ is found by bisection.
  size_t low = 0;
  size_t high = both;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (a.events[middle].hash == b.events[middle].hash) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < both) {
    const Event& x = a.events[low];
    return Divergence{.number = x.number, .fields = DifferingFields(a, b, x, b.events[low])};
  }
  if (a.events.size() != b.events.size() || a.events_in_run != b.events_in_run) return Divergence{.number = both + 1, .fields = {"end"}};
  if (a.hash != b.hash) return Divergence{.number = both + 1, .fields = {"hash"}};
  return std::nullopt;
}

std::optional<EventRange> FirstDifferingRange(std::span<const uint64_t> a, std::span<const uint64_t> b, uint64_t events_per_checkpoint) {
  const size_t both = std::min(a.size(), b.size());
  for (size_t i = 0; i < both; ++i) {
    if (a[i] != b[i]) return EventRange{.first = i * events_per_checkpoint + 1, .last = (i + 1) * events_per_checkpoint};
  }
  return std::nullopt;
}

std::string DivergenceReport(const JournalView& a, const JournalView& b, const DivergenceNames& names) {
  const std::optional<Divergence> divergence = FirstDivergence(a, b);
  if (!divergence) return StrCat("no divergence: ", Counted(a.events_in_run, "event"), ", hash ", Hex(a.hash), " in both runs\n");
  std::string out;
  const size_t at = divergence->number - 1;
  const bool in_both = at < a.events.size() && at < b.events.size();
  if (in_both) {
    const Event& x = a.events[at];
    const Event& y = b.events[at];
    AddLine(StrCat("DIVERGENCE at event ", Grouped(x.number), ", ", ElapsedText(x.time - a.start, 6), ", ", Printable(a.NameOf(x.actor)),
                   ", ", NameOf(x.kind), " ", Printable(x.label)),
            &out);
    constexpr size_t kFieldsMax = 4;
    for (size_t i = 0; i < divergence->fields.size() && i < kFieldsMax; ++i) {
      const std::string& field = divergence->fields[i];
      AddLine(StrCat("  ", field, " differs: ", MeaningOf(field, x)), &out);
      AddLine(StrCat("    ", names.first, ": ", ValueOf(field, a, x)), &out);
      AddLine(StrCat("    ", names.second, ": ", ValueOf(field, b, y)), &out);
    }
    if (divergence->fields.size() > kFieldsMax) {
      AddLine(StrCat("  ", Counted(divergence->fields.size() - kFieldsMax, "more field"), " differ too"), &out);
    }
  } else if (divergence->fields[0] == "end") {
    const bool first_ends = a.events.size() < b.events.size();
    AddLine(StrCat("DIVERGENCE at event ", Grouped(divergence->number), ": the ", first_ends ? names.first : names.second, " is over, the ",
                   first_ends ? names.second : names.first, " goes on"),
            &out);
  } else {
    AddLine(
        StrCat("DIVERGENCE after the last event, ", Grouped(at), ": bytes that crossed a seam after it differ, or the journals were cut"),
        &out);
  }
  const size_t first = at > kEventsBefore ? at - kEventsBefore : 0;
  if (at > 0) {
    AddLine("both runs, before it:", &out);
    AddEvents(a, first, at, std::nullopt, &out);
  }
  AddLine(StrCat(names.first, ":"), &out);
  AddEvents(a, at, at + 1 + kEventsAfter, at, &out);
  AddLine(StrCat(names.second, ":"), &out);
  AddEvents(b, at, at + 1 + kEventsAfter, at, &out);
  return out;
}

std::string DivergenceReport(const JournalView& a, std::span<const uint64_t> checkpoints_b, uint64_t events_per_checkpoint,
                             const DivergenceNames& names) {
  std::vector<uint64_t> checkpoints_a;
  for (size_t i = events_per_checkpoint; i <= a.events.size(); i += events_per_checkpoint) checkpoints_a.push_back(a.events[i - 1].hash);
  const std::optional<EventRange> range = FirstDifferingRange(checkpoints_a, checkpoints_b, events_per_checkpoint);
  std::string out;
  const size_t both = std::min(checkpoints_a.size(), checkpoints_b.size());
  if (!range) {
    AddLine(
        StrCat("no divergence up to event ", Grouped(both * events_per_checkpoint), "; what comes after it has no checkpoint in both runs"),
        &out);
    return out;
  }
  AddLine(StrCat("DIVERGENCE between events ", Grouped(range->first), " and ", Grouped(range->last), ": only checkpoints of the ",
                 names.second, " were kept"),
          &out);
  AddLine("keep the journals of both runs to see the event and the field", &out);
  AddLine(StrCat(names.first, ", where the range begins:"), &out);
  const size_t first = range->first - 1;
  AddEvents(a, first > kEventsBefore ? first - kEventsBefore : 0, first + kEventsBefore, first, &out);
  return out;
}

}  // namespace edge::sim
