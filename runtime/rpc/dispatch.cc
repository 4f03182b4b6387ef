// Calls that come in: the request as lib/rpc.js sees it, and the message that goes back.
#include <optional>
#include <utility>

#include "runtime/js/isolate.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/rpc/state.h"
#include "runtime/web/web.h"

namespace edge::rpc {
namespace {

// In the heap stash: promises of results that may still be called on, by number.
constexpr char kResultsKey[] = "rpcResults";

struct Incoming {
  CallRequest request;
  std::weak_ptr<CallResult> result;  // as long as somebody may name it
};
void ReleaseRequest(void* pointer) { delete static_cast<Incoming*>(pointer); }
const js::NativeType kRequestType = {"RpcRequest", ReleaseRequest};

struct Packed {
  Message message;
};
void ReleasePacked(void* pointer) { delete static_cast<Packed*>(pointer); }
constexpr uint32_t kValueSlot = 0;  // what the message was made of
const js::NativeType kPackedType = {"RpcResult", ReleasePacked, 1};

Incoming& RequireIncoming(duk_context* ctx) { return *static_cast<Incoming*>(js::RequireNative(ctx, 0, kRequestType)); }
CallRequest& RequireRequest(duk_context* ctx) { return RequireIncoming(ctx).request; }

// [ ... ] -> [ ... results ]
void PushResults(duk_context* ctx) {
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kResultsKey);
  duk_remove(ctx, -2);
}

// Forgets results that nobody can name any more.
void Sweep(duk_context* ctx) {
  RpcState& state = StateOf(ctx);
  if (state.released->numbers.empty()) return;
  PushResults(ctx);
  while (!state.released->numbers.empty()) {
    duk_push_number(ctx, static_cast<double>(state.released->numbers.back()));
    state.released->numbers.pop_back();
    duk_del_prop(ctx, -2);
  }
  duk_pop(ctx);
}

// native.stepNames(request) -> array; null: the receiver itself is called
duk_ret_t StepNames(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const CallRequest& request = RequireRequest(ctx);
  duk_push_array(ctx);
  duk_uarridx_t at = 0;
  for (const Step& step : request.steps) {
    if (step.name.empty() && step.arguments.has_value() && request.steps.size() == 1) {
      duk_push_null(ctx);
    } else {
      js::PushUtf8(ctx, step.name);
    }
    duk_put_prop_index(ctx, -2, at++);
  }
  return 1;
}

// native.stepArguments(request, index) -> inbox, or undefined
duk_ret_t StepArguments(duk_context* ctx) {
  duk_set_top(ctx, 2);
  CallRequest& request = RequireRequest(ctx);
  const auto index = static_cast<size_t>(duk_require_uint(ctx, 1));
  if (index >= request.steps.size() || !request.steps[index].arguments.has_value()) return 0;
  PushInbox(ctx, *request.steps[index].arguments);
  return 1;
}

// native.requestOn(request) -> the promise of the result that it is to be carried out on; undefined: on the receiver; null: it is gone
duk_ret_t RequestOn(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const CallRequest& request = RequireRequest(ctx);
  if (request.on == nullptr) return 0;
  if (!request.on->IsIn(StateOf(ctx).released)) {
    duk_push_null(ctx);
    return 1;
  }
  PushResults(ctx);
  duk_push_number(ctx, static_cast<double>(request.on->number()));
  duk_get_prop(ctx, -2);
  if (duk_is_undefined(ctx, -1)) duk_push_null(ctx);
  return 1;
}

// native.keepResult(request, promise): later requests may name it
duk_ret_t KeepResult(duk_context* ctx) {
  duk_set_top(ctx, 2);
  if (RequireRequest(ctx).result == nullptr) return 0;
  RpcState& state = StateOf(ctx);
  const uint64_t number = state.next_result++;
  PushResults(ctx);
  duk_push_number(ctx, static_cast<double>(number));
  duk_dup(ctx, 1);
  duk_put_prop(ctx, -3);
  Incoming& incoming = RequireIncoming(ctx);
  incoming.request.result->Bind(state.released, number);
  incoming.result = incoming.request.result;
  // If nobody else holds it, this forgets it again.
  incoming.request.result = nullptr;
  return 0;
}

// native.lease(request, handle) -> a handle to the same, which goes with the request's result; undefined: nobody can name that any more
duk_ret_t Lease(duk_context* ctx) {
  duk_set_top(ctx, 2);
  Incoming& incoming = RequireIncoming(ctx);
  const auto& from = *static_cast<Handle*>(js::RequireNative(ctx, 1, kHandleType));
  if (incoming.result.expired()) return 0;
  auto* handle = new Handle(StateOf(ctx));
  js::PushNative(ctx, kHandleType, handle);
  {
    auto held = std::make_shared<Handle::Held>(Handle::Held{from.Target(), from.Fetch()});
    handle->leased = held;
    if (const std::shared_ptr<CallResult> result = incoming.result.lock(); result != nullptr) result->Keep(std::move(held));
  }
  return 1;
}

// native.pack(value, request, group, lease) -> the result: the message for the way back, and the value for calls on it; after the message
// is written, calls lease(request, group)
duk_ret_t Pack(duk_context* ctx) {
  duk_set_top(ctx, 4);
  duk_dup(ctx, 0);
  Outbox& outbox = PushOutbox(ctx);  // 4
  auto* packed = new Packed();
  js::PushNative(ctx, kPackedType, packed);  // 5
  packed->message = std::move(outbox.message);
  // Nothing can be called on plain bytes and texts, which may be large.
  if (duk_is_object(ctx, 0) && !duk_is_buffer_data(ctx, 0)) {
    duk_dup(ctx, 0);
    js::SetSlot(ctx, 5, kValueSlot);
    duk_dup(ctx, 3);
    duk_dup(ctx, 1);
    duk_dup(ctx, 2);
    duk_call(ctx, 2);
    duk_pop(ctx);
  }
  return 1;
}

// native.packedValue(result)
duk_ret_t PackedValue(duk_context* ctx) {
  duk_set_top(ctx, 1);
  js::RequireNative(ctx, 0, kPackedType);
  js::PushSlot(ctx, 0, kValueSlot);
  return 1;
}

}  // namespace

