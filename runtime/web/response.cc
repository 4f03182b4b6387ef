// Response (Fetch standard section 5.5).
#include <array>

#include "runtime/js/native.h"
#include "runtime/web/fetch_rules.h"
#include "runtime/web/internal.h"
#include "runtime/web/transfer.h"
#include "runtime/web/web.h"

namespace edge::web {
namespace {

inline constexpr uint32_t kCfSlot = 2;
inline constexpr uint32_t kWebSocketSlot = 3;
inline constexpr uint32_t kSignalSlot = 4;  // an AbortSignal that ends the body of a fetched response
inline constexpr uint32_t kSlots = 5;

struct ResponseState {
  Body body;
  int status = 200;
  std::string status_text;
  std::string url;
  enum class Redirected : uint8_t { kNo, kYes } redirected = Redirected::kNo;
  const char* type = "default";
  // The content type that the body implies, kept here until somebody asks for `headers`, which is what most answers never do.
  std::string_view implied_content_type;
};

void ReleaseResponse(void* pointer) { delete static_cast<ResponseState*>(pointer); }

// Null if its body comes from outside: that belongs to one owner's world.
js::NativeMaker KeepResponse(void* pointer) {
  if (static_cast<ResponseState*>(pointer)->body.source != nullptr) return nullptr;
  return js::KeepCopy<ResponseState>(pointer);
}

ResponseState& ThisResponse(duk_context* ctx) { return js::This<ResponseState>(ctx, kResponseType); }

constexpr std::string_view kPlainTextType = "text/plain;charset=UTF-8";
constexpr std::string_view kJsonType = "application/json";

// [ ... ] -> [ ... headers ]
HeadersState& PushResponseHeaders(duk_context* ctx, duk_idx_t object, ResponseState& response) {
  object = duk_normalize_index(ctx, object);
  js::PushSlot(ctx, object, kHeadersSlot);
  if (duk_is_undefined(ctx, -1)) {
    duk_pop(ctx);
    HeadersState& headers = PushHeaders(ctx);
    if (!response.implied_content_type.empty()) headers.list.Append("Content-Type", response.implied_content_type);
    response.implied_content_type = {};
    duk_dup(ctx, -1);
    js::SetSlot(ctx, object, kHeadersSlot);
    return headers;
  }
  return *static_cast<HeadersState*>(js::GetNative(ctx, -1, kHeadersType));
}

bool GetMember(duk_context* ctx, duk_idx_t init, const char* name) {
  duk_get_prop_string(ctx, init, name);
  return !duk_is_undefined(ctx, -1);
}

// [ ... ] -> [ ... webSocket | undefined ]: that of the Response at `object`.
bool PushWebSocket(duk_context* ctx, duk_idx_t object) {
  js::PushSlot(ctx, object, kWebSocketSlot);
  return !duk_is_undefined(ctx, -1);
}

// The WebSocket of an answer 101, if it has one: into the Response at `object`.
void TakeWebSocketFrom(duk_context* ctx, duk_idx_t object, const HeadersState& headers, std::shared_ptr<websocket::End>& end) {
  const WebSocketHooks* const hooks = StateOf(ctx).web_sockets;
  if (end == nullptr || hooks == nullptr) return;
  const std::string* const protocol = headers.list.Find("sec-websocket-protocol");
  hooks->push(ctx, end, protocol != nullptr ? std::string_view(*protocol) : std::string_view());
  js::SetSlot(ctx, object, kWebSocketSlot);
}

enum class Handshake : uint8_t { kNo, kYes };

int RequireStatus(duk_context* ctx, duk_idx_t index, Handshake handshake) {
  const double status = duk_to_number(ctx, index);
  if (handshake == Handshake::kYes) {
    if (status != 101) js::ThrowError(ctx, "RangeError", "Responses with a WebSocket must have status code 101.");
    return 101;
  }
  if (!(status >= 200 && status <= 599)) {
    js::ThrowError(ctx, "RangeError", "Responses may only be constructed with status codes in the range 200 to 599, inclusive.");
  }
  return static_cast<int>(status);
}

// Reads ResponseInit at `init` into the object at `object`.
void ApplyInit(duk_context* ctx, duk_idx_t object, ResponseState& response, duk_idx_t init) {
  if (duk_is_null_or_undefined(ctx, init)) return;
  if (!duk_is_object(ctx, init))
    js::ThrowError(ctx, "TypeError",
                   "Failed to construct 'Response': constructor parameter 2 is not of type 'InitializerDict or Response'.");
  auto handshake = Handshake::kNo;
  if (GetMember(ctx, init, "webSocket") && !duk_is_null(ctx, -1)) {
    const WebSocketHooks* const hooks = StateOf(ctx).web_sockets;
    if (hooks == nullptr || !hooks->is_web_socket(ctx, -1)) {
      js::ThrowError(
          ctx, "TypeError",
          "Incorrect type for the 'webSocket' field on 'ResponseInitializerDict': the provided value is not of type 'WebSocket'.");
    }
    duk_dup(ctx, -1);
    js::SetSlot(ctx, object, kWebSocketSlot);
    handshake = Handshake::kYes;
  }
  duk_pop(ctx);
  GetMember(ctx, init, "status");
  if (duk_is_undefined(ctx, -1)) {
    duk_pop(ctx);
    duk_push_int(ctx, response.status);
  }
  response.status = RequireStatus(ctx, -1, handshake);
  duk_pop(ctx);
  if (GetMember(ctx, init, "statusText")) {
    const std::string_view text = js::RequireUtf8(ctx, -1);
    if (!IsHeaderValue(text)) js::ThrowError(ctx, "TypeError", "Invalid statusText");
    response.status_text.assign(text);
  }
  duk_pop(ctx);
  if (GetMember(ctx, init, "headers")) {
    PushHeadersFrom(ctx, -1);
    js::SetSlot(ctx, object, kHeadersSlot);
  }
  duk_pop(ctx);
  if (GetMember(ctx, init, "cf")) {
    duk_dup(ctx, -1);
    js::SetSlot(ctx, object, kCfSlot);
  }
  duk_pop(ctx);
  if (GetMember(ctx, init, "encodeBody")) {
    const std::string_view mode = js::RequireUtf8(ctx, -1);
    if (mode != "automatic" && mode != "manual")
      js::ThrowError(ctx, "TypeError", "encodeBody: unexpected value: %.*s", static_cast<int>(mode.size()), mode.data());
  }
  duk_pop(ctx);
}

// Gives the body of `object` and, unless the headers have one, its content type.
void SetBody(duk_context* ctx, duk_idx_t object, ResponseState& response, duk_idx_t init) {
  if (duk_is_null_or_undefined(ctx, init)) return;
  if (IsNullBodyStatus(response.status)) {
    // The platform lets an empty text pass for no body.
    if (duk_is_string(ctx, init) && duk_get_length(ctx, init) == 0) return;
    js::ThrowError(ctx, "TypeError", "Response with null body status (101, 204, 205, or 304) cannot have a body.");
  }
  ExtractBody(ctx, object, response.body, init);
  if (duk_is_string(ctx, -1)) {
    js::PushSlot(ctx, object, kHeadersSlot);
    auto* headers = static_cast<HeadersState*>(js::GetNative(ctx, -1, kHeadersType));
    const std::string_view type = js::RequireUtf8(ctx, -2);
    if (headers != nullptr) {
      if (!headers->list.Has("content-type")) headers->list.Append("Content-Type", type);
    } else if (type == kPlainTextType) {
      response.implied_content_type = kPlainTextType;
    } else {
      PushResponseHeaders(ctx, object, response).list.Append("Content-Type", type);
      duk_pop(ctx);
    }
    duk_pop(ctx);
  }
  duk_pop(ctx);
}

// [ ... ] -> [ ... response ]
ResponseState& PushNew(duk_context* ctx) {
  auto* response = new ResponseState();
  js::PushNative(ctx, kResponseType, response);
  return *response;
}

duk_ret_t Construct(duk_context* ctx) {
  RequireNew(ctx, "Response");
  duk_set_top(ctx, 2);
  ResponseState& response = PushNew(ctx);
  ApplyInit(ctx, 2, response, 1);
  SetBody(ctx, 2, response, 0);
  duk_set_top(ctx, 3);
  return 1;
}

// Response.json(value, init)
duk_ret_t StaticJson(duk_context* ctx) {
  RequireArguments(ctx, 1);
  duk_set_top(ctx, 2);
  ResponseState& response = PushNew(ctx);
  ApplyInit(ctx, 2, response, 1);
  if (IsNullBodyStatus(response.status))
    js::ThrowError(ctx, "TypeError", "Response with null body status (101, 204, 205, or 304) cannot have a body.");
  // Through the global JSON.stringify, so that all its rules hold.
  duk_get_global_string(ctx, "JSON");
  duk_push_literal(ctx, "stringify");
  duk_dup(ctx, 0);
  duk_call_prop(ctx, 3, 1);
  // What has no JSON form is sent as the text "undefined", as the platform does.
  duk_to_string(ctx, -1);
  js::SetSlot(ctx, 2, kBodySlot);
  response.body.kind = Body::Kind::kString;
  duk_set_top(ctx, 3);
  js::PushSlot(ctx, 2, kHeadersSlot);
  auto* headers = static_cast<HeadersState*>(js::GetNative(ctx, -1, kHeadersType));
  duk_pop(ctx);
  if (headers == nullptr) {
    response.implied_content_type = kJsonType;
  } else if (!headers->list.Has("content-type")) {
    headers->list.Append("Content-Type", kJsonType);
  }
  return 1;
}

// Response.redirect(url, status = 302)
duk_ret_t StaticRedirect(duk_context* ctx) {
  RequireArguments(ctx, 1);
  duk_set_top(ctx, 2);
  const int status = duk_is_undefined(ctx, 1) ? 302 : duk_to_int(ctx, 1);
  if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
    js::ThrowError(ctx, "RangeError", "%d is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.", status);
  }
  duk_dup(ctx, 0);
  NormalizeUrl(ctx, "Unable to parse URL: %.*s");  // 2
  ResponseState& response = PushNew(ctx);          // 3
  response.status = status;
  HeadersState& headers = PushResponseHeaders(ctx, 3, response);
  headers.list.Append("Location", js::RequireUtf8(ctx, 2));
  headers.guard = HeadersGuard::kImmutable;
  duk_set_top(ctx, 4);
  return 1;
}

duk_ret_t StaticError(duk_context* ctx) {
  ResponseState& response = PushNew(ctx);
  response.status = 0;
  response.type = "error";
  return 1;
}

duk_ret_t GetStatus(duk_context* ctx) {
  duk_push_int(ctx, ThisResponse(ctx).status);
  return 1;
}

duk_ret_t GetOk(duk_context* ctx) {
  const int status = ThisResponse(ctx).status;
  duk_push_boolean(ctx, status >= 200 && status <= 299);
  return 1;
}

duk_ret_t GetStatusText(duk_context* ctx) {
  js::PushUtf8(ctx, ThisResponse(ctx).status_text);
  return 1;
}

duk_ret_t GetHeaders(duk_context* ctx) {
  ResponseState& response = ThisResponse(ctx);
  duk_push_this(ctx);
  PushResponseHeaders(ctx, -1, response);
  return 1;
}

duk_ret_t GetType(duk_context* ctx) {
  duk_push_string(ctx, ThisResponse(ctx).type);
  return 1;
}

duk_ret_t GetUrl(duk_context* ctx) {
  js::PushUtf8(ctx, ThisResponse(ctx).url);
  return 1;
}

duk_ret_t GetRedirected(duk_context* ctx) {
  duk_push_boolean(ctx, ThisResponse(ctx).redirected == ResponseState::Redirected::kYes);
  return 1;
}

duk_ret_t GetCf(duk_context* ctx) {
  ThisResponse(ctx);
  duk_push_this(ctx);
  js::PushSlot(ctx, -1, kCfSlot);
  return 1;
}

duk_ret_t GetWebSocket(duk_context* ctx) {
  ThisResponse(ctx);
  duk_push_this(ctx);
  if (!PushWebSocket(ctx, -1)) duk_push_null(ctx);
  return 1;
}

duk_ret_t Clone(duk_context* ctx) {
  ResponseState& response = ThisResponse(ctx);
  duk_set_top(ctx, 0);
  duk_push_this(ctx);
  if (PushWebSocket(ctx, 0)) js::ThrowError(ctx, "TypeError", "Cannot clone a response to a WebSocket handshake.");
  duk_pop(ctx);
  ResponseState& copy = PushNew(ctx);
  CloneBody(ctx, 0, response.body, 1, copy.body);
  copy.status = response.status;
  copy.status_text = response.status_text;
  copy.url = response.url;
  copy.type = response.type;
  copy.redirected = response.redirected;
  const HeadersGuard guard = PushResponseHeaders(ctx, 0, response).guard;
  PushHeadersFrom(ctx, -1).guard = guard;
  js::SetSlot(ctx, 1, kHeadersSlot);
  duk_pop(ctx);
  for (const uint32_t slot : {kCfSlot, kSignalSlot}) {
    js::PushSlot(ctx, 0, slot);
    js::SetSlot(ctx, 1, slot);
  }
  return 1;
}

const js::Method kMethods[] = {
    {"clone", Clone, 0}, kBodyMethods[0], kBodyMethods[1], kBodyMethods[2], kBodyMethods[3], kBodyMethods[4], kBodyMethods[5],
};
const js::Method kStatics[] = {{"json", StaticJson, 1}, {"redirect", StaticRedirect, 1}, {"error", StaticError, 0}};
const js::Accessor kAccessors[] = {
    {"status", GetStatus}, {"ok", GetOk}, {"statusText", GetStatusText}, {"headers", GetHeaders},     {"type", GetType},
    {"url", GetUrl},       {"cf", GetCf}, {"redirected", GetRedirected}, {"webSocket", GetWebSocket}, kBodyAccessors[0],
    kBodyAccessors[1],
};

}  // namespace

