#include "runtime/rpc/rpc.h"

#include <utility>

#include "absl/functional/any_invocable.h"
#include "runtime/base/check.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/js/own_property.h"
#include "runtime/rpc/lib/rpc_library.h"
#include "runtime/rpc/state.h"
#include "runtime/web/remote_error.h"
#include "runtime/web/transfer.h"

namespace edge::rpc {
namespace {

constexpr uint32_t kPromiseSlot = 0;
constexpr char kDisposedText[] = "RPC stub used after being disposed.";
// In the heap stash: what others may call, by number.
constexpr char kExportsKey[] = "rpcExports";
constexpr char kGlobalScopeText[] =
    "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a timeout, and generating "
    "random values are not allowed within global scope. To fix this error, perform this operation within a handler. "
    "https://developers.cloudflare.com/workers/runtime-apis/handlers/";
constexpr char kOtherContextText[] =
    "Cannot perform I/O on behalf of a different request. I/O objects (such as streams, request/response bodies, and others) created in "
    "the context of one request handler cannot be accessed from a different request's handler. This is a limitation of Cloudflare Workers "
    "which allows us to improve overall performance.";

void ReleaseHandle(void* pointer) { delete static_cast<Handle*>(pointer); }

const js::NativeType kTargetType = {"RpcTarget", nullptr};

void DestroyState(void* state) { delete static_cast<RpcState*>(state); }

// Stubs cannot be kept (kHandleType has no `keep`), so there are no handles in a captured isolate.
absl::AnyInvocable<void()> KeepState(void* attached) {
  auto* state = static_cast<RpcState*>(attached);
  return [state, next_export = state->next_export, next_result = state->next_result] {
    state->host = nullptr;
    state->next_export = next_export;
    state->next_result = next_result;
    state->handles.clear();
    state->released = std::make_shared<ReleasedResults>();
    state->in_flight = std::make_shared<InFlight>();
  };
}

Handle& RequireHandle(duk_context* ctx, duk_idx_t index) { return *static_cast<Handle*>(js::RequireNative(ctx, index, kHandleType)); }

// The current context; throws at global scope.
uint64_t RequireContext(duk_context* ctx) {
  const uint64_t current = StateOf(ctx).host->CurrentContext();
  if (current == 0) js::ThrowError(ctx, "Error", "%s", kGlobalScopeText);
  return current;
}

// Throws if the handle's context is over or not the current one, or there is none.
void RequireUsable(duk_context* ctx, const Handle& handle) {
  const uint64_t current = RequireContext(ctx);
  if (handle.ended || (handle.context != 0 && handle.context != current)) js::ThrowError(ctx, "Error", "%s", kOtherContextText);
}

// [ ... ] -> [ ... handle ]
Handle& PushHandle(duk_context* ctx) {
  auto* handle = new Handle(StateOf(ctx));
  js::PushNative(ctx, kHandleType, handle);
  return *handle;
}

// [ ... ] -> [ ... exports ]
void PushExports(duk_context* ctx) {
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kExportsKey);
  duk_remove(ctx, -2);
}

void SettleCall(duk_context* ctx, uint32_t promise, absl::StatusOr<Message>& reply) {
  if (!reply.ok()) {
    web::PushRemoteError(ctx, reply.status());
    js::SettlePromise(ctx, promise, js::Settle::kReject);
    return;
  }
  PushInbox(ctx, *reply);
  js::SettlePromise(ctx, promise, js::Settle::kResolve);
}

// native.send(handle, names, arguments | undefined) -> handle of the result. The last name is called with the arguments; without them it is
// read. No names: what the handle refers to is called itself.
duk_ret_t Send(duk_context* ctx) {
  duk_set_top(ctx, 3);
  Handle& base = RequireHandle(ctx, 0);
  RequireUsable(ctx, base);
  // 3: what is sent, in memory that survives a throw.
  const bool calls = !duk_is_undefined(ctx, 2);
  duk_dup(ctx, 2);
  Outbox& outbox = PushOutbox(ctx);
  const auto count = static_cast<duk_uarridx_t>(duk_get_length(ctx, 1));
  for (duk_uarridx_t i = 0; i < count; ++i) {
    duk_get_prop_index(ctx, 1, i);
    outbox.steps.push_back({.name = std::string(js::RequireUtf8(ctx, -1)), .arguments = std::nullopt});
    duk_pop(ctx);
  }
  if (count == 0) outbox.steps.emplace_back();
  if (calls) outbox.steps.back().arguments = std::move(outbox.message);
  Handle& result = PushHandle(ctx);  // 4
  const uint32_t promise = js::NewPromise(ctx);
  js::SetSlot(ctx, -2, kPromiseSlot);
  // A handle may have been dropped by what serialization ran.
  result.held.callee = base.Target();
  if (result.held.callee == nullptr) js::ThrowError(ctx, "Error", kDisposedText);
  result.on = std::make_shared<CallResult>();
  {
    CallRequest request = {.steps = std::move(outbox.steps), .result = result.on, .on = base.on};
    StateOf(ctx).host->StartCall(result.held.callee, std::move(request),
                                 [promise](duk_context* c, absl::StatusOr<Message>& reply) { SettleCall(c, promise, reply); });
  }
  return 1;
}

// native.promiseOf(handle)
duk_ret_t PromiseOf(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireHandle(ctx, 0);
  js::PushSlot(ctx, 0, kPromiseSlot);
  return 1;
}

// native.drop(handle)
duk_ret_t Drop(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireHandle(ctx, 0).Drop();
  return 0;
}

// native.dup(handle) -> handle
duk_ret_t Dup(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const Handle& from = RequireHandle(ctx, 0);
  RequireUsable(ctx, from);
  Handle& copy = PushHandle(ctx);
  copy.held = {from.Target(), from.Fetch()};
  copy.on = from.on;
  return 1;
}

// [ arguments... this ] -> promise
duk_ret_t FetchProtected(duk_context* ctx, void*) {
  duk_insert(ctx, 0);
  duk_push_heapptr(ctx, StateOf(ctx).record_key);
  // A hidden key, which no trap sees.
  if (!duk_is_object(ctx, 0) || !duk_get_prop(ctx, 0)) js::ThrowError(ctx, "TypeError", "Illegal invocation");
  duk_replace(ctx, 0);  // [ record arguments... ]
  duk_get_prop_literal(ctx, 0, "kind");
  duk_push_literal(ctx, "stub");
  if (!duk_strict_equals(ctx, -2, -1)) js::ThrowError(ctx, "TypeError", "Illegal invocation");
  duk_pop_2(ctx);
  duk_get_prop_literal(ctx, 0, "disposed");
  if (duk_to_boolean(ctx, -1)) js::ThrowError(ctx, "Error", kDisposedText);
  duk_pop(ctx);
  duk_get_prop_literal(ctx, 0, "handle");
  duk_replace(ctx, 0);
  Handle& handle = RequireHandle(ctx, 0);
  RequireUsable(ctx, handle);
  if (!handle.CanFetch()) js::ThrowError(ctx, "Error", kDisposedText);
  web::FetchFrom(
      ctx, [&handle] { return handle.Fetch(); }, 1);
  return 1;
}

// ServiceStub.prototype.fetch(...arguments) -> promise. What would throw becomes the promise's.
duk_ret_t Fetch(duk_context* ctx) {
  duk_push_this(ctx);
  if (duk_safe_call(ctx, FetchProtected, nullptr, duk_get_top(ctx), 1) != DUK_EXEC_SUCCESS) {
    if (js::IsTerminated(ctx)) duk_throw(ctx);
    js::PushRejectedPromise(ctx);
  }
  return 1;
}

// native.stubGet(target, name): the trap. Members of this side, or else a property of the other side.
duk_ret_t StubGet(duk_context* ctx) {
  duk_set_top(ctx, 2);
  duk_dup(ctx, 1);
  if (duk_get_prop(ctx, 0) || !duk_is_string(ctx, 1) || duk_is_symbol(ctx, 1)) return 1;
  js::PushLibraryFunction(ctx, "rpcRemoteProperty");
  duk_replace(ctx, 2);
  duk_insert(ctx, 0);
  duk_call(ctx, 2);
  return 1;
}

// native.serviceStubs(prototype, prototype of objects' stubs, handler, key): of what C++ makes such stubs.
duk_ret_t ServiceStubs(duk_context* ctx) {
  duk_set_top(ctx, 4);
  RpcState& state = StateOf(ctx);
  state.service_prototype = duk_require_heapptr(ctx, 0);
  state.object_prototype = duk_require_heapptr(ctx, 1);
  state.service_handler = duk_require_heapptr(ctx, 2);
  state.record_key = duk_require_heapptr(ctx, 3);
  duk_push_heap_stash(ctx);
  duk_insert(ctx, 0);
  duk_push_array(ctx);
  duk_insert(ctx, 1);
  for (duk_uarridx_t i = 4; i-- > 0;) duk_put_prop_index(ctx, 1, i);
  duk_put_prop_string(ctx, 0, "rpcServiceStubs");
  return 0;
}

// [ ... handle ] -> [ ... stub ]: as makeStub of rpc.js makes one with isService.
void MakeServiceStub(duk_context* ctx, void* prototype) {
  const RpcState& state = StateOf(ctx);
  duk_push_object(ctx);
  duk_push_heapptr(ctx, prototype);
  duk_set_prototype(ctx, -2);
  js::ReserveProperties(ctx, -1, 4);  // the record, and what SetStubMember adds
  duk_push_heapptr(ctx, state.record_key);
  duk_push_bare_object(ctx);
  js::ReserveProperties(ctx, -1, 4);  // [ handle target key record ]
  duk_push_literal(ctx, "kind");
  duk_push_literal(ctx, "stub");
  js::DefineOwn(ctx, -3, js::Attributes::kPlain);
  duk_push_literal(ctx, "handle");
  duk_dup(ctx, -5);
  js::DefineOwn(ctx, -3, js::Attributes::kPlain);
  duk_push_literal(ctx, "disposed");
  duk_push_false(ctx);
  js::DefineOwn(ctx, -3, js::Attributes::kPlain);
  duk_push_literal(ctx, "isService");
  duk_push_true(ctx);
  js::DefineOwn(ctx, -3, js::Attributes::kPlain);
  js::DefineOwn(ctx, -3, js::Attributes::kFixed);
  duk_push_heapptr(ctx, state.service_handler);
  duk_push_proxy(ctx, 0);
  duk_replace(ctx, -2);
}

// native.isTarget(value): an instance of RpcTarget
duk_ret_t IsTarget(duk_context* ctx) {
  duk_set_top(ctx, 1);
  duk_push_boolean(ctx, js::IsNative(ctx, 0, kTargetType));
  return 1;
}

// native.exportLocal(value) -> handle
duk_ret_t ExportLocal(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireContext(ctx);
  Handle& handle = PushHandle(ctx);
  duk_dup(ctx, 0);
  handle.held.callee = Export(ctx);
  return 1;
}

duk_ret_t NotAConstructor(duk_context* ctx) { js::ThrowError(ctx, "TypeError", "This is not a constructor."); }

// native.newFunction(): something callable without members
duk_ret_t NewFunction(duk_context* ctx) {
  duk_push_c_function(ctx, NotAConstructor, 0);
  for (const char* name : {"length", "name", "prototype"}) duk_del_prop_string(ctx, -1, name);
  return 1;
}

duk_ret_t ConstructTarget(duk_context* ctx) {
  if (!js::IsConstructing(ctx)) {
    js::ThrowError(
        ctx, "TypeError",
        "Failed to construct 'JsRpcTarget': Please use the 'new' operator, this object constructor cannot be called as a function.");
  }
  js::PushNative(ctx, kTargetType, nullptr);
  return 1;
}

duk_ret_t TargetClass(duk_context* ctx) {
  const js::Class target = {.type = &kTargetType, .name = "RpcTarget", .construct = ConstructTarget, .to_string_tag = "JsRpcTarget"};
  js::DefineClass(ctx, target);
  return 1;
}

// [ value ] -> [ undefined ]
duk_ret_t DisposeProtected(duk_context* ctx, void*) {
  js::PushLibraryFunction(ctx, "rpcDisposeTarget");
  duk_insert(ctx, -2);
  duk_call(ctx, 1);
  return 1;
}

}  // namespace

