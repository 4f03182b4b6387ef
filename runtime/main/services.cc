#include "runtime/main/services.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "runtime/application/application.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/main/serve.h"
#include "runtime/main/state_directory.h"
#include "runtime/node/kv_service.h"
#include "runtime/operate/control.h"
#include "runtime/worker/scheduled.h"
#include "storage/store/object_store.h"

namespace edge::cli {
namespace {

constexpr std::string_view kScheduledPath = "/cdn-cgi/handler/scheduled";
constexpr uint64_t kValueBytesMax = 25 * 1024 * 1024;

using Service = operate::ServiceOperation;

class NoticePrinter final : public storage::StoreObserver {
 public:
  explicit NoticePrinter(Terminal& terminal) : terminal_(terminal) {}
  void OnNotice(std::string_view text) override { terminal_.Note(text); }

 private:
  Terminal& terminal_;
};

absl::StatusOr<Service> OperationOf(const Command& command, const ApplicationLoader& loader, Disk& disk) {
  if (command.verb == Verb::kCron) return Service{.verb = Service::Verb::kCronRun, .name = command.worker, .key = command.cron};
  Service operation{.name = command.kv_namespace, .key = command.key, .value = command.value, .ttl_s = command.ttl_s};
  if (command.json) operation.format = Service::Format::kJson;
  switch (command.kv_verb) {
    case Command::KvVerb::kGet:
      operation.verb = Service::Verb::kKvGet;
      break;
    case Command::KvVerb::kPut:
      operation.verb = Service::Verb::kKvPut;
      if (!command.input.empty()) {
        EDGE_ASSIGN_OR_RETURN(operation.value, ReadWholeFile(disk, loader.Absolute(command.input), kValueBytesMax));
      }
      break;
    case Command::KvVerb::kDelete:
      operation.verb = Service::Verb::kKvDelete;
      break;
    case Command::KvVerb::kList:
    case Command::KvVerb::kNone:
      break;
  }
  return operation;
}

// On the state itself, which no process has open. MAY SUSPEND.
absl::StatusOr<std::string> PerformHere(const Service& operation, const std::string& directory, const Seams& seams, Terminal& terminal) {
  if (operation.verb == Service::Verb::kCronRun) {
    return absl::NotFoundError("no process serves it; start it with edge serve, cron triggers run there");
  }
  const auto entries = seams.disk.List(directory);
  if ((!entries.ok() || entries->empty()) && operation.verb != Service::Verb::kKvPut) {
    return absl::NotFoundError(StrCat(directory, " is empty or absent: nothing has been stored there yet"));
  }
  NoticePrinter observer(terminal);
  storage::StoreOptions options{.directory = directory};
  options.services.wall_now = [&seams] { return seams.clock.WallNow(); };
  options.services.fill_random = [&seams](std::span<std::byte> out) { seams.random.Fill(out); };
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<storage::ObjectStore> store,
                        storage::ObjectStore::Open(seams.scheduler, seams.disk, options, observer));
  KvService kv(seams.scheduler, seams.clock, terminal);
  kv.Open(*store);
  absl::StatusOr<std::string> answer = operate::OperateKv(kv, seams.clock.WallNow(), operation);
  kv.Close();
  const absl::Status closed = store->Close();
  if (answer.ok() && !closed.ok()) return closed;
  return answer;
}

std::string OutcomeText(const worker::ScheduledResult& result) {
  switch (result.outcome) {
    case worker::Outcome::kOk:
      return "ok";
    case worker::Outcome::kExceededCpu:
      return "exceededCpu";
    case worker::Outcome::kExceededMemory:
      return "exceededMemory";
    case worker::Outcome::kCanceled:
    case worker::Outcome::kPending:
      return "canceled";
    case worker::Outcome::kException:
    case worker::Outcome::kHung:
      break;
  }
  return "exception";
}

// A part of a query as it was meant.
std::string Decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ptr == &text[i + 1] + 2) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::string QueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.substr(0, part.find('=')) == name && part.size() > name.size()) return Decoded(part.substr(name.size() + 1));
  }
  return "";
}

}  // namespace

int OperateServices(const Command& command, const Seams& seams, Terminal& terminal) {
  const ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  const std::string directory = StateDirectory(command, seams);
  const absl::StatusOr<Service> operation = OperationOf(command, loader, seams.disk);
  if (!operation.ok()) {
    terminal.Error(std::string(operation.status().message()));
    return kExitUsage;
  }
  absl::StatusOr<std::string> answer = operate::AskRunningProcess(seams.scheduler, seams.network, directory, *operation);
  if (absl::IsUnavailable(answer.status())) answer = PerformHere(*operation, directory, seams, terminal);
  if (!answer.ok()) {
    terminal.Error(std::string(answer.status().message()));
    return kExitUsage;
  }
  terminal.Print(*answer);
  return kExitFine;
}

absl::StatusOr<std::string> AnswerServices(Node& node, WallTime now, const Service& operation) {
  if (operation.verb != Service::Verb::kCronRun) return operate::OperateKv(node.kv(), now, operation);
  CronService* chosen = nullptr;
  std::string names;
  for (const std::unique_ptr<CronService>& cron : node.crons()) {
    StrAppend(&names, names.empty() ? "" : ", ", cron->worker_name());
    if (operation.name.empty() || operation.name == cron->worker_name()) chosen = cron.get();
  }
  if (node.crons().empty()) return absl::NotFoundError("no worker of this process has cron expressions (triggers.crons)");
  if (chosen == nullptr) return absl::NotFoundError(StrCat("no worker ", operation.name, " with cron expressions; there are: ", names));
  if (operation.name.empty() && node.crons().size() > 1) {
    return absl::InvalidArgumentError(StrCat("several workers have cron expressions; name one with --worker: ", names));
  }
  EDGE_ASSIGN_OR_RETURN(const worker::ScheduledResult result, chosen->RunNow(operation.key, std::nullopt));
  if (result.outcome == worker::Outcome::kOk) return std::string("ok");
  return absl::InvalidArgumentError(StrCat(OutcomeText(result), ": ", result.failure.message));
}

void ScheduledRoute::Handle(http::Exchange& exchange) {
  const std::string_view target = exchange.head().target();
  const std::string_view path = target.substr(0, target.find('?'));
  if (path != kScheduledPath) return worker_.Handle(exchange);
  const std::string_view query = path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view();
  worker::Worker& worker = node_->workers().front();
  worker::ScheduledEvent event = {.cron = QueryValue(query, "cron"), .scheduled = clock_.WallNow(), .cpu = worker.code().limits.cpu};
  if (const std::string time = QueryValue(query, "time"); !time.empty()) {
    int64_t milliseconds = 0;
    const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), milliseconds);
    if (error != std::errc() || end != time.data() + time.size()) {
      exchange.Respond(http::ResponseHead(400), "time is a number of milliseconds since 1970").IgnoreError();
      return;
    }
    event.scheduled = WallTime::FromUnixMilliseconds(milliseconds);
  }
  const worker::ScheduledResult result = worker::RunScheduled(worker, event);
  const bool fine = result.outcome == worker::Outcome::kOk;
  http::ResponseHead head(fine ? 200 : 500);
  head.Add("Content-Type", "text/plain;charset=utf-8").IgnoreError();
  exchange.Respond(head, fine ? std::string("ok") : StrCat(OutcomeText(result), ": ", result.failure.message)).IgnoreError();
}

}  // namespace edge::cli
