// SocketSession: one simulated client on one kind of WebSocket, as a real one behaves: it opens the socket, says what its plan has for it,
// listens, and opens the socket again when it is lost, with a growing delay. What was not acknowledged it may say again.
//
//   plan: message n at its own time --> Socket (net/websocket) --> connection of the simulated network --> the node, as in production
//   SocketHistory, calls, recorder <-- what is heard, how it ends
//
// It speaks through the codec that production uses. Clients are careless: some drop the connection behind a message (client.disconnect),
// some have no patience (client.impatient), some say a thing twice (client.duplicate). One fiber, and those of the codec.
#ifndef EDGE_SIM_SCENARIO_SOCKET_SESSION_H_
#define EDGE_SIM_SCENARIO_SOCKET_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/client.h"
#include "net/network.h"
#include "net/websocket/end.h"
#include "runtime/fiber/event.h"
#include "sim/scenario/call.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/socket_history.h"
#include "sim/world.h"

namespace edge::sim {

class SocketSession final : private websocket::EndListener {
 public:
  struct Place {  // all borrowed
    World& world;
    Network& network;
    ActorId actor;
    const Scenario& scenario;
    const std::vector<Endpoint>& nodes;
    History& history;
    SocketHistory& sockets;
  };
  // What is to be done, and when.
  struct Step {
    Instant when;
    size_t message;  // index into the plan's
    Key key;
  };

  // `plan` is an index into the scenario's sockets; `key` names the session.
  SocketSession(const Place& place, size_t plan, Key key, Call::Phase phase);
  ~SocketSession() override;
  SocketSession(const SocketSession&) = delete;
  SocketSession& operator=(const SocketSession&) = delete;

  // Does the steps (in order of time), stays until `until`, then for as long as something has to be said again, and closes. MAY SUSPEND.
  void Run(std::vector<Step> steps, Instant until);

 private:
  // A message that was said and whose acknowledgement is waited for.
  struct Saying {
    size_t call;
    size_t message;  // index into the plan's
    Key key;
    std::string text;
    std::optional<size_t> sent;  // in SocketHistory::messages, if it has a name
    Instant answer_by;
  };

  void OnIncoming() override { changed_.Set(); }
  const SocketPlan& plan() const { return place_.scenario.sockets[plan_]; }
  Call& call(size_t index) { return place_.history[index]; }
  bool connected() const { return end_ != nullptr; }
  SocketLife& life() { return place_.sockets.lives[life_]; }
  Instant now() const { return place_.world.now(); }

  // --- connecting ---
  void Connect();
  void ConnectLater();
  // Returns the status, 0 if there is none: `error` says why. 101 and OK: connected.
  int Handshake(const Endpoint& node, const std::string& target, Key key, uint64_t ray, absl::Status& error);

  // --- speaking ---
  void Do(const Step& step);
  void Say(Saying& saying);
  void SayAgain();
  void Close(uint16_t code, const std::string& reason);
  void Drop(SocketLife::End how, std::string why);
  // Looks for one that has waited for too long; true: something has changed.
  bool GiveUpWaiting();

  // --- listening ---
  void Listen();
  void Heard(const websocket::Message& message);
  void Acknowledged(std::vector<Saying>::iterator saying, std::string_view body);
  void NoteAcknowledged(size_t index, std::string_view body);
  void Over(SocketLife::End how, uint16_t code, std::string reason);

  bool WantsMore() const;
  Instant NextDeadline(Instant until) const;

  const Place place_;
  const size_t plan_;
  const Key key_;
  const Call::Phase phase_;
  http::Client client_;
  edge::Event changed_;
  std::string group_;
  std::shared_ptr<websocket::End> end_;  // null: there is no connection
  size_t life_ = 0;                      // valid while connected
  uint64_t connections_ = 0;             // attempts so far
  uint32_t failures_ = 0;                // in a row
  std::optional<size_t> opening_;        // the call that opens it, if it is under way
  Instant connect_at_;
  Instant drop_at_ = Instant::Infinite();  // client.disconnect
  bool given_up_ = false;                  // it is refused for good
  bool closing_ = false;                   // a close was sent on this connection ...
  uint16_t sent_code_ = 0;                 // ... with this code
  std::vector<Saying> sayings_;
  std::vector<Step> steps_;
  size_t next_step_ = 0;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_SOCKET_SESSION_H_
