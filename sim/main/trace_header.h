// What a trace says about the run it belongs to.
#ifndef EDGE_SIM_MAIN_TRACE_HEADER_H_
#define EDGE_SIM_MAIN_TRACE_HEADER_H_

#include <cstdint>
#include <string>

#include "sim/main/options.h"
#include "sim/main/subject.h"
#include "sim/oracle/trace.h"

namespace edge::sim {

// Everything but the run itself: seed, strategy and outcome are the caller's.
TraceHeader TraceHeaderOf(const LoadedSubject& subject, const SimOptions& options);

}  // namespace edge::sim

#endif  // EDGE_SIM_MAIN_TRACE_HEADER_H_