const js::NativeType kResponseType = {"Response", ReleaseResponse, kSlots, KeepResponse};

void DefineResponse(duk_context* ctx) {
  const js::Class definition = {.type = &kResponseType,
                                .name = "Response",
                                .construct = Construct,
                                .construct_length = 0,
                                .methods = kMethods,
                                .accessors = kAccessors,
                                .static_methods = kStatics};
  js::DefineClass(ctx, definition);
  duk_put_global_string(ctx, "Response");
}

Body* BodyOf(duk_context* ctx, duk_idx_t index) {
  if (void* response = js::GetNative(ctx, index, kResponseType); response != nullptr) return &static_cast<ResponseState*>(response)->body;
  if (void* request = js::GetNative(ctx, index, kRequestType); request != nullptr) return RequestBody(request);
  return nullptr;
}

void PushFetchedResponse(duk_context* ctx, FetchResponse& from) {
  ResponseState& response = PushNew(ctx);
  const duk_idx_t object = duk_get_top_index(ctx);
  response.status = from.status;
  response.status_text = std::move(from.status_text);
  response.url = std::move(from.url);
  response.redirected = from.redirected ? ResponseState::Redirected::kYes : ResponseState::Redirected::kNo;
  if (from.body != nullptr) {
    response.body.kind = Body::Kind::kSource;
    response.body.length = from.body->Length();
    response.body.source = std::move(from.body);
  }
  HeadersState& headers = PushResponseHeaders(ctx, object, response);
  headers.list = std::move(from.headers);
  headers.guard = HeadersGuard::kImmutable;
  headers.charge.Set(headers.list.bytes());
  duk_pop(ctx);
  TakeWebSocketFrom(ctx, object, headers, from.web_socket);
  RequireMemory(ctx);
}

