// ExchangeIndex: which events of a journal are the four corners of one request.
//
//   client ----asked----> ~~~ ----arrived----> node
//   client <----got------ ~~~ <---answered---- node
//
// The corners share Event::message; where there is none (an outside service knows no message), Event::key. A corner that is missing is what
// a story is about: a request that never arrived, an answer that nobody got. Who records the first corner is the asking side.
#ifndef EDGE_SIM_REPORT_EXCHANGE_INDEX_H_
#define EDGE_SIM_REPORT_EXCHANGE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <map>

#include "sim/report/journal.h"

namespace edge::sim {

struct Exchange {
  static constexpr size_t kMissing = SIZE_MAX;
  // Indices into JournalView::events.
  size_t asked = kMissing;
  size_t arrived = kMissing;
  size_t answered = kMissing;
  size_t got = kMissing;

  bool over_for_asker() const { return got != kMissing; }
};

class ExchangeIndex {
 public:
  // `journal` is read only during the call.
  explicit ExchangeIndex(const JournalView& journal);

  // Of a kRequest or kResponse. Null if it names neither message nor key.
  const Exchange* Find(const Event& event) const;
  // By message or key.
  const std::map<uint64_t, Exchange>& all() const { return exchanges_; }

  static uint64_t NameOf(const Event& event) { return event.message != 0 ? event.message : event.key; }

  enum class Side : uint8_t { kAsking, kServing };
  // On which side of its request the actor of this kRequest or kResponse stands.
  Side SideOf(const JournalView& journal, const Event& event) const;

 private:
  std::map<uint64_t, Exchange> exchanges_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_EXCHANGE_INDEX_H_
