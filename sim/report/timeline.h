// Timeline: a run as one HTML file that needs nothing else: no network, no fonts, no libraries.
//
// Actors are lanes, requests are bars, messages are arrows between lanes, faults stand out in red; the page can be searched, zoomed and
// clicked through (timeline/ holds its parts). What an application printed is data in it, never markup: the page carries JSON that cannot
// end its script element, and shows text as text only.
#ifndef EDGE_SIM_REPORT_TIMELINE_H_
#define EDGE_SIM_REPORT_TIMELINE_H_

#include <cstddef>
#include <string>

#include "sim/report/journal.h"
#include "sim/report/story.h"

namespace edge::sim {

struct TimelineLimits {
  // Beyond it turns go first, then decisions, randomness and host calls, then what is farthest from the failure; the page says so.
  size_t events_max = 20'000;
};

// The whole file. About 150 bytes an event and 50 KB besides.
std::string TimelineHtml(const StoryInput& input, const TimelineLimits& limits = {});

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_TIMELINE_H_
