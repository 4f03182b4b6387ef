// Between the engine's CESU-8 (each UTF-16 code unit as one to three bytes) and UTF-16.
#ifndef EDGE_RUNTIME_JS_LANGUAGE_UTF16_H_
#define EDGE_RUNTIME_JS_LANGUAGE_UTF16_H_

#include <string>
#include <string_view>

namespace edge::js::language {

std::u16string ToUtf16(std::string_view cesu8);
std::string ToCesu8(std::u16string_view utf16);

}  // namespace edge::js::language

#endif  // EDGE_RUNTIME_JS_LANGUAGE_UTF16_H_
