// `env.KV`: a KV namespace as JavaScript sees it. What the arguments mean, which are refused and with which text is lib/kv.js; here is how
// a call becomes an operation of the node's KvStore, and its result JavaScript. Contract: contract sheet 4.
#ifndef EDGE_RUNTIME_WORKER_KV_BINDING_H_
#define EDGE_RUNTIME_WORKER_KV_BINDING_H_

#include <span>

#include "duktape.h"
#include "runtime/js/language/language.h"
#include "runtime/worker/worker_code.h"

namespace edge::worker {

// Defines the class. lib/kv.js has to run before a namespace is used.
void DefineKvNamespace(duk_context* ctx);
// What lib/kv.js calls.
std::span<const js::LibraryNative> KvNatives();
// [ ... ] -> [ ... namespace ]
void PushKvNamespace(duk_context* ctx, const KvBinding& binding);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_KV_BINDING_H_
