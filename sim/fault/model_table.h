// The fault model as a table for people, in Markdown: the middle of sim/README.md, and `edge help`.
#ifndef EDGE_SIM_FAULT_MODEL_TABLE_H_
#define EDGE_SIM_FAULT_MODEL_TABLE_H_

#include <string>

namespace edge::sim {

// One row per site, in the order of AllFaultSites(), after a header of two lines; each line ends with a newline.
std::string FaultModelTable();

}  // namespace edge::sim

#endif  // EDGE_SIM_FAULT_MODEL_TABLE_H_
