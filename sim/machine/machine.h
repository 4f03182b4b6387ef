// Machine: the hardware of one simulated node over all its incarnations.
//
// A machine has a name on the network, a platter and a clock that may be wrong. Start boots an incarnation: a Domain of its own, fresh
// seams (network, disk, random, process, adversary) and the program as its first fiber. A crash follows one rule: the incarnation is dead
// from that moment, every call of its seams and every wait of its fibers is refused without effect; they run to their ends; then what the
// crash does to the platter is decided, and the incarnation is dropped whole. A restart is a new incarnation over the same platter.
//
//   down --Start/Restart--> up --Pause--> paused --Resume--> up
//     ^                      |  Crash, Process::Exit, or the program returned
//     '--- last fiber ended -+- ending
//
// Everything but the waits may be called from any fiber and from events of the world.
#ifndef EDGE_SIM_MACHINE_MACHINE_H_
#define EDGE_SIM_MACHINE_MACHINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/event.h"
#include "runtime/node/seams.h"
#include "sim/disk/platter.h"
#include "sim/disk/sim_disk.h"
#include "sim/machine/oracle_adversary.h"
#include "sim/machine/sim_process.h"
#include "sim/network/fabric.h"
#include "sim/world.h"

namespace edge::sim {

enum class CrashKind : uint8_t {
  kProcess,  // the process dies; its page cache lives on
  kPower,    // the machine loses power: nothing unsynced is safe
};

struct MachineOptions {
  EnvironmentVariables environment;
  std::string working_directory = "/";
  ActorKind kind = ActorKind::kNode;
  PlatterLimits platter;
  DiskOptions disk;
};

class Machine {
 public:
  // What runs on it. Called once per incarnation, on the incarnation's first fiber; its end is the end of the process. The seams are valid
  // until the incarnation's last fiber has ended.
  using Program = absl::AnyInvocable<void(const Seams&)>;

  // World and fabric are borrowed. Adds the actor.
  Machine(World& world, Fabric& fabric, std::string_view name, MachineOptions options = {});
  ~Machine();  // REQUIRES: down()
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Boots. REQUIRES: down().
  void Start(Program program);
  // Boots the program of the last Start again, after the end of an incarnation that is ending. Nothing happens if it is up, or was never
  // started. kCancelled, kAborted: the caller's own end came first. MAY SUSPEND.
  absl::Status Restart();
  // Ends the incarnation, if there is a live one; returns at once.
  void Crash(CrashKind kind);
  // Calls `then` from the loop after so many more turns of this incarnation (0: now); a later call replaces an earlier. Nothing is called
  // if it ends before. Null takes a call back.
  void AfterTurns(uint64_t turns, absl::AnyInvocable<void()> then);
  // The same after a turn that `place` chooses by its causal name (0: now), from the next one to some hundreds later: what else the machine
  // does does not move it.
  void AfterTurnOf(uint64_t place, absl::AnyInvocable<void()> then);
  void CrashAfterTurns(CrashKind kind, uint64_t turns);
  // How the program is asked to end by itself (SIGTERM). Called by the program, which takes it back (null) before it ends.
  void SetStopHandler(absl::AnyInvocable<void()> handler);
  // Asks it. False: it is down, or has no handler. The incarnation that was asked is stopping() until it is down.
  bool RequestStop();
  bool stopping() const { return stopping_; }
  // Until nothing is left of a dead incarnation; at once if down. MAY SUSPEND. kDeadlineExceeded, kCancelled, kAborted.
  absl::Status WaitDown(Instant deadline = Instant::Infinite());

  // Nothing happens unless it is up (and, for Resume, paused).
  void Pause();
  void Resume();
  // How far its calendar is off from now on; it stays so over restarts.
  void SetSkew(Duration skew);
  Duration skew() const { return skew_; }
  // The most that it has ever been ahead: what was put down for a time then may come later by so much.
  Duration ahead_max() const { return ahead_max_; }

  bool up() const { return incarnation_ != nullptr && !incarnation_domain().crashed(); }
  bool down() const { return incarnation_ == nullptr; }
  bool paused() const { return up() && incarnation_domain().paused(); }
  uint64_t incarnations() const { return incarnations_; }
  // How the last incarnation ended by itself: Process::Exit, or 0 when the program returned. None: it was crashed, or lives.
  std::optional<int> exit_code() const { return exit_code_; }
  // The seams of the live or ending incarnation; null if down.
  const Seams* seams() const;
  // Points at which the code asked the adversary and no fault site is known, over all incarnations.
  const std::set<std::string, std::less<>>& unknown_mischief() const { return unknown_mischief_; }

  const std::string& name() const { return name_; }
  ActorId actor() const { return actor_; }
  Platter& platter() { return platter_; }

 private:
  struct Incarnation;

  const Domain& incarnation_domain() const;
  void Exited(int code);
  // The incarnation is dead: a fiber outside of it sees to its end.
  void End(CrashKind kind);
  void Drop(CrashKind kind);
  void Note(std::string_view label, int64_t value);

  World& world_;
  Fabric& fabric_;
  const std::string name_;
  const MachineOptions options_;
  const ActorId actor_;
  Platter platter_;
  Program program_;
  Duration skew_;
  Duration ahead_max_;
  uint64_t incarnations_ = 0;
  std::optional<int> exit_code_;
  std::set<std::string, std::less<>> unknown_mischief_;
  std::unique_ptr<Incarnation> incarnation_;  // null: down
  absl::AnyInvocable<void()> stop_handler_;
  bool stopping_ = false;
  edge::Event is_down_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_MACHINE_MACHINE_H_
