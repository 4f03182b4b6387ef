// SHA-256 as lower-case hexadecimal, the form in which bundles name their parts.
#ifndef EDGE_RUNTIME_BUNDLE_SHA256_H_
#define EDGE_RUNTIME_BUNDLE_SHA256_H_

#include <string>
#include <string_view>

namespace edge::bundle {

std::string Sha256Hex(std::string_view data);

}  // namespace edge::bundle

#endif  // EDGE_RUNTIME_BUNDLE_SHA256_H_
