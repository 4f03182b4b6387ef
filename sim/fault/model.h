// The fault model: the one table of what can go wrong in a simulated world.
//
// sim/README.md shows the same table to people; a test compares them. The names are part of every trace: a site may be added, and one that
// is renamed is another one. Whose opportunity a site is (which seam asks Faults::Strikes, and with which key) stands at the site's row in
// sim/README.md.
#ifndef EDGE_SIM_FAULT_MODEL_H_
#define EDGE_SIM_FAULT_MODEL_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/fault/site.h"

namespace edge::sim {

// Network: strikes of sim/network, one opportunity per connect, write, delivery or close.
extern const FaultSite kNetworkRefused;
extern const FaultSite kNetworkConnectHangs;
extern const FaultSite kNetworkResetBefore;
extern const FaultSite kNetworkResetAfter;
extern const FaultSite kNetworkWriteCut;
extern const FaultSite kNetworkHalfCloseLost;
extern const FaultSite kNetworkStall;
extern const FaultSite kNetworkLatencySpike;
extern const FaultSite kNetworkPartition;  // episode
extern const FaultSite kNetworkSlow;       // episode

// Disk: strikes of sim/disk, one opportunity per call.
extern const FaultSite kDiskSyncFails;
extern const FaultSite kDiskSyncLost;
extern const FaultSite kDiskReadError;
extern const FaultSite kDiskWriteError;
extern const FaultSite kDiskFull;
extern const FaultSite kDiskSlow;  // episode

// Process and clock: episodes that sim/machine makes happen.
extern const FaultSite kProcessCrash;
extern const FaultSite kProcessPowerLoss;
extern const FaultSite kProcessPause;
extern const FaultSite kProcessStop;
extern const FaultSite kClockSkew;
extern const FaultSite kClockStep;

// Platform: what the Adversary may answer at its points.
extern const FaultSite kPlatformRecycleIsolate;   // "isolate.recycle"
extern const FaultSite kPlatformCancelWaitUntil;  // "wait_until.cancel"
extern const FaultSite kPlatformCronLate;         // "cron.late"

// Object: what may happen to Durable Objects; the Adversary's points in brackets.
extern const FaultSite kObjectEvict;          // "object.evict"
extern const FaultSite kObjectHibernate;      // "object.hibernate"
extern const FaultSite kObjectCloseDatabase;  // "object.close_database"
extern const FaultSite kObjectOwnIsolate;     // "object.isolate"
extern const FaultSite kObjectResetBefore;    // "object.reset", before the commit of a turn
extern const FaultSite kObjectResetAfter;     // "object.reset", after it
extern const FaultSite kObjectResetLater;     // "object.reset", while something waits
extern const FaultSite kObjectOverload;       // "object.overload"
extern const FaultSite kObjectCallLost;       // "stub.call", on the way there
extern const FaultSite kObjectAnswerLost;     // "stub.call", on the way back
extern const FaultSite kObjectCallLate;       // "stub.call"
extern const FaultSite kObjectStorageLater;   // "storage.later"
extern const FaultSite kObjectStorageSplit;   // "storage.split"
extern const FaultSite kObjectAlarmLate;      // "alarm.late"
extern const FaultSite kObjectAlarmAgain;     // "alarm.again"

// WebSocket: one opportunity per message that comes in.
extern const FaultSite kWebSocketDrop;  // "websocket.drop"

// KV: what a worker may meet there; the Adversary's points in brackets.
extern const FaultSite kKvStale;        // "kv.stale"
extern const FaultSite kKvStaleFar;     // "kv.stale_far"
extern const FaultSite kKvStaleOwn;     // "kv.stale_own"
extern const FaultSite kKvListShort;    // "kv.list_short"
extern const FaultSite kKvTooMany;      // "kv.too_many"
extern const FaultSite kKvErrorBefore;  // "kv.error", before the effect
extern const FaultSite kKvErrorAfter;   // "kv.error", after it

// Queue: what may happen to messages; the Adversary's points in brackets.
extern const FaultSite kQueueSendBefore;  // "queue.send", before the effect
extern const FaultSite kQueueSendAfter;   // "queue.send", after it
extern const FaultSite kQueueLate;        // "queue.late"
extern const FaultSite kQueueHold;        // "queue.hold"
extern const FaultSite kQueueSplit;       // "queue.split"
extern const FaultSite kQueueLease;       // "queue.lease"
extern const FaultSite kQueueReorder;     // "queue.reorder"
extern const FaultSite kQueueKill;        // "queue.kill"
extern const FaultSite kQueueAgain;       // "queue.again", at once
extern const FaultSite kQueueAgainLater;  // "queue.again", later

// Service: how a simulated outside service treats a request, one opportunity per request.
extern const FaultSite kServiceErrorStatus;
extern const FaultSite kServiceHang;
extern const FaultSite kServiceSlow;
extern const FaultSite kServiceCutBody;
extern const FaultSite kServiceResetAfterEffect;

// Client: how a simulated client behaves, one opportunity per request.
extern const FaultSite kClientDisconnect;
extern const FaultSite kClientImpatient;
extern const FaultSite kClientDuplicate;

// Calls of one worker by another (platform): one opportunity per request or call, and one per event that begins.
extern const FaultSite kWorkerCallLost;    // "worker.call", on the way there
extern const FaultSite kWorkerAnswerLost;  // "worker.call", on the way back
extern const FaultSite kWorkerCallLate;    // "worker.call"
extern const FaultSite kWorkerCancelled;   // "worker.cancel"

// All of them, in the order of the table; element i has index i.
std::span<const FaultSite* const> AllFaultSites();
// Null if there is none of that name.
const FaultSite* FindFaultSite(std::string_view name);
// Changes whenever a row does (name, class, contract, rate, lengths): a seed means the same run only under one version.
uint64_t FaultModelVersion();

}  // namespace edge::sim

#endif  // EDGE_SIM_FAULT_MODEL_H_
