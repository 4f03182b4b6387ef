// DurableTest: an isolate with the web platform and one live instance, `ctx` a global.
#ifndef EDGE_RUNTIME_DURABLE_TESTING_DURABLE_TEST_H_
#define EDGE_RUNTIME_DURABLE_TESTING_DURABLE_TEST_H_

#include <memory>
#include <string>
#include <string_view>

#include "runtime/durable/durable.h"
#include "runtime/durable/testing/fake_object.h"
#include "runtime/web/testing/fake_host.h"

namespace edge::durable {

class DurableTest : public web::WebTest, public ObjectHooksFinder {
 protected:
  void SetUp() override {
    WebTest::SetUp();
    const auto error = isolate_->Run({}, [this](duk_context* ctx) { InstallDurable(ctx, *this); });
    ASSERT_FALSE(error.has_value()) << error->message;
    Begin({});
  }

  ObjectHooks* FindObject(ObjectNumber number) override { return number == number_ ? hooks_.get() : nullptr; }

  // A new instance of the object: `ctx`, `storage`, `sql`, `kv` in JavaScript.
  void Begin(const StateOptions& options) {
    hooks_.reset();
    ++number_;
    hooks_ = std::make_unique<FakeHooks>(object_);
    const auto error = isolate_->Run({}, [&](duk_context* ctx) {
      PushState(ctx, number_, options);
      duk_put_global_string(ctx, "ctx");
      duk_eval_string_noresult(ctx,
                               "storage = ctx.storage; sql = storage.sql; kv = storage.kv;"
                               "function rows(q) { return Array.from(sql.exec.apply(sql, arguments).raw()) }");
    });
    ASSERT_FALSE(error.has_value()) << error->message;
  }

  // As Run, with turns that end in commits.
  std::string Do(std::string_view body) {
    Enter([&](duk_context* ctx) {
      const std::string source = "edge.async(function () {" + std::string(body) + "\n})";
      js::Isolate::Evaluate(ctx, source, "test.js");
      js::MarkPromiseHandled(ctx, -1);
      duk_put_global_string(ctx, "__promise");
    });
    hooks_->EndTurn();
    Drive();
    std::string result = "pending";
    const auto error = isolate_->Run({}, [&](duk_context* ctx) {
      duk_get_global_string(ctx, "__promise");
      const js::PromiseState state = js::GetPromiseState(ctx, -1);
      if (state == js::PromiseState::kPending) return;
      js::PushPromiseResult(ctx, -1);
      if (state == js::PromiseState::kFulfilled) duk_json_encode(ctx, -1);
      duk_safe_to_string(ctx, -1);
      result = js::RequireUtf8(ctx, -1);
    });
    return error.has_value() ? error->name + ": " + error->message : result;
  }

  // Runs turns until there are none.
  void Drive() {
    for (int i = 0; i < 10000; ++i) {
      auto turn = hooks_->NextTurn();
      if (turn.has_value()) {
        Enter([&](duk_context* ctx) { (*turn)(ctx); });
      } else if (!host_.timers.empty()) {
        const auto [at, id] = *host_.timers.begin();
        host_.timers.erase(host_.timers.begin());
        host_.now = at.first;
        // A timer belongs to the section that is open: which one it was started in does not matter to these tests.
        hooks_->section = hooks_->open_sections.empty() ? 0 : hooks_->open_sections.back();
        Enter([id = id](duk_context* ctx) { web::FireTimer(ctx, id); });
      } else {
        return;
      }
      hooks_->EndTurn();
    }
    ADD_FAILURE() << "the script never comes to rest";
  }

  // Commits so far.
  size_t Commits() const { return object_.pages.log.size(); }

  FakeOwnedObject object_;
  std::unique_ptr<FakeHooks> hooks_;
  ObjectNumber number_ = 0;
};

}  // namespace edge::durable

#endif  // EDGE_RUNTIME_DURABLE_TESTING_DURABLE_TEST_H_
