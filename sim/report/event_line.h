// EventLine: one line per event, what `edge replay` prints.
//
//      1234  +12.345678 s  client2   asks node1: POST /transfer                          request http.request
#ifndef EDGE_SIM_REPORT_EVENT_LINE_H_
#define EDGE_SIM_REPORT_EVENT_LINE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/report/exchange_index.h"
#include "sim/report/journal.h"

namespace edge::sim {

struct EventLineOptions {
  size_t columns = 140;
  enum class Detail : uint8_t { kWords, kEverything } detail = Detail::kWords;  // kEverything: key, message and hash too
};

// The head of the listing: actors, how many events, the hash of the run.
std::string EventListingHead(const JournalView& journal);

// No line break at the end. At most options.columns wide unless kEverything.
std::string EventLine(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event, const EventLineOptions& options = {});

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_EVENT_LINE_H_
