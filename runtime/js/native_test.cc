#include "runtime/js/native.h"

#include "runtime/js/isolate_testing.h"

namespace edge::js {
namespace {

struct Counter {
  explicit Counter(int* live_in) : live(live_in) { ++*live; }
  ~Counter() { --*live; }
  int* live;
  int value = 0;
};

const NativeType kCounterType = {"Counter", [](void* p) { delete static_cast<Counter*>(p); }, 2};
const NativeType kChildType = {"Child", [](void* p) { delete static_cast<Counter*>(p); }, 0};
const NativeType kOtherType = {"Other", nullptr, 0};

int g_live = 0;  // of all counters; the tests of this file run one after the other

duk_ret_t Construct(duk_context* ctx) {
  if (!IsConstructing(ctx)) ThrowError(ctx, "TypeError", "Class constructor Counter cannot be invoked without 'new'");
  duk_set_top(ctx, 1);
  PushNative(ctx, kCounterType, new Counter(&g_live));
  duk_dup(ctx, 0);
  SetSlot(ctx, -2, 0);
  return 1;
}

// The class Child makes a Counter on the way, which must not take Child's new.target.
duk_ret_t ConstructChild(duk_context* ctx) {
  PushNative(ctx, kCounterType, new Counter(&g_live));
  PushNative(ctx, kChildType, new Counter(&g_live));
  duk_dup(ctx, -2);
  duk_put_prop_string(ctx, -2, "helper");
  return 1;
}

duk_ret_t Next(duk_context* ctx) {
  duk_push_int(ctx, ++This<Counter>(ctx, kCounterType).value);
  return 1;
}

duk_ret_t GetKept(duk_context* ctx) {
  RequireThis(ctx, kCounterType);
  duk_push_this(ctx);
  PushSlot(ctx, -1, 0);
  return 1;
}

duk_ret_t SetKept(duk_context* ctx) {
  RequireThis(ctx, kCounterType);
  duk_push_this(ctx);
  duk_dup(ctx, 0);
  SetSlot(ctx, -2, 0);
  return 0;
}

duk_ret_t Grow(duk_context* ctx) {
  duk_push_this(ctx);
  ResizeSlots(ctx, -1, static_cast<uint32_t>(duk_require_int(ctx, 0)));
  for (uint32_t i = 1; i < SlotCount(ctx, -1); ++i) {
    duk_push_uint(ctx, i);
    SetSlot(ctx, -2, i);
  }
  uint32_t sum = 0;
  for (uint32_t i = 1; i < SlotCount(ctx, -1); ++i) {
    PushSlot(ctx, -1, i);
    sum += duk_get_uint(ctx, -1);
    duk_pop(ctx);
  }
  duk_push_uint(ctx, sum);
  return 1;
}

constexpr Method kMethods[] = {{"next", Next, 0}, {"grow", Grow, 1}, {"@@iterator", Next, 0}};
constexpr Accessor kAccessors[] = {{"kept", GetKept, SetKept}};

class NativeTest : public IsolateTest {
 protected:
  NativeTest() { Define(); }

