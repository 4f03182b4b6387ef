#include "runtime/worker/execution_context.h"

#include <iterator>
#include <span>

#include "absl/functional/any_invocable.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/language/serialize.h"
#include "runtime/js/native.h"
#include "runtime/worker/isolate_internal.h"
#include "runtime/worker/kv_binding.h"
#include "runtime/worker/kv_library.h"
#include "runtime/worker/object_namespace.h"
#include "runtime/worker/queue_binding.h"
#include "runtime/worker/queue_library.h"
#include "runtime/worker/service_binding.h"
#include "runtime/worker/service_entry.h"
#include "runtime/worker/worker_library.h"

namespace edge::worker {
namespace {

// What the natives of a heap need to find again.
struct WorkerApi {
  WaitUntilSink* sink;
  const WorkerCode* code;
  // By the engine's addresses.
  void* environment = nullptr;  // lib/worker.js keeps it alive
  void* exports = nullptr;      // the stash does
  void* objects = nullptr;      // likewise
};

struct ContextState {
  uint64_t invocation;
};
void ReleaseContext(void* pointer) { delete static_cast<ContextState*>(pointer); }
const js::NativeType kContextType = {"ExecutionContext", ReleaseContext, 1, js::KeepCopy<ContextState>};
constexpr uint32_t kPropsSlot = 0;

void DestroyApi(void* api) { delete static_cast<WorkerApi*>(api); }
absl::AnyInvocable<void()> KeepApi(void* attached) {
  auto* api = static_cast<WorkerApi*>(attached);
  return [api, saved = *api] {
    *api = saved;
    api->sink = nullptr;
  };
}

WorkerApi& ApiOf(duk_context* ctx) { return *static_cast<WorkerApi*>(js::GetAttachment(ctx, js::AttachmentKind::kWorker)); }

// ctx.waitUntil(promise)
duk_ret_t WaitUntil(duk_context* ctx) {
  const ContextState& state = js::This<ContextState>(ctx, kContextType);
  if (duk_get_top(ctx) < 1)
    js::ThrowError(ctx, "TypeError", "Failed to execute 'waitUntil' on 'ExecutionContext': parameter 1 is not of type 'Promise'.");
  duk_set_top(ctx, 1);
  js::ToPromise(ctx);
  ApiOf(ctx).sink->WaitUntil(ctx, state.invocation);
  return 0;
}

// There is no origin server behind this worker, so there is nothing to pass a failed request on to; accepted as on the platform.
duk_ret_t PassThroughOnException(duk_context* ctx) {
  js::This<ContextState>(ctx, kContextType);
  return 0;
}

duk_ret_t GetProps(duk_context* ctx) {
  js::This<ContextState>(ctx, kContextType);
  duk_push_this(ctx);
  js::PushSlot(ctx, -1, kPropsSlot);
  if (duk_is_undefined(ctx, -1)) {
    duk_pop(ctx);
    duk_push_object(ctx);
    duk_dup(ctx, -1);
    js::SetSlot(ctx, -3, kPropsSlot);
  }
  return 1;
}

// [ ... ] -> [ ... exports | undefined ]
void PushContextExports(duk_context* ctx) {
  if (ApiOf(ctx).code->context_exports == ContextExports::kAbsent) {
    duk_push_undefined(ctx);
    return;
  }
  js::PushLibraryFunction(ctx, "contextExports");
  PushExports(ctx);
  duk_call(ctx, 1);
}

duk_ret_t GetExports(duk_context* ctx) {
  js::This<ContextState>(ctx, kContextType);
  PushContextExports(ctx);
  return 1;
}

// native.contextExports(): what ctx.exports is.
duk_ret_t NativeContextExports(duk_context* ctx) {
  PushContextExports(ctx);
  return 1;
}

// native.waitUntil(promise): the function of "cloudflare:workers".
duk_ret_t NativeWaitUntil(duk_context* ctx) {
  duk_set_top(ctx, 1);
  js::ToPromise(ctx);
  ApiOf(ctx).sink->WaitUntil(ctx, 0);
  return 0;
}

// native.noRetry(invocation): of a scheduled event's controller.
duk_ret_t NativeNoRetry(duk_context* ctx) {
  ApiOf(ctx).sink->NoRetry(static_cast<uint64_t>(duk_require_number(ctx, 0)));
  return 0;
}

// native.environment(): the worker's variables as one object.
duk_ret_t Environment(duk_context* ctx) {
  const WorkerCode& code = *ApiOf(ctx).code;
  duk_push_object(ctx);
  for (const auto& [name, variable] : code.variables) {
    js::PushUtf8(ctx, name);
    js::PushUtf8(ctx, variable.value);
    if (variable.kind == WorkerCode::Variable::Kind::kJson) duk_json_decode(ctx, -1);
    duk_put_prop(ctx, -3);
  }
  for (const ObjectBinding& binding : code.object_bindings) {
    js::PushUtf8(ctx, binding.name);
    PushObjectNamespace(ctx, code, binding);
    duk_put_prop(ctx, -3);
  }
  for (const KvBinding& binding : code.kv_bindings) {
    js::PushUtf8(ctx, binding.name);
    PushKvNamespace(ctx, binding);
    duk_put_prop(ctx, -3);
  }
  for (const QueueBinding& binding : code.queue_bindings) {
    js::PushUtf8(ctx, binding.name);
    PushQueue(ctx, binding, code.queue_error_codes);
    duk_put_prop(ctx, -3);
  }
  ApiOf(ctx).environment = duk_get_heapptr(ctx, -1);
  return 1;
}

const js::Method kMethods[] = {{"waitUntil", WaitUntil, 1}, {"passThroughOnException", PassThroughOnException, 0}};
const js::Accessor kAccessors[] = {{"props", GetProps}, {"exports", GetExports}};

}  // namespace

void InstallWorkerApi(duk_context* ctx, WaitUntilSink& sink, const WorkerCode& code) {
  js::SetAttachment(ctx, js::AttachmentKind::kWorker, new WorkerApi{&sink, &code}, DestroyApi, KeepApi);
  const js::Class context = {
      .type = &kContextType, .name = "ExecutionContext", .construct = nullptr, .methods = kMethods, .accessors = kAccessors};
  js::DefineClass(ctx, context);
  duk_put_global_string(ctx, "ExecutionContext");
  DefineObjectNamespace(ctx);
  DefineServiceBinding(ctx);
  DefineKvNamespace(ctx);
  DefineQueue(ctx);
  const js::LibraryNative natives[] = {{"waitUntil", NativeWaitUntil, 1},
                                       {"noRetry", NativeNoRetry, 1},
                                       {"environment", Environment, 0},
                                       {"contextExports", NativeContextExports, 0}};
  for (const js::LibraryFile& file : js::KvLibrary()) js::RunLibraryFile(ctx, file.name, file.bytecode, KvNatives());
  for (const js::LibraryFile& file : js::QueueLibrary()) js::RunLibraryFile(ctx, file.name, file.bytecode, QueueNatives());
  for (const js::LibraryFile& file : js::WorkerLibrary()) {
    js::RunLibraryFile(ctx, file.name, file.bytecode, file.name == "services.js" ? ServiceNatives() : std::span(natives));
  }
}

void RebindWorkerApi(duk_context* ctx, WaitUntilSink& sink) { ApiOf(ctx).sink = &sink; }

void PushEnvironment(duk_context* ctx) { duk_push_heapptr(ctx, ApiOf(ctx).environment); }

void KeepExports(duk_context* ctx) {
  ApiOf(ctx).exports = duk_get_heapptr(ctx, -1);
  duk_push_heap_stash(ctx);
  duk_insert(ctx, -2);
  duk_put_prop_literal(ctx, -2, "workerExports");
  duk_pop(ctx);
}
void PushExports(duk_context* ctx) { duk_push_heapptr(ctx, ApiOf(ctx).exports); }

void PushObjects(duk_context* ctx) {
  WorkerApi& api = ApiOf(ctx);
  if (api.objects != nullptr) {
    duk_push_heapptr(ctx, api.objects);
    return;
  }
  duk_push_heap_stash(ctx);
  duk_push_object(ctx);
  duk_dup_top(ctx);
  duk_put_prop_literal(ctx, -3, "workerObjects");
  duk_remove(ctx, -2);
  api.objects = duk_get_heapptr(ctx, -1);
}

void PushExecutionContext(duk_context* ctx, uint64_t invocation, const ServiceEntry* entry) {
  js::PushNative(ctx, kContextType, new ContextState{invocation});
  if (entry == nullptr || entry->props.form == ServiceEntry::Props::Form::kNone) return;
  if (entry->props.form == ServiceEntry::Props::Form::kJson) {
    js::PushUtf8(ctx, entry->props.bytes);
    duk_json_decode(ctx, -1);
  } else {
    js::DeserializeValue(ctx, entry->props.bytes);
  }
  js::SetSlot(ctx, -2, kPropsSlot);
}

}  // namespace edge::worker
