// Exchange: one request being answered, as its handler sees it. Handler: who answers.
//
// A handler runs on the connection's fiber and may suspend. It answers in one of two ways:
//
//     exchange.Respond(head, body);                                     // complete: one write together with what was pending
//     exchange.Start(head); exchange.Write(piece) ...; exchange.Finish();   // a stream, held back by suspension while the client is slow
//
// Where the message ends is the server's business: Content-Length when the length is known, chunked in HTTP/1.1 otherwise, the end of the
// connection in HTTP/1.0; no body for HEAD, 204 and 304. Output gathers until the handler returns, reads a body that has not arrived, or
// calls Flush, which it should before it waits for anything else.
//
// Methods may be called by any fiber as long as the handler has not returned: at a time, one that reads the body and one that answers.
#ifndef EDGE_NET_HTTP_EXCHANGE_H_
#define EDGE_NET_HTTP_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/http/client_watch.h"
#include "net/http/head.h"
#include "net/http/upgrade.h"
#include "net/network.h"

namespace edge::http {

struct Session;  // session.h: buffers and parsers of an active connection

// What the server decides for the whole connection, asked when a response begins.
class ConnectionPolicy {
 public:
  virtual ~ConnectionPolicy() = default;
  // Whether the connection may serve another request after this one.
  virtual bool MayKeepOpen() const = 0;
  // The Date header's value.
  virtual std::string_view Date() = 0;
  // Names one thing more that the connection starts by itself.
  virtual uint64_t NextKey() = 0;
};

// Told what a handler reads and how it answers: for those who stand between the server and the handler.
class ExchangeObserver {
 public:
  virtual ~ExchangeObserver() = default;
  // Bytes of the request's body as the handler gets them; empty at its end. The view is good during the call.
  virtual void OnRequestBody(std::string_view bytes) = 0;
  // A response has begun.
  virtual void OnResponse(int status) = 0;
};

class Exchange {
 public:
  // Made by the server. All borrowed.
  Exchange(Session& session, const Connection& connection, ConnectionPolicy& policy);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- the request ---
  // Views; valid until the handler returns. Copy() what lives longer.
  const RequestHead& head() const;
  const Endpoint& peer() const { return connection_.Peer(); }
  // Whether the request has a body (one of length 0 does not count).
  bool has_body() const;
  // Its length if the client has declared it.
  std::optional<uint64_t> content_length() const;
  // Puts the next bytes of the body into `target` (not empty); 0 at its end. The first call answers Expect: 100-continue. Errors: the body
  // is malformed or too large (kInvalidArgument) or stalls (kDeadlineExceeded): if no response has begun the server has sent 400, 413 or
  // 408 itself; kUnavailable: the client is gone; kCancelled, kAborted. The request is over after an error. MAY SUSPEND.
  absl::StatusOr<size_t> ReadBody(std::span<char> target);

  // --- the response ---
  // Errors of all of these: kFailedPrecondition: out of order (a second response, Write before Start ...); kInvalidArgument: a status
  // outside of 200..999, or a body that is not as long as announced (the response is then failed); kUnavailable: the client is gone or the
  // server has refused the request itself; kDeadlineExceeded: the client takes nothing (the connection is over); kCancelled, kAborted.

  // A whole response. MAY SUSPEND (only when much output is pending).
  absl::Status Respond(const ResponseHead& head, std::string_view body);
  // The head of a streamed response. MAY SUSPEND.
  absl::Status Start(const ResponseHead& head, std::optional<uint64_t> content_length = std::nullopt);
  // More of the body; dropped where the response has none (HEAD, 204, 304). MAY SUSPEND.
  absl::Status Write(std::string_view data);
  // The regular end of a streamed response. MAY SUSPEND.
  absl::Status Finish();
  // Answers 101: when the handler has returned, the connection speaks `protocol` and belongs to `upgraded`, which is destroyed without
  // having been started if the answer cannot be sent. `head` holds further fields; Upgrade and Connection are added. kFailedPrecondition
  // also: the request has a body or is HTTP/1.0. Nobody reads the request after this. MAY SUSPEND.
  absl::Status Upgrade(const ResponseHead& head, std::string_view protocol, std::unique_ptr<UpgradedConnection> upgraded);
  // Gives up. Before Start the client gets a 500; afterwards the response stays cut off, visibly so: the connection is aborted.
  void Fail();
  // Sends what has gathered. MAY SUSPEND.
  absl::Status Flush();

  // Whether a response has begun.
  bool started() const { return state_ != State::kNothing; }
  // Whether it is known that nobody will read the response: sending or receiving has failed.
  bool client_gone() const;

  // From now on until the handler returns: tells `watcher` (borrowed) when the client closes or resets the connection; output fails from
  // then on. For handlers that are about to wait. Between two pieces of the request's body nobody looks; the next ReadBody does. Later
  // calls with the same watcher do nothing.
  void WatchClient(ClientWatcher& watcher);

  // `observer` is borrowed and told of everything from now on, instead of one given before; null: nobody.
  void Observe(ExchangeObserver* observer) { observer_ = observer; }
  // Of the response that has begun; 0: none has.
  int status() const { return status_; }

  // --- for the server, after the handler has returned ---
  // Nobody is told any more. MAY SUSPEND.
  void EndWatch() { watch_.Stop(); }
  enum class Verdict : uint8_t {
    kKeep,    // ready for the next request
    kClose,   // the client knows that this was the last response
    kLinger,  // close, but the client may still be sending
    kAbort,
    kUpgrade,
  };
  // Completes what the handler left undone and says what becomes of the connection. MAY SUSPEND.
  Verdict Conclude();
  // After kUpgrade.
  std::unique_ptr<UpgradedConnection> TakeUpgraded() { return std::move(upgraded_); }

 private:
  enum class State : uint8_t { kNothing, kStreaming, kDone, kFailed };
  enum class Framing : uint8_t { kNoBody, kLength, kChunked, kUntilClose };

  // Appends status line and fields.
  void AppendHead(const ResponseHead& head, Framing framing, std::optional<uint64_t> length);
  absl::Status CheckCanStart(const ResponseHead& head) const;
  bool HidesBody(int status) const;
  // Answers a body that cannot be read any further.
  void RefuseBody(int status, std::string_view reason);
  bool DrainUnreadBody();
  absl::Status WriteFramed(std::string_view data);
  absl::StatusOr<size_t> ReadBodyUnwatched(std::span<char> target);
  void NoteResponse(int status) {
    status_ = status;
    if (observer_ != nullptr) observer_->OnResponse(status);
  }

  Session& session_;
  const Connection& connection_;
  ConnectionPolicy& policy_;
  State state_ = State::kNothing;
  Framing framing_ = Framing::kNoBody;
  uint64_t left_ = 0;  // kLength: bytes still to be written
  bool announced_close_ = false;
  bool close_after_ = false;   // whatever was announced
  bool refused_ = false;       // the server has answered, because of the body
  bool continue_due_ = false;  // the client waits for "100 Continue"
  absl::Status body_status_;   // sticky
  ClientWatch watch_;
  ExchangeObserver* observer_ = nullptr;
  int status_ = 0;
  std::unique_ptr<UpgradedConnection> upgraded_;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Answers one request. Whatever fiber it has started that uses the exchange has ended when it returns. Without an answer the client gets
  // a 500. MAY SUSPEND.
  virtual void Handle(Exchange& exchange) = 0;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_EXCHANGE_H_
