// Alarms: at least once, never early, with their retries, over restarts.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/worker/testing/object_world.h"

namespace edge::worker {
namespace {

// /set/MS sets the alarm that much later; /list says when alarm() ran, with its info. FAIL: how many runs throw.
std::string Worker(int failures, std::string_view extra = "") {
  return std::string(R"(
    var failures = )") +
         std::to_string(failures) + R"(, extra = function (self, info) {)" + std::string(extra) + R"(};
    exports.Counter = function (ctx) { this.ctx = ctx; };
    exports.Counter.prototype.fetch = function (request) {
      var path = new URL(request.url).pathname.split('/'), storage = this.ctx.storage;
      if (path[1] === 'set') return storage.setAlarm(Date.now() + Number(path[2])).then(function () { return new Response('set'); });
      if (path[1] === 'delete') return storage.deleteAlarm().then(function () { return new Response('deleted'); });
      if (path[1] === 'get') return storage.getAlarm().then(function (at) { return new Response(at === null ? 'none' : String(at - Date.now())); });
      return storage.get('runs').then(function (runs) { return new Response((runs || []).join(' ')); });
    };
    exports.Counter.prototype.alarm = function (info) {
      var self = this, storage = this.ctx.storage, late = Date.now() - info.scheduledTime;
      return storage.getAlarm().then(function (at) {
        return storage.get('runs').then(function (runs) {
          runs = runs || [];
          runs.push(late + ':' + info.retryCount + (info.isRetry ? 'r' : '') + (at === null ? '' : '!'));
          return storage.put('runs', runs);
        });
      }).then(function () {
        extra(self, info);
        if (failures-- > 0) throw new Error('alarm fails');
      });
    };
    exports['default'] = { fetch: function (request, env) { return env.COUNTER.getByName('a').fetch(request); } };
  )";
}

TEST(ObjectAlarm, RunsOnceWhenItIsDue) {
  ObjectWorld world(Worker(0));
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/5000"), "set");
    EXPECT_EQ(world.Get("/get"), "5000");
    world.Sleep(Duration::Milliseconds(4999));
    EXPECT_EQ(world.Get("/list"), "");
    world.Sleep(Duration::Milliseconds(2));
    EXPECT_EQ(world.Get("/list"), "0:0");
    EXPECT_EQ(world.Get("/get"), "none");
    world.Sleep(Duration::Seconds(100));
    EXPECT_EQ(world.Get("/list"), "0:0");
  });
}

TEST(ObjectAlarm, SoManyRunAtATimeAndTheOthersAfterThem) {
  WorkerLimits limits;
  limits.alarms_max = 2;
  ObjectWorld world(R"(
    var running = 0, most = 0, done = 0;
    exports.Counter = function (ctx) { this.ctx = ctx; };
    exports.Counter.prototype.fetch = function (request) {
      if (new URL(request.url).pathname === '/list') return new Response(done + ' ' + most);
      return this.ctx.storage.setAlarm(Date.now() + 5000).then(function () { return new Response('set'); });
    };
    exports.Counter.prototype.alarm = function () {
      most = Math.max(most, ++running);
      return new Promise(function (resolve) { setTimeout(resolve, 1000); }).then(function () { running--; done++; });
    };
    exports['default'] = { fetch: function (request, env) { return env.COUNTER.getByName(new URL(request.url).pathname).fetch(request); } };
  )",
                    {"Counter"}, limits);
  world.Run([&] {
    for (const char* name : {"/a", "/b", "/c", "/d", "/e"}) EXPECT_EQ(world.Get(name), "set");
    world.Sleep(Duration::Milliseconds(6500));
    EXPECT_EQ(world.Get("/list"), "2 2");
    world.Sleep(Duration::Milliseconds(2000));
    EXPECT_EQ(world.Get("/list"), "5 2");
  });
}

TEST(ObjectAlarm, WakesAnObjectThatIsGone) {
  ObjectWorld world(Worker(0));
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/3600000"), "set");
    world.Sleep(Duration::Seconds(60));
    EXPECT_EQ(world.objects().live(), 0u);
    world.Sleep(Duration::Seconds(3600));
    EXPECT_EQ(world.Get("/list"), "0:0");
  });
}

