#include "tests/storage/store_simulation.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/task_group.h"
#include "sim/fault/model.h"
#include "sim/machine/machine.h"
#include "sim/network/fabric.h"
#include "sim/oracle/seeded_strategy.h"
#include "sim/world.h"
#include "storage/store/mutex_guard.h"
#include "storage/store/object_store.h"
#include "storage/store/store_testing.h"

namespace edge {
namespace {

using storage::AlarmChange;
using storage::MutexGuard;
using storage::ObjectImage;
using storage::ObjectKey;
using storage::ObjectStore;
using storage::OwnedObject;
using storage::StoreObserver;
using storage::StoreTestKey;

constexpr int kObjects = 5;
constexpr int kWorkers = 4;
constexpr std::string_view kVersion = "~version";

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t Below(uint64_t bound) { return MixHash(state_++) % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

// What a committed transaction has left.
struct State {
  std::map<std::string, std::string> rows;
  std::optional<WallTime> alarm;
};

struct Model {
  std::vector<State> states = {State{}};  // by number of transactions
  size_t acknowledged = 0;
  uint64_t epoch = 0;  // the largest seen
};

std::string Text(const absl::Status& status) { return status.ToString(); }

class Simulation : public StoreObserver {
 public:
  Simulation(uint64_t seed, const StoreSeedOptions& options)
      : options_(options), dice_(MixHash(seed)), strategy_(seed), world_(strategy_, WorldOf(options)), fabric_(world_) {
    sim::MachineOptions machine;
    machine.platter.bytes_max = ByteCount::MiB(64);
    machine_ = std::make_unique<sim::Machine>(world_, fabric_, "node1", machine);
  }

  StoreSeedResult Run() {
    const absl::Status ran = world_.Run([this] { Story(); });
    EDGE_CHECK(ran.ok()) << ran;
    return std::move(result_);
  }

 private:
  static sim::WorldOptions WorldOf(const StoreSeedOptions& options) {
    sim::WorldOptions world;
    if (options.faults == StoreSeedOptions::Faults::kNone) {
      world.faults.plan = sim::FaultOptions::Plan::kNone;
    } else {
      world.faults.plan = sim::FaultOptions::Plan::kOnly;
      world.faults.only = {&sim::kDiskSyncFails, &sim::kDiskWriteError, &sim::kDiskFull};
      world.faults.rate = Ratio{1, 300};
    }
    return world;
  }

  void Violation(std::string text) {
    if (result_.violations.size() < 20) result_.violations.push_back(std::move(text));
  }

  // --- the outside ---

  void Story() {
    Scheduler& scheduler = world_.scheduler();
    machine_->Start([this](const Seams& seams) { Program(seams); });
    for (int crash = 0; crash < options_.crashes; ++crash) {
      EDGE_CHECK_OK(scheduler.SleepFor(Duration::Microseconds(static_cast<int64_t>(dice_.Below(1'500'000)))));
      if (machine_->up()) {
        machine_->CrashAfterTurns(dice_.OneIn(3) ? sim::CrashKind::kProcess : sim::CrashKind::kPower, dice_.Below(400));
      }
      if (crash + 1 == options_.crashes) world_.faults().Heal();
      EDGE_CHECK_OK(machine_->WaitDown());
      store_ = nullptr;
      EDGE_CHECK_OK(machine_->Restart());
    }
    ending_ = true;
    EDGE_CHECK_OK(machine_->WaitDown());
    if (!verified_last_) Violation("the last start did not succeed");
    EDGE_CHECK_OK(machine_->Restart());  // after a clean stop
    EDGE_CHECK_OK(machine_->WaitDown());
    if (machine_->exit_code() != 0) Violation("the start after a clean stop did not succeed");
  }

  // --- one incarnation ---

  storage::StoreOptions Options() const {
    storage::StoreOptions options = storage::SmallStore();
    options.log = {.segment = ByteCount::KiB(32), .size_max = ByteCount::MiB(4), .planted = options_.log_bug};
    options.overlay_max = ByteCount::KiB(512);
    options.checkpoint_interval = Duration::Milliseconds(700);
    options.plants = options_.plants;
    return options;
  }

  void Program(const Seams& seams) {
    verified_last_ = false;
    absl::StatusOr<std::unique_ptr<ObjectStore>> opened = ObjectStore::Open(seams.scheduler, seams.disk, Options(), *this);
    if (!opened.ok()) {
      if (IsCrashed(opened.status())) return;
      if (world_.faults().healed() || options_.faults == StoreSeedOptions::Faults::kNone)
        Violation(StrCat("the start: ", Text(opened.status())));
      return;  // the process ends, and will be started again
    }
    store_ = opened->get();
    dead_ = false;
    bool well = VerifyAll(seams);
    if (well) {
      TaskGroup group(seams.scheduler);
      for (int i = 0; i < kWorkers && !ending_; ++i) {
        EDGE_CHECK_OK(group.Spawn("worker", [&, dice = Dice(dice_.Below(UINT64_MAX))]() mutable {
          while (!ending_ && !dead_ && Step(seams, dice)) {
          }
        }));
      }
      group.Wait();
      well = world_.scheduler().CheckAlive().ok();
    }
    for (auto& owned : owned_) owned.reset();
    if (well && !dead_) {
      well = VerifyAll(seams);
      for (auto& owned : owned_) owned.reset();
    }
    {
      const absl::Status closed = (*opened)->Close();  // in a crash too
      if (!closed.ok() && !dead_ && !IsCrashed(closed) && world_.faults().healed()) Violation(StrCat("the stop: ", Text(closed)));
      if (closed.ok()) Check(seams);
    }
    store_ = nullptr;
    // Whoever could not stop cleanly dies.
    if (dead_) {
      ++result_.deaths;
      machine_->Crash(sim::CrashKind::kProcess);
      EDGE_CHECK(IsCrashed(seams.scheduler.SleepFor(Duration::Seconds(1))));
    }
  }

  void Check(const Seams& seams) {
    const absl::StatusOr<bool> sound =
        storage::CheckDirectory(seams.scheduler, seams.disk, "data", [this](std::string_view line) { Violation(StrCat("check: ", line)); });
    if (!sound.ok() && !IsCrashed(sound.status()) && world_.faults().healed()) Violation(StrCat("check: ", Text(sound.status())));
  }

  // Every object is a prefix of its transactions, with all that were acknowledged. False: the machine has crashed, or faults prevent it.
  bool VerifyAll(const Seams& seams) {
    std::set<ObjectKey> exist;
    for (int object = 0; object < kObjects; ++object) {
      if (!Activate(seams, object) || !Verify(object)) return false;
      if (models_[object].states.back().rows.size() > 0) exist.insert(StoreTestKey(object));
    }
    auto listed = store_->List("", std::nullopt, 100);
    if (!listed.ok()) return false;
    std::set<ObjectKey> found;
    for (const storage::ObjectInfo& info : *listed) found.insert(info.key);
    // Without any transaction left, a VACUUM may still have made a database of an object.
    for (int object = 0; object < kObjects; ++object) {
      if (models_[object].states.size() == 1) found.erase(StoreTestKey(object));
    }
    if (found != exist) Violation(StrCat("the list has ", found.size(), " objects instead of ", exist.size()));
    std::set<ObjectStore::Alarm> alarms, expected;
    for (auto at = store_->NextAlarm(std::nullopt); at.has_value(); at = store_->NextAlarm(at)) alarms.insert(*at);
    for (int object = 0; object < kObjects; ++object) {
      if (const auto& due = models_[object].states.back().alarm; due.has_value()) expected.insert({*due, StoreTestKey(object)});
    }
    if (alarms != expected) Violation(StrCat(alarms.size(), " alarms that differ from the ", expected.size(), " of the data"));
    verified_last_ = true;
    return true;
  }

  bool Activate(const Seams& seams, int object) {
    Model& model = models_[object];
    absl::StatusOr<std::unique_ptr<OwnedObject>> owned = store_->Activate(StoreTestKey(object));
    if (!owned.ok()) {
      Unless(owned.status(), StrCat("object ", object, " cannot be activated: "));
      return false;
    }
    if ((*owned)->epoch() <= model.epoch) Violation(StrCat("object ", object, ": epoch ", (*owned)->epoch(), " after ", model.epoch));
    model.epoch = std::max(model.epoch, (*owned)->epoch());
    owned_[object] = *std::move(owned);
    return true;
  }

  // An error that has a reason is none of the store's.
  void Unless(const absl::Status& status, std::string_view what) {
    const bool faults = options_.faults == StoreSeedOptions::Faults::kSome;
    const bool excused = !world_.scheduler().CheckAlive().ok() || IsCrashed(status) || dead_ || (faults && absl::IsUnavailable(status)) ||
                         (FaultsOn() && !absl::IsDataLoss(status) && !absl::IsFailedPrecondition(status));
    if (!excused) Violation(StrCat(what, Text(status)));
  }
  bool FaultsOn() { return options_.faults == StoreSeedOptions::Faults::kSome && !world_.faults().healed(); }

  // REQUIRES: owned_[object], and nobody uses it.
  bool Verify(int object) {
    Model& model = models_[object];
    OwnedObject& owned = *owned_[object];
    absl::StatusOr<std::map<std::string, std::string>> rows = storage::ReadAll(owned);
    if (!rows.ok()) {
      Unless(rows.status(), StrCat("object ", object, " cannot be read: "));
      return false;
    }
    size_t version = 0;
    if (const auto it = rows->find(std::string(kVersion)); it != rows->end()) version = std::stoul(it->second);
    if (version < model.acknowledged) {
      Violation(StrCat("object ", object, ": ", model.acknowledged, " transactions were acknowledged, ", version, " are left"));
    }
    if (version >= model.states.size()) {
      Violation(StrCat("object ", object, ": transaction ", version, " was never made"));
      return false;
    }
    if (*rows != model.states[version].rows) Violation(StrCat("object ", object, " is not as transaction ", version, " has left it"));
    auto found = store_->Find(StoreTestKey(object));
    if (!found.ok()) {
      Unless(found.status(), "find: ");
      return false;
    }
    const std::optional<WallTime> alarm = found->has_value() ? (*found)->alarm : std::nullopt;
    if (alarm != model.states[version].alarm) Violation(StrCat("object ", object, ": the alarm is not that of transaction ", version));
    absl::StatusOr<ObjectImage*> image = owned.Image();
    const absl::Status integrity = image.ok() ? (*image)->CheckIntegrity() : image.status();
    if (!integrity.ok()) {
      Unless(integrity, StrCat("object ", object, ": integrity: "));
      return false;
    }
    result_.undone += model.states.size() - 1 - version;
    model.states.resize(version + 1);
    model.acknowledged = std::min(model.acknowledged, version);
    ++result_.objects_verified;
    return true;
  }

  // --- workers ---

  // False: this worker has to end.
  bool Step(const Seams& seams, Dice& dice) {
    if (!seams.scheduler.SleepFor(Duration::Microseconds(static_cast<int64_t>(dice.Below(20'000)))).ok()) return false;
    const absl::Status room = store_->WaitForRoom();
    if (IsCrashed(room)) return false;
    if (dice.OneIn(60)) {
      const absl::Status checkpoint = store_->Checkpoint();
      ++(checkpoint.ok() ? result_.checkpoints : result_.checkpoints_failed);
      return !IsCrashed(checkpoint);
    }
    const int object = static_cast<int>(dice.Below(kObjects));
    const MutexGuard guard(*Lock(seams, object));
    if (!guard.status().ok()) return false;
    if (owned_[object] == nullptr || !owned_[object]->Access().ok()) {
      return Activate(seams, object) && Verify(object);
    }
    if (dice.OneIn(20)) return Reactivate(seams, object, dice);
    if (dice.OneIn(20)) owned_[object]->CloseImage();
    if (dice.OneIn(60)) return ExportIt(object);
    return Transaction(object, dice);
  }

  FiberMutex* Lock(const Seams& seams, int object) {
    std::unique_ptr<FiberMutex>& lock = locks_[object];
    if (lock == nullptr) lock = std::make_unique<FiberMutex>(seams.scheduler);
    return lock.get();
  }

  bool ExportIt(int object) {
    std::string database;
    const absl::Status exported = store_->Export(StoreTestKey(object), [&](std::string_view piece) {
      database += piece;
      return absl::OkStatus();
    });
    if (IsCrashed(exported)) return false;
    result_.exports += exported.ok() ? 1 : 0;
    if (exported.ok() && database.size() % storage::kPageBytes != 0) Violation("an export of half pages");
    return true;
  }

  // A new owner while the old one is in the middle of something.
  bool Reactivate(const Seams& seams, int object, Dice& dice) {
    std::unique_ptr<OwnedObject> stale = std::move(owned_[object]);
    absl::StatusOr<ObjectImage*> image = stale->Image();
    const bool begun = image.ok() && (*image)->Begin().ok();
    const size_t version = models_[object].states.size();
    const absl::Status written =
        begun
            ? (*image)->Execute(StrCat("CREATE TABLE IF NOT EXISTS kv(k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID; INSERT OR REPLACE INTO kv "
                                       "VALUES('stale', '",
                                       version, "')"))
            : absl::CancelledError("");
    if (!Activate(seams, object)) return false;
    if (dice.OneIn(2) && !Transaction(object, dice)) return false;
    if (written.ok()) {
      const absl::Status late = (*image)->Commit(std::nullopt).status();
      if (IsCrashed(late)) return false;
      if (late.ok()) Violation(StrCat("object ", object, ": a stale owner has committed"));
      ++result_.stale_refused;
    }
    // Its death in whatever state is no matter.
    stale.reset();
    return Verify(object);
  }

  bool Transaction(int object, Dice& dice) {
    Model& model = models_[object];
    OwnedObject& owned = *owned_[object];
    absl::StatusOr<ObjectImage*> opened = owned.Image();
    if (!opened.ok()) return !IsCrashed(opened.status());
    ObjectImage& image = **opened;
    if (dice.OneIn(40)) return !IsCrashed(image.Execute("VACUUM"));

    State next = model.states.back();
    std::optional<AlarmChange> alarm;
    const auto change = [&]() -> absl::Status {
      EDGE_RETURN_IF_ERROR(image.Execute("CREATE TABLE IF NOT EXISTS kv(k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID"));
      if (dice.OneIn(15)) {
        EDGE_RETURN_IF_ERROR(image.Execute("DELETE FROM kv"));
        next.rows.clear();
      }
      const uint64_t count = 1 + dice.Below(5);
      for (uint64_t i = 0; i < count; ++i) {
        const std::string k = StrCat("k", dice.Below(30));
        const std::string v(dice.Below(dice.OneIn(10) ? 20'000 : 300), static_cast<char>('a' + dice.Below(26)));
        EDGE_RETURN_IF_ERROR(Set(image, k, v));
        next.rows[k] = v;
      }
      const std::string version = StrCat(model.states.size());
      next.rows[std::string(kVersion)] = version;
      EDGE_RETURN_IF_ERROR(Set(image, kVersion, version));
      if (dice.OneIn(3)) {
        next.alarm =
            dice.OneIn(3) ? std::nullopt : std::optional(WallTime::FromUnixMilliseconds(static_cast<int64_t>(dice.Below(1'000'000))));
        alarm = AlarmChange{next.alarm};
      }
      return absl::OkStatus();
    };
    absl::Status status = image.Begin();
    if (status.ok()) status = change();
    if (!status.ok() || dice.OneIn(10)) {
      image.Rollback();
      return !IsCrashed(status);
    }
    status = image.Commit(alarm).status();
    if (!status.ok()) return !IsCrashed(status);
    model.states.push_back(std::move(next));
    ++result_.commits;
    const size_t version = model.states.size() - 1;
    if (dice.OneIn(3)) return true;  // somebody else waits, or nobody
    status = owned.WaitDurable(owned.committed());
    if (status.ok()) {
      model.acknowledged = std::max(model.acknowledged, version);
      ++result_.acknowledged;
    }
    return !IsCrashed(status);
  }

  static absl::Status Set(ObjectImage& image, std::string_view k, const std::string& v) {
    std::string_view tail;
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<storage::Statement> statement,
                          image.Prepare("INSERT OR REPLACE INTO kv VALUES(?, ?)", &tail, storage::SqlAuthor::kPlatform));
    EDGE_RETURN_IF_ERROR(statement->Bind(1, std::string(k)));
    EDGE_RETURN_IF_ERROR(statement->Bind(2, v));
    const absl::Status stepped = statement->Step().status();
    statement->Reset();
    return stepped;
  }

  // --- StoreObserver ---

  void OnDead(const absl::Status&) override { dead_ = true; }
  void OnNotice(std::string_view text) override {
    if (text.find("a new generation begins") != std::string_view::npos) ++result_.generations_failed;
  }

  const StoreSeedOptions options_;
  Dice dice_;
  sim::SeededStrategy strategy_;
  sim::World world_;
  sim::Fabric fabric_;
  std::unique_ptr<sim::Machine> machine_;
  Model models_[kObjects];
  StoreSeedResult result_;
  bool ending_ = false;
  bool verified_last_ = false;
  // Of the incarnation.
  ObjectStore* store_ = nullptr;
  bool dead_ = false;
  std::unique_ptr<OwnedObject> owned_[kObjects];
  std::unique_ptr<FiberMutex> locks_[kObjects];
};

}  // namespace

StoreSeedResult RunStoreSeed(uint64_t seed, const StoreSeedOptions& options) { return Simulation(seed, options).Run(); }

}  // namespace edge
