#include "runtime/web/json_error.h"

#include <cstddef>
#include <vector>

namespace edge::web {
namespace {

constexpr size_t kContextCharacters = 10;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Walks the text as a JSON parser does and stops at the first fault.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::string Scan() {
    // One entry for each open array or object, so that depth costs no stack.
    std::vector<char> open;
    for (;;) {
      if (!ScanValueStart(open)) return error_;
      // A value has ended; what may follow depends on what it is in.
      for (;;) {
        SkipSpace();
        if (open.empty()) return AtEnd() ? std::string() : At("Unexpected non-whitespace character after JSON at position ");
        if (open.back() == '[') {
          if (Take(',')) break;
          if (!Take(']')) return At("Expected ',' or ']' after array element in JSON at position ");
        } else {
          if (Take(',')) {
            SkipSpace();
            if (!ScanName("Expected double-quoted property name in JSON at position ")) return error_;
            break;
          }
          if (!Take('}')) return At("Expected ',' or '}' after property value in JSON at position ");
        }
        open.pop_back();
      }
    }
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  bool Is(char c) const { return !AtEnd() && text_[at_] == c; }
  bool Take(char c) {
    if (!Is(c)) return false;
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (!AtEnd() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }

  // Scans up to the end of a value without parts, or to the first such value inside. False: error_ is set.
  bool ScanValueStart(std::vector<char>& open) {
    for (;;) {
      SkipSpace();
      if (Take('[')) {
        SkipSpace();
        if (Take(']')) return true;
        open.push_back('[');
        continue;
      }
      if (Take('{')) {
        SkipSpace();
        if (Take('}')) return true;
        open.push_back('{');
        if (!ScanName("Expected property name or '}' in JSON at position ")) return false;
        continue;
      }
      if (Is('"')) return ScanString();
      if (Is('-') || (!AtEnd() && IsDigit(text_[at_]))) return ScanNumber();
      if (Is('t')) return ScanWord("true");
      if (Is('f')) return ScanWord("false");
      if (Is('n')) return ScanWord("null");
      return Fail(Unexpected());
    }
  }

  bool ScanName(const char* expected) {
    if (!Is('"')) return Fail(At(expected));
    if (!ScanString()) return false;
    SkipSpace();
    if (!Take(':')) return Fail(At("Expected ':' after property name in JSON at position "));
    return true;
  }

  bool ScanWord(std::string_view word) {
    for (const char c : word) {
      if (!Take(c)) return Fail(Unexpected());
    }
    return true;
  }

  bool ScanString() {
    ++at_;
    for (;;) {
      if (AtEnd()) return Fail(At("Unterminated string in JSON at position "));
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return Fail(At("Bad control character in string literal in JSON at position "));
      ++at_;
      if (c == '"') return true;
      if (c != '\\') continue;
      if (AtEnd()) return Fail(At("Unterminated string in JSON at position "));
      const char escape = text_[at_];
      if (escape == 'u') {
        ++at_;
        for (int i = 0; i < 4; ++i, ++at_) {
          if (AtEnd() || !IsHexDigit(text_[at_]))
            return Fail(At(AtEnd() ? "Unterminated string in JSON at position " : "Bad Unicode escape in JSON at position "));
        }
        continue;
      }
      if (std::string_view("\"\\/bfnrt").find(escape) == std::string_view::npos)
        return Fail(At("Bad escaped character in JSON at position "));
      ++at_;
    }
  }

  bool ScanNumber() {
    if (Take('-') && (AtEnd() || !IsDigit(text_[at_]))) return Fail(At("No number after minus sign in JSON at position "));
    if (Take('0')) {
      if (!AtEnd() && IsDigit(text_[at_])) return Fail(At("Unexpected number in JSON at position "));
    } else {
      SkipDigits();
    }
    if (Take('.') && !SkipDigits()) return Fail(At("Unterminated fractional number in JSON at position "));
    if (Is('e') || Is('E')) {
      ++at_;
      if (!Take('+')) Take('-');
      if (!SkipDigits()) return Fail(At("Exponent part is missing a number in JSON at position "));
    }
    return true;
  }

  bool SkipDigits() {
    const size_t from = at_;
    while (!AtEnd() && IsDigit(text_[at_])) ++at_;
    return at_ > from;
  }

  bool Fail(std::string error) {
    error_ = std::move(error);
    return false;
  }

  // The place where the scanner stands, in UTF-16 units, with line and column.
  std::string At(const char* what) const {
    size_t position = 0, line = 1, column = 1;
    for (size_t i = 0; i < at_; ++i) {
      if (IsContinuation(text_[i])) continue;
      const size_t units = static_cast<unsigned char>(text_[i]) >= 0xf0 ? 2 : 1;
      position += units;
      column += units;
      if (text_[i] == '\n' || (text_[i] == '\r' && !(i + 1 < text_.size() && text_[i + 1] == '\n'))) {
        ++line;
        column = 1;
      }
    }
    return what + std::to_string(position) + " (line " + std::to_string(line) + " column " + std::to_string(column) + ")";
  }

  // A character where no value can begin.
  std::string Unexpected() const {
    if (AtEnd()) return "Unexpected end of JSON input";
    if (text_[at_] == '"') return At("Unexpected string in JSON at position ");
    if (IsDigit(text_[at_]) || text_[at_] == '-') return At("Unexpected number in JSON at position ");
    if (text_ == "NaN" || text_ == "Infinity" || text_ == "undefined" || text_ == "[object Object]")
      return Quoted(text_) + " is not valid JSON";
    // Whole characters before and after, as many as are shown.
    size_t from = at_, to = at_, before = 0, after = 0;
    while (from > 0 && before < kContextCharacters) {
      do --from;
      while (from > 0 && IsContinuation(text_[from]));
      ++before;
    }
    while (to < text_.size() && after < kContextCharacters) {
      do ++to;
      while (to < text_.size() && IsContinuation(text_[to]));
      ++after;
    }
    size_t length = 0;
    for (size_t i = 0; i < text_.size() && length <= 2 * kContextCharacters; ++i) length += IsContinuation(text_[i]) ? 0 : 1;
    size_t next = at_ + 1;
    while (next < text_.size() && IsContinuation(text_[next])) ++next;
    const std::string token = "Unexpected token '" + std::string(text_.substr(at_, next - at_)) + "', ";
    if (length <= 2 * kContextCharacters) return token + Quoted(text_) + " is not valid JSON";
    const bool cut_before = before >= kContextCharacters, cut_after = to < text_.size();
    if (!cut_before) return token + Quoted(text_.substr(0, to)) + "... is not valid JSON";
    return token + "..." + Quoted(text_.substr(from, to - from)) + (cut_after ? "..." : "") + " is not valid JSON";
  }

  static std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

  std::string_view text_;
  size_t at_ = 0;
  std::string error_;
};

}  // namespace

std::string JsonErrorText(std::string_view text) { return Scanner(text).Scan(); }

}  // namespace edge::web
