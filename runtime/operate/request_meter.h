// RequestMeter: counts the requests that go through a handler: how they are answered, how long that takes, how many are under way.
#ifndef EDGE_RUNTIME_OPERATE_REQUEST_METER_H_
#define EDGE_RUNTIME_OPERATE_REQUEST_METER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "net/http/exchange.h"
#include "runtime/operate/metrics_text.h"
#include "runtime/seam/clock.h"

namespace edge::operate {

struct RequestCounts {
  // Upper bounds in seconds.
  static const std::vector<double>& Bounds();

  uint64_t in_flight = 0;
  uint64_t aborted = 0;               // ended without a response: the client left, or the server had to give up
  std::map<int, uint64_t> by_status;  // of responses that have begun
  std::vector<uint64_t> by_duration = std::vector<uint64_t>(Bounds().size() + 1);  // until the handler was done; aborted ones are not in it
  double seconds = 0;                                                              // of all that are in by_duration

  void AppendTo(MetricsText& text) const;
};

class RequestMeter final : public http::Handler {
 public:
  // `counts` and `clock` are borrowed; `handler` is what answers.
  RequestMeter(std::unique_ptr<http::Handler> handler, const Clock& clock, RequestCounts& counts)
      : handler_(std::move(handler)), clock_(clock), counts_(counts) {}

  void Handle(http::Exchange& exchange) override;

 private:
  const std::unique_ptr<http::Handler> handler_;
  const Clock& clock_;
  RequestCounts& counts_;
};

// Hands every request on to a handler that somebody else owns.
class BorrowedHandler final : public http::Handler {
 public:
  explicit BorrowedHandler(http::Handler& handler) : handler_(handler) {}
  void Handle(http::Exchange& exchange) override { handler_.Handle(exchange); }

 private:
  http::Handler& handler_;
};

}  // namespace edge::operate

#endif  // EDGE_RUNTIME_OPERATE_REQUEST_METER_H_
