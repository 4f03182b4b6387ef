// The library files of lib/, compiled into the binary by the build.
#ifndef EDGE_RUNTIME_WEB_LIBRARY_FILES_H_
#define EDGE_RUNTIME_WEB_LIBRARY_FILES_H_

#include <span>

namespace edge::web {

struct LibraryFile {
  const char* name;  // "events.js"
  std::span<const unsigned char> content;
};
std::span<const LibraryFile> LibraryFiles();

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_LIBRARY_FILES_H_
