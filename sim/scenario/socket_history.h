// SocketHistory: what simulated clients have sent and heard on their WebSockets, and how each connection ended: what checks look at.
#ifndef EDGE_SIM_SCENARIO_SOCKET_HISTORY_H_
#define EDGE_SIM_SCENARIO_SOCKET_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/time.h"
#include "sim/oracle/decision.h"
#include "sim/record/actor.h"

namespace edge::sim {

// One connection of a client, from its opening handshake to its end.
struct SocketLife {
  size_t plan = 0;  // index into the scenario's sockets
  std::string group;
  ActorId client = ActorId::kWorld;
  Key key = 0;  // of the connection; its handshake's ray is derived from it
  uint64_t ray = 0;
  Instant opened;
  Instant closing = Instant::Infinite();  // the client began to close it, before anything else had ended it
  enum class End : uint8_t {
    kOpen,
    kClosed,          // by the client, and the server has answered
    kClosedByServer,  // ... began
    kDropped,         // by the client, without a word
    kLost,            // to the client's surprise
    kBroken,          // the server has broken the protocol
  } ended = End::kOpen;
  Instant end;
  uint16_t code = 0;
  std::string reason;                // of the close, or why it was lost
  std::vector<std::string> arrived;  // names of messages, in order
};

// A message that has a name, and where and when it was sent: more than once if it was not acknowledged.
struct SentMessage {
  size_t call = 0;  // in the history of calls, where its acknowledgement is
  size_t plan = 0;
  std::string group;
  std::string id;
  struct Send {
    size_t life;  // in SocketHistory::lives
    Instant when;
  };
  std::vector<Send> sends;  // at least one
  bool ambiguous = false;   // another one of the group has the same name
};

struct SocketHistory {
  std::vector<SocketLife> lives;
  std::vector<SentMessage> messages;  // in the order of their first sending

  void Add(SentMessage message) {
    const auto [at, fresh] = by_name.emplace(std::pair(message.group, message.id), messages.size());
    if (!fresh) message.ambiguous = messages[at->second].ambiguous = true;
    messages.push_back(std::move(message));
  }
  // The first of that name; null: none.
  const SentMessage* Find(const std::string& group, const std::string& id) const {
    const auto found = by_name.find({group, id});
    return found == by_name.end() ? nullptr : &messages[found->second];
  }

  std::map<std::pair<std::string, std::string>, size_t> by_name;  // by group and id
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_SOCKET_HISTORY_H_
