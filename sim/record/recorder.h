// Recorder: everything that happens in one run, as a rolling hash and, when asked for, as a journal.
//
// Every event (a fiber's turn, bytes that cross a seam, a decision, a log line, a crash) is recorded here with virtual time, actor and
// label. The hash is always on: two runs of one seed are the same run exactly if their hashes are equal, and a checkpoint of the hash is
// kept every `events_per_checkpoint`, so that two runs can be compared from afar. With Keep::kJournal the events themselves are kept: the
// source of the story, of the timeline, of `edge replay` and of the report on the first difference between two runs.
//
//   seams, world, oracle, workload --Record(event)--> hash --> Hash(), checkpoints()
//                                          '--> journal (only Keep::kJournal) --> story, timeline, first divergence
//
// Nothing that may differ between two runs of one seed goes in: no address, no host time, no uninitialised padding (fields are absorbed
// one by one).
#ifndef EDGE_SIM_RECORD_RECORDER_H_
#define EDGE_SIM_RECORD_RECORDER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/hash.h"
#include "runtime/seam/clock.h"
#include "sim/record/actor.h"
#include "sim/record/byte_hash.h"

namespace edge::sim {

enum class EventKind : uint8_t {
  kTurn,      // a fiber ran; label: the fiber's
  kDecision,  // the oracle chose something else than the mildest; label: the decision point's, value: what
  kFault,     // a fault struck; label: the site's
  kConnect,   // a connection was asked for, accepted, refused ...
  kSend,      // bytes were handed to the network; message: names them at both ends
  kDeliver,   // ... arrived
  kClose,     // end, reset
  kDisk,      // a call of the disk seam
  kRandom,    // entropy was drawn
  kHost,      // a host call of JavaScript with effects: timer, task
  kLog,       // a line of the application's console or of the node's log
  kRequest,   // a client or service began a request, or a node received it; message: names the request
  kResponse,  // ... its answer; message: the request's
  kLife,      // start, stop, crash, restart, pause, resume of an actor
  kPhase,     // safety, heal, liveness, checks
  kCheck,     // a check was made: value 0 passed, 1 failed
};
inline constexpr size_t kEventKinds = 16;

// What a caller records. Views need only live during the call.
struct EventInput {
  EventKind kind;
  ActorId actor = ActorId::kWorld;
  ActorId peer = ActorId::kWorld;  // the other side of a message; kWorld: none
  std::string_view label;          // a short stable name: "http.request", "network.reset_before"
  uint64_t key = 0;                // causal key
  uint64_t message = 0;            // equal at both ends of an arrow; 0: none
  int64_t value = 0;               // a number that belongs to it: bytes, status, chosen value
  std::string_view text;           // for people; hashed too
  std::string_view note;           // for people; NOT hashed, kept only in the journal: previews. Make it only if keeps_journal()
};

// An event as kept in the journal.
struct Event {
  uint64_t number = 0;  // from 1, without gaps; what `--until` names
  Instant time;         // virtual
  EventKind kind = EventKind::kTurn;
  ActorId actor = ActorId::kWorld;
  ActorId peer = ActorId::kWorld;
  std::string label;
  uint64_t key = 0;
  uint64_t message = 0;
  int64_t value = 0;
  std::string text;
  std::string note;         // not in the hash
  uint64_t bytes_hash = 0;  // of bytes absorbed since the event before
  uint64_t hash = 0;        // the rolling hash after this event
};

struct Actor {
  std::string name;  // "node1", "client2", "payments.test"
  ActorKind kind = ActorKind::kWorld;
};

enum class Keep : uint8_t {
  kHash,
  kJournal,
  kNothing,  // counts only, hash() means nothing: what recording costs is measured against this
};

struct RecorderLimits {
  uint64_t events_per_checkpoint = 1024;
  size_t journal_events_max = 4'000'000;  // beyond: only counted; journal_cut() says so
  size_t text_bytes_max = 2'000;          // of one event in the journal; the hash covers all of it
};

class Recorder {
 public:
  // `clock` gives virtual time; borrowed.
  Recorder(const Clock& clock, Keep keep, RecorderLimits limits = {});

  ActorId AddActor(std::string_view name, ActorKind kind);
  const std::vector<Actor>& actors() const { return actors_; }

  void Record(const EventInput& event);
  // Bytes that crossed a seam or a host call; they belong to the next Record. Cheap: below 1 ns per 8 bytes.
  void Absorb(std::string_view bytes);

  // The run is to stop after this event (0: never); the world looks at reached_stop() between turns.
  void StopAt(uint64_t event_number) { stop_at_ = event_number; }
  bool reached_stop() const { return stop_at_ != 0 && events_ >= stop_at_; }

  // Of everything so far, bytes included that still await their event.
  uint64_t hash() const { return pending_bytes_ == 0 ? hash_ : CombineHash(hash_, pending_bytes_); }
  uint64_t events() const { return events_; }
  const std::vector<uint64_t>& checkpoints() const { return checkpoints_; }  // hash after event n * events_per_checkpoint
  Keep keep() const { return keep_; }
  bool keeps_journal() const { return keep_ == Keep::kJournal; }
  // Empty unless Keep::kJournal.
  const std::vector<Event>& journal() const { return journal_; }
  bool journal_cut() const { return events_ > journal_.size(); }
  // How many events of each kind.
  uint64_t CountOf(EventKind kind) const { return counts_[static_cast<size_t>(kind)]; }

 private:
  // Two words into the rolling hash. What was before stays in it even if a product happens to be zero.
  void Mix(uint64_t a, uint64_t b) { hash_ = FoldHash(hash_ ^ a, b ^ 0xe7037ed1a0b428db) + std::rotl(hash_, 23); }

  const Clock& clock_;
  const Keep keep_;
  const RecorderLimits limits_;
  std::vector<Actor> actors_;
  uint64_t hash_ = 0x9ae16a3b2f90404f;
  uint64_t pending_bytes_ = 0;  // hash of absorbed bytes that await their event
  uint64_t events_ = 0;
  uint64_t stop_at_ = 0;
  uint64_t counts_[kEventKinds] = {};
  std::vector<uint64_t> checkpoints_;
  std::vector<Event> journal_;
};

// "turn", "decision" ...
std::string_view NameOf(EventKind kind);
// "world", "node", "client", "service".
std::string_view NameOf(ActorKind kind);

}  // namespace edge::sim

#endif  // EDGE_SIM_RECORD_RECORDER_H_
