#include "runtime/worker/object_alarms.h"

#include <algorithm>
#include <utility>

#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/native.h"
#include "runtime/web/remote_error.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/plants.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {
namespace {

// The wall clock may step: it is looked at this often.
constexpr Duration kLookAgain = Duration::Seconds(60);
constexpr Duration kAgainAfter = Duration::Seconds(1);
constexpr uint32_t kBackoffDoublingsMax = 9;

}  // namespace

// --- AlarmEvent ---

AlarmEvent::Result AlarmEvent::Wait() {
  while (result_ == Result::kNone) {
    if (!ended_.Wait().ok()) return Result::kPlatform;
  }
  return result_;
}

void AlarmEvent::EndWith(Result result) {
  if (!Answer()) return;
  result_ = result;
  ended_.Set();
}

void AlarmEvent::Fail(const absl::Status& why) {
  if (!retry_wanted_) return EndWith(Result::kDropped);
  // The object's own doing: an error that its limits or its code have thrown.
  const std::optional<web::RemoteError> error = web::RemoteErrorOf(why);
  EndWith(running_ && error.has_value() && error->remote ? Result::kCounted : Result::kPlatform);
}

void AlarmEvent::Begin(duk_context* ctx, LiveObject& object, Invocation&) {
  durable::StoredAlarm alarm;
  bool due = false;
  absl::Status read;
  {
    absl::StatusOr<std::optional<durable::StoredAlarm>> stored = object.Storage().Alarm();
    read = stored.status();
    if (stored.ok() && stored->has_value()) {
      alarm = **stored;
      due = alarm.due <= object.directory().services().scheduler.clock().WallNow();
    }
  }
  if (!read.ok()) {
    object.Break(read);
    duk_push_undefined(ctx);
    return;
  }
  const Plants* const plants = object.directory().services().plants;
  if (!due && plants != nullptr && plants->alarm_moves_early) {
    object.Storage().SetAlarm(std::nullopt, durable::Confirm::kRequired).IgnoreError();
  }
  ObjectObserver* const observer = object.directory().services().objects;
  const bool dropped = due && (task_ == Task::kDrop || (task_ == Task::kRun && !object.HasAlarmHandler()));
  if (dropped && observer != nullptr) observer->OnAlarmDropped(object.id(), object.epoch());
  if (due && task_ == Task::kDrop) {
    object.Storage().SetAlarm(std::nullopt, durable::Confirm::kRequired).IgnoreError();
  } else if (due && task_ == Task::kCountFailure) {
    PutOff(object, alarm);
  } else if (due && !object.HasAlarmHandler()) {
    object.directory().Report(Severity::kWarning, object, "its alarm is dropped: the class has no alarm() handler");
    object.Storage().SetAlarm(std::nullopt, durable::Confirm::kRequired).IgnoreError();
  } else if (due) {
    running_ = true;
    alarm_ = alarm;
    if (observer != nullptr) {
      observer->OnAlarmBegan(object.id(), object.epoch(), alarm.due, object.directory().services().scheduler.clock().WallNow());
    }
    object.Storage().BeginAlarmRun();
    object.SetRunningAlarm(this);
    js::PushLibraryFunction(ctx, "callAlarm");
    duk_dup(ctx, -2);
    duk_push_uint(ctx, alarm.failures);
    duk_push_number(ctx, static_cast<double>(alarm.scheduled.ToUnixMilliseconds()));
    duk_call(ctx, 3);
    return;
  }
  duk_push_undefined(ctx);
}

void AlarmEvent::OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation&) {
  bool again = false;
  if (running_) {
    // What the handler has set is a new alarm, with its own tries; otherwise this one is over, or comes again.
    object.SetRunningAlarm(nullptr);
    if (ObjectObserver* const observer = object.directory().services().objects; observer != nullptr) {
      observer->OnAlarmEnded(object.id(), object.epoch());
    }
    const bool untouched = object.Storage().EndAlarmRun() == durable::ObjectStorage::AlarmRun::kUntouched;
    if (state == js::PromiseState::kRejected) object.isolate()->ReportThrown(ctx);
    if (untouched && state == js::PromiseState::kRejected) {
      PutOff(object, alarm_);
    } else if (untouched) {
      again = object.directory().services().adversary.Consider("alarm.again", key, {Mischief::kDuplicate}).kind == Mischief::kDuplicate;
      if (!again) object.Storage().SetAlarm(std::nullopt, durable::Confirm::kRequired).IgnoreError();
    }
  }
  object.Emit(key, [self = std::static_pointer_cast<AlarmEvent>(shared_from_this()), again](const absl::Status& status) {
    if (!status.ok()) return self->Fail(status);
    self->EndWith(again ? Result::kAgain : Result::kDone);
  });
}

Duration AlarmEvent::TimeMax(LiveObject& object) const { return object.limits().alarm_wall; }

// As on the platform: the object is reset, so that the handler does not go on, and it counts as a failure of the handler.
void AlarmEvent::TakesTooLong(LiveObject& object) {
  if (!running_) return;
  object.directory().Report(Severity::kError, object, "reset: alarm() took longer than it may");
  object.Break(AlarmTookTooLong());
}