TEST(ObjectAlarm, SurvivesARestart) {
  ObjectWorld world(Worker(0));
  world.Run([&] { EXPECT_EQ(world.Get("/set/5000"), "set"); });
  world.Run([&] {
    world.Sleep(Duration::Seconds(10));
    EXPECT_EQ(world.Get("/list"), "0:0");
  });
}

TEST(ObjectAlarm, IsTriedAgainWithGrowingPausesAndThenDropped) {
  ObjectWorld world(Worker(100));
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/0"), "set");
    world.Sleep(Duration::Seconds(1000));
    const std::string runs = world.Get("/list");
    EXPECT_EQ(std::count(runs.begin(), runs.end(), ':'), 7) << runs;
    EXPECT_TRUE(runs.starts_with("0:0 2")) << runs;
    EXPECT_NE(runs.find(":6r"), std::string::npos) << runs;
    EXPECT_EQ(world.Get("/get"), "none");
    EXPECT_TRUE(world.log().Contains("its alarm is dropped: alarm() failed 7 times"));
  });
}

TEST(ObjectAlarm, ANewAlarmSetByTheHandlerWinsAlsoWhenItThrows) {
  ObjectWorld world(Worker(1, "if (!info.isRetry && failures > 0) self.ctx.storage.setAlarm(Date.now() + 60000);"));
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/0"), "set");
    world.Sleep(Duration::Seconds(30));
    EXPECT_EQ(world.Get("/list"), "0:0");
    world.Sleep(Duration::Seconds(60));
    EXPECT_EQ(world.Get("/list"), "0:0 0:0");
  });
}

TEST(ObjectAlarm, DeletedOnesDoNotRun) {
  ObjectWorld world(Worker(0));
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/5000"), "set");
    EXPECT_EQ(world.Get("/delete"), "deleted");
    world.Sleep(Duration::Seconds(20));
    EXPECT_EQ(world.Get("/list"), "");
  });
}

TEST(ObjectAlarm, MovedOnesRunAtTheNewTime) {
  ObjectWorld world(Worker(0));
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/5000"), "set");
    EXPECT_EQ(world.Get("/set/20000"), "set");
    world.Sleep(Duration::Seconds(10));
    EXPECT_EQ(world.Get("/list"), "");
    world.Sleep(Duration::Seconds(11));
    EXPECT_EQ(world.Get("/list"), "0:0");
  });
}

TEST(ObjectAlarm, AResetDuringTheHandlerDoesNotCountAndItRunsAgain) {
  ObjectWorld world(Worker(0));
  int resets = 1;
  world.adversary().answer = [&](std::string_view point, uint64_t) {
    return point == "alarm.again" ? MischiefChoice{.kind = resets-- > 0 ? Mischief::kDuplicate : Mischief::kNothing} : MischiefChoice{};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/1000"), "set");
    world.Sleep(Duration::Seconds(10));
    EXPECT_EQ(world.Get("/list"), "0:0 2000:0") << "at least once: nobody heard of the first run's success";
  });
}

TEST(ObjectAlarm, ACommitThatIsLostWithAResetIsRunAgain) {
  ObjectWorld world(Worker(0));
  bool armed = false;
  world.adversary().answer = [&](std::string_view point, uint64_t) {
    return armed && point == "object.reset" ? (armed = false, MischiefChoice{.kind = Mischief::kFailBefore}) : MischiefChoice{};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/1000"), "set");
    armed = true;
    world.Sleep(Duration::Seconds(60));
    const std::string runs = world.Get("/list");
    EXPECT_EQ(std::count(runs.begin(), runs.end(), ':'), 1) << runs;
    EXPECT_TRUE(runs.ends_with(":0")) << "a reset is no failure of the handler: " << runs;
  });
}

TEST(ObjectAlarm, AbortWithoutRetryDropsIt) {
  ObjectWorld world(Worker(0, "self.ctx.abort('enough', { retryAlarm: false });"));
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/1000"), "set");
    world.Sleep(Duration::Seconds(100));
    EXPECT_EQ(world.Get("/get"), "none");
  });
}

