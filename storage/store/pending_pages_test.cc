#include "storage/store/pending_pages.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/check.h"
#include "storage/image/page_checksum.h"

namespace edge::storage {
namespace {

using Pages = std::vector<std::string>;  // a database

PageSet Set(uint32_t pages, std::vector<std::pair<uint32_t, std::string>> whole) {
  PageSet set{.pages = pages};
  for (auto& [page, bytes] : whole) {
    set.ranges.push_back({page, 0, kPageBytes});
    bytes.resize(kPageBytes);
    set.bytes += bytes;
  }
  return set;
}

char FirstOf(const PendingPages& pending, uint32_t page) {
  std::string bytes(kPageBytes, '?');
  return pending.Read(page, std::span<char, kPageBytes>(bytes.begin(), kPageBytes)) ? bytes[0] : '-';
}

TEST(PendingPages, ShowsThePendingAndNothingElse) {
  PageOverlay below(0);
  PendingPages pending;
  ASSERT_TRUE(pending.Add(Set(3, {{2, "b"}}), 10, below).ok());
  EXPECT_EQ(pending.pages(), 3u);
  EXPECT_EQ(FirstOf(pending, 1), '-');
  EXPECT_EQ(FirstOf(pending, 2), 'b');
  EXPECT_TRUE(pending.ChangedAfter(2, 9));
  EXPECT_FALSE(pending.ChangedAfter(2, 10));
}

TEST(PendingPages, APartOfAPageThatIsNotInMemoryIsRefusedWithoutEffect) {
  PageOverlay below(5);
  PendingPages pending;
  PageSet set = Set(5, {{1, "a"}});
  set.ranges.push_back({2, 8, 1});
  set.bytes += "x";
  EXPECT_TRUE(absl::IsInternal(pending.Add(set, 10, below)));
  EXPECT_TRUE(pending.empty());
  EXPECT_EQ(FirstOf(pending, 1), '-');
}

TEST(PendingPages, WhatWasCutIsZeroAsLongAsTheCutIsPending) {
  PageOverlay below(5);
  PendingPages pending;
  const PageSet cut = Set(1, {}), grown = Set(5, {{3, "c"}});
  ASSERT_TRUE(pending.Add(cut, 10, below).ok());
  ASSERT_TRUE(pending.Add(grown, 20, below).ok());
  EXPECT_EQ(FirstOf(pending, 1), '-');
  EXPECT_EQ(FirstOf(pending, 2), '\0');
  EXPECT_EQ(FirstOf(pending, 3), 'c');
  ASSERT_TRUE(below.Apply(cut).ok());
  pending.RemoveOldest(cut);
  EXPECT_EQ(FirstOf(pending, 2), '-');
  EXPECT_EQ(FirstOf(pending, 3), 'c');
}

// Any sequence of commits, some of which are durable: pending over durable pages is what all commits together make.
RC_GTEST_PROP(PendingPages, WithTheDurablePagesTheyAreTheDatabase, ()) {
  struct NoBase final : BasePages {
    absl::Status ReadBasePage(uint32_t, std::span<char, kPageBytes>) override { return absl::InternalError("asked"); }
  } no_base;
  PageOverlay below(0);
  PendingPages pending;
  std::vector<PageSet> in_flight;
  size_t drained = 0;
  Pages model;
  const int commits = *rc::gen::inRange(1, 40);
  for (int i = 0; i < commits; ++i) {
    PageSet set{.pages = *rc::gen::inRange(0u, 6u)};
    model.resize(set.pages, std::string(kPageContentBytes, '\0'));
    for (uint32_t page = 1; page <= set.pages; ++page) {
      if (*rc::gen::inRange(0, 3) != 0) continue;
      const auto offset = *rc::gen::inRange<uint16_t>(0, 4000);
      const auto length = *rc::gen::inRange<uint16_t>(1, 90);
      set.ranges.push_back({page, offset, length});
      set.bytes += std::string(length, static_cast<char>('a' + i % 26));
      model[page - 1].replace(offset, std::min<size_t>(length, kPageContentBytes - offset),
                              std::string(std::min<size_t>(length, kPageContentBytes - offset), static_cast<char>('a' + i % 26)));
    }
    RC_ASSERT(pending.Add(set, static_cast<Position>(i + 1), below).ok());
    in_flight.push_back(set);
    while (drained < in_flight.size() && *rc::gen::arbitrary<bool>()) {
      RC_ASSERT(below.Apply(in_flight[drained]).ok());
      pending.RemoveOldest(in_flight[drained++]);
    }
    RC_ASSERT((pending.empty() ? below.pages() : pending.pages()) == model.size());
    for (uint32_t page = 1; page <= model.size(); ++page) {
      std::string bytes(kPageBytes, '?');
      const std::span<char, kPageBytes> out(bytes.begin(), kPageBytes);
      if (!pending.Read(page, out)) {
        if (page > below.pages()) {
          bytes.assign(kPageBytes, '\0');
        } else {
          RC_ASSERT(below.Read(page, no_base, out).ok());
        }
      }
      RC_ASSERT(bytes.substr(0, kPageContentBytes) == model[page - 1]);
    }
  }
  while (drained < in_flight.size()) {
    RC_ASSERT(below.Apply(in_flight[drained]).ok());
    pending.RemoveOldest(in_flight[drained++]);
  }
  RC_ASSERT(pending.bytes() == 0u);
}

}  // namespace
}  // namespace edge::storage
