// A warm start is a cold one that takes less time: whatever ran in the isolate before, answers, logs, instruction and memory counts and the
// scheduler's turns are those of an isolate that was started from its code.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rapidcheck/gtest.h"
#include "runtime/fiber/task_group.h"
#include "runtime/worker/isolate_nursery.h"
#include "runtime/worker/testing/world.h"

namespace edge::worker {
namespace {

// At module level something of everything that has C++ state; then a scenario for each path.
constexpr char kModule[] = R"JS((function (edge) {
  var key = {}, frozen = Object.freeze({f: 1});
  var map = new Map([[1, 'one'], [key, 'object'], ['s', NaN], [-0, 'zero']]), set = new Set(['a', 'b', 'c', 'd']);
  map.delete(1);
  var mapIterator = map.entries(), setIterator = set.values(), arrayIterator = [1, 2, 3][Symbol.iterator](), textIterator = 'a\u{1F600}b'[Symbol.iterator]();
  mapIterator.next(); setIterator.next(); arrayIterator.next(); textIterator.next();
  var spent = new Set([1]).values(); spent.next(); spent.next();
  var weakMap = new WeakMap([[key, 'weak']]), weakSet = new WeakSet([frozen]), weakRef = new WeakRef(key), lost = new WeakRef({});
  var regexp = new RegExp('(\\d+)-(?<word>[a-z\u00e9]+)', 'g'), sticky = new RegExp('a', 'y');
  regexp.exec('\u00fc 12-ab'); sticky.test('aa');
  var headers = new Headers({a: '1', 'Set-Cookie': 'x=y'}), headersIterator = headers.entries();
  headers.append('b', '2'); headersIterator.next();
  var url = new URL('http://host:81/path?q=1#h'), params = url.searchParams, ownParams = new URLSearchParams('z=1&z=2');
  var request = new Request('http://x/', {method: 'POST', body: 'body', headers: headers}), response = new Response('text', {status: 201, statusText: 'made'});
  var bytesResponse = new Response(new Uint8Array([104, 105]));
  var encoder = new TextEncoder(), decoder = new TextDecoder();
  decoder.decode(new Uint8Array([0xe2, 0x82]), {stream: true});
  var resolveLater, order = [];
  var later = new Promise(function (resolve) { resolveLater = resolve; });
  later.then(function (v) { order.push('first ' + v); });
  later.then(function (v) { order.push('second ' + v); });
  later.finally(function () { order.push('finally'); });
  var fulfilled = Promise.resolve('ready').then(function (v) { return v + '!'; });
  var rejected = Promise.reject(new TypeError('handled')); rejected.catch(function () {});
  function Subclass() { return Reflect.construct(Map, [], Subclass); }
  Object.setPrototypeOf(Subclass.prototype, Map.prototype); Object.setPrototypeOf(Subclass, Map);
  var subclass = new Subclass(); subclass.set('k', 'v');
  var stream = new ReadableStream({ pull: function (c) { c.enqueue(encoder.encode('chunk ' + counter++)); if (counter > 12) c.close(); } });
  var controller = new AbortController(), target = new EventTarget(), heard = [];
  target.addEventListener('e', function () { heard.push('first'); });
  var form = new FormData(); form.append('k', 'v');
  var blob = new Blob(['bl', 'ob']);
  var counter = 10, buffer = new Uint8Array([1, 2, 3]), date = new Date(86400000), symbol = Symbol('s');
  var getter = { get twice() { return counter * 2; } };
  var big = []; for (var i = 0; i < 300; i++) big.push({ i: i, text: 'item ' + i });
  var atStart = new Error('made at start');
  // Garbage that a collection will find, so that its moment shows in the counts.
  for (var j = 0; j < 50; j++) { var a = {}, b = { a: a, m: new Map([[1, 2]]) }; a.b = b; }

