#include "runtime/web/json_error.h"

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge::web {
namespace {

TEST(JsonError, SaysNothingOfValidJson) { EXPECT_EQ(JsonErrorText(" {\"a\": [1, -0.5e+3, true, null, \"\\u00e9\\n\"], \"b\": {}} "), ""); }

TEST(JsonError, NamesTheTokenWithItsSurroundings) {
  EXPECT_EQ(JsonErrorText(""), "Unexpected end of JSON input");
  EXPECT_EQ(JsonErrorText("hello"), "Unexpected token 'h', \"hello\" is not valid JSON");
  EXPECT_EQ(JsonErrorText("undefined"), "\"undefined\" is not valid JSON");
  EXPECT_EQ(JsonErrorText("this is a long text"), "Unexpected token 'h', \"this is a long text\" is not valid JSON");
  EXPECT_EQ(JsonErrorText("oh, this is a much longer text"), "Unexpected token 'o', \"oh, this i\"... is not valid JSON");
  EXPECT_EQ(JsonErrorText("[1,2,3,4,5,6,x,8,9,10,11,12]"), "Unexpected token 'x', ...\"2,3,4,5,6,x,8,9,10,1\"... is not valid JSON");
}

TEST(JsonError, GivesThePlace) {
  EXPECT_EQ(JsonErrorText("{\"a\":1,}"), "Expected double-quoted property name in JSON at position 7 (line 1 column 8)");
  EXPECT_EQ(JsonErrorText("{\n  \"a\" 1}"), "Expected ':' after property name in JSON at position 8 (line 2 column 7)");
  EXPECT_EQ(JsonErrorText("[\"\xf0\x9f\x98\x80\" 1]"), "Expected ',' or ']' after array element in JSON at position 6 (line 1 column 7)");
  EXPECT_EQ(JsonErrorText("1 2"), "Unexpected non-whitespace character after JSON at position 2 (line 1 column 3)");
  EXPECT_EQ(JsonErrorText("\"a"), "Unterminated string in JSON at position 2 (line 1 column 3)");
  EXPECT_EQ(JsonErrorText("-"), "No number after minus sign in JSON at position 1 (line 1 column 2)");
}

TEST(JsonError, DepthCostsNoStack) { EXPECT_EQ(JsonErrorText(std::string(1'000'000, '[')), "Unexpected end of JSON input"); }

RC_GTEST_PROP(JsonError, AnyBytesGetAnAnswer, (const std::string& bytes)) { (void)JsonErrorText(bytes); }

}  // namespace
}  // namespace edge::web
