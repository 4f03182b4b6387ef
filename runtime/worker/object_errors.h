// The errors with which the platform itself answers calls to Durable Objects: their texts and properties. Contract: contract sheet 3.10.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_ERRORS_H_
#define EDGE_RUNTIME_WORKER_OBJECT_ERRORS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/worker/invocation.h"

namespace edge::worker {

// The call may have run or not.
absl::Status ConnectionLost();
// It has not run. `what`: "Too many requests queued."
absl::Status Overloaded(std::string_view what);
// The object was reset; `text` says why.
absl::Status ResetBy(std::string text);
absl::Status CodeUpdated();
absl::Status StorageFailed();
absl::Status StartFailed();
// Not retryable: it takes an operator.
absl::Status StorageDamaged(std::string_view id);
// alarm() took longer than it may. The object's own doing.
absl::Status AlarmTookTooLong();
// What a neighbour's limit means to another object of the same isolate: it was reset through no fault of its own, so a call may be tried
// again. `limit`: kExceededCpu or kExceededMemory.
absl::Status ResetWithIsolate(Outcome limit);
// The same error, naming the object to callers (durableObjectId), if it is one of the platform's about objects.
absl::Status WithObjectId(const absl::Status& error, std::string_view id);
// What a limit, or an error that left JavaScript, means to callers.
absl::Status StatusOf(const Failure& failure);

// `why` as the caller of fetch() sees it: what ended the object by itself comes from its side. A method's caller is not told so.
absl::Status AsFetched(const absl::Status& why);

// The fiber is to end: nobody need be told.
bool IsCrashedOrCancelled(const absl::Status& status);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_ERRORS_H_
