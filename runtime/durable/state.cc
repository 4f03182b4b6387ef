// DurableObjectState (`ctx`) and DurableObjectId, and what lib/durable.js needs for critical sections and transactions.
#include <iterator>
#include <utility>

#include "runtime/durable/bindings.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/promise.h"
#include "runtime/web/remote_error.h"

namespace edge::durable {
namespace {

constexpr Duration kSectionTime = Duration::Seconds(30);
constexpr std::string_view kSectionText =
    "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset.";
constexpr uint32_t kIdSlot = 0;
constexpr uint32_t kStorageSlot = 1;
constexpr uint32_t kPropsSlot = 2;
constexpr uint32_t kSqlSlot = 0;
constexpr uint32_t kKvSlot = 1;

void ReleaseBinding(void* pointer) { delete static_cast<Binding*>(pointer); }
void ReleaseTransaction(void* pointer) { delete static_cast<Transaction*>(pointer); }
void ReleaseIdentity(void* pointer) { delete static_cast<ObjectIdentity*>(pointer); }
const js::NativeType kIdType = {"DurableObjectId", ReleaseIdentity, 0, js::KeepCopy<ObjectIdentity>};

// --- DurableObjectId ---

duk_ret_t IdToString(duk_context* ctx) {
  js::PushUtf8(ctx, js::This<ObjectIdentity>(ctx, kIdType).hex);
  return 1;
}

duk_ret_t IdEquals(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const auto& self = js::This<ObjectIdentity>(ctx, kIdType);
  const ObjectIdentity* other = GetObjectId(ctx, 0);
  if (other == nullptr) ThrowArgument(ctx, "equals", "DurableObjectId", 1, "DurableObjectId");
  duk_push_boolean(ctx, self.hex == other->hex ? 1 : 0);
  return 1;
}

const js::Method kIdMethods[] = {{"toString", IdToString, 0}, {"equals", IdEquals, 1}};

// [ ... id ] -> [ ... id ]: what is empty is undefined.
void DefineIdMember(duk_context* ctx, const char* name, const std::string& value) {
  duk_push_string(ctx, name);
  if (value.empty()) {
    duk_push_undefined(ctx);
  } else {
    js::PushUtf8(ctx, value);
  }
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_ENUMERABLE | DUK_DEFPROP_CLEAR_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE);
}

// --- DurableObjectState ---

duk_ret_t StateSlot(duk_context* ctx, uint32_t slot) {
  js::RequireThis(ctx, kStateType);
  duk_push_this(ctx);
  js::PushSlot(ctx, -1, slot);
  return 1;
}
duk_ret_t StateId(duk_context* ctx) { return StateSlot(ctx, kIdSlot); }
duk_ret_t StateStorage(duk_context* ctx) { return StateSlot(ctx, kStorageSlot); }

duk_ret_t StateProps(duk_context* ctx) {
  StateSlot(ctx, kPropsSlot);
  if (!duk_is_undefined(ctx, -1)) return 1;
  duk_push_object(ctx);
  duk_dup_top(ctx);
  js::SetSlot(ctx, -4, kPropsSlot);
  return 1;
}

duk_ret_t StateContainer(duk_context* ctx) {
  js::RequireThis(ctx, kStateType);
  return 0;
}

[[noreturn]] void ThrowUnsupported(duk_context* ctx, const char* what) {
  js::RequireThis(ctx, kStateType);
  js::ThrowError(ctx, "Error", "ctx.%s is not supported yet by this version of edge.", what);
}
duk_ret_t StateExports(duk_context* ctx) { ThrowUnsupported(ctx, "exports"); }
duk_ret_t StateFacets(duk_context* ctx) { ThrowUnsupported(ctx, "facets"); }
duk_ret_t StateAcceptWebSocket(duk_context* ctx) { ThrowUnsupported(ctx, "acceptWebSocket()"); }
duk_ret_t StateGetWebSockets(duk_context* ctx) { ThrowUnsupported(ctx, "getWebSockets()"); }
duk_ret_t StateSetAutoResponse(duk_context* ctx) { ThrowUnsupported(ctx, "setWebSocketAutoResponse()"); }
duk_ret_t StateGetAutoResponse(duk_context* ctx) { ThrowUnsupported(ctx, "getWebSocketAutoResponse()"); }
duk_ret_t StateGetAutoResponseTime(duk_context* ctx) { ThrowUnsupported(ctx, "getWebSocketAutoResponseTimestamp()"); }
duk_ret_t StateSetEventTimeout(duk_context* ctx) { ThrowUnsupported(ctx, "setHibernatableWebSocketEventTimeout()"); }
duk_ret_t StateGetEventTimeout(duk_context* ctx) { ThrowUnsupported(ctx, "getHibernatableWebSocketEventTimeout()"); }
duk_ret_t StateGetTags(duk_context* ctx) { ThrowUnsupported(ctx, "getTags()"); }

// ctx.waitUntil(promise)
duk_ret_t StateWaitUntil(duk_context* ctx) {
  const auto& state = js::This<Binding>(ctx, kStateType);
  if (duk_get_top(ctx) < 1) ThrowArgument(ctx, "waitUntil", "DurableObjectState", 1, "Promise");
  duk_set_top(ctx, 1);
  js::ToPromise(ctx);
  FindHooks(ctx, state.number).WaitUntil(ctx);
  return 0;
}

// Resets the instance with the work's status and throws it: code that goes on anyway finds its storage closed.
[[noreturn]] void ResetWith(duk_context* ctx, ObjectNumber number, const Work& work) {
  FindHooks(ctx, number).Reset(work.status);
  web::PushRemoteError(ctx, work.status);
  (void)duk_throw(ctx);
  __builtin_unreachable();
}

// ctx.abort(reason, {retryAlarm})
duk_ret_t StateAbort(duk_context* ctx) {
  const auto& state = js::This<Binding>(ctx, kStateType);
  duk_set_top(ctx, 2);
  ObjectHooks& hooks = FindHooks(ctx, state.number);
  bool retry_alarm = true;
  if (duk_is_object(ctx, 1)) {
    duk_get_prop_string(ctx, 1, "retryAlarm");
    retry_alarm = duk_is_undefined(ctx, -1) || duk_to_boolean(ctx, -1);
    duk_pop(ctx);
  } else if (!duk_is_null_or_undefined(ctx, 1)) {
    ThrowArgument(ctx, "abort", "DurableObjectState", 2, "AbortOptions");
  }
  Work& work = PushWork(ctx);
  work.text = duk_is_undefined(ctx, 0) ? "Application called abort() to reset Durable Object." : js::RequireUtf8(ctx, 0);
  work.status = web::RemoteErrorStatus({.message = work.text, .durable_object_reset = true});
  if (!retry_alarm) hooks.DoNotRetryAlarm();
  ResetWith(ctx, state.number, work);
}

const js::Method kStateMethods[] = {
    {"waitUntil", StateWaitUntil, 1},
    {"acceptWebSocket", StateAcceptWebSocket, 1},
    {"getWebSockets", StateGetWebSockets, 0},
    {"setWebSocketAutoResponse", StateSetAutoResponse, 0},
    {"getWebSocketAutoResponse", StateGetAutoResponse, 0},
    {"getWebSocketAutoResponseTimestamp", StateGetAutoResponseTime, 1},
    {"setHibernatableWebSocketEventTimeout", StateSetEventTimeout, 0},
    {"getHibernatableWebSocketEventTimeout", StateGetEventTimeout, 0},
    {"getTags", StateGetTags, 1},
    {"abort", StateAbort, 0},
};
const js::Accessor kStateAccessors[] = {{"id", StateId},           {"storage", StateStorage}, {"props", StateProps},
                                        {"exports", StateExports}, {"facets", StateFacets},   {"container", StateContainer}};

// --- natives of lib/durable.js; their first argument is a state or a storage ---

Binding* BindingAt(duk_context* ctx, duk_idx_t index) {
  if (void* state = js::GetNative(ctx, index, kStateType)) return static_cast<Binding*>(state);
  return static_cast<Binding*>(js::GetNative(ctx, index, kStorageType));
}

const Binding& RequireBinding(duk_context* ctx, duk_idx_t index) {
  const Binding* binding = BindingAt(ctx, index);
  if (binding == nullptr) js::ThrowError(ctx, "TypeError", "Illegal invocation");
  return *binding;
}

uint64_t RequireWhole(duk_context* ctx, duk_idx_t index) { return static_cast<uint64_t>(duk_require_number(ctx, index)); }

// native.openSection(self) -> its number
duk_ret_t OpenSection(duk_context* ctx) {
  ObjectHooks& hooks = HooksOf(ctx, RequireBinding(ctx, 0).number);
  uint64_t section = 0;
  bool opened = false;
  {
    const absl::StatusOr<uint64_t> result = hooks.OpenSection();
    opened = result.ok();
    if (opened) section = *result;
  }
  if (!opened) js::ThrowError(ctx, "Error", "blockConcurrencyWhile() calls are nested too deeply.");
  duk_push_number(ctx, static_cast<double>(section));
  return 1;
}

void CallKept(duk_context* ctx, uint64_t ticket) {
  Take(ctx, ticket);
  if (duk_is_function(ctx, -1)) duk_call(ctx, 0);
  duk_pop(ctx);
}

// native.runInSection(self, section, function)
duk_ret_t RunInSection(duk_context* ctx) {
  ObjectHooks& hooks = FindHooks(ctx, RequireBinding(ctx, 0).number);
  const uint64_t section = RequireWhole(ctx, 1);
  duk_set_top(ctx, 3);
  const uint64_t ticket = Keep(ctx);
  hooks.RunInSection(section, [ticket](duk_context* c) { CallKept(c, ticket); });
  return 0;
}

// native.limitSection(self, section)
duk_ret_t LimitSection(duk_context* ctx) {
  const ObjectNumber number = RequireBinding(ctx, 0).number;
  ObjectHooks& hooks = FindHooks(ctx, number);
  hooks.LimitSection(RequireWhole(ctx, 1), kSectionTime, [number](duk_context* c) {
    ObjectHooks* found = ApiOf(c).finder->FindObject(number);
    if (found == nullptr) return;
    found->Reset(web::RemoteErrorStatus({.message = std::string(kSectionText), .overloaded = true, .durable_object_reset = true}));
  });
  return 0;
}

// native.closeSection(self, section)
duk_ret_t CloseSection(duk_context* ctx) {
  FindHooks(ctx, RequireBinding(ctx, 0).number).CloseSection(RequireWhole(ctx, 1));
  return 0;
}

// native.failSection(self, error): the callback of blockConcurrencyWhile has failed.
duk_ret_t FailSection(duk_context* ctx) {
  const ObjectNumber number = RequireBinding(ctx, 0).number;
  duk_set_top(ctx, 2);
  Work& work = PushWork(ctx);
  {
    web::RemoteError error = web::DescribeRemoteError(ctx, 1);
    error.remote = false;
    error.durable_object_reset = true;
    work.status = web::RemoteErrorStatus(error);
  }
  ResetWith(ctx, number, work);
}

// native.beginSavepoint(self) -> depth
duk_ret_t BeginSavepoint(duk_context* ctx) {
  RequireKvStack(ctx);
  ObjectHooks& hooks = HooksOf(ctx, RequireBinding(ctx, 0).number);
  Work& work = PushWork(ctx);
  int depth = 0;
  {
    const absl::StatusOr<int> begun = hooks.Storage().BeginSavepoint();
    work.status = begun.status();
    if (begun.ok()) depth = *begun;
  }
  ThrowUnlessOk(ctx, work);
  duk_push_int(ctx, depth);
  return 1;
}

duk_ret_t EndSavepoint(duk_context* ctx, absl::Status (ObjectStorage::*end)(int)) {
  ObjectHooks& hooks = HooksOf(ctx, RequireBinding(ctx, 0).number);
  Work& work = PushWork(ctx);
  work.status = (hooks.Storage().*end)(duk_require_int(ctx, 1));
  ThrowUnlessOk(ctx, work);
  return 0;
}
// native.releaseSavepoint(self, depth), native.rollbackSavepoint(self, depth)
duk_ret_t ReleaseSavepoint(duk_context* ctx) { return EndSavepoint(ctx, &ObjectStorage::ReleaseSavepoint); }
duk_ret_t RollbackSavepoint(duk_context* ctx) { return EndSavepoint(ctx, &ObjectStorage::RollbackSavepoint); }

// native.newTransaction(self, depth) -> DurableObjectTransaction
duk_ret_t NewTransaction(duk_context* ctx) {
  auto* transaction = new Transaction{.binding = RequireBinding(ctx, 0), .depth = duk_get_int(ctx, 1)};
  js::PushNative(ctx, kTransactionType, transaction);
  return 1;
}

// native.endTransaction(txn) -> its depth, or 0 if it has been rolled back
duk_ret_t EndTransaction(duk_context* ctx) {
  auto& transaction = *static_cast<Transaction*>(js::RequireNative(ctx, 0, kTransactionType));
  duk_push_int(ctx, transaction.phase == Transaction::Phase::kOpen ? transaction.depth : 0);
  transaction.phase = Transaction::Phase::kEnded;
  return 1;
}

// native.statePrototype(), native.storagePrototype()
duk_ret_t StatePrototype(duk_context* ctx) {
  PushStatePrototype(ctx);
  return 1;
}
duk_ret_t StoragePrototype(duk_context* ctx) {
  js::PushPrototype(ctx, kStorageType);
  return 1;
}
duk_ret_t RawIteratorPrototype(duk_context* ctx) {
  PushIteratorPrototype(ctx, IteratorKind::kRaw);
  return 1;
}
duk_ret_t ListIteratorPrototype(duk_context* ctx) {
  PushIteratorPrototype(ctx, IteratorKind::kList);
  return 1;
}

constexpr js::LibraryNative kNatives[] = {
    {"openSection", OpenSection, 1},
    {"runInSection", RunInSection, 3},
    {"limitSection", LimitSection, 2},
    {"closeSection", CloseSection, 2},
    {"failSection", FailSection, 2},
    {"beginSavepoint", BeginSavepoint, 1},
    {"releaseSavepoint", ReleaseSavepoint, 2},
    {"rollbackSavepoint", RollbackSavepoint, 2},
    {"newTransaction", NewTransaction, 2},
    {"endTransaction", EndTransaction, 1},
    {"statePrototype", StatePrototype, 0},
    {"storagePrototype", StoragePrototype, 0},
    {"rawIteratorPrototype", RawIteratorPrototype, 0},
    {"listIteratorPrototype", ListIteratorPrototype, 0},
};

// [ ... ] -> [ ... id ]: takes the identity.
void PushOwnedId(duk_context* ctx, ObjectIdentity* identity) {
  js::PushNative(ctx, kIdType, identity);
  DefineIdMember(ctx, "jurisdiction", identity->jurisdiction);
  DefineIdMember(ctx, "name", identity->name);
}

// [ ... ] -> [ ... object ]
void PushBound(duk_context* ctx, const js::NativeType& type, const Binding& binding) { js::PushNative(ctx, type, new Binding(binding)); }

}  // namespace

