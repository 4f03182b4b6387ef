// ScriptTokens: JavaScript text as tokens, as far as one must know it to find strings and what stands around them.
//
// Strings, template literals, comments and regular expressions are told apart, so that what looks like code inside of them is none. It is
// no parser: whether a slash divides or begins a regular expression is decided by the token before, as is usual, and may be wrong in rare
// places; whatever is malformed ends at its line, and reading goes on. Linear in the text; never fails.
#ifndef EDGE_SIM_SCENARIO_SCRIPT_TOKENS_H_
#define EDGE_SIM_SCENARIO_SCRIPT_TOKENS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edge::sim {

struct ScriptToken {
  enum class Kind : uint8_t {
    kWord,    // an identifier or a keyword
    kString,  // also a template literal without ${}
    kOther,   // a number, a regular expression, a piece of a template literal
    kPunctuator,
  } kind = Kind::kPunctuator;
  std::string_view text;  // as written, with quotes; of the script
  size_t offset = 0;

  bool Is(std::string_view punctuator) const { return kind == Kind::kPunctuator && text == punctuator; }
  bool IsWord(std::string_view word) const { return kind == Kind::kWord && text == word; }
};

// The tokens hold views of `script`. Beyond `tokens_max` the rest of the script is left out.
std::vector<ScriptToken> Tokenize(std::string_view script, size_t tokens_max = 20'000'000);

// What a string literal's text says. Escapes of code points become UTF-8.
std::string StringValue(const ScriptToken& string);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_SCRIPT_TOKENS_H_
