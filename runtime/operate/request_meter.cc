#include "runtime/operate/request_meter.h"

#include <algorithm>
#include <string>

namespace edge::operate {

const std::vector<double>& RequestCounts::Bounds() {
  static const auto& bounds = *new std::vector<double>{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  return bounds;
}

void RequestCounts::AppendTo(MetricsText& text) const {
  text.Counter("edge_http_requests_total", "Requests that were answered, by status code.");
  for (const auto& [status, count] : by_status) text.Sample(count, {{"code", std::to_string(status)}});
  text.Counter("edge_http_requests_aborted_total", "Requests that ended without a response: the client had left, or the server gave up.");
  text.Sample(aborted);
  text.Gauge("edge_http_requests_in_flight", "Requests that are being answered.");
  text.Sample(in_flight);
  text.Histogram("edge_http_request_duration_seconds", "Time from a request's head to the end of its response.");
  text.Buckets(Bounds(), by_duration, seconds);
}

void RequestMeter::Handle(http::Exchange& exchange) {
  const Instant begin = clock_.Now();
  ++counts_.in_flight;
  handler_->Handle(exchange);
  --counts_.in_flight;
  if (exchange.status() == 0) {
    ++counts_.aborted;
    return;
  }
  ++counts_.by_status[exchange.status()];
  const double seconds = static_cast<double>((clock_.Now() - begin).ToNanoseconds()) / 1e9;
  const std::vector<double>& bounds = RequestCounts::Bounds();
  ++counts_.by_duration[static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin())];
  counts_.seconds += seconds;
}

}  // namespace edge::operate
