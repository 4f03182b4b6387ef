#include "runtime/web/web.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>

#include "absl/functional/any_invocable.h"
#include "runtime/base/check.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/internal.h"
#include "runtime/web/lib/web_library.h"

namespace edge::web {
namespace {

constexpr char kGlobalScopeText[] =
    "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a timeout, and generating "
    "random values are not "
    "allowed within global scope. To fix this error, perform this operation within a handler. "
    "https://developers.cloudflare.com/workers/runtime-apis/handlers/";

// native.startTimer(id, ms) -> array of the numbers of timers that are gone, or undefined
duk_ret_t StartTimer(duk_context* ctx) {
  duk_set_top(ctx, 2);
  RequireInvocation(ctx);
  const auto id = static_cast<uint32_t>(duk_require_number(ctx, 0));
  HostOf(ctx).StartTimer(id, Duration::Milliseconds(static_cast<int64_t>(duk_require_number(ctx, 1))));
  std::vector<uint32_t>& gone = StateOf(ctx).forgotten_timers;
  if (gone.empty()) return 0;
  duk_push_array(ctx);
  duk_uarridx_t at = 0;
  for (const uint32_t timer : gone) {
    duk_push_uint(ctx, timer);
    duk_put_prop_index(ctx, -2, at++);
  }
  gone.clear();
  return 1;
}

duk_ret_t CancelTimer(duk_context* ctx) {
  duk_set_top(ctx, 1);
  HostOf(ctx).CancelTimer(static_cast<uint32_t>(duk_require_number(ctx, 0)));
  return 0;
}

duk_ret_t ElapsedMs(duk_context* ctx) {
  duk_push_number(ctx, static_cast<double>(HostOf(ctx).Elapsed().ToMilliseconds()));
  return 1;
}

// native.log(level, text)
duk_ret_t Log(duk_context* ctx) {
  duk_set_top(ctx, 2);
  HostOf(ctx).Log(static_cast<LogLevel>(duk_require_int(ctx, 0)), js::RequireUtf8(ctx, 1));
  return 0;
}

duk_ret_t ReportException(duk_context* ctx) {
  duk_set_top(ctx, 1);
  HostOf(ctx).ReportException(ctx);
  return 0;
}

duk_ret_t SetDomException(duk_context* ctx) {
  duk_set_top(ctx, 1);
  js::SetDomExceptionConstructor(ctx);
  return 0;
}

// native.promiseText(promise): what console shows of it.
duk_ret_t PromiseText(duk_context* ctx) {
  duk_set_top(ctx, 1);
  switch (js::GetPromiseState(ctx, 0)) {
    case js::PromiseState::kPending:
      duk_push_literal(ctx, "<pending>");
      break;
    case js::PromiseState::kFulfilled:
      duk_push_literal(ctx, "<fulfilled>");
      break;
    case js::PromiseState::kRejected:
      duk_push_literal(ctx, "<rejected>");
      break;
    case js::PromiseState::kNotAPromise:
      duk_push_literal(ctx, "?");
      break;
  }
  return 1;
}

// native.randomToken(): 24 hexadecimal digits for a multipart boundary.
duk_ret_t RandomToken(duk_context* ctx) {
  std::array<std::byte, 12> bytes;
  HostOf(ctx).FillRandom(bytes);
  std::array<char, 24> text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = "0123456789abcdef"[static_cast<unsigned>(bytes[i]) >> 4];
    text[2 * i + 1] = "0123456789abcdef"[static_cast<unsigned>(bytes[i]) & 15];
  }
  duk_push_lstring(ctx, text.data(), text.size());
  return 1;
}

// native.indexOfBytes(haystack, needle, from)
duk_ret_t IndexOfBytes(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const std::string_view haystack = GetBytes(ctx, 0).value_or(std::string_view());
  const std::string_view needle = GetBytes(ctx, 1).value_or(std::string_view());
  const auto from = static_cast<size_t>(duk_require_number(ctx, 2));
  const size_t at = haystack.find(needle, from);
  ChargeBytes(ctx, (at == std::string_view::npos ? haystack.size() : at) - std::min(from, haystack.size()));
  duk_push_number(ctx, at == std::string_view::npos ? -1.0 : static_cast<double>(at));
  return 1;
}

// The account is empty when the objects are gone, and those that are made again fill it.
absl::AnyInvocable<void()> KeepState(void* attached) {
  auto* state = static_cast<WebState*>(attached);
  return [state, saved = *state] {
    EDGE_CHECK(state->memory.used_bytes == 0);
    *state = saved;
    state->host = nullptr;
    state->memory.used_bytes = 0;
  };
}

}  // namespace

WebHost& HostOf(duk_context* ctx) { return *StateOf(ctx).host; }

WebState& StateOf(duk_context* ctx) { return *static_cast<WebState*>(js::GetAttachment(ctx, js::AttachmentKind::kWeb)); }

void SetWebSocketHooks(duk_context* ctx, const WebSocketHooks& hooks) { StateOf(ctx).web_sockets = &hooks; }

void RequireInvocation(duk_context* ctx) {
  if (!HostOf(ctx).InInvocation()) js::ThrowError(ctx, "Error", "%s", kGlobalScopeText);
}