const js::NativeType kStateType = {"DurableObjectState", ReleaseBinding, 3, js::KeepCopy<Binding>};
const js::NativeType kStorageType = {"DurableObjectStorage", ReleaseBinding, 2, js::KeepCopy<Binding>};
const js::NativeType kTransactionType = {"DurableObjectTransaction", ReleaseTransaction, 0, js::KeepCopy<Transaction>};
const js::NativeType kSqlType = {"SqlStorage", ReleaseBinding, 0, js::KeepCopy<Binding>};
const js::NativeType kSyncKvType = {"SyncKvStorage", ReleaseBinding, 0, js::KeepCopy<Binding>};

std::span<const js::LibraryNative> Natives() { return kNatives; }

void DefineState(duk_context* ctx) {
  const js::Class id = {.type = &kIdType, .name = "DurableObjectId", .construct = nullptr, .methods = kIdMethods};
  js::DefineClass(ctx, id);
  duk_pop(ctx);
  const js::Class state = {
      .type = &kStateType, .name = "DurableObjectState", .construct = nullptr, .methods = kStateMethods, .accessors = kStateAccessors};
  js::DefineClass(ctx, state);
  duk_pop(ctx);
}

void PushObjectId(duk_context* ctx, ObjectIdentity&& identity) { PushOwnedId(ctx, new ObjectIdentity(std::move(identity))); }

