#include "runtime/os/stack_overflow.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <cstddef>

#include "runtime/base/check.h"

namespace edge {
namespace {

// A signal handler has no other way to what it reports on.
const Scheduler* reported = nullptr;
alignas(16) char handler_stack[32 << 10];

// At least the guard's size; addresses this close below a stack belong to no other.
constexpr ptrdiff_t kGuardReach = 16 << 10;

void Say(const char* text) { (void)!write(STDERR_FILENO, text, strlen(text)); }

void OnFault(int signal, siginfo_t* info, void*) {
  const char* const address = static_cast<const char*>(info->si_addr);
  const char* const low = reported != nullptr ? reported->CurrentStack().low : nullptr;
  if (low != nullptr && address < low && address >= low - kGuardReach) {
    Say("stack overflow: fiber \"");
    Say(reported->CurrentLabel());
    Say("\" used up its stack\n");
  }
  // The instruction runs again and faults with the usual effect.
  ::signal(signal, SIG_DFL);
}

}  // namespace

StackOverflowReport::StackOverflowReport(const Scheduler& scheduler) {
  EDGE_CHECK(reported == nullptr) << "one StackOverflowReport at a time";
  reported = &scheduler;
  const stack_t stack{.ss_sp = handler_stack, .ss_flags = 0, .ss_size = sizeof(handler_stack)};
  EDGE_CHECK(sigaltstack(&stack, nullptr) == 0);
  struct sigaction action {};
  action.sa_sigaction = &OnFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  EDGE_CHECK(sigaction(SIGSEGV, &action, nullptr) == 0);
}

StackOverflowReport::~StackOverflowReport() {
  signal(SIGSEGV, SIG_DFL);
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
  reported = nullptr;
}

}  // namespace edge
