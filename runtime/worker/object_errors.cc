#include "runtime/worker/object_errors.h"

#include <optional>
#include <utility>

#include "runtime/base/str_cat.h"
#include "runtime/web/remote_error.h"

namespace edge::worker {

absl::Status ConnectionLost() { return web::RemoteErrorStatus({.message = "Network connection lost.", .retryable = true}); }

absl::Status Overloaded(std::string_view what) {
  return web::RemoteErrorStatus({.message = StrCat("Durable Object is overloaded. ", what), .overloaded = true});
}

absl::Status ResetBy(std::string text) { return web::RemoteErrorStatus({.message = std::move(text), .durable_object_reset = true}); }

absl::Status CodeUpdated() {
  return web::RemoteErrorStatus(
      {.message = "Durable Object reset because its code was updated.", .retryable = true, .durable_object_reset = true});
}

absl::Status StorageFailed() {
  return web::RemoteErrorStatus({.message = "Internal error in Durable Object storage write caused object to be reset.",
                                 .retryable = true,
                                 .durable_object_reset = true});
}

absl::Status StorageDamaged(std::string_view id) {
  return web::RemoteErrorStatus(
      {.message = StrCat("The storage of Durable Object ", id, " is damaged or cannot be read."), .durable_object_reset = true});
}

absl::Status StartFailed() {
  return web::RemoteErrorStatus({.message = "Internal error while starting up Durable Object storage caused object to be reset.",
                                 .retryable = true,
                                 .durable_object_reset = true});
}

absl::Status AlarmTookTooLong() {
  return web::RemoteErrorStatus(
      {.message = "Alarm exceeded its allowed execution time", .remote = true, .overloaded = true, .durable_object_reset = true});
}

absl::Status ResetWithIsolate(Outcome limit) {
  // Whose memory it was cannot be said of a heap that is shared, so the platform's text names the isolate.
  return web::RemoteErrorStatus({.message = limit == Outcome::kExceededMemory
                                                ? "Durable Object's isolate exceeded its memory limit and was reset."
                                                : "Network connection lost.",
                                 .retryable = true,
                                 .durable_object_reset = true});
}

absl::Status WithObjectId(const absl::Status& error, std::string_view id) {
  std::optional<web::RemoteError> known = web::RemoteErrorOf(error);
  if (!known.has_value() || !known->durable_object_id.empty() || !(known->durable_object_reset || known->overloaded)) return error;
  known->durable_object_id = std::string(id);
  return web::RemoteErrorStatus(*known);
}

absl::Status StatusOf(const Failure& failure) {
  switch (failure.outcome) {
    case Outcome::kExceededCpu:
      return web::RemoteErrorStatus(
          {.message = "Durable Object exceeded its CPU time limit and was reset.", .remote = true, .durable_object_reset = true});
    case Outcome::kExceededMemory:
      return web::RemoteErrorStatus(
          {.message = "Durable Object's isolate exceeded its memory limit and was reset.", .remote = true, .durable_object_reset = true});
    case Outcome::kException:
      return web::RemoteErrorStatus({.message = failure.message, .remote = true});
    case Outcome::kPending:
    case Outcome::kOk:
    case Outcome::kHung:
    case Outcome::kCanceled:
      break;
  }
  return ConnectionLost();
}

absl::Status AsFetched(const absl::Status& why) {
  std::optional<web::RemoteError> error = web::RemoteErrorOf(why);
  if (!error.has_value() || !error->durable_object_reset || error->retryable) return why;
  error->remote = true;
  return web::RemoteErrorStatus(*error);
}

bool IsCrashedOrCancelled(const absl::Status& status) { return absl::IsCancelled(status) || absl::IsAborted(status); }

}  // namespace edge::worker