void AlarmEvent::PutOff(LiveObject& object, const durable::StoredAlarm& alarm) {
  const WorkerLimits& limits = object.directory().code().limits;
  if (alarm.failures >= limits.alarm_retries_max) {
    object.directory().Report(Severity::kError, object, StrCat("its alarm is dropped: alarm() failed ", alarm.failures + 1, " times"));
    if (ObjectObserver* const observer = object.directory().services().objects; observer != nullptr) {
      observer->OnAlarmDropped(object.id(), object.epoch());
    }
    object.Storage().SetAlarm(std::nullopt, durable::Confirm::kRequired).IgnoreError();
    return;
  }
  const Duration delay = limits.alarm_retry * (int64_t{1} << std::min<uint32_t>(alarm.failures, kBackoffDoublingsMax));
  const std::unique_ptr<Random> random = object.directory().services().random.Fork(StrCat("alarm/", key));
  const Duration jitter =
      Duration::Milliseconds(static_cast<int64_t>(random->Below(static_cast<uint64_t>(delay.ToMilliseconds()) / 4 + 1)));
  durable::StoredAlarm next = alarm;
  next.due = object.directory().services().scheduler.clock().WallNow() + delay + jitter;
  ++next.failures;
  object.Storage().SetAlarm(next, durable::Confirm::kRequired).IgnoreError();
}

// --- ObjectAlarms ---

ObjectAlarms::ObjectAlarms(ObjectDirectory& directory)
    : directory_(directory),
      scheduler_(directory.services().scheduler),
      changed_(directory.services().scheduler),
      stopped_(directory.services().scheduler) {}

void ObjectAlarms::Start() {
  started_ = true;
  OnChanged();
}

void ObjectAlarms::Stop() {
  started_ = false;
  changed_.Set();
  stopped_.Set();
}

std::optional<storage::ObjectStore::Alarm> ObjectAlarms::Next() const {
  std::optional<storage::ObjectStore::Alarm> alarm = directory_.store()->NextAlarm(std::nullopt);
  while (alarm.has_value() && (running_.contains(alarm->key) || directory_.ClassOfSpace(alarm->key.space) == nullptr)) {
    alarm = directory_.store()->NextAlarm(alarm);
  }
  return alarm;
}

void ObjectAlarms::OnChanged() {
  if (!started_) return;
  if (following_) return changed_.Set();
  const std::optional<storage::ObjectStore::Alarm> next = Next();
  if (!next.has_value()) return;
  // Named by the alarm that it is for first.
  const uint64_t key = CombineHash(StableHash(next->key.ToString()), static_cast<uint64_t>(next->due.ToUnixNanoseconds()));
  following_ = directory_.Spawn(key, "object.alarms", [this] { Follow(); });
}

void ObjectAlarms::Follow() {
  while (started_) {
    changed_.Reset();
    const std::optional<storage::ObjectStore::Alarm> next = Next();
    if (!next.has_value()) break;
    const WallTime now = scheduler_.clock().WallNow();
    if (next->due > now) {
      const absl::Status waited = changed_.Wait(scheduler_.clock().Now() + std::min(next->due - now, kLookAgain));
      if (!waited.ok() && !absl::IsDeadlineExceeded(waited)) break;
      continue;
    }
    if (delivered_ >= directory_.code().limits.alarms_max) {
      if (!changed_.Wait().ok()) break;
      continue;
    }
    running_.insert(next->key);
    ++delivered_;
    const uint64_t key = CombineHash(StableHash(next->key.ToString()), static_cast<uint64_t>(next->due.ToUnixNanoseconds()));
    if (directory_.Spawn(CombineHash(key, StableHash("run")), "object.alarm", [this, alarm = *next, key] { RunOne(alarm, key); })) continue;
    // No fiber can be had: a little later.
    --delivered_;
    running_.erase(next->key);
    SleepUnlessStopped(kAgainAfter);
  }
  following_ = false;
}

void ObjectAlarms::SleepUnlessStopped(Duration time) { stopped_.Wait(scheduler_.clock().Now() + time).IgnoreError(); }

// Who only waits takes nobody's place.
void ObjectAlarms::StandAside(Duration time) {
  --delivered_;
  OnChanged();
  SleepUnlessStopped(time);
  ++delivered_;
}

void ObjectAlarms::RunOne(const storage::ObjectStore::Alarm& alarm, uint64_t key) {
  const MischiefChoice late = directory_.services().adversary.Consider("alarm.late", key, {Mischief::kDelay});
  if (late.kind == Mischief::kDelay) StandAside(late.delay);
  const ObjectClass* const object_class = directory_.ClassOfSpace(alarm.key.space);
  AlarmEvent::Task task = AlarmEvent::Task::kRun;
  for (uint32_t attempt = 0; started_; ++attempt) {
    auto event = std::make_shared<AlarmEvent>(scheduler_, CombineHash(key, attempt), task);
    directory_.Deliver(*object_class, alarm.key, "", event);
    const AlarmEvent::Result result = event->Wait();
    if (result == AlarmEvent::Result::kDone || !scheduler_.CheckAlive().ok()) break;
    if (result == AlarmEvent::Result::kCounted) task = AlarmEvent::Task::kCountFailure;
    if (result == AlarmEvent::Result::kDropped) task = AlarmEvent::Task::kDrop;
    // What goes wrong around the handler does not count, and is tried for ever; nor does a success that nobody heard of.
    if (result == AlarmEvent::Result::kPlatform || result == AlarmEvent::Result::kAgain) {
      StandAside(directory_.code().limits.alarm_retry * (int64_t{1} << std::min(attempt, kBackoffDoublingsMax)));
    }
  }
  running_.erase(alarm.key);
  --delivered_;
  OnChanged();
}

}  // namespace edge::worker