const js::NativeType kHandleType = {"RpcHandle", ReleaseHandle, 1};

Handle::Handle(RpcState& state_in) : state(state_in), context(state_in.host != nullptr ? state_in.host->CurrentContext() : 0) {
  std::list<Handle*>& list = state.handles[context];
  place = list.insert(list.end(), this);
}

Handle::~Handle() {
  if (ended) return;
  const auto list = state.handles.find(context);
  list->second.erase(place);
  if (list->second.empty()) state.handles.erase(list);
}

void Handle::Drop() {
  // What they hold may do much when it goes; this handle is in order before.
  const Held old = std::exchange(held, {});
  leased.reset();
  const auto old_on = std::exchange(on, nullptr);
}

std::shared_ptr<Callee> Handle::Target() const {
  const std::shared_ptr<Held> lease = leased.lock();
  return lease != nullptr ? lease->callee : held.callee;
}

bool Handle::CanFetch() const { return Fetch() != nullptr; }

std::shared_ptr<web::FetchTarget> Handle::Fetch() const {
  const std::shared_ptr<Held> lease = leased.lock();
  return lease != nullptr ? lease->fetch : held.fetch;
}

RpcState& StateOf(duk_context* ctx) { return *static_cast<RpcState*>(js::GetAttachment(ctx, js::AttachmentKind::kRpc)); }

