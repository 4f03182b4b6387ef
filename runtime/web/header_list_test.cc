#include "runtime/web/header_list.h"

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge::web {
namespace {

TEST(HeaderList, JoinsValuesOfOneNameWithoutCase) {
  HeaderList list;
  list.Append("Accept", "a");
  list.Append("accept", "b");

  EXPECT_EQ(list.Get("ACCEPT"), "a, b");
  EXPECT_EQ(list.entries()[1].name, "Accept");
  EXPECT_EQ(list.Get("other"), std::nullopt);
}

TEST(HeaderList, SetReplacesTheFirstAndDropsTheRest) {
  HeaderList list;
  list.Append("a", "1");
  list.Append("b", "2");
  list.Append("A", "3");
  list.Set("A", "4");

  ASSERT_EQ(list.entries().size(), 2u);
  EXPECT_EQ(list.entries()[0].value, "4");
  EXPECT_EQ(list.entries()[1].name, "b");
}

TEST(HeaderList, KeepsSetCookieApartWhenItCombines) {
  HeaderList list;
  list.Append("Set-Cookie", "a=1");
  list.Append("X", "1");
  list.Append("set-cookie", "b=2");
  list.Append("x", "2");

  const std::vector<std::pair<std::string, std::string>> expected = {{"set-cookie", "a=1"}, {"set-cookie", "b=2"}, {"x", "1, 2"}};
  EXPECT_EQ(list.SortAndCombine(), expected);
}

TEST(HeaderList, RefusesWhatWouldBreakTheWire) {
  EXPECT_FALSE(IsHeaderName(""));
  EXPECT_FALSE(IsHeaderName("a b"));
  EXPECT_FALSE(IsHeaderName("a:"));
  EXPECT_FALSE(IsHeaderName("\xc3\xa9"));
  EXPECT_TRUE(IsHeaderName("X-Request-Id"));
  EXPECT_FALSE(IsHeaderValue("a\r\nb: c"));
  EXPECT_FALSE(IsHeaderValue(std::string_view("a\0b", 3)));
  EXPECT_EQ(TrimHeaderValue(" \t a b\r\n"), "a b");
}

RC_GTEST_PROP(HeaderList, DeleteRemovesEveryEntryOfTheName, (const std::vector<std::string>& names)) {
  RC_PRE(!names.empty());
  HeaderList list;
  for (const std::string& name : names) list.Append(name, "v");
  list.Delete(LowerAscii(names[0]));
  RC_ASSERT(!list.Has(names[0]));
}

TEST(HeaderList, CountsItsBytesAndRefusesMoreThanItsLimits) {
  HeaderList list;
  EXPECT_TRUE(list.Append("a", std::string(500'000, 'x')));
  EXPECT_FALSE(list.Append("b", std::string(600'000, 'x')));
  EXPECT_FALSE(list.Set("a", std::string(2'000'000, 'x')));
  EXPECT_TRUE(list.Set("a", "short"));
  EXPECT_TRUE(list.Append("b", std::string(600'000, 'x')));
  list.Delete("b");
  list.Delete("a");
  EXPECT_EQ(list.bytes(), 0u);
}

}  // namespace
}  // namespace edge::web
