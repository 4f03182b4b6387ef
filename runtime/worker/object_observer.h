// ObjectObserver: told what happens to Durable Objects, for checks that know nothing of how it is done (sim/scenario/object_ledger.h).
//
// Null in production. Everything is told at the moment at which it happens, from inside of it: an observer must not suspend and must not
// call back. `epoch` names the activation.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_OBSERVER_H_
#define EDGE_RUNTIME_WORKER_OBJECT_OBSERVER_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/time.h"
#include "runtime/gate/input_gate.h"
#include "storage/image/page_set.h"

namespace edge::worker {

class ObjectObserver {
 public:
  using Id = storage::ObjectKey;
  virtual ~ObjectObserver() = default;

  // --- its state, as the store has it ---
  // A new activation, and what it finds.
  struct State {
    uint64_t txid = 0;
    uint32_t pages = 0;
    std::optional<WallTime> alarm;
  };
  virtual void OnActivated(const Id& id, uint64_t epoch, const State& state) {}
  // One commit, not durable yet; epoch and txid are in it.
  virtual void OnCommitted(const Id& id, const storage::PageSet& set) {}
  // What was committed after `txid` never becomes durable and is undone.
  virtual void OnRolledBack(const Id& id, uint64_t txid) {}
  // The activation is over: evicted, or reset. Nothing of it may have an effect any more.
  virtual void OnEnded(const Id& id, uint64_t epoch) {}

  // --- what leaves it ---
  // An effect (an answer, an error, a call or request of its own) leaves. Whoever sees it may learn of every commit up to `txid`. kDurable:
  // the store says that these are.
  enum class Durability : uint8_t { kDurable, kNotDurable };
  virtual void OnReleased(const Id& id, uint64_t epoch, uint64_t txid, Durability durability) {}

  // --- its turns ---
  // JavaScript is about to run for it, in this section; until OnTurnEnded, its commit included.
  virtual void OnTurnBegan(const Id& id, uint64_t epoch, gate::Section section) {}
  virtual void OnTurnEnded(const Id& id, uint64_t epoch) {}
  // In a turn: a handler is called. "fetch", "call", "alarm", "websocket"
  virtual void OnEvent(const Id& id, uint64_t epoch, std::string_view kind) {}
  // In a turn: a storage operation will complete in a later one, and no other event may get in before.
  virtual void OnStorageBegan(const Id& id, uint64_t epoch) {}
  // In the turn in which it completes.
  virtual void OnStorageEnded(const Id& id, uint64_t epoch) {}
  // In a turn. A section begins with its first turn.
  virtual void OnSectionOpened(const Id& id, uint64_t epoch, gate::Section section, gate::Section outer) {}
  virtual void OnSectionClosed(const Id& id, uint64_t epoch, gate::Section section) {}

  // --- its alarm; in a turn ---
  // alarm() is called for the alarm that is due at `due`; `now` is what the node takes the time for.
  virtual void OnAlarmBegan(const Id& id, uint64_t epoch, WallTime due, WallTime now) {}
  virtual void OnAlarmEnded(const Id& id, uint64_t epoch) {}
  // It is given up for good: it has failed too often, nobody wants it to be tried again, or there is no handler.
  virtual void OnAlarmDropped(const Id& id, uint64_t epoch) {}
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_OBSERVER_H_
