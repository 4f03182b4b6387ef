#include "runtime/worker/execution_context.h"

#include <iterator>

#include "absl/functional/any_invocable.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/worker/worker_library.h"

namespace edge::worker {
namespace {

// What the natives of a heap need to find again.
struct WorkerApi {
  WaitUntilSink* sink;
  const WorkerCode* code;
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

duk_ret_t GetExports(duk_context* ctx) {
  js::This<ContextState>(ctx, kContextType);
  js::ThrowError(ctx, "Error", "ctx.exports is not supported yet by this version of edge.");
}

// native.waitUntil(promise): the function of "cloudflare:workers".
duk_ret_t NativeWaitUntil(duk_context* ctx) {
  duk_set_top(ctx, 1);
  js::ToPromise(ctx);
  ApiOf(ctx).sink->WaitUntil(ctx, 0);
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
  const js::LibraryNative natives[] = {{"waitUntil", NativeWaitUntil, 1}, {"environment", Environment, 0}};
  for (const js::LibraryFile& file : js::WorkerLibrary()) js::RunLibraryFile(ctx, file.name, file.bytecode, natives);
}

void RebindWorkerApi(duk_context* ctx, WaitUntilSink& sink) { ApiOf(ctx).sink = &sink; }

void PushExecutionContext(duk_context* ctx, uint64_t invocation) { js::PushNative(ctx, kContextType, new ContextState{invocation}); }

}  // namespace edge::worker
