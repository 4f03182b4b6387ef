// JSON text that is safe wherever it is put: also inside a <script> of an HTML page.
//
// A string cannot end the script or open a comment (<, > and & are escaped), cannot break a line of JavaScript (U+2028, U+2029), is valid
// UTF-8 whatever it was made of, and holds no raw control character.
#ifndef EDGE_SIM_REPORT_JSON_TEXT_H_
#define EDGE_SIM_REPORT_JSON_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::sim {

// With its quotes.
std::string JsonString(std::string_view text);
// As a number where every reader takes it exactly, else as a string: JavaScript knows integers up to 2^53.
std::string JsonInteger(int64_t number);

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_JSON_TEXT_H_
