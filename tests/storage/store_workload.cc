#include "tests/storage/store_workload.h"

#include <algorithm>
#include <memory>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"
#include "storage/store/store_testing.h"

namespace edge {
namespace {

using storage::AlarmChange;
using storage::ObjectImage;
using storage::ObjectStore;
using storage::OwnedObject;
using storage::StoreTestKey;

constexpr std::string_view kNumber = "~number";

absl::Status Set(ObjectImage& image, std::string_view k, const std::string& v) {
  std::string_view tail;
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<storage::Statement> statement,
                        image.Prepare("INSERT OR REPLACE INTO kv VALUES(?, ?)", &tail, storage::SqlAuthor::kPlatform));
  EDGE_RETURN_IF_ERROR(statement->Bind(1, std::string(k)));
  EDGE_RETURN_IF_ERROR(statement->Bind(2, v));
  const absl::Status stepped = statement->Step().status();
  statement->Reset();
  return stepped;
}

}  // namespace

uint64_t StoreWorkload::Dice::Below(uint64_t bound) { return MixHash(state++) % bound; }

storage::StoreOptions StoreWorkload::Options() const {
  storage::StoreOptions options = storage::SmallStore();
  options.log = {.segment = ByteCount::KiB(64), .size_max = ByteCount::MiB(8), .spare_files_max = 2};
  options.plants = shape_.plants;
  return options;
}

void StoreWorkload::Run(Scheduler& scheduler, Disk& disk, absl::AnyInvocable<uint64_t()> now) {
  storage::HeardFromStore heard;
  Dice dice{MixHash(shape_.seed)};
  auto opened = ObjectStore::Open(scheduler, disk, Options(), heard);
  if (!opened.ok()) return;  // a sync has failed
  ObjectStore& store = **opened;
  {
    TaskGroup group(scheduler);
    for (int number = 0; number < kObjects; ++number) {
      EDGE_CHECK_OK(group.Spawn("writer", [&, number, own = Dice{dice.Below(UINT64_MAX)}] { Write(scheduler, store, number, own, now); }));
    }
    EDGE_CHECK_OK(group.Spawn("checkpointer", [&] {
      for (int i = 0; i < shape_.checkpoints; ++i) {
        const uint64_t due = transactions_ + static_cast<uint64_t>(shape_.transactions * kObjects / (shape_.checkpoints + 1));
        while (transactions_ < due && group.size() > 1) EDGE_CHECK_OK(scheduler.Yield());
        const uint64_t from = now();
        (void)store.Checkpoint();
        // Every second one is followed by the next at once.
        if (i % 2 == 1) (void)store.Checkpoint();
        if (now() > from) checkpoints_.emplace_back(from, now());
      }
    }));
    group.Wait();
  }
  (void)store.Close();
}

void StoreWorkload::Write(Scheduler& scheduler, ObjectStore& store, int number, Dice dice, absl::AnyInvocable<uint64_t()>& now) {
  Object& object = objects_[number];
  std::unique_ptr<OwnedObject> owned;
  const auto acknowledge = [&](size_t state) {
    object.acknowledged.push_back({now(), state});
    ++acknowledged_;
  };
  for (int i = 0; i < shape_.transactions; ++i) {
    ++transactions_;
    if (owned == nullptr || !owned->Access().ok() || dice.Below(30) == 0) {
      absl::StatusOr<std::unique_ptr<OwnedObject>> next = store.Activate(StoreTestKey(number));
      if (!next.ok()) break;
      owned = *std::move(next);
      EDGE_CHECK(object.epochs.empty() || owned->epoch() > object.epochs.back().value) << "object " << number;
      object.epochs.push_back({now(), owned->epoch()});
      absl::StatusOr<std::map<std::string, std::string>> rows = storage::ReadAll(*owned);
      if (!rows.ok()) break;
      const auto latest = std::find_if(object.states.rbegin(), object.states.rend(), [&](const State& s) { return s.rows == *rows; });
      EDGE_CHECK(latest != object.states.rend()) << "object " << number;
      const auto index = static_cast<size_t>(object.states.rend() - latest) - 1;
      lost_ += index < object.latest;
      object.latest = index;
    }
    if (dice.Below(80) == 0) {
      if (dice.Below(2) == 0) owned = nullptr;
      const absl::Status replaced = dice.Below(2) == 0 ? Remove(store, number) : ExportAndImport(store, number, dice);
      if (replaced.ok()) acknowledge(object.latest);
      owned = nullptr;
      continue;
    }
    if (!Transaction(*owned, object, dice).ok()) continue;
    const size_t made = object.latest;
    if (dice.Below(4) == 0) continue;
    if (!owned->WaitDurable(owned->committed()).ok()) continue;
    acknowledge(made);
    if (dice.Below(5) == 0 && !scheduler.Yield().ok()) break;
  }
}

