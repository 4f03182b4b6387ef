#include "runtime/js/source_map.h"

#include <boost/json.hpp>
#include <utility>

namespace edge::js {
namespace {

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

// One variable-length quantity; advances `i`. False at a character that is none, or if the number is too large.
bool DecodeVlq(std::string_view text, size_t& i, int64_t* out) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 5) {
    if (i >= text.size() || shift > 40) return false;
    const int digit = Base64Value(text[i++]);
    if (digit < 0) return false;
    value |= static_cast<uint64_t>(digit & 31) << shift;
    if ((digit & 32) == 0) break;
  }
  *out = (value & 1) != 0 ? -static_cast<int64_t>(value >> 1) : static_cast<int64_t>(value >> 1);
  return true;
}

}  // namespace

absl::StatusOr<SourceMap> SourceMap::Parse(std::string_view json) {
  boost::json::error_code error;
  const boost::json::value root = boost::json::parse(boost::json::string_view(json.data(), json.size()), error);
  if (error) return absl::InvalidArgumentError("source map: not JSON");
  const boost::json::object* object = root.if_object();
  if (object == nullptr) return absl::InvalidArgumentError("source map: not a JSON object");
  const boost::json::value* version = object->if_contains("version");
  if (version == nullptr || !version->is_int64() || version->get_int64() != 3)
    return absl::InvalidArgumentError("source map: version is not 3");
  const boost::json::value* sources = object->if_contains("sources");
  const boost::json::value* mappings = object->if_contains("mappings");
  if (sources == nullptr || !sources->is_array()) return absl::InvalidArgumentError("source map: no sources");
  if (mappings == nullptr || !mappings->is_string()) return absl::InvalidArgumentError("source map: no mappings");

  SourceMap map;
  std::string root_path;
  if (const boost::json::value* r = object->if_contains("sourceRoot"); r != nullptr && r->is_string())
    root_path = std::string(r->get_string());
  if (!root_path.empty() && root_path.back() != '/') root_path += '/';
  for (const boost::json::value& source : sources->get_array()) {
    map.sources_.push_back(source.is_string() ? root_path + std::string(source.get_string()) : std::string());
  }

  const std::string_view text(mappings->get_string().data(), mappings->get_string().size());
  int64_t source = 0;
  int64_t line = 0;
  Entry current;
  for (size_t i = 0;;) {
    if (i >= text.size() || text[i] == ';') {
      map.lines_.push_back(current);
      current = {};
      if (i >= text.size()) break;
      ++i;
      continue;
    }
    if (text[i] == ',') {
      ++i;
      continue;
    }
    int64_t fields[5];
    int count = 0;
    while (i < text.size() && text[i] != ',' && text[i] != ';') {
      if (count == 5 || !DecodeVlq(text, i, &fields[count])) return absl::InvalidArgumentError("source map: bad mappings");
      ++count;
    }
    if (count != 1 && count != 4 && count != 5) return absl::InvalidArgumentError("source map: bad mappings");
    if (count == 1) continue;
    source += fields[1];
    line += fields[2];
    if (source < 0 || source >= static_cast<int64_t>(map.sources_.size()) || line < 0 || line > INT32_MAX - 1) {
      return absl::InvalidArgumentError("source map: a mapping is out of range");
    }
    if (current.source < 0) current = {static_cast<int32_t>(source), static_cast<int32_t>(line)};
  }
  return map;
}

std::optional<SourceMap::Position> SourceMap::Lookup(int line) const {
  if (line < 1 || static_cast<size_t>(line) > lines_.size()) return std::nullopt;
  const Entry& entry = lines_[static_cast<size_t>(line) - 1];
  if (entry.source < 0 || sources_[static_cast<size_t>(entry.source)].empty()) return std::nullopt;
  return Position{sources_[static_cast<size_t>(entry.source)], entry.line + 1};
}

}  // namespace edge::js
