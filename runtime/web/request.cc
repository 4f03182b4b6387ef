// Request (Fetch standard section 5.4). The Request of an incoming message copies nothing until a worker asks for it.
#include <algorithm>
#include <iterator>

#include "runtime/js/native.h"
#include "runtime/url/url.h"
#include "runtime/web/internal.h"
#include "runtime/web/transfer.h"
#include "runtime/web/web.h"

namespace edge::web {
namespace {

inline constexpr uint32_t kSignalSlot = 2;
inline constexpr uint32_t kUrlSlot = 3;
inline constexpr uint32_t kCfSlot = 4;
inline constexpr uint32_t kSlots = 5;

struct RequestState {
  explicit RequestState(NativeMemory& memory) : charge(memory) {}
  Body body;
  std::string method = "GET";
  const char* redirect = "follow";
  const char* cache = nullptr;       // null: not given
  IncomingHead* incoming = nullptr;  // referenced; where method, url and headers are as long as nobody asked for them
  MemoryCharge charge;
  ~RequestState() {
    if (incoming != nullptr) incoming->Unref();
  }
};

void ReleaseRequest(void* pointer) { delete static_cast<RequestState*>(pointer); }

// Null for what came from outside: it belongs to one owner's world.
js::NativeMaker KeepRequest(void* pointer) {
  const auto& state = *static_cast<RequestState*>(pointer);
  if (state.incoming != nullptr || state.body.source != nullptr) return nullptr;
  return [body = state.body, method = state.method, redirect = state.redirect, cache = state.cache, memory = &state.charge.memory(),
          charged = state.charge.bytes()]() -> void* {
    auto* made = new RequestState(*memory);
    made->body = body;
    made->method = method;
    made->redirect = redirect;
    made->cache = cache;
    made->charge.Set(charged);
    return made;
  };
}

RequestState& ThisRequest(duk_context* ctx) { return js::This<RequestState>(ctx, kRequestType); }

// Methods that the platform knows; others are refused.
constexpr std::string_view kMethods[] = {"GET",       "HEAD",    "POST",   "PUT",       "DELETE",      "PATCH",      "OPTIONS",
                                         "TRACE",     "PURGE",   "COPY",   "LOCK",      "MKCOL",       "MOVE",       "PROPFIND",
                                         "PROPPATCH", "SEARCH",  "UNLOCK", "ACL",       "REPORT",      "MKACTIVITY", "CHECKOUT",
                                         "MERGE",     "MSEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "QUERY",      "BAN"};

// Upper-cases the method; false if it is none that the platform knows.
bool NormalizeMethod(std::string_view method, std::string& out) {
  const auto* found =
      std::find_if(std::begin(kMethods), std::end(kMethods), [&](std::string_view known) { return EqualsIgnoreCase(method, known); });
  if (found == std::end(kMethods)) return false;
  out.assign(*found);
  return true;
}

// [ ... ] -> [ ... headers ]; makes the Headers of an incoming request on first use.
void PushRequestHeaders(duk_context* ctx, duk_idx_t object, RequestState& request) {
  object = duk_normalize_index(ctx, object);
  js::PushSlot(ctx, object, kHeadersSlot);
  if (!duk_is_undefined(ctx, -1)) return;
  duk_pop(ctx);
  HeadersState& headers = PushHeaders(ctx);
  if (request.incoming != nullptr) {
    const size_t count = request.incoming->HeaderCount();
    for (size_t i = 0; i < count; ++i) headers.list.Append(request.incoming->HeaderName(i), request.incoming->HeaderValue(i));
    headers.guard = HeadersGuard::kImmutable;
    headers.charge.Set(headers.list.bytes());
  }
  duk_dup(ctx, -1);
  js::SetSlot(ctx, object, kHeadersSlot);
}

// [ ... ] -> [ ... url ]
void PushRequestUrl(duk_context* ctx, duk_idx_t object, RequestState& request) {
  object = duk_normalize_index(ctx, object);
  js::PushSlot(ctx, object, kUrlSlot);
  if (!duk_is_undefined(ctx, -1)) return;
  duk_pop(ctx);
  js::PushUtf8(ctx, request.incoming != nullptr ? request.incoming->Url() : std::string_view());
  duk_dup(ctx, -1);
  js::SetSlot(ctx, object, kUrlSlot);
}

// [ ... ] -> [ ... cf ]; makes that of an incoming request on first use.
void PushCf(duk_context* ctx, duk_idx_t object, RequestState& request) {
  object = duk_normalize_index(ctx, object);
  js::PushSlot(ctx, object, kCfSlot);
  if (!duk_is_undefined(ctx, -1) || request.incoming == nullptr || request.incoming->Cf().empty()) return;
  duk_pop(ctx);
  js::PushUtf8(ctx, request.incoming->Cf());
  duk_json_decode(ctx, -1);
  duk_dup(ctx, -1);
  js::SetSlot(ctx, object, kCfSlot);
}

// [ ... ] -> [ ... value ]; true if init has the member with a value other than undefined.
bool GetMember(duk_context* ctx, duk_idx_t init, const char* name) {
  if (!duk_is_object(ctx, init)) {
    duk_push_undefined(ctx);
    return false;
  }
  duk_get_prop_string(ctx, init, name);
  return !duk_is_undefined(ctx, -1);
}

void ApplyRedirect(duk_context* ctx, RequestState& request) {
  const std::string_view mode = js::RequireUtf8(ctx, -1);
  if (mode == "follow") {
    request.redirect = "follow";
  } else if (mode == "manual") {
    request.redirect = "manual";
  } else {
    js::ThrowError(ctx, "TypeError",
                   "Invalid redirect value, must be one of \"follow\" or \"manual\" (\"error\" won't be implemented since it does not make "
                   "sense at the edge; use "
                   "\"manual\" and check the response status code).");
  }
}

void ApplyCache(duk_context* ctx, RequestState& request) {
  const std::string_view mode = js::RequireUtf8(ctx, -1);
  for (const char* known : {"no-store", "no-cache", "reload"}) {
    if (mode == known) {
      request.cache = known;
      return;
    }
  }
  js::ThrowError(ctx, "TypeError", "Unsupported cache mode: %.*s", Clip(mode), mode.data());
}

// True if init has a member `body`, null counting.
bool GivesBody(duk_context* ctx, duk_idx_t init) { return duk_is_object(ctx, init) && duk_has_prop_string(ctx, init, "body"); }

// new Request(input, init)
duk_ret_t Construct(duk_context* ctx) {
  RequireNew(ctx, "Request");
  RequireArguments(ctx, 1);
  duk_set_top(ctx, 2);
  auto* request = new RequestState(StateOf(ctx).memory);
  js::PushNative(ctx, kRequestType, request);  // 2
  constexpr duk_idx_t kObject = 2;
  if (!duk_is_null_or_undefined(ctx, 1) && !duk_is_object(ctx, 1))
    js::ThrowError(ctx, "TypeError",
                   "Failed to construct 'Request': constructor parameter 2 is not of type 'RequestInitializerDict or Request'.");

  // The base: another Request, or a URL.
  auto* base = static_cast<RequestState*>(js::GetNative(ctx, 0, kRequestType));
  if (base != nullptr) {
    if (base->incoming != nullptr) {
      request->method.assign(base->incoming->Method());
    } else {
      request->method = base->method;
    }
    request->redirect = base->redirect;
    request->cache = base->cache;
    PushRequestUrl(ctx, 0, *base);
    js::SetSlot(ctx, kObject, kUrlSlot);
    PushCf(ctx, 0, *base);
    js::SetSlot(ctx, kObject, kCfSlot);
    js::PushSlot(ctx, 0, kSignalSlot);
    js::SetSlot(ctx, kObject, kSignalSlot);
  } else {
    duk_dup(ctx, 0);
    NormalizeUrl(ctx, "Invalid URL: %.*s");
    js::SetSlot(ctx, kObject, kUrlSlot);
  }

  if (GetMember(ctx, 1, "method")) {
    const std::string_view method = js::RequireUtf8(ctx, -1);
    if (!NormalizeMethod(method, request->method)) {
      js::ThrowError(ctx, "TypeError", "Invalid HTTP method string: %.*s", Clip(method), method.data());
    }
  }
  duk_pop(ctx);
  if (GetMember(ctx, 1, "redirect")) ApplyRedirect(ctx, *request);
  duk_pop(ctx);
  if (GetMember(ctx, 1, "cache")) ApplyCache(ctx, *request);
  duk_pop(ctx);
  if (GetMember(ctx, 1, "cf")) {
    duk_dup(ctx, -1);
    js::SetSlot(ctx, kObject, kCfSlot);
  }
  duk_pop(ctx);
  if (GetMember(ctx, 1, "signal")) {
    if (!duk_is_null(ctx, -1)) {
      js::PushLibraryFunction(ctx, "requireSignal");
      duk_dup(ctx, -2);
      duk_call(ctx, 1);
    } else {
      duk_push_undefined(ctx);
    }
    js::SetSlot(ctx, kObject, kSignalSlot);
  }
  duk_pop(ctx);

  const bool own_headers = GetMember(ctx, 1, "headers");
  if (!own_headers && base != nullptr) {
    duk_pop(ctx);
    PushRequestHeaders(ctx, 0, *base);
  }
  PushHeadersFrom(ctx, -1);
  js::SetSlot(ctx, kObject, kHeadersSlot);
  duk_pop(ctx);

  const bool own_body = GetMember(ctx, 1, "body") && !duk_is_null(ctx, -1);
  const bool bodiless = request->method == "GET" || request->method == "HEAD";
  if (own_body && bodiless) js::ThrowError(ctx, "TypeError", "Request with a GET or HEAD method cannot have a body.");
  if (own_body) {
    ExtractBody(ctx, kObject, request->body, -1);
    js::PushSlot(ctx, kObject, kHeadersSlot);
    auto* headers = static_cast<HeadersState*>(js::GetNative(ctx, -1, kHeadersType));
    if (duk_is_string(ctx, -2) && !headers->list.Has("content-type")) headers->list.Append("Content-Type", js::RequireUtf8(ctx, -2));
    duk_pop_2(ctx);
  } else if (base != nullptr && base->body.kind != Body::Kind::kNone && !(duk_is_null(ctx, -1) && GivesBody(ctx, 1))) {
    if (bodiless) js::ThrowError(ctx, "TypeError", "Request with a GET or HEAD method cannot have a body.");
    // The base's body moves here; the base is used from now on.
    if (IsUnusable(ctx, 0, base->body)) js::ThrowError(ctx, "TypeError", "Cannot reconstruct a Request with a used body.");
    js::PushSlot(ctx, 0, kBodySlot);
    js::SetSlot(ctx, kObject, kBodySlot);
    request->body = base->body;
    if (base->body.kind != Body::Kind::kNone) base->body.use = Body::Use::kUsed;
  }
  duk_set_top(ctx, 3);
  return 1;
}

duk_ret_t GetMethod(duk_context* ctx) {
  RequestState& request = ThisRequest(ctx);
  js::PushUtf8(ctx, request.incoming != nullptr ? request.incoming->Method() : std::string_view(request.method));
  return 1;
}

duk_ret_t GetUrl(duk_context* ctx) {
  RequestState& request = ThisRequest(ctx);
  duk_push_this(ctx);
  PushRequestUrl(ctx, -1, request);
  return 1;
}

duk_ret_t GetHeaders(duk_context* ctx) {
  RequestState& request = ThisRequest(ctx);
  duk_push_this(ctx);
  PushRequestHeaders(ctx, -1, request);
  return 1;
}

duk_ret_t GetRedirect(duk_context* ctx) {
  duk_push_string(ctx, ThisRequest(ctx).redirect);
  return 1;
}

duk_ret_t GetSignal(duk_context* ctx) {
  ThisRequest(ctx);
  duk_push_this(ctx);
  js::PushSlot(ctx, -1, kSignalSlot);
  if (duk_is_undefined(ctx, -1)) {
    js::PushLibraryFunction(ctx, "newSignal");
    duk_call(ctx, 0);
    duk_dup(ctx, -1);
    js::SetSlot(ctx, -4, kSignalSlot);
  }
  return 1;
}

duk_ret_t GetCf(duk_context* ctx) {
  RequestState& request = ThisRequest(ctx);
  duk_push_this(ctx);
  PushCf(ctx, -1, request);
  return 1;
}

duk_ret_t GetIntegrity(duk_context* ctx) {
  ThisRequest(ctx);
  duk_push_literal(ctx, "");
  return 1;
}

duk_ret_t GetKeepalive(duk_context* ctx) {
  ThisRequest(ctx);
  duk_push_false(ctx);
  return 1;
}

duk_ret_t GetCache(duk_context* ctx) {
  const char* cache = ThisRequest(ctx).cache;
  if (cache == nullptr) return 0;
  duk_push_string(ctx, cache);
  return 1;
}

duk_ret_t Clone(duk_context* ctx) {
  RequestState& request = ThisRequest(ctx);
  duk_set_top(ctx, 0);
  duk_push_this(ctx);  // 0
  auto* copy = new RequestState(StateOf(ctx).memory);
  js::PushNative(ctx, kRequestType, copy);  // 1
  CloneBody(ctx, 0, request.body, 1, copy->body);
  if (request.incoming != nullptr) {
    copy->method.assign(request.incoming->Method());
  } else {
    copy->method = request.method;
  }
  copy->redirect = request.redirect;
  copy->cache = request.cache;
  PushRequestUrl(ctx, 0, request);
  js::SetSlot(ctx, 1, kUrlSlot);
  PushRequestHeaders(ctx, 0, request);
  PushHeadersFrom(ctx, -1);
  static_cast<HeadersState*>(js::GetNative(ctx, -1, kHeadersType))->guard =
      static_cast<HeadersState*>(js::GetNative(ctx, -2, kHeadersType))->guard;
  js::SetSlot(ctx, 1, kHeadersSlot);
  js::PushSlot(ctx, 0, kSignalSlot);
  js::SetSlot(ctx, 1, kSignalSlot);
  PushCf(ctx, 0, request);
  js::SetSlot(ctx, 1, kCfSlot);
  duk_set_top(ctx, 2);
  return 1;
}

const js::Method kRequestMethods[] = {
    {"clone", Clone, 0}, kBodyMethods[0], kBodyMethods[1], kBodyMethods[2], kBodyMethods[3], kBodyMethods[4], kBodyMethods[5],
};
const js::Accessor kAccessors[] = {
    {"method", GetMethod},       {"url", GetUrl},   {"headers", GetHeaders},     {"redirect", GetRedirect},
    {"signal", GetSignal},       {"cf", GetCf},     {"integrity", GetIntegrity}, {"cache", GetCache},
    {"keepalive", GetKeepalive}, kBodyAccessors[0], kBodyAccessors[1],
};

}  // namespace

const js::NativeType kRequestType = {"Request", ReleaseRequest, kSlots, KeepRequest};

void DefineRequest(duk_context* ctx) {
  const js::Class definition = {.type = &kRequestType,
                                .name = "Request",
                                .construct = Construct,
                                .construct_length = 1,
                                .methods = kRequestMethods,
                                .accessors = kAccessors};
  js::DefineClass(ctx, definition);
  duk_put_global_string(ctx, "Request");
}

void PushRequestCf(duk_context* ctx, duk_idx_t index) {
  PushCf(ctx, index, *static_cast<RequestState*>(js::RequireNative(ctx, index, kRequestType)));
}

void PushRequest(duk_context* ctx, FetchRequest& from) {
  auto* request = new RequestState(StateOf(ctx).memory);
  js::PushNative(ctx, kRequestType, request);
  const duk_idx_t object = duk_get_top_index(ctx);
  duk_swap_top(ctx, -2);
  js::SetSlot(ctx, object - 1, kCfSlot);
  request->method = std::move(from.method);
  if (from.redirect == RedirectMode::kManual) request->redirect = "manual";
  js::PushUtf8(ctx, from.url);
  js::SetSlot(ctx, -2, kUrlSlot);
  HeadersState& headers = PushHeaders(ctx);
  headers.list = std::move(from.headers);
  headers.charge.Set(headers.list.bytes());
  js::SetSlot(ctx, -2, kHeadersSlot);
  if (from.bytes.has_value()) {
    PushBytes(ctx, *from.bytes);
    js::SetSlot(ctx, -2, kBodySlot);
    request->body.kind = Body::Kind::kBytes;
  } else if (from.stream != nullptr) {
    request->body.kind = Body::Kind::kSource;
    request->body.length = from.stream->Length();
    request->body.source = std::move(from.stream);
  }
  RequireMemory(ctx);
}

void PushRequestSignal(duk_context* ctx, duk_idx_t index) {
  js::RequireNative(ctx, index, kRequestType);
  js::PushSlot(ctx, index, kSignalSlot);
}

bool TakeRequest(duk_context* ctx, duk_idx_t index, FetchRequest& out, std::optional<uint64_t>& length) {
  index = duk_normalize_index(ctx, index);
  auto& request = *static_cast<RequestState*>(js::RequireNative(ctx, index, kRequestType));
  Body& body = request.body;
  if (IsUnusable(ctx, index, body)) js::ThrowError(ctx, "TypeError", "Cannot reconstruct a Request with a used body.");
  out.method.assign(request.incoming != nullptr ? request.incoming->Method() : std::string_view(request.method));
  out.redirect = std::string_view(request.redirect) == "manual" ? RedirectMode::kManual : RedirectMode::kFollow;
  PushRequestUrl(ctx, index, request);
  out.url.assign(js::RequireUtf8(ctx, -1));
  duk_pop(ctx);
  PushRequestHeaders(ctx, index, request);
  out.headers = static_cast<HeadersState*>(js::GetNative(ctx, -1, kHeadersType))->list;
  duk_pop(ctx);
  PushCf(ctx, index, request);
  if (duk_is_object(ctx, -1)) {
    duk_json_encode(ctx, -1);
    if (duk_is_string(ctx, -1)) out.cf.assign(js::RequireUtf8(ctx, -1));
  }
  duk_pop(ctx);
  UnwrapStream(ctx, index, body);
  switch (body.kind) {
    case Body::Kind::kNone:
      return false;
    case Body::Kind::kString:
      js::PushSlot(ctx, index, kBodySlot);
      out.bytes.emplace(js::RequireUtf8(ctx, -1));
      duk_pop(ctx);
      break;
    case Body::Kind::kBytes:
      js::PushSlot(ctx, index, kBodySlot);
      out.bytes.emplace(GetBytes(ctx, -1).value_or(std::string_view()));
      duk_pop(ctx);
      break;
    case Body::Kind::kSource:
      out.stream = std::move(body.source);
      break;
    case Body::Kind::kStream:
      length = body.length;
      js::PushSlot(ctx, index, kBodySlot);
      break;
  }
  body.use = Body::Use::kUsed;
  return body.kind == Body::Kind::kStream;
}

bool IsReadyRequest(duk_context* ctx, duk_idx_t index) {
  const auto* request = static_cast<const RequestState*>(js::GetNative(ctx, index, kRequestType));
  if (request == nullptr) return false;
  js::PushSlot(ctx, index, kSignalSlot);
  const bool has_signal = !duk_is_undefined(ctx, -1);
  js::PushSlot(ctx, index < 0 ? index - 1 : index, kUrlSlot);
  // Others are refused, with a text. (What comes in has such a one.)
  const bool has_web_address =
      duk_is_undefined(ctx, -1) || js::RequireUtf8(ctx, -1).starts_with("http://") || js::RequireUtf8(ctx, -1).starts_with("https://");
  js::PushSlot(ctx, index < 0 ? index - 2 : index, kCfSlot);
  const bool has_own_cf = !duk_is_undefined(ctx, -1);
  duk_pop_3(ctx);
  if (has_signal || !has_web_address || has_own_cf) return false;
  if (request->body.kind == Body::Kind::kNone) return true;
  const std::string_view method = request->incoming != nullptr ? request->incoming->Method() : std::string_view(request->method);
  return request->body.use == Body::Use::kFresh && request->body.kind != Body::Kind::kStream && method != "GET" && method != "HEAD";
}

void TakeReadyRequest(duk_context* ctx, duk_idx_t index, FetchRequest& out) {
  index = duk_normalize_index(ctx, index);
  auto& request = *static_cast<RequestState*>(js::GetNative(ctx, index, kRequestType));
  out.method.assign(request.incoming != nullptr ? request.incoming->Method() : std::string_view(request.method));
  out.redirect = std::string_view(request.redirect) == "manual" ? RedirectMode::kManual : RedirectMode::kFollow;
  js::PushSlot(ctx, index, kUrlSlot);
  if (!duk_is_undefined(ctx, -1)) {
    out.url.assign(js::RequireUtf8(ctx, -1));
  } else if (request.incoming != nullptr) {
    out.url.assign(request.incoming->Url());
  }
  js::PushSlot(ctx, index, kHeadersSlot);
  if (const auto* headers = static_cast<const HeadersState*>(js::GetNative(ctx, -1, kHeadersType)); headers != nullptr) {
    out.headers = headers->list;
  } else if (request.incoming != nullptr) {
    const size_t count = request.incoming->HeaderCount();
    for (size_t i = 0; i < count; ++i) out.headers.Append(request.incoming->HeaderName(i), request.incoming->HeaderValue(i));
  }
  duk_pop_2(ctx);
  if (request.incoming != nullptr) out.cf.assign(request.incoming->Cf());
  Body& body = request.body;
  if (body.kind == Body::Kind::kNone) return;
  if (body.kind == Body::Kind::kSource) {
    out.stream = body.source;
  } else {
    js::PushSlot(ctx, index, kBodySlot);
    out.bytes.emplace(body.kind == Body::Kind::kString ? js::RequireUtf8(ctx, -1) : GetBytes(ctx, -1).value_or(std::string_view()));
    duk_pop(ctx);
  }
  body.use = Body::Use::kUsed;
}

void PushIncomingRequest(duk_context* ctx, IncomingHead* head, std::shared_ptr<BodySource> body) {
  auto* request = new RequestState(StateOf(ctx).memory);
  head->Ref();
  request->incoming = head;
  request->redirect = "manual";  // passed on, it is answered by what its receiver says, not by what a redirect leads to
  request->charge.Set(head->Bytes());
  if (body != nullptr) {
    request->body.kind = Body::Kind::kSource;
    request->body.length = body->Length();
    request->body.source = std::move(body);
  }
  body = nullptr;
  js::PushNative(ctx, kRequestType, request);
}

void NormalizeUrl(duk_context* ctx, const char* format) {
  const std::string_view text = js::RequireUtf8(ctx, -1);
  bool valid = false;
  ChargeBytes(ctx, text.size() * 8);
  // Owned by the engine's stack, since pushing the href may throw.
  auto* href = new std::string();
  js::PushNative(ctx, kTextType, href);
  {
    absl::StatusOr<url::Url> parsed = url::Url::Parse(text, nullptr);
    if (parsed.ok()) {
      *href = parsed->href();
      valid = true;
    }
  }
  if (!valid) js::ThrowError(ctx, "TypeError", format, Clip(text), text.data());
  js::PushUtf8(ctx, *href);
  duk_replace(ctx, -3);
  duk_pop(ctx);
}

Body* RequestBody(void* state) { return &static_cast<RequestState*>(state)->body; }

}  // namespace edge::web
