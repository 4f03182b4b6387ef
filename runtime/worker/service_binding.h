// What JavaScript sees of other workers: the services in `env`, and ctx.exports (lib/services.js).
#ifndef EDGE_RUNTIME_WORKER_SERVICE_BINDING_H_
#define EDGE_RUNTIME_WORKER_SERVICE_BINDING_H_

#include <span>

#include "duktape.h"
#include "runtime/js/language/language.h"

namespace edge::worker {

// Defines the class of the native object behind a binding. Before the library runs.
void DefineServiceBinding(duk_context* ctx);
// Natives of lib/services.js.
std::span<const js::LibraryNative> ServiceNatives();

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_SERVICE_BINDING_H_
