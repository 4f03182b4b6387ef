// The `ctx` of a handler (ExecutionContext), the `env` and the module "cloudflare:workers".
#ifndef EDGE_RUNTIME_WORKER_EXECUTION_CONTEXT_H_
#define EDGE_RUNTIME_WORKER_EXECUTION_CONTEXT_H_

#include <cstdint>

#include "duktape.h"
#include "runtime/worker/worker_code.h"

namespace edge::worker {

struct ServiceEntry;

class WaitUntilSink {
 public:
  virtual ~WaitUntilSink() = default;
  // [ ... promise ] -> [ ... promise ]. `invocation` 0: the current one.
  virtual void WaitUntil(duk_context* ctx, uint64_t invocation) = 0;
  // The event is not to be tried again if it fails.
  virtual void NoRetry(uint64_t invocation) = 0;
};

// Defines the class and runs lib/worker.js. `sink` and `code` are borrowed and outlive the heap. Throws for want of memory.
void InstallWorkerApi(duk_context* ctx, WaitUntilSink& sink, const WorkerCode& code);

// The sink of an isolate that was rewound (Isolate::Rewind), instead of InstallWorkerApi. Runs no JavaScript.
void RebindWorkerApi(duk_context* ctx, WaitUntilSink& sink);

// [ ... ] -> [ ... env ]
void PushEnvironment(duk_context* ctx);
// What the worker's script has given: [ ... exports | promise of exports ] -> [ ... ], and back. The later call counts.
void KeepExports(duk_context* ctx);
void PushExports(duk_context* ctx);
// [ ... ] -> [ ... objects ]: instances of Durable Objects by their numbers.
void PushObjects(duk_context* ctx);
// [ ... ] -> [ ... ctx ]. `entry`: whose props it has; null: none.
void PushExecutionContext(duk_context* ctx, uint64_t invocation, const ServiceEntry* entry);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_EXECUTION_CONTEXT_H_
