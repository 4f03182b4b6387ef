// Text of reports: times, numbers and foreign text made fit for a terminal.
//
// What an application prints ends up in reports. Printable is the one gate: control characters (which could move a terminal's cursor or
// colour its text) and characters that reorder a line come out as escapes, broken UTF-8 as U+FFFD.
#ifndef EDGE_SIM_REPORT_TEXT_H_
#define EDGE_SIM_REPORT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/time.h"

namespace edge::sim {

// "+12.345 s" with 3 decimals, "+12.345678 s" with 6.
std::string ElapsedText(Duration since_start, int decimals = 3);
// "250 us", "12.3 ms", "4.2 s", "3 min 20 s", "2 h 5 min".
std::string LengthText(Duration length);
// "1,234,567".
std::string Grouped(uint64_t number);
// "1 event", "2 events".
std::string Counted(uint64_t number, std::string_view noun);
// 16 hexadecimal digits.
std::string Hex(uint64_t number);

// One line of valid UTF-8 without control characters; "\n" becomes the two characters \n.
std::string Printable(std::string_view text);
// Broken sequences replaced by U+FFFD, all else as it is.
std::string ValidUtf8(std::string_view text);
// How many columns `text` takes, a character being one.
size_t Columns(std::string_view text);
// At most so many columns; what is cut off shows as "...". `text` is valid UTF-8.
std::string Fit(std::string_view text, size_t columns);
// Filled with spaces on the right.
std::string PadRight(std::string_view text, size_t columns);
std::string PadLeft(std::string_view text, size_t columns);

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_TEXT_H_
