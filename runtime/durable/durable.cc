#include "runtime/durable/durable.h"

#include "runtime/durable/bindings.h"
#include "runtime/durable/lib/durable_library.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/promise.h"
#include "runtime/web/remote_error.h"

namespace edge::durable {
namespace {

constexpr const char* kStashKept = DUK_HIDDEN_SYMBOL("durable.kept");

void DestroyApi(void* api) { delete static_cast<DurableApi*>(api); }
absl::AnyInvocable<void()> KeepApi(void* attached) {
  auto* api = static_cast<DurableApi*>(attached);
  return [api, saved = *api] {
    *api = saved;
    api->finder = nullptr;
  };
}

void ReleaseWork(void* pointer) { delete static_cast<Work*>(pointer); }
const js::NativeType kWorkType = {"DurableWork", ReleaseWork};

// What the promise of an operation will be settled with, until the turn in which that happens.
void SettleKept(duk_context* ctx, uint64_t ticket) {
  DurableApi& api = ApiOf(ctx);
  const auto found = api.settle.find(ticket);
  if (found == api.settle.end()) return;
  const uint32_t promise = found->second;
  api.settle.erase(found);
  Take(ctx, ticket);
  js::SettlePromise(ctx, promise, js::Settle::kResolve);
}

struct AsyncCall {
  duk_ret_t (*body)(duk_context* ctx, AsyncOperation& operation);
  AsyncOperation operation;
};

duk_ret_t RunBody(duk_context* ctx, void* data) {
  auto& call = *static_cast<AsyncCall*>(data);
  if (call.body(ctx, call.operation) == 0) duk_push_undefined(ctx);
  return 1;
}

duk_ret_t Charge(duk_context* ctx, void*) {
  js::ChargeCpu(ctx, SqlSession::kProgressSteps * 4);
  duk_push_undefined(ctx);
  return 1;
}

}  // namespace

DurableApi& ApiOf(duk_context* ctx) { return *static_cast<DurableApi*>(js::GetAttachment(ctx, js::AttachmentKind::kDurable)); }

Work& PushWork(duk_context* ctx) {
  auto* work = new Work;
  js::PushNative(ctx, kWorkType, work);
  return *work;
}

void ThrowUnlessOk(duk_context* ctx, const Work& work) {
  if (work.status.ok()) return;
  web::PushRemoteError(ctx, work.status);
  (void)duk_throw(ctx);
}

ObjectHooks& FindHooks(duk_context* ctx, ObjectNumber number) {
  ObjectHooks* hooks = ApiOf(ctx).finder->FindObject(number);
  if (hooks == nullptr)
    js::ThrowError(ctx, "Error", "This Durable Object instance is gone: its storage and state can no longer be accessed through it.");
  return *hooks;
}

ObjectHooks& HooksOf(duk_context* ctx, ObjectNumber number) {
  ObjectHooks& hooks = FindHooks(ctx, number);
  Work* work = nullptr;
  {
    absl::Status access = hooks.Access();
    if (access.ok()) return hooks;
    work = new Work;
    work->status = std::move(access);
  }
  js::PushNative(ctx, kWorkType, work);
  ThrowUnlessOk(ctx, *work);
  return hooks;
}

uint64_t Keep(duk_context* ctx) {
  const uint64_t ticket = ++ApiOf(ctx).tickets;
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kStashKept);
  duk_push_number(ctx, static_cast<double>(ticket));
  duk_dup(ctx, -4);
  duk_put_prop(ctx, -3);
  duk_pop_3(ctx);
  return ticket;
}

void Take(duk_context* ctx, uint64_t ticket) {
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kStashKept);
  duk_push_number(ctx, static_cast<double>(ticket));
  duk_get_prop(ctx, -2);
  duk_push_number(ctx, static_cast<double>(ticket));
  duk_del_prop(ctx, -3);
  duk_replace(ctx, -3);
  duk_pop(ctx);
}

duk_ret_t Promised(duk_context* ctx, duk_ret_t (*body)(duk_context* ctx, AsyncOperation& operation), const char* name) {
  AsyncCall call = {body, {.name = name}};
  if (duk_safe_call(ctx, RunBody, &call, 0, 1) != DUK_EXEC_SUCCESS) {
    if (js::IsTerminated(ctx)) (void)duk_throw(ctx);
    js::PushRejectedPromise(ctx);
    return 1;
  }
  // A promise already (sync()), or nothing that an instance has to do with.
  ObjectHooks* hooks = call.operation.number == 0 ? nullptr : ApiOf(ctx).finder->FindObject(call.operation.number);
  if (hooks != nullptr) {
    DurableApi& api = ApiOf(ctx);
    const uint64_t ticket = api.tickets + 1;
    bool later = false;
    {
      absl::AnyInvocable<void(duk_context*)> settle = [ticket](duk_context* c) { SettleKept(c, ticket); };
      later = hooks->SettleLater(name, call.operation.concurrency, settle);
    }
    if (later) {
      Keep(ctx);
      const uint32_t promise = js::NewPromise(ctx);
      api.settle.emplace(ticket, promise);
      return 1;
    }
  }
  js::PushResolvedPromise(ctx);
  return 1;
}

void ThrowArgument(duk_context* ctx, const char* method, const char* type, int position, const char* expected) {
  js::ThrowError(ctx, "TypeError", "Failed to execute '%s' on '%s': parameter %d is not of type '%s'.", method, type, position, expected);
}

void RequireSqlStack(duk_context* ctx) { js::RequireNativeStack(ctx, ByteCount::KiB(160)); }
void RequireKvStack(duk_context* ctx) { js::RequireNativeStack(ctx, ByteCount::KiB(64)); }

bool ChargeSql(duk_context* ctx) {
  // SQLite is in between: the limit's error must not pass through it.
  const bool may_go_on = duk_safe_call(ctx, Charge, nullptr, 0, 1) == DUK_EXEC_SUCCESS && !js::IsTerminated(ctx);
  duk_pop(ctx);
  return may_go_on;
}

void InstallDurable(duk_context* ctx, ObjectHooksFinder& finder) {
  js::SetAttachment(ctx, js::AttachmentKind::kDurable, new DurableApi{.finder = &finder}, DestroyApi, KeepApi);
  duk_push_heap_stash(ctx);
  duk_push_bare_object(ctx);
  duk_put_prop_string(ctx, -2, kStashKept);
  duk_pop(ctx);
  DefineStorage(ctx);
  DefineSql(ctx);
  DefineSyncKv(ctx);
  DefineState(ctx);
  for (const js::LibraryFile& file : js::DurableLibrary()) js::RunLibraryFile(ctx, file.name, file.bytecode, Natives());
}

void RebindDurable(duk_context* ctx, ObjectHooksFinder& finder) { ApiOf(ctx).finder = &finder; }

}  // namespace edge::durable
