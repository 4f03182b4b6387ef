// A JavaScript file of edge's own library, compiled to engine bytecode when edge is built (library.bzl) and linked into the binary.
#ifndef EDGE_RUNTIME_JS_LIBRARY_FILE_H_
#define EDGE_RUNTIME_JS_LIBRARY_FILE_H_

#include <span>
#include <string_view>

namespace edge::js {

struct LibraryFile {
  std::string_view name;                    // as in stack traces: "promise.js"
  std::span<const unsigned char> bytecode;  // for Isolate::LoadLibrary; static storage
};

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_LIBRARY_FILE_H_
