#include "sim/report/json_text.h"

#include <cstdio>

#include "runtime/base/str_cat.h"
#include "sim/report/text.h"

namespace edge::sim {

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  const std::string valid = ValidUtf8(text);
  for (size_t i = 0; i < valid.size(); ++i) {
    const auto c = static_cast<unsigned char>(valid[i]);
    const std::string_view rest = std::string_view(valid).substr(i);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7F || c == '<' || c == '>' || c == '&') {
      char buffer[8];
      std::snprintf(buffer, sizeof(buffer), "\\u%04x", c);
      out += buffer;
    } else if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
      out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

std::string JsonInteger(int64_t number) {
  constexpr int64_t kExact = int64_t{1} << 53;
  return number >= -kExact && number <= kExact ? StrCat(number) : StrCat("\"", number, "\"");
}

}  // namespace edge::sim
