// WebHost: what the web platform needs from whoever runs an isolate (runtime/worker).
//
// The classes in this folder turn JavaScript calls into calls of this interface and never wait themselves: a native call that must wait
// starts a task, returns a promise, and is finished by the host inside the isolate later.
#ifndef EDGE_RUNTIME_WEB_HOST_H_
#define EDGE_RUNTIME_WEB_HOST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "duktape.h"
#include "runtime/base/time.h"

namespace edge::web {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };

// Bytes that arrive from outside: the body of an incoming request.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next piece; empty at the end. Called by one task at a time, on a fiber that does not hold the isolate. MAY SUSPEND.
  virtual absl::StatusOr<std::string> Read() = 0;
  // Known beforehand (Content-Length), in bytes.
  virtual std::optional<uint64_t> Length() const = 0;
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
