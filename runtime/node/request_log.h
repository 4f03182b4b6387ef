// The recording of requests: what `edge serve --record F` writes and `edge sim --requests F` reads. docs/recording.md describes it.
//
// One JSON object a line, one line a request, after a first line that names the format:
//
//   {"edge_requests":1}
//   {"method":"POST","target":"/notes?x=1","headers":[["Content-Type","text/plain"]],"body":"hello","gap_ms":12,"status":201}
//
// Lines can be written, cut and shuffled by hand: only method and target are needed. Nothing of this touches a seam.
#ifndef EDGE_RUNTIME_NODE_REQUEST_LOG_H_
#define EDGE_RUNTIME_NODE_REQUEST_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/time.h"

namespace edge {

struct RecordedRequest {
  std::string method;
  std::string target;  // path and query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  enum class Body : uint8_t {
    kWhole,
    kCut,  // longer than what is recorded, or the worker did not read it to its end
  } body_is = Body::kWhole;
  Duration gap;     // since the request that arrived before; whole milliseconds
  int status = 0;   // answered; 0: no answer
  size_t line = 0;  // where it was read
};

struct RequestLogLimits {
  size_t line_bytes_max = 1u << 20;
  size_t requests_max = 100'000;
};

// The first line, with its line end.
std::string RequestLogHeading();
// With its line end. Text that is not UTF-8 is written as if it were Latin-1, a body as base64.
std::string RequestLogLine(const RecordedRequest& request);

// In the order of the file. `file_name` is for errors. kInvalidArgument: file:line, what is wrong and what is expected. kResourceExhausted:
// a limit.
absl::StatusOr<std::vector<RecordedRequest>> ParseRequestLog(std::string_view text, std::string_view file_name,
                                                             const RequestLogLimits& limits = {});

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_REQUEST_LOG_H_