std::shared_ptr<Callee> Export(duk_context* ctx) {
  RpcState& state = StateOf(ctx);
  const uint64_t number = state.next_export++;
  PushExports(ctx);
  duk_push_number(ctx, static_cast<double>(number));
  duk_dup(ctx, -3);
  duk_put_prop(ctx, -3);
  duk_pop_2(ctx);
  return state.host->NewCallee(number);
}

void InstallRpc(duk_context* ctx, RpcHost& host) {
  auto* state = new RpcState();
  state->host = &host;
  js::SetAttachment(ctx, js::AttachmentKind::kRpc, state, DestroyState, KeepState);
  duk_push_heap_stash(ctx);
  duk_push_bare_object(ctx);
  duk_put_prop_string(ctx, -2, kExportsKey);
  duk_pop(ctx);
  const js::Class handle = {.type = &kHandleType, .name = "RpcHandle", .construct = nullptr};
  js::DefineClass(ctx, handle);
  duk_pop(ctx);
  DefineMessages(ctx);
  DefineDispatch(ctx);
  static constexpr js::LibraryNative kNatives[] = {{"send", Send, 3},
                                                   {"promiseOf", PromiseOf, 1},
                                                   {"drop", Drop, 1},
                                                   {"dup", Dup, 1},
                                                   {"fetch", Fetch, 0},
                                                   {"stubGet", StubGet, 2},
                                                   {"serviceStubs", ServiceStubs, 4},
                                                   {"open", OpenInbox, 2},
                                                   {"isTarget", IsTarget, 1},
                                                   {"exportLocal", ExportLocal, 1},
                                                   {"newFunction", NewFunction, 0},
                                                   {"targetClass", TargetClass, 0}};
  // calls.js is what the other side asks of this one, rpc.js what this one asks of others.
  for (const js::LibraryFile& file : js::RpcLibrary()) {
    const std::span<const js::LibraryNative> natives = file.name == "calls.js" ? DispatchNatives() : std::span(kNatives);
    js::RunLibraryFile(ctx, file.name, file.bytecode, natives);
  }
}

