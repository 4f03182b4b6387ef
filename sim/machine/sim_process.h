// SimProcess: the Process seam of one incarnation of a simulated machine.
//
// There are no other programs on a simulated machine, so every Spawn is kNotFound; environment variables are those of its options, and Exit
// ends the incarnation: it returns, and the caller's next wait or call of a seam is refused.
#ifndef EDGE_SIM_MACHINE_SIM_PROCESS_H_
#define EDGE_SIM_MACHINE_SIM_PROCESS_H_

#include <map>
#include <string>

#include "absl/functional/any_invocable.h"
#include "runtime/fiber/domain.h"
#include "runtime/seam/process.h"

namespace edge::sim {

using EnvironmentVariables = std::map<std::string, std::string, std::less<>>;

class SimProcess final : public Process {
 public:
  // `environment` and `incarnation` are borrowed; `exit` is called by the first Exit of a live incarnation with its code.
  SimProcess(ProcessIdentity self, const EnvironmentVariables& environment, const Domain* incarnation, absl::AnyInvocable<void(int)> exit);

  const ProcessIdentity& Self() const override { return self_; }
  absl::StatusOr<ChildResult> Spawn(const ChildOptions& options, Instant deadline) override;
  void Exit(int code) override;
  std::optional<std::string> Environment(std::string_view name) const override;

 private:
  const ProcessIdentity self_;
  const EnvironmentVariables& environment_;
  const Domain* const incarnation_;
  absl::AnyInvocable<void(int)> exit_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_MACHINE_SIM_PROCESS_H_
