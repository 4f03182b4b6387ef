#include "sim/fault/model.h"

#include <iterator>

#include "runtime/base/hash.h"

namespace edge::sim {
namespace {

using Family = FaultFamily;
using Class = FaultClass;
using AllowedBy = FaultSite::AllowedBy;

struct Points {
  DecisionPoint point, active, window, intensity, begin, length, detail;
};

// The names of a site's choices must be literals: traces and journals keep views of them.
#define EDGE_POINTS(name)                                                                                                               \
  Points {                                                                                                                              \
    {name, DecisionKind::kFault}, {"plan.site." name, DecisionKind::kPlan}, {"plan.window." name, DecisionKind::kPlan},                 \
        {"plan.intensity." name, DecisionKind::kPlan}, {name ".begin", DecisionKind::kDelay}, {name ".length", DecisionKind::kDelay}, { \
      name ".detail", DecisionKind::kValue                                                                                              \
    }                                                                                                                                   \
  }

constexpr FaultSite Site(const Points& p, size_t index, Family family, Class fault_class, FaultSite::Shape shape, AllowedBy allowed_by) {
  return {.point = p.point,
          .family = family,
          .fault_class = fault_class,
          .shape = shape,
          .allowed_by = allowed_by,
          .rate = {0, 1},
          .shortest = {},
          .longest = {},
          .story = {},
          .holds = {},
          .active = p.active,
          .window = p.window,
          .intensity = p.intensity,
          .begin = p.begin,
          .length = p.length,
          .detail = p.detail,
          .index = index};
}

struct Words {
  std::string_view story;
  std::string_view holds;
};

constexpr FaultSite Strike(const Points& points, size_t index, Family family, Class fault_class, AllowedBy allowed_by, Ratio rate,
                           Words words) {
  FaultSite site = Site(points, index, family, fault_class, FaultSite::Shape::kStrike, allowed_by);
  site.rate = rate;
  site.story = words.story;
  site.holds = words.holds;
  return site;
}

struct Lengths {
  Duration shortest;
  Duration longest;
};

constexpr FaultSite LongTrouble(const Points& points, size_t index, Family family, Class fault_class, Lengths lengths, Words words) {
  FaultSite site = Site(points, index, family, fault_class, FaultSite::Shape::kEpisode, AllowedBy::kBoth);
  site.shortest = lengths.shortest;
  site.longest = lengths.longest;
  site.story = words.story;
  site.holds = words.holds;
  return site;
}

constexpr Duration Milliseconds(int64_t n) { return Duration::Milliseconds(n); }

// Rows count themselves, so that one may be put anywhere.
constexpr size_t kFirst = __COUNTER__ + 1;
#define EDGE_NEXT (__COUNTER__ - kFirst)

}  // namespace

// A request crosses the network in a few writes and deliveries, so their rates are lower than those of things that happen once per
// request, and connections are kept, so that theirs are higher; together a run of a hundred requests sees a handful of faults.

constinit const FaultSite kNetworkRefused =
    Strike(EDGE_POINTS("network.refused"), EDGE_NEXT, Family::kNetwork, Class::kMayError, AllowedBy::kBoth, {1, 4},
           {"was refused a connection", "the caller gets an error and nothing was sent"});
constinit const FaultSite kNetworkConnectHangs =
    Strike(EDGE_POINTS("network.connect_hangs"), EDGE_NEXT, Family::kNetwork, Class::kMayError, AllowedBy::kBoth, {1, 4},
           {"got no answer to a connection attempt", "the caller gives up at its deadline; its slot is free again"});
constinit const FaultSite kNetworkResetBefore =
    Strike(EDGE_POINTS("network.reset_before"), EDGE_NEXT, Family::kNetwork, Class::kMayError, AllowedBy::kBoth, {1, 20},
           {"lost the connection before these bytes arrived", "the bytes had no effect; both ends see a reset"});
constinit const FaultSite kNetworkResetAfter =
    Strike(EDGE_POINTS("network.reset_after"), EDGE_NEXT, Family::kNetwork, Class::kMayError, AllowedBy::kBoth, {1, 20},
           {"lost the connection after these bytes arrived", "the effect may stand although the sender sees a reset"});
constinit const FaultSite kNetworkWriteCut =
    Strike(EDGE_POINTS("network.write_cut"), EDGE_NEXT, Family::kNetwork, Class::kMayError, AllowedBy::kBoth, {1, 20},
           {"lost the connection in the middle of these bytes", "what arrives is a prefix; a cut message is never taken for a whole one"});
constinit const FaultSite kNetworkHalfCloseLost =
    Strike(EDGE_POINTS("network.half_close_lost"), EDGE_NEXT, Family::kNetwork, Class::kMayError, AllowedBy::kBoth, {1, 4},
           {"closed its side, and the other never heard of it", "the peer's timeout ends the connection; nobody waits for ever"});
constinit const FaultSite kNetworkStall =
    Strike(EDGE_POINTS("network.stall"), EDGE_NEXT, Family::kNetwork, Class::kMustSurvive, AllowedBy::kBoth, {1, 20},
           {"waited long for bytes on the way", "the bytes arrive, in order; only deadlines may pass"});
constinit const FaultSite kNetworkLatencySpike =
    Strike(EDGE_POINTS("network.latency_spike"), EDGE_NEXT, Family::kNetwork, Class::kMustSurvive, AllowedBy::kBoth, {1, 20},
           {"saw a spike of latency", "nothing but a delay"});
constinit const FaultSite kNetworkPartition =
    LongTrouble(EDGE_POINTS("network.partition"), EDGE_NEXT, Family::kNetwork, Class::kMayError, {Milliseconds(200), Milliseconds(20'000)},
                {"was cut off from the network", "what was sent is held and arrives after the end, or the connection is reset"});
constinit const FaultSite kNetworkSlow =
    LongTrouble(EDGE_POINTS("network.slow"), EDGE_NEXT, Family::kNetwork, Class::kMustSurvive, {Milliseconds(500), Milliseconds(20'000)},
                {"had a slow network", "nothing but delays"});

constinit const FaultSite kDiskSyncFails = Strike(
    EDGE_POINTS("disk.sync_fails"), EDGE_NEXT, Family::kDisk, Class::kMayLose, AllowedBy::kBoth, {1, 20},
    {"was told by the disk that a sync failed", "nothing is acknowledged on it; what was pending may be gone, and no later sync says so"});
constinit const FaultSite kDiskSyncLost =
    Strike(EDGE_POINTS("disk.sync_lost"), EDGE_NEXT, Family::kDisk, Class::kMayLose, AllowedBy::kOnRequest, {1, 60},
           {"has a disk that said synced and was not", "loss is found and named at recovery, never served as data"});
constinit const FaultSite kDiskReadError =
    Strike(EDGE_POINTS("disk.read_error"), EDGE_NEXT, Family::kDisk, Class::kMayError, AllowedBy::kBoth, {1, 120},
           {"could not read from its disk", "the call fails; nothing wrong is served"});
constinit const FaultSite kDiskWriteError =
    Strike(EDGE_POINTS("disk.write_error"), EDGE_NEXT, Family::kDisk, Class::kMayError, AllowedBy::kBoth, {1, 120},
           {"could not write to its disk", "what was not written is not acknowledged"});
constinit const FaultSite kDiskFull =
    Strike(EDGE_POINTS("disk.full"), EDGE_NEXT, Family::kDisk, Class::kMayError, AllowedBy::kBoth, {1, 60},
           {"found its disk full", "what was not written is not acknowledged; service goes on when there is space"});
constinit const FaultSite kDiskSlow = LongTrouble(EDGE_POINTS("disk.slow"), EDGE_NEXT, Family::kDisk, Class::kMustSurvive,
                                                  {Milliseconds(500), Milliseconds(20'000)}, {"had a slow disk", "nothing but delays"});

constinit const FaultSite kProcessCrash =
    LongTrouble(EDGE_POINTS("process.crash"), EDGE_NEXT, Family::kProcess, Class::kMayLose, {Milliseconds(50), Milliseconds(10'000)},
                {"crashed", "what was acknowledged is there after the restart; nothing the dead process did later has an effect"});
constinit const FaultSite kProcessPowerLoss =
    LongTrouble(EDGE_POINTS("process.power_loss"), EDGE_NEXT, Family::kProcess, Class::kMayLose, {Milliseconds(500), Milliseconds(20'000)},
                {"lost power", "what was synced is there after the restart; pending sectors are old, new or torn"});
constinit const FaultSite kProcessPause =
    LongTrouble(EDGE_POINTS("process.pause"), EDGE_NEXT, Family::kProcess, Class::kMustSurvive, {Milliseconds(50), Milliseconds(30'000)},
                {"was paused", "nothing but delays; deadlines that pass meanwhile count"});
constinit const FaultSite kProcessStop =
    LongTrouble(EDGE_POINTS("process.stop"), EDGE_NEXT, Family::kProcess, Class::kMustSurvive, {Milliseconds(50), Milliseconds(10'000)},
                {"was asked to stop, and started again", "every request whose handling has begun is answered"});
constinit const FaultSite kClockSkew =
    LongTrouble(EDGE_POINTS("clock.skew"), EDGE_NEXT, Family::kClock, Class::kMustSurvive, {Milliseconds(1'000), Milliseconds(60'000)},
                {"had a calendar that was off", "waits are right: only the calendar is wrong"});
constinit const FaultSite kClockStep =
    LongTrouble(EDGE_POINTS("clock.step"), EDGE_NEXT, Family::kClock, Class::kMustSurvive, {Milliseconds(1'000), Milliseconds(60'000)},
                {"saw its calendar jump", "waits are right; a calendar may go back"});

constinit const FaultSite kPlatformRecycleIsolate =
    Strike(EDGE_POINTS("platform.recycle_isolate"), EDGE_NEXT, Family::kPlatform, Class::kMustSurvive, AllowedBy::kBoth, {1, 4},
           {"recycled the isolate: what it kept in memory is gone", "the next request starts a fresh isolate; global variables are gone"});
constinit const FaultSite kPlatformCancelWaitUntil =
    Strike(EDGE_POINTS("platform.cancel_wait_until"), EDGE_NEXT, Family::kPlatform, Class::kMayLose, AllowedBy::kCloudflareOnly, {1, 4},
           {"cancelled what waitUntil was to finish", "the answer stands; what came after it may never have happened"});

// Events of an object are few, and operations of its storage many.
constinit const FaultSite kPlatformCronLate =
    Strike(EDGE_POINTS("platform.cron_late"), EDGE_NEXT, Family::kPlatform, Class::kMustSurvive, AllowedBy::kBoth, {1, 2},
           {"was late with a cron trigger", "it runs, never early, perhaps while the next one does"});

constinit const FaultSite kObjectEvict =
    Strike(EDGE_POINTS("object.evict"), EDGE_NEXT, Family::kObject, Class::kMustSurvive, AllowedBy::kBoth, {1, 6},
           {"evicted an object between two events", "what was committed is there; what it kept in memory is gone"});
constinit const FaultSite kObjectHibernate =
    Strike(EDGE_POINTS("object.hibernate"), EDGE_NEXT, Family::kObject, Class::kMustSurvive, AllowedBy::kBoth, {1, 6},
           {"let an object hibernate between two events", "its WebSockets, their tags and attachments stay; the constructor runs again"});
constinit const FaultSite kObjectCloseDatabase =
    Strike(EDGE_POINTS("object.close_database"), EDGE_NEXT, Family::kObject, Class::kMustSurvive, AllowedBy::kBoth, {1, 6},
           {"closed an object's database between two events", "nobody notices: it is opened again when it is used"});
constinit const FaultSite kObjectOwnIsolate = Strike(
    EDGE_POINTS("object.own_isolate"), EDGE_NEXT, Family::kObject, Class::kMustSurvive, AllowedBy::kBoth, {1, 2},
    {"gave an object an isolate of its own", "objects find each other by stubs and storage alone: globals are shared, or they are not"});
constinit const FaultSite kObjectResetBefore =
    Strike(EDGE_POINTS("object.reset_before"), EDGE_NEXT, Family::kObject, Class::kMayLose, AllowedBy::kBoth, {1, 40},
           {"reset an object before its writes were committed", "callers see an error and nothing of these writes"});
constinit const FaultSite kObjectResetAfter =
    Strike(EDGE_POINTS("object.reset_after"), EDGE_NEXT, Family::kObject, Class::kMayError, AllowedBy::kBoth, {1, 40},
           {"reset an object after its writes were committed", "callers see an error; these writes stand, each commit whole"});
constinit const FaultSite kObjectResetLater =
    Strike(EDGE_POINTS("object.reset_later"), EDGE_NEXT, Family::kObject, Class::kMayLose, AllowedBy::kBoth, {1, 40},
           {"reset an object while it was at work", "callers see an error; commits before it stand, nothing after it has an effect"});
constinit const FaultSite kObjectOverload =
    Strike(EDGE_POINTS("object.overload"), EDGE_NEXT, Family::kObject, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"refused a call to an object as overload", "the caller sees an error with .overloaded; the call had no effect"});
constinit const FaultSite kObjectCallLost =
    Strike(EDGE_POINTS("object.call_lost"), EDGE_NEXT, Family::kObject, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"lost a call to an object on the way", "the caller sees an error; the call had no effect"});
constinit const FaultSite kObjectAnswerLost =
    Strike(EDGE_POINTS("object.answer_lost"), EDGE_NEXT, Family::kObject, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"lost an object's answer on the way", "the caller sees an error; the call took effect, once"});
constinit const FaultSite kObjectCallLate =
    Strike(EDGE_POINTS("object.call_late"), EDGE_NEXT, Family::kObject, Class::kMustSurvive, AllowedBy::kCloudflareOnly, {1, 10},
           {"was late to deliver a call to an object", "calls through one stub arrive in order; those of others may overtake"});
constinit const FaultSite kObjectStorageLater =
    Strike(EDGE_POINTS("object.storage_later"), EDGE_NEXT, Family::kObject, Class::kMustSurvive, AllowedBy::kCloudflareOnly, {1, 4},
           {"took long for an operation of its storage", "no other event gets in meanwhile, unless it was allowed to"});
constinit const FaultSite kObjectStorageSplit =
    Strike(EDGE_POINTS("object.storage_split"), EDGE_NEXT, Family::kObject, Class::kMayLose, AllowedBy::kCloudflareOnly, {1, 10},
           {"committed what it had written so far at an await", "writes without an await in between stay together"});
constinit const FaultSite kObjectAlarmLate =
    Strike(EDGE_POINTS("object.alarm_late"), EDGE_NEXT, Family::kObject, Class::kMustSurvive, AllowedBy::kBoth, {1, 2},
           {"was late with an alarm", "the alarm runs, never early, unless it is moved or deleted before"});
constinit const FaultSite kObjectAlarmAgain =
    Strike(EDGE_POINTS("object.alarm_again"), EDGE_NEXT, Family::kObject, Class::kMayError, AllowedBy::kBoth, {1, 2},
           {"ran an alarm again although it had succeeded", "one run at a time; the handler sees the state its first run left"});

constinit const FaultSite kWebSocketDrop =
    Strike(EDGE_POINTS("websocket.drop"), EDGE_NEXT, Family::kWebSocket, Class::kMayError, AllowedBy::kBoth, {1, 20},
           {"dropped a WebSocket", "both ends hear of it (1006), once; messages come in order up to there"});

constinit const FaultSite kKvStale =
    Strike(EDGE_POINTS("kv.stale"), EDGE_NEXT, Family::kKv, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 3},
           {"read an old value from KV", "it was current within the last 60 s, or the reader's cacheTtl; absence is a value"});
constinit const FaultSite kKvStaleFar =
    Strike(EDGE_POINTS("kv.stale_far"), EDGE_NEXT, Family::kKv, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 2},
           {"read the oldest value that KV may still give", "as with kv.stale; later reads may be older than earlier ones"});
constinit const FaultSite kKvStaleOwn =
    Strike(EDGE_POINTS("kv.stale_own"), EDGE_NEXT, Family::kKv, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 4},
           {"did not see its own write to KV", "as with kv.stale, in the event that has written"});
constinit const FaultSite kKvListShort =
    Strike(EDGE_POINTS("kv.list_short"), EDGE_NEXT, Family::kKv, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 4},
           {"got a short page of KV's keys", "list_complete is false and the cursor leads to the rest; a page may be empty"});
constinit const FaultSite kKvTooMany =
    Strike(EDGE_POINTS("kv.too_many"), EDGE_NEXT, Family::kKv, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 3},
           {"wrote one key of KV twice within a second", "the write fails with 429 and has no effect"});
constinit const FaultSite kKvErrorBefore =
    Strike(EDGE_POINTS("kv.error_before"), EDGE_NEXT, Family::kKv, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"lost the connection to KV before anything was done", "the call fails and has no effect"});
constinit const FaultSite kKvErrorAfter =
    Strike(EDGE_POINTS("kv.error_after"), EDGE_NEXT, Family::kKv, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"lost the connection to KV after the write was done", "the call fails and the write stands"});

constinit const FaultSite kQueueSendBefore =
    Strike(EDGE_POINTS("queue.send_before"), EDGE_NEXT, Family::kQueue, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"lost the connection to a queue before anything was stored", "the send fails and has no effect"});
constinit const FaultSite kQueueSendAfter =
    Strike(EDGE_POINTS("queue.send_after"), EDGE_NEXT, Family::kQueue, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"lost the connection to a queue after the messages were stored", "the send fails and the messages are delivered"});
constinit const FaultSite kQueueLate =
    Strike(EDGE_POINTS("queue.late"), EDGE_NEXT, Family::kQueue, Class::kMustSurvive, AllowedBy::kCloudflareOnly, {1, 6},
           {"was late with a message", "it is delivered, never early; messages overtake each other"});
constinit const FaultSite kQueueHold =
    Strike(EDGE_POINTS("queue.hold"), EDGE_NEXT, Family::kQueue, Class::kMustSurvive, AllowedBy::kCloudflareOnly, {1, 6},
           {"held a batch back", "its messages are delivered, perhaps together with later ones"});
constinit const FaultSite kQueueSplit =
    Strike(EDGE_POINTS("queue.split"), EDGE_NEXT, Family::kQueue, Class::kMustSurvive, AllowedBy::kCloudflareOnly, {1, 4},
           {"split a batch", "each message is delivered; a batch may have any size"});
constinit const FaultSite kQueueLease = Strike(
    EDGE_POINTS("queue.lease_short"), EDGE_NEXT, Family::kQueue, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 10},
    {"took a consumer for dead while it was at work", "its messages are delivered again meanwhile; it can ack none of them any more"});
constinit const FaultSite kQueueReorder =
    Strike(EDGE_POINTS("queue.reorder"), EDGE_NEXT, Family::kQueue, Class::kMustSurvive, AllowedBy::kCloudflareOnly, {1, 4},
           {"delivered a batch in the opposite order", "order is nothing to rely on"});
constinit const FaultSite kQueueKill =
    Strike(EDGE_POINTS("queue.kill"), EDGE_NEXT, Family::kQueue, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 10},
           {"killed a consumer in the middle of a batch", "what it has done stands; what it has not acked is delivered again"});
constinit const FaultSite kQueueAgain =
    Strike(EDGE_POINTS("queue.again"), EDGE_NEXT, Family::kQueue, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 10},
           {"delivered a message again although it was acked", "attempts has grown; id, time and body are the same"});
constinit const FaultSite kQueueAgainLater =
    Strike(EDGE_POINTS("queue.again_later"), EDGE_NEXT, Family::kQueue, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 10},
           {"delivered a message again, long after it was acked", "as with queue.again"});