void RequireMemory(duk_context* ctx) {
  const NativeMemory& memory = StateOf(ctx).memory;
  if (!memory.IsOver()) return;
  duk_gc(ctx, 0);
  if (memory.IsOver()) js::ThrowError(ctx, "RangeError", "Headers, URLs and bodies of this isolate hold too much memory.");
}

void ChargeBytes(duk_context* ctx, size_t bytes) {
  // An executed instruction is some 5 ns, and these natives go over several bytes in one.
  if (bytes >= 256) js::ChargeCpu(ctx, static_cast<int64_t>(bytes / 8));
}

void RequireNew(duk_context* ctx, const char* name) {
  if (js::IsConstructing(ctx)) return;
  js::ThrowError(ctx, "TypeError",
                 "Failed to construct '%s': Please use the 'new' operator, this object constructor cannot be called as a function.", name);
}

void RequireArguments(duk_context* ctx, duk_idx_t count) {
  const duk_idx_t given = duk_get_top(ctx);
  if (given < count) {
    js::ThrowError(ctx, "TypeError", "%d argument%s required, but only %d present.", static_cast<int>(count), count == 1 ? "" : "s",
                   static_cast<int>(given));
  }
}

void PushBytes(duk_context* ctx, std::string_view bytes) {
  void* data = duk_push_fixed_buffer(ctx, bytes.size());
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  duk_push_buffer_object(ctx, -1, 0, bytes.size(), DUK_BUFOBJ_UINT8ARRAY);
  duk_remove(ctx, -2);
}

std::optional<std::string_view> GetBytes(duk_context* ctx, duk_idx_t index) {
  if (!duk_is_buffer_data(ctx, index)) return std::nullopt;
  duk_size_t size = 0;
  const void* data = duk_get_buffer_data(ctx, index, &size);
  return std::string_view(static_cast<const char*>(data), size);
}

void InstallWeb(duk_context* ctx, WebHost& host) {
  auto* state = new WebState();
  state->host = &host;
  js::SetAttachment(
      ctx, js::AttachmentKind::kWeb, state, [](void* attached) { delete static_cast<WebState*>(attached); }, KeepState);
  js::PushEdgeObject(ctx);
  duk_push_bare_object(ctx);
  duk_put_prop_string(ctx, -2, "web");
  duk_pop(ctx);
  DefineHeaders(ctx);
  DefineUrl(ctx);
  DefineTextEncoding(ctx);
  DefineBody(ctx);
  DefineFetch(ctx);
  DefineTransfer(ctx);
  DefineRequest(ctx);
  DefineResponse(ctx);

  static constexpr js::LibraryNative kEventNatives[] = {{"reportException", ReportException, 1}, {"setDomException", SetDomException, 1}};
  static constexpr js::LibraryNative kTimerNatives[] = {
      {"startTimer", StartTimer, 2}, {"cancelTimer", CancelTimer, 1}, {"elapsedMs", ElapsedMs, 0}};
  static constexpr js::LibraryNative kConsoleNatives[] = {{"log", Log, 2}, {"promiseText", PromiseText, 1}, {"elapsedMs", ElapsedMs, 0}};
  static constexpr js::LibraryNative kFormNatives[] = {{"randomToken", RandomToken, 0}, {"indexOfBytes", IndexOfBytes, 3}};
  const auto natives_of = [](std::string_view file) -> std::span<const js::LibraryNative> {
    if (file == "events.js") return kEventNatives;
    if (file == "body.js") return BodyNatives();
    if (file == "fetch.js") return FetchNatives();
    if (file == "transfer.js") return TransferNatives();
    if (file == "url.js") return UrlNatives();
    if (file == "crypto.js") return CryptoNatives();
    if (file == "timers.js") return kTimerNatives;
    if (file == "console.js") return kConsoleNatives;
    if (file == "form_data.js") return kFormNatives;
    if (file == "globals.js") return JsonNatives();
    return {};
  };
  for (const js::LibraryFile& file : js::WebLibrary()) js::RunLibraryFile(ctx, file.name.data(), file.bytecode, natives_of(file.name));
}

void RebindWeb(duk_context* ctx, WebHost& host) {
  WebState& state = StateOf(ctx);
  EDGE_CHECK(state.host == nullptr);
  state.host = &host;
}

void FireTimer(duk_context* ctx, uint32_t id) {
  js::PushLibraryFunction(ctx, "fireTimer");
  duk_push_uint(ctx, id);
  duk_call(ctx, 1);
  duk_pop(ctx);
}

bool DispatchRejection(duk_context* ctx, RejectionEvent event) {
  js::PushLibraryFunction(ctx, "rejectionEvent");
  duk_push_string(ctx, event == RejectionEvent::kUnhandled ? "unhandledrejection" : "rejectionhandled");
  duk_dup(ctx, -4);
  duk_dup(ctx, -4);
  duk_call(ctx, 3);
  const bool prevented = duk_to_boolean(ctx, -1);
  duk_pop(ctx);
  return prevented;
}

void ForgetTimer(duk_context* ctx, uint32_t id) { StateOf(ctx).forgotten_timers.push_back(id); }

}  // namespace edge::web
