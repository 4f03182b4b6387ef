// OpenDatabases: the live objects of a worker whose SQLite databases are open, the least recently used one first.
//
// An open database takes some 30 KB, whether anything happens or not; opening one again costs a fraction of a millisecond. So one is closed
// when too many are open, or when no turn of its object has run for a while. Nobody notices: never in a turn, in a transaction or while a
// cursor has rows left, and what is committed is the store's.
#ifndef EDGE_RUNTIME_WORKER_OPEN_DATABASES_H_
#define EDGE_RUNTIME_WORKER_OPEN_DATABASES_H_

#include <cstddef>
#include <list>
#include <optional>

#include "runtime/base/time.h"

namespace edge::worker {

class LiveObject;

class OpenDatabases {
 public:
  using Place = std::optional<std::list<LiveObject*>::iterator>;

  explicit OpenDatabases(size_t most) : most_(most) {}
  ~OpenDatabases();  // REQUIRES: every object has been forgotten

  // A turn of the object is over and its database is open. Closes others if there are too many.
  void Touch(LiveObject& object);
  // Those whose last turn was at `since` or before it, where that may be.
  void CloseUnused(Instant since);
  // REQUIRES: it may be closed.
  void Close(LiveObject& object);
  // The object ends. Idempotent.
  void Forget(LiveObject& object);

  size_t size() const { return objects_.size(); }

 private:
  const size_t most_;
  std::list<LiveObject*> objects_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OPEN_DATABASES_H_
