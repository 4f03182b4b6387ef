// `env.QUEUE`: a queue as its producers see it, and the batches that a consumer gets. What the arguments mean, which are refused and with
// which text is lib/queue.js; here is how a call becomes an operation of the node's QueueStore, and messages JavaScript.
// Contract: contract sheet 7.1 to 7.3.
#ifndef EDGE_RUNTIME_WORKER_QUEUE_BINDING_H_
#define EDGE_RUNTIME_WORKER_QUEUE_BINDING_H_

#include <span>

#include "duktape.h"
#include "runtime/js/language/language.h"
#include "runtime/worker/worker_code.h"

namespace edge::worker {

struct QueueEvent;

// Defines the class. lib/queue.js has to run before a queue is used.
void DefineQueue(duk_context* ctx);
// What lib/queue.js calls.
std::span<const js::LibraryNative> QueueNatives();
// [ ... ] -> [ ... queue ]
void PushQueue(duk_context* ctx, const QueueBinding& binding, QueueErrorCodes error_codes);
// A MessageBatch. Throws what a body throws that cannot be read. [ ... ] -> [ ... batch ]
void PushMessageBatch(duk_context* ctx, const QueueEvent& event, uint64_t invocation);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_QUEUE_BINDING_H_
