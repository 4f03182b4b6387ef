#include "sim/machine/machine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/machine/sim_random.h"
#include "sim/network/sim_network.h"

namespace edge::sim {

struct Machine::Incarnation {
  Incarnation(Machine& machine, uint64_t number)
      : key(CombineHash(StableHash(machine.name_), number)),
        domain(machine.world_.scheduler(), StrCat(machine.name_, "#", number)),
        network(machine.fabric_, machine.name_, machine.actor_, &domain),
        disk(machine.world_, machine.platter_, machine.actor_, &domain, machine.options_.disk),
        random(machine.world_.oracle(), machine.world_.recorder(), machine.actor_, key),
        process({.name = machine.name_, .incarnation = number, .working_directory = machine.options_.working_directory},
                machine.options_.environment, &domain, [&machine](int code) { machine.Exited(code); }),
        adversary(machine.world_.faults(), machine.actor_, &domain),
        seams{machine.world_.scheduler(), machine.world_.clock(), network, disk, random, process, adversary} {}

  const Key key;
  Domain domain;
  SimNetwork network;
  SimDisk disk;
  SimRandom random;
  SimProcess process;
  OracleAdversary adversary;
  const Seams seams;
};

Machine::Machine(World& world, Fabric& fabric, std::string_view name, MachineOptions options)
    : world_(world),
      fabric_(fabric),
      name_(name),
      options_(std::move(options)),
      actor_(world.recorder().AddActor(name, options_.kind)),
      platter_(options_.platter),
      is_down_(world.scheduler()) {
  is_down_.Set();
}

Machine::~Machine() { EDGE_CHECK(down()) << name_ << " runs"; }

const Domain& Machine::incarnation_domain() const { return incarnation_->domain; }
const Seams* Machine::seams() const { return incarnation_ == nullptr ? nullptr : &incarnation_->seams; }

void Machine::Note(std::string_view label, int64_t value) {
  world_.recorder().Record({.kind = EventKind::kLife, .actor = actor_, .label = label, .key = StableHash(name_), .value = value});
}

// --- the life of an incarnation ---

void Machine::Start(Program program) {
  EDGE_CHECK(down()) << name_ << " runs already";
  program_ = std::move(program);
  EDGE_CHECK_OK(Restart());  // waits for nobody
}

absl::Status Machine::Restart() {
  while (!down()) {
    if (up()) return absl::OkStatus();
    EDGE_RETURN_IF_ERROR(WaitDown());
  }
  if (program_ == nullptr) return absl::OkStatus();
  exit_code_.reset();
  stopping_ = false;
  is_down_.Reset();
  incarnation_ = std::make_unique<Incarnation>(*this, ++incarnations_);
  world_.Announce(&incarnation_->domain, actor_);
  world_.clock().SetSkew(&incarnation_->domain, skew_);
  Note("start", static_cast<int64_t>(incarnations_));
  return world_.scheduler().SpawnKeyed(incarnation_->key, &incarnation_->domain, name_, [this, incarnation = incarnation_.get()] {
    program_(incarnation->seams);
    incarnation->process.Exit(0);
  });
}

void Machine::Exited(int code) {
  exit_code_ = code;
  Note("exit", code);
  End(CrashKind::kProcess);
}

void Machine::Crash(CrashKind kind) {
  if (!up()) return;
  Note(kind == CrashKind::kPower ? "power_loss" : "crash", static_cast<int64_t>(incarnations_));
  End(kind);
}

void Machine::End(CrashKind kind) {
  fabric_.HostDied(incarnation_->domain, kind == CrashKind::kPower ? HostDeath::kPower : HostDeath::kProcess);
  incarnation_->domain.Crash();
  EDGE_CHECK_OK(world_.scheduler().SpawnKeyed(CombineHash(incarnation_->key, 1), nullptr, "machine.end", [this, kind] {
    // This fiber belongs to no domain and no group: its wait ends only with the last member.
    EDGE_CHECK_OK(incarnation_->domain.Wait());
    Drop(kind);
  }));
}

void Machine::Drop(CrashKind kind) {
  for (const std::string& point : incarnation_->adversary.unknown_points()) unknown_mischief_.insert(point);
  world_.Retire(&incarnation_->domain);
  incarnation_ = nullptr;
  if (kind == CrashKind::kPower) {
    platter_.PowerLoss(world_.oracle(), actor_);
  } else {
    platter_.ProcessCrash(world_.oracle(), actor_);
  }
  Note("down", static_cast<int64_t>(incarnations_));
  is_down_.Set();
}

void Machine::SetStopHandler(absl::AnyInvocable<void()> handler) { stop_handler_ = std::move(handler); }

bool Machine::RequestStop() {
  if (!up() || stop_handler_ == nullptr) return false;
  Note("stop", static_cast<int64_t>(incarnations_));
  stopping_ = true;
  stop_handler_();
  return true;
}

absl::Status Machine::WaitDown(Instant deadline) { return is_down_.Wait(deadline); }

void Machine::AfterTurns(uint64_t turns, absl::AnyInvocable<void()> then) {
  if (!up()) return;
  if (then == nullptr) return world_.CrashAfterTurns(&incarnation_->domain, 0, nullptr);
  if (turns == 0) return then();
  world_.CrashAfterTurns(&incarnation_->domain, turns, std::move(then));
}

void Machine::AfterTurnOf(uint64_t place, absl::AnyInvocable<void()> then) {
  if (!up()) return;
  if (place == 0) return then();
  // Soon as often as late: in the middle of what it begins with, and of what comes long after.
  constexpr uint64_t kOneIn[] = {1, 4, 16, 64, 256};
  world_.CrashAfterTurnOf(&incarnation_->domain, MixHash(place), kOneIn[place % std::size(kOneIn)], std::move(then));
}

void Machine::CrashAfterTurns(CrashKind kind, uint64_t turns) {
  AfterTurns(turns, [this, kind] { Crash(kind); });
}

// --- trouble it survives ---

void Machine::Pause() {
  if (!up() || paused()) return;
  incarnation_->domain.Pause();
  Note("pause", static_cast<int64_t>(incarnations_));
}

void Machine::Resume() {
  if (!paused()) return;
  incarnation_->domain.Resume();
  Note("resume", static_cast<int64_t>(incarnations_));
}

void Machine::SetSkew(Duration skew) {
  skew_ = skew;
  ahead_max_ = std::max(ahead_max_, skew);
  if (incarnation_ != nullptr) world_.clock().SetSkew(&incarnation_->domain, skew);
  Note("clock", skew.ToNanoseconds());
}

}  // namespace edge::sim