  function steps(iterator) { var all = [], s; while (!(s = iterator.next()).done) all.push(String(s.value)); return all.join(); }
  function look() {
    return JSON.stringify([
      Array.from(map.entries()).map(String), steps(mapIterator), Array.from(set), steps(setIterator), steps(arrayIterator), steps(textIterator), steps(spent),
      weakMap.get(key), weakMap.get(frozen), weakSet.has(frozen), weakSet.has(key), weakRef.deref() === key, typeof lost.deref(),
      regexp.lastIndex, regexp.source, sticky.lastIndex, String(steps(headersIterator)), Array.from(headers), url.href, String(params), String(ownParams), request.method,
      Array.from(request.headers), request.bodyUsed, response.status, response.statusText, response.bodyUsed, Array.from(response.headers), Array.from(subclass), subclass instanceof Subclass,
      controller.signal.aborted, heard, Array.from(form), blob.size, counter, Array.from(buffer), date.getTime(), String(symbol), getter.twice, order,
      big.length, JSON.stringify(big[299]), Object.keys(key), Object.getOwnPropertyNames(globalThis), Object.getOwnPropertyNames(Array.prototype),
      Object.getOwnPropertyNames(Map.prototype), atStart.stack
    ]);
  }
  function text(value) { return new Response(String(value)); }
  function wait(ms) { return new Promise(function (resolve) { setTimeout(resolve, ms); }); }

  var scenarios = {
    look: function () { return text(look()); },
    change: function () {
      map.set('new', 1); map.clear(); map.set('other', {}); set.delete('b'); set.add('z'); weakMap.delete(key); weakMap.set(frozen, 2); weakSet.delete(frozen);
      weakMap.set(weakMap, weakSet); regexp.lastIndex = 5; sticky.test('b'); headers.set('a', '3'); headers.delete('b'); url.pathname = '/elsewhere'; params.append('p', 'v'); ownParams.sort();
      ownParams.delete('z'); decoder.decode(new Uint8Array([0xac]), { stream: true }); resolveLater('now'); subclass.set(1, 2); controller.abort(); target.dispatchEvent(new Event('e'));
      form.append('more', 'x'); counter = 99; buffer[0] = 200; date.setTime(5); big.length = 3; key.added = map; mapIterator.next(); setIterator.next();
      return request.text().then(function (t) { return text(t); });
    },
    poison: function () {
      Array.prototype.map = function () { return ['poisoned']; };
      Object.prototype.inherited = 'everywhere'; Map.prototype.get = null; Promise.prototype.then = undefined; Object.defineProperty(globalThis, 'leak', { value: look });
      delete globalThis.URL; globalThis.Headers = function () { throw new Error('gone'); }; String.prototype.split = function () { return []; };
      JSON.stringify = function () { return 'nothing'; }; Object.freeze(Set.prototype); Error.prepareStackTrace = 1; Symbol.prototype.toString = 0; Object.setPrototypeOf(Request.prototype, null);
      scenarios = null; map = set = weakMap = regexp = headers = url = stream = big = null;
      return text('poisoned');
    },
    leak: function (request, ctx) {
      globalThis.kept = []; for (var i = 0; i < 2000; i++) globalThis.kept.push(function () { return request; }, new Headers({ n: String(i) }), new Map([[i, i]]), new URL('http://h/' + i));
      setInterval(function () { counter++; }, 7); setTimeout(function () { globalThis.kept.push(1); }, 100000);
      ctx.waitUntil(new Promise(function () {})); ctx.waitUntil(wait(20).then(function () { counter += 1000; }));
      globalThis.reader = stream.getReader(); globalThis.reader.read();
      fulfilled.then(function () { return new Promise(function () {}); });
      return text('leaked');
    },
    hang: function () { return new Promise(function () {}); },
    loop: function () { for (;;) counter++; },
    deep: function () { function f(n) { return 1 + f(n + 1); } try { f(0); } catch (e) { return text(e.name); } },
    memory: function () { var all = []; for (;;) all.push(new Array(1000).join('x') + all.length, new Map([[all, all]]), { all: all }); },
    headersMemory: function () { var all = [], long = 'v'.repeat(900000); try { for (;;) { var h = new Headers(); h.append('n', long); all.push(h); } } catch (e) { return text(all.length + e.message); } },
    churn: function () {
      var live = [];
      for (var i = 0; i < 20000; i++) { var o = { i: i }; o.self = o; o.m = i % 10 ? null : new Map([[o, o]]); live[i % 100] = o; }
      return text(live.length);
    },
    promises: function () {
      var log = []; resolveLater(7);
      return Promise.all([1, wait(5), fulfilled, rejected.catch(function (e) { return e.message; }), Promise.race([wait(50), 'won'])]).then(function (all) {
        return Promise.allSettled([Promise.reject(new Error('no')), 2]).then(function (s) { return text(JSON.stringify([all, s, order, log])); });
      });
    },
    rejection: function () { Promise.reject(new RangeError('nobody cares')); return text('fine'); },
    throws: function () { function inner() { throw new TypeError('thrown'); } inner(); },
    stack: function () { return text(new Error('here').stack + atStart.stack); },
    stream: function () { return new Response(stream); },
    tee: function () { var both = stream.tee(); return new Response(both[1]); },
    decode: function () { return text(decoder.decode(new Uint8Array([0xac, 0x21]))); },
    timers: function () {
      var log = [];
      return Promise.all([30, 10, 20, 10].map(function (ms, i) { return wait(ms).then(function () { log.push(ms + ':' + i); }); })).then(function () { return text(log.join() + Date.now()); });
    },
    random: function () { return text([Math.random(), crypto.randomUUID(), performance.now(), Date.now()]); },
    regexps: function () {
      var all = []; for (var i = 0; i < 200; i++) all.push(new RegExp('a' + i + '(b|c)*').exec('xa' + i + 'bcb'));
      return text(JSON.stringify(all.slice(190)) + '3-abc 4-\u00e9'.replace(regexp, '<$2>') + new RegExp('(x+x+)+y').test('x'.repeat(14)));
    },
    json: function () { return Response.json({ big: big, parsed: JSON.parse(JSON.stringify(big)), clone: structuredClone(new Map([[1, new Set([date, buffer])]])).size }); },
    console: function () { console.log('map', map, headers, new Error('shown').message); return text('logged'); },
    bodies: function () { return Promise.all([response.text(), bytesResponse.arrayBuffer(), blob.text(), request.clone().text()]).then(function (all) { return text(all[0] + all[1].byteLength + all[2] + all[3]); }); },
    enumerate: function () { var all = []; for (var k in globalThis) all.push(k); for (var n in { b: 1, a: 2, 1: 3 }) all.push(n); return text(all.join()); },
    waits: function (request, ctx) { ctx.waitUntil(wait(15).then(function () { counter++; console.log('after ' + counter); })); return text(counter++); },
    code: function () { try { return text(eval('1')); } catch (e) { return text(e); } }
  };
  return { get 'default'() { return { fetch: function (request, env, ctx) { return scenarios[new URL(request.url).pathname.slice(1)](request, ctx, env); } }; } };
}))JS";

