// Stats: the counts behind `edge objects stats`: what a data directory holds, and what the process that has it open has done since its
// start.
#ifndef EDGE_RUNTIME_OPERATE_STATS_H_
#define EDGE_RUNTIME_OPERATE_STATS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "storage/store/object_store.h"

namespace edge::operate {

// What is in the memory of a process that serves.
struct Population {
  uint64_t live = 0;         // objects with an instance
  uint64_t hibernating = 0;  // objects without one, whose WebSockets are connected
  uint64_t web_sockets = 0;  // hibernatable ones, of all objects
  uint64_t isolates = 0;
  uint64_t isolate_bytes = 0;  // their heaps
};

struct Stats {
  uint64_t known = 0;    // objects that are stored
  uint64_t bytes = 0;    // of their databases
  uint64_t damaged = 0;  // of them
  // Unset: no process serves; then `store` counts what looking has cost, but for sizes on disk.
  std::optional<Population> population;
  storage::StoreStats store;

  std::string ToText() const;
  std::string ToJson() const;  // one object, docs/durable-objects.md
};

}  // namespace edge::operate

#endif  // EDGE_RUNTIME_OPERATE_STATS_H_
