// What of the web platform travels to another isolate: streams, requests, responses, headers, taken apart into plain values and BodySources
// on one side and put together on the other. runtime/rpc turns them into messages; a stub's fetch() goes through here too.
//
// A stream changes hands: the object on the sending side is locked for good. What JavaScript makes is fed into a BodyPipe chunk by chunk as
// the receiver asks for it; what comes from outside is handed on as it is and never enters JavaScript.
#ifndef EDGE_RUNTIME_WEB_TRANSFER_H_
#define EDGE_RUNTIME_WEB_TRANSFER_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "duktape.h"
#include "runtime/web/header_list.h"
#include "runtime/web/host.h"
#include "runtime/web/web.h"

namespace edge::web {

bool IsReadableStream(duk_context* ctx, duk_idx_t index);
bool IsRequest(duk_context* ctx, duk_idx_t index);

// All that write into `out` may throw in the middle of it: it must be owned by something that survives that (see native.h).

// What reads the stream at `index` from now on. Throws TypeError if it is locked. [ ... ] -> [ ... ]
void TakeStream(duk_context* ctx, duk_idx_t index, std::shared_ptr<BodySource>& out);
// [ ... ] -> [ ... stream ]
void PushStream(duk_context* ctx, std::shared_ptr<BodySource> source);

// False if the value at `index` is no Headers object.
bool CopyHeaders(duk_context* ctx, duk_idx_t index, HeaderList& out);
// [ ... ] -> [ ... headers ]. Takes the list.
void PushHeaderList(duk_context* ctx, HeaderList& list);

// The Request at `index`, whose body is used afterwards; its signal stays behind. Throws TypeError if the body has been used. The `cf`
// object goes on the stack. [ ... ] -> [ ... cf ]
void SendRequest(duk_context* ctx, duk_idx_t index, FetchRequest& out);
// [ ... cf ] -> [ ... request ]. Takes the request's parts.
void PushRequest(duk_context* ctx, FetchRequest& request);

// The Response at `index`; `out.body` is never kStream. Throws TypeError if the body has been used. [ ... ] -> [ ... ]
void SendResponse(duk_context* ctx, duk_idx_t index, OutgoingResponse& out);
// [ ... ] -> [ ... response ]. Takes the response's parts.
void PushResponse(duk_context* ctx, OutgoingResponse& response);

// fetch() with the arguments at `first` and above, sent to what `target` gives instead of the network. [ ... args ] -> [ ... promise ].
// What is wrong with the arguments becomes the promise's; throws for want of an invocation or of memory.
void FetchFrom(duk_context* ctx, absl::FunctionRef<std::shared_ptr<FetchTarget>()> target, duk_idx_t first);

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_TRANSFER_H_
