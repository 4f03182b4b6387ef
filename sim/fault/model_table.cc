#include "sim/fault/model_table.h"

#include <string_view>

#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

std::string Time(Duration duration) {
  const int64_t milliseconds = duration.ToMilliseconds();
  return milliseconds % 1000 == 0 ? StrCat(milliseconds / 1000, " s") : StrCat(milliseconds, " ms");
}

std::string Knob(const FaultSite& site) {
  if (site.shape == FaultSite::Shape::kEpisode) return StrCat("episode, ", Time(site.shortest), " to ", Time(site.longest));
  return StrCat(site.rate.numerator, " in ", site.rate.denominator);
}

std::string_view Contracts(const FaultSite& site) {
  switch (site.allowed_by) {
    case FaultSite::AllowedBy::kBoth:
      return "both";
    case FaultSite::AllowedBy::kCloudflareOnly:
      return "cloudflare";
    case FaultSite::AllowedBy::kOnRequest:
      return "on request";
  }
  return "";
}

}  // namespace

std::string FaultModelTable() {
  std::string table = "| fault | knob | class | contract | what happens | what must still hold |\n|---|---|---|---|---|---|\n";
  for (const FaultSite* const site : AllFaultSites()) {
    StrAppend(&table, "| `", site->name(), "` | ", Knob(*site), " | ", NameOf(site->fault_class), " | ", Contracts(*site), " | ",
              site->story, " | ", site->holds, " |\n");
  }
  return table;
}

}  // namespace edge::sim
