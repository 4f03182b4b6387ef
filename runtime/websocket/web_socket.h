// WebSocket, WebSocketPair and WebSocketRequestResponsePair for JavaScript.
//
// The classes are library code (lib/web_socket.js) over one native object per socket, the handle of a WebSocketCore. Sending never waits:
// what is sent goes through WebHost::PassOutputGate into the end. Receiving is a task of the invocation that accepted the socket, which
// goes on until both directions are closed. Texts of errors are the platform's.
#ifndef EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_H_
#define EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_H_

#include <memory>
#include <string_view>

#include "duktape.h"
#include "runtime/websocket/web_socket_core.h"
#include "runtime/websocket/web_socket_options.h"

namespace edge {
class Scheduler;
}

namespace edge::websocket {

// Defines the classes and tells runtime/web of them. After InstallWeb, whose host is used; nothing has to be bound again after a rewind but
// the scheduler. Borrows the scheduler. Throws for want of memory.
void InstallWebSocket(duk_context* ctx, Scheduler& scheduler, const WebSocketOptions& options);
void RebindWebSocket(duk_context* ctx, Scheduler& scheduler);

// [ ... ] -> [ ... webSocket ]: a new JavaScript object for the core.
void PushWebSocket(duk_context* ctx, std::shared_ptr<WebSocketCore> core);
// The core of the WebSocket at `index`; null: it is none. Borrowed from the object.
WebSocketCore* GetWebSocketCore(duk_context* ctx, duk_idx_t index);
// The same, shared. REQUIRES: it is one.
std::shared_ptr<WebSocketCore> ShareWebSocketCore(duk_context* ctx, duk_idx_t index);
// Puts another core under the WebSocket at `index`. REQUIRES: it is one.
void SetWebSocketCore(duk_context* ctx, duk_idx_t index, std::shared_ptr<WebSocketCore> core);

// The request and response texts of the WebSocketRequestResponsePair at `index`. False: it is none.
// [ ... ] -> [ ... request response ] if true
bool PushRequestResponse(duk_context* ctx, duk_idx_t index);
// [ ... ] -> [ ... pair ]
void PushRequestResponsePair(duk_context* ctx, std::string_view request, std::string_view response);

}  // namespace edge::websocket

#endif  // EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_H_
