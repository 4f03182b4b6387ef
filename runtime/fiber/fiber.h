// Fiber: the scheduler's record of one fiber. Internal to runtime/fiber: elsewhere a Fiber* is only a name to Wake.
//
//   kNew -> kRunning -> kSuspended -> kReady -> kRunning ... -> kFinished     (kYielded in place of kReady after Yield)
//
// Invariants
//  1. A fiber is in ready_ (or its paused domain's list) iff kNew or kReady, in yielded_ iff kYielded, armed in the timer heap only if
//  kSuspended.
//  2. It has a stack iff it has run and not finished: a burst of new fibers that end at once shares one warm stack.
//  3. `doom` only ever rises; a doomed fiber suspends only shielded (to wait for its own members or a helper thread).
#ifndef EDGE_RUNTIME_FIBER_FIBER_H_
#define EDGE_RUNTIME_FIBER_FIBER_H_

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "runtime/fiber/intrusive_list.h"
#include "runtime/fiber/timer_heap.h"

namespace edge {

class Domain;
struct TaskGroupState;

// What the C++ runtime keeps per thread about exceptions in flight; it has to be per fiber. Layout: Itanium C++ ABI 2.2.2.
struct ExceptionGlobals {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

class Fiber {
 public:
  enum class State : uint8_t { kNew, kReady, kYielded, kRunning, kSuspended, kFinished };
  enum class Resumed : uint8_t { kWoken, kDeadline, kDoomed };
  enum class Doom : uint8_t { kNone, kCancelled, kCrashed };

  State state = State::kNew;
  Resumed resumed = Resumed::kWoken;  // why the last suspension ended
  Doom doom = Doom::kNone;            // why every wait ends at once
  bool yielding = false;              // in Yield: a Wake is kept for the next Suspend
  bool shielded = false;              // this suspension ends by Wake alone
  bool permit = false;                // a Wake came while running: the next Suspend returns at once
  uint64_t key = 0;
  uint64_t sequence = 0;  // order of spawning; tells equal keys apart
  uint64_t cause = 0;     // what made it runnable: a name that does not depend on how often it has run
  uint64_t children = 0;  // spawned so far, for their keys
  size_t timer_index = TimerHeap::kNotArmed;

  boost::context::detail::fcontext_t context = nullptr;  // valid while suspended or ready after it
  char* stack = nullptr;
  void* fake_stack = nullptr;  // AddressSanitizer's
  ExceptionGlobals exceptions;
  absl::AnyInvocable<void()> body;

  Domain* domain = nullptr;
  TaskGroupState* group = nullptr;
  ListHook<Fiber> run_hook;     // ready, yielded, or the free list
  ListHook<Fiber> domain_hook;  // members of the domain
  ListHook<Fiber> group_hook;   // members of the task group
  char label[24] = {};          // for reports; cut to fit
};

using RunList = IntrusiveList<Fiber, &Fiber::run_hook>;
using DomainList = IntrusiveList<Fiber, &Fiber::domain_hook>;
using GroupList = IntrusiveList<Fiber, &Fiber::group_hook>;

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_FIBER_H_
