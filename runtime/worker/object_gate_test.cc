// What an object lets in and out: critical sections, transactions, calls, outgoing requests, streams.
#include <gtest/gtest.h>

#include <utility>

#include "runtime/worker/testing/object_world.h"

namespace edge::worker {
namespace {

// Every request goes to the one object; METHODS are members of its class.
std::string Worker(std::string_view methods) {
  return std::string(R"(
    var DurableObject = modules['cloudflare:workers'].DurableObject;
    exports.Counter = function (ctx, env) { DurableObject.call(this, ctx, env); if (this.begin) this.begin(); };
    exports.Counter.prototype = Object.create(DurableObject.prototype);
    exports['default'] = { fetch: function (request, env) { return env.COUNTER.getByName('a').fetch(request); } };
    function sleep(ms) { return new Promise(function (resolve) { setTimeout(resolve, ms); }); }
    var methods = {)") +
         std::string(methods) + R"(};
    Object.keys(methods).forEach(function (name) { exports.Counter.prototype[name] = methods[name]; });
  )";
}

TEST(ObjectGate, BlockConcurrencyWhileInTheConstructorComesBeforeAllEvents) {
  ObjectWorld world(Worker(R"(
    begin: function () {
      var self = this;
      this.said = 'nothing';
      this.ctx.blockConcurrencyWhile(function () {
        return self.ctx.storage.get('x').then(function () { return sleep(1000); }).then(function () { self.said = 'ready'; });
      });
    },
    fetch: function () { return new Response(this.said); }
  )"));
  world.Run([&] {
    const Instant before = world.clock().Now();
    EXPECT_EQ(world.Get("/"), "ready");
    EXPECT_GE(world.clock().Now() - before, Duration::Seconds(1));
  });
}

TEST(ObjectGate, ASectionThatFailsResetsTheObject) {
  ObjectWorld world(Worker(R"(
    begin: function () { this.n = 0; },
    fetch: function (request) {
      if (request.url.indexOf('bad') < 0) return new Response(String(++this.n));
      return this.ctx.blockConcurrencyWhile(function () { throw new RangeError('out'); });
    }
  )"));
  world.Run([&] {
    EXPECT_EQ(world.Get("/"), "1");
    EXPECT_EQ(world.Get("/bad"), "!RangeError: out");
    EXPECT_EQ(world.Get("/"), "1");
  });
}

TEST(ObjectGate, ASectionThatTakesTooLongResetsTheObject) {
  ObjectWorld world(Worker(R"(
    fetch: function (request) {
      if (request.url.indexOf('bad') < 0) return new Response('fine');
      return this.ctx.blockConcurrencyWhile(function () { return new Promise(function () {}); });
    }
  )"));
  world.Run([&] {
    EXPECT_EQ(world.Get("/bad"),
              "!Error: A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable "
              "Object was reset.");
    EXPECT_EQ(world.Get("/"), "fine");
  });
}

TEST(ObjectGate, ATransactionKeepsOthersOutAndMayFetch) {
  ObjectWorld world(Worker(R"(
    fetch: function (request) {
      var storage = this.ctx.storage;
      return storage.transaction(function (txn) {
        return txn.get('n').then(function (n) {
          return fetch('http://bank/').then(function () { return txn.put('n', (n || 0) + 1); }).then(function () { return txn.get('n'); });
        });
      }).then(function (n) { return new Response(String(n)); });
    }
  )"));
  world.origin().answer = [&](const http::ClientRequest&, http::RequestBody*) -> absl::StatusOr<OriginReply> {
    world.Sleep(Duration::Milliseconds(50));
    return OriginReply{.fields = {}, .pieces = {"ok"}, .length = 2};
  };
  std::vector<std::string> answers(5);
  world.Run([&] {
    TaskGroup clients(world.scheduler());
    for (std::string& answer : answers) world.GetIn(clients, "/", &answer);
    clients.Wait();
    EXPECT_EQ(world.Get("/"), "6");
  });
}

TEST(ObjectGate, AnOutgoingRequestWaitsForWhatWasWrittenBefore) {
  ObjectWorld world(Worker(R"(
    fetch: function () {
      this.ctx.storage.put('told', true);
      return fetch('http://bank/').then(function () { return new Response('told'); });
    }
  )"));
  world.origin().answer = [](const http::ClientRequest&, http::RequestBody*) -> absl::StatusOr<OriginReply> {
    return OriginReply{.fields = {}, .pieces = {"ok"}, .length = 2};
  };
  world.Run([&] {
    Event disk(world.scheduler());
    world.disk().before_sync = [&] { return disk.Wait(); };
    std::string answer;
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/", &answer);
    world.Sleep(Duration::Seconds(1));
    EXPECT_TRUE(world.origin().requests.empty());
    disk.Set();
    clients.Wait();
    EXPECT_EQ(answer, "told");
    EXPECT_EQ(world.origin().requests.size(), 1u);
  });
}

TEST(ObjectGate, AllowUnconfirmedAnswersAtOnceAndSyncWaits) {
  ObjectWorld world(Worker(R"(
    fetch: function (request) {
      var storage = this.ctx.storage;
      storage.put('n', this.n = (this.n || 0) + 1, { allowUnconfirmed: true });
      if (request.url.indexOf('sync') < 0) return new Response('soon');
      return storage.sync().then(function () { return new Response('safe'); });
    }
  )"));
  world.Run([&] {
    EXPECT_EQ(world.Get("/"), "soon");
    Event disk(world.scheduler());
    world.disk().before_sync = [&] { return disk.Wait(); };
    EXPECT_EQ(world.Get("/"), "soon");
    std::string answer;
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/sync", &answer);
    world.Sleep(Duration::Seconds(1));
    EXPECT_EQ(answer, "");
    disk.Set();
    clients.Wait();
    EXPECT_EQ(answer, "safe");
  });
}

TEST(ObjectGate, ANewInstanceDoesNotShowWhatTheOldOneHasNotMadeDurable) {
  ObjectWorld world(Worker(R"(
    fetch: function (request) {
      var self = this, storage = this.ctx.storage;
      if (request.url.indexOf('write') >= 0) {
        storage.put('n', 1);
        return sleep(10).then(function () { self.ctx.abort('gone'); });
      }
      return storage.get('n').then(function (n) { return new Response(String(n)); });
    }
  )"));
  world.Run([&] {
    EXPECT_EQ(world.Get("/read"), "undefined");
    Event disk(world.scheduler());
    world.disk().before_sync = [&] { return disk.Wait(); };
    EXPECT_EQ(world.Get("/write"), "!Error: gone");
    std::string answer;
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/read", &answer);
    world.Sleep(Duration::Seconds(1));
    EXPECT_EQ(answer, "") << "the write is committed, and not durable yet";
    disk.Set();
    clients.Wait();
    EXPECT_EQ(answer, "1");
  });
}

TEST(ObjectGate, APieceOfAStreamWaitsForWhatWasWrittenBefore) {
  ObjectWorld world(std::string(Worker(R"(
    read: function () {
      var storage = this.ctx.storage, n = 0;
      return new ReadableStream({ type: 'bytes', pull: function (controller) {
        if (n++ === 1) return controller.close();
        storage.put('given', true);
        controller.enqueue(new TextEncoder().encode('piece'));
      } }, { highWaterMark: 0 });
    }
  )")) + R"(
    exports['default'] = { fetch: function (request, env) {
      return env.COUNTER.getByName('a').read().then(function (stream) { return stream.getReader().read(); }).then(function (piece) {
        return new Response(new TextDecoder().decode(piece.value));
      }, function (error) { return new Response('lost'); });
    } };
  )");
  world.Run([&] {
    Event disk(world.scheduler());
    absl::Status outcome;
    world.disk().before_sync = [&] {
      const absl::Status waited = disk.Wait();
      return waited.ok() ? std::exchange(outcome, absl::OkStatus()) : waited;  // fails once
    };
    std::string answer;
    TaskGroup clients(world.scheduler());
    world.GetIn(clients, "/", &answer);
    world.Sleep(Duration::Seconds(1));
    EXPECT_EQ(answer, "") << "the write is not durable yet";
    outcome = absl::InternalError("the disk is broken");
    disk.Set();
    clients.Wait();
    EXPECT_EQ(answer, "lost");
  });
}

TEST(ObjectGate, StreamsBothWays) {
  ObjectWorld world(std::string(Worker(R"(
    fetch: function (request) {
      var reader = request.body.getReader(), encoder = new TextEncoder(), decoder = new TextDecoder(), storage = this.ctx.storage, n = 0;
      return new Response(new ReadableStream({ pull: function (controller) {
        return reader.read().then(function (piece) {
          if (piece.done) return controller.close();
          storage.put('pieces', ++n);
          controller.enqueue(encoder.encode(decoder.decode(piece.value).toUpperCase()));
        });
      } }));
    }
  )")) + R"(
    exports['default'] = { fetch: function (request, env) {
      var encoder = new TextEncoder(), n = 0;
      var body = new ReadableStream({ pull: function (controller) {
        if (n++ === 3) controller.close(); else controller.enqueue(encoder.encode('piece' + n + ' '));
      } });
      return env.COUNTER.getByName('a').fetch('http://object/', { method: 'POST', body: body });
    } };
  )");
  world.Run([&] { EXPECT_EQ(world.Get("/"), "PIECE1 PIECE2 PIECE3 "); });
}

TEST(ObjectGate, CallsReachMethodsAndErrorsComeBack) {
  ObjectWorld world(Worker(R"(
    add: function (a, b) { return this.ctx.storage.put('sum', a + b).then(function () { return { sum: a + b, list: [1, 'x'] }; }); },
    fail: function () { throw new RangeError('too much'); },
    nested: function () { return this.env.COUNTER.getByName('b').add(20, 22); }
  )") + R"(
    exports['default'] = { fetch: function (request, env) {
      var stub = env.COUNTER.getByName('a');
      return stub.add(1, 2).then(function (result) {
        return stub.fail().then(null, function (error) {
          return stub.nested().then(function (nested) {
            return stub.missing().then(null, function (missing) {
              return new Response([JSON.stringify(result), error.name, error.message, error.remote, nested.sum, missing.message].join('|'));
            });
          });
        });
      });
    } };
  )");
  world.Run([&] {
    EXPECT_EQ(world.Get("/"),
              "{\"sum\":3,\"list\":[1,\"x\"]}|RangeError|too much|true|42|The RPC receiver does not implement the method \"missing\".");
    EXPECT_EQ(world.objects().live(), 2u);
  });
}

TEST(ObjectGate, CallsOnOneStubArriveInOrder) {
  ObjectWorld world(Worker(R"(
    begin: function () { this.list = []; },
    push: function (x) { this.list.push(x); },
    all: function () { return this.list.join(''); }
  )") + R"(
    exports['default'] = { fetch: function (request, env) {
      var stub = env.COUNTER.getByName('a');
      for (var i = 0; i < 10; i++) stub.push(i);
      return stub.all().then(function (all) { return new Response(all); });
    } };
  )");
  int n = 0;
  world.adversary().answer = [&](std::string_view point, uint64_t) {
    return point == "stub.call" && n++ == 3 ? MischiefChoice{Mischief::kDelay, Duration::Milliseconds(100)} : MischiefChoice{};
  };
  world.Run([&] { EXPECT_EQ(world.Get("/"), "0123456789"); });
}

TEST(ObjectGate, AFunctionTravelsAndIsCalledBack) {
  ObjectWorld world(Worker(R"(
    each: function (f) { return f(1).then(function (a) { return f(2).then(function (b) { return a + b; }); }); },
    counter: function () { var n = 0; return { next: function () { return ++n; } }; }
  )") + R"(
    exports['default'] = { fetch: function (request, env) {
      var stub = env.COUNTER.getByName('a'), seen = [];
      return stub.each(function (x) { seen.push(x); return x * 10; }).then(function (sum) {
        return stub.counter().then(function (counter) {
          return counter.next().then(function () { return counter.next(); }).then(function (n) {
            return new Response(seen.join(',') + ' ' + sum + ' ' + n);
          });
        });
      });
    } };
  )");
  world.Run([&] { EXPECT_EQ(world.Get("/"), "1,2 30 2"); });
}

}  // namespace
}  // namespace edge::worker
