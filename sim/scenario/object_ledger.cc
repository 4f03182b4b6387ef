#include "sim/scenario/object_ledger.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/str_cat.h"
#include "storage/image/page_checksum.h"

namespace edge::sim {
namespace {

using storage::kPageBytes;
using storage::kPageContentBytes;
using storage::PageRange;
using storage::PageSet;

// Enough to tell objects apart.
std::string Short(const storage::ObjectKey& id) { return StrCat(id.space, " ", id.id.substr(0, 12)); }

std::string Text(const std::optional<WallTime>& alarm) {
  return alarm.has_value() ? StrCat("at ", alarm->ToUnixMilliseconds(), " ms") : std::string("none");
}

}  // namespace

void ObjectContent::Apply(const PageSet& set) {
  if (set.pages < pages) page.erase(page.upper_bound(set.pages), page.end());
  pages = set.pages;
  size_t from = 0;
  for (const PageRange& range : set.ranges) {
    std::string& bytes = page[range.page];
    bytes.resize(kPageBytes);
    std::memcpy(bytes.data() + range.offset, set.bytes.data() + from, range.length);
    std::memset(bytes.data() + kPageContentBytes, 0, kPageBytes - kPageContentBytes);  // no content
    from += range.length;
  }
  txid = set.txid;
  if (set.alarm.has_value()) alarm = set.alarm->due;
}

std::optional<WallTime> ObjectLedger::Object::AlarmAt(uint64_t txid) const {
  for (auto commit = later.rbegin(); commit != later.rend(); ++commit) {
    if (commit->set.txid <= txid && commit->set.alarm.has_value()) return commit->set.alarm->due;
  }
  return base.alarm;
}

ObjectContent ObjectLedger::After(ObjectContent base, const Commits& commits, uint64_t txid) {
  for (const Committed& commit : commits) {
    if (commit.set.txid <= txid) base.Apply(commit.set);
  }
  return base;
}

void ObjectLedger::Find(std::string check, const Id& id, std::string message) {
  if (!finding_.has_value()) finding_ = Finding{std::move(check), id.space, StrCat("at ", when_(), " ", Short(id), ": ", message)};
}

ObjectLedger::Object* ObjectLedger::Living(const Id& id, uint64_t epoch, std::string_view what) {
  const auto found = objects_.find(id);
  if (found != objects_.end() && found->second.live && found->second.epoch == epoch) return &found->second;
  if (!what.empty()) {
    const uint64_t newer = found == objects_.end() ? 0 : found->second.epoch;
    Find("object.two_instances", id,
         StrCat(what, " of epoch ", epoch,
                newer > epoch ? StrCat(", although the activation of epoch ", newer, " has taken the object over")
                              : std::string(" after the end of that activation")));
  }
  return nullptr;
}

// --- state ---

bool ObjectLedger::FallBack(const Id& id, Object& object, uint64_t txid, std::string_view where) {
  if (txid < object.base.txid) {
    Find("object.lost_write", id,
         StrCat(where, " has transaction ", txid, ", but transaction ", object.base.txid, " was revealed at ", object.revealed_at));
    return false;
  }
  if (txid > object.last()) {
    Find("object.content", id, StrCat(where, " has transaction ", txid, ", but ", object.last(), " is the last that was committed"));
    return false;
  }
  object.later.resize(txid - object.base.txid);
  return true;
}

void ObjectLedger::OnActivated(const Id& id, uint64_t epoch, const State& state) {
  ++activations_;
  Object& object = objects_[id];
  if (epoch <= object.epoch) {
    Find("object.two_instances", id, StrCat("an activation has epoch ", epoch, " after one of epoch ", object.epoch));
  }
  object.epoch = epoch;
  object.live = true;
  object.now = {};
  if (!FallBack(id, object, state.txid, "an activation")) return;
  if (const std::optional<WallTime> alarm = object.AlarmAt(state.txid); alarm != state.alarm) {
    Find("object.alarm_lost", id,
         StrCat("an activation finds the alarm ", Text(state.alarm), ", but transaction ", state.txid, " left it ", Text(alarm)));
  }
  const uint32_t pages = object.later.empty() ? object.base.pages : object.later.back().set.pages;
  if (pages != state.pages) {
    Find("object.content", id, StrCat("an activation finds ", state.pages, " pages, but transaction ", state.txid, " left ", pages));
  }
}

void ObjectLedger::OnCommitted(const Id& id, const PageSet& set) {
  ++commits_;
  Object* const object = Living(id, set.epoch, "a commit");
  if (object == nullptr) return;
  if (set.txid != object->last() + 1) {
    return Find("object.content", id, StrCat("transaction ", set.txid, " is committed after transaction ", object->last()));
  }
  const bool removes = set.alarm.has_value() && !set.alarm->due.has_value() && object->AlarmAt(object->last()).has_value();
  if (removes && object->now.event == "alarm" && !object->now.alarm_ran && !object->now.alarm_dropped) {
    Find("object.alarm_lost", id,
         StrCat("the alarm ", Text(object->AlarmAt(object->last())), " was removed by a wake-up that did not call the handler"));
  }
  object->later.push_back({set, rollbacks_});
}

void ObjectLedger::OnRolledBack(const Id& id, uint64_t txid) {
  const auto found = objects_.find(id);
  if (found == objects_.end()) return;
  Object& object = found->second;
  object.doubtful.push_back({object.later, ++rollbacks_});
  FallBack(id, object, txid, "the state after a failed sync");
}

void ObjectLedger::OnEnded(const Id& id, uint64_t epoch) {
  Object* const object = Living(id, epoch, "");
  if (object == nullptr) return;
  object->live = false;
  object->now = {};
}

void ObjectLedger::OnReleased(const Id& id, uint64_t epoch, uint64_t txid, Durability durability) {
  Object* const object = Living(id, epoch, "an effect");
  if (object == nullptr) return;
  if (durability == Durability::kNotDurable) {
    Find("object.undurable_effect", id, StrCat("an effect that may reveal transaction ", txid, " left before that was durable"));
  }
  if (txid > object->last()) {
    return Find("object.content", id, StrCat("an effect may reveal transaction ", txid, ", but ", object->last(), " is the last one"));
  }
  if (txid <= object->base.txid) return;
  object->revealed_at = when_();
  uint64_t after_rollbacks = 0;
  while (object->base.txid < txid) {
    object->base.Apply(object->later.front().set);
    after_rollbacks = std::max(after_rollbacks, object->later.front().after_rollbacks);
    object->later.pop_front();
  }
  // What is in doubt starts from where the base was; and a new generation of the log that has something durable fences the old one.
  object->doubtful.clear();
  if (after_rollbacks == 0) return;
  for (auto& [other, its] : objects_) {
    std::erase_if(its.doubtful, [&](const Doubtful& doubtful) { return doubtful.rollback <= after_rollbacks; });
  }
}

void ObjectLedger::OnRecovered(const RecoveredObjects& found) {
  for (auto& [id, object] : objects_) {
    object.live = false;
    object.now = {};
    const auto it = found.find(id);
    // One that is empty is not in the list: which of its transactions has left it so does not matter.
    if (it == found.end()) {
      uint64_t txid = object.base.txid;
      const auto is_empty = [&](uint64_t at) {
        const ObjectContent content = After(object.base, object.later, at);
        return content.pages == 0 && !content.alarm.has_value();
      };
      while (txid < object.last() && !is_empty(txid)) ++txid;
      if (!is_empty(txid)) {
        Find("object.lost_write", id,
             StrCat("after a restart it does not exist, but transaction ", object.base.txid, " was revealed at ", object.revealed_at));
        continue;
      }
      object.later.resize(txid - object.base.txid);
      continue;
    }
    if (!it->second.damage.empty()) {
      Find("object.content", id, StrCat("after a restart it is not served: ", it->second.damage));
      continue;
    }
    if (TakeDoubtful(object, it->second)) continue;
    if (!FallBack(id, object, it->second.txid, "the state after a restart")) continue;
    const std::string difference = Difference(After(object.base, object.later, it->second.txid), it->second);
    if (difference.empty()) continue;
    const bool of_alarm = difference.starts_with("its alarm");
    Find(of_alarm ? "object.alarm_lost" : "object.content", id,
         StrCat("after a restart transaction ", it->second.txid, " is not what was committed: ", difference));
  }
  for (const auto& [id, object] : found) {
    if (!objects_.contains(id)) Find("object.content", id, "it exists after a restart, but nothing of it was ever committed");
  }
}

void ObjectLedger::OnUnrecoverable(std::string_view why) {
  if (!finding_.has_value()) {
    finding_ = Finding{"object.content", "store", StrCat("at ", when_(), " the state on the disk cannot be opened: ", why)};
  }
}

bool ObjectLedger::IsAfter(const Object& object, const Commits& commits, const RecoveredObject& found) {
  return found.txid >= object.base.txid && found.txid <= object.base.txid + commits.size() &&
         Difference(After(object.base, commits, found.txid), found).empty();
}

bool ObjectLedger::TakeDoubtful(Object& object, const RecoveredObject& found) {
  if (IsAfter(object, object.later, found)) return false;
  for (size_t i = 0; i < object.doubtful.size(); ++i) {
    if (!IsAfter(object, object.doubtful[i].commits, found)) continue;
    // What it was until now is in doubt in its turn: the next restart may find it.
    object.doubtful.push_back({std::move(object.later), object.doubtful[i].rollback});
    object.later = object.doubtful[i].commits;
    object.later.resize(found.txid - object.base.txid);
    return true;
  }
  return false;
}

std::string ObjectLedger::Difference(const ObjectContent& expected, const RecoveredObject& found) {
  if (found.alarm != expected.alarm) return StrCat("its alarm is ", Text(found.alarm), ", not ", Text(expected.alarm));
  if (found.database.size() != uint64_t{expected.pages} * kPageBytes) {
    return StrCat("it has ", found.database.size() / kPageBytes, " pages, not ", expected.pages);
  }
  const std::string zeros(kPageBytes, '\0');
  for (uint32_t number = 1; number <= expected.pages; ++number) {
    const auto at = expected.page.find(number);
    const std::string_view bytes = at == expected.page.end() ? std::string_view(zeros) : at->second;
    const std::string_view there = std::string_view(found.database).substr(uint64_t{number - 1} * kPageBytes, kPageBytes);
    if (bytes.substr(0, kPageContentBytes) != there.substr(0, kPageContentBytes)) {
      return StrCat("page ", number, " of ", expected.pages, " is another");
    }
  }
  return "";
}

// --- turns ---

void ObjectLedger::OnTurnBegan(const Id& id, uint64_t epoch, gate::Section section) {
  Object* const object = Living(id, epoch, "");
  if (object == nullptr) return;
  Activity& now = object->now;
  if (now.in_turn) Find("object.gate_hole", id, "a turn began in the middle of another");
  now.in_turn = true;
  now.event.clear();
  now.alarm_ran = now.alarm_dropped = false;
  now.intruder = now.storage_pending > 0;
  // Where it belongs: the section itself, or the innermost one around it.
  const auto is_within = [&](gate::Section inner, gate::Section outer) {
    while (inner != outer && inner != gate::kNoSection) {
      const auto up = now.outer_of.find(inner);
      inner = up == now.outer_of.end() ? gate::kNoSection : up->second;
    }
    return inner == outer;
  };
  if (!now.entered.empty() && !is_within(section, now.entered.back())) {
    Find("object.section_hole", id,
         StrCat("an event got in (", section == gate::kNoSection ? std::string("outside of all sections") : StrCat("section ", section),
                ") while critical section ", now.entered.back(), " was open"));
  }
  if (now.outer_of.contains(section) && !now.closed.contains(section) &&
      std::find(now.entered.begin(), now.entered.end(), section) == now.entered.end()) {
    now.entered.push_back(section);
  }
}

void ObjectLedger::OnTurnEnded(const Id& id, uint64_t epoch) {
  Object* const object = Living(id, epoch, "");
  if (object == nullptr) return;
  Activity& now = object->now;
  if (now.intruder) {
    Find("object.gate_hole", id,
         StrCat("an event got in", now.event.empty() ? "" : " (", now.event, now.event.empty() ? "" : ")",
                " while a storage operation held the input gate"));
  }
  now.in_turn = false;
  now.event.clear();
}

void ObjectLedger::OnEvent(const Id& id, uint64_t epoch, std::string_view kind) {
  if (Object* const object = Living(id, epoch, ""); object != nullptr) object->now.event = kind;
}

void ObjectLedger::OnStorageBegan(const Id& id, uint64_t epoch) {
  if (Object* const object = Living(id, epoch, ""); object != nullptr) ++object->now.storage_pending;
}

void ObjectLedger::OnStorageEnded(const Id& id, uint64_t epoch) {
  Object* const object = Living(id, epoch, "");
  if (object == nullptr || object->now.storage_pending == 0) return;
  --object->now.storage_pending;
  object->now.intruder = false;
}

void ObjectLedger::OnSectionOpened(const Id& id, uint64_t epoch, gate::Section section, gate::Section outer) {
  if (Object* const object = Living(id, epoch, ""); object != nullptr) object->now.outer_of[section] = outer;
}

void ObjectLedger::OnSectionClosed(const Id& id, uint64_t epoch, gate::Section section) {
  Object* const object = Living(id, epoch, "");
  if (object == nullptr) return;
  std::erase(object->now.entered, section);
  object->now.closed.insert(section);
}

// --- alarms ---

void ObjectLedger::OnAlarmBegan(const Id& id, uint64_t epoch, WallTime due, WallTime now) {
  ++alarms_run_;
  Object* const object = Living(id, epoch, "an alarm");
  if (object == nullptr) return;
  const std::optional<WallTime> committed = object->AlarmAt(object->last());
  if (object->now.alarm_running) Find("object.alarm_twice", id, "alarm() was called while another call of it was running");
  if (!committed.has_value()) {
    Find("object.alarm_deleted", id, "alarm() was called, although no alarm is committed");
  } else if (now < *committed) {
    Find("object.alarm_early", id, StrCat("alarm() was called ", (*committed - now).ToMilliseconds(), " ms before its time"));
  } else if (due != *committed) {
    Find("object.alarm_lost", id, StrCat("alarm() was called for ", Text(due), ", but the one that is committed is ", Text(committed)));
  }
  object->now.alarm_running = true;
  object->now.alarm_ran = true;
  object->now.alarm_begun = due;
}

void ObjectLedger::OnAlarmEnded(const Id& id, uint64_t epoch) {
  Object* const object = Living(id, epoch, "");
  if (object == nullptr) return;
  object->now.alarm_running = false;
  object->now.alarm_ran = true;
}

void ObjectLedger::OnAlarmDropped(const Id& id, uint64_t epoch) {
  if (Object* const object = Living(id, epoch, ""); object != nullptr) object->now.alarm_dropped = true;
}

std::string ObjectLedger::Overdue(WallTime until) const {
  for (const auto& [id, object] : objects_) {
    const std::optional<WallTime> alarm = object.AlarmAt(object.last());
    if (alarm.has_value() && *alarm <= until && alarm != object.now.alarm_begun) return Short(id);
  }
  return "";
}

void ObjectLedger::CheckOverdue(WallTime until) {
  for (const auto& [id, object] : objects_) {
    const std::optional<WallTime> alarm = object.AlarmAt(object.last());
    if (!alarm.has_value() || *alarm > until || alarm == object.now.alarm_begun) continue;
    Find("object.alarm_lost", id,
         StrCat("its alarm was due ", (until - *alarm).ToMilliseconds(),
                " ms before the last moment at which it had to run, and has not begun"));
  }
}

}  // namespace edge::sim
