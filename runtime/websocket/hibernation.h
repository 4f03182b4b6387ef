// The methods of `ctx` that deal with hibernatable WebSockets, for whoever knows the object (runtime/worker), and the objects of JavaScript
// that stand for them.
//
// An instance of an object, known by a number that is unique in its isolate, sees one JavaScript object per socket, always the same as long
// as the instance lives; the next instance sees fresh ones for the same sockets.
#ifndef EDGE_RUNTIME_WEBSOCKET_HIBERNATION_H_
#define EDGE_RUNTIME_WEBSOCKET_HIBERNATION_H_

#include <cstdint>
#include <memory>

#include "duktape.h"
#include "runtime/websocket/hibernatable_sockets.h"

namespace edge::websocket {

using InstanceNumber = uint64_t;

// Called by InstallWebSocket.
void InstallHibernation(duk_context* ctx);

// [ ... ] -> [ ... webSocket ]
void PushHibernatable(duk_context* ctx, InstanceNumber instance, const std::shared_ptr<HibernatableSocket>& socket);
// This socket is over: the table keeps its object no longer. Runs no JavaScript. [ ... ] -> [ ... ]
void ForgetHibernatable(duk_context* ctx, InstanceNumber instance, const HibernatableSocket& socket);
// The instance is gone, and with it its objects. Runs no JavaScript. [ ... ] -> [ ... ]
void ForgetHibernatables(duk_context* ctx, InstanceNumber instance);

// Bodies of native methods: the arguments are at 0 and up; what is returned is a native's result. They throw the platform's errors.
// acceptWebSocket(ws, tags)
duk_ret_t AcceptWebSocket(duk_context* ctx, InstanceNumber instance, HibernatableSockets& sockets);
// getWebSockets(tag)
duk_ret_t GetWebSockets(duk_context* ctx, InstanceNumber instance, const HibernatableSockets& sockets);
// getTags(ws)
duk_ret_t GetTags(duk_context* ctx);
// setWebSocketAutoResponse(pair), getWebSocketAutoResponse(), getWebSocketAutoResponseTimestamp(ws)
duk_ret_t SetAutoResponse(duk_context* ctx, HibernatableSockets& sockets);
duk_ret_t GetAutoResponse(duk_context* ctx, const HibernatableSockets& sockets);
duk_ret_t GetAutoResponseTimestamp(duk_context* ctx);
// setHibernatableWebSocketEventTimeout(ms), getHibernatableWebSocketEventTimeout()
duk_ret_t SetEventTimeout(duk_context* ctx, HibernatableSockets& sockets);
duk_ret_t GetEventTimeout(duk_context* ctx, const HibernatableSockets& sockets);

}  // namespace edge::websocket

#endif  // EDGE_RUNTIME_WEBSOCKET_HIBERNATION_H_
