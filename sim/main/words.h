// Numbers and times as people read them.
#ifndef EDGE_SIM_MAIN_WORDS_H_
#define EDGE_SIM_MAIN_WORDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/time.h"
#include "sim/fault/faults.h"
#include "sim/report/text.h"

namespace edge::sim {

std::string Count(uint64_t number, std::string_view thing);  // "1 node", "2 nodes"
std::string TimeInWords(Duration duration);                  // "3 d 4 h", "12 min", "5 s"
std::string Tail(std::string_view text);                     // the last lines
std::string NameOfPlan(FaultOptions::Plan plan);             // as --faults takes it

}  // namespace edge::sim

#endif  // EDGE_SIM_MAIN_WORDS_H_
