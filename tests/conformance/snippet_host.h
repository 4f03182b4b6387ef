// Runs one lowered snippet in an isolate of its own.
#ifndef EDGE_TESTS_CONFORMANCE_SNIPPET_HOST_H_
#define EDGE_TESTS_CONFORMANCE_SNIPPET_HOST_H_

#include <string>

namespace edge::conformance {

// The bundle's default export is called; what its promise is fulfilled with comes back as JSON (undefined as "__undefined__"), else "threw
// ..." with the error's text. Timers fire in their order when no microtask is left.
std::string RunSnippet(const std::string& code);

}  // namespace edge::conformance

#endif  // EDGE_TESTS_CONFORMANCE_SNIPPET_HOST_H_
