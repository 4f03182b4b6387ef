// Socket: a connection that speaks WebSocket, joined to an End.
//
//   connection --readable--> reading fiber: frames -> messages --> End's peer     (waits for room there: the network's back-pressure)
//   connection <-- frames -- writing fiber: messages          <-- End's peer      (waits for the connection)
//
// While nothing happens there is neither fiber nor buffer: the connection is parked, and the end calls back. Pings are answered here and
// nobody else hears of them; frames leave whole, in the order of the end's messages, pongs between them. The protocol's own rules end a
// socket: a close in both directions (a good end), a violation (answered with its code), a connection that is lost; the peer of the end
// gets what had been received before, then the close or the loss. A peer that has lost its power or its network says nothing of it: one
// that is silent for long is pinged, and lost if it stays silent.
//
// permessage-deflate is not offered and not accepted. No Boost.Beast: its synchronous stream answers pings in the middle of somebody
// else's write and reads by waiting in a fiber with buffers of its own, its asynchronous one wants an executor.
#ifndef EDGE_NET_WEBSOCKET_SOCKET_H_
#define EDGE_NET_WEBSOCKET_SOCKET_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "net/http/upgrade.h"
#include "net/network.h"
#include "net/websocket/end.h"
#include "net/websocket/frame.h"
#include "net/websocket/message_reader.h"
#include "runtime/base/time.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/mutex.h"
#include "runtime/seam/random.h"

namespace edge::websocket {

struct SocketLimits {
  uint64_t message_bytes = 32u << 20;           // received; above it the socket is closed with 1009
  Duration write_time = Duration::Seconds(30);  // the peer takes nothing; the connection is lost
  Duration close_time = Duration::Seconds(10);  // from our close frame to the peer's
  Duration reply_time = Duration::Seconds(30);  // from the peer's close frame to ours
  Duration idle_time = Duration::Seconds(60);   // nothing comes from the peer; it is sent a ping
  Duration pong_time = Duration::Seconds(30);   // ... and still nothing: it is gone, though no network has said so
};

class Socket final : public http::UpgradedConnection, private ReadableCallback, private EndListener {
 public:
  // Takes what `end` receives to the connection and gives it what comes from there; the socket is the only user of that end. `mask` draws
  // the masks of a client, null: a server. The limits are copied.
  Socket(Scheduler& scheduler, std::shared_ptr<End> end, std::unique_ptr<Random> mask, const SocketLimits& limits = {});
  // Whatever was not ended well is lost for the peer of the end.
  ~Socket() override;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // `f` is called once, when the connection is over or will never begin. Must not suspend.
  void WhenOver(absl::AnyInvocable<void()> f) { when_over_ = std::move(f); }

  void Start(http::UpgradeHost& host, uint64_t key, std::unique_ptr<Connection> connection, std::string received) override;
  void GoAway() override;
  void Abort() override;
  void OnDue() override;

 private:
  // --- fibers ---
  void Spawn(std::string_view label, void (Socket::*body)());
  // What every fiber does last; the socket may be gone afterwards.
  void Leave();
  void Read();
  void WriteAll();
  void WatchTime();
  void AskPeer();

  // --- reading ---
  void OnReadable() override;
  void Park();
  void Feed(std::string_view input);
  void Deliver(Message message);
  // The peer has broken the protocol: says so, and ends.
  void Refuse();

  // --- writing ---
  void OnIncoming() override;
  absl::Status Write(std::span<Message> messages);
  absl::Status WriteFrame(Opcode opcode, std::string payload);
  absl::Status WritePieces(std::span<const std::string_view> pieces);
  absl::Status WriteClose(uint16_t code, std::string_view reason);
  MaskKey NewMask();

  // --- the end ---
  // Waits at most that long for what is still missing.
  void Await(Duration time);
  // OK: both have closed. Otherwise why not, which the peer of the end is told.
  void Finish(absl::Status why);

  Scheduler& scheduler_;
  const std::shared_ptr<End> end_;
  const std::unique_ptr<Random> mask_;
  const SocketLimits limits_;
  http::UpgradeHost* host_ = nullptr;  // null before Start
  uint64_t key_ = 0;
  uint64_t spawned_ = 0;
  absl::AnyInvocable<void()> when_over_;
  std::unique_ptr<Connection> connection_;
  std::string received_;  // before Start
  MessageReader reader_;
  FiberMutex write_turn_;
  Event over_;
  Instant deadline_;
  Instant heard_;  // when something came from the peer the last time
  Instant asked_;  // when it was pinged the last time
  uint32_t fibers_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool watching_time_ = false;
  bool going_away_ = false;
  bool close_sent_ = false;
  bool close_received_ = false;
  bool finished_ = false;
};

}  // namespace edge::websocket

#endif  // EDGE_NET_WEBSOCKET_SOCKET_H_
