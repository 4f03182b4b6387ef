// RecordingHandler: between the server and the worker; hands a copy of each request to a sink when it has been answered.
//
//   server --> RecordingHandler --> the worker's front
//                  '--> RecordedRequest --> sink (RequestLogWriter in `edge serve --record`)
//
// It changes nothing and waits for nothing: what the worker reads of the body passes by and is copied up to a limit.
#ifndef EDGE_RUNTIME_NODE_RECORDING_HANDLER_H_
#define EDGE_RUNTIME_NODE_RECORDING_HANDLER_H_

#include <cstddef>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "net/http/exchange.h"
#include "runtime/node/request_log.h"
#include "runtime/seam/clock.h"

namespace edge {

struct RecordingOptions {
  size_t body_bytes_max = 64u << 10;  // of one request; the rest is cut
  enum class Secrets : uint8_t {
    kRedacted,  // the values of Authorization and Cookie are written as "<redacted>"
    kRecorded,
  } secrets = Secrets::kRedacted;
};

class RecordingHandler final : public http::Handler {
 public:
  using Sink = absl::AnyInvocable<void(RecordedRequest)>;

  // Handler and clock are borrowed. `sink` neither suspends nor fails; it is called on the request's fiber.
  RecordingHandler(http::Handler& handler, const Clock& clock, const RecordingOptions& options, Sink sink);

  // MAY SUSPEND.
  void Handle(http::Exchange& exchange) override;

 private:
  http::Handler& handler_;
  const Clock& clock_;
  const RecordingOptions options_;
  Sink sink_;
  std::optional<Instant> last_arrival_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_RECORDING_HANDLER_H_