const std::vector<std::string> kScenarios = {"look",    "change",        "poison",    "leak",     "hang",      "loop",    "deep",
                                             "memory",  "headersMemory", "churn",     "promises", "rejection", "throws",  "stack",
                                             "stream",  "tee",           "decode",    "timers",   "random",    "regexps", "json",
                                             "console", "bodies",        "enumerate", "waits",    "code"};

std::shared_ptr<WorkerCode> CodeOf(std::string script) {
  auto code = std::make_shared<WorkerCode>();
  code->name = "test";
  code->script = std::move(script);
  code->limits.memory = ByteCount::MiB(8);
  code->limits.cpu = Duration::Milliseconds(20);
  return code;
}

std::string ModuleOf(std::string_view start_up) {
  return absl::StrCat("(function (edge) { ", std::string(start_up),
                      "; return { get 'default'() { return { fetch: function () { return new Response('fine'); } }; } }; })");
}

// Everything that is to be the same, one line each.
class Trace final : public ExecutionObserver {
 public:
  void OnLeft(uint64_t key, int64_t executed_instructions, size_t memory_used_bytes) override {
    lines.push_back(absl::StrCat("left ", key, " executed ", executed_instructions, " memory ", memory_used_bytes));
  }
  void OnOutcome(uint64_t key, Outcome outcome, std::string_view message) override {
    lines.push_back(absl::StrCat("outcome ", key, " ", static_cast<int>(outcome), " ", std::string(message)));
  }
  std::vector<std::string> lines;
};