constinit const FaultSite kServiceErrorStatus =
    Strike(EDGE_POINTS("service.error_status"), EDGE_NEXT, Family::kService, Class::kMayError, AllowedBy::kBoth, {1, 5},
           {"answered with an error status", "the application handles it; the request had no effect"});
constinit const FaultSite kServiceHang =
    Strike(EDGE_POINTS("service.hang"), EDGE_NEXT, Family::kService, Class::kMayError, AllowedBy::kBoth, {1, 5},
           {"took a request and never sent headers", "others are served meanwhile; the connection's slot is given back in the end"});
constinit const FaultSite kServiceSlow = Strike(EDGE_POINTS("service.slow"), EDGE_NEXT, Family::kService, Class::kMustSurvive,
                                                AllowedBy::kBoth, {1, 5}, {"was slow to answer", "nothing but a delay"});
constinit const FaultSite kServiceCutBody =
    Strike(EDGE_POINTS("service.cut_body"), EDGE_NEXT, Family::kService, Class::kMayError, AllowedBy::kBoth, {1, 5},
           {"broke off in the middle of its answer", "the application sees an error, never a short body as if it were whole"});
constinit const FaultSite kServiceResetAfterEffect =
    Strike(EDGE_POINTS("service.reset_after_effect"), EDGE_NEXT, Family::kService, Class::kMayError, AllowedBy::kBoth, {1, 5},
           {"did what was asked and lost the connection before it answered", "the effect stands; a retry does it again"});

