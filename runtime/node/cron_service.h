// CronService: starts the scheduled handler of a worker when its cron expressions are due.
//
// What has been started is remembered in a system object (space "edge/cron/SCRIPT") before it starts: a restart does not start it again,
// and knows what was missed meanwhile. Of what an expression missed while no process ran, the latest is run once, late. A run that the end
// of a process has cut off is not run again; the log says so. Runs of one expression may overlap. Nothing is retried.
//
//   due (wall clock) --> claim: durable --> RunScheduled on a fiber of its own --> done
//
// What an adversary is asked (key: causal): cron.late {delay: it starts that much later}.
#ifndef EDGE_RUNTIME_NODE_CRON_SERVICE_H_
#define EDGE_RUNTIME_NODE_CRON_SERVICE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/cron/cron_expression.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "runtime/worker/scheduled.h"
#include "runtime/worker/worker.h"
#include "storage/system/system_object.h"

namespace edge {

// Told what cron does: for checks.
class CronObserver {
 public:
  virtual ~CronObserver() = default;
  // The process has begun to look after `cron`; it was due last at `last` as far as anybody remembers (`now`: nobody does).
  virtual void OnWatched(std::string_view script, std::string_view cron, WallTime last, WallTime now) = 0;
  virtual void OnStarted(std::string_view script, std::string_view cron, WallTime scheduled, WallTime now) = 0;
  virtual void OnEnded(std::string_view script, std::string_view cron, WallTime scheduled, worker::Outcome outcome) = 0;
};

class CronService {
 public:
  // All borrowed. `observer` null: nobody.
  CronService(worker::Worker& worker, storage::ObjectStore& store, CronObserver* observer);
  ~CronService();  // REQUIRES: not started, or Stop has returned
  CronService(const CronService&) = delete;
  CronService& operator=(const CronService&) = delete;

  const std::string& worker_name() const { return worker_.code().name; }
  // How often runs have ended since the start, by outcome ("ok", "exception").
  const std::map<std::string, uint64_t>& outcomes() const { return outcomes_; }

  // Reads what is remembered and begins to look after the worker's expressions. Errors as SystemObject. MAY SUSPEND.
  absl::Status Start();
  // Starts nothing more; waits for what runs until `deadline`, then cancels it. Idempotent. MAY SUSPEND.
  void Stop(Instant deadline);

  // Runs the handler now, beside what is due, and waits for it. kInvalidArgument: no expression of that text (empty: the only or first
  // one). `scheduled` none: now. MAY SUSPEND.
  absl::StatusOr<worker::ScheduledResult> RunNow(std::string_view cron, std::optional<WallTime> scheduled);

 private:
  struct Trigger {
    cron::CronExpression expression;
    WallTime last;  // due times up to here have been claimed, or are of no interest
  };

  void Watch();
  // The latest time that `trigger` missed until `now`; none: nothing.
  static std::optional<WallTime> MissedUntil(const Trigger& trigger, WallTime now);
  void Begin(Trigger& trigger, WallTime due);
  void RunOne(const std::string& cron, WallTime due);
  absl::Status Claim(std::string_view cron, WallTime due);
  void Forget(std::string_view cron, WallTime due);
  worker::ScheduledResult RunHandler(const std::string& cron, WallTime scheduled);
  WallTime Now() const;
  void Say(worker::Severity severity, std::string_view text);

  worker::Worker& worker_;
  Scheduler& scheduler_;
  CronObserver* const observer_;
  storage::SystemObject calendar_;
  std::vector<Trigger> triggers_;
  std::map<std::string, uint64_t> outcomes_;
  bool stopping_ = false;
  TaskGroup watcher_;
  TaskGroup runs_;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_NODE_CRON_SERVICE_H_