void PushResponse(duk_context* ctx, OutgoingResponse& from) {
  ResponseState& response = PushNew(ctx);
  const duk_idx_t object = duk_get_top_index(ctx);
  response.status = from.status;
  response.status_text = std::move(from.status_text);
  HeadersState& headers = PushResponseHeaders(ctx, object, response);
  headers.list = std::move(from.headers);
  headers.charge.Set(headers.list.bytes());
  duk_pop(ctx);
  TakeWebSocketFrom(ctx, object, headers, from.web_socket);
  if (from.body == OutgoingResponse::Body::kBytes) {
    PushBytes(ctx, from.bytes);
    js::SetSlot(ctx, object, kBodySlot);
    response.body.kind = Body::Kind::kBytes;
  } else if (from.body == OutgoingResponse::Body::kSource) {
    response.body.kind = Body::Kind::kSource;
    response.body.length = from.length;
    response.body.source = std::move(from.source);
  }
  RequireMemory(ctx);
}

void PushBodySignal(duk_context* ctx, duk_idx_t owner) {
  if (js::IsNative(ctx, owner, kResponseType)) {
    js::PushSlot(ctx, owner, kSignalSlot);
  } else {
    duk_push_undefined(ctx);
  }
}

void SetBodySignal(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  js::RequireNative(ctx, index, kResponseType);
  js::SetSlot(ctx, index, kSignalSlot);
}