constinit const FaultSite kClientDisconnect =
    Strike(EDGE_POINTS("client.disconnect"), EDGE_NEXT, Family::kClient, Class::kMayError, AllowedBy::kBoth, {1, 5},
           {"went away before it had its answer", "the request may be cancelled; others are not touched"});
constinit const FaultSite kClientImpatient =
    Strike(EDGE_POINTS("client.impatient"), EDGE_NEXT, Family::kClient, Class::kMayError, AllowedBy::kBoth, {1, 5},
           {"lost patience and sent the request again", "both may take effect; each is whole"});
constinit const FaultSite kClientDuplicate =
    Strike(EDGE_POINTS("client.duplicate"), EDGE_NEXT, Family::kClient, Class::kMayError, AllowedBy::kBoth, {1, 5},
           {"lost the answer and sent the request again", "both may take effect; each is whole"});

constinit const FaultSite kWorkerCallLost =
    Strike(EDGE_POINTS("platform.worker_call_lost"), EDGE_NEXT, Family::kPlatform, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"lost a call of another worker on the way", "the caller sees an error; the call had no effect"});
constinit const FaultSite kWorkerAnswerLost =
    Strike(EDGE_POINTS("platform.worker_answer_lost"), EDGE_NEXT, Family::kPlatform, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 20},
           {"lost another worker's answer on the way", "the caller sees an error; the call took effect, once"});
