// The example application (examples/chat) as a bundle inside the binary: served where there is no application.
#ifndef EDGE_RUNTIME_APPLICATION_EMBEDDED_EXAMPLE_H_
#define EDGE_RUNTIME_APPLICATION_EMBEDDED_EXAMPLE_H_

#include <string_view>

namespace edge::cli {

// Views of the binary's own data.
struct EmbeddedExample {
  std::string_view code;
  std::string_view source_map;
};

EmbeddedExample GetEmbeddedExample();

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_APPLICATION_EMBEDDED_EXAMPLE_H_
