#include "runtime/url/search_params.h"

#include <algorithm>
#include <cstdint>

#include "runtime/url/percent_encode.h"

namespace edge::url {
namespace {

std::string DecodeField(std::string_view field) {
  if (field.find('%') == std::string_view::npos) {
    std::string plain(field);
    std::replace(plain.begin(), plain.end(), '+', ' ');
    return RepairUtf8(std::move(plain));
  }
  // '+' turns into a space before escapes are decoded: "%2B" is a plus sign.
  std::string spaced(field);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  std::string decoded;
  decoded.reserve(spaced.size());
  AppendPercentDecoded(spaced, &decoded);
  return RepairUtf8(std::move(decoded));
}

// UTF-8's byte order is code point order. UTF-16's differs in one thing: supplementary code points (lead byte F0 and above) are written
// with surrogates and so sort before U+E000..U+FFFF (lead bytes EE and EF). Both are seen at the first differing byte.
bool LessByUtf16(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (in_a == a.end() || in_b == b.end()) return in_a == a.end() && in_b != b.end();
  const auto byte_a = static_cast<uint8_t>(*in_a);
  const auto byte_b = static_cast<uint8_t>(*in_b);
  if (byte_a >= 0xee && byte_b >= 0xee && (byte_a >= 0xf0) != (byte_b >= 0xf0)) return byte_a >= 0xf0;
  return byte_a < byte_b;
}

}  // namespace

SearchParams SearchParams::Parse(std::string_view input) {
  SearchParams params;
  while (!input.empty()) {
    const size_t end = std::min(input.find('&'), input.size());
    const std::string_view field = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    if (field.empty()) continue;
    const size_t equals = std::min(field.find('='), field.size());
    const std::string_view value = equals == field.size() ? std::string_view() : field.substr(equals + 1);
    params.pairs_.emplace_back(DecodeField(field.substr(0, equals)), DecodeField(value));
  }
  return params;
}

SearchParams SearchParams::ParseQuery(std::string_view input) {
  if (input.starts_with('?')) input.remove_prefix(1);
  return Parse(input);
}

void SearchParams::Append(std::string_view name, std::string_view value) { pairs_.emplace_back(name, value); }

void SearchParams::Delete(std::string_view name, std::optional<std::string_view> value) {
  // The arguments may be borrowed from the list itself, whose strings move while pairs are removed.
  const std::string wanted_name(name);
  const std::optional<std::string> wanted_value(value);
  std::erase_if(pairs_,
                [&](const Pair& pair) { return pair.first == wanted_name && (!wanted_value.has_value() || pair.second == *wanted_value); });
}

const std::string* SearchParams::Get(std::string_view name) const {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(), [name](const Pair& pair) { return pair.first == name; });
  return found == pairs_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> SearchParams::GetAll(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Pair& pair : pairs_) {
    if (pair.first == name) values.push_back(pair.second);
  }
  return values;
}

bool SearchParams::Has(std::string_view name, std::optional<std::string_view> value) const {
  return std::any_of(pairs_.begin(), pairs_.end(),
                     [&](const Pair& pair) { return pair.first == name && (!value.has_value() || pair.second == *value); });
}

void SearchParams::Set(std::string_view name, std::string_view value) {
  const std::string wanted_name(name);
  std::string new_value(value);
  const auto first = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& pair) { return pair.first == wanted_name; });
  if (first == pairs_.end()) {
    pairs_.emplace_back(wanted_name, std::move(new_value));
    return;
  }
  first->second = std::move(new_value);
  pairs_.erase(std::remove_if(first + 1, pairs_.end(), [&](const Pair& pair) { return pair.first == wanted_name; }), pairs_.end());
}

void SearchParams::Sort() {
  std::stable_sort(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) { return LessByUtf16(a.first, b.first); });
}

std::string SearchParams::ToString() const {
  std::string text;
  for (const auto& [name, value] : pairs_) {
    if (!text.empty()) text.push_back('&');
    AppendPercentEncoded(name, EncodeSet::kForm, &text);
    text.push_back('=');
    AppendPercentEncoded(value, EncodeSet::kForm, &text);
  }
  return text;
}

}  // namespace edge::url