const ObjectIdentity* GetObjectId(duk_context* ctx, duk_idx_t index) {
  return static_cast<const ObjectIdentity*>(js::GetNative(ctx, index, kIdType));
}

void PushState(duk_context* ctx, ObjectNumber number, const StateOptions& options) {
  const Binding binding = {number, options};
  PushBound(ctx, kStateType, binding);
  ObjectIdentity* identity = nullptr;
  {
    ObjectHooks& hooks = FindHooks(ctx, number);
    identity = new ObjectIdentity{.hex = std::string(hooks.IdHex()), .name = std::string(hooks.Name()), .jurisdiction = ""};
  }
  PushOwnedId(ctx, identity);
  js::SetSlot(ctx, -2, kIdSlot);
  PushBound(ctx, kStorageType, binding);
  PushBound(ctx, kSqlType, binding);
  js::SetSlot(ctx, -2, kSqlSlot);
  PushBound(ctx, kSyncKvType, binding);
  js::SetSlot(ctx, -2, kKvSlot);
  js::SetSlot(ctx, -2, kStorageSlot);
}

void SetStateProps(duk_context* ctx, duk_idx_t state) { js::SetSlot(ctx, state, kPropsSlot); }

void PushStatePrototype(duk_context* ctx) { js::PushPrototype(ctx, kStateType); }

std::optional<ObjectNumber> GetStateNumber(duk_context* ctx, duk_idx_t index) {
  const auto* binding = static_cast<const Binding*>(js::GetNative(ctx, index, kStateType));
  if (binding == nullptr) return std::nullopt;
  return binding->number;
}

ObjectNumber RequireThisState(duk_context* ctx) { return js::This<Binding>(ctx, kStateType).number; }

}  // namespace edge::durable
