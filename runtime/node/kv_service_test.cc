// KV as a worker sees it, over a real store in virtual time. Rows were compared with the local tools of the platform.
#include "runtime/node/kv_service.h"

#include <gtest/gtest.h>

#include "runtime/base/str_cat.h"
#include "runtime/worker/testing/object_world.h"

namespace edge {
namespace {

using worker::ObjectWorld;

// `rows` are functions of env.KV; GET /N answers with what row N gave.
std::string Script(const std::vector<std::string>& rows, std::string_view more = "") {
  std::string script = "var rows = [";
  for (const std::string& row : rows) StrAppend(&script, "function (kv, env) { return ", row, "; },\n");
  StrAppend(&script, R"(];
    var DurableObject = modules['cloudflare:workers'].DurableObject;
    exports.Counter = function (ctx, env) { DurableObject.call(this, ctx, env); };
    exports.Counter.prototype = Object.create(DurableObject.prototype);
    function show(v) {
      if (v instanceof Map) return 'Map ' + JSON.stringify(Array.from(v));
      if (v instanceof ArrayBuffer) return 'bytes ' + Array.from(new Uint8Array(v)).join();
      if (v instanceof ReadableStream) return new Response(v).text().then(function (t) { return 'stream ' + t; });
      return v === undefined ? 'undefined' : JSON.stringify(v);
    }
    function attempt(f) {
      return new Promise(function (resolve) { resolve(f()); }).then(show).catch(function (e) { return e.name + ': ' + e.message; });
    }
    exports['default'] = { fetch: function (request, env) {
      var row = new URL(request.url).pathname.slice(1);
      return attempt(function () { return rows[row](env.KV, env); }).then(function (text) { return new Response(text); });
    } };
  )",
            more);
  return script;
}

struct KvWorld {
  explicit KvWorld(const std::string& script, worker::WorkerLimits limits = {})
      : world(script, {"Counter"}, limits), service(world.scheduler(), world.clock(), world.log()) {
    world.ChangeCode([](worker::WorkerCode& code) { code.kv_bindings.push_back({.name = "KV", .id = "one"}); });
    world.kv = &service;
    world.on_store = [this](storage::ObjectStore* store) {
      if (store != nullptr) {
        service.Open(*store);
      } else {
        service.Close();
      }
    };
  }
  ObjectWorld world;
  KvService service;
};

struct Row {
  std::string call, result;
};

void Check(const std::vector<Row>& rows) {
  std::vector<std::string> calls;
  for (const Row& row : rows) calls.push_back(row.call);
  KvWorld kv(Script(calls));
  kv.world.Run([&] {
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(kv.world.Get(StrCat("/", i)), rows[i].result) << rows[i].call;
  });
}

TEST(KvService, GetsWhatWasPutInEveryType) {
  Check({
      {"kv.get('a')", "null"},
      {"kv.put('a', 'one')", "undefined"},
      {"kv.get('a')", "\"one\""},
      {"kv.get('a', 'arrayBuffer')", "bytes 111,110,101"},
      {"kv.get('a', {type: 'stream'})", "stream one"},
      {"kv.get('a', null)", "\"one\""},
      {"kv.get('a', 'json')", "SyntaxError: Unexpected token 'o', \"one\" is not valid JSON"},
      {"kv.get('a', 'blob')", "TypeError: Unknown response type. Possible types are \"text\", \"arrayBuffer\", \"json\", and \"stream\"."},
      {"kv.get('none', 'blob')", "null"},
      {"kv.put('b', new Uint8Array([9, 1, 2, 255, 9]).subarray(1, 4))", "undefined"},
      {"kv.get('b', 'arrayBuffer')", "bytes 1,2,255"},
      {"kv.get('b')", "\"\\u0001\\u0002\xef\xbf\xbd\""},
      {"kv.put('s', new Response('streamed').body)", "undefined"},
      {"kv.get('s')", "\"streamed\""},
      {"kv.put('e', '')", "undefined"},
      {"kv.get('e')", "\"\""},
      {"kv.get('e', 'json')", "SyntaxError: Unexpected end of JSON input"},
      {"kv.put('n', 42)", "undefined"},
      {"kv.get('n', 'json')", "42"},
      {"kv.put('u', undefined)", "undefined"},
      {"kv.get('u')", "\"undefined\""},
      {"kv.delete('a')", "undefined"},
      {"kv.delete('a')", "undefined"},
      {"kv.get('a')", "null"},
  });
}

TEST(KvService, RefusesKeysAndValuesWithThePlatformsTexts) {
  const std::string not_a_value =
      "TypeError: KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.";
  Check({
      {"kv.get('')", "TypeError: Key name cannot be empty."},
      {"kv.put('.', 'x')", "TypeError: \".\" is not allowed as a key name."},
      {"kv.delete('..')", "TypeError: \"..\" is not allowed as a key name."},
      {"kv.get('x'.repeat(513))", "Error: KV GET failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
      {"kv.put('\\u00e4'.repeat(257), '')", "Error: KV PUT failed: 414 UTF-8 encoded length of 514 exceeds key length limit of 512."},
      {"kv.delete('\\u00e4'.repeat(257))", "Error: KV DELETE failed: 414 UTF-8 encoded length of 514 exceeds key length limit of 512."},
      {"kv.put('\\u00e4'.repeat(256), 'x')", "undefined"},
      {"kv.get('\\u00e4'.repeat(256))", "\"x\""},
      {"kv.get()", "TypeError: Failed to execute 'get' on 'KvNamespace': parameter 1 is not of type 'string or Array'."},
      {"kv.put()", "TypeError: Failed to execute 'put' on 'KvNamespace': parameter 1 is not of type 'string'."},
      {"kv.put('x')", "TypeError: Failed to execute 'put' on 'KvNamespace': parameter 2 is not of type 'string or Object'."},
      {"kv.put('x', {})", not_a_value},
      {"kv.put('x', [1])", not_a_value},
      {"kv.put('x', new Response('x'))", not_a_value},
      {"(function () { var s = new Response('x').body; s.getReader(); return kv.put('x', s); })()",
       "TypeError: The ReadableStream has been locked to a reader."},
      {"kv.get('x')", "null"},
      {"kv.put('x', new Uint8Array(25 * 1024 * 1024 + 1))",
       "Error: KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400."},
      {"kv.get('a', {cacheTtl: 29.9})", "Error: KV GET failed: 400 Invalid cache_ttl of 29. Cache TTL must be at least 30."},
      {"kv.get('a', {cacheTtl: 30})", "null"},
      {"kv.getWithMetadata('a', {cacheTtl: null})", "Error: KV GET failed: 400 Invalid cache_ttl of 0. Cache TTL must be at least 30."},
      {"kv.get.call({}, 'a').length", "TypeError: Illegal invocation"},
  });
}

TEST(KvService, KeepsMetadataBesideTheValue) {
  Check({
      {"kv.put('m', '{\"v\":1}', {metadata: {m: 1}})", "undefined"},
      {"kv.getWithMetadata('m')", R"({"value":"{\"v\":1}","metadata":{"m":1},"cacheStatus":null})"},
      {"kv.getWithMetadata('m', 'json')", R"({"value":{"v":1},"metadata":{"m":1},"cacheStatus":null})"},
      {"kv.getWithMetadata('none')", R"({"value":null,"metadata":null,"cacheStatus":null})"},
      {"kv.put('m', 'x')", "undefined"},
      {"kv.getWithMetadata('m')", R"({"value":"x","metadata":null,"cacheStatus":null})"},
      {"kv.put('m', 'x', {metadata: 'y'.repeat(1023)})", "Error: KV PUT failed: 413 Metadata length of 1025 exceeds limit of 1024."},
      {"kv.put('m', 'x', {metadata: 'y'.repeat(1022)})", "undefined"},
      {"kv.put('f', 'x', {metadata: 0})", "undefined"},
      {"kv.getWithMetadata('f')", R"({"value":"x","metadata":0,"cacheStatus":null})"},
  });
}

TEST(KvService, ExpirationsAreCheckedAndKept) {
  const auto ttl = [](std::string_view value) { return StrCat("kv.put('t', 'x', {expirationTtl: ", value, "})"); };
  // Relative to a clock that begins at 1,700,000,001 s.
  const auto at = [](int64_t unix_s) { return StrCat("kv.put('t', 'x', {expiration: ", unix_s, "})"); };
  Check({
      {ttl("59"), "Error: KV PUT failed: 400 Invalid expiration_ttl of 59. Expiration TTL must be at least 60."},
      {ttl("60"), "undefined"},
      {ttl("'x'"), "Error: KV PUT failed: 400 Invalid expiration_ttl of 0. Please specify integer greater than 0."},
      {ttl("-1"), "Error: KV PUT failed: 400 Invalid expiration_ttl of -1. Please specify integer greater than 0."},
      {ttl("1e12"), "TypeError: Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."},
      {at(1699999991),
       "Error: KV PUT failed: 400 Invalid expiration of 1699999991. Please specify integer greater than the current number of seconds "
       "since the "
       "UNIX "
       "epoch."},
      {at(1700000060),
       "Error: KV PUT failed: 400 Invalid expiration of 1700000060. Expiration times must be at least 60 seconds in the future."},
      {at(1700000061), "undefined"},
      {"kv.put('t', 'x', {expiration: 5, expirationTtl: 90}).then(function () { return kv.list(); }).then(function (p) { return "
       "p.keys[0].expiration - Math.floor(Date.now() / 1000); })",
       "90"},
  });
}

TEST(KvService, ExpiredPairsAreGoneAtTheirSecond) {
  KvWorld kv(Script({"kv.put('t', 'x', {expirationTtl: 60})", "kv.get('t')", "kv.list()"}));
  kv.world.Run([&] {
    EXPECT_EQ(kv.world.Get("/0"), "undefined");
    kv.world.Sleep(Duration::Seconds(58));
    EXPECT_EQ(kv.world.Get("/1"), "\"x\"");
    kv.world.Sleep(Duration::Seconds(2));
    EXPECT_EQ(kv.world.Get("/1"), "null");
    EXPECT_EQ(kv.world.Get("/2"), R"({"keys":[],"list_complete":true,"cacheStatus":null})");
  });
}

TEST(KvService, ManyKeysAtOnceAreAMap) {
  Check({
      {"kv.put('a', 'one')", "undefined"},
      {"kv.put('j', '{\"x\":1}', {metadata: 7})", "undefined"},
      {"kv.get(['a', 'none', 'j', 'a'])", R"(Map [["a","one"],["none",null],["j","{\"x\":1}"]])"},
      {"kv.get(['j', 'none'], 'json')", R"(Map [["j",{"x":1}],["none",null]])"},
      {"kv.get(['j', 'a'], {type: 'json'})",
       "Error: KV GET_BULK failed: 400 At least one of the requested keys corresponds to a non-json value"},
      {"kv.getWithMetadata(['j', 'a', 'none'])",
       R"(Map [["j",{"value":"{\"x\":1}","metadata":7}],["a",{"value":"one","metadata":null}],["none",null]])"},
      {"kv.get(['a'], 'stream')", "Error: KV GET_BULK failed: 400 \"stream\" is not a valid type. Use \"json\" or \"text\""},
      {"kv.get([])", "Error: KV GET_BULK failed: 400 You must request a minimum of 1 key"},
      {"kv.get(Array.from({length: 101}, String))", "Error: KV GET_BULK failed: 400 You can request a maximum of 100 keys"},
      {"kv.get([''])", "Error: KV GET_BULK failed: 400 Key names must not be empty"},
      {"kv.get(['.'])", "Error: KV GET_BULK failed: 400 Illegal key name \".\". Please use a different name."},
      {"kv.get(['a'], {cacheTtl: 5})", "Error: KV GET_BULK failed: 400 Invalid cache_ttl of 5. Cache TTL must be at least 30."},
  });
}

