// ObjectAlarms: runs alarm() of the objects whose time has come: at least once, never early, one at a time for each object.
//
//   the store's earliest alarm --> sleep until it is due --> a fiber per run: AlarmEvent --> the object
//        ok: the alarm is removed in the commit of the handler's last turn
//        the handler throws: the alarm is put off (2 s, doubled, up to a quarter more), six times; then it is dropped
//        the object is reset, the node fails: nothing is counted; the alarm is still stored and runs again
//
// What is stored decides, always: a wake-up that finds no alarm that is due does nothing. Contract: contract sheet 3.7.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_ALARMS_H_
#define EDGE_RUNTIME_WORKER_OBJECT_ALARMS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>

#include "runtime/durable/object_storage.h"
#include "runtime/fiber/event.h"
#include "runtime/worker/object_event.h"
#include "storage/store/object_store.h"

namespace edge::worker {

class ObjectDirectory;

// One run of alarm(), or what is left to do about one.
class AlarmEvent final : public ObjectEvent {
 public:
  enum class Task : uint8_t {
    kRun,
    kCountFailure,  // a run ended with the object: it counts
    kDrop,          // ... and is not to be repeated (ctx.abort with retryAlarm: false)
  };
  enum class Result : uint8_t {
    kNone,
    kDone,      // the store has what is next
    kAgain,     // an adversary wants it to run once more, as if nobody had heard of its success
    kCounted,   // the object was reset by its own doing
    kPlatform,  // the object was reset, or never got it
    kDropped,   // the object was reset and wants no other run
  };

  AlarmEvent(Scheduler& scheduler, uint64_t key, Task task) : ObjectEvent(scheduler, key), task_(task), ended_(scheduler) {}

  // MAY SUSPEND.
  Result Wait();

  const char* kind() const override { return "alarm"; }
  void Begin(duk_context* ctx, LiveObject& object, Invocation& invocation) override;
  void OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation& invocation) override;
  void Fail(const absl::Status& why) override;
  Duration TimeMax(LiveObject& object) const override;
  void TakesTooLong(LiveObject& object) override;
  // Before Fail: what it means.
  void SetRetry(bool wanted) { retry_wanted_ = wanted; }

 private:
  void EndWith(Result result);
  // The alarm is stored anew for its next try, or dropped for good.
  void PutOff(LiveObject& object, const durable::StoredAlarm& alarm);

  const Task task_;
  bool running_ = false;  // alarm() has been called
  durable::StoredAlarm alarm_;
  bool retry_wanted_ = true;
  Result result_ = Result::kNone;
  Event ended_;
};

class ObjectAlarms {
 public:
  explicit ObjectAlarms(ObjectDirectory& directory);

  // The store has been opened.
  void Start();
  // Begins no more runs.
  void Stop();
  // The store's earliest alarm may be another.
  void OnChanged();

 private:
  // The earliest one that is not running.
  std::optional<storage::ObjectStore::Alarm> Next() const;
  void Follow();
  void SleepUnlessStopped(Duration time);
  // A running alarm waits, and others may run in its place.
  void StandAside(Duration time);
  void RunOne(const storage::ObjectStore::Alarm& alarm, uint64_t key);

  ObjectDirectory& directory_;
  Scheduler& scheduler_;
  std::set<storage::ObjectKey> running_;
  size_t delivered_ = 0;  // of the running ones, those that do not stand aside
  bool started_ = false;
  bool following_ = false;
  Event changed_;
  Event stopped_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_ALARMS_H_
