#include "runtime/websocket/web_socket.h"

#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "runtime/base/check.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/language/serialize.h"
#include "runtime/js/native.h"
#include "runtime/web/fetch_rules.h"
#include "runtime/web/host.h"
#include "runtime/web/web.h"
#include "runtime/web/web_socket_hooks.h"
#include "runtime/websocket/hibernation.h"
#include "runtime/websocket/lib/web_socket_library.h"

namespace edge::websocket {
namespace {

constexpr char kHandleKey[] = DUK_HIDDEN_SYMBOL("webSocketHandle");
constexpr size_t kAttachmentBytesMax = 16 * 1024;

using Phase = WebSocketCore::Phase;

// What the library's object holds on to.
struct Handle {
  std::shared_ptr<WebSocketCore> core;
  std::shared_ptr<web::FetchOperation> connecting;  // null: not a socket that connects
};
void ReleaseHandle(void* pointer) { delete static_cast<Handle*>(pointer); }
const js::NativeType kHandleType = {"WebSocketHandle", ReleaseHandle};

// Text that survives a throw.
void ReleaseBytes(void* pointer) { delete static_cast<std::string*>(pointer); }
const js::NativeType kBytesType = {"WebSocketBytes", ReleaseBytes};

struct State {
  Scheduler* scheduler;
  WebSocketOptions options;
};
State& StateOf(duk_context* ctx) { return *static_cast<State*>(js::GetAttachment(ctx, js::AttachmentKind::kWebSocket)); }

absl::AnyInvocable<void()> KeepState(void* attached) {
  auto* state = static_cast<State*>(attached);
  return [state, options = state->options] { *state = {nullptr, options}; };
}

Handle& RequireHandle(duk_context* ctx, duk_idx_t index) { return *static_cast<Handle*>(js::RequireNative(ctx, index, kHandleType)); }

// [ ... ] -> [ ... handle ]
Handle& PushHandle(duk_context* ctx, std::shared_ptr<WebSocketCore>& core) {
  auto* handle = new Handle{std::move(core), nullptr};
  js::PushNative(ctx, kHandleType, handle);
  return *handle;
}

Handle* FindHandle(duk_context* ctx, duk_idx_t index) {
  if (!duk_is_object(ctx, index) || !duk_has_prop_string(ctx, index, kHandleKey)) return nullptr;
  duk_get_prop_string(ctx, index, kHandleKey);
  auto* handle = static_cast<Handle*>(js::GetNative(ctx, -1, kHandleType));
  duk_pop(ctx);
  return handle;
}

// Both directions are closed: nobody waits for this end any more.
void EndIfClosed(WebSocketCore& core) {
  if (core.closed_incoming && core.closed_outgoing && core.end != nullptr)
    core.end->Lose(absl::UnavailableError("the WebSocket is closed"));
}

// Queues the close; from here on nothing more is sent. Through the gate.
void SendClose(duk_context* ctx, const std::shared_ptr<WebSocketCore>& core, uint16_t code, std::string reason) {
  core->closed_outgoing = true;
  web::HostOf(ctx).PassOutputGate([core, code, reason = std::move(reason)]() mutable {
    if (core->end == nullptr) return;
    core->end->Send(Message::Close(code, std::move(reason))).IgnoreError();
    EndIfClosed(*core);
  });
}

// --- natives; the first argument is a handle ---

duk_ret_t RequireInvocationNative(duk_context* ctx) {
  web::RequireInvocation(ctx);
  return 0;
}

duk_ret_t DefaultBinaryType(duk_context* ctx) {
  duk_push_string(ctx, StateOf(ctx).options.binary_type == WebSocketOptions::BinaryType::kBlob ? "blob" : "arraybuffer");
  return 1;
}

// native.attach(webSocket, handle)
duk_ret_t Attach(duk_context* ctx) {
  duk_set_top(ctx, 2);
  duk_push_string(ctx, kHandleKey);
  duk_insert(ctx, 1);
  duk_def_prop(ctx, 0, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_HAVE_WEC);
  return 0;
}

// native.newHandle(): of a socket that is going to connect
duk_ret_t NewHandle(duk_context* ctx) {
  auto core = std::make_shared<WebSocketCore>();
  core->phase = Phase::kConnecting;
  PushHandle(ctx, core);
  return 1;
}

// native.newPair() -> [handle, handle]
duk_ret_t NewPair(duk_context* ctx) {
  web::RequireInvocation(ctx);
  duk_push_array(ctx);
  for (duk_uarridx_t i = 0; i < 2; ++i) {
    js::PushNative(ctx, kHandleType, new Handle());
    duk_put_prop_index(ctx, -2, i);
  }
  duk_get_prop_index(ctx, -1, 0);
  duk_get_prop_index(ctx, -2, 1);
  Handle& first = RequireHandle(ctx, -2);
  Handle& second = RequireHandle(ctx, -1);
  duk_pop_2(ctx);
  End::Pair ends = End::MakePair(*StateOf(ctx).scheduler);
  first.core = std::make_shared<WebSocketCore>();
  second.core = std::make_shared<WebSocketCore>();
  first.core->end = std::move(ends.first);
  second.core->end = std::move(ends.second);
  first.core->peer = second.core;
  second.core->peer = first.core;
  return 1;
}

// native.accept(handle) -> true: it is accepted now
duk_ret_t Accept(duk_context* ctx) {
  duk_set_top(ctx, 1);
  WebSocketCore& core = *RequireHandle(ctx, 0).core;
  switch (core.phase) {
    case Phase::kConnecting:
      js::ThrowError(ctx, "TypeError", "Websockets obtained from the 'new WebSocket()' constructor cannot call accept");
    case Phase::kReleased:
      js::ThrowError(ctx, "TypeError", "Can't accept() WebSocket that was already used in a response.");
    case Phase::kHibernatable:
      js::ThrowError(ctx, "TypeError", "Can't accept() WebSocket after enabling hibernation.");
    case Phase::kAccepted:
      duk_push_false(ctx);
      return 1;
    case Phase::kUnaccepted:
      break;
  }
  web::RequireInvocation(ctx);
  core.phase = Phase::kAccepted;
  duk_push_true(ctx);
  return 1;
}

constexpr const char* kNotAcceptedText =
    "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.";

// native.send(handle, text | bytes)
duk_ret_t Send(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const std::shared_ptr<WebSocketCore>& core = RequireHandle(ctx, 0).core;
  if (core->closed_outgoing) js::ThrowError(ctx, "TypeError", "Can't call WebSocket send() after close().");
  // After a connection has gone, sending does nothing: the standard.
  if (core->outgoing_aborted || core->phase == Phase::kReleased) return 0;
  if (core->phase != Phase::kAccepted && core->phase != Phase::kHibernatable) js::ThrowError(ctx, "TypeError", kNotAcceptedText);
  const bool text = duk_is_string(ctx, 1);
  const std::string_view data = text ? js::RequireUtf8(ctx, 1) : web::GetBytes(ctx, 1).value_or(std::string_view());
  js::ChargeCpu(ctx, static_cast<int64_t>(data.size() / 8));
  if (!core->end->HasSpaceFor(core->held_bytes + data.size())) {
    js::ThrowError(ctx, "Error", "The WebSocket cannot send more now: too many messages wait for the other side to take them.");
  }
  core->held_bytes += data.size();
  web::HostOf(ctx).PassOutputGate(
      [core, size = data.size(), message = text ? Message::Text(std::string(data)) : Message::Binary(std::string(data))]() mutable {
        core->held_bytes -= size;
        if (core->end != nullptr && absl::IsResourceExhausted(core->end->Send(std::move(message)))) {
          core->end->Lose(absl::ResourceExhaustedError("too many messages wait for the other side to take them"));
        }
      });
  return 0;
}

// native.close(handle, code | undefined, reason | undefined, failed, error)
duk_ret_t Close(duk_context* ctx) {
  duk_set_top(ctx, 5);
  Handle& handle = RequireHandle(ctx, 0);
  WebSocketCore& core = *handle.core;
  // What was asked for is looked at before the state of the socket is, as in the standard.
  double code = kNoStatus;
  if (!duk_is_undefined(ctx, 1)) {
    code = duk_require_number(ctx, 1);
    if (!(code >= 1000 && code < 5000) || code == 1004 || code == 1005 || code == 1006 || code == 1015) {
      js::ThrowDomException(ctx, "InvalidAccessError", "Invalid WebSocket close code: %.0f.", code);
    }
  }
  std::string_view reason;
  if (!duk_is_undefined(ctx, 2)) {
    if (duk_is_undefined(ctx, 1)) {
      js::ThrowDomException(ctx, "InvalidAccessError", "If you specify a WebSocket close reason, you must also specify a code.");
    }
    reason = js::RequireUtf8(ctx, 2);
    if (reason.size() > kReasonBytesMax) {
      js::ThrowDomException(ctx, "SyntaxError", "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.");
    }
  }
  if (core.phase == Phase::kConnecting) {
    core.phase = Phase::kReleased;
    if (handle.connecting != nullptr) handle.connecting->Cancel();
    return 0;
  }
  if (core.closed_outgoing || core.outgoing_aborted || core.phase == Phase::kReleased) return 0;
  if (core.phase == Phase::kUnaccepted) js::ThrowError(ctx, "TypeError", kNotAcceptedText);
  if (duk_to_boolean(ctx, 3)) {
    duk_dup(ctx, 4);
    duk_throw(ctx);
  }
  SendClose(ctx, handle.core, static_cast<uint16_t>(code), std::string(reason));
  return 0;
}

// An accepted socket whose invocation ends: what it waits for will not be waited for again.
struct Receiving {
  std::shared_ptr<WebSocketCore> core;
  std::shared_ptr<void> hold;  // of the invocation
  absl::StatusOr<Message> result = absl::CancelledError("cancelled");
  bool delivered = false;
  ~Receiving() {
    if (!delivered && core->end != nullptr)
      core->end->Lose(absl::UnavailableError("the invocation that had accepted the WebSocket has ended"));
  }
};

// [ ... ] -> [ ... ArrayBuffer ]
void PushArrayBuffer(duk_context* ctx, std::string_view bytes) {
  void* data = duk_push_fixed_buffer(ctx, bytes.size());
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  duk_push_buffer_object(ctx, -1, 0, bytes.size(), DUK_BUFOBJ_ARRAYBUFFER);
  duk_remove(ctx, -2);
}

// The other side has closed; in both directions it is over, and where the platform answers by itself it does so now.
void OnCloseReceived(duk_context* ctx, const std::shared_ptr<WebSocketCore>& core, const Message& close) {
  core->closed_incoming = true;
  if (!core->closed_outgoing && StateOf(ctx).options.close_reply == WebSocketOptions::CloseReply::kAutomatic) {
    SendClose(ctx, core, close.code, std::string(close.data));
  } else {
    EndIfClosed(*core);
  }
}

// [ ... ] -> [ ... incoming ]: [kind, ...] as the library knows it
void PushIncoming(duk_context* ctx, const std::shared_ptr<WebSocketCore>& core, const absl::StatusOr<Message>& result) {
  duk_push_array(ctx);
  const auto put = [ctx](duk_uarridx_t at) { duk_put_prop_index(ctx, -2, at); };
  if (!result.ok()) {
    const bool news = !core->closed_incoming;
    core->closed_incoming = core->outgoing_aborted = true;
    duk_push_int(ctx, news ? 3 : 4);
    put(0);
    js::PushUtf8(ctx, {result.status().message().data(), result.status().message().size()});
    put(1);
    duk_push_boolean(ctx, absl::IsInvalidArgument(result.status()));
    put(2);
    return;
  }
  duk_push_int(ctx, static_cast<int>(result->kind));
  put(0);
  switch (result->kind) {
    case Message::Kind::kText:
      js::PushUtf8(ctx, result->data);
      put(1);
      break;
    case Message::Kind::kBinary:
      PushArrayBuffer(ctx, result->data);
      put(1);
      break;
    case Message::Kind::kClose:
      duk_push_int(ctx, result->code);
      put(1);
      js::PushUtf8(ctx, result->data);
      put(2);
      break;
  }
}

// native.receive(handle) -> promise of what comes next
duk_ret_t Receive(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const std::shared_ptr<WebSocketCore>& core = RequireHandle(ctx, 0).core;
  const uint32_t promise = js::NewPromise(ctx);
  auto receiving = std::make_shared<Receiving>();
  receiving->core = core;
  receiving->hold = web::HostOf(ctx).HoldForWebSocket();
  web::HostOf(ctx).StartTask(
      "websocket.receive", [receiving] { receiving->result = receiving->core->end->Receive(); },
      [receiving, promise](duk_context* c) {
        const std::shared_ptr<WebSocketCore>& socket = receiving->core;
        receiving->delivered = true;
        web::HostOf(c).RenewCpu();
        PushIncoming(c, socket, receiving->result);
        js::SettlePromise(c, promise, js::Settle::kResolve);
        if (receiving->result.ok() && receiving->result->kind == Message::Kind::kClose) OnCloseReceived(c, socket, *receiving->result);
      });
  return 1;
}

// native.isClosed(handle): in both directions
duk_ret_t IsClosed(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const WebSocketCore& core = *RequireHandle(ctx, 0).core;
  duk_push_boolean(ctx, core.closed_incoming && core.closed_outgoing);
  return 1;
}

duk_ret_t IsReleased(duk_context* ctx) {
  duk_set_top(ctx, 1);
  duk_push_boolean(ctx, RequireHandle(ctx, 0).core->phase == Phase::kReleased);
  return 1;
}

// native.fail(handle): it could not connect
duk_ret_t Fail(duk_context* ctx) {
  duk_set_top(ctx, 1);
  WebSocketCore& core = *RequireHandle(ctx, 0).core;
  core.phase = Phase::kReleased;
  core.closed_incoming = core.outgoing_aborted = true;
  return 0;
}

// native.abandon(handle): a listener has failed. Nothing is sent or received any more; the other side sees the connection lost.
duk_ret_t Abandon(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const std::shared_ptr<WebSocketCore>& core = RequireHandle(ctx, 0).core;
  core->closed_incoming = core->outgoing_aborted = true;
  web::HostOf(ctx).PassOutputGate([core] {
    if (core->end != nullptr) core->end->Lose(absl::UnavailableError("a listener of the WebSocket has thrown"));
  });
  return 0;
}

duk_ret_t ReadyState(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const WebSocketCore& core = *RequireHandle(ctx, 0).core;
  const bool closed = core.closed_incoming && (core.closed_outgoing || core.outgoing_aborted);
  duk_push_int(ctx, closed ? 3 : core.closed_incoming || core.closed_outgoing ? 2 : core.phase == Phase::kConnecting ? 0 : 1);
  return 1;
}

// native.serializeAttachment(handle, value)
duk_ret_t SerializeAttachment(duk_context* ctx) {
  duk_set_top(ctx, 2);
  WebSocketCore& core = *RequireHandle(ctx, 0).core;
  auto* bytes = new std::string();
  js::PushNative(ctx, kBytesType, bytes);
  js::SerializeValue(ctx, 1, *bytes);
  if (bytes->size() > kAttachmentBytesMax) {
    js::ThrowError(ctx, "Error", "A WebSocket 'attachment' cannot be larger than %d bytes.'attachment' was %d bytes.",
                   static_cast<int>(kAttachmentBytesMax), static_cast<int>(bytes->size()));
  }
  core.attachment = *bytes;
  core.has_attachment = true;
  return 0;
}

duk_ret_t DeserializeAttachment(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const WebSocketCore& core = *RequireHandle(ctx, 0).core;
  if (!core.has_attachment) {
    duk_push_null(ctx);
    return 1;
  }
  // A copy: reading it may run out of memory, and JavaScript may run meanwhile.
  auto* bytes = new std::string(core.attachment);
  js::PushNative(ctx, kBytesType, bytes);
  js::DeserializeValue(ctx, *bytes);
  return 1;
}

// [ ... ] -> [ ... text | null ]
void PushTextOrNull(duk_context* ctx, const std::string* text) {
  if (text == nullptr) {
    duk_push_null(ctx);
  } else {
    js::PushUtf8(ctx, *text);
  }
}

// The answer to a new WebSocket()'s request.
void FinishConnect(duk_context* ctx, uint32_t promise, const std::shared_ptr<WebSocketCore>& core,
                   absl::StatusOr<web::FetchResponse>& response) {
  if (!response.ok() || response->web_socket == nullptr) {
    if (!response.ok()) {
      js::PushUtf8(ctx, {response.status().message().data(), response.status().message().size()});
      duk_push_error_object(ctx, DUK_ERR_ERROR, "%s",
                            absl::IsUnavailable(response.status()) ? "Network connection lost." : duk_get_string(ctx, -1));
    } else {
      duk_push_error_object(ctx, DUK_ERR_TYPE_ERROR,
                            "Failed to establish the WebSocket connection: expected server to reply with HTTP status code 101 "
                            "(switching protocols), but received %d instead.",
                            response->status);
    }
    js::SettlePromise(ctx, promise, js::Settle::kReject);
    return;
  }
  if (core->phase == Phase::kConnecting) {
    core->phase = Phase::kUnaccepted;
    core->end = std::move(response->web_socket);
    duk_push_array(ctx);
    PushTextOrNull(ctx, response->headers.Find("sec-websocket-protocol"));
    duk_put_prop_index(ctx, -2, 0);
    PushTextOrNull(ctx, response->headers.Find("sec-websocket-extensions"));
    duk_put_prop_index(ctx, -2, 1);
  } else {
    duk_push_undefined(ctx);
  }
  js::SettlePromise(ctx, promise, js::Settle::kResolve);
}

// native.connect(handle, url, protocols) -> promise of [protocol, extensions]
duk_ret_t Connect(duk_context* ctx) {
  duk_set_top(ctx, 3);
  Handle& handle = RequireHandle(ctx, 0);
  const std::string_view url = js::RequireUtf8(ctx, 1);
  const std::string_view protocols = js::RequireUtf8(ctx, 2);
  const uint32_t promise = js::NewPromise(ctx);
  web::FetchRequest request;
  request.url.assign(url);
  request.headers.Append("Upgrade", "websocket");
  if (!protocols.empty()) request.headers.Append("Sec-WebSocket-Protocol", protocols);
  if (absl::Status address = web::CheckFetchUrl(request.url); !address.ok()) {
    // As a fetch that fails later: the constructor has returned by then.
    auto refused = std::make_shared<absl::StatusOr<web::FetchResponse>>(std::move(address));
    web::HostOf(ctx).StartTask(
        "websocket.connect", [] {}, [promise, refused, core = handle.core](duk_context* c) { FinishConnect(c, promise, core, *refused); });
    return 1;
  }
  handle.connecting = web::HostOf(ctx).StartFetch(
      std::move(request), nullptr, [promise, core = handle.core](duk_context* c, absl::StatusOr<web::FetchResponse>& response) {
        FinishConnect(c, promise, core, response);
      });
  return 1;
}

constexpr js::LibraryNative kNatives[] = {
    {"requireInvocation", RequireInvocationNative, 0},
    {"defaultBinaryType", DefaultBinaryType, 0},
    {"attach", Attach, 2},
    {"newHandle", NewHandle, 0},
    {"newPair", NewPair, 0},
    {"accept", Accept, 1},
    {"send", Send, 2},
    {"close", Close, 5},
    {"receive", Receive, 1},
    {"isClosed", IsClosed, 1},
    {"isReleased", IsReleased, 1},
    {"abandon", Abandon, 1},
    {"fail", Fail, 1},
    {"readyState", ReadyState, 1},
    {"serializeAttachment", SerializeAttachment, 2},
    {"deserializeAttachment", DeserializeAttachment, 1},
    {"connect", Connect, 3},
};

// --- for runtime/web ---

bool IsWebSocket(duk_context* ctx, duk_idx_t index) { return FindHandle(ctx, index) != nullptr; }

std::shared_ptr<End> TakeEnd(duk_context* ctx, duk_idx_t index, std::string& problem) {
  Handle* const handle = FindHandle(ctx, index);
  EDGE_CHECK(handle != nullptr);
  WebSocketCore& core = *handle->core;
  switch (core.phase) {
    case Phase::kConnecting:
      problem = "TypeError: Can't return WebSocket in a Response if it was created with `new WebSocket()`";
      return nullptr;
    case Phase::kReleased:
      problem = "TypeError: Can't return WebSocket that was already used in a response.";
      return nullptr;
    case Phase::kHibernatable:
      problem = "TypeError: Can't return WebSocket in a Response after calling acceptWebSocket().";
      return nullptr;
    case Phase::kAccepted:
      problem = "TypeError: Can't return WebSocket in a Response after calling accept().";
      return nullptr;
    case Phase::kUnaccepted:
      break;
  }
  core.phase = Phase::kReleased;
  return std::move(core.end);
}

void PushEnd(duk_context* ctx, std::shared_ptr<End>& end, std::string_view protocol) {
  js::PushLibraryFunction(ctx, "webSocketOf");
  js::PushNative(ctx, kHandleType, new Handle());
  Handle& handle = RequireHandle(ctx, -1);
  handle.core = std::make_shared<WebSocketCore>();
  handle.core->end = std::move(end);
  handle.core->protocol.assign(protocol);
  duk_push_null(ctx);
  js::PushUtf8(ctx, protocol);
  duk_call(ctx, 3);
}

constexpr web::WebSocketHooks kHooks = {.is_web_socket = IsWebSocket, .take = TakeEnd, .push = PushEnd};

}  // namespace

void InstallWebSocket(duk_context* ctx, Scheduler& scheduler, const WebSocketOptions& options) {
  js::SetAttachment(
      ctx, js::AttachmentKind::kWebSocket, new State{&scheduler, options}, [](void* attached) { delete static_cast<State*>(attached); },
      KeepState);
  for (const js::NativeType* type : {&kHandleType, &kBytesType}) {
    const js::Class definition = {.type = type, .name = type->name, .construct = nullptr};
    js::DefineClass(ctx, definition);
    duk_pop(ctx);
  }
  InstallHibernation(ctx);
  web::SetWebSocketHooks(ctx, kHooks);
  for (const js::LibraryFile& file : js::WebSocketLibrary()) js::RunLibraryFile(ctx, file.name, file.bytecode, kNatives);
}

void RebindWebSocket(duk_context* ctx, Scheduler& scheduler) { StateOf(ctx).scheduler = &scheduler; }

void PushWebSocket(duk_context* ctx, std::shared_ptr<WebSocketCore> core) {
  js::PushLibraryFunction(ctx, "webSocketOf");
  auto* handle = new Handle{std::move(core), nullptr};
  js::PushNative(ctx, kHandleType, handle);
  duk_push_null(ctx);
  js::PushUtf8(ctx, handle->core->protocol);
  duk_call(ctx, 3);
}

WebSocketCore* GetWebSocketCore(duk_context* ctx, duk_idx_t index) {
  Handle* const handle = FindHandle(ctx, index);
  return handle == nullptr ? nullptr : handle->core.get();
}

std::shared_ptr<WebSocketCore> ShareWebSocketCore(duk_context* ctx, duk_idx_t index) {
  Handle* const handle = FindHandle(ctx, index);
  EDGE_CHECK(handle != nullptr);
  return handle->core;
}

void SetWebSocketCore(duk_context* ctx, duk_idx_t index, std::shared_ptr<WebSocketCore> core) {
  Handle* const handle = FindHandle(ctx, index);
  EDGE_CHECK(handle != nullptr);
  handle->core = std::move(core);
}

bool PushRequestResponse(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  js::PushLibraryFunction(ctx, "requestResponseOf");
  duk_dup(ctx, index);
  duk_call(ctx, 1);
  if (!duk_is_object(ctx, -1)) {
    duk_pop(ctx);
    return false;
  }
  duk_get_prop_index(ctx, -1, 0);
  duk_get_prop_index(ctx, -2, 1);
  duk_remove(ctx, -3);
  return true;
}

void PushRequestResponsePair(duk_context* ctx, std::string_view request, std::string_view response) {
  js::PushLibraryFunction(ctx, "newRequestResponse");
  js::PushUtf8(ctx, request);
  js::PushUtf8(ctx, response);
  duk_call(ctx, 2);
}

}  // namespace edge::websocket
