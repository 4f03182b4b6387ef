#include "runtime/web/remote_error.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/js/language/language_testing.h"

namespace edge::web {
namespace {

class RemoteErrorTest : public js::LanguageTest {
 protected:
  // What JavaScript sees of the status's error, by an expression on `e`.
  std::string Seen(const absl::Status& status, std::string_view expression) {
    std::string result;
    const auto error = isolate_->Run({}, [&](duk_context* ctx) {
      PushRemoteError(ctx, status);
      duk_put_global_string(ctx, "e");
      js::Isolate::Evaluate(ctx, "JSON.stringify(" + std::string(expression) + ")", "test.js");
      result = js::RequireUtf8(ctx, -1);
    });
    return error.has_value() ? error->name + ": " + error->message : result;
  }
  // What a caller elsewhere gets of the value that the expression makes.
  RemoteError Described(std::string_view expression) {
    RemoteError described;
    const auto error = isolate_->Run({}, [&](duk_context* ctx) {
      js::Isolate::Evaluate(ctx, expression, "test.js");
      described = DescribeRemoteError(ctx, -1);
      EXPECT_EQ(duk_get_top(ctx), 1) << "the stack is as it was";
    });
    EXPECT_FALSE(error.has_value()) << error->message;
    return described;
  }
};

TEST_F(RemoteErrorTest, RidesInAStatus) {
  const RemoteError error = {.name = "TypeError", .message = "no \xC3\xA9", .remote = true, .overloaded = true};
  const absl::Status status = RemoteErrorStatus(error);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(status.message(), "no \xC3\xA9");
  EXPECT_EQ(RemoteErrorOf(status), error);
  EXPECT_EQ(RemoteErrorOf(absl::InternalError("x")), std::nullopt);
  EXPECT_EQ(RemoteErrorOf(absl::OkStatus()), std::nullopt);
}

TEST_F(RemoteErrorTest, BecomesAnErrorOfItsClassWithTheFlagsThatAreSet) {
  const auto status = RemoteErrorStatus({.name = "RangeError", .message = "far", .remote = true, .durable_object_reset = true});
  EXPECT_EQ(Seen(status, "[e instanceof RangeError, e.message, Object.keys(e), e.remote, e.durableObjectReset, 'retryable' in e]"),
            R"([true,"far",["remote","durableObjectReset"],true,true,false])");
  EXPECT_EQ(Seen(RemoteErrorStatus({.message = "q", .retryable = true, .overloaded = true}),
                 "[e.name, e.retryable, e.overloaded, e.remote === undefined]"),
            R"(["Error",true,true,true])");
  EXPECT_EQ(Seen(RemoteErrorStatus({.message = "%s%n \xF0\x9F\x98\x80"}), "e.message"), "\"%s%n \xF0\x9F\x98\x80\"");
}

TEST_F(RemoteErrorTest, AStatusWithoutOneIsAnErrorOfTheInfrastructure) {
  EXPECT_EQ(Seen(absl::UnavailableError("connection reset by 10.0.0.1"), "[e.message, e.retryable, 'remote' in e]"),
            R"(["Network connection lost.",true,false])");
  EXPECT_EQ(Seen(absl::AbortedError("crashed"), "e.message"), R"("Network connection lost.")");
  EXPECT_EQ(Seen(absl::ResourceExhaustedError("too many"), "[e.message, 'retryable' in e]"), R"(["too many",false])");
}

TEST_F(RemoteErrorTest, StandardClassesKeepTheirName) {
  EXPECT_EQ(Described("new TypeError('t')"), (RemoteError{.name = "TypeError", .message = "t", .remote = true}));
  EXPECT_EQ(Described("new Error('')"), (RemoteError{.remote = true}));
  // A class of the user's own travels as an Error that has the name in its text.
  EXPECT_EQ(Described("var e = new Error('m'); e.name = 'MyError'; e.code = 5; e"), (RemoteError{.message = "MyError: m", .remote = true}));
}

TEST_F(RemoteErrorTest, WhatIsNoErrorIsText) {
  EXPECT_EQ(Described("'a string'"), (RemoteError{.message = "a string", .remote = true}));
  EXPECT_EQ(Described("5"), (RemoteError{.message = "5", .remote = true}));
  EXPECT_EQ(Described("undefined"), (RemoteError{.message = "undefined", .remote = true}));
}

TEST_F(RemoteErrorTest, PropertiesOfAnErrorFromElsewhereAreKept) {
  EXPECT_EQ(Described("var e = new Error('x'); e.overloaded = true; e.retryable = true; e.remote = false; e.durableObjectReset = 1; e"),
            (RemoteError{.message = "x", .remote = true, .retryable = true, .overloaded = true}));
}

TEST_F(RemoteErrorTest, GettersThatThrowHideTheirValueOnly) {
  EXPECT_EQ(Described("var e = new Error('m'); Object.defineProperty(e, 'remote', {get: function () { throw 1 }}); e").message, "m");
  EXPECT_TRUE(Described("var e = new Error('m'); Object.defineProperty(e, 'name', {get: function () { throw e }}); e").remote);
}

TEST_F(RemoteErrorTest, AHugeMessageIsCut) { EXPECT_EQ(Described("new Error(Array(1000000).join('x'))").message.size(), 64u * 1024); }

}  // namespace
}  // namespace edge::web
