// The web platform of an isolate: Request, Response, Headers, URL, streams, timers, console, crypto and the rest of the globals.
//
// Hot classes are native (C++ state behind a JavaScript object, runtime/js/native.h); streams, events and forms are library files in lib/.
// Behaviour: the WHATWG and W3C standards as workerd reads them (contract sheet section 1.6). What is missing throws an error that
// names it (lib/globals.js).
#ifndef EDGE_RUNTIME_WEB_WEB_H_
#define EDGE_RUNTIME_WEB_WEB_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "duktape.h"
#include "runtime/web/header_list.h"
#include "runtime/web/host.h"

namespace edge::web {

// Defines all globals in a fresh heap whose language runtime is installed. `host` is borrowed and outlives the isolate.
// Called once, inside Isolate::Run. Throws a JavaScript error for want of memory.
void InstallWeb(duk_context* ctx, WebHost& host);

// The host of an isolate that was rewound (Isolate::Rewind), instead of InstallWeb. Runs no JavaScript.
void RebindWeb(duk_context* ctx, WebHost& host);

// The host that was given to InstallWeb.
WebHost& HostOf(duk_context* ctx);

// Throws the platform's error if the worker's global scope is running.
void RequireInvocation(duk_context* ctx);

// Runs the callback of a timer that StartTimer announced. Protected call; microtasks are the caller's. Throws what the callback throws.
void FireTimer(duk_context* ctx, uint32_t id);
// The host has dropped a timer that it was never told to cancel, because its invocation has ended: lets go of the callback some time later.
// Runs no JavaScript, throws nothing, needs no Run.
void ForgetTimer(duk_context* ctx, uint32_t id);

// Tells listeners of the global scope about a rejection: for js::ErrorHooks. [ ... promise reason ] -> [ ... promise reason ]. True if one
// of them prevented the default, which is to log it. Runs JavaScript; what listeners throw is reported.
enum class RejectionEvent : uint8_t { kUnhandled, kHandledLater };
bool DispatchRejection(duk_context* ctx, RejectionEvent event);

// [ ... ] -> [ ... request ]. The Request of an incoming HTTP request; takes a reference on `head`. `body` null: no body.
void PushIncomingRequest(duk_context* ctx, IncomingHead* head, std::shared_ptr<BodySource> body);

// What a worker answered, taken out of a Response object.
struct OutgoingResponse {
  int status = 200;
  std::string status_text;
  HeaderList headers;
  enum class Body : uint8_t { kNone, kBytes, kSource, kStream } body = Body::kNone;
  std::string bytes;                           // kBytes
  std::shared_ptr<BodySource> source;          // kSource: an incoming body passed through untouched
  std::optional<uint64_t> length;              // kSource, kStream: known length in bytes (FixedLengthStream, an incoming Content-Length)
  std::shared_ptr<websocket::End> web_socket;  // status 101
  std::string web_socket_problem;              // ... or why its WebSocket cannot be sent: a message for the worker
};

bool IsResponse(duk_context* ctx, duk_idx_t index);
// Moves the answer out of the Response at `index` and marks its body used. kStream: [ ... ] -> [ ... stream ] pushes the ReadableStream,
// else pushes nothing. False if the body has been used already or is locked. Throws for want of memory only.
bool TakeResponse(duk_context* ctx, duk_idx_t index, OutgoingResponse& out);

// Reading a ReadableStream from C++. [ ... stream ] -> [ ... reader ]
void AcquireReader(duk_context* ctx);
// [ ... reader ] -> [ ... reader promise ]: of {value, done} as in JavaScript; value is bytes.
void ReadChunk(duk_context* ctx);
// [ ... reader reason ] -> [ ... reader ]
void CancelReader(duk_context* ctx);

// The bytes of an ArrayBuffer or view at `index`; nullopt if it is none.
std::optional<std::string_view> GetBytes(duk_context* ctx, duk_idx_t index);

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_WEB_H_
