#include "runtime/worker/object_id_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "runtime/worker/object_namespace.h"

namespace edge::worker {
namespace {

TEST(ObjectIdCache, ANameThatIsKnownIsNotHashedAgain) {
  ObjectIdCache cache;
  int made = 0;
  const auto make = [&] { return ++made, std::string(64, 'a'); };
  EXPECT_EQ(cache.OfName("room", make), std::string(64, 'a'));
  EXPECT_EQ(cache.OfName("room", make), std::string(64, 'a'));
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(cache.IsValid(std::string(64, 'a')));
  EXPECT_FALSE(cache.IsValid(std::string(64, 'b')));
}

// 64 names in turn: with one place for each name a quarter of them would be hashed every time.
TEST(ObjectIdCache, NamesUsedInTurnStay) {
  ObjectIdCache cache;
  int made = 0;
  for (int round = 0; round < 10; ++round) {
    for (int number = 0; number < 64; ++number) {
      const std::string name = std::to_string(number);
      cache.OfName(name, [&] { return ++made, name; });
    }
  }
  EXPECT_LE(made, 64 + 9 * 8);
}

TEST(ObjectIdCache, NothingIsValidBeforeItWasSeen) {
  const ObjectIdCache cache;
  EXPECT_FALSE(cache.IsValid(""));
  EXPECT_FALSE(cache.IsValid(std::string(64, '0')));
}

// More names than places, long ones and empty ones among them: every answer is the one that hashing gives.
RC_GTEST_PROP(ObjectIdCache, AnswersAsHashingDoes, ()) {
  ObjectIdCache cache;
  const auto numbers = *rc::gen::container<std::vector<unsigned>>(2000, rc::gen::inRange<unsigned>(0, 600));
  for (const unsigned number : numbers) {
    const std::string name = number == 0 ? "" : std::string(number % 7 == 0 ? 300 : 1, 'n') + std::to_string(number);
    const std::string want = ObjectIdFromName("space", "", name);
    RC_ASSERT(cache.OfName(name, [&] { return want; }) == want);
    RC_ASSERT(cache.OfName(name, [&] { return ObjectIdFromName("space", "", name); }) == want);
    RC_ASSERT(!cache.IsValid(ObjectIdFromName("other", "", name)));
  }
}

}  // namespace
}  // namespace edge::worker
