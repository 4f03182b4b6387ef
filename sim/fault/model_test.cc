#include "sim/fault/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "runtime/base/str_cat.h"
#include "sim/fault/model_table.h"

extern "C" {
extern const char edge_embedded_readme_begin[];
extern const char edge_embedded_readme_end[];
}

namespace edge::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Readme() { return std::string(edge_embedded_readme_begin, edge_embedded_readme_end); }

TEST(FaultModel, TheReadmeShowsTheSameTable) {
  EXPECT_THAT(Readme(), HasSubstr(StrCat("\n\n", FaultModelTable(), "\n"))) << "sim/README.md must hold exactly this table";
}

TEST(FaultModel, SitesKnowTheirPlaceAndFamily) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < AllFaultSites().size(); ++i) {
    const FaultSite& site = *AllFaultSites()[i];
    EXPECT_EQ(site.index, i) << site.name();
    EXPECT_THAT(std::string(site.name()), StartsWith(StrCat(NameOf(site.family), ".")));
    EXPECT_EQ(FindFaultSite(site.name()), &site);
    EXPECT_TRUE(names.insert(site.name()).second) << site.name();
    EXPECT_FALSE(site.story.empty());
    EXPECT_FALSE(site.holds.empty());
  }
  EXPECT_EQ(FindFaultSite("network.gremlins"), nullptr);
}

TEST(FaultModel, EveryChoiceHasANameOfItsOwnThatContainsItsSites) {
  std::set<std::string_view> names;
  for (const FaultSite* const site : AllFaultSites()) {
    for (const DecisionPoint* const point :
         {&site->point, &site->active, &site->window, &site->intensity, &site->begin, &site->length, &site->detail}) {
      EXPECT_TRUE(names.insert(point->name).second) << point->name;
      EXPECT_THAT(std::string(point->name), HasSubstr(std::string(site->name())));
    }
  }
}

TEST(FaultModel, StrikesHaveRatesAndEpisodesHaveLengths) {
  for (const FaultSite* const site : AllFaultSites()) {
    if (site->shape == FaultSite::Shape::kStrike) {
      EXPECT_GT(site->rate.numerator, 0u) << site->name();
      EXPECT_LT(site->rate.numerator, site->rate.denominator) << site->name();
    } else {
      EXPECT_GT(site->shortest, Duration::Zero()) << site->name();
      EXPECT_LT(site->shortest, site->longest) << site->name();
    }
  }
}

TEST(FaultModel, ItsVersionIsAFunctionOfTheTable) {
  EXPECT_EQ(FaultModelVersion(), FaultModelVersion());
  EXPECT_NE(FaultModelVersion(), 0u);
}

}  // namespace
}  // namespace edge::sim
