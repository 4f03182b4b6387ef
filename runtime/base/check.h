// EDGE_CHECK: a check of our own invariants that stays on in production.
//
// A failed check is a bug in edge, never something that user code or a peer can cause (that is a Status). It prints the condition,
// the place, the message and the context lines of the running world (node, seed, virtual time), then aborts.
//
//   EDGE_CHECK(head <= tail) << "ring of " << capacity;
#ifndef EDGE_RUNTIME_BASE_CHECK_H_
#define EDGE_RUNTIME_BASE_CHECK_H_

#include <sstream>
#include <string>

namespace edge {

namespace check_internal {

// Collects the message of one failed check and aborts in its destructor.
class CheckFailure {
 public:
  CheckFailure(const char* condition, const char* file, int line);
  [[noreturn]] ~CheckFailure();
  std::ostream& stream() { return message_; }

 private:
  std::ostringstream message_;
};

struct Voidify {
  void operator&(std::ostream&) {}
};

}  // namespace check_internal

// Sets a function that a failed check calls for more context (seed, node, virtual time). One per process, for crash reports alone:
// nothing may read it back.
void SetCheckContext(std::string (*context)());

}  // namespace edge

#define EDGE_CHECK(condition)                       \
  __builtin_expect(static_cast<bool>(condition), 1) \
      ? (void)0                                     \
      : ::edge::check_internal::Voidify() & ::edge::check_internal::CheckFailure(#condition, __FILE__, __LINE__).stream()

#define EDGE_CHECK_OK(expression)                                       \
  do {                                                                  \
    const auto& edge_check_status = (expression);                       \
    EDGE_CHECK(edge_check_status.ok()) << edge_check_status.ToString(); \
  } while (false)

#endif  // EDGE_RUNTIME_BASE_CHECK_H_
