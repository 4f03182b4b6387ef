#include "sim/machine/episode_driver.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

constexpr uint64_t kCrashPlaces = 1 << 20;
constexpr int64_t kSkewMillisecondsMax = 5 * 60 * 1000;
constexpr int64_t kStepMillisecondsMax = 60 * 60 * 1000;
constexpr int64_t kSlowest = 200;  // times slower than usual

enum Edge : uint64_t { kBegin = 1, kMiddle = 2, kEnd = 3, kRestart = 4 };

}  // namespace

struct EpisodeDriver::State : std::enable_shared_from_this<State> {
  // What is under way on one machine; episodes may overlap.
  struct Victim {
    Machine* machine;
    int downs = 0;
    int pauses = 0;
    std::vector<int64_t> slow;  // factors of the slow disks that overlap
  };
  // One episode and what it has done so far.
  struct Course {
    const Episode* episode;
    Victim* victim;
    bool begun = false;
    uint64_t incarnation = 0;  // the one that it is to crash
    Duration skew;             // by how much it has moved the calendar
    int64_t slowness = 1;
  };

  State(World& w, Fabric& f) : world(w), fabric(f) {}

  bool over() const { return stopped || world.faults().healed(); }
  void Schedule(size_t index);
  void ScheduleNetwork(const Episode& episode);
  void At(Instant when, size_t index, Edge edge);
  void Happen(size_t index, Edge edge);
  void Begin(Course& course);
  void Finish(Course& course, size_t index);
  void BeginCrash(Course& course, CrashKind kind);
  void CrashNow(Course& course, CrashKind kind);
  void StopNow(Course& course);
  void Restart(Victim& victim, Key key);
  void Reboot(const Course& course);
  void MoveCalendar(Course& course, int64_t milliseconds_max);
  uint64_t Shape(const Course& course, uint64_t bound) {
    return world.faults().ShapeOf(*course.episode->site, course.victim->machine->actor(), course.episode->key, bound);
  }
  void Began(Course& course) {
    course.begun = true;
    world.faults().Began(*course.episode, course.victim->machine->actor());
  }
  static bool IsCrash(const Course& course) { return course.episode->site == &kProcessCrash || course.episode->site == &kProcessPowerLoss; }
  static CrashKind KindOf(const Course& course) {
    return course.episode->site == &kProcessPowerLoss ? CrashKind::kPower : CrashKind::kProcess;
  }
  static void ApplySlowness(Victim& victim) {
    const auto slowest = std::max_element(victim.slow.begin(), victim.slow.end());
    victim.machine->platter().SetSlowness(slowest == victim.slow.end() ? 1 : *slowest);
  }

  World& world;
  Fabric& fabric;
  std::vector<Victim> victims;
  std::vector<Course> courses;
  bool stopped = false;
};

// --- the course of one episode ---

void EpisodeDriver::State::At(Instant when, size_t index, Edge edge) {
  world.At(std::max(when, world.now()), CombineHash(courses[index].episode->key, edge),
           [self = shared_from_this(), index, edge] { self->Happen(index, edge); });
}

void EpisodeDriver::State::Schedule(size_t index) {
  const Episode& episode = *courses[index].episode;
  if (episode.begin < world.now()) return;
  At(episode.begin, index, kBegin);
  if (IsCrash(courses[index]) || episode.site == &kProcessStop) At(episode.begin + (episode.end - episode.begin) / 2, index, kMiddle);
  At(episode.end, index, kEnd);
}

void EpisodeDriver::State::ScheduleNetwork(const Episode& episode) {
  if (episode.begin < world.now()) return;
  world.At(episode.begin, CombineHash(episode.key, kBegin), [self = shared_from_this(), &episode] {
    if (!self->over()) self->fabric.Begin(episode);
  });
  world.At(episode.end, CombineHash(episode.key, kEnd), [self = shared_from_this(), &episode] {
    if (!self->over()) self->fabric.End(episode);
  });
}

void EpisodeDriver::State::Happen(size_t index, Edge edge) {
  if (over()) return;
  Course& course = courses[index];
  switch (edge) {
    case kBegin:
      Begin(course);
      break;
    case kMiddle:
      // Too few turns have come: it sleeps, or is paused.
      if (IsCrash(course)) {
        CrashNow(course, KindOf(course));
      } else {
        StopNow(course);
      }
      break;
    default:
      if (course.begun) Finish(course, index);
      break;
  }
}

void EpisodeDriver::State::Begin(Course& course) {
  const FaultSite* const site = course.episode->site;
  Machine& machine = *course.victim->machine;
  if (!machine.up()) return;
  if (IsCrash(course)) {
    BeginCrash(course, KindOf(course));
  } else if (site == &kProcessPause) {
    Began(course);
    if (course.victim->pauses++ == 0) machine.Pause();
  } else if (site == &kProcessStop) {
    // As a crash, some turns later: while it is at work.
    course.incarnation = machine.incarnations();
    machine.AfterTurnOf(Shape(course, kCrashPlaces), [self = shared_from_this(), &course] {
      if (!self->over()) self->StopNow(course);
    });
  } else if (site == &kClockSkew) {
    Began(course);
    MoveCalendar(course, kSkewMillisecondsMax);
  } else if (site == &kClockStep) {
    Began(course);
    MoveCalendar(course, kStepMillisecondsMax);
  } else if (site == &kDiskSlow) {
    Began(course);
    course.slowness = 2 + static_cast<int64_t>(Shape(course, kSlowest - 1));
    course.victim->slow.push_back(course.slowness);
    ApplySlowness(*course.victim);
  } else {
    EDGE_CHECK(false) << site->name() << " is an episode that no one makes happen";
  }
}