enum class Recycling { kNone, kBetweenRequests };

// The paths one after the other in a world of their own.
std::vector<std::string> TraceOf(const std::shared_ptr<const WorkerCode>& code, IsolateNursery* nursery,
                                 const std::vector<std::string>& paths, Recycling recycling = Recycling::kNone) {
  Trace trace;
  {
    World world(code, nursery, &trace);
    world.adversary().recycles = recycling == Recycling::kBetweenRequests;
    trace.lines.push_back(absl::StrCat("start ", std::string(world.Start().message())));
    for (const std::string& path : paths) {
      const Answer answer = world.Get("http://test/" + path);
      trace.lines.push_back(absl::StrCat(path, " isolate ", answer.isolate, " outcome ", static_cast<int>(answer.outcome), " status ",
                                         answer.status, " ", answer.failure, " ", answer.body));
    }
    for (const std::string& line : world.log().lines) trace.lines.push_back("log " + line);
    trace.lines.push_back(absl::StrCat("time ", (world.clock().Now() - Instant()).ToMilliseconds()));
  }
  return trace.lines;
}

uint64_t WhereSupported(uint64_t count) { return js::Isolate::SupportsCapture() ? count : 0; }

TEST(WarmStart, TheScenariosDoWhatTheyAreFor) {
  const auto code = CodeOf(kModule);
  for (const std::string& path : kScenarios) {
    const std::vector<std::string> lines = TraceOf(code, nullptr, {path});
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    const bool limit = path == "loop" || path == "memory" || path == "hang" || path == "throws";
    EXPECT_EQ(all.find("outcome 1 ") == std::string::npos, limit) << path << "\n" << all;
    EXPECT_EQ(TraceOf(code, nullptr, {path}), lines);
  }
}

TEST(WarmStart, IsAsAColdOneWhateverRanBefore) {
  const auto code = CodeOf(kModule);
  WarmNursery nursery;
  (void)TraceOf(code, &nursery, {"look"});
  for (const std::string& before : kScenarios) {
    (void)TraceOf(code, &nursery, {before});
    for (const std::string& path : {std::string("look"), before, std::string("churn")}) {
      EXPECT_EQ(TraceOf(code, &nursery, {path, "look"}), TraceOf(code, nullptr, {path, "look"})) << path << " after " << before;
    }
  }
  EXPECT_GE(nursery.taken(), WhereSupported(kScenarios.size() * 4));
  if (js::Isolate::SupportsCapture()) {
    EXPECT_EQ(nursery.missed(), 1u);
  }
}

TEST(WarmStart, AsIsAnyHistory) {
  if (!js::Isolate::SupportsCapture()) GTEST_SKIP() << "every start is cold in this build";
  const auto code = CodeOf(kModule);
  WarmNursery nursery;
  rc::check([&] {
    const auto paths = *rc::gen::resize(4, rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kScenarios)));
    const auto recycling = *rc::gen::element(Recycling::kNone, Recycling::kBetweenRequests);
    RC_ASSERT(TraceOf(code, &nursery, paths, recycling) == TraceOf(code, nullptr, paths, recycling));
  });
  EXPECT_GE(nursery.taken(), WhereSupported(nursery.missed() + 1));
}

TEST(WarmStart, SeveralIsolatesOfOneCodeWaitSideBySide) {
  const auto code = CodeOf(kModule);
  WarmNursery nursery;
  {
    World a(code, &nursery, nullptr), b(code, &nursery, nullptr), c(code, &nursery, nullptr);
    for (World* world : {&a, &b, &c}) EXPECT_TRUE(world->Start().ok());
    (void)a.Get("http://test/poison");
    (void)b.Get("http://test/change");
  }
  EXPECT_EQ(nursery.parked(), WhereSupported(3));
  World a(code, &nursery, nullptr), b(code, &nursery, nullptr), c(code, &nursery, nullptr), cold(code, nullptr, nullptr);
  const std::string fresh = cold.Get("http://test/look").body;
  for (World* world : {&a, &b, &c}) EXPECT_EQ(world->Get("http://test/look").body, fresh);
  EXPECT_EQ(nursery.parked(), 0u);
}

