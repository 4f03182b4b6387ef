// WebSocketCore: what a WebSocket is apart from its JavaScript object: its end of a channel, what has been said, its attachment.
//
//   kConnecting --> kUnaccepted --accept()--> kAccepted        its messages are events of the invocation that accepted it
//                        |------acceptWebSocket()--> kHibernatable   events of a Durable Object (hibernatable_sockets.h)
//                        '------in a Response--> kReleased     its end has gone elsewhere
//
// Shared by the JavaScript object and, if it hibernates, the object's HibernatableSockets: the core outlives the JavaScript.
#ifndef EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_CORE_H_
#define EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_CORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "net/websocket/end.h"

namespace edge::websocket {

struct WebSocketCore {
  virtual ~WebSocketCore() = default;

  enum class Phase : uint8_t { kConnecting, kUnaccepted, kAccepted, kHibernatable, kReleased };
  Phase phase = Phase::kUnaccepted;
  std::shared_ptr<End> end;           // null: none yet, or no more
  std::weak_ptr<WebSocketCore> peer;  // the other WebSocket of a pair

  bool closed_outgoing = false;   // close() was called
  bool closed_incoming = false;   // a close, or the loss, was seen
  bool outgoing_aborted = false;  // nothing can be sent any more, without anybody having closed
  size_t held_bytes = 0;          // sent, and held back by the output gate of an object
  bool has_attachment = false;
  std::string attachment;  // serialized
  std::string protocol;    // of the connection, for the object that is made after hibernation
};

}  // namespace edge::websocket

#endif  // EDGE_RUNTIME_WEBSOCKET_WEB_SOCKET_CORE_H_
