// ObjectLedger: what Durable Objects have done in a run, by a model of its own that knows nothing of how the platform does it.
//
// It is told by the node (worker::ObjectObserver) and lives outside of it, so it survives crashes. For each object it keeps a mirror of the
// pages, made by applying each commit's page set itself; the largest txid that somebody may have learnt of; and who is in the middle of
// what. What has to be true:
//
//   object.lost_write        what was revealed is there at every later activation and after every restart
//   object.content           the content after a restart is that of one prefix of the commits, exactly: nothing lost in between, nothing
//                            invented
//   object.undurable_effect  nothing leaves before what it may reveal is durable
//   object.two_instances     epochs grow; no commit and no effect of an activation that is over
//   object.gate_hole         no other event gets in while a storage operation holds the input gate
//   object.section_hole      ... or while a critical section is open
//   object.alarm_*           alarms run: not early, one at a time, not after a delete, not forgotten; see Overdue
//
// A mirror's base is the state at the txid that was revealed last: before that nothing may be lost. Later commits are kept one by one. What
// a failed sync has undone is in doubt: should the process end before anything newer is durable, it may be there again.
#ifndef EDGE_SIM_SCENARIO_OBJECT_LEDGER_H_
#define EDGE_SIM_SCENARIO_OBJECT_LEDGER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/worker/object_observer.h"
#include "storage/image/page_set.h"

namespace edge::sim {

// A state of an object's database.
struct ObjectContent {
  uint64_t txid = 0;
  uint32_t pages = 0;
  std::map<uint32_t, std::string> page;  // by number; absent: zeros
  std::optional<WallTime> alarm;

  // Applies one commit.
  void Apply(const storage::PageSet& set);
};

// What a store that was opened again has of an object.
struct RecoveredObject {
  uint64_t txid = 0;
  std::optional<WallTime> alarm;
  std::string database;  // a plain file's bytes
  std::string damage;    // why it is not served; empty: it is
};
using RecoveredObjects = std::map<storage::ObjectKey, RecoveredObject>;

class ObjectLedger final : public worker::ObjectObserver {
 public:
  struct Finding {
    std::string check;
    std::string subject;  // the object's namespace
    std::string message;
  };

  // `when` says what time it is in the run, for messages.
  explicit ObjectLedger(std::function<std::string()> when) : when_(std::move(when)) {}

  // The first thing that was wrong; none: nothing was.
  const std::optional<Finding>& finding() const { return finding_; }
  bool empty() const { return objects_.empty(); }
  uint64_t commits() const { return commits_; }
  uint64_t activations() const { return activations_; }
  uint64_t alarms_run() const { return alarms_run_; }

  // The process is dead, and a store that opens its disk now finds this. Nothing runs any more.
  void OnRecovered(const RecoveredObjects& found);
  // ... or it cannot even be opened.
  void OnUnrecoverable(std::string_view why);

  // An object whose alarm was due at `until` or before and that has not been woken for it since its activation began. Empty: none.
  std::string Overdue(WallTime until) const;
  // Such an alarm should have begun by now: a finding.
  void CheckOverdue(WallTime until);

  // worker::ObjectObserver
  void OnActivated(const Id& id, uint64_t epoch, const State& state) override;
  void OnCommitted(const Id& id, const storage::PageSet& set) override;
  void OnRolledBack(const Id& id, uint64_t txid) override;
  void OnEnded(const Id& id, uint64_t epoch) override;
  void OnReleased(const Id& id, uint64_t epoch, uint64_t txid, Durability durability) override;
  void OnTurnBegan(const Id& id, uint64_t epoch, gate::Section section) override;
  void OnTurnEnded(const Id& id, uint64_t epoch) override;
  void OnEvent(const Id& id, uint64_t epoch, std::string_view kind) override;
  void OnStorageBegan(const Id& id, uint64_t epoch) override;
  void OnStorageEnded(const Id& id, uint64_t epoch) override;
  void OnSectionOpened(const Id& id, uint64_t epoch, gate::Section section, gate::Section outer) override;
  void OnSectionClosed(const Id& id, uint64_t epoch, gate::Section section) override;
  void OnAlarmBegan(const Id& id, uint64_t epoch, WallTime due, WallTime now) override;
  void OnAlarmEnded(const Id& id, uint64_t epoch) override;
  void OnAlarmDropped(const Id& id, uint64_t epoch) override;

 private:
  // What an activation is in the middle of.
  struct Activity {
    bool in_turn = false;
    bool intruder = false;  // it began although a storage operation held the gate, and has completed none so far
    std::string event;      // the handler that was called in this turn
    bool alarm_ran = false;
    bool alarm_dropped = false;
    uint32_t storage_pending = 0;
    std::map<gate::Section, gate::Section> outer_of;
    std::vector<gate::Section> entered;  // open and begun, outermost first
    std::set<gate::Section> closed;      // what was started in one may come later, and belongs to what is around it then
    bool alarm_running = false;
    std::optional<WallTime> alarm_begun;  // the one that ran last
  };
  struct Committed {
    storage::PageSet set;
    uint64_t after_rollbacks = 0;  // how many there had been
  };
  using Commits = std::deque<Committed>;
  struct Doubtful {
    Commits commits;  // since the base
    uint64_t rollback = 0;
  };
  struct Object {
    uint64_t epoch = 0;
    bool live = false;
    ObjectContent base;  // as of what was revealed last
    Commits later;       // since then, in order
    std::vector<Doubtful> doubtful;
    std::string revealed_at;
    Activity now;

    uint64_t last() const { return base.txid + later.size(); }
    std::optional<WallTime> AlarmAt(uint64_t txid) const;
  };

  void Find(std::string check, const Id& id, std::string message);
  // Whether it is the activation that lives; one that does not is a finding if `what` is given.
  Object* Living(const Id& id, uint64_t epoch, std::string_view what);
  // The object is at `txid` now: whatever was committed later is gone. False: that may not be.
  bool FallBack(const Id& id, Object& object, uint64_t txid, std::string_view where);
  // The state that some of the commits leave.
  static ObjectContent After(ObjectContent base, const Commits& commits, uint64_t txid);
  // What is different; empty: nothing.
  static std::string Difference(const ObjectContent& expected, const RecoveredObject& found);
  static bool IsAfter(const Object& object, const Commits& commits, const RecoveredObject& found);
  // Takes over what it was before a failed sync, if that is what was found.
  static bool TakeDoubtful(Object& object, const RecoveredObject& found);

  const std::function<std::string()> when_;
  std::map<Id, Object> objects_;
  std::optional<Finding> finding_;
  uint64_t commits_ = 0;
  uint64_t rollbacks_ = 0;
  uint64_t activations_ = 0;
  uint64_t alarms_run_ = 0;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_OBJECT_LEDGER_H_