  void Define() {
    g_live = 0;
    const auto error = isolate_->Run({}, [](duk_context* ctx) {
      DefineClass(ctx, {.type = &kCounterType,
                        .name = "Counter",
                        .construct = Construct,
                        .construct_length = 1,
                        .methods = kMethods,
                        .accessors = kAccessors});
      duk_put_global_string(ctx, "Counter");
      DefineClass(ctx, {.type = &kChildType, .name = "Child", .construct = ConstructChild, .parent = &kCounterType});
      duk_put_global_string(ctx, "Child");
      DefineClass(ctx, {.type = &kOtherType, .name = "Other", .construct = nullptr});
      duk_put_global_string(ctx, "Other");
    });
    ASSERT_FALSE(error.has_value()) << error->message;
  }
};

TEST_F(NativeTest, MakesClassesWithMethodsAccessorsAndTags) {
  EXPECT_EQ(Eval("var c = new Counter('kept'); c.next(); c.next() + c.kept"), "2kept");
  EXPECT_EQ(Eval("c.kept = 7; c.kept"), "7");
  EXPECT_EQ(Eval("Object.prototype.toString.call(c)"), "[object Counter]");
  EXPECT_EQ(Eval("Counter.name + Counter.length + Counter.prototype.grow.length + Counter.prototype.next.name"), "Counter11next");
  EXPECT_EQ(Eval("typeof Counter.prototype[Symbol.iterator]"), "function");
  EXPECT_EQ(Eval("Object.keys(Counter.prototype).join()"), "next,grow,kept");
  EXPECT_EQ(Eval("Counter()"), "TypeError: Class constructor Counter cannot be invoked without 'new'");
  EXPECT_EQ(Eval("new Other()"), "TypeError: Illegal constructor");
  EXPECT_EQ(Eval("Counter.prototype.next.call({})"), "TypeError: Illegal invocation");
  EXPECT_EQ(Eval("Counter.prototype.next.call(undefined)"), "TypeError: Illegal invocation");
  EXPECT_EQ(Eval("Object.create(c).next()"), "TypeError: Illegal invocation");
  EXPECT_EQ(Eval("c.own = 1; delete c.own; c.own"), "undefined");
  EXPECT_EQ(Eval("Object.getPrototypeOf(Child.prototype) === Counter.prototype && Object.getPrototypeOf(Child) === Counter"), "true");
}

TEST_F(NativeTest, GivesSubclassesTheirPrototype) {
  Eval(
      "function Sub() { return Reflect.construct(Counter, [5], Sub); }"
      "Sub.prototype = Object.create(Counter.prototype); Sub.prototype.constructor = Sub; Sub.prototype.twice = function () { return "
      "this.next() * 2; };");
  EXPECT_EQ(Eval("var s = new Sub(); s.twice() + ',' + s.kept + ',' + (s instanceof Sub) + ',' + (s instanceof Counter)"), "2,5,true,true");
  EXPECT_EQ(Eval("function Sub2() { return Reflect.construct(Child, [], Sub2); } Sub2.prototype = Object.create(Child.prototype);"
                 "var t = new Sub2(); (t instanceof Sub2) + ',' + (Object.getPrototypeOf(t.helper) === Counter.prototype)"),
            "true,true");
  EXPECT_EQ(Eval("Reflect.construct(Counter, [], function () {}.bind()) instanceof Counter"), "true");
}

TEST_F(NativeTest, ReleasesAnObjectOnceWhenTheLastReferenceGoes) {
  Eval("var c = new Counter(1)");
  EXPECT_EQ(g_live, 1);
  Eval("c = null");
  EXPECT_EQ(g_live, 0);
}

TEST_F(NativeTest, CollectsCyclesThroughSlots) {
  Eval("for (var i = 0; i < 100; i++) { var c = new Counter(); c.kept = {back: c}; } c = null;");
  EXPECT_GE(g_live, 1);
  isolate_->CollectGarbage();
  EXPECT_EQ(g_live, 0);
}

TEST_F(NativeTest, KeepsSlotValuesAliveAcrossCollections) {
  Eval("var c = new Counter({deep: ['value']})");
  isolate_->CollectGarbage();
  EXPECT_EQ(Eval("c.kept.deep[0]"), "value");
  EXPECT_EQ(Eval("c.grow(1000)"), "499500");
  isolate_->CollectGarbage();
  EXPECT_EQ(Eval("c.kept.deep[0]"), "value");
  EXPECT_EQ(Eval("c.grow(1) + c.kept.deep[0]"), "0value");
}

TEST_F(NativeTest, ReleasesEverythingWithTheIsolate) {
  Eval("var list = []; for (var i = 0; i < 50; i++) { var c = new Counter(); c.kept = c; list.push(c); }");
  EXPECT_EQ(g_live, 50);
  bool attachment_died_after_objects = false;
  isolate_->Run({}, [&](duk_context* ctx) {
    SetAttachment(ctx, AttachmentKind::kTest, &attachment_died_after_objects,
                  [](void* value) { *static_cast<bool*>(value) = g_live == 0; });
  });
  isolate_.reset();
  EXPECT_EQ(g_live, 0);
  EXPECT_TRUE(attachment_died_after_objects);
}

TEST_F(NativeTest, ReleasesThePointerWhenMemoryRunsOut) {
  Make({.memory = ByteCount::MiB(2)});
  Define();
  EXPECT_EQ(Eval("var list = []; for (;;) list.push(new Counter());"), "RangeError: Out of memory");
  EXPECT_EQ(isolate_->condemned(), Limit::kMemory);
  EXPECT_GT(g_live, 1000);
  isolate_.reset();
  EXPECT_EQ(g_live, 0);
}

TEST_F(NativeTest, MarksDeepChainsWithoutRecursionOrQuadraticWork) {
  // A chain that no reference count frees: each element also refers back.
  Eval("var head = null; for (var i = 0; i < 100000; i++) { var c = new Counter(); c.kept = head; if (head) head.back = c; head = c; }");
  const int64_t before = isolate_->executed_instructions();
  OnSmallStack(64 * 1024, [&](char*) { isolate_->CollectGarbage(); });
  EXPECT_LT(isolate_->executed_instructions() - before, 5'000'000);
  EXPECT_EQ(g_live, 100'000);
  Eval("head = c = null");
  isolate_->CollectGarbage();
  EXPECT_EQ(g_live, 0);
}

TEST_F(NativeTest, ThrowsErrorsWithUtf8Text) {
  isolate_->Run({}, [](duk_context* ctx) {
    duk_push_c_function(
        ctx, [](duk_context* c) -> duk_ret_t { ThrowError(c, "RangeError", "naïve 😀 %d", 5); }, 0);
    duk_put_global_string(ctx, "thrower");
  });
  EXPECT_EQ(Eval("thrower()"), "RangeError: naïve 😀 5");
  EXPECT_EQ(Eval("try { thrower() } catch (e) { e.message.length + ',' + (e instanceof RangeError) }"), "10,true");
}

TEST_F(NativeTest, ConvertsStringsBothWays) {
  isolate_->Run({}, [](duk_context* ctx) {
    duk_push_c_function(
        ctx,
        [](duk_context* c) -> duk_ret_t {
          const std::string_view text = RequireUtf8(c, 0);
          PushUtf8(c, text);
          return 1;
        },
        1);
    duk_put_global_string(ctx, "roundTrip");
  });
  EXPECT_EQ(Eval("roundTrip('aé\\u4e2d\\ud83d\\ude00z') === 'aé\\u4e2d\\ud83d\\ude00z'"), "true");
  EXPECT_EQ(Eval("roundTrip('\\ud83d') === '\\ufffd' && roundTrip('x\\ude00\\ud83dy') === 'x\\ufffd\\ufffdy'"), "true");
  EXPECT_EQ(Eval("roundTrip(12.5)"), "12.5");
  EXPECT_EQ(Eval("roundTrip(Symbol('s'))"), "TypeError: Cannot convert a Symbol value to a string");
}

}  // namespace
}  // namespace edge::js
