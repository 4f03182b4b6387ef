#include "runtime/worker/worker_set.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge::worker {

WorkerSet::WorkerSet(const WorkerServices& services, const WorkerCodes& codes) {
  EDGE_CHECK_OK(CheckWorkerNames(codes));
  WorkerServices shared = services;
  shared.workers = this;
  for (const std::shared_ptr<const WorkerCode>& code : codes) workers_.push_back(std::make_unique<Worker>(shared, code));
}

WorkerSet::~WorkerSet() = default;

void WorkerSet::UseStore(storage::ObjectStore& store) {
  for (const std::unique_ptr<Worker>& worker : workers_) worker->UseStore(store);
}

absl::Status WorkerSet::Start() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    const absl::Status started = worker->Start();
    if (started.ok()) continue;
    if (workers_.size() == 1) return started;
    return absl::Status(started.code(), StrCat(worker->code().name, ": ", std::string(started.message())));
  }
  return CheckEntrypoints();
}

absl::Status WorkerSet::CheckEntrypoints() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    for (const ServiceBinding& binding : worker->code().service_bindings) {
      Worker* const other = Find(binding.service);
      if (other == nullptr || binding.entrypoint.empty()) continue;
      const std::vector<std::string>& names = other->entry_points().names;
      if (std::find(names.begin(), names.end(), binding.entrypoint) != names.end()) continue;
      return absl::InvalidArgumentError(StrCat(binding.origin.empty() ? worker->code().name : binding.origin, ": the binding ",
                                               binding.name, " names the entrypoint ", binding.entrypoint, ", and the worker \"",
                                               other->code().name, "\" exports no such class"));
    }
  }
  return absl::OkStatus();
}

Worker* WorkerSet::Find(std::string_view name) {
  const auto found = std::find_if(workers_.begin(), workers_.end(), [&](const auto& worker) { return worker->code().name == name; });
  return found == workers_.end() ? nullptr : found->get();
}

void WorkerSet::Shutdown() {
  // What one finishes may give another something to do.
  const auto finish_all = [this] {
    const auto busy = [](const std::unique_ptr<Worker>& worker) { return worker->finishing(); };
    for (bool again = true; again; again = std::any_of(workers_.begin(), workers_.end(), busy)) {
      for (const std::unique_ptr<Worker>& worker : workers_) worker->FinishDetached();
    }
  };
  finish_all();
  for (const std::unique_ptr<Worker>& worker : workers_) worker->EndObjects();
  // What objects held of workers ends with them, and may have waitUntil tasks too.
  finish_all();
  for (const std::unique_ptr<Worker>& worker : workers_) worker->EndIsolates();
}

void WorkerSet::OnLost(const storage::ObjectKey& id, uint64_t epoch, const absl::Status& why) {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    if (worker->objects() != nullptr && worker->objects()->ClassOfSpace(id.space) != nullptr) worker->objects()->OnLost(id, epoch, why);
  }
}

void WorkerSet::OnAlarmsChanged() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    if (worker->objects() != nullptr) worker->objects()->OnAlarmsChanged();
  }
}

absl::Status CheckWorkerNames(const WorkerCodes& codes) {
  if (codes.empty()) return absl::InvalidArgumentError("there is no worker");
  for (size_t i = 0; i < codes.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (codes[i]->name == codes[j]->name) {
        return absl::InvalidArgumentError(StrCat("two workers are called \"", codes[i]->name, "\"; give each a name of its own"));
      }
    }
  }
  return absl::OkStatus();
}

bool NeedStore(const WorkerCodes& codes) {
  return std::any_of(codes.begin(), codes.end(), [](const auto& code) {
    return !code->object_classes.empty() || !code->kv_bindings.empty() || !code->crons.empty() || !code->queue_bindings.empty() ||
           !code->queue_consumers.empty();
  });
}

}  // namespace edge::worker
