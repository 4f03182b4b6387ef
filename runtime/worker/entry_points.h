// EntryPoints: where events can enter a worker, by what its main module exports.
#ifndef EDGE_RUNTIME_WORKER_ENTRY_POINTS_H_
#define EDGE_RUNTIME_WORKER_ENTRY_POINTS_H_

#include <string>
#include <vector>

namespace edge::worker {

struct EntryPoints {
  std::vector<std::string> handlers;  // of the default export: "fetch", "scheduled", "queue" ...
  std::vector<std::string> classes;   // exported by name: Durable Objects, entrypoints, workflows
  std::vector<std::string> names;     // ... those, and objects of handlers: what a binding may name as an entrypoint
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_ENTRY_POINTS_H_
