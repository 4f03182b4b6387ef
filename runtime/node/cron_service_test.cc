#include "runtime/node/cron_service.h"

#include <gtest/gtest.h>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/worker/testing/object_world.h"

namespace edge {
namespace {

using worker::ObjectWorld;
using worker::Outcome;

// The world's clock begins at 2023-11-14 22:13:21.
constexpr int64_t kMinute = 28'333'333;  // 22:13, since 1970
WallTime Minute(int64_t minutes) { return WallTime::FromUnixMilliseconds((kMinute + minutes) * 60'000); }

struct Watcher final : CronObserver {
  std::vector<std::string> said;  // "+ */5 2": started what was due 2 minutes after the beginning; "- */5 2 exception"
  bool early = false;
  void OnWatched(std::string_view, std::string_view, WallTime, WallTime) override {}
  void OnStarted(std::string_view, std::string_view cron, WallTime scheduled, WallTime now) override {
    early = early || now < scheduled;
    said.push_back(StrCat("+ ", cron.substr(0, cron.find(' ')), " ", scheduled.ToUnixSeconds() / 60 - kMinute));
  }
  void OnEnded(std::string_view, std::string_view cron, WallTime scheduled, Outcome outcome) override {
    said.push_back(StrCat("- ", cron.substr(0, cron.find(' ')), " ", scheduled.ToUnixSeconds() / 60 - kMinute,
                          outcome == Outcome::kOk ? "" : " failed"));
  }
  std::string Take() {
    std::string all;
    for (const std::string& one : said) StrAppend(&all, all.empty() ? "" : ", ", one);
    said.clear();
    return all;
  }
};

struct CronWorld {
  explicit CronWorld(std::string_view scheduled, std::vector<std::string> crons = {"*/5 * * * *"})
      : world(StrCat(R"(
          var log = [];
          exports.Counter = function () {};
          function sleep(ms) { return new Promise(function (resolve) { setTimeout(resolve, ms); }); }
          exports['default'] = {
            fetch: function () { return new Response(log.join()); },
            scheduled: function (controller, env, ctx) { )",
                     scheduled, "} };")) {
    world.ChangeCode([&](worker::WorkerCode& code) { code.crons = crons; });
  }
  // A life of the process.
  void Live(absl::FunctionRef<void(CronService& cron)> body) {
    world.Run([&] {
      CronService cron(world.worker(), world.store(), &watcher);
      EDGE_CHECK_OK(cron.Start());
      body(cron);
      cron.Stop(world.clock().Now() + Duration::Seconds(stop_s));
    });
  }
  int64_t stop_s = 30;
  ObjectWorld world;
  Watcher watcher;
};

TEST(CronService, StartsWhatIsDueAndTellsTheHandlerWhichAndWhen) {
  CronWorld cron("log.push(controller.cron, controller.scheduledTime, controller.type, typeof ctx.waitUntil, typeof env.COUNTER);",
                 {"*/5 * * * *", "16 22 * * *"});
  cron.Live([&](CronService&) {
    cron.world.Sleep(Duration::Seconds(98));
    EXPECT_EQ(cron.watcher.Take(), "");
    cron.world.Sleep(Duration::Seconds(3));
    EXPECT_EQ(cron.watcher.Take(), "+ */5 2, - */5 2");
    EXPECT_EQ(cron.world.Get("/"), StrCat("*/5 * * * *,", Minute(2).ToUnixMilliseconds(), ",scheduled,function,object"));
    cron.world.Sleep(Duration::Seconds(60 * 10));
    EXPECT_EQ(cron.watcher.Take(), "+ 16 3, - 16 3, + */5 7, - */5 7, + */5 12, - */5 12");
    EXPECT_FALSE(cron.watcher.early);
  });
}

TEST(CronService, RunsMayOverlapAndWaitUntilIsPartOfARun) {
  CronWorld cron("ctx.waitUntil(sleep(400000)); return sleep(60000);");
  cron.Live([&](CronService&) {
    cron.world.Sleep(Duration::Seconds(100 + 300 + 90));
    EXPECT_EQ(cron.watcher.Take(), "+ */5 2, + */5 7");
    cron.world.Sleep(Duration::Seconds(20));
    EXPECT_EQ(cron.watcher.Take(), "- */5 2");
    cron.stop_s = 1000;
  });
  EXPECT_EQ(cron.watcher.Take(), "- */5 7");
}

TEST(CronService, TheFirstFailureOfHandlerAndWaitUntilIsTheOutcome) {
  CronWorld cron(
      "if (controller.cron[0] === '*') throw new RangeError('no'); ctx.waitUntil(sleep(10).then(function () { throw new Error('later'); "
      "}));",
      {"*/5 * * * *", "16 * * * *"});
  cron.Live([&](CronService& service) {
    cron.world.Sleep(Duration::Seconds(170));
    EXPECT_EQ(cron.watcher.Take(), "+ */5 2, - */5 2 failed, + 16 3, - 16 3 failed");
    EXPECT_EQ(service.RunNow("16 * * * *", std::nullopt)->failure.message, "Error: later");
    EXPECT_EQ(service.RunNow("*/5 * * * *", Minute(0))->failure.message, "RangeError: no");
    EXPECT_TRUE(service.RunNow("*/5 * * * *", Minute(0))->retry);
    EXPECT_EQ(service.RunNow("", std::nullopt).status().message(),
              "test has several cron expressions; name one: \"*/5 * * * *\", \"16 * * * *\"");
    EXPECT_EQ(service.RunNow("1 * * * *", std::nullopt).status().message(), "test has no cron expression \"1 * * * *\"");
  });
}

TEST(CronService, NoRetryIsHeard) {
  CronWorld cron("controller.noRetry(); throw new Error('x');");
  cron.Live([&](CronService& service) { EXPECT_FALSE(service.RunNow("", std::nullopt)->retry); });
}

TEST(CronService, ARunEndsAfterFifteenMinutes) {
  CronWorld cron("return sleep(3600000);", {"15 * * * *"});
  cron.Live([&](CronService&) {
    cron.world.Sleep(Duration::Seconds(100 + 15 * 60 - 3));
    EXPECT_EQ(cron.watcher.Take(), "+ 15 2");
    cron.world.Sleep(Duration::Seconds(4));
    EXPECT_EQ(cron.watcher.Take(), "- 15 2 failed");
  });
}

TEST(CronService, ARestartDoublesNothingAndRunsTheLatestOfWhatWasMissedOnce) {
  CronWorld cron("log.push(1);");
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(100)); });
  EXPECT_EQ(cron.watcher.Take(), "+ */5 2, - */5 2");
  // At once: nothing was missed.
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(60)); });
  EXPECT_EQ(cron.watcher.Take(), "");
  // After 17 minutes, 7 and 12 and 17 and 22 have been missed.
  cron.world.clock().Advance(Duration::Seconds(60 * 20));
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(60 * 3)); });
  EXPECT_EQ(cron.watcher.Take(), "+ */5 22, - */5 22");
  // After years.
  cron.world.clock().Advance(Duration::Seconds(int64_t{86400} * 365 * 3));
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(1)); });
  EXPECT_EQ(cron.watcher.said.size(), 2u);
  EXPECT_FALSE(cron.watcher.early);
}

