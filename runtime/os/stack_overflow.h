// A readable last word when a fiber runs out of its stack: a fault in the guard below the running fiber's stack is reported as such, by the
// fiber's label, before the process dies of it as it would have anyway.
#ifndef EDGE_RUNTIME_OS_STACK_OVERFLOW_H_
#define EDGE_RUNTIME_OS_STACK_OVERFLOW_H_

#include "runtime/fiber/scheduler.h"

namespace edge {

// For the scheduler of this process, which outlives the object. One at a time: signal handlers belong to the whole process.
class StackOverflowReport {
 public:
  explicit StackOverflowReport(const Scheduler& scheduler);
  ~StackOverflowReport();
  StackOverflowReport(const StackOverflowReport&) = delete;
  StackOverflowReport& operator=(const StackOverflowReport&) = delete;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_OS_STACK_OVERFLOW_H_
