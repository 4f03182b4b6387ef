#include "sim/machine/oracle_adversary.h"

#include <algorithm>
#include <array>

#include "sim/fault/model.h"

namespace edge::sim {

std::span<const MischiefSite> AllMischiefSites() {
  static constexpr std::array kSites = {
      MischiefSite{"isolate.recycle", Mischief::kEvict, &kPlatformRecycleIsolate, Duration::Zero()},
      MischiefSite{"wait_until.cancel", Mischief::kDrop, &kPlatformCancelWaitUntil, Duration::Zero()},
      MischiefSite{"object.evict", Mischief::kEvict, &kObjectEvict, Duration::Zero()},
      MischiefSite{"object.hibernate", Mischief::kEvict, &kObjectHibernate, Duration::Zero()},
      MischiefSite{"object.close_database", Mischief::kEvict, &kObjectCloseDatabase, Duration::Zero()},
      MischiefSite{"object.isolate", Mischief::kDuplicate, &kObjectOwnIsolate, Duration::Zero()},
      MischiefSite{"object.reset", Mischief::kFailBefore, &kObjectResetBefore, Duration::Zero()},
      MischiefSite{"object.reset", Mischief::kFailAfter, &kObjectResetAfter, Duration::Zero()},
      MischiefSite{"object.reset", Mischief::kDelay, &kObjectResetLater, Duration::Seconds(5)},
      MischiefSite{"object.overload", Mischief::kFailBefore, &kObjectOverload, Duration::Zero()},
      MischiefSite{"stub.call", Mischief::kFailBefore, &kObjectCallLost, Duration::Zero()},
      MischiefSite{"stub.call", Mischief::kFailAfter, &kObjectAnswerLost, Duration::Zero()},
      MischiefSite{"stub.call", Mischief::kDelay, &kObjectCallLate, Duration::Seconds(2)},
      MischiefSite{"storage.later", Mischief::kDelay, &kObjectStorageLater, Duration::Seconds(10)},
      MischiefSite{"storage.split", Mischief::kDelay, &kObjectStorageSplit, Duration::Zero()},
      // The contract speaks of about a minute.
      MischiefSite{"alarm.late", Mischief::kDelay, &kObjectAlarmLate, Duration::Seconds(60)},
      MischiefSite{"alarm.again", Mischief::kDuplicate, &kObjectAlarmAgain, Duration::Zero()},
      MischiefSite{"worker.call", Mischief::kFailBefore, &kWorkerCallLost, Duration::Zero()},
      MischiefSite{"worker.call", Mischief::kFailAfter, &kWorkerAnswerLost, Duration::Zero()},
      MischiefSite{"worker.call", Mischief::kDelay, &kWorkerCallLate, Duration::Seconds(2)},
      MischiefSite{"worker.cancel", Mischief::kDelay, &kWorkerCancelled, Duration::Seconds(5)},
      MischiefSite{"cron.late", Mischief::kDelay, &kPlatformCronLate, Duration::Seconds(120)},
      MischiefSite{"kv.stale", Mischief::kStale, &kKvStale, Duration::Zero()},
      MischiefSite{"kv.stale_far", Mischief::kStale, &kKvStaleFar, Duration::Zero()},
      MischiefSite{"kv.stale_own", Mischief::kStale, &kKvStaleOwn, Duration::Zero()},
      MischiefSite{"kv.list_short", Mischief::kDrop, &kKvListShort, Duration::Zero()},
      MischiefSite{"kv.too_many", Mischief::kFailBefore, &kKvTooMany, Duration::Zero()},
      MischiefSite{"kv.error", Mischief::kFailBefore, &kKvErrorBefore, Duration::Zero()},
      MischiefSite{"kv.error", Mischief::kFailAfter, &kKvErrorAfter, Duration::Zero()},
      MischiefSite{"queue.send", Mischief::kFailBefore, &kQueueSendBefore, Duration::Zero()},
      MischiefSite{"queue.send", Mischief::kFailAfter, &kQueueSendAfter, Duration::Zero()},
      MischiefSite{"queue.late", Mischief::kDelay, &kQueueLate, Duration::Seconds(30)},
      MischiefSite{"queue.hold", Mischief::kDelay, &kQueueHold, Duration::Seconds(15)},
      MischiefSite{"queue.split", Mischief::kDrop, &kQueueSplit, Duration::Zero()},
      MischiefSite{"queue.lease", Mischief::kDelay, &kQueueLease, Duration::Milliseconds(500)},
      MischiefSite{"queue.reorder", Mischief::kStale, &kQueueReorder, Duration::Zero()},
      MischiefSite{"queue.kill", Mischief::kDelay, &kQueueKill, Duration::Milliseconds(500)},
      MischiefSite{"queue.again", Mischief::kDuplicate, &kQueueAgain, Duration::Zero()},
      MischiefSite{"queue.again", Mischief::kDelay, &kQueueAgainLater, Duration::Seconds(30)},
      MischiefSite{"websocket.drop", Mischief::kDrop, &kWebSocketDrop, Duration::Zero()},
  };
  return kSites;
}

MischiefChoice OracleAdversary::Consider(std::string_view point, uint64_t key, std::initializer_list<Mischief> allowed) {
  if (incarnation_ != nullptr && incarnation_->crashed()) return {};
  bool known = false;
  for (const MischiefSite& site : AllMischiefSites()) {
    if (site.point != point) continue;
    known = true;
    if (std::find(allowed.begin(), allowed.end(), site.kind) == allowed.end() || !faults_.Strikes(*site.site, actor_, key)) continue;
    return {.kind = site.kind,
            .delay = site.kind == Mischief::kDelay ? faults_.LengthOf(*site.site, actor_, key, site.longest) : Duration::Zero()};
  }
  if (!known && !unknown_points_.contains(point)) unknown_points_.emplace(point);
  return {};
}

}  // namespace edge::sim
