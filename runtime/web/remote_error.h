// RemoteError: an error that travels between isolates: what was thrown on the other side of a call, or why the call could not be made.
//
// It rides in an absl::Status (as a payload), so that whoever only passes results on need not know it. In JavaScript it becomes an Error of
// the standard class `name` with the properties below. Contract: contract sheet 2.2 and 3.10.
#ifndef EDGE_RUNTIME_WEB_REMOTE_ERROR_H_
#define EDGE_RUNTIME_WEB_REMOTE_ERROR_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "duktape.h"

namespace edge::web {

struct RemoteError {
  std::string name = "Error";  // of a standard error class or a DOMException, else "Error"
  std::string message;
  bool remote = false;      // thrown by the code on the other side, or by its limits
  bool retryable = false;   // transient: another attempt on a new stub may succeed
  bool overloaded = false;  // do not try again soon
  bool durable_object_reset = false;
  std::string durable_object_id;  // of which object the platform speaks; empty: of none
  bool dom_exception = false;     // a DOMException of that name, which is then none of the standard classes
  bool operator==(const RemoteError&) const = default;
};

// kUnknown with the error as payload and its message as text.
absl::Status RemoteErrorStatus(const RemoteError& error);
// None: the status carries none.
std::optional<RemoteError> RemoteErrorOf(const absl::Status& status);
// What a status means to JavaScript: its RemoteError, or an infrastructure error with its text ("Network connection lost." for kUnavailable
// and kAborted). [ ... ] -> [ ... error ]
void PushRemoteError(duk_context* ctx, const absl::Status& status);
// The thrown value at `index` as it looks to a caller elsewhere (remote = true, the properties of an error that came from elsewhere itself
// kept).
RemoteError DescribeRemoteError(duk_context* ctx, duk_idx_t index);

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_REMOTE_ERROR_H_
