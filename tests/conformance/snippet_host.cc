#include "tests/conformance/snippet_host.h"

#include <memory>
#include <optional>

#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/native.h"

namespace edge::conformance {
namespace {

class Host : public js::IsolateHost {
 public:
  WallTime WallNow() override { return WallTime::FromUnixMilliseconds(1'700'000'000'000); }
  uint64_t RandomU64() override { return random_ = random_ * 6364136223846793005u + 1442695040888963407u; }
  void Interrupt() override {}

 private:
  uint64_t random_ = 1;
};

// Gives {run, fire, result}: run(factory, edge) starts the snippet, fire() fires the next timer and says whether there was one.
constexpr char kDriver[] = R"((function (global) {
  var timers = [], count = 0, driver = { result: "never settled" };
  global.setTimeout = function (callback, delay) { timers.push({ callback: callback, delay: Number(delay) || 0, number: count++ }); };
  function encode(value) { return JSON.stringify(value, function (key, v) { return v === undefined ? "__undefined__" : v; }); }
  function failed(error) { driver.result = "threw " + (error && error.stack || String(error)); }
  driver.run = function (factory, edge) {
    try {
      factory(edge)["default"]().then(function (value) { driver.result = encode(value); }).then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
  driver.fire = function () {
    if (timers.length === 0) return false;
    timers.sort(function (a, b) { return a.delay - b.delay || a.number - b.number; });
    timers.shift().callback();
    return true;
  };
  return driver;
})(this))";

}  // namespace

std::string RunSnippet(const std::string& code) {
  Host host;
  const std::unique_ptr<js::Isolate> isolate = js::Isolate::Create(host);
  std::string result;
  const std::optional<js::JsError> error = isolate->Run({}, [&](duk_context* ctx) {
    js::InstallLanguage(ctx);
    js::Isolate::Evaluate(ctx, kDriver, "driver.js");
    duk_push_string(ctx, "run");
    js::Isolate::Evaluate(ctx, code, "worker.js");
    js::PushEdgeObject(ctx);
    duk_call_prop(ctx, -4, 2);
    duk_pop(ctx);
    js::RunMicrotasks(ctx);
    for (;;) {
      duk_push_string(ctx, "fire");
      duk_call_prop(ctx, -2, 0);
      const bool fired = duk_get_boolean(ctx, -1) != 0;
      duk_pop(ctx);
      if (!fired) break;
      js::RunMicrotasks(ctx);
    }
    duk_get_prop_string(ctx, -1, "result");
    result = js::RequireUtf8(ctx, -1);
  });
  if (error.has_value()) return "threw " + error->name + ": " + error->message;
  return result;
}

}  // namespace edge::conformance
