#include "runtime/url/search_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge::url {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(SearchParams, ParsesFieldsPlusSignsAndEscapes) {
  EXPECT_THAT(SearchParams::Parse("a=b&c=d+e&f=%2B%20").pairs(), ElementsAre(Pair("a", "b"), Pair("c", "d e"), Pair("f", "+ ")));
}

TEST(SearchParams, ParsesFieldsWithoutNameOrValueAndSkipsEmptyOnes) {
  EXPECT_THAT(SearchParams::Parse("&&a&=b&c=&d=e=f&").pairs(), ElementsAre(Pair("a", ""), Pair("", "b"), Pair("c", ""), Pair("d", "e=f")));
  EXPECT_THAT(SearchParams::Parse("").pairs(), IsEmpty());
}

TEST(SearchParams, LeavesBadEscapesAndRepairsBadUtf8) {
  EXPECT_THAT(SearchParams::Parse("%zz=%C3%A9&b=%ff&%EF%BB%BFc=\xc3").pairs(),
              ElementsAre(Pair("%zz", "\xc3\xa9"), Pair("b", "\xef\xbf\xbd"),
                          Pair("\xef\xbb\xbf"
                               "c",
                               "\xef\xbf\xbd")));
}

TEST(SearchParams, ParseQueryDropsOneQuestionMarkAndParseNone) {
  EXPECT_THAT(SearchParams::ParseQuery("??a=1").pairs(), ElementsAre(Pair("?a", "1")));
  EXPECT_THAT(SearchParams::Parse("?a=1").pairs(), ElementsAre(Pair("?a", "1")));
}

TEST(SearchParams, DeletesByNameOrByNameAndValue) {
  SearchParams params = SearchParams::Parse("a=1&b=2&a=3&a=1");

  params.Delete("a", "1");
  EXPECT_EQ(params.ToString(), "b=2&a=3");

  params.Delete("a");
  EXPECT_EQ(params.ToString(), "b=2");

  params.Delete("missing");
  EXPECT_EQ(params.size(), 1u);
}

TEST(SearchParams, DeleteTakesANameBorrowedFromTheListItself) {
  SearchParams params = SearchParams::Parse("a=1&b=2&a=3");
  params.Delete(params.pairs()[0].first);
  EXPECT_EQ(params.ToString(), "b=2");
}

TEST(SearchParams, GetsTheFirstAndAllValues) {
  const SearchParams params = SearchParams::Parse("a=1&b=2&a=3");
  ASSERT_NE(params.Get("a"), nullptr);
  EXPECT_EQ(*params.Get("a"), "1");
  EXPECT_EQ(params.Get("c"), nullptr);
  EXPECT_THAT(params.GetAll("a"), ElementsAre("1", "3"));
  EXPECT_THAT(params.GetAll("c"), IsEmpty());
}

TEST(SearchParams, HasLooksAtTheValueWhereOneIsGiven) {
  const SearchParams params = SearchParams::Parse("a=1&b");
  EXPECT_TRUE(params.Has("a"));
  EXPECT_TRUE(params.Has("a", "1"));
  EXPECT_FALSE(params.Has("a", "2"));
  EXPECT_TRUE(params.Has("b", ""));
  EXPECT_FALSE(params.Has("c"));
}

TEST(SearchParams, SetReplacesTheFirstAndRemovesTheOthers) {
  SearchParams params = SearchParams::Parse("x=0&a=1&b=2&a=3");
  params.Set("a", "9");
  EXPECT_EQ(params.ToString(), "x=0&a=9&b=2");
  params.Set("new", "n");
  EXPECT_EQ(params.ToString(), "x=0&a=9&b=2&new=n");
}

TEST(SearchParams, SortIsStable) {
  SearchParams params = SearchParams::Parse("z=1&a=2&z=0&a=1&=5&aa=3");
  params.Sort();
  EXPECT_EQ(params.ToString(), "=5&a=2&a=1&aa=3&z=1&z=0");
}

TEST(SearchParams, SortsBySurrogatesAndNotByCodePoints) {
  // U+1F308 is D83C DF08 in UTF-16 and so comes before U+FB03, but after U+D7FF.
  SearchParams params;
  params.Append("\xef\xac\x83", "ffi");
  params.Append("\xf0\x9f\x8c\x88", "rainbow");
  params.Append("\xee\x80\x80", "private");
  params.Append("\xed\x9f\xbb", "jamo");
  params.Append("\xf0\x9f\x8c\x87", "sunset");
  params.Sort();
  std::vector<std::string> values;
  for (const auto& [name, value] : params.pairs()) values.push_back(value);
  EXPECT_THAT(values, ElementsAre("jamo", "sunset", "rainbow", "private", "ffi"));
}

TEST(SearchParams, SerializesTheFormSet) {
  SearchParams params;
  params.Append("a b", "~'()!*-._&=+%");
  params.Append("", "\xc3\xa9");
  EXPECT_EQ(params.ToString(), "a+b=%7E%27%28%29%21*-._%26%3D%2B%25&=%C3%A9");
}

RC_GTEST_PROP(SearchParams, ParseReadsBackWhatToStringWrites, ()) {
  const auto text = rc::gen::container<std::string>(rc::gen::element('a', '&', '=', '+', '%', '2', ' ', '?', '#'));
  const auto pairs = *rc::gen::container<std::vector<SearchParams::Pair>>(rc::gen::pair(text, text));
  const SearchParams params(pairs);
  RC_ASSERT(SearchParams::Parse(params.ToString()).pairs() == pairs);
}

}  // namespace
}  // namespace edge::url
