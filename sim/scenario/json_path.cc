#include "sim/scenario/json_path.h"

namespace edge::sim {
namespace {

namespace json = boost::json;

void Walk(std::string_view path, const json::value& value, const json::object* around, std::vector<FoundAt>& found) {
  if (path.empty()) {
    if (value.is_string()) {
      found.push_back({std::string(value.get_string().data(), value.get_string().size()), around});
    } else if (value.is_number() || value.is_bool()) {
      found.push_back({json::serialize(value), around});
    }
    return;
  }
  const size_t dot = path.find('.');
  const std::string_view part = path.substr(0, dot);
  const std::string_view rest = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  if (part == "*" && value.is_array()) {
    for (const json::value& element : value.get_array()) Walk(rest, element, nullptr, found);
  } else if (value.is_object()) {
    const json::value* const member = value.get_object().if_contains(json::string_view(part.data(), part.size()));
    if (member != nullptr) Walk(rest, *member, &value.get_object(), found);
  }
}

}  // namespace

std::optional<json::value> ParseMessage(std::string_view text) {
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return std::nullopt;
  return value;
}

std::vector<FoundAt> FindAt(std::string_view path, std::string_view text, const json::value* root) {
  std::vector<FoundAt> found;
  if (path == "$") {
    found.push_back({std::string(text), nullptr});
  } else if (root != nullptr && !path.empty()) {
    Walk(path, *root, nullptr, found);
  }
  return found;
}

}  // namespace edge::sim
