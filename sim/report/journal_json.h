// A journal as JSON, for machines: what `edge sim --json` and `edge replay --json` carry.
#ifndef EDGE_SIM_REPORT_JOURNAL_JSON_H_
#define EDGE_SIM_REPORT_JOURNAL_JSON_H_

#include <string>

#include "sim/report/exchange_index.h"
#include "sim/report/journal.h"

namespace edge::sim {

// {"format":1,"events_in_run":n,"hash":"...","actors":[{"name","kind"}],"events":[EventJson ...]}
std::string JournalJson(const JournalView& journal);

// {"number","time_ns" (since the start),"kind","actor","label","words"} and, if there are any, "peer","key","message" (hexadecimal),
// "value","text","note","bytes_hash". One line without a line break, so that a stream of them is JSON Lines.
std::string EventJson(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event);

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_JOURNAL_JSON_H_
