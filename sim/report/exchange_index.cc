#include "sim/report/exchange_index.h"

namespace edge::sim {

ExchangeIndex::ExchangeIndex(const JournalView& journal) {
  for (size_t i = 0; i < journal.events.size(); ++i) {
    const Event& event = journal.events[i];
    if (NameOf(event) == 0) continue;
    if (event.kind == EventKind::kRequest) {
      Exchange& exchange = exchanges_[NameOf(event)];
      const bool serving = SideOf(journal, event) == Side::kServing;
      size_t& corner = serving ? exchange.arrived : exchange.asked;
      if (corner == Exchange::kMissing) corner = i;
    } else if (event.kind == EventKind::kResponse) {
      Exchange& exchange = exchanges_[NameOf(event)];
      const bool serving = SideOf(journal, event) == Side::kServing;
      size_t& corner = serving ? exchange.answered : exchange.got;
      if (corner == Exchange::kMissing) corner = i;
    }
  }
}

const Exchange* ExchangeIndex::Find(const Event& event) const {
  const auto found = exchanges_.find(NameOf(event));
  return found != exchanges_.end() ? &found->second : nullptr;
}

ExchangeIndex::Side ExchangeIndex::SideOf(const JournalView& journal, const Event& event) const {
  const ActorKind kind = journal.KindOf(event.actor);
  if (kind == ActorKind::kClient) return Side::kAsking;
  if (kind == ActorKind::kService) return Side::kServing;
  if (event.peer != ActorId::kWorld) {
    const ActorKind peer = journal.KindOf(event.peer);
    if (peer == ActorKind::kClient) return Side::kServing;
    if (peer == ActorKind::kService) return Side::kAsking;
  }
  // Node to node, or a peer that was not named: whoever recorded the request first is the asker, unless a client would have been.
  const Exchange* const known = Find(event);
  if (known == nullptr) return event.kind == EventKind::kRequest && event.peer == ActorId::kWorld ? Side::kServing : Side::kAsking;
  if (known->asked != Exchange::kMissing) {
    return journal.events[known->asked].actor == event.actor ? Side::kAsking : Side::kServing;
  }
  return Side::kServing;
}

}  // namespace edge::sim
