#include "sim/main/words.h"

#include "runtime/base/str_cat.h"
#include "sim/report/text.h"

namespace edge::sim {

std::string Count(uint64_t number, std::string_view thing) {
  return StrCat(Grouped(number), " ", std::string(thing), number == 1 ? "" : "s");
}

std::string TimeInWords(Duration duration) {
  const int64_t seconds = duration.ToSeconds();
  if (seconds < 60) return StrCat(seconds, " s");
  if (seconds < 3600) return StrCat(seconds / 60, " min");
  if (seconds < 86'400) return StrCat(seconds / 3600, " h ", seconds % 3600 / 60, " min");
  return StrCat(seconds / 86'400, " d ", seconds % 86'400 / 3600, " h");
}

std::string Tail(std::string_view text) {
  constexpr size_t kBytesMax = 4'000;
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() > kBytesMax) text.remove_prefix(text.size() - kBytesMax);
  return std::string(text);
}

std::string NameOfPlan(FaultOptions::Plan plan) {
  switch (plan) {
    case FaultOptions::Plan::kNone:
      return "none";
    case FaultOptions::Plan::kAll:
      return "all";
    case FaultOptions::Plan::kSwarm:
    case FaultOptions::Plan::kOnly:
      break;
  }
  return "swarm";
}

}  // namespace edge::sim
