// What the files of this folder share: the native types, the body that Request and Response have in common, small stack helpers.
#ifndef EDGE_RUNTIME_WEB_INTERNAL_H_
#define EDGE_RUNTIME_WEB_INTERNAL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "runtime/js/language/language.h"
#include "runtime/js/native.h"
#include "runtime/web/header_list.h"
#include "runtime/web/host.h"
#include "runtime/web/native_memory.h"
#include "runtime/web/web.h"
#include "runtime/web/web_socket_hooks.h"

namespace edge::web {

extern const js::NativeType kHeadersType;
extern const js::NativeType kRequestType;
extern const js::NativeType kResponseType;
// A std::string that a native object owns, for text that must survive a throwing engine call.
extern const js::NativeType kTextType;

// What this folder keeps per heap; found by StateOf, dies after all native objects.
struct WebState {
  WebHost* host = nullptr;
  const WebSocketHooks* web_sockets = nullptr;  // null: there are none here
  NativeMemory memory;
  std::vector<uint32_t> forgotten_timers;  // cancelled by the host; lib/timers.js drops their callbacks when it starts the next one
};
WebState& StateOf(duk_context* ctx);

// Throws Error if objects of this isolate hold more memory outside of the arena than they may, also after a collection. Called after a
// state grew.
void RequireMemory(duk_context* ctx);
// Counts the work of a native that went over so many bytes. May throw the CPU limit. MAY SUSPEND.
void ChargeBytes(duk_context* ctx, size_t bytes);

// --- BodyPipe ---
// JavaScript's piece of a body, its end: they leave with what an object's turn has to say, after its writes are durable; if those never
// are, the reader gets an error.
void PutGated(duk_context* ctx, const std::shared_ptr<BodyPipe>& pipe, std::string_view bytes);
void EndGated(duk_context* ctx, const std::shared_ptr<BodyPipe>& pipe, absl::Status status);

// --- Headers ---
enum class HeadersGuard : uint8_t { kNone, kImmutable };
struct HeadersState {
  explicit HeadersState(NativeMemory& memory) : charge(memory) {}
  HeaderList list;
  HeadersGuard guard = HeadersGuard::kNone;
  MemoryCharge charge;
};
// [ ... ] -> [ ... headers ], empty; the state is owned by the object.
HeadersState& PushHeaders(duk_context* ctx);
// [ ... ] -> [ ... headers ]: filled from the HeadersInit at `init` (undefined: empty). Throws TypeError.
HeadersState& PushHeadersFrom(duk_context* ctx, duk_idx_t init);
// [ ... ] -> [ ... headers ]: with the same entries and no guard.
HeadersState& PushHeadersCopy(duk_context* ctx, const HeadersState& from);
void DefineHeaders(duk_context* ctx);

// --- Body: the mixin ---
// Where the bytes are. kString: a JavaScript string in slot kBodySlot, not yet encoded. kBytes: a Uint8Array there that nobody else can
// see. kStream: a ReadableStream there.
struct Body {
  enum class Kind : uint8_t { kNone, kString, kBytes, kSource, kStream };
  Kind kind = Kind::kNone;
  enum class Use : uint8_t { kFresh, kUsed } use = Use::kFresh;
  std::shared_ptr<BodySource> source;  // kSource
  std::optional<uint64_t> length;      // in bytes, where it is known beforehand
};

// The slots that objects with a body begin with.
inline constexpr uint32_t kBodySlot = 0;
inline constexpr uint32_t kHeadersSlot = 1;

// The body of the Request or Response at `index`; null if it is neither.
Body* BodyOf(duk_context* ctx, duk_idx_t index);
// The body inside a Request's state.
Body* RequestBody(void* state);

// [ ... ] -> [ ... signal | undefined ]: the AbortSignal that ends the body of the Response at `owner`.
void PushBodySignal(duk_context* ctx, duk_idx_t owner);
// If the body's stream is one of ours that nobody has touched, the body becomes what the stream reads from (kSource): it then goes from
// host to host without entering JavaScript.
void UnwrapStream(duk_context* ctx, duk_idx_t owner, Body& body);
// A BodySource as a native object that lib/body.js pulls from.
struct SourceHandle {
  std::shared_ptr<BodySource> source;
};
extern const js::NativeType kSourceType;
// [ ... ] -> [ ... error ]: why a source could not be read or a connection not be made.
void PushSourceError(duk_context* ctx, const absl::Status& status);

// Sets the body of the object at `owner` from the BodyInit at `init`. If the body implies a content type, pushes it, else pushes undefined.
// [ ... ] -> [ ... content-type | undefined ]
void ExtractBody(duk_context* ctx, duk_idx_t owner, Body& body, duk_idx_t init);
// Copies the body of the object at `from` to the one at `to`, teeing a stream. Throws TypeError if it is used or locked.
void CloneBody(duk_context* ctx, duk_idx_t from, Body& source, duk_idx_t to, Body& target);
// True if the body has been read, is being read or its stream is locked.
bool IsUnusable(duk_context* ctx, duk_idx_t owner, const Body& body);
bool IsUsed(duk_context* ctx, duk_idx_t owner, const Body& body);

// Methods and accessors of the mixin: text, json, arrayBuffer, bytes, blob, formData; body, bodyUsed.
inline constexpr size_t kBodyMethodCount = 6;
extern const js::Method kBodyMethods[kBodyMethodCount];
extern const js::Accessor kBodyAccessors[2];

// [ ... text ] -> [ ... href ] of the URL that the text (made one by ToString) names. Throws TypeError: `format` is given the text for
// "%.*s".
void NormalizeUrl(duk_context* ctx, const char* format);

// Moves the Request at `index` into what is to be sent, and marks its body used. Throws TypeError if that has been used already. True, and
// [ ... ] -> [ ... stream ]: its body is a ReadableStream, which goes on the stack; `length` says how long it is if that is known.
bool TakeRequest(duk_context* ctx, duk_idx_t index, FetchRequest& out, std::optional<uint64_t>& length);
// Whether a fetch() of the Request at `index` alone can be sent without another Request and without its stream being pumped: nobody has
// used its body, no signal ends it, no JavaScript makes the body, its address is one that a target can be asked under, and nobody has
// looked at its `cf`. Changes nothing, throws nothing.
bool IsReadyRequest(duk_context* ctx, duk_idx_t index);
// Takes such a Request as fetch() does: its body is used afterwards. Throws nothing.
void TakeReadyRequest(duk_context* ctx, duk_idx_t index, FetchRequest& out);
// [ ... ] -> [ ... cf ]: the `cf` of the Request at `index`, or undefined.
void PushRequestCf(duk_context* ctx, duk_idx_t index);
// [ ... ] -> [ ... signal | undefined ]: the signal that the Request at `index` was given.
void PushRequestSignal(duk_context* ctx, duk_idx_t index);
// [ ... ] -> [ ... response ]: the Response of a fetch(). Takes the response's parts.
void PushFetchedResponse(duk_context* ctx, FetchResponse& response);
// The Response at `index` reads a body that this signal ends. [ ... signal ] -> [ ... ]
void SetBodySignal(duk_context* ctx, duk_idx_t index);

void DefineRequest(duk_context* ctx);
void DefineResponse(duk_context* ctx);
void DefineBody(duk_context* ctx);
void DefineFetch(duk_context* ctx);
void DefineTransfer(duk_context* ctx);
void DefineUrl(duk_context* ctx);
void DefineTextEncoding(duk_context* ctx);

// Natives of the library files.
std::span<const js::LibraryNative> BodyNatives();
std::span<const js::LibraryNative> FetchNatives();
std::span<const js::LibraryNative> TransferNatives();
std::span<const js::LibraryNative> UrlNatives();
std::span<const js::LibraryNative> CryptoNatives();
std::span<const js::LibraryNative> JsonNatives();

// --- helpers ---
// [ ... text ] -> [ ... value ]: JSON.parse without a reviver. Throws SyntaxError.
void DecodeJson(duk_context* ctx);
// Throws TypeError unless the running constructor was called with `new` or by a subclass.
void RequireNew(duk_context* ctx, const char* name);
// Throws TypeError if the running function was called with fewer arguments.
void RequireArguments(duk_context* ctx, duk_idx_t count);
// [ ... ] -> [ ... Uint8Array ] with a copy of the bytes.
void PushBytes(duk_context* ctx, std::string_view bytes);
// A user's text in a message: at most this many bytes of it, for "%.*s".
inline int Clip(std::string_view text) { return static_cast<int>(text.size() > 200 ? 200 : text.size()); }

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_INTERNAL_H_
