#include "runtime/web/testing/fake_host.h"

namespace edge::web {
namespace {

using Events = WebTest;

TEST_F(Events, CallsListenersInOrderWithTheirOptions) {
  EXPECT_EQ(Run("var t = new EventTarget(), out = []; function f() { out.push('f'); }"
                "t.addEventListener('x', function (e) { out.push(this === t, e.type, e.target === t, e.eventPhase); }); "
                "t.addEventListener('x', f); t.addEventListener('x', f);"
                "t.addEventListener('x', {handleEvent: function () { out.push('object'); }}); t.addEventListener('x', function () { "
                "out.push('once'); }, {once: true});"
                "t.dispatchEvent(new Event('x')); t.removeEventListener('x', f); t.dispatchEvent(new Event('x')); return out"),
            R"([true,"x",true,2,"f","object","once",true,"x",true,2,"object"])");
}

TEST_F(Events, StopAndPrevent) {
  EXPECT_EQ(Run("var t = new EventTarget(), out = []; t.addEventListener('x', function (e) { e.preventDefault(); "
                "e.stopImmediatePropagation(); }); t.addEventListener('x', function () { out.push('no'); });"
                "return [t.dispatchEvent(new Event('x', {cancelable: true})), t.dispatchEvent(new Event('x')), out]"),
            "[false,true,[]]");
}

TEST_F(Events, ErrorsOfListenersAreReportedAndStopNobody) {
  EXPECT_EQ(Run("var t = new EventTarget(), out = []; t.addEventListener('x', function () { throw new Error('boom'); }); "
                "t.addEventListener('x', function () { out.push('still'); });"
                "t.dispatchEvent(new Event('x')); return out"),
            "[\"still\"]");
  EXPECT_THAT(host_.reported, ::testing::ElementsAre("Error: boom"));
}

TEST_F(Events, AbortSignalsFireOnceAndCombine) {
  EXPECT_EQ(Run("var a = new AbortController(), b = new AbortController(), s = AbortSignal.any([a.signal, b.signal]), out = []; s.onabort "
                "= function (e) { out.push(e.type); };"
                "s.addEventListener('abort', function () { out.push(s.reason); }); b.abort('why'); b.abort('again'); a.abort('later');"
                "return [out, s.aborted, a.signal.aborted, AbortSignal.abort().reason.name, thrown(function () { "
                "AbortSignal.abort().throwIfAborted(); }), AbortSignal.any([]).aborted]"),
            R"([["abort","why"],true,true,"AbortError","AbortError: The operation was aborted",false])");
}

TEST_F(Events, AbortSignalTimesOut) {
  EXPECT_EQ(Run("var s = AbortSignal.timeout(50); wait(new Promise(function (r) { s.addEventListener('abort', r); })); return "
                "[s.reason.name, s.reason.message, performance.now()]"),
            R"(["TimeoutError","The operation was aborted due to timeout",50])");
}

TEST_F(Events, SignalRemovesListeners) {
  EXPECT_EQ(Run("var c = new AbortController(), t = new EventTarget(), out = []; t.addEventListener('x', function () { out.push(1); }, "
                "{signal: c.signal}); c.abort(); t.dispatchEvent(new Event('x')); return out"),
            "[]");
}

TEST_F(Events, CanBeSubclasses) {
  EXPECT_EQ(
      Run("function T() { return Reflect.construct(EventTarget, [], T); } T.prototype = Object.create(EventTarget.prototype);"
          "function M(x) { var m = Reflect.construct(Event, ['m'], M); m.x = x; return m; } M.prototype = Object.create(Event.prototype);"
          "var t = new T(), out = []; t.addEventListener('m', function (e) { out.push(e.x, e instanceof M, t instanceof T); }); "
          "t.dispatchEvent(new M(4)); return out"),
      "[4,true,true]");
}

TEST_F(Events, DomExceptionsAreErrors) {
  EXPECT_EQ(Run("var e = new DOMException('m', 'AbortError'); return [e.name, e.message, e.code, String(e), e instanceof Error, "
                "Object.prototype.toString.call(e), DOMException.DATA_CLONE_ERR,"
                "typeof e.stack, new DOMException().name]"),
            R"(["AbortError","m",20,"AbortError: m",true,"[object DOMException]",25,"string","Error"])");
}

TEST_F(Events, TheGlobalScopeIsATarget) {
  EXPECT_EQ(Run("var out = []; addEventListener('error', function (e) { out.push(e.message, e.error.message); e.preventDefault(); }); "
                "reportError(new Error('seen')); return out"),
            R"(["seen","seen"])");
  EXPECT_TRUE(host_.reported.empty());
}

TEST_F(Events, UnhandledRejectionsReachTheGlobalScope) {
  Enter([](duk_context* ctx) {
    js::ErrorHooks hooks;
    hooks.data = ctx;
    hooks.unhandled_rejection = [](duk_context* c, void*) {
      const bool prevented = DispatchRejection(c, RejectionEvent::kUnhandled);
      duk_push_boolean(c, prevented);
      duk_put_global_string(c, "prevented");
    };
    js::SetErrorHooks(ctx, hooks);
  });
  Enter([](duk_context* ctx) { duk_eval_string_noresult(ctx, "Promise.reject(new Error('first'))"); });
  EXPECT_EQ(Run("return prevented"), "false");
  Enter([](duk_context* ctx) {
    duk_eval_string_noresult(ctx,
                             "var seen; addEventListener('unhandledrejection', function (e) { seen = [e.type, e.reason.message, e.promise "
                             "instanceof Promise]; e.preventDefault(); });"
                             "Promise.reject(new Error('second'))");
  });
  EXPECT_EQ(Run("return [seen, prevented]"), R"([["unhandledrejection","second",true],true])");
}

}  // namespace
}  // namespace edge::web
