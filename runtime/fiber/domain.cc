#include "runtime/fiber/domain.h"

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/fiber/domain_state.h"
#include "runtime/fiber/scheduler_impl.h"

namespace edge {

Domain::Domain(Scheduler& scheduler, std::string_view name) : state_(std::make_unique<State>(scheduler, name)) {}

Domain::~Domain() {
  EDGE_CHECK(state_->members.empty()) << state_->name << ": " << state_->members.size() << " fibers alive, the first is \""
                                      << state_->members.front()->label << "\"";
}

void Domain::Crash() {
  if (state_->crashed) return;
  Resume();
  state_->crashed = true;
  state_->scheduler.impl_->DoomInKeyOrder(state_->members);
}

void Domain::Pause() {
  EDGE_CHECK(state_->scheduler.CurrentDomain() != this) << state_->name << ": a member cannot pause its own domain";
  if (!state_->paused && !state_->crashed) state_->scheduler.impl_->Pause(*this);
}

void Domain::Resume() {
  if (state_->paused) state_->scheduler.impl_->Resume(*this);
}

bool Domain::paused() const { return state_->paused; }
bool Domain::crashed() const { return state_->crashed; }
const std::string& Domain::name() const { return state_->name; }
size_t Domain::size() const { return state_->members.size(); }

absl::Status Domain::Wait(Instant deadline) {
  EDGE_CHECK(state_->scheduler.CurrentDomain() != this) << state_->name << ": a member cannot wait for the end of its own domain";
  while (!state_->members.empty()) EDGE_RETURN_IF_ERROR(state_->waiters.Wait(deadline));
  return absl::OkStatus();
}

}  // namespace edge
