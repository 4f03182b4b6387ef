// JsonPath: where in a message something is: members by dots, `*` for each element of an array ("messages.*.id"); `$` is the message
// itself.
#ifndef EDGE_SIM_SCENARIO_JSON_PATH_H_
#define EDGE_SIM_SCENARIO_JSON_PATH_H_

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edge::sim {

// The message as JSON; nothing if it is none.
std::optional<boost::json::value> ParseMessage(std::string_view text);

struct FoundAt {
  std::string value;                            // a string as it is, a number or a flag as JSON
  const boost::json::object* around = nullptr;  // whose member it is; null: none
};

// What is at `path`, in order. `root` is `text` as JSON, or null; it is borrowed by what is found. Objects, arrays and null are not found.
std::vector<FoundAt> FindAt(std::string_view path, std::string_view text, const boost::json::value* root);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_JSON_PATH_H_
