// WebSocketHooks: what Request and Response need to know of WebSockets, which live in runtime/websocket, above this folder.
#ifndef EDGE_RUNTIME_WEB_WEB_SOCKET_HOOKS_H_
#define EDGE_RUNTIME_WEB_WEB_SOCKET_HOOKS_H_

#include <memory>
#include <string>
#include <string_view>

#include "duktape.h"
#include "runtime/web/host.h"

namespace edge::web {

struct WebSocketHooks {
  // Whether the value at `index` is a WebSocket.
  bool (*is_web_socket)(duk_context* ctx, duk_idx_t index);
  // Takes the end out of the WebSocket at `index`, which may then be used for nothing else. Null: it cannot be taken, `problem` says why.
  // Runs no JavaScript, throws nothing. [ ... ] -> [ ... ]
  std::shared_ptr<websocket::End> (*take)(duk_context* ctx, duk_idx_t index, std::string& problem);
  // [ ... ] -> [ ... webSocket ]: a WebSocket that has not been accepted yet. Takes the end; `protocol` is what the server chose.
  void (*push)(duk_context* ctx, std::shared_ptr<websocket::End>& end, std::string_view protocol);
};

// `hooks` has static storage.
void SetWebSocketHooks(duk_context* ctx, const WebSocketHooks& hooks);

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_WEB_SOCKET_HOOKS_H_
