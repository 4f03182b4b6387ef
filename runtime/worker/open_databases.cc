#include "runtime/worker/open_databases.h"

#include "runtime/base/check.h"
#include "runtime/worker/live_object.h"

namespace edge::worker {
namespace {

// How many of those that may not be closed now are passed over for one that may.
constexpr size_t kTries = 8;

}  // namespace

OpenDatabases::~OpenDatabases() { EDGE_CHECK(objects_.empty()) << "an object has not been forgotten"; }

void OpenDatabases::Touch(LiveObject& object) {
  if (object.place_.has_value()) {
    objects_.splice(objects_.end(), objects_, *object.place_);
  } else {
    object.place_ = objects_.insert(objects_.end(), &object);
  }
  for (size_t tries = 0; objects_.size() > most_ && tries < kTries; ++tries) {
    LiveObject& oldest = *objects_.front();
    if (oldest.may_close_database()) {
      Close(oldest);
    } else {
      objects_.splice(objects_.end(), objects_, objects_.begin());
    }
  }
}

void OpenDatabases::CloseUnused(Instant since) {
  for (auto it = objects_.begin(); it != objects_.end();) {
    LiveObject& object = **it++;
    if (object.last_turn() <= since && object.may_close_database()) Close(object);
  }
}

void OpenDatabases::Close(LiveObject& object) {
  object.CloseDatabase();
  Forget(object);
}

void OpenDatabases::Forget(LiveObject& object) {
  if (!object.place_.has_value()) return;
  objects_.erase(*object.place_);
  object.place_.reset();
}

}  // namespace edge::worker
