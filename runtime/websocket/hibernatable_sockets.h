// HibernatableSockets: the WebSockets that a Durable Object has accepted with ctx.acceptWebSocket.
//
//   End --OnIncoming--> a fiber per socket, while there is something: auto-response? answered here : SocketEvents::OnMessage
//                                                                    a close, a loss: OnClose, OnError, and the socket leaves the list
//
// They belong to the object, not to its instance: nothing in here refers to JavaScript, so the object can leave memory and its sockets
// stay. An idle socket has no fiber. The next message of a socket is taken when the event of the one before has begun: messages come in
// order, and a reader that is slower than the network holds up the network. Contract: contract sheet 3.8.
#ifndef EDGE_RUNTIME_WEBSOCKET_HIBERNATABLE_SOCKETS_H_
#define EDGE_RUNTIME_WEBSOCKET_HIBERNATABLE_SOCKETS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/websocket/end.h"
#include "runtime/base/time.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"
#include "runtime/websocket/web_socket_core.h"
#include "runtime/websocket/web_socket_options.h"

namespace edge::websocket {

class HibernatableSockets;

class HibernatableSocket final : public WebSocketCore, public EndListener {
 public:
  const std::vector<std::string>& tags() const { return tags_; }
  std::optional<WallTime> auto_response_time() const { return auto_response_time_; }
  // In the order of acceptance, from 1, unique among those of one object.
  uint64_t number() const { return number_; }
  // Of an object still: not closed, not dropped.
  bool owned() const { return owner_ != nullptr; }

  void OnIncoming() override;

 private:
  friend class HibernatableSockets;

  HibernatableSockets* owner_ = nullptr;  // null: it is not in the list any more
  uint64_t number_ = 0;
  uint64_t key_ = 0;
  uint64_t deliveries_ = 0;
  bool delivering_ = false;
  std::vector<std::string> tags_;
  std::optional<WallTime> auto_response_time_;
};

// Whoever runs the object. Called on fibers of the sockets, one call at a time for one socket.
class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  enum class Ending : uint8_t { kClean, kNotClean };
  // Return when the next event of the same socket may come. MAY SUSPEND.
  virtual void OnMessage(const std::shared_ptr<HibernatableSocket>& socket, Message message) = 0;
  virtual void OnClose(const std::shared_ptr<HibernatableSocket>& socket, uint16_t code, std::string reason, Ending ending) = 0;
  virtual void OnError(const std::shared_ptr<HibernatableSocket>& socket, std::string message) = 0;
};

class HibernatableSockets {
 public:
  static constexpr size_t kSocketsMax = 32'768;
  static constexpr size_t kTagsMax = 10;
  static constexpr size_t kTagCharactersMax = 256;
  static constexpr size_t kAutoResponseBytesMax = 2048;

  // All borrowed. `fibers` must outlive this and must not end before the node does: not the group of a request. `key` is causal.
  HibernatableSockets(Scheduler& scheduler, TaskGroup& fibers, SocketEvents& events, WebSocketOptions::CloseReply close_reply,
                      uint64_t key);
  // Drops those left. REQUIRES: no fiber of a socket is alive, or the sockets have been dropped before.
  ~HibernatableSockets();
  HibernatableSockets(const HibernatableSockets&) = delete;
  HibernatableSockets& operator=(const HibernatableSockets&) = delete;

  // Takes over what `from` is (its end, its attachment). kResourceExhausted: too many; the text is for the worker.
  // REQUIRES: from.phase is kUnaccepted.
  absl::StatusOr<std::shared_ptr<HibernatableSocket>> Accept(WebSocketCore& from, std::vector<std::string> tags);
  // In the order of acceptance; those with the tag, or all. One whose close or loss has not been reported yet is among them.
  std::vector<std::shared_ptr<HibernatableSocket>> Get(std::optional<std::string_view> tag) const;
  size_t size() const { return sockets_.size(); }
  bool empty() const { return sockets_.empty(); }

  struct AutoResponse {
    std::string request;
    std::string response;
  };
  void SetAutoResponse(std::optional<AutoResponse> pair) { auto_response_ = std::move(pair); }
  const std::optional<AutoResponse>& auto_response() const { return auto_response_; }
  void SetEventTimeout(std::optional<Duration> timeout) { event_timeout_ = timeout; }
  std::optional<Duration> event_timeout() const { return event_timeout_; }

  // The object was reset: every connection is dropped, and no event of them comes any more. Does not suspend.
  void DropAll(const absl::Status& why);

 private:
  friend class HibernatableSocket;

  void Wake(HibernatableSocket& socket);
  void Deliver(const std::shared_ptr<HibernatableSocket>& socket);
  // True: there may be more.
  bool DeliverOne(const std::shared_ptr<HibernatableSocket>& socket);
  bool AnswerItself(HibernatableSocket& socket, const Message& message);
  void Remove(HibernatableSocket& socket);

  Scheduler& scheduler_;
  TaskGroup& fibers_;
  SocketEvents& events_;
  const WebSocketOptions::CloseReply close_reply_;
  const uint64_t key_;
  Domain* const domain_;
  uint64_t next_number_ = 1;
  std::map<uint64_t, std::shared_ptr<HibernatableSocket>> sockets_;
  std::optional<AutoResponse> auto_response_;
  std::optional<Duration> event_timeout_;
};

}  // namespace edge::websocket

#endif  // EDGE_RUNTIME_WEBSOCKET_HIBERNATABLE_SOCKETS_H_
