#include "sim/scenario/script_tokens.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace edge::sim {
namespace {

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c == '#' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// After these words an expression begins: a slash is a regular expression.
bool BeginsExpression(std::string_view word) {
  constexpr std::array<std::string_view, 14> kWords = {"return", "typeof", "case", "in", "of",    "delete", "void",
                                                       "throw",  "new",    "else", "do", "yield", "await",  "instanceof"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}
// What stands in parentheses after these is a condition: a statement follows.
bool TakesCondition(std::string_view word) { return word == "if" || word == "while" || word == "for" || word == "with"; }

class Tokenizer {
 public:
  Tokenizer(std::string_view script, size_t tokens_max) : script_(script), tokens_max_(tokens_max) {}

  std::vector<ScriptToken> Run() {
    while (at_ < script_.size() && tokens_.size() < tokens_max_) Next();
    return std::move(tokens_);
  }

 private:
  using Kind = ScriptToken::Kind;

  char Peek(size_t ahead = 0) const { return at_ + ahead < script_.size() ? script_[at_ + ahead] : '\0'; }

  void Add(Kind kind, size_t begin) { tokens_.push_back({.kind = kind, .text = script_.substr(begin, at_ - begin), .offset = begin}); }

  void Next() {
    const char c = Peek();
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at_;
    } else if (c == '/' && Peek(1) == '/') {
      at_ = std::min(script_.find('\n', at_), script_.size());
    } else if (c == '/' && Peek(1) == '*') {
      const size_t end = script_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? script_.size() : end + 2;
    } else if (c == '"' || c == '\'') {
      String(c);
    } else if (c == '`') {
      const size_t begin = at_++;
      Template(begin);
    } else if (c == '/' && SlashBeginsRegexp()) {
      Regexp();
    } else if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) {
      const size_t begin = at_++;
      while (IsWordByte(Peek()) || (Peek() == '.' && IsDigit(Peek(1)))) ++at_;
      Add(Kind::kOther, begin);
    } else if (IsWordByte(c)) {
      const size_t begin = at_;
      while (at_ < script_.size() && IsWordByte(script_[at_])) ++at_;
      Add(Kind::kWord, begin);
    } else {
      Punctuator(c);
    }
  }

  // To the closing quote, or to the end of the line where there is none.
  void String(char quote) {
    const size_t begin = at_++;
    while (at_ < script_.size()) {
      const char c = script_[at_];
      if (c == '\n') return;  // malformed: no token
      if (c == '\\') {
        at_ = std::min(at_ + 2, script_.size());
        continue;
      }
      ++at_;
      if (c == quote) return Add(Kind::kString, begin);
    }
  }

  // From behind the backtick, or behind the brace that ends a substitution, to the next one of either.
  void Template(size_t begin) {
    while (at_ < script_.size()) {
      const char c = script_[at_];
      if (c == '\\') {
        at_ = std::min(at_ + 2, script_.size());
        continue;
      }
      if (c == '$' && Peek(1) == '{') {
        at_ += 2;
        Add(Kind::kOther, begin);
        braces_.push_back(Brace::kSubstitution);
        return;
      }
      ++at_;
      if (c == '`') return Add(script_[begin] == '`' ? Kind::kString : Kind::kOther, begin);
    }
  }

  bool SlashBeginsRegexp() const {
    if (tokens_.empty()) return true;
    const ScriptToken& last = tokens_.back();
    switch (last.kind) {
      case Kind::kWord:
        return BeginsExpression(last.text);
      case Kind::kString:
        return false;
      case Kind::kOther:
        return last.text.ends_with("${");
      case Kind::kPunctuator:
        break;
    }
    if (last.text == ")") return condition_closed_;
    return last.text != "]" && last.text != "}" && last.text != "++" && last.text != "--";
  }

  void Regexp() {
    const size_t begin = at_++;
    bool in_class = false;
    while (at_ < script_.size()) {
      const char c = script_[at_];
      if (c == '\n') {
        // No regular expression after all.
        at_ = begin + 1;
        return Add(Kind::kPunctuator, begin);
      }
      if (c == '\\') {
        at_ = std::min(at_ + 2, script_.size());
        continue;
      }
      ++at_;
      if (c == '[') in_class = true;
      if (c == ']') in_class = false;
      if (c != '/' || in_class) continue;
      while (IsWordByte(Peek())) ++at_;
      return Add(Kind::kOther, begin);
    }
  }

  void Punctuator(char c) {
    const size_t begin = at_++;
    switch (c) {
      case '(':
        conditions_.push_back(!tokens_.empty() && tokens_.back().kind == Kind::kWord && TakesCondition(tokens_.back().text));
        break;
      case ')':
        condition_closed_ = !conditions_.empty() && conditions_.back();
        if (!conditions_.empty()) conditions_.pop_back();
        break;
      case '{':
        braces_.push_back(Brace::kBlock);
        break;
      case '}': {
        const bool substitution = !braces_.empty() && braces_.back() == Brace::kSubstitution;
        if (!braces_.empty()) braces_.pop_back();
        if (substitution) return Template(begin);
        break;
      }
      default:
        for (const std::string_view longer : {"===", "!==", "==", "!=", "=>", "&&", "||", "++", "--", "?."}) {
          if (!script_.substr(begin).starts_with(longer)) continue;
          at_ = begin + longer.size();
          break;
        }
    }
    Add(Kind::kPunctuator, begin);
  }

  enum class Brace : uint8_t { kBlock, kSubstitution };

  const std::string_view script_;
  const size_t tokens_max_;
  size_t at_ = 0;
  std::vector<ScriptToken> tokens_;
  std::vector<Brace> braces_;
  std::vector<bool> conditions_;  // for each open parenthesis
  bool condition_closed_ = false;
};

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18 & 0x07));
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Takes `digits` hexadecimal digits from the front of `text`; false: there are none.
bool TakeHex(std::string_view& text, size_t digits, uint32_t& code) {
  if (text.size() < digits || digits == 0) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, code, 16);
  if (error != std::errc() || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

}  // namespace

std::vector<ScriptToken> Tokenize(std::string_view script, size_t tokens_max) { return Tokenizer(script, tokens_max).Run(); }

std::string StringValue(const ScriptToken& string) {
  std::string value;
  if (string.text.size() < 2) return value;
  std::string_view left = string.text.substr(1, string.text.size() - 2);
  while (!left.empty()) {
    const char c = left[0];
    left.remove_prefix(1);
    if (c != '\\' || left.empty()) {
      value += c;
      continue;
    }
    const char escape = left[0];
    left.remove_prefix(1);
    uint32_t code = 0;
    switch (escape) {
      case 'n':
        value += '\n';
        break;
      case 't':
        value += '\t';
        break;
      case 'r':
        value += '\r';
        break;
      case '\n':
        break;  // the line goes on
      case 'x':
        if (TakeHex(left, 2, code)) AppendUtf8(code, value);
        break;
      case 'u':
        if (left.starts_with('{')) {
          left.remove_prefix(1);
          const size_t close = left.find('}');
          if (close == std::string_view::npos || close > 6 || !TakeHex(left, close, code)) break;
          left.remove_prefix(1);
          AppendUtf8(code, value);
        } else if (TakeHex(left, 4, code)) {
          AppendUtf8(code, value);
        }
        break;
      default:
        value += escape;
    }
  }
  return value;
}

}  // namespace edge::sim
