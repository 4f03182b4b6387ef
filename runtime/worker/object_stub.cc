#include "runtime/worker/object_stub.h"

#include <iterator>
#include <string_view>
#include <utility>

#include "runtime/base/hash.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/plants.h"

namespace edge::worker {

std::shared_ptr<web::PendingFetch> ObjectStub::Send(web::FetchRequest request) {
  const uint64_t key = request.key;
  auto event = std::make_shared<FetchEvent>(directory_.services().scheduler, key, std::move(request));
  Post(event);
  return event;
}

std::shared_ptr<rpc::PendingCall> ObjectStub::Send(rpc::CallRequest request) {
  auto event = std::make_shared<CallEvent>(directory_.services().scheduler, std::move(request), 0);
  Post(event);
  return event;
}

void ObjectStub::Post(std::shared_ptr<ObjectEvent> event) {
  if (sent_++ == 0) line_ = CombineHash(event->key, StableHash("line"));
  event->line = line_;
  event->number_in_line = sent_;
  if (breakage_ != nullptr && breakage_->why.has_value()) return event->Fail(*breakage_->why);
  // As if others had filled its line: it has not run, and trying again at once makes it worse.
  if (directory_.services().adversary.Consider("object.overload", event->key, {Mischief::kFailBefore}).kind == Mischief::kFailBefore) {
    constexpr std::string_view kTexts[] = {"Too many requests queued.", "Too much data queued.", "Requests queued for too long.",
                                           "Too many requests for the same object within a 10 second window."};
    return event->Fail(WithObjectId(Overloaded(kTexts[MixHash(event->key) % std::size(kTexts)]), id_.id));
  }
  const MischiefChoice choice =
      directory_.services().adversary.Consider("stub.call", event->key, {Mischief::kFailBefore, Mischief::kFailAfter, Mischief::kDelay});
  if (choice.kind == Mischief::kFailBefore) return event->Fail(ConnectionLost());
  if (choice.kind == Mischief::kFailAfter) event->LoseAnswer();
  const Plants* const plants = directory_.services().plants;
  const bool overtakes = plants != nullptr && plants->calls_overtake;
  if (choice.kind != Mischief::kDelay && (late_.empty() || overtakes)) return Deliver(std::move(event));
  // Nothing overtakes what is late.
  const uint64_t key = CombineHash(event->key, StableHash("late"));
  late_.push_back({std::move(event), choice.kind == Mischief::kDelay ? choice.delay : Duration::Zero()});
  if (late_.size() > 1) return;
  if (!directory_.Spawn(key, "stub.late", [self = shared_from_this()] { self->DeliverLate(); })) DeliverLate();
}

void ObjectStub::DeliverLate() {
  while (!late_.empty()) {
    if (late_.front().delay > Duration::Zero()) directory_.services().scheduler.SleepFor(late_.front().delay).IgnoreError();
    std::shared_ptr<ObjectEvent> event = std::move(late_.front().event);
    late_.pop_front();
    if (breakage_ != nullptr && breakage_->why.has_value()) {
      event->Fail(*breakage_->why);
    } else if (!event->unwanted()) {
      Deliver(std::move(event));
    }
  }
}

void ObjectStub::Deliver(std::shared_ptr<ObjectEvent> event) { breakage_ = directory_.Deliver(class_, id_, name_, std::move(event)); }

}  // namespace edge::worker
