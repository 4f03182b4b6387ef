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

// All of them, in the order of the table; element i has index i.
std::span<const FaultSite* const> AllFaultSites();
// Null if there is none of that name.
const FaultSite* FindFaultSite(std::string_view name);
// Changes whenever a row does (name, class, contract, rate, lengths): a seed means the same run only under one version.
uint64_t FaultModelVersion();

}  // namespace edge::sim

#endif  // EDGE_SIM_FAULT_MODEL_H_
