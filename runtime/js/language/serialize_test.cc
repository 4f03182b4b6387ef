#include "runtime/js/language/serialize.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "rapidcheck/gtest.h"
#include "runtime/js/language/language_testing.h"

namespace edge::js {
namespace {

// serialize(value) -> bytes (ArrayBuffer), deserialize(bytes); the same with externals that know functions and one class.
class FakeExternals : public Externals {
 public:
  bool Write(duk_context* ctx, duk_idx_t index, uint32_t& tag, std::string& payload) override {
    if (duk_is_function(ctx, index)) {
      tag = 7;
      payload = "function";
      return true;
    }
    const bool mine = duk_get_prop_string(ctx, index, "mine") != 0;
    duk_pop(ctx);
    if (mine) tag = 9;
    return mine;
  }
  bool Read(duk_context* ctx, uint32_t tag, std::string_view payload) override {
    if (tag != 7 && tag != 9) return false;
    duk_push_object(ctx);
    duk_push_lstring(ctx, payload.data(), payload.size());
    duk_put_prop_string(ctx, -2, tag == 7 ? "was" : "mine");
    return true;
  }
};

void ReleaseText(void* pointer) { delete static_cast<std::string*>(pointer); }
const NativeType kTextType = {"TestText", ReleaseText};

duk_ret_t SerializeNative(duk_context* ctx) {
  FakeExternals externals;  // trivially destructible in effect: nothing to free
  auto* text = new std::string;
  PushNative(ctx, kTextType, text);
  SerializeValue(ctx, 0, *text, duk_get_boolean_default(ctx, 1, 0) ? &externals : nullptr);
  void* bytes = duk_push_fixed_buffer(ctx, text->size());
  text->copy(static_cast<char*>(bytes), text->size());
  duk_push_buffer_object(ctx, -1, 0, text->size(), DUK_BUFOBJ_UINT8ARRAY);
  return 1;
}

duk_ret_t DeserializeNative(duk_context* ctx) {
  FakeExternals externals;
  duk_size_t size;
  const void* bytes = duk_require_buffer_data(ctx, 0, &size);
  DeserializeValue(ctx, {static_cast<const char*>(bytes), size}, duk_get_boolean_default(ctx, 1, 0) ? &externals : nullptr);
  return 1;
}

class SerializeTest : public LanguageTest {
 protected:
  void SetUp() override {
    LanguageTest::SetUp();
    Prepare(*isolate_);
  }

  static void Prepare(Isolate& isolate) {
    const auto error = isolate.Run({}, [](duk_context* ctx) {
      duk_push_c_function(ctx, SerializeNative, 2);
      duk_put_global_string(ctx, "serialize");
      duk_push_c_function(ctx, DeserializeNative, 2);
      duk_put_global_string(ctx, "deserialize");
      // The platform's DOMException is an Error with a name, as far as this matters here.
      duk_eval_string(ctx, "(function (message, name) { var e = new Error(message); e.name = name; return e })");
      SetDomExceptionConstructor(ctx);
      duk_eval_string_noresult(ctx,
                               "function copy(x) { return deserialize(serialize(x)) }"
                               "function fails(f) { try { f(); return 'nothing' } catch (e) { return e.name + ': ' + e.message } }");
    });
    ASSERT_FALSE(error.has_value()) << error->message;
  }

