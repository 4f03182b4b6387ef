// What WebSockets ask of an isolate.
#include <memory>
#include <utility>

#include "runtime/base/hash.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {

void WorkerIsolate::PassOutputGate(absl::AnyInvocable<void()> effect) {
  if (current_ == nullptr) return effect();
  // What is not allowed out any more will never have happened.
  WhenAllowed(*current_, CombineHash(current_->key, current_->children++),
              [effect = std::move(effect)](const absl::Status& allowed) mutable {
                if (allowed.ok()) effect();
              });
}

void WorkerIsolate::RenewCpu() {
  if (current_ == nullptr) return;
  if (current_->object != nullptr) current_->object->OnMessage();
  js::CpuBudget& cpu = current_->object != nullptr ? current_->object->cpu() : current_->cpu;
  cpu = {code_.limits.InstructionsOf(code_.limits.cpu)};
}

std::shared_ptr<void> WorkerIsolate::HoldForWebSocket() {
  if (current_ == nullptr) return nullptr;
  ++current_->web_sockets;
  return std::shared_ptr<void>(nullptr, [this, id = current_->id](void*) {
    const auto found = invocations_.find(id);
    if (found == invocations_.end()) return;
    --found->second->web_sockets;
    found->second->progress.Set();
  });
}

}  // namespace edge::worker
