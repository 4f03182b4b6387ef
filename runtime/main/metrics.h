// What /metrics of a serving process says (docs/metrics.md lists it).
#ifndef EDGE_RUNTIME_MAIN_METRICS_H_
#define EDGE_RUNTIME_MAIN_METRICS_H_

#include <string>

#include "runtime/base/time.h"
#include "runtime/node/node.h"
#include "runtime/node/seams.h"
#include "runtime/operate/request_meter.h"
#include "runtime/operate/stats.h"

namespace edge::cli {

// What is in the memory of these workers.
operate::Population CensusOf(worker::WorkerSet& workers);

// In Prometheus' text format. `started`: when the process began to serve. MAY SUSPEND.
std::string MetricsOf(Node& node, const operate::RequestCounts& requests, const Seams& seams, WallTime started);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_MAIN_METRICS_H_
