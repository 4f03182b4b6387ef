// ObjectSockets: the hibernatable WebSockets of a worker's Durable Objects, by object: they outlive its activations.
//
//   message --> HibernatableSockets' fiber --> SocketEvent --> ObjectDirectory::Deliver --> webSocketMessage(ws, message) of the instance,
//               which waits until the handler has been called: then the socket's next message may come      woken up for it if need be
//
// An object that is reset, or evicted without having come to rest, loses its sockets; one that hibernates keeps them. Contract: contract
// sheet 3.8.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_SOCKETS_H_
#define EDGE_RUNTIME_WORKER_OBJECT_SOCKETS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "duktape.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "runtime/websocket/hibernatable_sockets.h"
#include "runtime/worker/object_event.h"
#include "runtime/worker/worker_code.h"
#include "storage/store/object_store.h"

namespace edge::worker {

class ObjectDirectory;

// One call of webSocketMessage, webSocketClose or webSocketError.
class SocketEvent final : public ObjectEvent {
 public:
  enum class Kind : uint8_t { kMessage, kClose, kError };
  SocketEvent(Scheduler& scheduler, uint64_t key, Kind kind, std::shared_ptr<websocket::HibernatableSocket> socket,
              websocket::Message message, websocket::SocketEvents::Ending ending);

  // Until the handler has been called. An error: it never will be. MAY SUSPEND.
  absl::Status WaitBegun();

  size_t bytes() const override { return message_.data.size(); }
  const char* kind() const override { return "websocket"; }
  void Begin(duk_context* ctx, LiveObject& object, Invocation& invocation) override;
  void OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation& invocation) override;
  void Fail(const absl::Status& why) override;
  // What setHibernatableWebSocketEventTimeout() says; the event is over then, and the object goes on.
  Duration TimeMax(LiveObject& object) const override;
  void TakesTooLong(LiveObject& object) override;
  // The message of one that was never begun, for another try.
  websocket::Message TakeMessage() { return std::move(message_); }

 private:
  const Kind kind_;
  const std::shared_ptr<websocket::HibernatableSocket> socket_;
  websocket::Message message_;
  const websocket::SocketEvents::Ending ending_;
  bool begun_ = false;
  absl::Status failed_;
  Event decided_;
};

class ObjectSockets {
 public:
  explicit ObjectSockets(ObjectDirectory& directory);
  ~ObjectSockets();  // REQUIRES: Shutdown has returned

  // Made at first use; good until the object ends.
  websocket::HibernatableSockets& Of(const LiveObject& object);
  // The object was reset, or is gone without rest: its connections are dropped.
  void Drop(const storage::ObjectKey& id);
  // The object leaves memory and may come back.
  void Rest(const storage::ObjectKey& id);
  // Drops all and waits for what is being delivered. MAY SUSPEND.
  void Shutdown();
  // Of all objects.
  size_t size() const;
  // Objects that have any.
  std::vector<storage::ObjectKey> owners() const;

 private:
  class Host;

  ObjectDirectory& directory_;
  TaskGroup fibers_;
  std::map<storage::ObjectKey, std::shared_ptr<Host>> hosts_;
};

// The methods of `ctx`: acceptWebSocket and its kin, in place of those that say they are missing. After InstallDurable. Throws for want of
// memory.
void InstallObjectSockets(duk_context* ctx);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_SOCKETS_H_