  // What reading these bytes gives: "ok" or the error.
  std::string Read(std::string_view bytes) {
    std::string result = "ok";
    const auto error = isolate_->Run({}, [&](duk_context* ctx) { DeserializeValue(ctx, bytes); });
    if (error.has_value()) result = error->name + ": " + error->message;
    return result;
  }
};

TEST_F(SerializeTest, PrimitivesComeBack) {
  EXPECT_EQ(
      Run("return [undefined, null, true, false, 0, -1, 2147483647, -2147483648, 4294967296, 1.5, -1e300, '', 'text'].map(function (x) {"
          "  var y = copy(x); return y === x ? 1 : [x, y] })"),
      "[1,1,1,1,1,1,1,1,1,1,1,1,1]");
  EXPECT_EQ(Run("return [1 / copy(-0), isNaN(copy(NaN)), copy(Infinity) === Infinity, copy(-Infinity) === -Infinity].map(String)"),
            R"(["-Infinity","true","true","true"])");
}

TEST_F(SerializeTest, SmallValuesAreSmall) {
  EXPECT_EQ(Run("return [serialize(1).length, serialize('ab').length, serialize({a: 1}).length, serialize([1, 2, 3]).length]"),
            "[3,5,7,13]");
}

TEST_F(SerializeTest, StringsKeepTheirCodeUnits) {
  EXPECT_EQ(Run("return ['\\u00e9', '\\u20ac', '\\ud83d\\ude00', '\\ud800', '\\ude00\\ud83d', 'a\\ud83db', '\\ud83d\\ud83d\\ude00', "
                "'\\uffff', '\\u0000x', '\\ud7ff\\ue000']"
                ".map(function (x) { var o = {}; o[x] = x; var p = copy(o); return p[x] === x && Object.keys(p)[0] === x })"),
            "[true,true,true,true,true,true,true,true,true,true]");
  // A character beyond the first plane is four bytes, as everybody reads it.
  EXPECT_EQ(Run("return Array.prototype.slice.call(serialize('\\ud83d\\ude00'), 3)"), "[240,159,152,128]");
}

TEST_F(SerializeTest, ObjectsAndArraysComeBack) {
  EXPECT_EQ(Run("return copy({a: 1, b: {c: [1, 'x', null, {d: true}]}, '3': 4, '': 5})"),
            R"({"3":4,"a":1,"b":{"c":[1,"x",null,{"d":true}]},"":5})");
  EXPECT_EQ(Run("function P() { this.x = 1 } P.prototype.y = 2; var c = copy(new P); return [Object.getPrototypeOf(c) === "
                "Object.prototype, c.x, 'y' in c]"),
            "[true,1,false]");
  EXPECT_EQ(Run("var o = JSON.parse('{\"__proto__\": {\"a\": 1}}'); var c = copy(o); return [Object.keys(c), c.a === undefined]"),
            R"([["__proto__"],true])");
}

TEST_F(SerializeTest, HolesAndExtraPropertiesOfArraysStay) {
  EXPECT_EQ(Run("var a = [1, , 3]; a.x = 'y'; a[10] = 11; var c = copy(a); return [c.length, 1 in c, 2 in c, 9 in c, c[10], c.x, "
                "Array.isArray(c)]"),
            R"([11,false,true,false,11,"y",true])");
  EXPECT_EQ(Run("var a = []; a.length = 4294967295; a[4294967294] = 'last'; a[7] = 'seven';"
                "var b = serialize(a), c = deserialize(b); return [c.length, c[7], c[4294967294], Object.keys(c).length, b.length < 40]"),
            R"([4294967295,"seven","last",2,true])");
}

TEST_F(SerializeTest, CyclesAndAliasesStay) {
  EXPECT_EQ(Run("var shared = {n: 1}, o = {a: shared, b: [shared]}; o.self = o; var c = copy(o);"
                "return [c.self === c, c.a === c.b[0], c !== o, c.a !== shared]"),
            "[true,true,true,true]");
  EXPECT_EQ(Run("var m = new Map(); m.set(m, m); var s = new Set([m]); m.set('s', s); var c = copy(s), d = Array.from(c)[0];"
                "return [d.get(d) === d, d.get('s') === c]"),
            "[true,true]");
  EXPECT_EQ(Run("var e = new Error('x'); e.cause = e; var c = copy([e, e]); return [c[0] === c[1], c[0].cause === c[0]]"), "[true,true]");
  EXPECT_EQ(Run("var d = new Date(5), r = edge.regexp('a', 'g'), n = Object(7), c = copy([d, d, r, r, n, n]); return [c[0] === c[1], c[2] "
                "=== c[3], c[4] === c[5]]"),
            "[true,true,true]");
}

TEST_F(SerializeTest, ObjectsOfTheLanguageComeBack) {
  EXPECT_EQ(Run("var m = copy(new Map([[1, 'a'], ['k', {x: 2}], [NaN, 3]])); return [m instanceof Map, m.get(1), m.get('k').x, m.get(NaN), "
                "Array.from(m.keys())[1]]"),
            R"([true,"a",2,3,"k"])");
  EXPECT_EQ(Run("return [Array.from(copy(new Set([3, 1, 2]))), copy(new Set()).size]"), "[[3,1,2],0]");
  EXPECT_EQ(Run("var d = copy(new Date(1234567890123)); return [d instanceof Date, d.getTime(), isNaN(copy(new Date(NaN)).getTime())]"),
            "[true,1234567890123,true]");
  EXPECT_EQ(Run("var r = copy(edge.regexp('a/(b)\\\\d', 'giu')); return [r instanceof RegExp, r.source, r.flags, r.test('A/B7')]"),
            R"([true,"a\\/(b)\\d","giu",true])");
  EXPECT_EQ(Run("return [copy(Object(true)), copy(Object('s')), copy(Object(1.5))].map(function (x) { return [typeof x, x.valueOf()] })"),
            R"([["object",true],["object","s"],["object",1.5]])");
  EXPECT_EQ(Run("return [copy(BigInt('-123456789012345678901234567890')) === BigInt('-123456789012345678901234567890'), copy({x: "
                "BigInt(0)}).x === BigInt(0)]"),
            "[true,true]");
  EXPECT_EQ(Run("var big = BigInt(7); return structuredClone({a: big}).a === big"), "true");
}

TEST_F(SerializeTest, ErrorsKeepClassTextAndCause) {
  EXPECT_EQ(
      Run("var e = new RangeError('far'); e.cause = {why: 1}; e.extra = 2; var c = copy(e);"
          "return [c instanceof RangeError, c.name, c.message, c.cause.why, c.extra === undefined, c.stack === e.stack, Object.keys(c)]"),
      R"([true,"RangeError","far",1,true,true,[]])");
  EXPECT_EQ(Run("var e = new Error('m'); e.name = 'Mine'; var c = copy(e); return [c.name, c.message, c instanceof Error]"),
            R"(["Error","m",true])");
}

TEST_F(SerializeTest, ViewsOfOneBufferShareItAfterwards) {
  EXPECT_EQ(Run("var b = new ArrayBuffer(16), u = new Uint8Array(b, 4, 8), f = new Float64Array(b), v = new DataView(b, 2, 3); u[0] = 200;"
                "var c = copy([u, f, v, b, u]); c[0][1] = 77;"
                "return [c[0].buffer === c[1].buffer, c[3] === c[2].buffer, c[4] === c[0], c[0].byteOffset, c[0].length, c[1].length, "
                "c[2].byteOffset, c[2].byteLength,"
                " c[0][0], new Uint8Array(c[3])[5], u[1]]"),
            "[true,true,true,4,8,2,2,3,200,77,0]");
  EXPECT_EQ(Run("return ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', "
                "'Float32Array', 'Float64Array']"
                ".map(function (name) { var c = copy(new (Function('return this')()[name])([1, 2, 3])); return [c.constructor.name === "
                "name, c.length, c[2]] })"),
            "[[true,3,3],[true,3,3],[true,3,3],[true,3,3],[true,3,3],[true,3,3],[true,3,3],[true,3,3],[true,3,3]]");
}

TEST_F(SerializeTest, WhatCannotBeClonedIsNamed) {
  EXPECT_EQ(Run("return [function named() {}, Symbol('q'), new WeakMap(), Promise.resolve(1)].map(function (x) { return fails(function () "
                "{ serialize({x: x}) }) })"),
            R"(["DataCloneError: function named() { ... } could not be cloned.","DataCloneError: Symbol(q) could not be cloned.",)"
            R"("DataCloneError: #<WeakMap> could not be cloned.","DataCloneError: #<Promise> could not be cloned."])");
  EXPECT_EQ(Run("var u = new Uint8Array(4); Object.defineProperty(u, 'buffer', {value: {}}); return fails(function () { serialize(u) })"),
            R"("DataCloneError: #<Object> could not be cloned.")");
  EXPECT_EQ(Run("var n = Object(5); n.valueOf = function () { return {} }; n.toString = function () { return null }; return fails(function "
                "() { serialize(n) })"),
            R"("DataCloneError: #<Object> could not be cloned.")");
}

TEST_F(SerializeTest, ErrorsOfGettersPass) {
  EXPECT_EQ(Run("var o = {a: [1, {get b() { throw new RangeError('mine') }}]}; return fails(function () { serialize(o) })"),
            R"("RangeError: mine")");
  EXPECT_EQ(Run("var e = new Error('x'); Object.defineProperty(e, 'stack', {get: function () { throw new TypeError('no stack') }}); return "
                "fails(function () { serialize(e) })"),
            R"("TypeError: no stack")");
}

TEST_F(SerializeTest, GettersMayChangeWhatIsBeingWritten) {
  EXPECT_EQ(Run("var o = {get a() { delete o.b; o.z = 1; return 1 }, b: 2, c: 3}; return copy(o)"), R"({"a":1,"c":3})");
  EXPECT_EQ(Run("var l = [1, 2, 3, 4]; Object.defineProperty(l, 0, {get: function () { l.length = 2; return 'g' }, enumerable: true, "
                "configurable: true}); var c = copy(l); return [c.length, c]"),
            R"([4,["g",2,null,null]])");
  EXPECT_EQ(
      Run("var m = new Map([[1, {get x() { m.clear(); return 5 }}], [2, 3]]); var c = copy(m); return [c.size, c.get(1).x, c.get(2)]"),
      "[2,5,3]");
  // Objects made by getters die at once elsewhere; here their addresses must not be taken for those of earlier ones.
  EXPECT_EQ(Run("var o = {get a() { return {n: 1} }, get b() { return {n: 2} }, get c() { return {n: 3} }}; return copy(o)"),
            R"({"a":{"n":1},"b":{"n":2},"c":{"n":3}})");
  // Serialization inside of serialization.
  EXPECT_EQ(Run("var o = {get a() { return copy({x: [1, 2]}) }, b: 'after'}; return copy(o)"), R"({"a":{"x":[1,2]},"b":"after"})");
}

TEST_F(SerializeTest, DepthIsLimitedAndCostsNoNativeStack) {
  EXPECT_EQ(Run("var o = {}, p = o, i; for (i = 0; i < 9000; i++) { p.next = [{}]; p = p.next[0]; if (i === 4900) break }"
                "var c = copy(o), n = 0; while (c.next) { c = c.next[0]; n++ } return n"),
            "4901");
  EXPECT_EQ(Run("var o = {}, p = o, i; for (i = 0; i < 100000; i++) p = p.next = {}; return fails(function () { serialize(o) })"),
            R"("RangeError: Maximum call stack size exceeded")");
  EXPECT_EQ(
      Run("var e = new Error('0'), p = e, i; for (i = 0; i < 20000; i++) p = p.cause = {}; return fails(function () { serialize(e) })"),
      R"("RangeError: Maximum call stack size exceeded")");
  // Bytes that nest deeper than any writer does.
  std::string deep("\x01", 1);
  for (int i = 0; i < 1000000; ++i) deep += "\x0c";  // a Set in a Set in a Set
  EXPECT_EQ(Read(deep), "RangeError: Maximum call stack size exceeded");
}

TEST_F(SerializeTest, ExternalsAreAskedForFunctionsAndClasses) {
  EXPECT_EQ(
      Run("var f = function () {}; var c = deserialize(serialize({f: f, g: f, x: 1}, true), true); return [c.f === c.g, c.f.was, c.x]"),
      R"([true,"function",1])");
  EXPECT_EQ(Run("function Mine() { this.mine = 1 } return deserialize(serialize([new Mine], true), true)"), R"([{"mine":""}])");
  EXPECT_EQ(Run("function Other() {} return fails(function () { serialize([new Other], true) })"),
            R"("DataCloneError: Could not serialize object of type \"Other\". This type does not support serialization.")");
  EXPECT_EQ(Run("return fails(function () { deserialize(serialize(function () {}, true)) })"),
            R"("DataCloneError: Unable to deserialize cloned data.")");
  EXPECT_EQ(Run("return deserialize(serialize([Object.create(null), {}, new Map(), new Error('e')], true), true).length"), "4");
}

TEST_F(SerializeTest, DamagedBytesAreAnError) {
  const std::string damaged = "DataCloneError: Unable to deserialize cloned data.";
  const auto bytes = [](std::initializer_list<int> list) {
    std::string text;
    for (const int byte : list) text.push_back(static_cast<char>(byte));
    return text;
  };
  EXPECT_EQ(Read(""), damaged);
  EXPECT_EQ(Read(bytes({1})), damaged);
  EXPECT_EQ(Read(bytes({2, 1})), damaged) << "another version";
  EXPECT_EQ(Read(bytes({1, 1})), "ok");
  EXPECT_EQ(Read(bytes({1, 1, 1})), damaged) << "something behind the value";
  EXPECT_EQ(Read(bytes({1, 99})), damaged);
  EXPECT_EQ(Read(bytes({1, 7, 5, 'a'})), damaged) << "a text longer than the bytes";
  EXPECT_EQ(Read(bytes({1, 7, 1, 0xFF})), damaged) << "would be a hidden key of the engine";
  EXPECT_EQ(Read(bytes({1, 7, 2, 0xC0, 0x80})), damaged);
  EXPECT_EQ(Read(bytes({1, 7, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})), damaged);
  EXPECT_EQ(Read(bytes({1, 19, 0})), damaged) << "a reference to nothing";
  EXPECT_EQ(Read(bytes({1, 10, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0})), "ok") << "a long empty array costs nothing";
  EXPECT_EQ(Read(bytes({1, 10, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0})), damaged);
  EXPECT_EQ(Read(bytes({1, 10, 0, 8, 'l', 'e', 'n', 'g', 't', 'h', 5, 3, 0})), damaged);
  EXPECT_EQ(Read(bytes({1, 9, 1, 1, 0})), damaged) << "an index in an object";
  EXPECT_EQ(Read(bytes({1, 14, 1, '(', 0})), damaged);
  EXPECT_EQ(Read(bytes({1, 14, 1, 'a', 2, 'g', 'g'})), damaged);
  EXPECT_EQ(Read(bytes({1, 8, 2, '0', '1'})), damaged);
  EXPECT_EQ(Read(bytes({1, 8, 1, '-'})), damaged);
  EXPECT_EQ(Read(bytes({1, 18, 5, 1, 1, 17, 4, 0, 0, 0, 0})), damaged) << "an Int32Array at offset 1";
  EXPECT_EQ(Read(bytes({1, 18, 2, 0, 5, 17, 4, 0, 0, 0, 0})), damaged) << "a view longer than its buffer";
  EXPECT_EQ(Read(bytes({1, 18, 2, 0, 0, 9, 0})), damaged) << "a view of an object";
  EXPECT_EQ(Read(bytes({1, 18, 77, 0, 0, 17, 0})), damaged);
  EXPECT_EQ(Read(bytes({1, 15, 50, 0})), damaged);
  EXPECT_EQ(Read(bytes({1, 16, 9})), damaged) << "a boxed object";
  EXPECT_EQ(Read(bytes({1, 11, 3, 0})), damaged) << "a key without value";
  EXPECT_EQ(Read(bytes({1, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})), "ok") << "any NaN is NaN";
}

RC_GTEST_FIXTURE_PROP(SerializeTest, GarbageNeverCrashes, ()) {
  const auto body = *rc::gen::container<std::string>(rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::inRange<char>(0, 21)));
  const std::string result = Read('\x01' + body);
  RC_ASSERT(result == "ok" || result == "DataCloneError: Unable to deserialize cloned data.");
}

RC_GTEST_FIXTURE_PROP(SerializeTest, FlippedBytesNeverCrash, ()) {
  std::string bytes;
  const auto error = isolate_->Run({}, [&](duk_context* ctx) {
    duk_eval_string(
        ctx,
        "var s = {a: [1, 2.5, 'x', null], m: new Map([[1, new Set(['y'])]]), d: new Date(1), e: new TypeError('t'), u: new Uint16Array(3),"
        "r: edge.regexp('a+', 'g'), b: BigInt(12), n: Object('q')}; s.self = s; serialize(s)");
    duk_size_t size;
    const void* data = duk_get_buffer_data(ctx, -1, &size);
    bytes.assign(static_cast<const char*>(data), size);
  });
  RC_ASSERT(!error.has_value());
  const int flips = *rc::gen::inRange(1, 4);
  for (int i = 0; i < flips; ++i) bytes[*rc::gen::inRange<size_t>(1, bytes.size())] = *rc::gen::arbitrary<char>();
  const std::string result = Read(bytes);
  RC_ASSERT(result == "ok" || result == "DataCloneError: Unable to deserialize cloned data.");
}

// JSON-like values of any shape come back as they were.
std::string Literal(int depth) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 8 : 6);
  switch (kind) {
    case 0:
      return "null";
    case 1:
      return std::to_string(*rc::gen::arbitrary<int64_t>());
    case 2:
      return std::to_string(*rc::gen::arbitrary<double>());
    case 3:
      return "\"" + *rc::gen::container<std::string>(rc::gen::inRange('a', 'e')) + "\"";
    case 4:
      return "\"\\u" + std::to_string(*rc::gen::inRange(1000, 9999)) + "\"";
    case 5:
      return *rc::gen::element<std::string>("true", "false");
    default:
      break;
  }
  std::string text = kind == 6 ? "[" : "{";
  const int count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ",";
    if (kind == 7) text += "\"k" + std::to_string(*rc::gen::inRange(0, 100)) + "\":";
    text += Literal(depth - 1);
  }
  return text + (kind == 6 ? "]" : "}");
}

RC_GTEST_FIXTURE_PROP(SerializeTest, WhatJsonCanSayComesBack, ()) {
  const std::string literal = Literal(4);
  RC_ASSERT(Run("var x = " + literal + "; return JSON.stringify(x) === JSON.stringify(copy(x))") == "true");
}

TEST_F(SerializeTest, RunningOutOfMemoryInTheMiddleIsAnErrorOnly) {
  for (const char* source :
       {"var a = [], i; for (i = 0; i < 60000; i++) a.push({n: i, s: 'x' + i}); try { deserialize(serialize(a)) } catch (e) {} 1",
        "var b = new Uint8Array(5 << 20), l = [], i; for (i = 0; i < 20; i++) l.push(copy(b)); 1",
        "var m = new Map(), i; for (i = 0; i < 60000; i++) m.set({i: i}, 'v' + i); copy(m); copy(m); 1"}) {
    isolate_ = Isolate::Create(*this, {.memory = ByteCount::MiB(24)});
    const auto error = isolate_->Run({}, [](duk_context* ctx) {
      InstallLanguage(ctx);
      PushEdgeObject(ctx);
      duk_put_global_string(ctx, "edge");
    });
    ASSERT_FALSE(error.has_value());
    Prepare(*isolate_);
    const auto result = isolate_->Run({}, [source](duk_context* ctx) { Isolate::Evaluate(ctx, source, "test.js"); });
    if (result.has_value()) {
      EXPECT_EQ(result->limit, Limit::kMemory) << result->message;
    }
    EXPECT_LE(isolate_->memory_peak_bytes(), ByteCount::MiB(24).bytes());
  }
}

TEST_F(SerializeTest, LongWorkEndsByTheCpuLimit) {
  CpuBudget budget = {.instructions = 2'000'000};
  const auto error = isolate_->Run({.budget = &budget}, [](duk_context* ctx) {
    Isolate::Evaluate(ctx, "var o = {}, i; for (i = 0; i < 1000; i++) o['k' + i] = i; for (;;) copy(o)", "test.js");
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->limit, Limit::kCpu);
}

}  // namespace
}  // namespace edge::js
