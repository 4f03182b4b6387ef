// WebHost: what the web platform needs from whoever runs an isolate (runtime/worker).
//
// The classes in this folder turn JavaScript calls into calls of this interface and never wait themselves: a native call that must wait
// starts a task, returns a promise, and is finished by the host inside the isolate later.
#ifndef EDGE_RUNTIME_WEB_HOST_H_
#define EDGE_RUNTIME_WEB_HOST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "duktape.h"
#include "runtime/base/time.h"
#include "runtime/web/header_list.h"

namespace edge::websocket {
class End;  // net/websocket/end.h
}

namespace edge::web {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };

// Bytes that arrive from outside: the body of an incoming request, or of the response to a fetch().
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next piece; empty at the end. Called by one task at a time, on a fiber that does not hold the isolate. kFailedPrecondition,
  // kPermissionDenied: it may not be read any more, the text is for the worker; anything else: the connection is lost. MAY SUSPEND.
  virtual absl::StatusOr<std::string> Read() = 0;
  // Known beforehand (Content-Length), in bytes.
  virtual std::optional<uint64_t> Length() const = 0;
  // The next Read will not suspend.
  virtual bool IsReady() const { return false; }
  // Nobody wants the rest: a Read that waits ends soon, with an error, and so does every later one. Does not suspend.
  virtual void Cancel() {}
};

// A body that JavaScript produces and the host reads: Put by Put, each of which must be asked for.
class BodyPipe : public BodySource {
 public:
  // Waits until the reader wants a piece. False: it wants no more. MAY SUSPEND.
  virtual bool WaitForDemand() = 0;
  // The piece that was asked for is on its way to Put: WaitForDemand waits for the next one.
  virtual void MeetDemand() = 0;
  // Hands over a piece. REQUIRES: not empty.
  virtual void Put(std::string piece) = 0;
  // No more pieces: the body is complete (OK), or it never will be.
  virtual void End(absl::Status status) = 0;
};

enum class RedirectMode : uint8_t { kFollow, kManual };

// One request to another server, as fetch() was told.
struct FetchRequest {
  std::string method = "GET";
  std::string url;  // absolute, as URL.href writes it
  HeaderList headers;
  std::string cf;  // of the Request, as JSON, for who is asked by name and not by network; empty: none
  RedirectMode redirect = RedirectMode::kFollow;
  // The body: bytes can be sent again after a redirect, a stream cannot. Neither: there is none.
  std::optional<std::string> bytes;
  std::shared_ptr<BodySource> stream;
  std::shared_ptr<void> account;  // what `bytes` are charged to; lives as long as they do
  uint64_t key = 0;               // causal; the host's business
  // The host's business too: on whose behalf (what the order of sending is kept for), and how many events of workers and objects, one
  // inside of the other, have led here.
  uint64_t sender = 0;
  uint32_t depth = 0;

  bool has_body() const { return bytes.has_value() || stream != nullptr; }
};

// The head of the answer, and what its body is read from.
struct FetchResponse {
  int status = 0;
  std::string status_text;
  std::string url;  // of the last request, when there were redirects
  bool redirected = false;
  HeaderList headers;
  std::shared_ptr<BodySource> body;            // null: it has none
  std::shared_ptr<websocket::End> web_socket;  // of an answer 101
};

// A fetch() that has been started, until its response's body has ended.
class FetchOperation {
 public:
  virtual ~FetchOperation() = default;
  // Ends it now, whatever it does: the connection is dropped, reading the body fails. Does not suspend. Idempotent.
  virtual void Cancel() = 0;
  // There is nothing left to cancel.
  virtual bool over() const = 0;
};

// A request that has been given to a FetchTarget.
class PendingFetch {
 public:
  virtual ~PendingFetch() = default;
  // The response, or why there is none (remote_error.h). Called once. MAY SUSPEND.
  virtual absl::StatusOr<FetchResponse> Wait() = 0;
  // Nobody wants the response: as a client that goes. Does not suspend. Idempotent.
  virtual void Cancel() = 0;
};

// Where requests can go besides the network: a Durable Object, another worker. Requests arrive in the order of Send.
class FetchTarget {
 public:
  virtual ~FetchTarget() = default;
  // Does not suspend; the request is on its way.
  virtual std::shared_ptr<PendingFetch> Send(FetchRequest request) = 0;
};

