#include "runtime/regexp/flags.h"

#include "absl/strings/str_cat.h"

namespace edge::regexp {

namespace {

struct Letter {
  char letter;
  bool Flags::*field;
};

constexpr Letter kLetters[] = {
    {'d', &Flags::has_indices}, {'g', &Flags::global},  {'i', &Flags::ignore_case},  {'m', &Flags::multiline},
    {'s', &Flags::dot_all},     {'u', &Flags::unicode}, {'v', &Flags::unicode_sets}, {'y', &Flags::sticky},
};

}  // namespace

absl::StatusOr<Flags> ParseFlags(std::string_view text) {
  Flags flags;
  for (const char c : text) {
    bool accepted = false;
    for (const Letter& letter : kLetters) {
      if (letter.letter != c || flags.*letter.field) continue;
      flags.*letter.field = true;
      accepted = true;
    }
    if (!accepted)
      return absl::InvalidArgumentError(absl::StrCat("Invalid flags supplied to RegExp constructor '", std::string(text), "'"));
  }
  if (flags.unicode && flags.unicode_sets) {
    return absl::InvalidArgumentError(absl::StrCat("Invalid flags supplied to RegExp constructor '", std::string(text), "'"));
  }
  return flags;
}

std::string FlagsToString(const Flags& flags) {
  std::string text;
  for (const Letter& letter : kLetters) {
    if (flags.*letter.field) text.push_back(letter.letter);
  }
  return text;
}

}  // namespace edge::regexp