TEST(CronService, ThePlantedDoubleStartRunsTheLastAgain) {
  CronWorld cron("log.push(1);");
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(100)); });
  EXPECT_EQ(cron.watcher.Take(), "+ */5 2, - */5 2");
  cron.world.plants().cron_double_start = true;
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(1)); });
  EXPECT_EQ(cron.watcher.Take(), "+ */5 2, - */5 2");
}

TEST(CronService, AnExpressionThatIsNewBeginsNow) {
  CronWorld cron("log.push(1);");
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(10)); });
  cron.world.ChangeCode([](worker::WorkerCode& code) { code.crons = {"*/3 * * * *"}; });
  cron.world.clock().Advance(Duration::Seconds(60 * 20));
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(10)); });
  EXPECT_EQ(cron.watcher.Take(), "");
}

TEST(CronService, ARunThatTheEndOfTheProcessCutOffIsSaidAndNotRunAgain) {
  CronWorld cron("return sleep(60000);");
  cron.stop_s = 0;
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(101)); });
  EXPECT_EQ(cron.watcher.Take(), "+ */5 2, - */5 2 failed");
  cron.Live([&](CronService&) { cron.world.Sleep(Duration::Seconds(1)); });
  EXPECT_EQ(cron.watcher.Take(), "");
}

TEST(CronService, ALateStartIsStillOfItsTime) {
  CronWorld cron("log.push(controller.scheduledTime);");
  cron.world.adversary().answer = [](std::string_view point, uint64_t) {
    return point == "cron.late" ? MischiefChoice{Mischief::kDelay, Duration::Seconds(40)} : MischiefChoice{};
  };
  cron.Live([&](CronService&) {
    cron.world.Sleep(Duration::Seconds(130));
    EXPECT_EQ(cron.watcher.Take(), "");
    cron.world.Sleep(Duration::Seconds(20));
    EXPECT_EQ(cron.watcher.Take(), "+ */5 2, - */5 2");
    EXPECT_EQ(cron.world.Get("/"), StrCat(Minute(2).ToUnixMilliseconds()));
  });
}

TEST(CronService, AClaimThatIsNotDurableIsTriedAgainAndRunsOnce) {
  CronWorld cron("log.push(1);");
  cron.Live([&](CronService&) {
    cron.world.Sleep(Duration::Seconds(90));
    int left = 1;
    cron.world.disk().before_sync = [&left] { return left-- > 0 ? absl::DataLossError("EIO") : absl::OkStatus(); };
    cron.world.Sleep(Duration::Seconds(20));
    EXPECT_EQ(cron.watcher.Take(), "+ */5 2, - */5 2");
    EXPECT_EQ(cron.world.Get("/"), "1");
  });
}

}  // namespace
}  // namespace edge
