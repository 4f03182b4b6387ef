#include "runtime/regexp/program.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/regexp/compiler.h"
#include "runtime/regexp/parser.h"

namespace edge::regexp {

namespace {

// For messages: a lone surrogate becomes U+FFFD, a very long pattern is cut.
std::string ToUtf8(std::u16string_view text) {
  constexpr size_t kMessageUnitsMax = 4096;
  text = text.substr(0, kMessageUnitsMax);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t c = text[i];
    if ((c & 0xF800) == 0xD800) {
      if ((c & 0xFC00) == 0xD800 && i + 1 < text.size() && (text[i + 1] & 0xFC00) == 0xDC00) {
        c = 0x10000 + ((c & 0x3FF) << 10) + (text[++i] & 0x3FFu);
      } else {
        c = 0xFFFD;
      }
    }
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      out.push_back(static_cast<char>(0xC0 | (c >> 6)));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
      out.push_back(static_cast<char>(0xE0 | (c >> 12)));
      out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    } else {
      out.push_back(static_cast<char>(0xF0 | (c >> 18)));
      out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    }
  }
  return out;
}

absl::Status Describe(const absl::Status& reason, std::u16string_view pattern, const Flags& flags) {
  return absl::Status(reason.code(),
                      absl::StrCat("Invalid regular expression: /", ToUtf8(pattern), "/", FlagsToString(flags), ": ", reason.message()));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Program>> Program::Compile(std::u16string_view pattern, const Flags& flags, const Limits& limits) {
  absl::StatusOr<Syntax> syntax = Parser(pattern, flags, limits).Parse();
  if (!syntax.ok()) return Describe(syntax.status(), pattern, flags);
  absl::StatusOr<Code> code = Compiler(*syntax, flags, limits).Compile();
  if (!code.ok()) return Describe(code.status(), pattern, flags);
  return std::shared_ptr<const Program>(new Program(flags, *std::move(code), std::move(syntax->names)));
}

size_t Program::ByteSize() const {
  size_t bytes = sizeof(Program) + code_.insts.size() * sizeof(Inst) + code_.loops.size() * sizeof(Loop) + code_.runs.size() * sizeof(Run) +
                 code_.group_lists.size() * sizeof(uint32_t) + code_.literals.size() * sizeof(char16_t);
  for (const CharClass& char_class : code_.classes) bytes += sizeof(CharClass) + char_class.high().size() * sizeof(CharRange);
  for (const NamedGroup& group : group_names_)
    bytes += sizeof(NamedGroup) + group.name.size() * 2 + group.indices.size() * sizeof(uint32_t);
  return bytes;
}

}  // namespace edge::regexp
