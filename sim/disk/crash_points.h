// What a loss of power may do to what was not synced, as decision points of the oracle.
//
// The mildest outcome of each is that everything reached the platter, so that a crash whose decisions are taken away loses nothing. The
// points are drawn only when a machine loses power with something unsynced (sim/fault: process.power_loss).
#ifndef EDGE_SIM_DISK_CRASH_POINTS_H_
#define EDGE_SIM_DISK_CRASH_POINTS_H_

#include <array>
#include <cstdint>

#include "sim/oracle/decision.h"

namespace edge::sim {

// All that is unsynced of one file.
enum class FileFate : uint8_t { kKept, kLost, kMixed };
inline constexpr std::array<uint32_t, 3> kFileFates = {2, 3, 5};
inline constexpr DecisionPoint kCrashFile("disk.crash_file", DecisionKind::kFault);

// One sector of a mixed file. kHead, kTail: up to or from a byte it is new.
enum class SectorFate : uint8_t { kNew, kOld, kHead, kTail, kGarbage };
inline constexpr std::array<uint32_t, 5> kSectorFates = {8, 6, 2, 1, 1};
inline constexpr DecisionPoint kCrashSector("disk.crash_sector", DecisionKind::kFault);
inline constexpr DecisionPoint kCrashTear("disk.crash_tear", DecisionKind::kValue);

// The size of a mixed file.
enum class SizeFate : uint8_t { kNew, kOld, kBetween };
inline constexpr std::array<uint32_t, 3> kSizeFates = {4, 2, 2};
inline constexpr DecisionPoint kCrashSize("disk.crash_size", DecisionKind::kFault);

// The names that were made, removed or replaced in one folder: all kept, all lost, or those before a point.
enum class NamesFate : uint8_t { kKept, kLost, kCut };
inline constexpr std::array<uint32_t, 3> kNamesFates = {3, 3, 2};
inline constexpr DecisionPoint kCrashNames("disk.crash_names", DecisionKind::kFault);
inline constexpr DecisionPoint kCrashNamesCut("disk.crash_names_cut", DecisionKind::kValue);

// A process died after a failed Sync: whether the page cache still has what never reached the platter.
inline constexpr DecisionPoint kCrashEvict("disk.crash_evict", DecisionKind::kFault);

}  // namespace edge::sim

#endif  // EDGE_SIM_DISK_CRASH_POINTS_H_
