// The TOML front-end of Document: toml++, which knows the place of every key.
#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "runtime/base/str_cat.h"
#include "runtime/config/document.h"

// toml++ reports errors as values when exceptions are off. No other file includes it: two settings in one program would clash.
#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>

namespace edge::config {

namespace {

// A walk over the text, as far as TOML's lexical rules go (strings, comments, brackets, line ends), that finds what toml++ 3.3 must not
// see. Text that the walk misreads is malformed, and the parser stops there.
//
// - Deep nesting. toml++ limits arrays and inline tables, but a dotted key makes a table per dot, and tables are destroyed by recursion.
// - Characters beyond ASCII outside of strings and comments, which TOML forbids. toml++ asks of each whether it is white space, and that
//   function is undefined for many characters.
// - For the same reason: such a character as the first one after a \ at a line's end, or after any \, in a """ string.
class Scan {
 public:
  struct Flaw {
    size_t at = 0;  // offset
    std::string what;
  };

  Scan(std::string_view text, size_t depth_max) : text_(text), depth_max_(depth_max) {}

  std::optional<Flaw> FindFlaw() {
    while (at_ < text_.size() && !flaw_.has_value()) {
      if (text_[at_] == '"' || text_[at_] == '\'') {
        SkipString(text_[at_]);
        line_start_ = false;
      } else {
        Step();
      }
    }
    return flaw_;
  }

 private:
  static bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

  void Step() {
    const char c = text_[at_];
    switch (c) {
      case '#':
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        return;
      case '\n':
        if (open_.empty()) {
          in_header_ = false;
          line_start_ = true;
          run_ = 0;
        }
        break;
      case '[':
        if (open_.empty() && line_start_) {
          in_header_ = true;  // [table] or [[array of tables]]
          header_ = 1;
          line_start_ = false;
          if (text_.substr(at_, 2) == "[[") ++at_;
          break;
        }
        Open();
        break;
      case '{':
        Open();
        break;
      case ']':
      case '}':
        if (!open_.empty()) {
          below_ -= open_.back();
          run_ = open_.back() - 1;
          open_.pop_back();
        }
        break;
      case ',':
        run_ = 0;
        break;
      case '.':
        ++(in_header_ ? header_ : run_);
        break;
      case ' ':
      case '\t':
      case '\r':
        break;
      default:
        line_start_ = false;
        if (!IsAscii(c)) flaw_ = Flaw{at_, "a character beyond ASCII; put the key or the text in quotes"};
    }
    if (header_ + below_ + run_ + 1 > depth_max_)
      flaw_ = Flaw{at_, StrCat("more than ", depth_max_, " levels within each other; make it flatter")};
    ++at_;
  }

  void Open() {
    open_.push_back(run_ + 1);
    below_ += run_ + 1;
    run_ = 0;
    line_start_ = false;
  }

  // Past the string that opens at at_. One-line strings end at the line's end at the latest: the parser refuses them there.
  void SkipString(char quote) {
    const std::string triple(3, quote);
    const bool is_long = text_.substr(at_, 3) == triple;
    at_ += is_long ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (!is_long && c == '\n') return;
      if (c == '\\' && quote == '"') {
        SkipEscape(is_long);
        if (flaw_.has_value()) return;
      } else if (is_long && text_.substr(at_, 3) == triple) {
        at_ += 3;
        // A long string may end in up to two quotes of its own.
        for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] == quote; ++i) ++at_;
        return;
      } else {
        ++at_;
        if (c == quote && !is_long) return;
      }
    }
  }

  // Past a backslash and what it escapes.
  void SkipEscape(bool is_long) {
    ++at_;
    if (at_ >= text_.size()) return;
    if (!is_long) {
      if (text_[at_] != '\n') ++at_;
      return;
    }
    size_t next = at_;
    while (next < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[next]))) ++next;
    if (next < text_.size() && !IsAscii(text_[next])) {
      flaw_ = Flaw{next, "a character beyond ASCII right after a backslash; write it as \\uXXXX here"};
    }
    at_ = next > at_ ? next : at_ + 1;
  }

  const std::string_view text_;
  const size_t depth_max_;
  size_t at_ = 0;
  std::optional<Flaw> flaw_;
  bool line_start_ = true;
  bool in_header_ = false;
  size_t header_ = 0;         // depth of the last [table]
  size_t run_ = 0;            // dots since the last separator
  size_t below_ = 0;          // sum of open_
  std::vector<size_t> open_;  // per open bracket: its own level and the dots of the key before it
};