TEST(ObjectAlarm, MayBeLate) {
  ObjectWorld world(Worker(0));
  world.adversary().answer = [&](std::string_view point, uint64_t) {
    return point == "alarm.late" ? MischiefChoice{Mischief::kDelay, Duration::Seconds(30)} : MischiefChoice{};
  };
  world.Run([&] {
    EXPECT_EQ(world.Get("/set/1000"), "set");
    world.Sleep(Duration::Seconds(40));
    EXPECT_EQ(world.Get("/list"), "30000:0");
  });
}

// /set sets the alarm; alarm() counts its runs and then waits for HOURS.
std::string SlowWorker(int hours) {
  return R"(
    exports.Counter = function (ctx) { this.ctx = ctx; };
    exports.Counter.prototype.fetch = function (request) {
      var what = new URL(request.url).pathname, storage = this.ctx.storage;
      if (what === '/set') return storage.setAlarm(Date.now() + 1000).then(function () { return new Response('set'); });
      return storage.get(['runs', 'done']).then(function (both) { return new Response(both.get('runs') + '/' + both.get('done')); });
    };
    exports.Counter.prototype.alarm = function (info) {
      var storage = this.ctx.storage;
      storage.put('runs', info.retryCount + 1);
      return new Promise(function (resolve) { setTimeout(resolve, )" +
         std::to_string(hours) + R"( * 3600000); }).then(function () { return storage.put('done', true); });
    };
    exports['default'] = { fetch: function (request, env) { return env.COUNTER.getByName('a').fetch(request); } };
  )";
}

TEST(ObjectAlarm, ARunThatTakesTooLongIsCutOffAndCountsAsAFailure) {
  ObjectWorld world(SlowWorker(1));
  world.Run([&] {
    EXPECT_EQ(world.Get("/set"), "set");
    world.Sleep(Duration::Seconds(14 * 60));
    EXPECT_EQ(world.Get("/list"), "1/undefined");
    world.Sleep(Duration::Seconds(2 * 60));
    EXPECT_EQ(world.Get("/list"), "2/undefined") << "tried again, and counted";
    EXPECT_TRUE(world.log().Contains("reset: alarm() took longer than it may"));
    world.Sleep(Duration::Seconds(4 * 3600));
    EXPECT_EQ(world.Get("/list"), "7/undefined") << "the first run and six retries";
    EXPECT_TRUE(world.log().Contains("its alarm is dropped: alarm() failed 7 times"));
  });
}

TEST(ObjectAlarm, ANeighboursLimitIsNoFailureOfTheAlarm) {
  WorkerLimits limits;
  limits.cpu = Duration::Milliseconds(20);
  ObjectWorld world(R"(
    exports.Counter = function (ctx) { this.ctx = ctx; };
    exports.Counter.prototype.fetch = function (request) {
      var what = new URL(request.url).pathname, storage = this.ctx.storage;
      if (what === '/spin') for (;;) {}
      if (what === '/set') return storage.setAlarm(Date.now() + 1000).then(function () { return new Response('set'); });
      return storage.get('runs').then(function (runs) { return new Response((runs || []).join(' ')); });
    };
    exports.Counter.prototype.alarm = function (info) {
      var storage = this.ctx.storage;
      return storage.get('runs').then(function (runs) {
        storage.put('runs', (runs || []).concat([info.retryCount]));
        return new Promise(function (resolve) { setTimeout(resolve, 10000); });
      });
    };
    exports['default'] = { fetch: function (request, env) {
      return env.COUNTER.getByName(new URL(request.url).pathname === '/spin' ? 'b' : 'a').fetch(request);
    } };
  )",
                    {"Counter"}, limits);
  world.Run([&] {
    EXPECT_EQ(world.Get("/set"), "set");
    world.Sleep(Duration::Seconds(5));
    EXPECT_EQ(world.Get("/spin"), "!Error: Durable Object exceeded its CPU time limit and was reset.");
    world.Sleep(Duration::Seconds(60));
    EXPECT_EQ(world.Get("/list"), "0 0") << "run again, and nothing counted against it";
  });
}

}  // namespace
}  // namespace edge::worker
