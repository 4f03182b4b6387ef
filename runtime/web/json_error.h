// What is wrong with a text that is not JSON, in the words that workers know from other runtimes: the engine's parser only says where.
#ifndef EDGE_RUNTIME_WEB_JSON_ERROR_H_
#define EDGE_RUNTIME_WEB_JSON_ERROR_H_

#include <string>
#include <string_view>

namespace edge::web {

// The message of the SyntaxError for `text` (UTF-8); empty if it is valid JSON after all. Positions count UTF-16 units. Time and memory are
// linear.
std::string JsonErrorText(std::string_view text);

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_JSON_ERROR_H_
