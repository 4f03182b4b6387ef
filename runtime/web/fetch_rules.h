// The rules of fetch() that need neither JavaScript nor a connection: which addresses it takes, and what a redirect makes of a request
// (Fetch standard section 4.4, as workerd reads it).
#ifndef EDGE_RUNTIME_WEB_FETCH_RULES_H_
#define EDGE_RUNTIME_WEB_FETCH_RULES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/web/host.h"

namespace edge::web {

// How many redirects one fetch() follows.
inline constexpr int kRedirectsMax = 20;

// Where a request goes: to a server, or to another worker or object, which are asked without a connection.
enum class Destination : uint8_t { kNetwork, kTarget };

// kInvalidArgument with the text for the worker: this is not an address that fetch() can ask.
absl::Status CheckFetchUrl(std::string_view url, Destination destination = Destination::kNetwork);
// What the receiver of a request sees of its address: no credentials and no fragment.
std::string VisibleUrl(std::string_view url);

// True if a response with this status has no body by definition.
bool IsNullBodyStatus(int status);

// True if a response with this status is not the answer when it has a Location.
bool IsRedirectStatus(int status);
// Makes `request` the one that a redirect to `location` asks for. kInvalidArgument with the text for the worker: it cannot be followed, and
// `request` is of no more use.
absl::Status FollowRedirect(int status, std::string_view location, FetchRequest& request, Destination destination = Destination::kNetwork);

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_FETCH_RULES_H_
