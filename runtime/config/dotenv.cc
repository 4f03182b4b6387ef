#include "runtime/config/dotenv.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "runtime/base/str_cat.h"
#include "runtime/config/document.h"

namespace edge::config {

namespace {

bool IsNameCharacter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }

// Every line end becomes a single \n.
std::string NormalizeLineEnds(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (i + 1 >= text.size() || text[i + 1] != '\n') {
      out += '\n';
    }
  }
  return out;
}

// The length of the UTF-8 sequence at the start of `text`; 0 if it is malformed (overlong forms and surrogates included).
size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  absl::StatusOr<std::vector<DotenvEntry>> Run() {
    CheckUtf8();
    while (at_ < text_.size()) ReadLine();
    if (!errors_.empty()) return absl::InvalidArgumentError(errors_);
    return KeepLast();
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\n'; }
  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }
  void SkipLine() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    if (at_ < text_.size()) ++at_;
    ++line_;
  }
  void Fail(int line, std::string_view what) { StrAppend(&errors_, errors_.empty() ? "" : "\n", file_, ":", line, ": ", what); }

  void CheckUtf8() {
    int line = 1;
    for (size_t i = 0; i < text_.size();) {
      const size_t length = Utf8SequenceLength(text_.substr(i));
      if (length == 0) {
        Fail(line, "this is not UTF-8 text; save the file as UTF-8");
        at_ = text_.size();
        return;
      }
      if (text_[i] == '\n') ++line;
      i += length;
    }
  }

  void ReadLine() {
    SkipBlanks();
    if (Peek() == '\n' || Peek() == '#') return SkipLine();
    DotenvEntry entry{.line = line_};
    entry.name = ReadName();
    if (entry.name == "export" && IsBlank(Peek())) {
      SkipBlanks();
      if (IsNameCharacter(Peek())) entry.name = ReadName();
    }
    SkipBlanks();
    const bool colon = Peek() == ':' && at_ + 1 < text_.size() && IsBlank(text_[at_ + 1]);  // NAME: value
    if (entry.name.empty() || (Peek() != '=' && !colon)) {
      Fail(line_, "expected NAME=value; start the line with # if it is a comment");
      return SkipLine();
    }
    ++at_;
    SkipBlanks();
    const char quote = Peek();
    const bool accepted = quote == '"' || quote == '\'' || quote == '`' ? ReadQuoted(quote, entry.value) : ReadPlain(entry.value);
    if (accepted) entries_.push_back(std::move(entry));
    SkipLine();
  }

  std::string ReadName() {
    const size_t start = at_;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  bool ReadPlain(std::string& value) {
    const size_t start = at_;
    while (Peek() != '\n' && Peek() != '#') ++at_;
    value = std::string(absl::StripAsciiWhitespace(ToAbsl(text_.substr(start, at_ - start))));
    return true;
  }

  // A quote with a backslash before it does not close the text, unless no other one can: dotenv's pattern takes the last quote that is
  // followed by nothing but a comment, up to the first one without a backslash. Backslashes stay in the text.
  bool ReadQuoted(char quote, std::string& value) {
    const size_t start = ++at_;
    std::vector<size_t> candidates;
    for (size_t i = start; i < text_.size(); ++i) {
      if (text_[i] != quote) continue;
      candidates.push_back(i);
      if (i == start || text_[i - 1] != '\\') break;
    }
    for (auto it = candidates.rbegin(); it != candidates.rend(); ++it) {
      at_ = *it + 1;
      SkipBlanks();
      if (Peek() != '\n' && Peek() != '#') continue;
      const std::string_view inner = text_.substr(start, *it - start);
      line_ += static_cast<int>(std::count(inner.begin(), inner.end(), '\n'));
      value = quote == '"' ? ExpandEscapes(inner) : std::string(inner);
      return true;
    }
    at_ = start;  // the lines below are entries of their own again
    if (candidates.empty()) {
      Fail(line_, StrCat("the quote ", std::string(1, quote), " is never closed; close it, or remove it"));
    } else {
      Fail(line_, "text after the closing quote; put all of the value in quotes");
    }
    return false;
  }

  static std::string ExpandEscapes(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == 'r')) {
        out += text[++i] == 'n' ? '\n' : '\r';
      } else {
        out += text[i];
      }
    }
    return out;
  }

  std::vector<DotenvEntry> KeepLast() {
    std::map<std::string, size_t> last;  // by name, the index of its last entry
    for (size_t i = 0; i < entries_.size(); ++i) last[entries_[i].name] = i;
    std::vector<DotenvEntry> out;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (last[entries_[i].name] == i) out.push_back(std::move(entries_[i]));
    }
    return out;
  }

  const std::string_view text_;
  const std::string_view file_;
  size_t at_ = 0;
  int line_ = 1;
  std::vector<DotenvEntry> entries_;
  std::string errors_;
};

}  // namespace

absl::StatusOr<std::vector<DotenvEntry>> ParseDotenv(std::string_view text, std::string_view file) {
  const std::string normalized = NormalizeLineEnds(SkipByteOrderMark(text));
  return Parser(normalized, file).Run();
}

}  // namespace edge::config
