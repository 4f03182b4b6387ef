// ActorStates: what every actor was doing when the run had come to an event: what `edge replay --until EVENT` prints.
//
// Computed from the journal alone, by going through it once: life events give up, down and paused; requests without their answer are
// open; connections are open from their connect or accept to their close.
#ifndef EDGE_SIM_REPORT_ACTOR_STATES_H_
#define EDGE_SIM_REPORT_ACTOR_STATES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/report/exchange_index.h"
#include "sim/report/journal.h"

namespace edge::sim {

struct ActorState {
  struct OpenRequest {
    enum class Side : uint8_t { kAsked, kServing } side = Side::kAsked;
    uint64_t name = 0;  // its message, or its key if it has none
    size_t event = 0;   // index of its kRequest
  };
  struct OpenConnection {
    uint64_t key = 0;
    ActorId peer = ActorId::kWorld;
    size_t event = 0;  // index of its kConnect
  };
  enum class Life : uint8_t { kNotStarted, kUp, kDown, kPaused } life = Life::kNotStarted;

  ActorId actor = ActorId::kWorld;
  std::optional<size_t> life_event;  // index of the event that made it so
  std::optional<size_t> last_event;
  std::optional<size_t> last_log;
  uint64_t events = 0;
  uint64_t faults = 0;
  std::vector<OpenRequest> requests;        // oldest first
  std::vector<OpenConnection> connections;  // oldest first
};

// After the event with this number (the last one, if it is beyond the end), one per actor in their order. Actors without life events are
// up from their first event.
std::vector<ActorState> ActorStatesAt(const JournalView& journal, uint64_t event_number);

// For people, a few lines per actor. `exchanges` is of the whole journal.
std::string ActorStatesText(const JournalView& journal, const ExchangeIndex& exchanges, uint64_t event_number);

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_ACTOR_STATES_H_
