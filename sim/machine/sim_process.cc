#include "sim/machine/sim_process.h"

#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::sim {

SimProcess::SimProcess(ProcessIdentity self, const EnvironmentVariables& environment, const Domain* incarnation,
                       absl::AnyInvocable<void(int)> exit)
    : self_(std::move(self)), environment_(environment), incarnation_(incarnation), exit_(std::move(exit)) {}

absl::StatusOr<ChildResult> SimProcess::Spawn(const ChildOptions& options, Instant) {
  if (incarnation_ != nullptr && incarnation_->crashed()) return CrashedStatus();
  if (options.arguments.empty()) return absl::InvalidArgumentError("a child without arguments");
  return absl::NotFoundError(StrCat(options.arguments[0], ": no such program: a simulated machine has none"));
}

void SimProcess::Exit(int code) {
  if (incarnation_ != nullptr && incarnation_->crashed()) return;
  if (exit_ != nullptr) std::exchange(exit_, nullptr)(code);
}

std::optional<std::string> SimProcess::Environment(std::string_view name) const {
  const auto found = environment_.find(name);
  return found == environment_.end() ? std::nullopt : std::optional<std::string>(found->second);
}

}  // namespace edge::sim
