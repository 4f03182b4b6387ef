#include "runtime/web/header_list.h"

#include <algorithm>
#include <array>

namespace edge::web {
namespace {

constexpr char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr std::array<bool, 256> kToken = MakeTokenTable();

constexpr bool IsHttpSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

bool IsHeaderValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) { return c == '\0' || c == '\r' || c == '\n'; });
}

std::string_view TrimHeaderValue(std::string_view value) {
  while (!value.empty() && IsHttpSpace(value.front())) value.remove_prefix(1);
  while (!value.empty() && IsHttpSpace(value.back())) value.remove_suffix(1);
  return value;
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerChar);
  return lower;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return LowerChar(x) == LowerChar(y); });
}

bool HeaderList::Append(std::string_view name, std::string_view value) {
  if (entries_.size() >= kEntriesMax || bytes_ + BytesOf(name, value) > kBytesMax) return false;
  bytes_ += BytesOf(name, value);
  // A repeated name keeps the spelling of its first entry.
  for (const Entry& entry : entries_) {
    if (EqualsIgnoreCase(entry.name, name)) {
      Entry repeated = {entry.name, std::string(value)};
      entries_.push_back(std::move(repeated));
      return true;
    }
  }
  entries_.push_back({std::string(name), std::string(value)});
  return true;
}

bool HeaderList::Set(std::string_view name, std::string_view value) {
  auto first = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return EqualsIgnoreCase(entry.name, name); });
  if (first == entries_.end()) return Append(name, value);
  if (bytes_ - first->value.size() + value.size() > kBytesMax) return false;
  bytes_ = bytes_ - first->value.size() + value.size();
  first->value = std::string(value);
  EraseFrom(static_cast<size_t>(first - entries_.begin()) + 1, name);
  return true;
}

void HeaderList::EraseFrom(size_t index, std::string_view name) {
  const auto kept = std::remove_if(entries_.begin() + static_cast<std::ptrdiff_t>(index), entries_.end(), [&](const Entry& entry) {
    if (!EqualsIgnoreCase(entry.name, name)) return false;
    bytes_ -= BytesOf(entry.name, entry.value);
    return true;
  });
  entries_.erase(kept, entries_.end());
}

void HeaderList::Delete(std::string_view name) { EraseFrom(0, name); }

const std::string* HeaderList::Find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (EqualsIgnoreCase(entry.name, name)) return &entry.value;
  }
  return nullptr;
}

std::optional<std::string> HeaderList::Get(std::string_view name) const {
  std::optional<std::string> joined;
  for (const Entry& entry : entries_) {
    if (!EqualsIgnoreCase(entry.name, name)) continue;
    if (!joined.has_value()) {
      joined = entry.value;
    } else {
      joined->append(", ").append(entry.value);
    }
  }
  return joined;
}

std::vector<std::string> HeaderList::GetAll(std::string_view name) const {
  std::vector<std::string> values;
  for (const Entry& entry : entries_) {
    if (EqualsIgnoreCase(entry.name, name)) values.push_back(entry.value);
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> HeaderList::SortAndCombine() const {
  std::vector<std::pair<std::string, std::string>> sorted;
  sorted.reserve(entries_.size());
  for (const Entry& entry : entries_) sorted.emplace_back(LowerAscii(entry.name), entry.value);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::pair<std::string, std::string>> combined;
  for (auto& [name, value] : sorted) {
    if (!combined.empty() && combined.back().first == name && name != "set-cookie") {
      combined.back().second.append(", ").append(value);
    } else {
      combined.emplace_back(std::move(name), std::move(value));
    }
  }
  return combined;
}

}  // namespace edge::web