TEST(KvService, ListsInPages) {
  Check({
      {"Promise.all(['l:b', 'l:a', 'l:c', 'x'].map(function (k) { return kv.put(k, 'v', k === 'l:b' ? {metadata: {i: 1}, expiration: "
       "2000000000} : undefined); }))",
       "[null,null,null,null]"},
      {"kv.list({prefix: 'l:'})",
       R"({"keys":[{"name":"l:a"},{"name":"l:b","expiration":2000000000,"metadata":{"i":1}},{"name":"l:c"}],"list_complete":true,"cacheStatus":null})"},
      {"kv.list({prefix: 'l:', limit: 2}).then(function (p) { return Object.keys(p).join() + p.keys.length + p.list_complete; })",
       "\"keys,list_complete,cursor,cacheStatus2false\""},
      {"kv.list({prefix: 'l:', limit: 2}).then(function (p) { return kv.list({prefix: 'l:', limit: 2, cursor: p.cursor}); })",
       R"({"keys":[{"name":"l:c"}],"list_complete":true,"cacheStatus":null})"},
      {"kv.list({limit: 0}).then(function (p) { return p.keys.length; })", "4"},
      {"kv.list({limit: 1001})", "Error: KV GET failed: 400 Invalid key_count_limit of 1001. Please specify an integer less than 1000."},
      {"kv.list({prefix: null, cursor: null, limit: null}).then(function (p) { return p.keys.length; })", "4"},
      {"kv.list({cursor: '!!'})", "Error: KV GET failed: 400 Invalid cursor."},
      {"kv.list({prefix: 'x'.repeat(513)})", "Error: KV GET failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
  });
}

TEST(KvService, WhatWasAcknowledgedSurvivesAndTheRestIsSaidToBeUnknown) {
  KvWorld kv(Script({"kv.put('a', 'one')", "kv.put('a', 'two')", "kv.get('a')"}));
  kv.world.Run([&] {
    EXPECT_EQ(kv.world.Get("/0"), "undefined");
    kv.world.disk().before_sync = [] { return absl::DataLossError("EIO"); };
    int left = 1;
    kv.world.disk().before_sync = [&left] { return left-- > 0 ? absl::DataLossError("EIO") : absl::OkStatus(); };
    EXPECT_EQ(kv.world.Get("/1"), "Error: Network connection lost.");
    EXPECT_EQ(kv.world.Get("/2"), "\"one\"");
  });
  kv.world.Run([&] { EXPECT_EQ(kv.world.Get("/2"), "\"one\""); });
}

TEST(KvService, OneEventMayDoAThousandOperations) {
  KvWorld kv(Script({"(function () { var all = []; for (var i = 0; i < 1001; i++) all.push(kv.get('k')); return Promise.all(all); })()",
                     "(function () { var all = []; for (var i = 0; i < 1000; i++) all.push(kv.get('k')); return "
                     "Promise.all(all).then(function (a) { return "
                     "a.length; }); })()"}));
  kv.world.Run([&] {
    EXPECT_EQ(kv.world.Get("/0"), "Error: Too many API requests by single Worker invocation.");
    EXPECT_EQ(kv.world.Get("/1"), "1000");
  });
}

TEST(KvService, AWriteOfAnObjectsEventLeavesWhenTheObjectsOwnIsDurable) {
  KvWorld kv(Script({"env.COUNTER.getByName('a').fetch('http://x/').then(function (r) { return r.text(); })", "kv.get('k')"}, R"(
    exports.Counter.prototype.fetch = function () {
      this.ctx.storage.put('n', 1);
      this.env.KV.put('k', 'v');
      return new Response('done');
    };
  )"));
  kv.world.Run([&] {
    EXPECT_EQ(kv.world.Get("/1"), "null");
    int syncs_left_to_fail = 1;
    kv.world.disk().before_sync = [&] { return syncs_left_to_fail-- > 0 ? absl::DataLossError("EIO") : absl::OkStatus(); };
    EXPECT_NE(kv.world.Get("/0"), "\"done\"");
    kv.world.Sleep(Duration::Seconds(1));
    EXPECT_EQ(kv.world.Get("/1"), "null");
    EXPECT_EQ(kv.world.Get("/0"), "\"done\"");
    kv.world.Sleep(Duration::Seconds(1));
    EXPECT_EQ(kv.world.Get("/1"), "\"v\"");
  });
}

TEST(KvService, IsRefusedAtGlobalScope) {
  KvWorld kv(
      Script({"said"}, "var said = 'nothing'; modules['cloudflare:workers'].env.KV.get('a').catch(function (e) { said = e.message; });"));
  kv.world.Run([&] {
    EXPECT_NE(kv.world.Get("/0").find("Disallowed operation called within global scope."), std::string::npos) << kv.world.Get("/0");
  });
}

}  // namespace
}  // namespace edge