// "LINE:COLUMN" of an offset, both from 1, columns by characters.
std::string PlaceOf(std::string_view text, size_t at) {
  size_t line = 1, column = 1;
  for (const char c : text.substr(0, at)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return StrCat(line, ":", column);
}

template <typename T>
std::string DateText(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// `line` is that of the key, or of the value itself within an array. Recursion is bounded by Scan.
void Convert(const toml::node& node, std::string_view key, int line, Value* parent, DocumentBuilder& builder);

void ConvertMembers(const toml::table& table, Value* parent, DocumentBuilder& builder) {
  // toml++ keeps a table sorted by name; the file's order is in the positions.
  struct Member {
    toml::source_position at;
    std::string_view key;
    const toml::node* node;
  };
  std::vector<Member> members;
  for (auto&& [key, node] : table) members.push_back({key.source().begin, key.str(), &node});
  std::stable_sort(members.begin(), members.end(),
                   [](const Member& a, const Member& b) { return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column); });
  for (const Member& member : members) Convert(*member.node, member.key, static_cast<int>(member.at.line), parent, builder);
}

void Convert(const toml::node& node, std::string_view key, int line, Value* parent, DocumentBuilder& builder) {
  if (const toml::table* table = node.as_table()) {
    ConvertMembers(*table, builder.AddObject(parent, key, line), builder);
  } else if (const toml::array* array = node.as_array()) {
    Value* out = builder.AddArray(parent, key, line);
    for (const toml::node& item : *array) Convert(item, "", static_cast<int>(item.source().begin.line), out, builder);
  } else if (const auto* text = node.as_string()) {
    builder.AddString(parent, key, line, text->get());
  } else if (const auto* integer = node.as_integer()) {
    builder.AddInteger(parent, key, line, integer->get());
  } else if (const auto* number = node.as_floating_point()) {
    builder.AddDouble(parent, key, line, number->get());
  } else if (const auto* boolean = node.as_boolean()) {
    builder.AddBool(parent, key, line, boolean->get());
  } else if (const auto* date = node.as_date()) {
    builder.AddDate(parent, key, line, DateText(date->get()));
  } else if (const auto* time = node.as_time()) {
    builder.AddDate(parent, key, line, DateText(time->get()));
  } else if (const auto* date_time = node.as_date_time()) {
    builder.AddDate(parent, key, line, DateText(date_time->get()));
  }
}

std::string_view Remedy(std::string_view description) {
  const auto has = [&](std::string_view word) { return description.find(word) != std::string_view::npos; };
  if (has("redefine")) return "a key is set and a [section] opened only once; merge the two";
  if (has("utf-8") || has("UTF-8")) return "save the file as UTF-8";
  if (has("escape")) return "double the backslash, or put the text in single quotes";
  if (has("boolean")) return "write true or false, in lower case";
  if (has("string")) return "close the string with the quote that opened it";
  if (has("key-value") || has("key")) return "write it as: name = value";
  if (has("value")) return "texts need quotes, true and false are lower case";
  return "correct this line";
}

}  // namespace

absl::StatusOr<Document> ParseToml(std::string_view text, std::string_view file, const DocumentLimits& limits) {
  text = SkipByteOrderMark(text);
  if (const std::optional<Scan::Flaw> flaw = Scan(text, limits.nesting_depth_max).FindFlaw()) {
    return absl::InvalidArgumentError(StrCat(file, ":", PlaceOf(text, flaw->at), ": ", flaw->what));
  }
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    const toml::parse_error& error = result.error();
    const toml::source_position at = error.source().begin;
    return absl::InvalidArgumentError(StrCat(file, ":", std::max<int>(1, static_cast<int>(at.line)), ":",
                                             std::max<int>(1, static_cast<int>(at.column)), ": ", error.description(), "; ",
                                             Remedy(error.description())));
  }
  DocumentBuilder builder;
  ConvertMembers(result.table(), builder.root(), builder);
  return builder.Finish();
}

}  // namespace edge::config
