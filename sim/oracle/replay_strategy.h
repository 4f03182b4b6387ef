// ReplayStrategy: the choices of a run that was, again.
//
// A run is its decisions: what it drew and did not find mildest, and who went before older ones. Everything else is mildest, so that a run
// with a decision less is a run, too: that is how a shrinker works, and how a trace outlives an edit of the application.
//
//   Match::kSameRun   nothing has changed: a draw gives what was recorded for the same point, key and distribution, a pick what was
//   recorded
//                     for the pick of the same number. The run is the recorded one, bit for bit. The first pick that cannot be as recorded
//                     shows that something has changed after all (departed()); from there on as kAligned.
//   Match::kAligned   edits, or decisions taken away: draws find their value by point and key, clamped to what can be drawn now; of the
//                     candidates of a pick the one recorded earliest goes first, no earlier than when as few older ones wait as did then.
//
// Either way a key that is drawn again at the same point gets the same value again, as it does from a seed.
#ifndef EDGE_SIM_ORACLE_REPLAY_STRATEGY_H_
#define EDGE_SIM_ORACLE_REPLAY_STRATEGY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/oracle/oracle.h"

namespace edge::sim {

class ReplayStrategy final : public Strategy {
 public:
  enum class Match : uint8_t { kSameRun, kAligned };

  // Copies what it needs of the decisions. They may come from anywhere: nothing about them is trusted.
  ReplayStrategy(std::span<const Decision> decisions, Match match);

  int64_t Draw(const DecisionPoint& point, Key key, const Distribution& distribution) override;
  size_t Pick(const DecisionPoint& point, std::span<const Candidate> candidates) override;
  std::string_view name() const override { return "replay"; }

  // How much of the trace found its place, so far.
  size_t recorded() const { return used_.size(); }
  size_t used() const { return used_count_; }
  // Indices into `decisions` of those that did not.
  std::vector<size_t> Unused() const;
  // kSameRun only: the run is not the recorded one.
  bool departed() const { return departed_; }

 private:
  struct Value {
    uint64_t place;  // of point and key
    uint16_t shape;
    int64_t value;
    size_t decision;  // index
  };
  struct Overtaking {
    uint64_t place;
    uint64_t older;   // candidates that it went before
    uint64_t number;  // of the pick
    size_t decision;
    bool done = false;
  };

  // The decision has found its place.
  void Use(size_t decision);
  Overtaking* NextOf(uint64_t place);
  size_t PickRecorded(const DecisionPoint& point, std::span<const Candidate> candidates);
  size_t PickAligned(const DecisionPoint& point, std::span<const Candidate> candidates);

  const Match match_;
  std::vector<Value> values_;            // by place; those of one place in the order of recording
  std::vector<Overtaking> overtakings_;  // the same
  std::vector<size_t> by_number_;        // indices of overtakings_, by number of the pick
  std::vector<bool> used_;               // by decision
  size_t used_count_ = 0;
  size_t next_ = 0;  // in by_number_
  uint64_t picks_ = 0;
  bool departed_ = false;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_REPLAY_STRATEGY_H_
