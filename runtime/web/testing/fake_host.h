// FakeHost: a WebHost without fibers, sockets or clocks, and a fixture around it.
//
// Tasks and timers wait in lists until Settle() runs them: all microtasks, then the oldest task, then, when nothing else is left, the timer
// that is due first, for which virtual time jumps ahead. So a test reads like the script it runs and always runs the same way.
#ifndef EDGE_RUNTIME_WEB_TESTING_FAKE_HOST_H_
#define EDGE_RUNTIME_WEB_TESTING_FAKE_HOST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/host.h"
#include "runtime/web/web.h"

namespace edge::web {

class FakeHost : public WebHost {
 public:
  bool InInvocation() const override { return in_invocation; }
  void StartTimer(uint32_t id, Duration delay) override { timers[{now + delay, next_timer++}] = id; }
  void CancelTimer(uint32_t id) override {
    std::erase_if(timers, [&](const auto& timer) { return timer.second == id; });
  }
  void StartTask(std::string_view, absl::AnyInvocable<void()> work, absl::AnyInvocable<void(duk_context*)> finish) override {
    tasks.push_back({std::move(work), std::move(finish)});
  }
  std::shared_ptr<FetchOperation> StartFetch(FetchRequest request, std::shared_ptr<FetchTarget>, FetchDone finish) override {
    auto operation = std::make_shared<FakeFetch>();
    auto asked = std::make_shared<FetchRequest>(std::move(request));
    auto response = std::make_shared<absl::StatusOr<FetchResponse>>(absl::CancelledError(""));
    tasks.push_back({[this, operation, asked, response] {
                       if (!operation->cancelled) *response = on_fetch(*asked);
                     },
                     [response, finish = std::move(finish)](duk_context* ctx) mutable { finish(ctx, *response); }});
    fetches.push_back(operation);
    return operation;
  }
  // Bodies that JavaScript makes need fibers: runtime/worker tests them.
  std::shared_ptr<BodyPipe> NewBodyPipe(std::optional<uint64_t>) override { return nullptr; }
  void Log(LogLevel level, std::string_view text) override {
    log.push_back(std::string(1, "DIWE"[static_cast<size_t>(level)]) + " " + std::string(text));
  }
  void ReportException(duk_context* ctx) override {
    duk_dup_top(ctx);
    reported.push_back(duk_safe_to_string(ctx, -1));
    duk_pop(ctx);
  }
  void FillRandom(std::span<std::byte> out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(next_random += 7);
  }
  Duration Elapsed() const override { return now; }

  struct Task {
    absl::AnyInvocable<void()> work;
    absl::AnyInvocable<void(duk_context*)> finish;
  };

  struct FakeFetch final : FetchOperation {
    void Cancel() override { cancelled = true; }
    bool over() const override { return false; }
    bool cancelled = false;
  };

  std::function<absl::StatusOr<FetchResponse>(FetchRequest&)> on_fetch = [](FetchRequest&) { return absl::UnavailableError("no network"); };
  std::vector<std::shared_ptr<FakeFetch>> fetches;
  bool in_invocation = true;
  Duration now = Duration::Zero();
  std::deque<Task> tasks;
  std::map<std::pair<Duration, uint64_t>, uint32_t> timers;
  uint64_t next_timer = 0;
  uint8_t next_random = 0;
  std::vector<std::string> log;  // "W text"
  std::vector<std::string> reported;
};

// A head whose bytes can be taken away, as the server does when it reuses its buffer.
class FakeHead : public IncomingHead {
 public:
  FakeHead(std::string method, std::string url, std::vector<std::pair<std::string, std::string>> headers)
      : method_(std::move(method)), url_(std::move(url)), headers_(std::move(headers)) {}
  std::string_view Method() const override { return method_; }
  std::string_view Url() const override { return url_; }
  size_t HeaderCount() const override { return headers_.size(); }
  std::string_view HeaderName(size_t index) const override { return headers_[index].first; }
  std::string_view HeaderValue(size_t index) const override { return headers_[index].second; }

 private:
  std::string method_, url_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

class FakeSource : public BodySource {
 public:
  explicit FakeSource(std::vector<std::string> pieces) : pieces_(pieces.begin(), pieces.end()) {}
  absl::StatusOr<std::string> Read() override {
    if (pieces_.empty()) return std::string();
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    if (piece == "!") return absl::UnavailableError("reset by peer");
    return piece;
  }
  std::optional<uint64_t> Length() const override { return std::nullopt; }