std::span<const js::LibraryNative> DispatchNatives() {
  static constexpr js::LibraryNative kNatives[] = {{"stepNames", StepNames, 1},
                                                   {"stepArguments", StepArguments, 2},
                                                   {"requestOn", RequestOn, 1},
                                                   {"keepResult", KeepResult, 2},
                                                   {"pack", Pack, 4},
                                                   {"lease", Lease, 2},
                                                   {"packedValue", PackedValue, 1}};
  return kNatives;
}

void DefineDispatch(duk_context* ctx) {
  duk_push_heap_stash(ctx);
  duk_push_bare_object(ctx);
  duk_put_prop_string(ctx, -2, kResultsKey);
  duk_pop(ctx);
  for (const auto& [type, name] : {std::pair(&kRequestType, "RpcRequest"), std::pair(&kPackedType, "RpcResult")}) {
    const js::Class definition = {.type = type, .name = name, .construct = nullptr};
    js::DefineClass(ctx, definition);
    duk_pop(ctx);
  }
}

void Dispatch(duk_context* ctx, duk_idx_t receiver, Receiver rules, CallRequest request) {
  receiver = duk_normalize_index(ctx, receiver);
  auto* held = new Incoming{.request = std::move(request), .result = {}};
  js::PushNative(ctx, kRequestType, held);
  Sweep(ctx);
  js::PushLibraryFunction(ctx, "rpcDispatch");
  duk_dup(ctx, receiver);
  duk_push_int(ctx, static_cast<int>(rules));
  duk_dup(ctx, -4);
  duk_call(ctx, 3);
  duk_remove(ctx, -2);
}

void TakeResult(duk_context* ctx, duk_idx_t value, Message& out) {
  auto* packed = static_cast<Packed*>(js::GetNative(ctx, value, kPackedType));
  if (packed != nullptr) out = std::move(packed->message);
}

}  // namespace edge::rpc
