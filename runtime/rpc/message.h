// What travels between isolates in a call: values as bytes, and capabilities beside them.
//
// A call is a message even inside one process: nothing in it points into an isolate. Functions, RpcTargets, stubs, streams, requests and
// responses go as capabilities, which the bytes refer to by index. Contract: contract sheet 2.2.
#ifndef EDGE_RUNTIME_RPC_MESSAGE_H_
#define EDGE_RUNTIME_RPC_MESSAGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/web/host.h"

namespace edge::rpc {

class Callee;

// A stream of bytes, and a place that requests can be sent to (a stub that has fetch), are capabilities too.
using Capability = std::variant<std::shared_ptr<Callee>, std::shared_ptr<web::BodySource>, std::shared_ptr<web::FetchTarget>>;

struct Message {
  std::string bytes;  // js::SerializeValue
  std::vector<Capability> capabilities;
  std::shared_ptr<void> account;  // what `bytes` are charged to; lives as long as they do
};

// Results whose names nobody holds any more.
struct ReleasedResults {
  std::vector<uint64_t> numbers;
};

// Names the result of a call, for calls on it that are sent before it is known. Who holds one may still send such calls; the isolate that
// carries out the call keeps the result until the last holder lets go.
class CallResult {
 public:
  CallResult() = default;
  ~CallResult() {
    if (const std::shared_ptr<ReleasedResults> table = table_.lock(); table != nullptr) table->numbers.push_back(number_);
  }
  CallResult(const CallResult&) = delete;
  CallResult& operator=(const CallResult&) = delete;

  // Where the result is kept, and under which number.
  void Bind(std::weak_ptr<ReleasedResults> table, uint64_t number) {
    table_ = std::move(table);
    number_ = number;
  }
  bool IsIn(const std::shared_ptr<ReleasedResults>& table) const { return table != nullptr && table_.lock() == table; }
  uint64_t number() const { return number_; }
  // Something that calls on the result need, and that goes with the last holder.
  void Keep(std::shared_ptr<void> needed) { kept_.push_back(std::move(needed)); }
  // Where requests on the result go, for a callee that makes something new for each call of its own; null: to the callee itself. As Keep.
  void SetReceiver(std::shared_ptr<Callee> receiver) { receiver_ = std::move(receiver); }
  const std::shared_ptr<Callee>& receiver() const { return receiver_; }

 private:
  std::weak_ptr<ReleasedResults> table_;
  uint64_t number_ = 0;
  std::vector<std::shared_ptr<void>> kept_;
  std::shared_ptr<Callee> receiver_;
};

// One step from the receiver: read a property, or call a method with `arguments` (an array). `s.x.y(1)` is one request of two steps.
struct Step {
  std::string name;  // empty: call the receiver itself (a function)
  std::optional<Message> arguments;
};

// `await s.a().b(1).c` is three requests that leave at once, one round trip: the second goes to the result of the first, the third to that
// of the second. All of them go through the same Callee.
struct CallRequest {
  std::vector<Step> steps;
  std::shared_ptr<CallResult> result;  // by which later requests refer to what this one returns
  std::shared_ptr<CallResult> on;      // not null: the receiver is the result of that request. Belongs to the same session as that
  uint64_t key = 0;                    // causal
  uint64_t sender = 0;                 // as web::FetchRequest
  uint32_t depth = 0;                  // likewise
};

// A call that has been sent.
class PendingCall {
 public:
  virtual ~PendingCall() = default;
  // What the call returned or threw (web::RemoteError in the status), or why that will never be known (kUnavailable). Called once. MAY
  // SUSPEND.
  virtual absl::StatusOr<Message> Wait() = 0;
  // Nobody wants the result. Does not suspend. Idempotent.
  virtual void Cancel() = 0;
};

// Something that can be called from elsewhere: a live object or one that will live when it is called, a function or an RpcTarget that an
// isolate has given away. Dropping the last reference disposes of it. Calls arrive in the order of Send; a broken one answers every call
// with the same error.
class Callee {
 public:
  virtual ~Callee() = default;
  // Does not suspend; the message is on its way.
  virtual std::shared_ptr<PendingCall> Send(CallRequest request) = 0;
};

}  // namespace edge::rpc

#endif  // EDGE_RUNTIME_RPC_MESSAGE_H_
