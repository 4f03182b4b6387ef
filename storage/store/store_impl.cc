#include "storage/store/store_impl.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/store/mutex_guard.h"

namespace edge::storage {
namespace {

// What of the log's room only the checkpointer may use: it must be able to end a checkpoint, or nothing would ever be trimmed.
constexpr uint64_t kReservedFraction = 8;

uint64_t BytesOf(const PageSet& set) { return set.bytes.size() + set.ranges.size() * sizeof(PageRange) + sizeof(PageSet); }

ObjectRow After(const ObjectRow& before, const PageSet& set) {
  ObjectRow row = before;
  row.epoch = set.epoch;
  row.txid = set.txid;
  row.pages = set.pages;
  if (set.alarm.has_value()) row.alarm = set.alarm->due;
  return row;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ObjectStore>> ObjectStore::Open(Scheduler& scheduler, Disk& disk, StoreOptions options,
                                                               StoreObserver& observer) {
  EDGE_CHECK(options.services.fill_random && options.services.wall_now) << "a store needs ImageServices";
  auto store = std::make_unique<StoreImpl>(scheduler, disk, std::move(options), observer);
  EDGE_RETURN_IF_ERROR(store->Start());
  return store;
}

StoreImpl::StoreImpl(Scheduler& scheduler, Disk& disk, StoreOptions options, StoreObserver& observer)
    : scheduler_(scheduler),
      disk_(disk),
      options_(std::move(options)),
      observer_(observer),
      layout_(options_.directory),
      bases_(disk, options_.directory, options_.open_files_max),
      catalog_(scheduler, [this] { return Own(*entries_.at(CatalogKey())); }),
      checkpoint_mutex_(scheduler),
      wants_checkpoint_(scheduler),
      room_(scheduler),
      closing_(scheduler),
      has_news_(scheduler) {}

StoreImpl::~StoreImpl() { catalog_.Close(); }

// --- start ---

absl::Status StoreImpl::Start() {
  EDGE_RETURN_IF_ERROR(LookAt(disk_, layout_).status());  // before anything is made in somebody else's folder
  EDGE_ASSIGN_OR_RETURN(lock_, disk_.Lock(layout_.Lock()));
  EDGE_ASSIGN_OR_RETURN(const Found found, LookAt(disk_, layout_));
  if (found == Found::kNothing) EDGE_RETURN_IF_ERROR(MakeDirectory(disk_, layout_, checkpoint_));
  absl::StatusOr<std::string> text = ReadWholeFile(disk_, layout_.CheckpointFile());
  absl::StatusOr<CheckpointRecord> record = text.ok() ? DecodeCheckpoint(*text) : text.status();
  if (absl::IsNotFound(record.status())) record = absl::DataLossError("missing; restore the data directory from a backup");
  if (absl::IsDataLoss(record.status())) {
    return absl::DataLossError(StrCat(layout_.CheckpointFile(), ": ", FromAbsl(record.status().message())));
  }
  EDGE_RETURN_IF_ERROR(record.status());
  checkpoint_ = *record;
  EDGE_RETURN_IF_ERROR(disk_.Remove(layout_.Scratch()));

  window_ = checkpoint_.redo;
  Entry& catalog = AddEntry(CatalogKey());
  catalog.durable = PageOverlay(checkpoint_.catalog_pages);
  catalog.base_pages = checkpoint_.catalog_pages;
  catalog.durable_row = {.epoch = checkpoint_.catalog_epoch, .txid = checkpoint_.catalog_txid, .pages = checkpoint_.catalog_pages};
  catalog.row = catalog.durable_row;
  LogOptions log = options_.log;
  log.segment_min = checkpoint_.log_segment;
  if (log.salt == 0) options_.services.fill_random(std::as_writable_bytes(std::span(&log.salt, 1)));
  EDGE_ASSIGN_OR_RETURN(log_, CommitLog::Open(scheduler_, disk_, layout_.Log(), checkpoint_.redo, log, *this, *this, &recovery_));
  tasks_ = std::make_unique<TaskGroup>(scheduler_);
  // Epochs begin with the incarnation, so every activation's is larger than all before, whatever of those had become durable. And who takes
  // the log's newest file away is found out.
  ++checkpoint_.incarnation;
  checkpoint_.log_segment = log_->newest_segment();
  absl::Status recovered = WriteWholeFile(disk_, layout_.CheckpointFile(), EncodeCheckpoint(checkpoint_));
  if (recovered.ok()) recovered = Recover();
  if (recovered.ok()) recovered = tasks_->Spawn("store.notify", [this] { TellAll(); });
  if (recovered.ok()) recovered = tasks_->Spawn("store.checkpoint", [this] { CheckpointLoop(); });
  if (!recovered.ok()) {
    closing_.Set();
    has_news_.Set();
    tasks_->Wait();
    catalog_.Close();
    log_->Close().IgnoreError();  // the reason why nothing can be served comes first
  }
  return recovered;
}

absl::Status StoreImpl::OnRecord(Position position, const ObjectKey& key, const PageSet& set) {
  const auto it = entries_.find(key);
  Entry& entry = it != entries_.end() ? *it->second : AddEntry(key);
  if (!entry.durable_row.damage.empty()) {
    // Nothing can follow damage but a new beginning (Replace).
    if (!set.ranges.empty() || set.pages != 0 || !set.alarm.has_value()) return absl::OkStatus();
    entry.durable_row = {};
    entry.opened = 0;
  }
  const auto damaged = [&](std::string_view what) {
    entry.durable_row.damage = StrCat("the log's records of the object do not fit together: ", what, " (at position ", position, ")");
    entry.changed = true;
    overlay_bytes_ -= entry.durable.bytes();
    entry.durable = PageOverlay(0);
    return absl::OkStatus();
  };
  if (set.epoch < entry.durable_row.epoch) return damaged(StrCat("epoch ", set.epoch, " after ", entry.durable_row.epoch));
  if (entry.opened == 0) {
    if (!set.ranges.empty() || !set.alarm.has_value()) return damaged("changes without an opening");
    if (key == CatalogKey() && set.pages != entry.durable_row.pages) return damaged("the catalog's size");
    entry.opened = std::max<Position>(position, 1);
    entry.durable = PageOverlay(set.pages);
    entry.base_pages = set.pages;
    entry.durable_row = After(entry.durable_row, set);
    return absl::OkStatus();
  }
  if (set.txid == entry.durable_row.txid && set.ranges.empty()) {
    return set.pages == entry.durable_row.pages ? absl::OkStatus() : damaged("another size at an opening");
  }
  if (set.txid != entry.durable_row.txid + 1) return damaged(StrCat("transaction ", set.txid, " after ", entry.durable_row.txid));
  const absl::Status applied = Counted(entry, [&] { return entry.durable.Apply(set); });
  if (!applied.ok()) return damaged(FromAbsl(applied.message()));
  entry.durable_row = After(entry.durable_row, set);
  entry.changed = true;
  return absl::OkStatus();
}

absl::Status StoreImpl::Recover() {
  if (recovery_.stop == LogRecovery::Stop::kTornTail) {
    Tell(StrCat(layout_.Log(), ": the last batch of an unclean stop was incomplete and has been cut at position ", recovery_.end,
                "; nothing in it had been acknowledged"));
  } else if (recovery_.stop == LogRecovery::Stop::kWholeTail) {
    Tell(StrCat(layout_.Log(), ": the last batch before position ", recovery_.end,
                " is complete, but the stop was unclean and nothing tells whether it had been acknowledged; it is kept"));
  }
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = *(it++)->second;
    entry.row = entry.durable_row;
    if (entry.key == CatalogKey()) {
      if (!entry.row.damage.empty()) {
        return absl::DataLossError(
            StrCat(layout_.directory(), ": the catalog is damaged: ", entry.row.damage, "; restore the data directory from a backup"));
      }
    } else if (!entry.row.damage.empty()) {
      Tell(StrCat("object ", entry.key.ToString(), " is damaged and is not served: ", entry.row.damage));
    } else if (!entry.changed) {
      ForgetIfIdle(entry);  // an opening alone: the catalog has said it all
    } else if (entry.row.alarm.has_value()) {
      alarms_.insert({*entry.row.alarm, entry.key});
    }
  }
  const MutexGuard guard(catalog_.mutex());
  EDGE_RETURN_IF_ERROR(guard.status());
  return catalog_.ForEachAlarm([&](const ObjectKey& key, WallTime due) {
    if (!entries_.contains(key)) alarms_.insert({due, key});
  });
}

// --- entries and activations ---

Entry& StoreImpl::AddEntry(const ObjectKey& key) {
  auto entry = std::make_unique<Entry>(key);
  entry->path = layout_.Base(key);
  Entry& added = *entry;
  entries_[key] = std::move(entry);
  return added;
}

absl::StatusOr<Entry*> StoreImpl::EntryOf(const ObjectKey& key) {
  if (const auto it = entries_.find(key); it != entries_.end()) return it->second.get();
  const MutexGuard guard(catalog_.mutex());
  EDGE_RETURN_IF_ERROR(guard.status());
  if (const auto it = entries_.find(key); it != entries_.end()) return it->second.get();
  EDGE_ASSIGN_OR_RETURN(std::optional<ObjectRow> row, catalog_.Find(key));
  Entry& entry = AddEntry(key);
  entry.durable_row = std::move(row).value_or(ObjectRow());
  entry.row = entry.durable_row;
  entry.durable = PageOverlay(entry.row.pages);
  entry.base_pages = entry.row.pages;
  return &entry;
}

absl::StatusOr<std::unique_ptr<OwnedObject>> StoreImpl::Activate(const ObjectKey& key) {
  EDGE_RETURN_IF_ERROR(CheckKey(key));
  EDGE_RETURN_IF_ERROR(dead_);
  EDGE_ASSIGN_OR_RETURN(Entry * entry, EntryOf(key));
  if (!entry->row.damage.empty()) {
    return absl::DataLossError(StrCat(key.ToString(), ": damaged: ", entry->row.damage, "; import the object from a backup"));
  }
  return Own(*entry);
}

uint64_t StoreImpl::NextEpoch(const Entry& entry) {
  if (options_.plants.keep_epoch && entry.row.epoch != 0) return entry.row.epoch;
  // The maximum matters only where somebody has put an old CHECKPOINT in place of a newer one.
  return std::max(checkpoint_.incarnation << 32 | ++epochs_, entry.row.epoch + 1);
}

std::unique_ptr<Activation> StoreImpl::Own(Entry& entry) {
  Drain();
  const uint64_t epoch = NextEpoch(entry);
  // The fence: whoever has another epoch is no owner any more.
  if (entry.owner != nullptr && entry.owner->epoch() != epoch && !options_.plants.accept_superseded) {
    Lose(entry, absl::FailedPreconditionError(StrCat(entry.key.ToString(), ": superseded by a later activation")));
  }
  auto activation = std::make_unique<Activation>(*this, entry, epoch);
  entry.owner = activation.get();
  if (entry.key != CatalogKey()) observer_.OnActivated(entry.key, epoch, entry.row.txid, PagesOf(entry), entry.row.alarm);
  return activation;
}

void StoreImpl::Lose(Entry& entry, absl::Status why) {
  Activation* owner = std::exchange(entry.owner, nullptr);
  if (owner == nullptr) return;
  owner->lost_ = why;
  if (entry.key != CatalogKey()) Tell(Lost{entry.key, owner->epoch(), std::move(why)});
}

void StoreImpl::Release(Activation& activation) {
  Entry& entry = *activation.entry_;
  if (entry.owner == &activation) entry.owner = nullptr;
  if (log_ != nullptr) Drain();
  ForgetIfIdle(entry);
}

void StoreImpl::ForgetIfIdle(Entry& entry) {
  if (entry.users > 0 || !entry.pending.empty() || entry.changed || entry.durable.changed() || entry.frozen_row.has_value()) return;
  if (entry.key == CatalogKey()) return;
  overlay_bytes_ -= entry.durable.bytes();
  entries_.erase(ObjectKey(entry.key));
}

// --- commits ---

bool StoreImpl::NeedsWholePage(const Entry& entry, uint32_t page) const {
  if (entry.pending.ChangedAfter(page, window_)) return false;
  if (options_.plants.whole_pages_from_end && entry.durable.frozen() && entry.key != CatalogKey()) {
    const std::vector<uint32_t> frozen = entry.durable.FrozenPageNumbers();
    if (std::binary_search(frozen.begin(), frozen.end(), page)) return false;
  }
  // What is durable now is about to be frozen.
  if (boundary_.has_value()) return true;
  return entry.durable.NeedsWholePage(page);
}

absl::Status StoreImpl::CheckRoom(const Entry& entry, const PageSet& set) const {
  if (entry.key == CatalogKey()) return absl::OkStatus();
  const uint64_t max = options_.log.size_max.bytes();
  if (log_->size_bytes() + BytesOf(set) > max - max / kReservedFraction) {
    return absl::ResourceExhaustedError(
        StrCat("the commit log is full (", log_->size_bytes(), " of ", max, " bytes): checkpoints do not keep up",
               last_checkpoint_.ok() ? "" : "; the last one failed: ", FromAbsl(last_checkpoint_.message())));
  }
  if (overlay_bytes_ + in_flight_bytes_ + BytesOf(set) > 2 * options_.overlay_max.bytes()) {
    return absl::ResourceExhaustedError(
        StrCat("too many committed pages are in memory (", overlay_bytes_, " bytes): checkpoints do not keep up",
               last_checkpoint_.ok() ? "" : "; the last one failed: ", FromAbsl(last_checkpoint_.message())));
  }
  return absl::OkStatus();
}

absl::Status StoreImpl::Commit(Entry& entry, uint64_t epoch, PageSet set) {
  Drain();
  EDGE_RETURN_IF_ERROR(dead_);
  if (absl::Status room = CheckRoom(entry, set); !room.ok()) {
    wants_checkpoint_.Set();
    return room;
  }
  if (entry.opened <= window_) {
    const PageSet opening{
        .epoch = entry.row.epoch, .txid = entry.row.txid, .pages = PagesOf(entry), .alarm = AlarmChange{.due = entry.row.alarm}};
    EDGE_ASSIGN_OR_RETURN(entry.opened, log_->Append(entry.key, opening));
  }
  set.epoch = epoch;
  set.txid = entry.row.txid + 1;
  std::optional<AlarmChange> apart;
  if (options_.plants.alarm_apart && set.alarm.has_value() && !set.ranges.empty()) apart = std::exchange(set.alarm, std::nullopt);
  EDGE_ASSIGN_OR_RETURN(const Position end, log_->Append(entry.key, set));
  EDGE_CHECK_OK(Counted(entry, [&] { return entry.pending.Add(set, end, entry.durable); }));
  if (entry.key != CatalogKey()) ++commits_;
  const std::optional<WallTime> alarm_before = entry.row.alarm;
  entry.row = After(entry.row, set);
  entry.last = end;
  if (entry.key != CatalogKey()) {
    if (apart.has_value()) {
      PageSet whole = set;  // as its owner has committed it
      whole.alarm = apart;
      observer_.OnCommitted(entry.key, whole);
    } else {
      observer_.OnCommitted(entry.key, set);
    }
  }
  in_flight_bytes_ += BytesOf(set);
  in_flight_.push_back({end, &entry, std::move(set)});
  if (apart.has_value()) {
    EDGE_RETURN_IF_ERROR(tasks_->Spawn("store.alarm", [this, &entry, use = std::make_unique<EntryUse>(entry), epoch, apart, end] {
      if (!log_->WaitDurable(end, Instant::Infinite()).ok()) return;
      Commit(entry, epoch, PageSet{.pages = PagesOf(entry), .alarm = apart}).IgnoreError();
    }));
  }
  SetAlarm(entry.key, alarm_before, entry.row.alarm);
  if (WantsCheckpoint()) wants_checkpoint_.Set();
  return absl::OkStatus();
}

void StoreImpl::DrainUpTo(Position position) {
  if (boundary_.has_value()) position = std::min(position, *boundary_);
  while (!in_flight_.empty() && in_flight_.front().end <= position) {
    const InFlight& oldest = in_flight_.front();
    Entry& entry = *oldest.entry;
    absl::Status applied = Counted(entry, [&] {
      absl::Status status = entry.durable.Apply(oldest.set);
      if (!status.ok() && options_.plants.whole_pages_from_end) {
        // The planted store still has the right pages in memory; it is the log that misses them.
        PageSet whole{.pages = oldest.set.pages};
        for (const PageRange& range : oldest.set.ranges) {
          if (!whole.ranges.empty() && whole.ranges.back().page == range.page) continue;
          whole.ranges.push_back({range.page, 0, kPageBytes});
          whole.bytes.resize(whole.bytes.size() + kPageBytes);
          entry.pending.Read(range.page, std::span<char, kPageBytes>(whole.bytes.end() - kPageBytes, whole.bytes.end()));
        }
        status = entry.durable.Apply(whole);
      }
      entry.pending.RemoveOldest(oldest.set);
      return status;
    });
    EDGE_CHECK_OK(applied);
    entry.durable_row = After(entry.durable_row, oldest.set);
    entry.changed = true;
    in_flight_bytes_ -= BytesOf(oldest.set);
    in_flight_.pop_front();
  }
}

void StoreImpl::SetAlarm(const ObjectKey& key, std::optional<WallTime> before, std::optional<WallTime> after) {
  if (before == after || key == CatalogKey()) return;
  if (before.has_value()) alarms_.erase({*before, key});
  if (after.has_value()) alarms_.insert({*after, key});
  if (news_.empty() || !std::holds_alternative<AlarmsChanged>(news_.back())) Tell(AlarmsChanged());
}

std::optional<ObjectStore::Alarm> StoreImpl::NextAlarm(const std::optional<Alarm>& after) const {
  const auto it = after.has_value() ? alarms_.upper_bound(*after) : alarms_.begin();
  return it == alarms_.end() ? std::nullopt : std::optional<Alarm>(*it);
}

// --- the log's failures ---

void StoreImpl::OnGenerationFailed(Position confirmed, const absl::Status& why) {
  Tell(StrCat("the commit log: a write or sync has failed (", why.ToString(),
              "); what was not confirmed is dropped and a new generation begins"));
  // No mark in the failed file says that another one follows, so only CHECKPOINT can tell that the new one was taken away: it soon does.
  wants_checkpoint_.Set();
  DropAfter(confirmed,
            absl::UnavailableError(StrCat("the object's last writes could not be made durable and are undone: ", why.ToString())));
}

void StoreImpl::OnDead(const absl::Status& why) {
  dead_ = absl::UnavailableError(StrCat("the commit log is dead: ", why.ToString()));
  DropAfter(log_->durable(), dead_);
  room_.Set();
  observer_.OnDead(why);
}

void StoreImpl::DropAfter(Position confirmed, const absl::Status& why) {
  DrainUpTo(confirmed);
  std::set<ObjectKey> hit;
  while (!in_flight_.empty() && in_flight_.back().end > confirmed) {
    in_flight_bytes_ -= BytesOf(in_flight_.back().set);
    hit.insert(in_flight_.back().entry->key);
    in_flight_.pop_back();
  }
  for (const auto& [key, entry] : entries_) {
    if (entry->opened > confirmed) entry->opened = 0;
  }
  for (const ObjectKey& key : hit) {
    Entry& entry = *entries_.at(key);
    const std::optional<WallTime> alarm_before = entry.row.alarm;
    // What is left are commits that are durable but lie behind the boundary of a checkpoint that is beginning.
    Counted(entry, [&] {
      entry.pending.Clear();
      entry.row = entry.durable_row;
      entry.last = 0;
      for (const InFlight& left : in_flight_) {
        if (left.entry != &entry) continue;
        EDGE_CHECK_OK(entry.pending.Add(left.set, left.end, entry.durable));
        entry.row = After(entry.row, left.set);
        entry.last = left.end;
      }
      return 0;
    });
    SetAlarm(key, alarm_before, entry.row.alarm);
    if (key != CatalogKey()) observer_.OnRolledBack(key, entry.row.txid);
    Lose(entry, why);
    ForgetIfIdle(entry);
  }
}

// --- counts ---

StoreStats StoreImpl::stats() const {
  return {.log = log_->stats(),
          .log_files = log_->files(),
          .log_bytes = log_->size_bytes(),
          .commits = commits_,
          .activations = activations_,
          .open_databases = open_databases_,
          .overlay_bytes = overlay_bytes_,
          .checkpoints = checkpoints_,
          .checkpoint_bytes = checkpoint_bytes_,
          .checkpoint_syncs = checkpoint_syncs_};
}

// --- telling ---

void StoreImpl::Tell(News news) {
  news_.push_back(std::move(news));
  has_news_.Set();
}

void StoreImpl::TellAll() {
  for (;;) {
    while (!news_.empty()) {
      const News news = std::move(news_.front());
      news_.pop_front();
      if (const auto* lost = std::get_if<Lost>(&news)) {
        observer_.OnLost(lost->key, lost->epoch, lost->why);
      } else if (const auto* text = std::get_if<std::string>(&news)) {
        observer_.OnNotice(*text);
      } else {
        observer_.OnAlarmsChanged();
      }
    }
    if (closing_.is_set()) return;
    has_news_.Reset();
    if (!has_news_.Wait().ok()) return;
  }
}

}  // namespace edge::storage