TEST(WarmStart, IsNotForAStartUpThatLookedOutside) {
  for (const std::string start_up : {"Date.now()", "new Date()", "Math.random()", "console.log('starting')", "performance.now()",
                                     "Promise.reject(new Error('nobody'))", "queueMicrotask(function () { throw new Error('lost'); })"}) {
    const auto code = CodeOf(ModuleOf(start_up));
    WarmNursery nursery;
    const std::vector<std::string> first = TraceOf(code, &nursery, {""});
    EXPECT_EQ(nursery.parked(), 0u) << start_up;
    EXPECT_EQ(nursery.not_kept_reason().substr(0, 3), "it ") << start_up;
    EXPECT_EQ(TraceOf(code, &nursery, {""}), first) << start_up;
    EXPECT_EQ(nursery.taken(), 0u) << start_up;
  }
}

TEST(WarmStart, AStartUpThatLooksAtNothingIsKept) {
  for (const std::string start_up :
       {"new Date(0).toISOString()", "new Headers()", "crypto.subtle", "try { crypto.randomUUID(); } catch (e) {}"}) {
    WarmNursery nursery;
    (void)TraceOf(CodeOf(ModuleOf(start_up)), &nursery, {""});
    EXPECT_EQ(nursery.parked(), WhereSupported(1)) << start_up << nursery.not_kept_reason();
  }
}

TEST(WarmStart, IsNotForCodeThatCannotStart) {
  const auto code = CodeOf(ModuleOf("throw new Error('cannot start')"));
  WarmNursery nursery;
  const std::vector<std::string> first = TraceOf(code, &nursery, {""});
  EXPECT_EQ(TraceOf(code, &nursery, {""}), first);
  EXPECT_EQ(nursery.parked(), 0u);
  EXPECT_EQ(nursery.taken(), 0u);
}

TEST(WarmStart, TheSameScriptWithOtherVariablesIsOtherCode) {
  const std::string script =
      "(function (edge) { return { get 'default'() { return { fetch: function (r, env) { return new Response(env.NAME); } }; } }; })";
  const auto one = CodeOf(script);
  const auto two = CodeOf(script);
  one->variables["NAME"] = {.value = "one"};
  two->variables["NAME"] = {.value = "two"};
  WarmNursery nursery;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(World(one, &nursery, nullptr).Get().body, "one");
    EXPECT_EQ(World(two, &nursery, nullptr).Get().body, "two");
  }
  EXPECT_EQ(nursery.parked(), WhereSupported(2));
}

TEST(WarmStart, WhatObjectsHoldOutsideOfTheArenaIsOnTheAccountAgain) {
  const auto code = CodeOf(R"JS((function (edge) {
    var text = 'v'.repeat(900000), all = [];
    function fill(count) { for (var i = 0; i < count; i++) { var h = new Headers(); h.append('n', text); all.push(h); } }
    fill(20);
    return { get 'default'() { return { fetch: function () { try { fill(1000); } catch (e) { return new Response(all.length + ' ' + e.message); } } }; } };
  }))JS");
  code->limits.cpu = Duration::Seconds(1);
  const std::vector<std::string> cold = TraceOf(code, nullptr, {""});
  EXPECT_NE(cold[4].find("hold too much memory"), std::string::npos) << cold[4];
  WarmNursery nursery;
  for (int round = 0; round < 3; ++round) EXPECT_EQ(TraceOf(code, &nursery, {""}), cold);
  EXPECT_EQ(nursery.taken(), WhereSupported(2));
}

