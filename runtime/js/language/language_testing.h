// A fixture with an isolate in which the language runtime is installed. Snippets are ES5 that calls the `edge` object as lowered code does.
#ifndef EDGE_RUNTIME_JS_LANGUAGE_LANGUAGE_TESTING_H_
#define EDGE_RUNTIME_JS_LANGUAGE_LANGUAGE_TESTING_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"

namespace edge::js {

class LanguageTest : public ::testing::Test, public IsolateHost {
 protected:
  void SetUp() override {
    isolate_ = Isolate::Create(*this);
    ASSERT_NE(isolate_, nullptr);
    const auto error = isolate_->Run({}, [this](duk_context* ctx) {
      InstallLanguage(ctx);
      ErrorHooks hooks;
      hooks.data = this;
      hooks.unhandled_rejection = [](duk_context* c, void* test) {
        static_cast<LanguageTest*>(test)->unhandled_.push_back(duk_safe_to_string(c, -1));
      };
      hooks.rejection_handled = [](duk_context* c, void* test) {
        static_cast<LanguageTest*>(test)->handled_later_.push_back(duk_safe_to_string(c, -1));
      };
      hooks.uncaught_error = [](duk_context* c, void* test) {
        static_cast<LanguageTest*>(test)->uncaught_.push_back(duk_safe_to_string(c, -1));
      };
      SetErrorHooks(ctx, hooks);
      PushEdgeObject(ctx);
      duk_put_global_string(ctx, "edge");
      duk_eval_string_noresult(ctx, "var l = []; function log(x) { l.push(x); }");
    });
    ASSERT_FALSE(error.has_value()) << error->name << ": " << error->message << "\n" << error->stack;
  }

  // Runs the snippet as a function body in a coroutine, drains the microtasks, and returns the JSON of what its promise was fulfilled with,
  // or "Name: message" of the error.
  std::string Run(std::string_view body) {
    std::string result;
    const auto error = isolate_->Run({}, [&](duk_context* ctx) {
      const std::string source = "edge.async(function () {" + std::string(body) + "\n})";
      Isolate::Evaluate(ctx, source, "test.js");
      MarkPromiseHandled(ctx, -1);
      RunMicrotasks(ctx);
      const PromiseState state = GetPromiseState(ctx, -1);
      if (state == PromiseState::kPending) {
        result = "pending";
        return;
      }
      PushPromiseResult(ctx, -1);
      if (state == PromiseState::kFulfilled) duk_json_encode(ctx, -1);
      result = duk_safe_to_string(ctx, -1);
    });
    if (error.has_value()) return error->name + ": " + error->message;
    return result;
  }

  // IsolateHost
  WallTime WallNow() override { return {}; }
  uint64_t RandomU64() override { return random_ = random_ * 6364136223846793005u + 1442695040888963407u; }
  void Interrupt() override {}

  std::unique_ptr<Isolate> isolate_;
  std::vector<std::string> unhandled_;
  std::vector<std::string> handled_later_;
  std::vector<std::string> uncaught_;
  uint64_t random_ = 1;
};

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_LANGUAGE_LANGUAGE_TESTING_H_