constinit const FaultSite kWorkerCallLate =
    Strike(EDGE_POINTS("platform.worker_call_late"), EDGE_NEXT, Family::kPlatform, Class::kMustSurvive, AllowedBy::kCloudflareOnly, {1, 10},
           {"was late to deliver a call to another worker", "what one sender sends to one binding begins in order"});
constinit const FaultSite kWorkerCancelled =
    Strike(EDGE_POINTS("platform.worker_cancelled"), EDGE_NEXT, Family::kPlatform, Class::kMayError, AllowedBy::kCloudflareOnly, {1, 40},
           {"cancelled a worker while it answered another one", "the caller sees an error; what the worker has done stands"});

namespace {

constexpr const FaultSite* kAll[] = {
    &kNetworkRefused,
    &kNetworkConnectHangs,
    &kNetworkResetBefore,
    &kNetworkResetAfter,
    &kNetworkWriteCut,
    &kNetworkHalfCloseLost,
    &kNetworkStall,
    &kNetworkLatencySpike,
    &kNetworkPartition,
    &kNetworkSlow,
    &kDiskSyncFails,
    &kDiskSyncLost,
    &kDiskReadError,
    &kDiskWriteError,
    &kDiskFull,
    &kDiskSlow,
    &kProcessCrash,
    &kProcessPowerLoss,
    &kProcessPause,
    &kProcessStop,
    &kClockSkew,
    &kClockStep,
    &kPlatformRecycleIsolate,
    &kPlatformCancelWaitUntil,
    &kPlatformCronLate,
    &kObjectEvict,
    &kObjectHibernate,
    &kObjectCloseDatabase,
    &kObjectOwnIsolate,
    &kObjectResetBefore,
    &kObjectResetAfter,
    &kObjectResetLater,
    &kObjectOverload,
    &kObjectCallLost,
    &kObjectAnswerLost,
    &kObjectCallLate,
    &kObjectStorageLater,
    &kObjectStorageSplit,
    &kObjectAlarmLate,
    &kObjectAlarmAgain,
    &kWebSocketDrop,
    &kKvStale,
    &kKvStaleFar,
    &kKvStaleOwn,
    &kKvListShort,
    &kKvTooMany,
    &kKvErrorBefore,
    &kKvErrorAfter,
    &kQueueSendBefore,
    &kQueueSendAfter,
    &kQueueLate,
    &kQueueHold,
    &kQueueSplit,
    &kQueueLease,
    &kQueueReorder,
    &kQueueKill,
    &kQueueAgain,
    &kQueueAgainLater,
    &kServiceErrorStatus,
    &kServiceHang,
    &kServiceSlow,
    &kServiceCutBody,
    &kServiceResetAfterEffect,
    &kClientDisconnect,
    &kClientImpatient,
    &kClientDuplicate,
    &kWorkerCallLost,
    &kWorkerAnswerLost,
    &kWorkerCallLate,
    &kWorkerCancelled,
};

}  // namespace

