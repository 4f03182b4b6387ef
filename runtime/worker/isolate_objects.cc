// Durable Objects in an isolate: how their events enter, and what they give away.
#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/remote_error.h"
#include "runtime/websocket/hibernation.h"
#include "runtime/worker/isolate_internal.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/object_event.h"
#include "runtime/worker/service_call.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {

// --- turns ---

WorkerIsolate::Entered WorkerIsolate::EnterFor(Invocation& invocation, absl::FunctionRef<void(duk_context*)> f, Failure& failure) {
  return invocation.object == nullptr ? Enter(invocation.id, f, failure) : EnterObject(invocation, {}, f, failure);
}

WorkerIsolate::Entered WorkerIsolate::EnterObject(Invocation& invocation, Way way, absl::FunctionRef<void(duk_context*)> f,
                                                  Failure& failure) {
  LiveObject& object = *invocation.object;
  const gate::Section section = way.ticket != nullptr ? way.ticket->section() : way.section;
  if (!way.holds_gate) {
    if (way.ticket == nullptr) way.ticket = object.gate().Take(section);
    if (const absl::Status in = object.gate().Wait(*way.ticket); !in.ok()) {
      failure = {Outcome::kCanceled, std::string(in.message()), ""};
      return Entered::kRefused;
    }
  }
  const Entered entered = Enter(
      invocation.id,
      [&](duk_context* ctx) {
        object.BeginTurn(section);
        f(ctx);
      },
      failure);
  if (way.holds_gate) object.gate().Release(section);
  way.ticket = nullptr;
  object.AfterTurn();
  return entered;
}

void WorkerIsolate::WaitForTurnOf(const LiveObject& object) {
  if (!IsRunning(object)) return;
  if (lock_.Lock().ok()) lock_.Unlock();
}

void WorkerIsolate::BreakObjects(LiveObject* culprit) {
  const Failure failure = FailureOf(js::JsError{.limit = isolate_->condemned()});
  std::string by;
  if (culprit != nullptr && !culprit->ended()) {
    const absl::Status why = StatusOf(failure);
    by = StrCat(culprit->object_class().name, " ", culprit->id().id);
    objects_->Report(Severity::kError, *culprit, StrCat("reset: ", std::string(why.message())));
    culprit->Break(why);
  }
  size_t others = 0;
  for (const auto& [number, object] : live_objects_) {
    if (object->ended()) continue;
    ++others;
    object->Break(ResetWithIsolate(failure.outcome));
  }
  if (others == 0) return;
  log_.Write(Severity::kWarning, code_.name,
             StrCat(others, " more objects were reset with their isolate, because ", by.empty() ? "their code" : by, " exceeded its ",
                    failure.outcome == Outcome::kExceededMemory ? "memory" : "CPU", " limit; what they had acknowledged is kept"));
}

// --- instances ---

durable::ObjectNumber WorkerIsolate::AddObject(LiveObject& object) {
  const durable::ObjectNumber number = next_invocation_++;
  live_objects_[number] = &object;
  return number;
}

void WorkerIsolate::RemoveObject(LiveObject& object) {
  if (live_objects_.erase(object.number()) == 0) return;
  rpc::EndContext(isolate_->context(), object.number());
  Failure failure;
  Enter(
      kGlobalScope,
      [&](duk_context* ctx) {
        PushObjects(ctx);
        duk_del_prop_index(ctx, -1, static_cast<duk_uarridx_t>(object.number()));
        duk_pop(ctx);
        websocket::ForgetHibernatables(ctx, object.number());
      },
      failure);
}

durable::ObjectHooks* WorkerIsolate::FindObject(durable::ObjectNumber number) {
  const auto found = live_objects_.find(number);
  return found == live_objects_.end() ? nullptr : found->second;
}

absl::Status WorkerIsolate::ConstructObject(duk_context* ctx, LiveObject& object, bool& has_alarm_handler) {
  PushObjects(ctx);
  js::PushLibraryFunction(ctx, "constructObject");
  PushExports(ctx);
  js::PushUtf8(ctx, object.object_class().name);
  durable::PushState(ctx, object.number(),
                     {.backend = object.object_class().storage == ObjectClass::Storage::kSqlite ? durable::StateOptions::Backend::kSqlite
                                                                                                : durable::StateOptions::Backend::kKeyValue,
                      .delete_all = code_.delete_all_alarm == DeleteAllAlarm::kDeleted ? durable::ObjectStorage::DeleteAlarm::kYes
                                                                                       : durable::ObjectStorage::DeleteAlarm::kNo});
  if (duk_pcall(ctx, 3) != DUK_EXEC_SUCCESS) {
    if (js::IsTerminated(ctx)) duk_throw(ctx);
    ReportThrown(ctx);
    web::RemoteError error = web::DescribeRemoteError(ctx, -1);
    // As on the platform: no call has reached the object, so none has thrown.
    error.remote = false;
    absl::Status thrown = web::RemoteErrorStatus(error);
    duk_pop_2(ctx);
    return thrown;
  }
  duk_dup(ctx, -1);
  duk_put_prop_index(ctx, -3, static_cast<duk_uarridx_t>(object.number()));  // [ objects instance ]
  js::PushLibraryFunction(ctx, "hasAlarmHandler");
  duk_insert(ctx, -2);
  duk_call(ctx, 1);
  has_alarm_handler = duk_to_boolean(ctx, -1);
  duk_pop_2(ctx);
  return absl::OkStatus();
}

