// UTF-8 by the rules of the WHATWG decoder: what is valid, and where a piece of a stream must be cut.
#ifndef EDGE_RUNTIME_WEB_UTF8_H_
#define EDGE_RUNTIME_WEB_UTF8_H_

#include <cstddef>
#include <string_view>

namespace edge::web {

bool IsValidUtf8(std::string_view bytes);

// How many bytes at the end begin a sequence that more bytes could complete (0 to 3).
size_t IncompleteUtf8Tail(std::string_view bytes);

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_UTF8_H_
