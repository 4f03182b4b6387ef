// PeerScript: a server for tests of clients that says exactly what the test wants it to say.
//
//   PeerScript peers(world, [](Peer& peer) {
//     peer.ReadRequest();
//     peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
//   });
//
// The script runs once per connection, on a fiber of its own; the connection closes when it returns.
#ifndef EDGE_NET_HTTP_TESTING_PEER_SCRIPT_H_
#define EDGE_NET_HTTP_TESTING_PEER_SCRIPT_H_

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http/testing/pipe_world.h"
#include "runtime/base/check.h"
#include "runtime/fiber/task_group.h"

namespace edge::http {

class Peer {
 public:
  Peer(Scheduler& scheduler, std::unique_ptr<Connection> connection, int index)
      : scheduler_(scheduler), connection_(std::move(connection)), index_(index) {}

  int index() const { return index_; }  // of the connection, from 0

  // The next request, head and body as they came; what has arrived of it when the connection ends, "" when none begins.
  std::string ReadRequest() {
    std::string request = ReadUntil("\r\n\r\n");
    if (request.find("Transfer-Encoding: chunked\r\n") != std::string::npos) {
      request += ReadUntil("0\r\n\r\n");
    } else if (size_t at = request.find("Content-Length: "); at != std::string::npos) {
      request += ReadBytes(std::stoul(request.substr(at + 16)));
    }
    return request;
  }
  // Up to and with `end`, or what has come by the end of the connection.
  std::string ReadUntil(std::string_view end) {
    for (;;) {
      if (size_t at = received_.find(end); at != std::string::npos) return Take(at + end.size());
      if (!ReadMore()) return Take(received_.size());
    }
  }
  std::string ReadBytes(size_t n) {
    while (received_.size() < n && ReadMore()) {
    }
    return Take(std::min(n, received_.size()));
  }
  // Until the client closes or resets; OK or what ended it.
  absl::Status ReadToEnd() {
    while (ReadMore()) {
    }
    return status_;
  }

  // Whether it could be sent.
  absl::Status Send(std::string_view bytes) {
    return connection_->Write(std::span<const std::string_view>(&bytes, 1), Instant::Infinite());
  }
  void Say(std::string_view bytes) { Send(bytes).IgnoreError(); }
  void Reset() { connection_->Abort(); }
  void EndSending() { connection_->CloseWrite().IgnoreError(); }
  void Sleep(Duration duration) { scheduler_.SleepFor(duration).IgnoreError(); }
  // Keeps the connection open until the test ends.
  void Hang() { scheduler_.SleepUntil(Instant::Infinite()).IgnoreError(); }

 private:
  bool ReadMore() {
    std::array<char, 4096> piece;
    const absl::StatusOr<size_t> n = connection_->Read(piece, Instant::Infinite());
    if (!n.ok()) status_ = n.status();
    if (!n.ok() || *n == 0) return false;
    received_.append(piece.data(), *n);
    return true;
  }
  std::string Take(size_t n) {
    std::string taken = received_.substr(0, n);
    received_.erase(0, n);
    return taken;
  }

  Scheduler& scheduler_;
  std::unique_ptr<Connection> connection_;
  const int index_;
  std::string received_;
  absl::Status status_;
};

class PeerScript {
 public:
  using Script = std::function<void(Peer&)>;

  // Listens. Made, and destroyed, on a fiber of the world.
  PeerScript(PipeWorld& world, Script script) : PeerScript(world, {.host = "peer", .port = 80}, std::move(script)) {}
  PeerScript(PipeWorld& world, const Endpoint& endpoint, Script script)
      : world_(world), script_(std::move(script)), fibers_(world.scheduler()) {
    auto listener = world.network().Listen(endpoint);
    EDGE_CHECK_OK(listener.status());
    listener_ = *std::move(listener);
    EDGE_CHECK_OK(fibers_.Spawn("accept", [this] { Accept(); }));
  }
  ~PeerScript() { Stop(); }

  // No more connections are taken, and those there are end.
  void Stop() {
    fibers_.Cancel();
    fibers_.Wait();
    listener_.reset();
  }

  const Endpoint& endpoint() const { return listener_->Local(); }
  int connections() const { return connections_; }

 private:
  void Accept() {
    for (;;) {
      absl::StatusOr<std::unique_ptr<Connection>> connection = listener_->Accept(Instant::Infinite());
      if (!connection.ok()) return;
      auto peer = std::make_unique<Peer>(world_.scheduler(), *std::move(connection), connections_++);
      // Refused when the test is over.
      absl::Status spawned = fibers_.Spawn("peer", [this, peer = std::move(peer)]() mutable {
        script_(*peer);
        peer.reset();
      });
      if (!spawned.ok()) return;
    }
  }

  PipeWorld& world_;
  const Script script_;
  std::unique_ptr<Listener> listener_;
  int connections_ = 0;
  TaskGroup fibers_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_TESTING_PEER_SCRIPT_H_
