// ctx itself: id, props, abort, waitUntil, what is not supported, where other packages put their methods.
#include "runtime/durable/testing/durable_test.h"
#include "runtime/web/remote_error.h"

namespace edge::durable {
namespace {

class StateTest : public DurableTest {
 protected:
  web::RemoteError ResetError() { return web::RemoteErrorOf(hooks_->reset.value_or(absl::OkStatus())).value_or(web::RemoteError{}); }
};

TEST_F(StateTest, HasAnId) {
  EXPECT_EQ(
      Do("var id = ctx.id; return [String(id), id.name, id.equals(ctx.id), id.jurisdiction === undefined, ctx.id === id, String(ctx), "
         "thrown(function () { id.equals(5) })]"),
      "[\"" + std::string(64, 'a') +
          R"(","test",true,true,true,"[object DurableObjectState]","TypeError: Failed to execute 'equals' on 'DurableObjectId': parameter 1 is not of type 'DurableObjectId'."])");
  Enter([](duk_context* ctx) {
    PushObjectId(ctx, {.hex = std::string(64, 'b'), .name = "", .jurisdiction = "eu"});
    EXPECT_EQ(GetObjectId(ctx, -1)->jurisdiction, "eu");
    duk_put_global_string(ctx, "other");
  });
  EXPECT_EQ(Do("return [other.equals(ctx.id), other.name === undefined, other.jurisdiction, Object.keys(other), JSON.stringify(other)]"),
            R"([false,true,"eu",["jurisdiction","name"],"{\"jurisdiction\":\"eu\"}"])");
}

TEST_F(StateTest, PropsAreEmptyOrWhatTheOwnerGives) {
  EXPECT_EQ(Do("ctx.props.x = 1; return ctx.props"), R"({"x":1})");
  Enter([](duk_context* ctx) {
    duk_get_global_string(ctx, "ctx");
    duk_push_string(ctx, "given");
    SetStateProps(ctx, -2);
    duk_pop(ctx);
  });
  EXPECT_EQ(Do("return [ctx.props, ctx.storage === storage, storage.sql === sql, storage.kv === kv, ctx.container === undefined]"),
            R"(["given",true,true,true,true])");
}

TEST_F(StateTest, AbortResetsWithTheReason) {
  EXPECT_EQ(Do("storage.put('lost', 1); return thrown(function () { ctx.abort('why') })"), R"("Error: why")");
  EXPECT_EQ(ResetError(), (web::RemoteError{.message = "why", .durable_object_reset = true}));
  EXPECT_TRUE(hooks_->retry_alarm);
}

TEST_F(StateTest, AbortWithoutAReasonAndWithOptions) {
  Do("ctx.abort(undefined, {retryAlarm: false})");
  EXPECT_EQ(ResetError().message, "Application called abort() to reset Durable Object.");
  EXPECT_FALSE(hooks_->retry_alarm);
}

TEST_F(StateTest, AbortReadsItsArgumentsFirst) {
  EXPECT_EQ(Do("return thrown(function () { ctx.abort({toString: function () { throw new RangeError('mine') }}) })"),
            R"("RangeError: mine")");
  EXPECT_EQ(Do("return thrown(function () { ctx.abort('x', 5) })"),
            R"("TypeError: Failed to execute 'abort' on 'DurableObjectState': parameter 2 is not of type 'AbortOptions'.")");
  EXPECT_FALSE(hooks_->reset.has_value());
}

TEST_F(StateTest, WaitUntilTakesAnything) {
  Do("ctx.waitUntil(Promise.resolve(1)); ctx.waitUntil(5)");
  EXPECT_EQ(hooks_->waits, 2);
  EXPECT_EQ(Do("return thrown(function () { ctx.waitUntil() })"),
            R"("TypeError: Failed to execute 'waitUntil' on 'DurableObjectState': parameter 1 is not of type 'Promise'.")");
}

TEST_F(StateTest, WhatIsNotSupportedSaysSoByName) {
  for (const auto& [expression, name] :
       {std::pair("ctx.exports", "exports"), std::pair("ctx.facets", "facets"), std::pair("ctx.acceptWebSocket(1)", "acceptWebSocket()"),
        std::pair("ctx.getWebSockets()", "getWebSockets()"), std::pair("ctx.getTags(1)", "getTags()"),
        std::pair("ctx.setWebSocketAutoResponse()", "setWebSocketAutoResponse()")}) {
    EXPECT_EQ(Do(std::string("return thrown(function () { ") + expression + " })"),
              std::string("\"Error: ctx.") + name + " is not supported yet by this version of edge.\"");
  }
}

TEST_F(StateTest, OtherPackagesAddMethods) {
  Enter([](duk_context* ctx) {
    PushStatePrototype(ctx);
    duk_push_c_function(
        ctx,
        [](duk_context* c) -> duk_ret_t {
          duk_push_number(c, static_cast<double>(RequireThisState(c)));
          return 1;
        },
        0);
    duk_put_prop_string(ctx, -2, "getWebSockets");
    duk_pop(ctx);
    duk_get_global_string(ctx, "ctx");
    EXPECT_EQ(GetStateNumber(ctx, -1), 1u);
    duk_push_object(ctx);
    EXPECT_EQ(GetStateNumber(ctx, -1), std::nullopt);
    duk_pop_2(ctx);
  });
  EXPECT_EQ(Do("return [ctx.getWebSockets(), thrown(function () { ctx.getWebSockets.call({}) })]"),
            R"([1,"TypeError: Illegal invocation"])");
}

TEST_F(StateTest, ClassesCannotBeConstructedOrCloned) {
  EXPECT_EQ(
      Do("return [thrown(function () { new ctx.constructor() }), thrown(function () { new storage.constructor() }), thrown(function () { "
         "structuredClone(ctx.id) })]"),
      R"(["TypeError: Illegal constructor","TypeError: Illegal constructor","DataCloneError: Could not serialize object of type \"DurableObjectId\". This type does not support serialization."])");
}

TEST_F(StateTest, AWarmStartKeepsTheClasses) {
  if (!js::Isolate::SupportsCapture()) GTEST_SKIP();
  hooks_.reset();
  Enter([](duk_context* ctx) { duk_eval_string_noresult(ctx, "ctx = storage = sql = kv = null"); });
  isolate_->CollectGarbage();
  const absl::Status captured = isolate_->Capture();
  ASSERT_TRUE(captured.ok()) << captured;
  Begin({});
  EXPECT_EQ(Do("kv.put('a', 1); return kv.get('a')"), "1");
  hooks_.reset();
  isolate_->Rewind();
  isolate_->Adopt(*this);
  web::RebindWeb(isolate_->context(), host_);
  RebindDurable(isolate_->context(), *this);
  Begin({});
  EXPECT_EQ(Do("return [kv.get('a'), wait(ctx.blockConcurrencyWhile(function () { return 2 }))]"), "[1,2]");
}

}  // namespace
}  // namespace edge::durable
