// fetch() for JavaScript: takes a Request apart, gives it to the host, and settles the promise with what comes back.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/fetch_rules.h"
#include "runtime/web/internal.h"
#include "runtime/web/remote_error.h"
#include "runtime/web/transfer.h"

namespace edge::web {
namespace {

inline constexpr uint32_t kPromiseSlot = 0;

// One fetch() as JavaScript holds it.
struct FetchState {
  std::shared_ptr<FetchTarget> target;  // null: the network
  FetchRequest request;                 // until it is given to the host
  std::optional<uint64_t> body_length;
  std::string problem;   // a text that must outlive a throw
  uint32_t promise = 0;  // 0: not started
  std::shared_ptr<FetchOperation> operation;
  std::shared_ptr<BodyPipe> pipe;  // null: the body is none that JavaScript produces
};

void ReleaseTarget(void* pointer) { delete static_cast<std::shared_ptr<FetchTarget>*>(pointer); }
const js::NativeType kTargetType = {"FetchTarget", ReleaseTarget};

void ReleaseFetch(void* pointer) { delete static_cast<FetchState*>(pointer); }
const js::NativeType kFetchType = {"FetchOperation", ReleaseFetch, 1};

FetchState& RequireFetch(duk_context* ctx, duk_idx_t index) { return *static_cast<FetchState*>(js::RequireNative(ctx, index, kFetchType)); }

void SettleFetch(duk_context* ctx, uint32_t promise, absl::StatusOr<FetchResponse>& response) {
  if (!response.ok()) {
    if (RemoteErrorOf(response.status()).has_value()) {
      PushRemoteError(ctx, response.status());
    } else {
      PushSourceError(ctx, response.status());
    }
    js::SettlePromise(ctx, promise, js::Settle::kReject);
    return;
  }
  PushFetchedResponse(ctx, *response);
  js::SettlePromise(ctx, promise, js::Settle::kResolve);
}

duk_ret_t RequireInvocationNative(duk_context* ctx) {
  RequireInvocation(ctx);
  return 0;
}

// native.requestSignal(request): the signal that it was given, or undefined
duk_ret_t RequestSignal(duk_context* ctx) {
  duk_set_top(ctx, 1);
  PushRequestSignal(ctx, 0);
  return 1;
}

// native.newFetch(target | undefined) -> operation
duk_ret_t NewFetch(duk_context* ctx) {
  duk_set_top(ctx, 1);
  auto* fetch = new FetchState();
  js::PushNative(ctx, kFetchType, fetch);
  if (auto* target = static_cast<std::shared_ptr<FetchTarget>*>(js::GetNative(ctx, 0, kTargetType)); target != nullptr) {
    fetch->target = *target;
  }
  return 1;
}

// native.startFetch(operation, request) -> the stream that its body is made from, or undefined
duk_ret_t StartFetch(duk_context* ctx) {
  duk_set_top(ctx, 2);
  FetchState& fetch = RequireFetch(ctx, 0);
  const bool streamed = TakeRequest(ctx, 1, fetch.request, fetch.body_length);
  if (!streamed) duk_push_undefined(ctx);  // [ operation request stream | undefined ]
  {
    const absl::Status address = CheckFetchUrl(fetch.request.url, fetch.target != nullptr ? Destination::kTarget : Destination::kNetwork);
    if (!address.ok()) {
      fetch.problem.assign(address.message().data(), address.message().size());
    } else if (streamed) {
      fetch.pipe = HostOf(ctx).NewBodyPipe(fetch.body_length);
      fetch.request.stream = fetch.pipe;
    }
  }
  // What goes to another isolate may outlive this one, and its account.
  if (fetch.request.bytes.has_value() && fetch.target == nullptr) {
    auto charge = std::make_shared<MemoryCharge>(StateOf(ctx).memory);
    charge->Set(fetch.request.bytes->size());
    fetch.request.account = std::move(charge);
  }
  RequireMemory(ctx);
  if (!fetch.problem.empty()) js::ThrowError(ctx, "TypeError", "%s", fetch.problem.c_str());
  fetch.promise = js::NewPromise(ctx);
  js::SetSlot(ctx, 0, kPromiseSlot);
  fetch.operation = HostOf(ctx).StartFetch(
      std::move(fetch.request), std::move(fetch.target),
      [promise = fetch.promise](duk_context* c, absl::StatusOr<FetchResponse>& response) { SettleFetch(c, promise, response); });
  return 1;
}

// native.fetchPromise(operation)
duk_ret_t FetchPromise(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireFetch(ctx, 0);
  js::PushSlot(ctx, 0, kPromiseSlot);
  return 1;
}

// native.failFetch(operation, reason): ends it; its promise is rejected with the reason if it is still pending
duk_ret_t FailFetch(duk_context* ctx) {
  duk_set_top(ctx, 2);
  FetchState& fetch = RequireFetch(ctx, 0);
  if (fetch.pipe != nullptr) fetch.pipe->End(absl::CancelledError("the request's body has failed"));
  fetch.operation->Cancel();
  js::SettlePromise(ctx, fetch.promise, js::Settle::kReject);
  return 0;
}

// native.isFetchOver(operation)
duk_ret_t IsFetchOver(duk_context* ctx) {
  duk_set_top(ctx, 1);
  duk_push_boolean(ctx, RequireFetch(ctx, 0).operation->over());
  return 1;
}

// native.setBodySignal(response, signal)
duk_ret_t SetBodySignalNative(duk_context* ctx) {
  duk_set_top(ctx, 2);
  SetBodySignal(ctx, 0);
  return 0;
}

// native.bodyDemand(operation) -> promise of true when the connection wants a piece, of false if it wants no more
duk_ret_t BodyDemand(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireInvocation(ctx);
  FetchState& fetch = RequireFetch(ctx, 0);
  const uint32_t promise = js::NewPromise(ctx);
  auto wanted = std::make_shared<bool>(false);
  HostOf(ctx).StartTask(
      "fetch.body", [pipe = fetch.pipe, wanted] { *wanted = pipe->WaitForDemand(); },
      [promise, wanted](duk_context* c) {
        duk_push_boolean(c, *wanted);
        js::SettlePromise(c, promise, js::Settle::kResolve);
      });
  return 1;
}

// native.putBody(operation, bytes | text)
duk_ret_t PutBody(duk_context* ctx) {
  duk_set_top(ctx, 2);
  FetchState& fetch = RequireFetch(ctx, 0);
  const std::string_view bytes = duk_is_string(ctx, 1) ? js::RequireUtf8(ctx, 1) : GetBytes(ctx, 1).value_or(std::string_view());
  PutGated(ctx, fetch.pipe, bytes);
  return 0;
}

// native.endBody(operation)
duk_ret_t EndBody(duk_context* ctx) {
  duk_set_top(ctx, 1);
  EndGated(ctx, RequireFetch(ctx, 0).pipe, absl::OkStatus());
  return 0;
}

// fetch(request) of a Request that can go as it is. [ ... ] -> [ ... promise ]
void SendReadyRequest(duk_context* ctx, duk_idx_t request, absl::FunctionRef<std::shared_ptr<FetchTarget>()> target) {
  RequireInvocation(ctx);
  RequireMemory(ctx);
  const uint32_t promise = js::NewPromise(ctx);
  FetchRequest sent;
  TakeReadyRequest(ctx, request, sent);
  HostOf(ctx).StartFetch(std::move(sent), target(),
                         [promise](duk_context* c, absl::StatusOr<FetchResponse>& response) { SettleFetch(c, promise, response); });
}

}  // namespace

std::span<const js::LibraryNative> FetchNatives() {
  static constexpr js::LibraryNative kNatives[] = {{"requireInvocation", RequireInvocationNative, 0},
                                                   {"requestSignal", RequestSignal, 1},
                                                   {"newFetch", NewFetch, 1},
                                                   {"startFetch", StartFetch, 2},
                                                   {"fetchPromise", FetchPromise, 1},
                                                   {"failFetch", FailFetch, 2},
                                                   {"isFetchOver", IsFetchOver, 1},
                                                   {"setBodySignal", SetBodySignalNative, 2},
                                                   {"bodyDemand", BodyDemand, 1},
                                                   {"putBody", PutBody, 2},
                                                   {"endBody", EndBody, 1}};
  return kNatives;
}

void DefineFetch(duk_context* ctx) {
  const js::Class fetch = {.type = &kFetchType, .name = "FetchOperation", .construct = nullptr};
  js::DefineClass(ctx, fetch);
  duk_pop(ctx);
  const js::Class target = {.type = &kTargetType, .name = "FetchTarget", .construct = nullptr};
  js::DefineClass(ctx, target);
  duk_pop(ctx);
}

void FetchFrom(duk_context* ctx, absl::FunctionRef<std::shared_ptr<FetchTarget>()> target, duk_idx_t first) {
  const duk_idx_t count = duk_get_top(ctx) - first;
  if (count > 0 && (count == 1 || duk_is_null_or_undefined(ctx, first + 1)) && IsReadyRequest(ctx, first)) {
    SendReadyRequest(ctx, first, target);
    duk_replace(ctx, first);
    duk_set_top(ctx, first + 1);
    return;
  }
  js::PushNative(ctx, kTargetType, new std::shared_ptr<FetchTarget>(target()));
  duk_insert(ctx, first);
  js::PushLibraryFunction(ctx, "fetchFrom");
  duk_insert(ctx, first);
  duk_call(ctx, count + 1);
}

}  // namespace edge::web
