// CronLedger: every run of a cron trigger in a simulated run: none early, none twice, and what is due while everything is well is started.
#ifndef EDGE_SIM_SCENARIO_CRON_LEDGER_H_
#define EDGE_SIM_SCENARIO_CRON_LEDGER_H_

#include <map>
#include <set>
#include <string>
#include <utility>

#include "runtime/node/cron_service.h"

namespace edge::sim {

class CronLedger final : public CronObserver {
 public:
  void OnWatched(std::string_view script, std::string_view cron, WallTime last, WallTime now) override {}
  void OnStarted(std::string_view script, std::string_view cron, WallTime scheduled, WallTime now) override;
  void OnEnded(std::string_view script, std::string_view cron, WallTime scheduled, worker::Outcome outcome) override {}

  bool Started(std::string_view script, std::string_view cron, WallTime scheduled) const {
    return started_.contains({Name(script, cron), scheduled});
  }
  void Fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }
  uint64_t runs() const { return started_.size(); }
  // The first thing that could not be; empty: none.
  const std::string& problem() const { return problem_; }

 private:
  static std::string Name(std::string_view script, std::string_view cron);

  std::set<std::pair<std::string, WallTime>> started_;
  std::string problem_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_CRON_LEDGER_H_