TEST(WarmStart, KeepsFewIsolatesOfFewCodes) {
  WarmNursery nursery({.parked_max = 1, .codes_max = 2});
  const auto one = CodeOf(ModuleOf(""));
  const auto two = CodeOf(ModuleOf(""));
  const auto three = CodeOf(ModuleOf(""));
  {
    World a(one, &nursery, nullptr), b(one, &nursery, nullptr);
    (void)a.Start();
    (void)b.Start();
  }
  EXPECT_EQ(nursery.parked(), WhereSupported(1));
  (void)World(two, &nursery, nullptr).Get();
  (void)World(one, &nursery, nullptr).Get();
  (void)World(three, &nursery, nullptr).Get();
  EXPECT_EQ(nursery.parked(), WhereSupported(2));
  EXPECT_EQ(two.use_count(), 1) << "the code used longest ago is forgotten";
}

// The start-up lets other fibers run; a warm one does so at the same places.
std::vector<std::string> TurnsOf(const std::shared_ptr<const WorkerCode>& code, IsolateNursery* nursery, int cancel_after_turns) {
  Trace trace;
  World world(code, nursery, &trace);
  world.Run([&] {
    TaskGroup start(world.scheduler());
    bool started = false;
    EDGE_CHECK_OK(start.Spawn("start", [&] {
      trace.lines.push_back(absl::StrCat("started ", std::string(world.worker().Start().message())));
      started = true;
    }));
    for (int turns = 0; !started; ++turns) {
      trace.lines.push_back(absl::StrCat("turn ", turns));
      if (turns == cancel_after_turns) start.Cancel();
      EDGE_CHECK_OK(world.scheduler().Yield());
    }
    start.Wait();
  });
  return trace.lines;
}

TEST(WarmStart, YieldsWhereTheStartUpYielded) {
  const auto code = CodeOf(ModuleOf("for (var i = 0; i < 500000; i++) {}"));
  const std::vector<std::string> cold = TurnsOf(code, nullptr, -1);
  EXPECT_GT(cold.size(), 6u);
  WarmNursery nursery;
  for (int round = 0; round < 3; ++round) EXPECT_EQ(TurnsOf(code, &nursery, -1), cold);
  EXPECT_EQ(nursery.taken(), WhereSupported(2));
}

TEST(WarmStart, IsCancelledWhereAColdOneIs) {
  const auto code = CodeOf(ModuleOf("for (var i = 0; i < 500000; i++) {}"));
  WarmNursery nursery;
  const std::vector<std::string> whole = TurnsOf(code, &nursery, -1);
  for (int turns = 0; turns < 6; ++turns) {
    const std::vector<std::string> cold = TurnsOf(code, nullptr, turns);
    EXPECT_NE(cold, whole);
    EXPECT_EQ(TurnsOf(code, &nursery, turns), cold) << turns;
  }
  EXPECT_EQ(TurnsOf(code, &nursery, -1), whole);
  EXPECT_EQ(nursery.taken(), WhereSupported(6));  // the first was cancelled before it asked
}

TEST(WarmStart, ShowsStacksBySourceMapAndSaysSoIfItCannot) {
  const auto code = CodeOf(
      "(function (edge) {\nreturn { get 'default'() { return { fetch: function () {\nreturn new Response(new Error('x').stack); } }; } }; "
      "})");
  code->source_map = R"({"version":3,"sources":["src/index.ts"],"names":[],"mappings":"AAAA;AACA;AAEA"})";
  WarmNursery nursery;
  const std::string cold = World(code, nullptr, nullptr).Get().body;
  EXPECT_NE(cold.find("src/index.ts"), std::string::npos) << cold;
  for (int round = 0; round < 3; ++round) EXPECT_EQ(World(code, &nursery, nullptr).Get().body, cold);

  const auto broken = std::make_shared<WorkerCode>(*code);
  broken->source_map = "{";
  for (int round = 0; round < 3; ++round) {
    World world(broken, &nursery, nullptr);
    (void)world.Get();
    EXPECT_EQ(world.log().lines.size(), 1u);
  }
  EXPECT_EQ(nursery.taken(), WhereSupported(4));
}

}  // namespace
}  // namespace edge::worker