absl::Status StoreWorkload::Remove(ObjectStore& store, int number) {
  Object& object = objects_[number];
  object.states.push_back({});
  EDGE_RETURN_IF_ERROR(store.Remove(StoreTestKey(number)));
  object.latest = object.states.size() - 1;
  ++removed_;
  return absl::OkStatus();
}

absl::Status StoreWorkload::ExportAndImport(ObjectStore& store, int number, Dice& dice) {
  Object& object = objects_[number];
  EDGE_ASSIGN_OR_RETURN(const auto info, store.Find(StoreTestKey(number)));
  if (!info.has_value()) return absl::NotFoundError("nothing to export");
  std::string file;
  EDGE_RETURN_IF_ERROR(store.Export(StoreTestKey(number), [&](std::string_view piece) {
    file += piece;
    return absl::OkStatus();
  }));
  State next = object.states[object.latest];
  next.alarm = WallTime::FromUnixMilliseconds(static_cast<int64_t>(dice.Below(1000)));
  object.states.push_back(next);
  EDGE_RETURN_IF_ERROR(store.Import(StoreTestKey(number), file, next.alarm));
  object.latest = object.states.size() - 1;
  ++imported_;
  return absl::OkStatus();
}

absl::Status StoreWorkload::Transaction(OwnedObject& owned, Object& object, Dice& dice) {
  EDGE_ASSIGN_OR_RETURN(ObjectImage * image, owned.Image());
  if (dice.Below(25) == 0) return image->Execute("VACUUM");
  State next = object.states.at(object.latest);
  const uint64_t number = transactions_ * kObjects + static_cast<uint64_t>(&object - objects_) + 1;
  std::optional<AlarmChange> alarm;
  EDGE_RETURN_IF_ERROR(image->Begin());
  const auto change = [&]() -> absl::Status {
    EDGE_RETURN_IF_ERROR(image->Execute("CREATE TABLE IF NOT EXISTS kv(k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID"));
    if (dice.Below(20) == 0) {
      EDGE_RETURN_IF_ERROR(image->Execute("DELETE FROM kv"));
      next.rows.clear();
    }
    for (uint64_t i = 0; i < 1 + dice.Below(3); ++i) {
      const std::string k = StrCat("k", dice.Below(20));
      const std::string v(dice.Below(dice.Below(10) == 0 ? 15'000 : 400), static_cast<char>('a' + dice.Below(26)));
      EDGE_RETURN_IF_ERROR(Set(*image, k, v));
      next.rows[k] = v;
    }
    next.rows[std::string(kNumber)] = StrCat(number);
    EDGE_RETURN_IF_ERROR(Set(*image, kNumber, StrCat(number)));
    if (dice.Below(3) == 0) {
      next.alarm =
          dice.Below(3) == 0 ? std::nullopt : std::optional(WallTime::FromUnixMilliseconds(static_cast<int64_t>(dice.Below(1000))));
      alarm = AlarmChange{next.alarm};
    }
    return absl::OkStatus();
  };
  if (absl::Status changed = change(); !changed.ok()) {
    image->Rollback();
    return changed;
  }
  EDGE_RETURN_IF_ERROR(image->Commit(alarm).status());
  object.states.push_back(std::move(next));
  object.latest = object.states.size() - 1;
  return absl::OkStatus();
}

absl::Status StoreWorkload::Check(const ImageView& view) {
  std::string said;
  const absl::StatusOr<bool> sound = storage::CheckDirectory(
      view.scheduler, view.disk, Options().directory, [&](std::string_view line) { StrAppend(&said, said.empty() ? "" : "; ", line); });
  if (absl::IsNotFound(sound.status())) return absl::OkStatus();  // the power was gone before there was anything
  EDGE_RETURN_IF_ERROR(sound.status());
  return *sound ? absl::OkStatus() : absl::DataLossError(StrCat("the directory is not sound: ", said));
}

absl::Status StoreWorkload::Verify(const ImageView& view) {
  // A look at it as it lies there, for a third of them; another third afterwards.
  if (view.image % 3 == 0) EDGE_RETURN_IF_ERROR(Check(view));
  storage::HeardFromStore heard;
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<ObjectStore> store, ObjectStore::Open(view.scheduler, view.disk, Options(), heard));
  absl::Status verified;
  for (int number = 0; number < kObjects && verified.ok(); ++number) verified = VerifyObject(*store, number, view);
  // Half of them go through a checkpoint, in which some crash again.
  if (verified.ok() && view.image % 2 == 0) verified = store->Checkpoint();
  for (int number = 0; number < kObjects && verified.ok() && view.image % 2 == 0; ++number) verified = VerifyObject(*store, number, view);
  const absl::Status closed = store->Close();
  EDGE_RETURN_IF_ERROR(verified);
  EDGE_RETURN_IF_ERROR(closed);
  return view.image % 3 == 1 ? Check(view) : absl::OkStatus();
}

absl::Status StoreWorkload::VerifyObject(ObjectStore& store, int number, const ImageView& view) {
  const Object& object = objects_[number];
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<OwnedObject> owned, store.Activate(StoreTestKey(number)));
  EDGE_ASSIGN_OR_RETURN(const auto rows, storage::ReadAll(*owned));
  EDGE_ASSIGN_OR_RETURN(const std::optional<storage::ObjectInfo> info, store.Find(StoreTestKey(number)));
  const State found{.rows = rows, .alarm = info.has_value() ? info->alarm : std::nullopt};
  const std::string name =
      StrCat("object ", number, ", transaction ", rows.contains(std::string(kNumber)) ? rows.at(std::string(kNumber)) : "0");

  // It is one of the states it was in, and none before the last that was acknowledged.
  size_t must = 0;
  for (const Moment& acknowledged : object.acknowledged) {
    if (acknowledged.length <= view.cut) must = acknowledged.value;
  }
  const auto state = std::find(object.states.rbegin(), object.states.rend(), found);
  if (state == object.states.rend()) {
    const bool alarm = std::any_of(object.states.begin(), object.states.end(), [&](const State& s) { return s.rows == rows; });
    return absl::DataLossError(StrCat(name, alarm ? ": another alarm than it was left with" : ": it has never been like this"));
  }
  const auto index = static_cast<size_t>(object.states.rend() - state) - 1;
  if (index < must) return absl::DataLossError(StrCat(name, ", state ", index, ": ", must, " was acknowledged"));
  if (!rows.empty()) {
    EDGE_ASSIGN_OR_RETURN(ObjectImage * image, owned->Image());
    EDGE_RETURN_IF_ERROR(image->CheckIntegrity());
  }
  const std::pair<uint64_t, int> key = {view.image, number};
  if (view.seen_before && found_[key] != found) return absl::DataLossError(StrCat(name, ": an earlier look has found something else"));
  found_[key] = found;

  // Epochs grow, whatever of what was done in them is left.
  uint64_t& epoch = found_epochs_[key];
  for (const Moment& activation : object.epochs) {
    if (activation.length <= view.cut) epoch = std::max(epoch, activation.value);
  }
  if (owned->epoch() <= epoch) return absl::DataLossError(StrCat(name, ": epoch ", owned->epoch(), " after ", epoch));
  epoch = owned->epoch();
  return absl::OkStatus();
}

}  // namespace edge
