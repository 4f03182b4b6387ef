// Host parsing and serialisation: domains, IPv4 and IPv6 addresses, opaque hosts.
#ifndef EDGE_RUNTIME_URL_HOST_H_
#define EDGE_RUNTIME_URL_HOST_H_

#include <string>
#include <string_view>

namespace edge::url {

// What a host that is no [IPv6 address] is read as: URLs with a special scheme have domains and IPv4 addresses, others opaque hosts.
enum class HostKind { kDomain, kOpaque };

// Parses `input` and appends the serialized host to `*out`. Returns false where the host is invalid; `*out` then holds its old text
// and possibly more, which the caller discards. An empty opaque host is valid, an empty domain is not.
// REQUIRES: `input` does not point into `*out`.
bool AppendHost(std::string_view input, HostKind kind, std::string* out);

}  // namespace edge::url

#endif  // EDGE_RUNTIME_URL_HOST_H_
