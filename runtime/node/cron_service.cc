#include "runtime/node/cron_service.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/worker/plants.h"

namespace edge {
namespace {

// The wall clock may step: it is looked at this often.
constexpr Duration kLookAgain = Duration::Seconds(60);
constexpr Duration kAheadMax = Duration::Seconds(24 * 3600);
constexpr Duration kClaimAgain = Duration::Seconds(1);

constexpr std::array<std::string_view, 1> kSchema = {
    "CREATE TABLE cron(expression TEXT PRIMARY KEY, last_ms INTEGER NOT NULL);"
    "CREATE TABLE run(expression TEXT NOT NULL, due_ms INTEGER NOT NULL, PRIMARY KEY(expression, due_ms))"};

storage::ObjectKey CalendarOf(const std::string& script) { return storage::OnlyObjectOf(StrCat("edge/cron/", script)); }

std::string_view NameOf(worker::Outcome outcome) {
  switch (outcome) {
    case worker::Outcome::kOk:
      return "ok";
    case worker::Outcome::kException:
      return "exception";
    case worker::Outcome::kExceededCpu:
      return "exceededCpu";
    case worker::Outcome::kExceededMemory:
      return "exceededMemory";
    case worker::Outcome::kHung:
      return "hung";
    case worker::Outcome::kPending:
    case worker::Outcome::kCanceled:
      return "canceled";
  }
  return "unknown";
}

}  // namespace

CronService::CronService(worker::Worker& worker, storage::ObjectStore& store, CronObserver* observer)
    : worker_(worker),
      scheduler_(worker.services().scheduler),
      observer_(observer),
      calendar_(scheduler_, store, CalendarOf(worker.code().name), kSchema),
      watcher_(scheduler_),
      runs_(scheduler_) {}

CronService::~CronService() { EDGE_CHECK(watcher_.size() == 0 && runs_.size() == 0) << "cron dropped while it runs"; }

WallTime CronService::Now() const { return scheduler_.clock().WallNow(); }

void CronService::Say(worker::Severity severity, std::string_view text) { worker_.log().Write(severity, worker_.code().name, text); }

absl::Status CronService::Start() {
  const WallTime now = Now();
  std::map<std::string, int64_t> remembered;
  std::vector<std::string> cut_off;
  EDGE_ASSIGN_OR_RETURN(const storage::SystemObject::Commit commit, calendar_.Write([&](storage::SystemSession& db) -> absl::Status {
    remembered.clear();
    cut_off.clear();
    EDGE_RETURN_IF_ERROR(db.Rows("SELECT expression, last_ms FROM cron", {}, [&](const storage::Statement& row) {
      remembered[std::string(row.ColumnBytes(0))] = row.ColumnInteger(1);
      return absl::OkStatus();
    }));
    EDGE_RETURN_IF_ERROR(db.Rows("SELECT expression, due_ms FROM run ORDER BY due_ms, expression", {}, [&](const storage::Statement& row) {
      cut_off.push_back(StrCat("the run of \"", row.ColumnBytes(0), "\" that was due at ", row.ColumnInteger(1),
                               " (ms) was cut off by the end of the process, and is not run again"));
      return absl::OkStatus();
    }));
    EDGE_RETURN_IF_ERROR(db.Run("DELETE FROM run"));
    // An expression that is gone begins anew if it comes back.
    for (const auto& [expression, last_ms] : remembered) {
      const std::vector<std::string>& crons = worker_.code().crons;
      if (std::find(crons.begin(), crons.end(), expression) == crons.end()) {
        EDGE_RETURN_IF_ERROR(db.Run("DELETE FROM cron WHERE expression = ?", {expression}));
      }
    }
    for (const std::string& cron : worker_.code().crons) {
      EDGE_RETURN_IF_ERROR(db.Run("INSERT OR IGNORE INTO cron VALUES(?, ?)", {cron, now.ToUnixMilliseconds()}));
    }
    return absl::OkStatus();
  }));
  EDGE_RETURN_IF_ERROR(calendar_.WaitDurable(commit));
  for (const std::string& text : cut_off) Say(worker::Severity::kWarning, text);
  const worker::Plants* const plants = worker_.services().plants;
  for (const std::string& cron : worker_.code().crons) {
    EDGE_ASSIGN_OR_RETURN(cron::CronExpression expression, cron::CronExpression::Parse(cron));
    const auto found = remembered.find(cron);
    WallTime last = found == remembered.end() ? now : WallTime::FromUnixMilliseconds(found->second);
    // The clock was ahead once: what it said then must not silence the trigger until that time has come.
    if (last - now > kAheadMax) {
      Say(worker::Severity::kWarning, StrCat("\"", cron, "\" has run for times that are ", (last - now).ToMilliseconds() / 3'600'000,
                                             " hours ahead of the clock, which was wrong then or is wrong now: it goes on from now"));
      last = now;
    }
    if (observer_ != nullptr) observer_->OnWatched(worker_.code().name, cron, last, now);
    if (plants != nullptr && plants->cron_double_start && found != remembered.end()) last = last + Duration::Milliseconds(-1);
    triggers_.push_back({std::move(expression), last});
  }
  if (triggers_.empty()) return absl::OkStatus();
  return watcher_.Spawn("cron", [this] { Watch(); });
}

void CronService::Stop(Instant deadline) {
  stopping_ = true;
  watcher_.Cancel();
  watcher_.Wait();
  while (runs_.size() > 0 && scheduler_.clock().Now() < deadline) {
    if (!scheduler_.SleepFor(std::min(Duration::Milliseconds(20), deadline - scheduler_.clock().Now())).ok()) break;
  }
  runs_.Cancel();
  runs_.Wait();
}

std::optional<WallTime> CronService::MissedUntil(const Trigger& trigger, WallTime now) {
  WallTime due = trigger.expression.Next(trigger.last);
  if (due > now) return std::nullopt;
  // Looks back further and further: years may have passed since the last.
  for (Duration back = Duration::Seconds(60); back < now - trigger.last; back = back * 4) {
    const WallTime from = now + (Duration::Zero() - back);
    if (trigger.expression.Next(from) > now) continue;
    due = trigger.expression.Next(from);
    break;
  }
  for (WallTime next = trigger.expression.Next(due); next <= now; next = trigger.expression.Next(due)) due = next;
  return due;
}

void CronService::Watch() {
  while (!stopping_) {
    const WallTime now = Now();
    Duration wait = kLookAgain;
    for (Trigger& trigger : triggers_) {
      if (const std::optional<WallTime> due = MissedUntil(trigger, now); due.has_value()) Begin(trigger, *due);
      wait = std::min(wait, trigger.expression.Next(std::max(trigger.last, now)) - now);
    }
    if (!scheduler_.SleepFor(wait).ok()) return;
  }
}

void CronService::Begin(Trigger& trigger, WallTime due) {
  trigger.last = due;
  const std::string& cron = trigger.expression.text();
  const absl::Status spawned = runs_.Spawn("cron.run", [this, cron, due] { RunOne(cron, due); });
  if (!spawned.ok()) Say(worker::Severity::kError, StrCat("\"", cron, "\" could not be started: ", FromAbsl(spawned.message())));
}

absl::Status CronService::Claim(std::string_view cron, WallTime due) {
  for (;;) {
    // Whether the last attempt was stored may be unknown; nobody else claims, so another attempt does no harm.
    absl::StatusOr<storage::SystemObject::Commit> commit = calendar_.Write([&](storage::SystemSession& db) -> absl::Status {
      const int64_t due_ms = due.ToUnixMilliseconds();
      // What is far ahead was written under a clock that was wrong.
      const int64_t ahead_ms = (due + kAheadMax).ToUnixMilliseconds();
      EDGE_RETURN_IF_ERROR(
          db.Run("UPDATE cron SET last_ms = CASE WHEN last_ms > ?1 THEN ?2 ELSE max(last_ms, ?2) END WHERE expression = ?3",
                 {ahead_ms, due_ms, std::string(cron)}));
      return db.Run("INSERT OR IGNORE INTO run VALUES(?, ?)", {std::string(cron), due_ms});
    });
    const absl::Status claimed = commit.ok() ? calendar_.WaitDurable(*commit) : commit.status();
    if (claimed.ok() || absl::IsCancelled(claimed) || absl::IsAborted(claimed)) return claimed;
    if (!absl::IsUnavailable(claimed)) Say(worker::Severity::kError, StrCat("\"", cron, "\" waits: ", FromAbsl(claimed.message())));
    EDGE_RETURN_IF_ERROR(scheduler_.SleepFor(kClaimAgain));
  }
}

void CronService::Forget(std::string_view cron, WallTime due) {
  // Not waited for: if it is lost, the log says of a run that has ended that it was cut off.
  calendar_
      .Write([&](storage::SystemSession& db) {
        return db.Run("DELETE FROM run WHERE expression = ? AND due_ms = ?", {std::string(cron), due.ToUnixMilliseconds()});
      })
      .IgnoreError();
}

void CronService::RunOne(const std::string& cron, WallTime due) {
  const uint64_t key = CombineHash(scheduler_.CurrentKey(), static_cast<uint64_t>(due.ToUnixMilliseconds()));
  const MischiefChoice late = worker_.services().adversary.Consider("cron.late", key, {Mischief::kDelay});
  if (late.kind == Mischief::kDelay && !scheduler_.SleepFor(late.delay).ok()) return;
  // The calendar may have gone back since it was looked at: it is not due again yet.
  do {
    while (Now() < due) {
      if (!scheduler_.SleepFor(std::min(due - Now(), kLookAgain)).ok()) return;
    }
    if (const absl::Status claimed = Claim(cron, due); !claimed.ok()) return;
  } while (Now() < due);
  if (observer_ != nullptr) observer_->OnStarted(worker_.code().name, cron, due, Now());
  const worker::ScheduledResult result = RunHandler(cron, due);
  if (observer_ != nullptr) observer_->OnEnded(worker_.code().name, cron, due, result.outcome);
  Forget(cron, due);
}

worker::ScheduledResult CronService::RunHandler(const std::string& cron, WallTime scheduled) {
  const worker::WorkerLimits& limits = worker_.code().limits;
  worker::ScheduledEvent event = {.cron = cron, .scheduled = scheduled, .cpu = limits.cpu};
  // What is due every hour at most may compute for longer, unless the configuration has an opinion.
  if (const absl::StatusOr<cron::CronExpression> expression = cron::CronExpression::Parse(cron);
      expression.ok() && limits.cpu == worker::WorkerLimits().cpu) {
    const WallTime next = expression->Next(scheduled);
    if (expression->Next(next) - next >= Duration::Seconds(3600)) event.cpu = limits.scheduled_cpu;
  }
  worker::ScheduledResult result = worker::RunScheduled(worker_, event);
  ++outcomes_[std::string(NameOf(result.outcome))];
  if (result.outcome != worker::Outcome::kOk) {
    const std::string& text = result.failure.stack.empty() ? result.failure.message : result.failure.stack;
    Say(worker::Severity::kError, StrCat("scheduled \"", cron, "\": ", NameOf(result.outcome), ": ", text));
  }
  return result;
}

absl::StatusOr<worker::ScheduledResult> CronService::RunNow(std::string_view cron, std::optional<WallTime> scheduled) {
  const std::vector<std::string>& crons = worker_.code().crons;
  std::string chosen(cron);
  if (chosen.empty()) {
    if (crons.empty()) return absl::InvalidArgumentError(StrCat(worker_.code().name, " has no cron expressions (triggers.crons)"));
    if (crons.size() > 1) {
      std::string all;
      for (const std::string& one : crons) StrAppend(&all, all.empty() ? "" : ", ", "\"", one, "\"");
      return absl::InvalidArgumentError(StrCat(worker_.code().name, " has several cron expressions; name one: ", all));
    }
    chosen = crons.front();
  } else if (std::find(crons.begin(), crons.end(), chosen) == crons.end()) {
    return absl::InvalidArgumentError(StrCat(worker_.code().name, " has no cron expression \"", chosen, "\""));
  }
  return RunHandler(chosen, scheduled.value_or(Now()));
}

}  // namespace edge
