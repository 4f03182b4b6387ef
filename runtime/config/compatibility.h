// Compatibility dates and flags: which of the platform's dated behaviours a worker asks for.
//
// A behaviour has a flag that turns it on, often one that turns it off, and a date from which on it is the default. A worker's
// compatibility date picks the defaults, its compatibility flags override them one by one.
//
// edge behaves as of kBaselineDate: what was the default then is always so here, and asking for older behaviour is answered with a notice.
// Later behaviours are switched one by one by the code that has them, through CompatibilityEnabled.
#ifndef EDGE_RUNTIME_CONFIG_COMPATIBILITY_H_
#define EDGE_RUNTIME_CONFIG_COMPATIBILITY_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edge::config {

struct CompatibilityFlag {
  std::string_view enable;      // the flag that turns it on
  std::string_view disable;     // the flag that turns it off; empty if there is none
  std::string_view default_on;  // YYYY-MM-DD; empty if it is never on by itself
};

inline constexpr std::string_view kBaselineDate = "2024-09-23";
// The newest date whose flags this table has. It stands in for a missing compatibility date, as wrangler dev takes its newest.
inline constexpr std::string_view kNewestKnownDate = "2026-08-22";

// Whether edge has the behaviour of a flag that is later than the baseline or never on by itself.
bool IsSwitched(std::string_view enable);

// Sorted by `enable`.
std::span<const CompatibilityFlag> CompatibilityFlags();
// The behaviour that `flag` turns on or off; nullptr if no such flag is known.
const CompatibilityFlag* FindCompatibilityFlag(std::string_view flag);

// Whether the behaviour whose enabling flag is `enable` is on for a worker of this date and these flags. Dates compare as text.
// REQUIRES: `enable` is in the table, `date` is valid.
bool CompatibilityEnabled(std::string_view enable, std::string_view date, std::span<const std::string> flags);

// Days since 1970-01-01 of "YYYY-MM-DD"; nullopt if that is no date of the calendar.
std::optional<int> ParseDate(std::string_view text);

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_COMPATIBILITY_H_