 private:
  std::deque<std::string> pieces_;
};

// Runs ES5 snippets as bodies of async functions: `edge.await(promise)` waits.
class WebTest : public ::testing::Test, public js::IsolateHost {
 protected:
  void SetUp() override {
    isolate_ = js::Isolate::Create(*this);
    ASSERT_NE(isolate_, nullptr);
    const auto error = isolate_->Run({}, [this](duk_context* ctx) {
      js::InstallLanguage(ctx);
      InstallWeb(ctx, host_);
      js::ErrorHooks hooks;
      hooks.data = this;
      hooks.uncaught_error = [](duk_context* c, void* test) {
        static_cast<WebTest*>(test)->uncaught_.push_back(duk_safe_to_string(c, -1));
      };
      js::SetErrorHooks(ctx, hooks);
      js::PushEdgeObject(ctx);
      duk_put_global_string(ctx, "edge");
      duk_eval_string_noresult(
          ctx,
          "var l = []; function log(x) { l.push(x); } function wait(p) { return edge.await(p); }"
          "function thrown(f) { try { f(); } catch (e) { return e.name + ': ' + e.message; } return 'nothing'; }"
          "function rejection(p) { try { wait(p); } catch (e) { return e.name + ': ' + e.message; } return 'nothing'; }");
    });
    ASSERT_FALSE(error.has_value()) << error->name << ": " << error->message << "\n" << error->stack;
  }

  // The JSON of what the body returned, or "Name: message" of what it threw; "pending" if it still waits when nothing is left to do.
  std::string Run(std::string_view body) {
    std::string result = "pending";
    std::string source = "edge.async(function () {" + std::string(body) + "\n})";
    auto error = isolate_->Run({}, [&](duk_context* ctx) {
      js::Isolate::Evaluate(ctx, source, "test.js");
      js::MarkPromiseHandled(ctx, -1);
      duk_put_global_string(ctx, "__promise");
      js::RunMicrotasks(ctx);
    });
    if (error.has_value()) return error->name + ": " + error->message;
    Settle();
    error = isolate_->Run({}, [&](duk_context* ctx) {
      duk_get_global_string(ctx, "__promise");
      const js::PromiseState state = js::GetPromiseState(ctx, -1);
      if (state == js::PromiseState::kPending) return;
      js::PushPromiseResult(ctx, -1);
      if (state == js::PromiseState::kFulfilled) duk_json_encode(ctx, -1);
      result = duk_safe_to_string(ctx, -1);
    });
    if (error.has_value()) return error->name + ": " + error->message;
    return result;
  }

  // Runs tasks and timers until there are none.
  void Settle() {
    for (int turns = 0; turns < 10000; ++turns) {
      if (!host_.tasks.empty()) {
        FakeHost::Task task = std::move(host_.tasks.front());
        host_.tasks.pop_front();
        task.work();
        Enter([&](duk_context* ctx) { task.finish(ctx); });
      } else if (!host_.timers.empty()) {
        const auto [at, id] = *host_.timers.begin();
        host_.timers.erase(host_.timers.begin());
        host_.now = at.first;
        Enter([id = id](duk_context* ctx) { FireTimer(ctx, id); });
      } else {
        return;
      }
    }
    ADD_FAILURE() << "the script never comes to rest";
  }

  // Runs `f` in the isolate and then the microtasks; what it throws is collected in uncaught_.
  template <typename F>
  void Enter(F f) {
    const auto error = isolate_->Run({}, [&](duk_context* ctx) {
      f(ctx);
      js::RunMicrotasks(ctx);
    });
    if (!error.has_value()) return;
    uncaught_.push_back(error->name + ": " + error->message);
    const auto again = isolate_->Run({}, [](duk_context* ctx) { js::RunMicrotasks(ctx); });
    EXPECT_FALSE(again.has_value());
  }

  // Makes `name` a global holding the Request of such a message.
  void Receive(const char* name, FakeHead* head, std::vector<std::string> pieces = {}) {
    Enter([&](duk_context* ctx) {
      std::shared_ptr<BodySource> source;
      if (!pieces.empty()) source = std::make_shared<FakeSource>(pieces);
      PushIncomingRequest(ctx, head, std::move(source));
      duk_put_global_string(ctx, name);
    });
  }

  // js::IsolateHost
  WallTime WallNow() override { return WallTime::FromUnixMilliseconds(1'700'000'000'000); }
  uint64_t RandomU64() override { return random_ = random_ * 6364136223846793005u + 1442695040888963407u; }
  void Interrupt() override {}

  FakeHost host_;
  std::unique_ptr<js::Isolate> isolate_;
  std::vector<std::string> uncaught_;
  uint64_t random_ = 1;
};

}  // namespace edge::web

#endif  // EDGE_RUNTIME_WEB_TESTING_FAKE_HOST_H_
