// LinkWorkers: checks what the workers of one process want of each other, and tells each what it needs to know of the others.
#ifndef EDGE_RUNTIME_APPLICATION_LINK_H_
#define EDGE_RUNTIME_APPLICATION_LINK_H_

#include <span>

#include "absl/status/status.h"
#include "runtime/worker/worker_code.h"

namespace edge::cli {

// Fills ObjectBinding::other. kInvalidArgument: two workers have one name, or a binding names a worker or a class that is not there; a line
// for each, with where the binding is written down.
absl::Status LinkWorkers(std::span<worker::WorkerCode* const> codes);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_APPLICATION_LINK_H_