std::span<const FaultSite* const> AllFaultSites() { return kAll; }

const FaultSite* FindFaultSite(std::string_view name) {
  for (const FaultSite* const site : kAll) {
    if (site->name() == name) return site;
  }
  return nullptr;
}

uint64_t FaultModelVersion() {
  // The first word is the version of how plans are drawn (faults.cc).
  uint64_t version = CombineHash(2, std::size(kAll));
  const auto mix = [&version](uint64_t word) { version = CombineHash(version, word); };
  for (const FaultSite* const site : kAll) {
    mix(StableHash(site->name()));
    mix(static_cast<uint64_t>(site->family) << 24 | static_cast<uint64_t>(site->fault_class) << 16 |
        static_cast<uint64_t>(site->shape) << 8 | static_cast<uint64_t>(site->allowed_by));
    mix(site->rate.numerator);
    mix(site->rate.denominator);
    mix(static_cast<uint64_t>(site->shortest.ToNanoseconds()));
    mix(static_cast<uint64_t>(site->longest.ToNanoseconds()));
  }
  return version;
}

std::string_view NameOf(FaultFamily family) {
  constexpr std::string_view kNames[kFaultFamilies] = {"network",   "disk", "process", "clock",   "platform", "object",
                                                       "websocket", "kv",   "queue",   "service", "client"};
  return kNames[static_cast<size_t>(family)];
}

std::string_view NameOf(FaultClass fault_class) {
  constexpr std::string_view kNames[] = {"must-survive", "may-error", "may-lose"};
  return kNames[static_cast<size_t>(fault_class)];
}

std::string_view NameOf(Contract contract) { return contract == Contract::kEdge ? "edge" : "cloudflare"; }

}  // namespace edge::sim