void EpisodeDriver::State::Finish(Course& course, size_t index) {
  Victim& victim = *course.victim;
  const FaultSite* const site = course.episode->site;
  if (IsCrash(course)) {
    if (--victim.downs == 0) Restart(victim, CombineHash(course.episode->key, kRestart));
  } else if (site == &kProcessPause) {
    if (--victim.pauses == 0) victim.machine->Resume();
  } else if (site == &kClockSkew) {
    victim.machine->SetSkew(victim.machine->skew() - course.skew);
  } else if (site == &kDiskSlow) {
    victim.slow.erase(std::find(victim.slow.begin(), victim.slow.end(), course.slowness));
    ApplySlowness(victim);
  }
}

void EpisodeDriver::State::BeginCrash(Course& course, CrashKind kind) {
  Machine& machine = *course.victim->machine;
  course.incarnation = machine.incarnations();
  machine.AfterTurnOf(Shape(course, kCrashPlaces), [self = shared_from_this(), &course, kind] {
    if (!self->over()) self->CrashNow(course, kind);
  });
}

void EpisodeDriver::State::CrashNow(Course& course, CrashKind kind) {
  Machine& machine = *course.victim->machine;
  if (course.begun || !machine.up() || machine.incarnations() != course.incarnation) return;
  Began(course);
  ++course.victim->downs;
  machine.Crash(kind);
}

void EpisodeDriver::State::StopNow(Course& course) {
  Machine& machine = *course.victim->machine;
  if (course.begun || machine.incarnations() != course.incarnation || machine.stopping() || !machine.RequestStop()) return;
  Began(course);
  Reboot(course);
}

void EpisodeDriver::State::Restart(Victim& victim, Key key) {
  EDGE_CHECK_OK(world.scheduler().SpawnKeyed(key, nullptr, "machine.restart", [machine = victim.machine] {
    // This fiber belongs to no group and no domain: nothing ends its wait early.
    EDGE_CHECK_OK(machine->Restart());
  }));
}

// A machine that was asked to stop boots again when it has, at the end of the episode or later.
void EpisodeDriver::State::Reboot(const Course& course) {
  EDGE_CHECK_OK(
      world.scheduler().SpawnKeyed(CombineHash(course.episode->key, kRestart), nullptr, "machine.reboot",
                                   [this, self = shared_from_this(), machine = course.victim->machine, end = course.episode->end] {
                                     EDGE_CHECK_OK(machine->WaitDown());
                                     if (world.now() < end) EDGE_CHECK_OK(world.scheduler().SleepUntil(end));
                                     EDGE_CHECK_OK(machine->Restart());
                                   }));
}

void EpisodeDriver::State::MoveCalendar(Course& course, int64_t milliseconds_max) {
  const uint64_t shape = Shape(course, 2 * static_cast<uint64_t>(milliseconds_max));
  const auto milliseconds = static_cast<int64_t>(shape / 2) + 1;
  course.skew = Duration::Milliseconds(shape % 2 == 0 ? milliseconds : -milliseconds);
  Machine& machine = *course.victim->machine;
  machine.SetSkew(machine.skew() + course.skew);
}

// --- all of them ---

EpisodeDriver::EpisodeDriver(World& world, std::span<Machine* const> machines, Fabric& fabric)
    : state_(std::make_shared<State>(world, fabric)) {
  for (Machine* const machine : machines) state_->victims.push_back({machine});
  for (const Episode& episode : world.faults().episodes()) {
    if (episode.site->family == FaultFamily::kNetwork) {
      state_->ScheduleNetwork(episode);
    } else if (!machines.empty()) {
      state_->courses.push_back({&episode, &state_->victims[episode.pick % machines.size()]});
    }
  }
  for (size_t i = 0; i < state_->courses.size(); ++i) state_->Schedule(i);
}

EpisodeDriver::~EpisodeDriver() { state_->stopped = true; }

absl::Status EpisodeDriver::Heal() {
  state_->world.faults().Heal();
  state_->fabric.Heal();
  for (State::Victim& victim : state_->victims) {
    victim.machine->AfterTurns(0, nullptr);
    victim.machine->Resume();
    // Calendars are set right as well: an alarm must not wait for an hour that was taken back.
    if (victim.machine->skew() != Duration::Zero()) victim.machine->SetSkew(Duration::Zero());
    victim.pauses = victim.downs = 0;
    victim.slow.clear();
    State::ApplySlowness(victim);
  }
  for (State::Victim& victim : state_->victims) {
    if (victim.machine->stopping()) EDGE_RETURN_IF_ERROR(victim.machine->WaitDown());
    EDGE_RETURN_IF_ERROR(victim.machine->Restart());
  }
  return absl::OkStatus();
}

}  // namespace edge::sim
