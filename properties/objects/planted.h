// Bugs planted in the platform's keeping of Durable Objects, one at a time, as a node of a simulation has them.
#ifndef EDGE_PROPERTIES_OBJECTS_PLANTED_H_
#define EDGE_PROPERTIES_OBJECTS_PLANTED_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/app_node.h"

namespace edge::sim {

struct PlantedBug {
  const char* name;
  const char* what;
  uint64_t budget;                    // seeds within which the median stream has to find it
  std::vector<std::string> found_by;  // the checks that may
  NodeTamper::Factory planted;
};

std::span<const PlantedBug> PlantedBugs();

}  // namespace edge::sim

#endif  // EDGE_PROPERTIES_OBJECTS_PLANTED_H_
