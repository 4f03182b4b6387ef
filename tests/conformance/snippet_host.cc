#include "tests/conformance/snippet_host.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/native.h"
#include "runtime/web/web.h"

namespace edge::conformance {
namespace {

class Host : public js::IsolateHost, public web::WebHost {
 public:
  // IsolateHost
  WallTime WallNow() override { return WallTime::FromUnixMilliseconds(1'700'000'000'000); }
  uint64_t RandomU64() override { return random_ = random_ * 6364136223846793005u + 1442695040888963407u; }
  void Interrupt() override {}

  // WebHost
  bool InInvocation() const override { return true; }
  void StartTimer(uint32_t id, Duration delay) override { timers_.push_back({.due = now_ + delay, .id = id}); }
  void CancelTimer(uint32_t id) override {
    std::erase_if(timers_, [id](const Timer& timer) { return timer.id == id; });
  }
  void StartTask(std::string_view, absl::AnyInvocable<void()> work, absl::AnyInvocable<void(duk_context*)>) override { work(); }
  // No snippet fetches; a body that streams out of JavaScript is one of fetch().
  std::shared_ptr<web::FetchOperation> StartFetch(web::FetchRequest, std::shared_ptr<web::FetchTarget>, FetchDone) override {
    return nullptr;
  }
  std::shared_ptr<web::BodyPipe> NewBodyPipe(std::optional<uint64_t>) override { return nullptr; }
  void Log(web::LogLevel, std::string_view) override {}
  void ReportException(duk_context*) override {}
  void FillRandom(std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(RandomU64() >> 56);
  }
  Duration Elapsed() const override { return now_; }

  // The timer that is due first, the older of two; time goes on to it.
  std::optional<uint32_t> TakeTimer() {
    const auto first = std::min_element(timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) { return a.due < b.due; });
    if (first == timers_.end()) return std::nullopt;
    const uint32_t id = first->id;
    now_ = std::max(now_, first->due);
    timers_.erase(first);
    return id;
  }

 private:
  struct Timer {
    Duration due;
    uint32_t id = 0;
  };

  std::vector<Timer> timers_;
  Duration now_;
  uint64_t random_ = 1;
};

// Gives {run, result}: run(factory, edge) starts the snippet.
constexpr char kDriver[] = R"((function () {
  var driver = { result: "never settled" };
  function encode(value) { return JSON.stringify(value, function (key, v) { return v === undefined ? "__undefined__" : v; }); }
  function failed(error) { driver.result = "threw " + (error && error.stack || String(error)); }
  driver.run = function (factory, edge) {
    try {
      factory(edge)["default"]().then(function (value) { driver.result = encode(value); }).then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
  return driver;
})())";

}  // namespace

std::string RunSnippet(const std::string& code) {
  Host host;
  const std::unique_ptr<js::Isolate> isolate = js::Isolate::Create(host);
  std::string result;
  const std::optional<js::JsError> error = isolate->Run({}, [&](duk_context* ctx) {
    js::InstallLanguage(ctx);
    web::InstallWeb(ctx, host);
    js::Isolate::Evaluate(ctx, kDriver, "driver.js");
    duk_push_string(ctx, "run");
    js::Isolate::Evaluate(ctx, code, "worker.js");
    js::PushEdgeObject(ctx);
    duk_call_prop(ctx, -4, 2);
    duk_pop(ctx);
    js::RunMicrotasks(ctx);
    while (const std::optional<uint32_t> timer = host.TakeTimer()) {
      web::FireTimer(ctx, *timer);
      js::RunMicrotasks(ctx);
    }
    duk_get_prop_string(ctx, -1, "result");
    result = js::RequireUtf8(ctx, -1);
  });
  if (error.has_value()) return "threw " + error->name + ": " + error->message;
  return result;
}

}  // namespace edge::conformance
