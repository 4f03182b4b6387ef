#include "runtime/config/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"

namespace edge::config {
namespace {

std::string JsonOf(const absl::StatusOr<Document>& document) {
  if (!document.ok()) return std::string(document.status().message());
  const absl::StatusOr<std::string> json = document->root().ToJson();
  return json.ok() ? *json : std::string(json.status().message());
}

// "line path" of every value, in order.
void Places(const Value& value, std::vector<std::string>& out) {
  for (const Value* child : value.children()) {
    out.push_back(StrCat(child->line(), " ", child->Path()));
    Places(*child, out);
  }
}
std::vector<std::string> Places(const absl::StatusOr<Document>& document) {
  std::vector<std::string> out;
  if (!document.ok()) return {std::string(document.status().message())};
  Places(document->root(), out);
  return out;
}

TEST(TomlDocument, KeepsTheOrderOfTheFileAndKnowsEveryLine) {
  const auto document = ParseToml(
      "zebra = 1\n"
      "apple = 'x'\n"
      "\n"
      "[vars]\n"
      "b = [\n"
      "  1,\n"
      "  { c = true },\n"
      "]\n"
      "[[routes]]\n"
      "pattern = 'p'\n"
      "[env.production.vars]\n"
      "A.B = 1.5\n",
      "f");

  EXPECT_THAT(Places(document),
              testing::ElementsAre("1 zebra", "2 apple", "4 vars", "5 vars.b", "6 vars.b[0]", "7 vars.b[1]", "7 vars.b[1].c", "9 routes",
                                   "9 routes[0]", "10 routes[0].pattern", "11 env", "11 env.production", "11 env.production.vars",
                                   "12 env.production.vars.A", "12 env.production.vars.A.B"));
  EXPECT_EQ(JsonOf(document), R"({"zebra":1,"apple":"x","vars":{"b":[1,{"c":true}]},"routes":[{"pattern":"p"}],)"
                              R"("env":{"production":{"vars":{"A":{"B":1.5}}}}})");
}

TEST(TomlDocument, KeepsUnquotedDatesApartFromStrings) {
  const auto document = ParseToml("a = 2024-01-02\nb = 2024-01-02T03:04:05Z\nc = 03:04:05\n", "f");

  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->root().Find("a")->kind(), Value::Kind::kDate);
  EXPECT_EQ(document->root().Find("a")->text(), "2024-01-02");
  EXPECT_EQ(document->root().Find("b")->text(), "2024-01-02T03:04:05Z");
  EXPECT_EQ(document->root().Find("c")->text(), "03:04:05");
  EXPECT_EQ(JsonOf(document), "a is a date");
}

TEST(TomlDocument, NumbersThatJsonCannotSayAreAnErrorWithTheirPath) {
  EXPECT_EQ(JsonOf(ParseToml("a = { b = [inf] }", "f")), "a.b[0] is infinite or not a number");
  EXPECT_EQ(JsonOf(ParseToml("a = nan", "f")), "a is infinite or not a number");
}

TEST(JsonDocument, AcceptsCommentsAndTrailingCommas) {
  const auto document = ParseJson(
      "\xEF\xBB\xBF// first\n"
      "{ /* two\n"
      "lines */ \"a\": 1,\n"
      "  \"b\": { \"c\":\n"
      "    [null, true,\n"
      "     \"x\",], }, // end\n"
      "}\n"
      "// done",
      "f");

  EXPECT_THAT(Places(document), testing::ElementsAre("3 a", "4 b", "4 b.c", "5 b.c[0]", "5 b.c[1]", "6 b.c[2]"));
  EXPECT_EQ(JsonOf(document), R"({"a":1,"b":{"c":[null,true,"x"]}})");
}

TEST(JsonDocument, TellsCommentsFromStrings) {
  EXPECT_EQ(JsonOf(ParseJson("/** a **/ /*/ b */ {\"u\": \"http://x/*y*/\\\"//\", //\"\n\"b\"/**/:/* \" */1//}\n}", "f")),
            R"({"u":"http://x/*y*/\"//","b":1})");
}

TEST(JsonDocument, ReadsEscapesAndNumbersExactly) {
  EXPECT_EQ(JsonOf(ParseJson(R"({"s":"\u00e9\ud83d\ude00\n\"\\\/","e":"","i":-9223372036854775808})", "f")),
            "{\"s\":\"\xC3\xA9\xF0\x9F\x98\x80\\n\\\"\\\\/\",\"e\":\"\",\"i\":-9223372036854775808}");
  // Numbers whose shortest text is known: any conversion that is off in the last digit prints another one.
  EXPECT_EQ(JsonOf(ParseJson(R"({"a":[0.1,0.3,2.2250738585072014e-308,1.7976931348623157e308,5e-324,123456.789]})", "f")),
            R"({"a":[0.1,0.3,2.2250738585072014e-308,1.7976931348623157e+308,5e-324,123456.789]})");
}

TEST(JsonDocument, TheLastOfRepeatedMembersCounts) {
  const auto document = ParseJson("{\"a\": 1,\n\"b\": 2,\n\"a\": 3,\n\"a\": 4}", "f");

  EXPECT_EQ(JsonOf(document), R"({"b":2,"a":4})");
  ASSERT_EQ(document->repeated().size(), 2u);
  EXPECT_EQ(document->repeated()[0]->line(), 1);
  EXPECT_EQ(document->repeated()[1]->line(), 3);
}

TEST(Document, SurvivesBeingMoved) {
  Document moved;
  {
    auto document = ParseJson(R"({"a":{"b":[1]}})", "f");
    moved = *std::move(document);
  }
  EXPECT_EQ(moved.root().Find("a")->Find("b")->children()[0]->Path(), "a.b[0]");
}

struct BadText {
  const char* text;
  const char* message;
};

TEST(TomlDocument, SyntaxErrorsNameTheirPlaceAndARemedy) {
  const BadText kCases[] = {
      {"name = hello\n",
       "w.toml:1:8: Error while parsing value: could not determine value type; texts need quotes, true and false are lower case"},
      {"a = 1\nname \"x\"\n", "w.toml:2:6: Error while parsing key-value pair: expected '=', saw '\"'; write it as: name = value"},
      {"a = 1\na = 2\n",
       "w.toml:2:5: Error while parsing key-value pair: cannot redefine existing integer 'a'; "
       "a key is set and a [section] opened only once; merge the two"},
      {"[v]\n[v]\n",
       "w.toml:2:1: Error while parsing table header: cannot redefine existing table 'v'; "
       "a key is set and a [section] opened only once; merge the two"},
      {"a = True\n", "w.toml:1:5: Error while parsing boolean: expected 'true', saw 'T'; write true or false, in lower case"},
      {"a = \"C:\\q\"\n",
       "w.toml:1:9: Error while parsing string: unknown escape sequence '\\q'; "
       "double the backslash, or put the text in single quotes"},
  };
  for (const BadText& c : kCases) {
    const auto document = ParseToml(c.text, "w.toml");
    EXPECT_EQ(FromAbsl(document.status().message()), c.message) << c.text;
    EXPECT_EQ(document.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(JsonDocument, SyntaxErrorsNameTheirPlaceAndARemedy) {
  const BadText kCases[] = {
      {"", "w.json:1:1: the file ends too early; close what is open: a brace, a bracket or a quote"},
      {"// only", "w.json:1:8: the file ends too early; close what is open: a brace, a bracket or a quote"},
      {"[1]", "w.json:1:1: the file must be one object; put { } around its keys"},
      {"12 ", "w.json:1:3: the file must be one object; put { } around its keys"},
      {"{\n  \"a\" 1}", "w.json:2:7: syntax error; names and texts need double quotes, members a comma between them"},
      {"{\"\xC3\xA9\": x}", "w.json:1:7: syntax error; names and texts need double quotes, members a comma between them"},
      {"{'a': 1}", "w.json:1:2: syntax error; names and texts need double quotes, members a comma between them"},
      {"{ /* x\n */ } // \n\n/* y */ /* never\nclosed", "w.json:4:1: a comment is never closed; close it with */"},
      {"/* \xC3\xA9 */ x", "w.json:1:9: syntax error; names and texts need double quotes, members a comma between them"},
      {"{\"a\":1}\n x", "w.json:2:2: text after the end of the object; remove it or move it inside"},
      {"{\"a\":\"\\ud800\\u0041\"}",
       "w.json:1:18: a broken \\u escape; write four hexadecimal digits, and both halves of a surrogate pair"},
  };
  for (const BadText& c : kCases) {
    const auto document = ParseJson(c.text, "w.json");
    EXPECT_EQ(FromAbsl(document.status().message()), c.message) << c.text;
    EXPECT_EQ(document.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

std::string Repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Document, DeepNestingIsRefusedHoweverItIsWritten) {
  const std::string kDeep[] = {
      Repeat("a.", 100'000) + "a = 1",
      "[" + Repeat("a.", 100'000) + "a]",
      "[[" + Repeat("a.", 100'000) + "a]]",
      "a = " + Repeat("[", 100'000),
      "a = " + Repeat("{a=", 100'000),
      "a = " + Repeat("{a.a.a=", 20) + "1" + Repeat("}", 20),
      "[" + Repeat("a.", 20) + "a]\n" + Repeat("a.", 20) + "a = 1",
      "[ a" + Repeat(" . 'a'", 50) + "]",
  };
  for (const std::string& text : kDeep) {
    EXPECT_THAT(std::string(ParseToml(text, "f").status().message()), testing::HasSubstr("levels within each other")) << text.substr(0, 40);
  }
  EXPECT_THAT(std::string(ParseJson(Repeat("{\"a\":", 100'000), "f").status().message()), testing::HasSubstr("levels within each other"));
}

TEST(TomlDocument, DotsThatNestNothingAreNoDepth) {
  EXPECT_TRUE(ParseToml("a = \"" + Repeat(".", 200) + "\" # " + Repeat(".", 200) + "\n" +  //
                            "b = [" + Repeat("1.5, ", 100) + "]\n" +                       //
                            "c = '''\n" + Repeat("...", 100) + "'' [[ '''\n" +             //
                            "d = \"\"\"\\\"" + Repeat("{.", 100) + "\"\"\"\"\n" +          //
                            Repeat("[[t]]\nx = [[1], [2]]\n", 100) + Repeat("[[u]]\n[u.v]\n", 50),
                        "f")
                  .ok());
}

TEST(TomlDocument, CharactersBeyondAsciiNeedQuotes) {
  EXPECT_EQ(JsonOf(ParseToml("'\xC3\xA9' = \"\xC3\xA9\" # \xC3\xA9\nm = \"\"\"\xC3\xA9 \\\n  x\\\\\xC3\xA9\"\"\"", "f")),
            "{\"\xC3\xA9\":\"\xC3\xA9\",\"m\":\"\xC3\xA9 x\\\\\xC3\xA9\"}");
  const char kQuotes[] = "a character beyond ASCII; put the key or the text in quotes";
  EXPECT_EQ(JsonOf(ParseToml("a = 1\n\xC3\xA9 = 1", "f")), StrCat("f:2:1: ", kQuotes));
  EXPECT_EQ(JsonOf(ParseToml("a = 'x'\xC2\xA0", "f")), StrCat("f:1:8: ", kQuotes));
  EXPECT_EQ(JsonOf(ParseToml("a = '\xC3\xA9' \xC3\xA9", "f")), StrCat("f:1:9: ", kQuotes));
  // Known and rare: the parser underneath cannot be trusted with it.
  const char kEscape[] = "a character beyond ASCII right after a backslash; write it as \\uXXXX here";
  EXPECT_EQ(JsonOf(ParseToml("a = \"\"\"x\\\n  \xC3\xA9\"\"\"", "f")), StrCat("f:2:3: ", kEscape));
  EXPECT_EQ(JsonOf(ParseToml("a = \"\"\"x\\\xC3\xA9\"\"\"", "f")), StrCat("f:1:10: ", kEscape));
}

// Bytes that are likely to mean something to a parser, mixed with any others.
rc::Gen<std::string> Soup() {
  const auto piece = rc::gen::weightedOneOf<std::string>(
      {{6, rc::gen::elementOf(std::vector<std::string>{
               "{",    "}",          "[",    "]",       "\"",           "'",          "\"\"\"", "'''",      "=",
               ":",    ",",          ".",    "\n",      "\r\n",         "#",          "//",     "/*",       "*/",
               "\\",   "\\u",        "d800", "a",       "name",         "vars",       "env",    "1",        "1.5",
               "e9",   "-",          "true", "null",    "inf",          "2024-01-01", " ",      "\xC3\xA9", "\xE2\x80\xA8",
               "\\\n", "\"\"\"\\\n", "a = ", "[a.b]\n", "\xEF\xBB\xBF", "export ",    "`"})},
       {1, rc::gen::container<std::string>(rc::gen::arbitrary<char>())}});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string out;
    for (const std::string& p : pieces) out += p;
    return out;
  });
}

RC_GTEST_PROP(Document, AnyBytesGiveADocumentOrAnErrorWithItsPlace, ()) {
  const std::string text = *Soup();
  for (const auto& document : {ParseToml(text, "f"), ParseJson(text, "f")}) {
    if (document.ok()) {
      (void)document->root().ToJson();
    } else {
      RC_ASSERT(absl::IsInvalidArgument(document.status()));
      RC_ASSERT(document.status().message().substr(0, 2) == "f:");
    }
  }
}

// Fed byte by byte or at once, the parser must accept the same texts.
RC_GTEST_PROP(JsonDocument, AcceptsWhatTheParserAcceptsInOnePiece, ()) {
  const auto piece = rc::gen::elementOf(std::vector<std::string>{"{", "}", "[", "]", "\"a\":", "\"b\":", "\"x\"", ",", "1", "-2.5e3",
                                                                 "true", "null", "\n", " ", "\"\\u00e9\\n\"", "{}", "[1,]", "\xC3\xA9"});
  std::string text = "{\"k\":[";
  for (const std::string& p : *rc::gen::container<std::vector<std::string>>(piece)) text += p;
  if (*rc::gen::arbitrary<bool>()) text += "]}";
  boost::json::parse_options options;
  options.allow_trailing_commas = true;
  boost::json::error_code error;
  boost::json::parse({text.data(), text.size()}, error, {}, options);
  RC_ASSERT(ParseJson(text, "f").ok() == !error);
}

RC_GTEST_PROP(Document, WhatIsWrittenAsJsonReadsBackTheSame, (const std::vector<std::string>& keys, const std::vector<double>& numbers)) {
  DocumentBuilder builder;
  Value* array = builder.AddArray(builder.root(), "numbers", 1);
  for (const double number : numbers) builder.AddDouble(array, "", 1, number);
  for (const std::string& key : keys) {
    std::string ascii;
    for (const char c : key) ascii += static_cast<char>(c & 0x7F);
    builder.AddString(builder.root(), "k" + ascii, 1, ascii);
  }
  const Document written = builder.Finish();
  const std::string json = *written.root().ToJson();
  const auto read = ParseJson(json, "f");
  RC_ASSERT(read.ok());
  RC_ASSERT(*read->root().ToJson() == json);
}

}  // namespace
}  // namespace edge::config
