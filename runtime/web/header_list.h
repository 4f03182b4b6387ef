// HeaderList: the header list of the Fetch standard, without JavaScript.
//
// Names keep the case in which they were first given and compare without case; iteration is sorted by lower-case name with values of one
// name joined by ", ", except Set-Cookie, whose values stay apart. Values are UTF-8 here.
#ifndef EDGE_RUNTIME_WEB_HEADER_LIST_H_
#define EDGE_RUNTIME_WEB_HEADER_LIST_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edge::web {

// An HTTP token (RFC 9110 section 5.6.2).
bool IsHeaderName(std::string_view name);
// No NUL, CR or LF. REQUIRES: already trimmed.
bool IsHeaderValue(std::string_view value);
// Without leading and trailing spaces, tabs, CR and LF.
std::string_view TrimHeaderValue(std::string_view value);
std::string LowerAscii(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

class HeaderList {
 public:
  struct Entry {
    std::string name;
    std::string value;
  };

  // Reaching either makes Append and Set fail. (The platform sends at most 128 KB of headers; more is refused by the server.)
  static constexpr size_t kEntriesMax = 2048;
  static constexpr size_t kBytesMax = 1024 * 1024;

  // False, and no change: a limit is reached.
  bool Append(std::string_view name, std::string_view value);
  // Replaces the first entry of the name and drops the others. False, and no change: a limit is reached.
  bool Set(std::string_view name, std::string_view value);
  void Delete(std::string_view name);
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // All values of the name joined by ", "; nullopt if there is none.
  std::optional<std::string> Get(std::string_view name) const;
  // The first entry of the name; null if there is none. Valid until the list changes.
  const std::string* Find(std::string_view name) const;
  std::vector<std::string> GetAll(std::string_view name) const;
  // Lower-case names, sorted, joined (the standard's "sort and combine").
  std::vector<std::pair<std::string, std::string>> SortAndCombine() const;

  const std::vector<Entry>& entries() const { return entries_; }
  // Memory that the list holds.
  size_t bytes() const { return bytes_; }

 private:
  void EraseFrom(size_t index, std::string_view name);
  static size_t BytesOf(std::string_view name, std::string_view value) { return sizeof(Entry) + name.size() + value.size(); }

  std::vector<Entry> entries_;
  size_t bytes_ = 0;  // the sum of BytesOf
};

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_HEADER_LIST_H_
