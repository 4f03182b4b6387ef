// ObjectEvent: one event on its way to a Durable Object: a request, a call, an alarm, a WebSocket message; from its sending to the answer.
//
//   caller's fiber                              the object's fiber for this event
//   Send --> ObjectDirectory::Deliver ------->  waits for the gate; Begin: the handler is called
//   Wait                                        ... turns of the object ... OnSettled: the answer becomes an effect (LiveObject::Emit)
//     ^---------------- Reply or Fail <-------  when what it may reveal is durable
//                                               Finish: what goes on after the answer (a streamed body)
//
// Shared by the two sides, on one thread. What the caller sees of a failure is a web::RemoteError inside of a status. An event is delivered
// at most once.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_EVENT_H_
#define EDGE_RUNTIME_WORKER_OBJECT_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "duktape.h"
#include "runtime/fiber/event.h"
#include "runtime/js/language/promise.h"
#include "runtime/rpc/message.h"
#include "runtime/rpc/rpc.h"
#include "runtime/web/host.h"
#include "runtime/worker/fiber_pipe.h"

namespace edge::worker {

class LiveObject;
struct Invocation;

class ObjectEvent : public std::enable_shared_from_this<ObjectEvent> {
 public:
  ObjectEvent(Scheduler& scheduler, uint64_t key) : changed(scheduler), key(key) {}
  virtual ~ObjectEvent() = default;

  // As web::FetchRequest::depth.
  virtual uint32_t depth() const { return 0; }
  // For the line's limits and for reports.
  virtual size_t bytes() const { return 0; }
  virtual const char* kind() const = 0;
  // Nobody wants it any more; if it has not begun, it never will.
  virtual bool unwanted() const { return false; }

  // Calls the handler. [ ... instance ] -> [ ... instance promise ]. In the object's turn.
  virtual void Begin(duk_context* ctx, LiveObject& object, Invocation& invocation) = 0;
  // The promise is settled. In a turn of the object. [ ... value | reason ] -> [ ... value | reason ]
  virtual void OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation& invocation) = 0;
  // How long the handler's promise may take to settle.
  virtual Duration TimeMax(LiveObject&) const { return Duration::Infinite(); }
  // It has taken longer. Does not suspend.
  virtual void TakesTooLong(LiveObject&) {}
  // What is left to do after that; returns early when the object is broken. MAY SUSPEND.
  virtual void Finish(LiveObject& object, Invocation& invocation) {}
  // There will be no answer: it was not begun, or the object has been reset. Does nothing after Reply or Fail. Does not suspend.
  virtual void Fail(const absl::Status& why) = 0;

  // The caller will hear that the connection was lost, whatever comes back.
  void LoseAnswer() { answer_lost_ = true; }
  bool answer_lost() const { return answer_lost_; }

  // For ExecutionObserver::OnCallBegan; 0: it has come through no stub.
  uint64_t line = 0;
  uint64_t number_in_line = 0;

  // The side of the object.
  uint64_t number = 0;    // by which its isolate knows it; 0: it has not begun
  bool settled = false;   // the handler's promise
  bool answered = false;  // or refused; or nobody will hear
  Event changed;          // something of it is new to the object's fiber

  const uint64_t key;  // causal

 protected:
  // Once. False: it was answered before.
  bool Answer() {
    changed.Set();
    return !std::exchange(answered, true);
  }

 private:
  bool answer_lost_ = false;
};

// A request to an object's fetch().
class FetchEvent final : public ObjectEvent, public web::PendingFetch {
 public:
  FetchEvent(Scheduler& scheduler, uint64_t key, web::FetchRequest request);
  ~FetchEvent() override;

  absl::StatusOr<web::FetchResponse> Wait() override;
  void Cancel() override;

  uint32_t depth() const override { return request_.depth; }
  size_t bytes() const override { return request_.bytes.has_value() ? request_.bytes->size() : 0; }
  const char* kind() const override { return "fetch"; }
  bool unwanted() const override { return cancelled_; }
  void Begin(duk_context* ctx, LiveObject& object, Invocation& invocation) override;
  void OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation& invocation) override;
  void Finish(LiveObject& object, Invocation& invocation) override;
  void Fail(const absl::Status& why) override;

 private:
  class Relay;

  void Reply(absl::StatusOr<web::FetchResponse> reply);
  // Moves a streamed body into the pipe, at the reader's pace.
  void Stream(LiveObject& object, Invocation& invocation);
  std::shared_ptr<FetchEvent> Self() { return std::static_pointer_cast<FetchEvent>(shared_from_this()); }

  Scheduler& scheduler_;
  web::FetchRequest request_;
  web::IncomingHead* head_ = nullptr;  // null until it has begun
  bool cancelled_ = false;
  bool asks_for_web_socket_ = false;                         // known when it has begun
  std::optional<absl::StatusOr<web::FetchResponse>> reply_;  // until it is fetched by Wait
  Event replied_;
  std::shared_ptr<FiberPipe> pipe_;  // a body that JavaScript makes
  bool relaying_ = false;            // a body that comes from elsewhere has not ended
};

// A call of a method of an object, or of something that it has given away.
class CallEvent final : public ObjectEvent, public rpc::PendingCall {
 public:
  // `export_number` 0: the object itself.
  CallEvent(Scheduler& scheduler, rpc::CallRequest request, uint64_t export_number);

  absl::StatusOr<rpc::Message> Wait() override;
  void Cancel() override;

  uint32_t depth() const override { return request_.depth; }
  size_t bytes() const override;
  const char* kind() const override { return "call"; }
  bool unwanted() const override { return cancelled_; }
  void Begin(duk_context* ctx, LiveObject& object, Invocation& invocation) override;
  void OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation& invocation) override;
  void Fail(const absl::Status& why) override { Reply(why); }

  // The same for what belongs to no object.
  void BeginExported(duk_context* ctx);
  // [ ... receiver ] -> [ ... receiver promise ]
  void BeginOn(duk_context* ctx, rpc::Receiver rules);
  void TakeAnswer(duk_context* ctx, js::PromiseState state, absl::StatusOr<rpc::Message>& answer);
  void Reply(absl::StatusOr<rpc::Message> reply);

 private:
  std::shared_ptr<CallEvent> Self() { return std::static_pointer_cast<CallEvent>(shared_from_this()); }

  rpc::CallRequest request_;
  const uint64_t export_number_;
  bool cancelled_ = false;
  std::optional<absl::StatusOr<rpc::Message>> reply_;
  Event replied_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_EVENT_H_
