#include "runtime/os/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>

#include "runtime/base/check.h"
#include "runtime/fiber/deadline.h"
#include "runtime/fiber/task_group.h"
#include "runtime/seam/ready_order.h"

namespace edge {
namespace {

class OsProcessTest : public ::testing::Test {
 protected:
  absl::StatusOr<ChildResult> Spawn(const ChildOptions& options) {
    absl::StatusOr<ChildResult> result;
    Run([&] { result = process_.Spawn(options, DeadlineIn(scheduler_, Duration::Seconds(20))); });
    return result;
  }
  absl::StatusOr<ChildResult> Shell(const std::string& script) { return Spawn({.arguments = {"sh", "-c", script}}); }
  void Run(absl::AnyInvocable<void()> body) {
    EDGE_CHECK_OK(scheduler_.Spawn("test", std::move(body)));
    scheduler_.Run();
  }

  OsClock clock_;
  EpollLoop loop_{clock_};
  FifoOrder order_;
  Scheduler scheduler_{clock_, order_, loop_};
  OsProcess process_{loop_, scheduler_};
};

TEST_F(OsProcessTest, CollectsOutputErrorsAndExitCode) {
  const auto result = Shell("echo out; echo err >&2; exit 7");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
}

TEST_F(OsProcessTest, FeedsInputLargerThanAPipe) {
  const std::string input(3 << 20, 'i');
  const auto result = Spawn({.arguments = {"cat"}, .input = input});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->out == input);
}

TEST_F(OsProcessTest, AChildNeedNotReadItsInput) {
  const auto result = Spawn({.arguments = {"true"}, .input = std::string(3 << 20, 'i')});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 0);
}

TEST_F(OsProcessTest, GivesItDirectoryAndEnvironment) {
  setenv("EDGE_TEST_KEPT", "kept", 1);
  setenv("EDGE_TEST_CHANGED", "old", 1);
  const auto result = Spawn({.arguments = {"sh", "-c", "pwd; echo $EDGE_TEST_KEPT $EDGE_TEST_CHANGED $EDGE_TEST_NEW"},
                             .working_directory = "/usr",
                             .environment = {"EDGE_TEST_CHANGED=changed", "EDGE_TEST_NEW=new"}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->out, "/usr\nkept changed new\n");
  EXPECT_EQ(process_.Environment("EDGE_TEST_KEPT"), "kept");
}

TEST_F(OsProcessTest, SaysWhyItCannotRun) {
  EXPECT_TRUE(absl::IsNotFound(Spawn({.arguments = {"/no/such/program"}}).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(Spawn({.arguments = {"/etc/passwd"}}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Spawn({.arguments = {"true"}, .working_directory = "/no/such/folder"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Spawn({}).status()));
}

TEST_F(OsProcessTest, ReportsASignalAsShellsDo) {
  const auto result = Shell("kill -TERM $$");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 128 + SIGTERM);
}

TEST_F(OsProcessTest, KillsItWithItsChildrenAtTheDeadline) {
  const std::string mark = ::testing::TempDir() + "edge_survivor";
  std::filesystem::remove(mark);
  Run([&] {
    const auto result = process_.Spawn({.arguments = {"sh", "-c", "(sleep 0.3; touch " + mark + ") & sleep 100"}},
                                       DeadlineIn(scheduler_, Duration::Milliseconds(50)));
    EXPECT_TRUE(absl::IsDeadlineExceeded(result.status())) << result.status();
    EXPECT_TRUE(scheduler_.SleepFor(Duration::Milliseconds(500)).ok());
  });
  EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST_F(OsProcessTest, KillsItWhenCancelled) {
  Run([&] {
    TaskGroup group(scheduler_);
    absl::Status status;
    EDGE_CHECK_OK(group.Spawn("child", [&] { status = process_.Spawn({.arguments = {"sleep", "100"}}, Instant::Infinite()).status(); }));
    EXPECT_TRUE(scheduler_.Yield().ok());
    group.Cancel();
    group.Wait();
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  });
}

TEST_F(OsProcessTest, BoundsItsOutput) {
  const auto result = Spawn({.arguments = {"yes"}, .output_bytes_max = 100'000});
  EXPECT_TRUE(absl::IsResourceExhausted(result.status())) << result.status();
}

TEST_F(OsProcessTest, AGrandchildThatKeepsTheOutputOpenIsNotWaitedFor) {
  const auto result = Shell("echo done; sleep 30 &");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->out, "done\n");
}

TEST_F(OsProcessTest, ChildrenGetTheirSignalsThoughTheLoopHasThem) {
  ASSERT_TRUE(loop_.OnSignal(SIGTERM, [] {}).ok());
  const auto result = Shell("kill -TERM $$; echo survived");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 128 + SIGTERM);
  EXPECT_EQ(result->out, "");
}

TEST_F(OsProcessTest, StandsWhereTheUserStands) {
  setenv("BUILD_WORKING_DIRECTORY", "/usr/share", 1);
  EXPECT_EQ(OsProcess(loop_, scheduler_).Self().working_directory, "/usr/share");
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(OsProcess(loop_, scheduler_).Self().working_directory, std::filesystem::current_path().string());
  EXPECT_TRUE(std::filesystem::exists(process_.Self().executable));
}

TEST_F(OsProcessTest, ExitHasItsCode) { EXPECT_EXIT(process_.Exit(3), ::testing::ExitedWithCode(3), ""); }

}  // namespace
}  // namespace edge
