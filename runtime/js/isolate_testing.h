// Shared by the tests of this folder: a host that counts, a fixture that evaluates scripts, and small stacks.
#ifndef EDGE_RUNTIME_JS_ISOLATE_TESTING_H_
#define EDGE_RUNTIME_JS_ISOLATE_TESTING_H_

#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/js/isolate.h"
#include "runtime/js/native.h"

namespace edge::js {

class TestHost : public IsolateHost {
 public:
  WallTime WallNow() override { return WallTime::FromUnixMilliseconds(1'700'000'000'123); }
  uint64_t RandomU64() override { return random_ = random_ * 6364136223846793005u + 1442695040888963407u; }
  void Interrupt() override {
    ++interrupts;
    if (on_interrupt) on_interrupt();
  }

  int interrupts = 0;
  std::function<void()> on_interrupt;

 private:
  uint64_t random_ = 1;
};

class IsolateTest : public testing::Test {
 protected:
  IsolateTest() { Make({}); }

  void Make(const IsolateLimits& limits) {
    isolate_ = Isolate::Create(host_, limits);
    ASSERT_NE(isolate_, nullptr);
  }

  // The script's value as text, or "name: message" of what it throws.
  std::string Eval(std::string_view source, const EnterOptions& options = {}) {
    std::string result;
    error_ = isolate_->Run(options, [&](duk_context* ctx) {
      Isolate::Evaluate(ctx, source, "test.js");
      duk_to_string(ctx, -1);
      result = RequireUtf8(ctx, -1);
    });
    if (error_.has_value()) return error_->name + ": " + error_->message;
    return result;
  }

  // Runs `body` to the end on a thread with a guarded stack of `bytes`; it gets the stack's lowest address.
  static void OnSmallStack(size_t bytes, std::function<void(char* low)> body) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ASSERT_EQ(pthread_attr_setstacksize(&attributes, bytes), 0);
    pthread_t thread;
    ASSERT_EQ(pthread_create(
                  &thread, &attributes,
                  [](void* argument) -> void* {
                    pthread_attr_t own;
                    pthread_getattr_np(pthread_self(), &own);
                    void* low = nullptr;
                    size_t size = 0;
                    pthread_attr_getstack(&own, &low, &size);
                    pthread_attr_destroy(&own);
                    (*static_cast<std::function<void(char*)>*>(argument))(static_cast<char*>(low));
                    return nullptr;
                  },
                  &body),
              0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
  }

  TestHost host_;
  std::unique_ptr<Isolate> isolate_;
  std::optional<JsError> error_;
};

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_ISOLATE_TESTING_H_
