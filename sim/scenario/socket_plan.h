// SocketPlan: a WebSocket that simulated clients open, as data: where, what they send, and how an answer is recognised.
//
// Read from "sockets" of a scenario (docs/simulation.md). A path names a place in a JSON message: members by dots, `*` for each element of
// an array ("messages.*.id"); `$` is the message itself, as text.
#ifndef EDGE_SIM_SCENARIO_SOCKET_PLAN_H_
#define EDGE_SIM_SCENARIO_SOCKET_PLAN_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/time.h"

namespace edge::sim {

// Something that a client does on its open socket.
struct SocketMessage {
  enum class What : uint8_t {
    kText,
    kBinary,
    kClose,   // closes the socket, and opens it again later
    kVanish,  // drops the connection without a word, and opens it again later
  };
  std::string name;  // unique among requests, sockets and messages
  What what = What::kText;
  std::string text;  // kText, kBinary: what is sent, with placeholders; kClose: the reason
  uint16_t code = 1000;
  std::string answer;  // not empty: what comes back, exactly, and acknowledges the oldest of these messages that waits for it
  uint32_t weight = 1;

  bool sends() const { return what == What::kText || what == What::kBinary; }
};

struct SocketPlan {
  std::string name;  // unique among requests, sockets and messages
  std::string target;
  std::string group;  // with placeholders; sockets of one group hear each other. Empty: the path without its query
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> protocols;
  uint32_t clients = UINT32_MAX;  // how many of the scenario's open one each
  uint32_t messages_per_client = 10;
  std::vector<SocketMessage> messages;
  // Paths. What a message has at `id` names it; where that name is found at `delivered` or `acknowledged` of something that was received,
  // it is that message. Its sender takes either for an acknowledgement. Empty: messages are not followed.
  std::string id;
  std::string delivered;
  std::vector<std::string> acknowledged;
  Duration answer_time = Duration::Seconds(10);   // without an acknowledgement for so long a client takes the connection for dead
  bool resends = false;                           // what is not acknowledged is sent again on the next connection
  Duration reconnect_max = Duration::Seconds(2);  // it is opened again within so long; doubles with each failure in a row
  uint16_t close_code = 1000;                     // at the end of the run
  std::string close_reason;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_SOCKET_PLAN_H_