bool IsResponse(duk_context* ctx, duk_idx_t index) { return js::IsNative(ctx, index, kResponseType); }

bool TakeResponse(duk_context* ctx, duk_idx_t index, OutgoingResponse& out) {
  index = duk_normalize_index(ctx, index);
  auto& response = *static_cast<ResponseState*>(js::RequireNative(ctx, index, kResponseType));
  Body& body = response.body;
  if (IsUnusable(ctx, index, body)) return false;
  out.status = response.status;
  out.status_text = response.status_text;
  js::PushSlot(ctx, index, kHeadersSlot);
  if (auto* headers = static_cast<HeadersState*>(js::GetNative(ctx, -1, kHeadersType)); headers != nullptr) {
    out.headers = headers->list;
  } else if (!response.implied_content_type.empty()) {
    out.headers.Append("Content-Type", response.implied_content_type);
  }
  duk_pop(ctx);
  if (PushWebSocket(ctx, index)) out.web_socket = StateOf(ctx).web_sockets->take(ctx, -1, out.web_socket_problem);
  duk_pop(ctx);
  UnwrapStream(ctx, index, body);
  switch (body.kind) {
    case Body::Kind::kNone:
      out.body = OutgoingResponse::Body::kNone;
      return true;
    case Body::Kind::kString: {
      out.body = OutgoingResponse::Body::kBytes;
      js::PushSlot(ctx, index, kBodySlot);
      out.bytes.assign(js::RequireUtf8(ctx, -1));
      duk_pop(ctx);
      break;
    }
    case Body::Kind::kBytes:
      out.body = OutgoingResponse::Body::kBytes;
      js::PushSlot(ctx, index, kBodySlot);
      out.bytes.assign(GetBytes(ctx, -1).value_or(std::string_view()));
      duk_pop(ctx);
      break;
    case Body::Kind::kSource:
      out.body = OutgoingResponse::Body::kSource;
      out.source = std::move(body.source);
      out.length = body.length;
      break;
    case Body::Kind::kStream:
      out.body = OutgoingResponse::Body::kStream;
      out.length = body.length;
      js::PushSlot(ctx, index, kBodySlot);
      break;
  }
  body.use = Body::Use::kUsed;
  return true;
}

}  // namespace edge::web
