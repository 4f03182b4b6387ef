#include "runtime/bundle/source_map.h"

#include <array>
#include <boost/json.hpp>

#include "runtime/base/str_cat.h"

namespace edge::bundle {
namespace {

namespace json = boost::json;

// The value of a Base64 digit, -1 for anything else.
int DigitValue(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

// One variable-length number; advances `position`. False: malformed.
bool ReadNumber(std::string_view text, size_t& position, int32_t& value) {
  uint32_t bits = 0;
  for (int shift = 0; shift < 31; shift += 5) {
    if (position >= text.size()) return false;
    const int digit = DigitValue(text[position++]);
    if (digit < 0) return false;
    bits |= static_cast<uint32_t>(digit & 31) << shift;
    if ((digit & 32) == 0) {
      const int32_t magnitude = static_cast<int32_t>(bits >> 1);
      value = (bits & 1) != 0 ? -magnitude : magnitude;
      return true;
    }
  }
  return false;
}

// Adds a difference; false if the sum is no position.
bool Advance(int32_t& position, int32_t difference) {
  const int64_t sum = int64_t{position} + difference;
  if (sum < 0 || sum > (1 << 30)) return false;
  position = static_cast<int32_t>(sum);
  return true;
}

}  // namespace

absl::StatusOr<SourceMap> SourceMap::Parse(std::string_view text) {
  json::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  auto malformed = [](std::string_view what) { return absl::InvalidArgumentError(StrCat("source map: ", what)); };
  if (error || !root.is_object()) return malformed("not a JSON object");
  const json::object& object = root.get_object();
  const json::value* sources = object.if_contains("sources");
  const json::value* mappings = object.if_contains("mappings");
  if (sources == nullptr || !sources->is_array() || mappings == nullptr || !mappings->is_string()) {
    return malformed("\"sources\" or \"mappings\" is missing");
  }
  SourceMap map;
  for (const json::value& source : sources->get_array()) {
    map.sources_.push_back(source.is_string() ? std::string(source.get_string()) : std::string());
  }

  const std::string_view encoded(mappings->get_string().data(), mappings->get_string().size());
  Entry here{.source = 0, .line = 0, .column = 0};
  Entry first;
  size_t position = 0;
  while (position <= encoded.size()) {
    if (position == encoded.size() || encoded[position] == ';') {
      map.lines_.push_back(first);
      first = Entry();
      ++position;
      continue;
    }
    if (encoded[position] == ',') {
      ++position;
      continue;
    }
    std::array<int32_t, 5> fields = {};
    int count = 0;
    while (position < encoded.size() && encoded[position] != ',' && encoded[position] != ';') {
      if (count == 5 || !ReadNumber(encoded, position, fields[static_cast<size_t>(count++)])) return malformed("malformed mappings");
    }
    if (count < 4) continue;
    if (!Advance(here.source, fields[1]) || !Advance(here.line, fields[2]) || !Advance(here.column, fields[3]) ||
        static_cast<size_t>(here.source) >= map.sources_.size()) {
      return malformed("a mapping leads nowhere");
    }
    if (first.source < 0) first = here;
  }
  return map;
}

std::optional<SourcePosition> SourceMap::Lookup(int line) const {
  if (line < 1 || static_cast<size_t>(line) > lines_.size()) return std::nullopt;
  const Entry& entry = lines_[static_cast<size_t>(line) - 1];
  if (entry.source < 0) return std::nullopt;
  return SourcePosition{.file = sources_[static_cast<size_t>(entry.source)], .line = entry.line + 1, .column = entry.column + 1};
}

}  // namespace edge::bundle
