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
  HeaderList list;
  for (const std::string& name : names) list.Append(name, "v");
  if (!names.empty()) list.Delete(LowerAscii(names[0]));
  RC_ASSERT(names.empty() || !list.Has(names[0]));
}

}  // namespace
}  // namespace edge::web
