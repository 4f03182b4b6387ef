// Words: an event in plain words, without its time and actor.
//
//   {kRequest, client2, "/transfer", note "POST", value 1}  -->  "asks again: POST /transfer"
//   {kFault, node1, "network.reset_after"}                  -->  "FAULT: the connection was lost after ... (network.reset_after)"
//
// Story, listing, state and timeline speak alike because all of them ask here.
#ifndef EDGE_SIM_REPORT_WORDS_H_
#define EDGE_SIM_REPORT_WORDS_H_

#include <string>
#include <string_view>

#include "sim/report/exchange_index.h"
#include "sim/report/journal.h"

namespace edge::sim {

// What a client does on a WebSocket: kSend, kDeliver and twice kClose with these labels; `message` is the ray of the handshake, `key` that
// of the message, or of the connection. Its end says in words who ended it.
inline constexpr std::string_view kSocketSendLabel = "websocket.send";
inline constexpr std::string_view kSocketReceiveLabel = "websocket.message";
inline constexpr std::string_view kSocketClosingLabel = "websocket.closing";
inline constexpr std::string_view kSocketEndLabel = "websocket.end";
bool IsOnSocket(const Event& event);

// One line, printable; foreign text has gone through Printable. `exchanges` is of the same journal.
std::string Words(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event);

// What was asked: "POST /transfer". Of a kRequest.
std::string RequestWords(const Event& event);

// What happened, from the fault model: "lost the connection before the request arrived"; the label itself if the model does not know it.
std::string FaultStory(std::string_view label);

// "error", "warn", "log" ... Of a kLog, whose label says it ("console.warn") or whose value does (worker::Severity).
std::string_view LogLevelOf(const Event& event);

// What became of an invocation that did not end well: a kHost event with words in it.
bool IsIncident(const Event& event);

// The last part of a label: "crash" of "process.crash".
std::string_view LastPart(std::string_view label);

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_WORDS_H_