void RebindRpc(duk_context* ctx, RpcHost& host) {
  RpcState& state = StateOf(ctx);
  EDGE_CHECK(state.host == nullptr);
  state.host = &host;
}

void EndContext(duk_context* ctx, uint64_t context) {
  RpcState& state = StateOf(ctx);
  const auto found = state.handles.find(context);
  if (found == state.handles.end() || context == 0) return;
  const std::list<Handle*> handles = std::move(found->second);
  state.handles.erase(found);
  // All are marked first: what one of them drops may come back here.
  for (Handle* handle : handles) handle->ended = true;
  std::vector<std::pair<Handle::Held, std::shared_ptr<CallResult>>> dropped;
  dropped.reserve(handles.size());
  for (Handle* handle : handles) dropped.emplace_back(std::exchange(handle->held, {}), std::move(handle->on));
}

void PushHandle(duk_context* ctx, std::shared_ptr<Callee> callee, std::shared_ptr<web::FetchTarget> fetch_target) {
  auto* handle = new Handle(StateOf(ctx));
  handle->held = {std::move(callee), std::move(fetch_target)};
  js::PushNative(ctx, kHandleType, handle);
}

void PushStub(duk_context* ctx, std::shared_ptr<Callee> callee, std::shared_ptr<web::FetchTarget> fetch_target) {
  auto* handle = new Handle(StateOf(ctx));
  handle->held = {std::move(callee), std::move(fetch_target)};
  js::PushNative(ctx, kHandleType, handle);
  if (handle->held.fetch != nullptr) return MakeServiceStub(ctx, StateOf(ctx).service_prototype);
  js::PushLibraryFunction(ctx, "rpcMakeStub");
  duk_insert(ctx, -2);
  duk_call(ctx, 1);
}

