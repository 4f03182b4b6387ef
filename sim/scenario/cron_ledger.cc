#include "sim/scenario/cron_ledger.h"

#include "runtime/base/str_cat.h"

namespace edge::sim {

std::string CronLedger::Name(std::string_view script, std::string_view cron) { return StrCat("\"", cron, "\" of ", script); }

void CronLedger::OnStarted(std::string_view script, std::string_view cron, WallTime scheduled, WallTime now) {
  if (now < scheduled) {
    Fail(StrCat("the cron trigger ", Name(script, cron), " ran ", (scheduled - now).ToMilliseconds(), " ms before it was due"));
  }
  if (!started_.insert({Name(script, cron), scheduled}).second) {
    Fail(StrCat("the cron trigger ", Name(script, cron), " was started twice for the same time (", scheduled.ToUnixMilliseconds(), " ms)"));
  }
}

}  // namespace edge::sim
