#include "runtime/worker/object_id_cache.h"

#include "runtime/base/hash.h"

namespace edge::worker {

size_t ObjectIdCache::SlotNumber(std::string_view key) { return StableHash(key) % kSlots; }

}  // namespace edge::worker
