// What a parity test needs of a world: the seams, and a way to run a fiber in it.
//
// Each *_parity.h holds the one test body of its seam as a typed suite over a world type; os_parity_test.cc instantiates them all for the
// machine, the simulation's test does it for the simulated seams. A world is made fresh for each test. It is any class with
//
//   Scheduler& scheduler();   const Clock& clock();      Network& network();  Disk& disk();   // the disk is empty; relative paths work
//   Random& random();         Process& process();        ReadyOrder& order(); Adversary& adversary();
//   void Run(absl::AnyInvocable<void()> body);   // runs `body` as a fiber and everything it starts to the end; callable again
//   static constexpr const char* kLoopback;      // an address that Listen and Connect accept
//
// The bodies may only use what the seams promise: they run in virtual time as well, under any order, with no faults injected.
#ifndef EDGE_TESTS_PARITY_WORLD_H_
#define EDGE_TESTS_PARITY_WORLD_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "net/network.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/fiber/deadline.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/seam/adversary.h"
#include "runtime/seam/process.h"
#include "runtime/seam/random.h"
#include "storage/disk.h"

namespace edge::parity {

template <typename World>
class Parity : public ::testing::Test {
 protected:
  void Run(absl::AnyInvocable<void()> body) { world_.Run(std::move(body)); }
  void Spawn(absl::AnyInvocable<void()> body) { EDGE_CHECK_OK(scheduler().Spawn("parity", std::move(body))); }
  Scheduler& scheduler() { return world_.scheduler(); }
  // Long enough never to pass where it must not, also on a busy machine.
  Instant Patience() { return DeadlineIn(scheduler(), Duration::Seconds(30)); }
  Instant Shortly() { return DeadlineIn(scheduler(), Duration::Milliseconds(20)); }

  World world_;
};

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_WORLD_H_
