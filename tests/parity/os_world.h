// OsWorld: the machine's seams, wired as main does it, over an empty folder. For parity tests and for tests of what needs real sockets.
#ifndef EDGE_TESTS_PARITY_OS_WORLD_H_
#define EDGE_TESTS_PARITY_OS_WORLD_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <utility>

#include "net/os/network.h"
#include "runtime/base/check.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/os/blocking_pool.h"
#include "runtime/os/clock.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/os/process.h"
#include "runtime/os/random.h"
#include "runtime/seam/adversary.h"
#include "storage/os/disk.h"

namespace edge::parity {

class OsWorld {
 public:
  static constexpr const char* kLoopback = "127.0.0.1";

  OsWorld() = default;
  ~OsWorld() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  Scheduler& scheduler() { return scheduler_; }
  const Clock& clock() { return clock_; }
  Network& network() { return network_; }
  Disk& disk() { return disk_; }
  Random& random() { return random_; }
  Process& process() { return process_; }
  ReadyOrder& order() { return order_; }
  Adversary& adversary() { return adversary_; }

  void Run(absl::AnyInvocable<void()> body) {
    EDGE_CHECK_OK(scheduler_.Spawn("test", std::move(body)));
    scheduler_.Run();
  }

  EpollLoop& loop() { return loop_; }
  BlockingPool& pool() { return pool_; }
  const std::string& root() const { return root_; }

 private:
  static std::string MakeRoot() {
    std::string path = ::testing::TempDir() + "edge_XXXXXX";
    EDGE_CHECK(mkdtemp(path.data()) != nullptr) << path;
    return path;
  }

  const std::string root_ = MakeRoot();
  OsClock clock_;
  EpollLoop loop_{clock_};
  BlockingPool pool_{loop_};
  FifoOrder order_;
  NoAdversary adversary_;
  Scheduler scheduler_{clock_, order_, loop_};
  OsRandom random_;
  OsProcess process_{loop_, scheduler_};
  OsNetwork network_{loop_, scheduler_, pool_};
  OsDisk disk_{root_, scheduler_, pool_};
};

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_OS_WORLD_H_