void WorkerIsolate::BeginEvent(duk_context* ctx, LiveObject& object, ObjectEvent& event, Invocation& invocation) {
  const uint64_t number = event.number = next_invocation_++;
  if (observer_ != nullptr && event.line != 0) observer_->OnCallBegan(event.line, event.number_in_line);
  awaited_[number] = {event.shared_from_this(), invocation.id};
  PushObjects(ctx);
  duk_get_prop_index(ctx, -1, static_cast<duk_uarridx_t>(object.number()));
  duk_replace(ctx, -2);  // [ instance ]
  event.Begin(ctx, object, invocation);
  js::ToPromise(ctx);
  js::OnPromiseSettled(ctx, -1, OnEventSettled, AsData(number));
  duk_pop_2(ctx);
}

void WorkerIsolate::OnEventSettled(duk_context* ctx, void* data, js::PromiseState state) {
  auto& self = Self(ctx);
  const auto found = self.awaited_.find(AsId(data));
  if (found == self.awaited_.end()) return;
  // Held: what OnSettled calls may be interrupted, and the object end meanwhile. Nobody hears that it is settled before.
  const std::shared_ptr<ObjectEvent> event = found->second.event;
  Invocation* const invocation = self.Find(found->second.invocation);
  if (invocation != nullptr && !invocation->object->ended()) event->OnSettled(ctx, state, *invocation->object, *invocation);
  event->settled = true;
  event->changed.Set();
}

void WorkerIsolate::ForgetEvent(const ObjectEvent& event) { awaited_.erase(event.number); }

void WorkerIsolate::ReportThrown(duk_context* ctx) { ReportUncaught(FailureOf(js::DescribeError(ctx, -1))); }

void WorkerIsolate::KeepForErrors(duk_context* ctx) { js::OnPromiseSettled(ctx, -1, OnKeptSettled, nullptr); }

void WorkerIsolate::OnKeptSettled(duk_context* ctx, void*, js::PromiseState state) {
  if (state == js::PromiseState::kRejected) Self(ctx).ReportException(ctx);
}

// --- what is given away ---

uint64_t WorkerIsolate::CurrentContext() {
  if (current_ == nullptr) return 0;
  return current_->object != nullptr ? current_->object->number() : current_->id;
}

// A function or an RpcTarget of this isolate, as others hold it.
class WorkerIsolate::ExportedCallee final : public rpc::Callee {
 public:
  ExportedCallee(std::shared_ptr<Link> link, uint64_t export_number, uint64_t context, LiveObject* object,
                 std::shared_ptr<ServiceHold> session)
      : link_(std::move(link)), export_number_(export_number), context_(context), session_(std::move(session)) {
    if (object != nullptr) object->AddExport();
    if (session_ != nullptr) session_->AddExport();
  }
  ~ExportedCallee() override {
    if (session_ != nullptr) session_->DropExport();
    if (link_->isolate == nullptr) return;
    link_->isolate->unexports_.push_back(export_number_);
    const auto found = link_->isolate->live_objects_.find(context_);
    if (found == link_->isolate->live_objects_.end()) return;
    found->second->DropExport();
    // Somebody may have waited for this to evict it.
    found->second->directory().OnQuieter(*found->second);
  }

  std::shared_ptr<rpc::PendingCall> Send(rpc::CallRequest request) override {
    if (link_->isolate == nullptr) return Lost(std::move(request));
    WorkerIsolate& isolate = *link_->isolate;
    Scheduler& scheduler = isolate.scheduler_;
    const auto object = isolate.live_objects_.find(context_);
    auto event = std::make_shared<CallEvent>(scheduler, std::move(request), export_number_);
    if (object != isolate.live_objects_.end()) {
      object->second->Deliver(event);
    } else if (Invocation* const invocation = isolate.Find(context_); invocation != nullptr) {
      isolate.CallInInvocation(*invocation, event);
    } else {
      event->Fail(ConnectionLost());
    }
    return event;
  }

 private:
  struct LostCall final : rpc::PendingCall {
    absl::StatusOr<rpc::Message> Wait() override { return ConnectionLost(); }
    void Cancel() override {}
  };
  static std::shared_ptr<rpc::PendingCall> Lost(rpc::CallRequest) { return std::make_shared<LostCall>(); }

  const std::shared_ptr<Link> link_;
  const uint64_t export_number_;
  const uint64_t context_;
  const std::shared_ptr<ServiceHold> session_;  // null: it belongs to none
};

std::shared_ptr<rpc::Callee> WorkerIsolate::NewCallee(uint64_t export_number) {
  return std::make_shared<ExportedCallee>(link_, export_number, CurrentContext(), current_ != nullptr ? current_->object : nullptr,
                                          current_ != nullptr ? current_->session.lock() : nullptr);
}

void WorkerIsolate::DropExports(duk_context* ctx) {
  while (!unexports_.empty()) {
    const uint64_t number = unexports_.back();
    unexports_.pop_back();
    rpc::Unexport(ctx, number);
  }
}

}  // namespace edge::worker
