// FindRoutes: what to ask an application that has neither a scenario nor a recording.
//
// Routers are told their routes by strings, and hand-written handlers compare the path with strings. Both are found in the script's tokens:
//
//   app.get("/users/:id", ...)   .on(["PUT"], ["/a", "/b"], ...)   app.route("/api", sub)   new Hono().basePath("/v1")   Router({base:
//   "/x"}) pathname === "/x" && method === "POST"   case "/x":   pathname.startsWith("/x/")   new URLPattern({pathname: "/x/:id"})
//
// A guess: a string that is none of these is not found, and one that looks like a route but is none costs some requests with 404, which
// the report of a simulation names.
#ifndef EDGE_SIM_SCENARIO_ROUTES_H_
#define EDGE_SIM_SCENARIO_ROUTES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace edge::sim {

struct RouteGuess {
  std::string method;   // empty: any, or not known; then no other guess has the same path
  std::string path;     // a request target: parameters have example values
  std::string pattern;  // as written, with what it is mounted under: "/api/users/:id"
  std::string where;    // "line 123 of the script"
};

inline constexpr size_t kRoutesMax = 64;

// At most kRoutesMax, in the order in which they stand in the script, each method and path once. Linear in the script; never fails.
std::vector<RouteGuess> FindRoutes(std::string_view script);

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_ROUTES_H_
