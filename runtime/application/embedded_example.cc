#include "runtime/application/embedded_example.h"

// Made by tools/embed.sh.
extern "C" {
extern const char edge_embedded_example_code_begin[];
extern const char edge_embedded_example_code_end[];
extern const char edge_embedded_example_map_begin[];
extern const char edge_embedded_example_map_end[];
}

namespace edge::cli {

EmbeddedExample GetEmbeddedExample() {
  return {std::string_view(edge_embedded_example_code_begin,
                           static_cast<size_t>(edge_embedded_example_code_end - edge_embedded_example_code_begin)),
          std::string_view(edge_embedded_example_map_begin,
                           static_cast<size_t>(edge_embedded_example_map_end - edge_embedded_example_map_begin))};
}

}  // namespace edge::cli
