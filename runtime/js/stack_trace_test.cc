#include "runtime/js/isolate_testing.h"

namespace edge::js {
namespace {

using StackTraceTest = IsolateTest;

TEST_F(StackTraceTest, HasTheFormOfV8) {
  EXPECT_EQ(Eval("function outer() {\n  return inner() + 1;\n}\nfunction inner() {\n  throw new TypeError('bad');\n}\nvar stack;\ntry { "
                 "outer(); } catch (e) { stack = e.stack; } stack"),
            "TypeError: bad\n    at inner (test.js:5)\n    at outer (test.js:2)\n    at test.js:8");
  EXPECT_EQ(Eval("function Thing() {\n throw new Error();\n}\ntry { new Thing(); } catch (e) { e.stack }"),
            "Error\n    at new Thing (test.js:2)\n    at test.js:4");
  EXPECT_EQ(Eval("try { [1].map(function () { null.x }) } catch (e) { e.stack.split('\\n').slice(1, 3).join() }"),
            "    at test.js:1,    at map (<anonymous>)");
  EXPECT_EQ(Eval("function E() { return Reflect.construct(Error, ['m'], E); } E.prototype = Object.create(Error.prototype); "
                 "E.prototype.name = 'Mine';\nnew E().stack"),
            "Mine: m\n    at new E (test.js:1)\n    at test.js:2");
}

TEST_F(StackTraceTest, IsOrdinaryForScripts) {
  EXPECT_EQ(Eval("var e = new Error('x'); e.stack = 'mine'; e.stack"), "mine");
  EXPECT_EQ(Eval("Object.keys(new Error('x')).join()"), "");
  EXPECT_EQ(Eval("Object.getOwnPropertyNames(new Error('x')).join()"), "message");
  EXPECT_EQ(Eval("'fileName' in new Error('x') || 'lineNumber' in new Error('x')"), "false");
  EXPECT_EQ(Eval("Error.prototype.stack"), "undefined");
  EXPECT_EQ(Eval("var o = {name: 'O', message: 'm'};\nfunction f() { Error.captureStackTrace(o); }\nf(); o.stack"),
            "O: m\n    at f (test.js:2)\n    at test.js:3");
  EXPECT_EQ(
      Eval("function g(o) { Error.captureStackTrace(o, g); return o; }\nfunction h() { return g(new Error('q')); }\nvar e = h(); e.stack"),
      "Error: q\n    at h (test.js:2)\n    at test.js:3");
  EXPECT_EQ(Eval("Error.captureStackTrace(Object.freeze({}))").substr(0, 9), "TypeError");
}

TEST_F(StackTraceTest, GoesOnIntoTheResumerOfACoroutine) {
  EXPECT_EQ(Eval("function body() {\n  throw new Error('in thread');\n}\nfunction caller() {\n  return Duktape.Thread.resume(new "
                 "Duktape.Thread(body), 1);\n}\n"
                 "var s; try { caller(); } catch (e) { s = e.stack; } s"),
            "Error: in thread\n    at body (test.js:2)\n    at caller (test.js:5)\n    at test.js:7");
}

TEST_F(StackTraceTest, ReportsFramesToTheOwner) {
  Eval("function f() {\n  null.x;\n}\n\nf();");
  ASSERT_TRUE(error_.has_value());
  ASSERT_GE(error_->frames.size(), 2u);
  EXPECT_EQ(error_->frames[0].function, "f");
  EXPECT_EQ(error_->frames[0].file, "test.js");
  EXPECT_EQ(error_->frames[0].line, 2);
  EXPECT_EQ(error_->frames[1].line, 5);
  EXPECT_EQ(error_->stack.substr(0, 61), "TypeError: cannot read property 'x' of null\n    at f (test.js");
}

TEST_F(StackTraceTest, NamesTheLineOfASyntaxError) {
  Eval("var a = 1;\nvar b = ;\n");
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->name, "SyntaxError");
  ASSERT_FALSE(error_->frames.empty());
  EXPECT_EQ(error_->frames[0].file, "test.js");
  EXPECT_EQ(error_->frames[0].line, 2);
}

TEST_F(StackTraceTest, UsesSourceMapsLazily) {
  int loads = 0;
  isolate_->SetSourceMap("test.js", [&] {
    ++loads;
    auto map = SourceMap::Parse(R"({"version":3,"sources":["src/app.ts"],"mappings":";AAUA"})");
    return std::make_shared<const SourceMap>(*std::move(map));
  });
  EXPECT_EQ(Eval("1 + 1"), "2");
  EXPECT_EQ(loads, 0);
  EXPECT_EQ(Eval("function f() {\n  return new Error('m').stack;\n}\nf()"), "Error: m\n    at f (src/app.ts:11)\n    at test.js:4");
  Eval("\nnull.x");
  EXPECT_EQ(error_->frames.at(0).file, "src/app.ts");
  EXPECT_EQ(error_->frames.at(0).line, 11);
  EXPECT_EQ(loads, 1);
}

TEST_F(StackTraceTest, CodeGenerationCanBeForbidden) {
  EXPECT_EQ(Eval("eval('1 + 1') + new Function('return 2')()"), "4");
  isolate_->Run({}, [](duk_context* ctx) { Isolate::ForbidCodeGeneration(ctx); });
  const char* const kWant = "EvalError: Code generation from strings disallowed for this context";
  EXPECT_EQ(Eval("eval('1 + 1')"), kWant);
  EXPECT_EQ(Eval("(0, eval)('1 + 1')"), kWant);
  EXPECT_EQ(Eval("new Function('return 2')"), kWant);
  EXPECT_EQ(Eval("(function () {}).constructor('return 2')"), kWant);
  EXPECT_EQ(Eval("eval(5)"), "5");
}

TEST_F(StackTraceTest, StringifiesLoneSurrogatesAsEscapes) {
  EXPECT_EQ(Eval("JSON.stringify('a\\ud83d\\ude00b\\ud83dc\\ude00')"), "\"a😀b\\ud83dc\\ude00\"");
  EXPECT_EQ(Eval("JSON.stringify('\\ud83d') + JSON.stringify('\\ud83d\\ud83d\\ude00')"), "\"\\ud83d\"\"\\ud83d😀\"");
  EXPECT_EQ(Eval("JSON.stringify('\\u2028é') === '\"\\u2028é\"'"), "true");
}

}  // namespace
}  // namespace edge::js
