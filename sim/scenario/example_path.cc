#include "sim/scenario/example_path.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/str_format.h"

namespace edge::sim {
namespace {

constexpr size_t kPathBytesMax = 512;
constexpr size_t kRepeatsMax = 64;
constexpr int kDepthMax = 16;
constexpr char kAny[] = "1";

bool IsNameByte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// Makes one example of a regular expression while reading it. Anything unusual makes it give up.
class Exampler {
 public:
  explicit Exampler(std::string_view regexp) : left_(regexp) {}

  std::optional<std::string> Run() {
    if (left_.starts_with('^')) left_.remove_prefix(1);
    std::optional<std::string> example = Alternatives(0);
    if (!example.has_value() || !left_.empty()) return std::nullopt;
    return example;
  }

 private:
  // The first of those that are separated by bars; the others are read all the same.
  std::optional<std::string> Alternatives(int depth) {
    if (depth > kDepthMax) return std::nullopt;
    std::optional<std::string> first = Sequence(depth);
    while (first.has_value() && left_.starts_with('|')) {
      left_.remove_prefix(1);
      if (!Sequence(depth).has_value()) return std::nullopt;
    }
    return first;
  }

  std::optional<std::string> Sequence(int depth) {
    std::string out;
    while (!left_.empty() && left_[0] != '|' && left_[0] != ')') {
      if (left_ == "$") {
        left_.remove_prefix(1);
        break;
      }
      const std::optional<std::string> atom = Atom(depth);
      const std::optional<size_t> times = atom.has_value() ? Times() : std::nullopt;
      if (!times.has_value() || out.size() + atom->size() * *times > kPathBytesMax) return std::nullopt;
      for (size_t i = 0; i < *times; ++i) out += *atom;
    }
    return out;
  }

  std::optional<std::string> Atom(int depth) {
    const char c = left_[0];
    left_.remove_prefix(1);
    switch (c) {
      case '(': {
        if (left_.starts_with("?:")) {
          left_.remove_prefix(2);
        } else if (left_.starts_with('?')) {
          return std::nullopt;  // looks around, names
        }
        std::optional<std::string> inner = Alternatives(depth + 1);
        if (!left_.starts_with(')')) return std::nullopt;
        left_.remove_prefix(1);
        return inner;
      }
      case '[':
        return Class();
      case '\\':
        return Escape();
      case '.':
        return "a";
      case '*':
      case '+':
      case '?':
      case '{':
      case '^':
      case '$':
        return std::nullopt;
      default:
        return std::string(1, c);
    }
  }

  std::optional<std::string> Escape() {
    if (left_.empty()) return std::nullopt;
    const char c = left_[0];
    left_.remove_prefix(1);
    if (c == 'd') return "1";
    if (c == 'w') return "a";
    if (c == 's' || c == 'S' || c == 'D' || c == 'W') return c == 's' ? " " : "a";
    if (IsNameByte(c)) return std::nullopt;  // \b, \u, a back reference ...
    return std::string(1, c);
  }

  // The first member of a class; of a negated one something it does not name.
  std::optional<std::string> Class() {
    const bool negated = left_.starts_with('^');
    if (negated) left_.remove_prefix(1);
    std::string members;
    std::optional<std::string> first;
    while (!left_.empty() && left_[0] != ']') {
      std::optional<std::string> member;
      if (left_[0] == '\\') {
        left_.remove_prefix(1);
        member = Escape();
      } else {
        member = std::string(1, left_[0]);
        left_.remove_prefix(1);
      }
      if (!member.has_value()) return std::nullopt;
      if (!first.has_value()) first = member == "0" && left_.starts_with("-9") ? "1" : member;
      members += *member;
    }
    if (!left_.starts_with(']')) return std::nullopt;
    left_.remove_prefix(1);
    if (!negated) return first;
    for (const char c : {'a', '1', '_', '-'}) {
      if (members.find(c) == std::string::npos) return std::string(1, c);
    }
    return std::nullopt;
  }

  // How often what stands before is repeated.
  std::optional<size_t> Times() {
    size_t times = 1;
    if (left_.empty()) return times;
    if (left_[0] == '{') {
      left_.remove_prefix(1);
      const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), times);
      const size_t close = left_.find('}');
      if (error != std::errc() || close == std::string_view::npos || times > kRepeatsMax) return std::nullopt;
      left_.remove_prefix(close + 1);
    } else if (left_[0] == '*' || left_[0] == '+' || left_[0] == '?') {
      left_.remove_prefix(1);
    } else {
      return times;
    }
    if (left_.starts_with('?')) left_.remove_prefix(1);  // not greedy
    return times;
  }

  std::string_view left_;
};

// The end of the bracket that opens at the beginning of `text`, or npos. Brackets inside classes and behind backslashes do not count.
size_t ClosingOf(std::string_view text, char open, char close) {
  size_t depth = 0;
  bool in_class = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (in_class) {
      in_class = text[i] != ']';
    } else if (text[i] == '[') {
      in_class = true;
    } else if (text[i] == open) {
      ++depth;
    } else if (text[i] == close && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Takes "{...}" or "(...)" from the front: what is inside.
std::optional<std::string_view> TakeBracket(std::string_view& text) {
  if (text.empty() || (text[0] != '{' && text[0] != '(')) return std::nullopt;
  const size_t close = ClosingOf(text, text[0], text[0] == '{' ? '}' : ')');
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(1, close - 1);
  text.remove_prefix(close + 1);
  return inside;
}

void SkipModifier(std::string_view& text) {
  if (text.starts_with('?') || text.starts_with('+') || text.starts_with('*')) text.remove_prefix(1);
}

void AppendEncoded(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c > ' ' && c < 0x7f && std::string_view("\"#<>?\\^`{|}").find(c) == std::string_view::npos) {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
}

}  // namespace

std::string ExampleOfRegexp(std::string_view regexp) {
  const std::optional<std::string> example = Exampler(regexp).Run();
  return example.has_value() && !example->empty() ? *example : kAny;
}

std::string ExamplePath(std::string_view pattern) {
  if (pattern.size() > kPathBytesMax) return "";
  std::string out;
  if (!pattern.starts_with('/')) out = "/";
  while (!pattern.empty()) {
    const char c = pattern[0];
    if (c == ':' && pattern.size() > 1 && IsNameByte(pattern[1])) {
      pattern.remove_prefix(1);
      while (!pattern.empty() && IsNameByte(pattern[0])) pattern.remove_prefix(1);
      const std::optional<std::string_view> regexp = TakeBracket(pattern);
      SkipModifier(pattern);
      AppendEncoded(regexp.has_value() ? ExampleOfRegexp(*regexp) : kAny, out);
    } else if (c == '*') {
      while (pattern.starts_with('*')) pattern.remove_prefix(1);
      out += kAny;
    } else if (c == '{' || c == '(') {
      const std::optional<std::string_view> inside = TakeBracket(pattern);
      if (!inside.has_value()) return "";
      SkipModifier(pattern);
      if (c == '(') {
        AppendEncoded(ExampleOfRegexp(*inside), out);
      } else if (inside->find_first_of("/:") == std::string_view::npos) {
        out += kAny;  // {name}
      }
      // {/:name}?: a part that may be left out.
    } else {
      pattern.remove_prefix(1);
      if (c == '?' && (pattern.empty() || pattern[0] == '/')) continue;  // an optional segment
      if (c == '?') {
        out += c;
      } else {
        AppendEncoded(std::string_view(&c, 1), out);
      }
    }
    if (out.size() > kPathBytesMax) return "";
  }
  return out;
}

}  // namespace edge::sim