// The head of an incoming request, shared by the server and the Request object. Reference-counted, one thread.
//
// The server may let it point into a buffer that it uses again when the request is over. Then, if references() is above 1, JavaScript still
// holds the Request, and the server first makes the head own copies of what it points to (how is the business of the implementation). The
// Request object asks anew each time and keeps no view of what it was told.
class IncomingHead {
 public:
  virtual ~IncomingHead() = default;
  virtual std::string_view Method() const = 0;
  virtual std::string_view Url() const = 0;  // absolute, as text
  virtual size_t HeaderCount() const = 0;
  virtual std::string_view HeaderName(size_t index) const = 0;
  virtual std::string_view HeaderValue(size_t index) const = 0;
  // What request.cf is, as JSON; empty: undefined. Stays what it is.
  virtual std::string_view Cf() const { return {}; }
  // Memory that a reference keeps alive, for the isolate's account.
  virtual size_t Bytes() const {
    size_t bytes = Method().size() + Url().size();
    for (size_t i = 0; i < HeaderCount(); ++i) bytes += HeaderName(i).size() + HeaderValue(i).size();
    return bytes;
  }

  void Ref() { ++references_; }
  void Unref() {
    if (--references_ == 0) delete this;
  }
  int references() const { return references_; }

 private:
  int references_ = 1;
};

class WebHost {
 public:
  virtual ~WebHost() = default;

  // False while the worker's global scope runs: input, output, timers and randomness are refused there (contract sheet 1.2).
  virtual bool InInvocation() const = 0;

  // Calls FireTimer(id) in the isolate after `delay`, once, unless cancelled; on behalf of the current invocation.
  virtual void StartTimer(uint32_t id, Duration delay) = 0;
  virtual void CancelTimer(uint32_t id) = 0;

  // Runs `work` on a fiber of the current invocation without the isolate (it may suspend), then enters the isolate and calls `finish`,
  // which may throw JavaScript errors (they count as uncaught) and holds no C++ object with a destructor while it does. Neither is called
  // after the invocation has been cancelled.
  virtual void StartTask(std::string_view label, absl::AnyInvocable<void()> work, absl::AnyInvocable<void(duk_context*)> finish) = 0;

  // Sends `request` on behalf of the current invocation and calls `finish` in the isolate, under the rules of StartTask, with the response
  // or why there is none. kUnavailable, kDeadlineExceeded: the connection could not be made or was lost. kInvalidArgument: the request
  // cannot be sent, or a redirect cannot be followed: the text is for the worker. kResourceExhausted: a limit, named by the text.
  // kCancelled.
  using FetchDone = absl::AnyInvocable<void(duk_context*, absl::StatusOr<FetchResponse>&)>;
  // `target` null: the network.
  virtual std::shared_ptr<FetchOperation> StartFetch(FetchRequest request, std::shared_ptr<FetchTarget> target, FetchDone finish) = 0;
  virtual std::shared_ptr<BodyPipe> NewBodyPipe(std::optional<uint64_t> length) = 0;

  // Lets happen what the outside will see: at once, or when everything it depends on is durable (the output gate of a Durable Object); in
  // the order of the calls on behalf of one object. `effect` does not suspend and does not enter the isolate.
  virtual void PassOutputGate(absl::AnyInvocable<void()> effect) { effect(); }
  // The current invocation goes on because of a new message: what it may compute begins anew.
  virtual void RenewCpu() {}
  // As long as what is returned lives, the current invocation has accepted a WebSocket that is not over: it goes on although its client may
  // have gone. May be let go of anywhere.
  virtual std::shared_ptr<void> HoldForWebSocket() { return nullptr; }

  // One line of the worker's console.
  virtual void Log(LogLevel level, std::string_view text) = 0;
  // An error that no code caught, as text with its stack; `value` is at the top of the stack. [ ... error ] -> [ ... error ]
  virtual void ReportException(duk_context* ctx) = 0;
  virtual void FillRandom(std::span<std::byte> out) = 0;
  // Since the isolate's start, frozen while JavaScript runs.
  virtual Duration Elapsed() const = 0;
};

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_HOST_H_