void PushObjectStub(duk_context* ctx, std::shared_ptr<Callee> callee, std::shared_ptr<web::FetchTarget> fetch_target) {
  auto* handle = new Handle(StateOf(ctx));
  handle->held = {std::move(callee), std::move(fetch_target)};
  js::PushNative(ctx, kHandleType, handle);
  MakeServiceStub(ctx, StateOf(ctx).object_prototype);
}

void SetStubMember(duk_context* ctx, duk_idx_t stub, const char* name) {
  stub = duk_normalize_index(ctx, stub);
  if (std::string_view(name) == "@@toStringTag") {
    duk_push_literal(ctx, DUK_WELLKNOWN_SYMBOL("Symbol.toStringTag"));
  } else {
    duk_push_string(ctx, name);
  }
  duk_insert(ctx, -2);
  js::DefineOwn(ctx, stub, js::Attributes::kPlain);
}

void PushExported(duk_context* ctx, uint64_t export_number) {
  PushExports(ctx);
  duk_push_number(ctx, static_cast<double>(export_number));
  duk_get_prop(ctx, -2);
  duk_remove(ctx, -2);
}

void Unexport(duk_context* ctx, uint64_t export_number) {
  PushExported(ctx, export_number);
  if (!duk_is_undefined(ctx, -1)) {
    PushExports(ctx);
    duk_push_number(ctx, static_cast<double>(export_number));
    duk_del_prop(ctx, -2);
    duk_pop(ctx);
    if (duk_safe_call(ctx, DisposeProtected, nullptr, 1, 1) != DUK_EXEC_SUCCESS && !js::IsTerminated(ctx)) {
      web::HostOf(ctx).ReportException(ctx);
    }
  }
  duk_pop(ctx);
}

}  // namespace edge::rpc
