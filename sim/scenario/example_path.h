// ExamplePath: a request target that a route pattern matches: "/users/:id{[0-9]+}/*" becomes "/users/1/1".
#ifndef EDGE_SIM_SCENARIO_EXAMPLE_PATH_H_
#define EDGE_SIM_SCENARIO_EXAMPLE_PATH_H_

#include <string>
#include <string_view>

namespace edge::sim {

// Understands what the usual routers do: :name, :name?, :name+, :name{regex}, :name(regex), {name}, * and **. Always begins with "/" and
// can stand in a request line; empty if nothing sensible comes out (too long).
std::string ExamplePath(std::string_view pattern);

// A short text that the regular expression matches, or "1" if it is beyond the simple ones (classes, escapes, groups, quantifiers).
std::string ExampleOfRegexp(std::string_view regexp);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_EXAMPLE_PATH_H_
