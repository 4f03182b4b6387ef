// Between UTF-8 (the outside) and CESU-8 (the engine's strings).
//
// The engine keeps a string as its UTF-16 code units, each encoded like a character of UTF-8. So the two forms differ in two ways only: a
// character above U+FFFF is one sequence of four bytes outside and a pair of three-byte surrogates inside, and a surrogate without
// its partner exists inside only. Text without either, nearly all text, is the same bytes in both forms.
#ifndef EDGE_RUNTIME_JS_UTF8_H_
#define EDGE_RUNTIME_JS_UTF8_H_

#include <cstddef>
#include <string_view>

namespace edge::js {

// The length of the longest beginning of `bytes` that is valid UTF-8 without characters above U+FFFF: the same in both forms.
size_t PlainPrefix(std::string_view bytes);

// Any bytes to CESU-8; what is not UTF-8 becomes U+FFFD, one for each maximal part of a character, as the WHATWG decoder does.
size_t Cesu8Size(std::string_view bytes);
void ConvertToCesu8(std::string_view bytes, char* out);  // writes Cesu8Size bytes

// Whether an engine string differs from its UTF-8.
bool HasSurrogates(std::string_view cesu8);
// An engine string to UTF-8; lone surrogates become U+FFFD.
size_t Utf8Size(std::string_view cesu8);
void ConvertToUtf8(std::string_view cesu8, char* out);  // writes Utf8Size bytes

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_UTF8_H_
