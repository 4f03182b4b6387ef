#include "sim/machine/sim_process.h"

#include <gtest/gtest.h>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/virtual_time.h"

namespace edge::sim {
namespace {

TEST(SimProcess, EndsItsIncarnationOnce) {
  VirtualWorld world;
  Domain domain(world.scheduler, "node");
  const EnvironmentVariables environment = {{"MODE", "test"}};
  std::vector<int> codes;
  SimProcess process({.name = "node", .incarnation = 3}, environment, &domain, [&](int code) {
    codes.push_back(code);
    domain.Crash();
  });

  EXPECT_EQ(process.Self().incarnation, 3u);
  EXPECT_EQ(process.Environment("MODE"), "test");
  EXPECT_EQ(process.Environment("NONE"), std::nullopt);
  process.Exit(3);
  process.Exit(4);

  EXPECT_EQ(codes, std::vector<int>{3});
  EXPECT_TRUE(IsCrashed(process.Spawn({.arguments = {"node"}}, Instant::Infinite()).status()));
}

TEST(SimProcess, HasNoPrograms) {
  const EnvironmentVariables environment;
  SimProcess process({}, environment, nullptr, nullptr);

  const absl::Status status = process.Spawn({.arguments = {"node"}}, Instant::Infinite()).status();

  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(status.message(), "node: no such program: a simulated machine has none");
  EXPECT_TRUE(absl::IsInvalidArgument(process.Spawn({}, Instant::Infinite()).status()));
}

}  // namespace
}  // namespace edge::sim
