// SentExchange: one request on one connection, from its first byte to the end of its response.
//
//   Send's fiber:   Begin ------> await head ------> (caller) ReadBody ... end --+
//   body's fiber:     \-> head + body, piece by piece ------------------- end --+--> both ended well: the connection goes to the pool
//
// A request without a body is written by Send's fiber. One with a body has a fiber of its own, whatever its size, because neither the body
// nor a server that does not read may keep the answer from being seen or the deadline from being kept: an early 413 arrives, and a server
// that answers before it reads blocks nobody. When writing fails because the connection is lost, reading goes on: the answer may explain.
//
// The first failure is the exchange's result from then on (sticky) and aborts the connection at once, which ends the waits of both fibers.
#ifndef EDGE_NET_HTTP_CLIENT_EXCHANGE_H_
#define EDGE_NET_HTTP_CLIENT_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/http/body_decoder.h"
#include "net/http/client.h"
#include "net/http/connection_pool.h"
#include "net/http/input_buffer.h"
#include "net/http/limits.h"
#include "net/http/response_parser.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/task_group.h"

namespace edge::http {

// What the exchanges of a client share.
struct ClientContext {
  ClientContext(Scheduler& a_scheduler, const ClientLimits& a_limits);

  Scheduler& scheduler;
  const ClientLimits limits;
  ServerLimits decoder_limits;  // BodyDecoder's: a response may be of any length
  ConnectionPool pool;
  Upgrades upgrades;
  size_t exchanges = 0;      // alive
  uint64_t unasked_for = 0;  // answers with something behind them
};

class SentExchange final : public ClientExchange {
 public:
  // The context is borrowed. `request_head` is the text to send; `body` may be null.
  SentExchange(ClientContext& context, const ClientRequest& request, std::string request_head, std::shared_ptr<RequestBody> body,
               std::unique_ptr<Connection> connection);
  // Aborts the connection unless it has been given back. MAY SUSPEND while the body is still being sent, which is ended first.
  ~SentExchange() override;
  SentExchange(const SentExchange&) = delete;
  SentExchange& operator=(const SentExchange&) = delete;

  // Sends and waits for the head of the response. Errors of Client::Send. Called once. MAY SUSPEND.
  absl::Status Begin(Instant deadline);
  // After Begin has failed: whether nothing has been received, and nothing taken of the body.
  bool untouched() const { return !answer_begun_ && !body_taken_; }

  const ClientResponseHead& head() const override { return head_; }
  std::optional<uint64_t> content_length() const override { return content_length_; }
  absl::StatusOr<size_t> ReadBody(std::span<char> target) override;
  void Upgrade(std::unique_ptr<UpgradedConnection> upgraded) override;

 private:
  enum class Sending : uint8_t {
    kActive,
    kStopping,  // told to end, still in a wait
    kDone,      // all of it is sent
    kStopped,   // ended before
  };

  // --- sending ---
  // The body of the sending fiber, and its steps.
  void SendAll();
  absl::Status SendRequest();
  absl::StatusOr<std::string> NextPiece();
  absl::Status SendPiece(std::string_view before, std::string_view piece);
  absl::Status Write(std::span<const std::string_view> pieces, Instant deadline);
  void EndSending(const absl::Status& status);
  // For a server that has answered and does not want the rest.
  void StopSending();

  // --- receiving ---
  absl::Status ReadHead(Instant deadline);
  absl::StatusOr<size_t> ReadFramed(std::span<char> target);
  absl::StatusOr<size_t> ReadUntilClose(std::span<char> target);
  // Takes what is buffered through the decoder; Fail if it is malformed. Returns what it has put into `target`.
  size_t Decode(std::span<char> target);
  // Reads into `target`, or into input_ if that is empty.
  absl::StatusOr<size_t> FillBody(std::span<char> target);
  void EndReceiving();

  // --- both ---
  // Makes `status` the result, unless there is one, and aborts. Returns the result.
  absl::Status Fail(absl::Status status);
  // Gives the connection back, or closes it, once both directions have ended.
  void ReleaseIfDone();

  ClientContext& context_;
  const Endpoint host_;
  const std::string request_head_;
  const std::shared_ptr<RequestBody> body_;  // null: none, or one of length 0
  const std::optional<uint64_t> body_length_;
  std::unique_ptr<Connection> connection_;  // null once released
  absl::Status status_;                     // sticky
  uint64_t body_sent_ = 0;
  bool body_taken_ = false;
  bool answer_begun_ = false;
  Sending sending_ = Sending::kActive;
  bool received_ = false;  // the response, to its end
  InputBuffer input_;
  ResponseParser parser_;
  BodyDecoder decoder_;
  ClientResponseHead head_;
  std::optional<uint64_t> content_length_;
  TaskGroup sender_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_CLIENT_EXCHANGE_H_
