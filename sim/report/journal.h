// Journal: a run as kept, the material of every report.
//
// A recorder's journal can be looked at in place (ViewOf); one read from a file owns its events. Reports take a view and never change it.
#ifndef EDGE_SIM_REPORT_JOURNAL_H_
#define EDGE_SIM_REPORT_JOURNAL_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/base/time.h"
#include "sim/record/recorder.h"

namespace edge::sim {

struct JournalView {
  std::span<const Actor> actors;
  std::span<const Event> events;
  Instant start;               // the zero of printed times
  uint64_t events_in_run = 0;  // more than there are in `events` if the journal was cut
  uint64_t hash = 0;           // of the whole run

  // "world", "node1"; "unknown actor" for a number without a name.
  std::string_view NameOf(ActorId actor) const {
    const auto index = static_cast<size_t>(actor);
    return index < actors.size() ? std::string_view(actors[index].name) : std::string_view("unknown actor");
  }
  ActorKind KindOf(ActorId actor) const {
    const auto index = static_cast<size_t>(actor);
    return index < actors.size() ? actors[index].kind : ActorKind::kWorld;
  }
};

struct Journal {
  std::vector<Actor> actors;
  std::vector<Event> events;
  Instant start;
  uint64_t events_in_run = 0;
  uint64_t hash = 0;

  JournalView view() const { return {actors, events, start, events_in_run, hash}; }
};

// Borrows from the recorder, which must not record while the view is used. `start`: World::start().
inline JournalView ViewOf(const Recorder& recorder, Instant start) {
  return {recorder.actors(), recorder.journal(), start, recorder.events(), recorder.hash()};
}

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_JOURNAL_H_
