#include "storage/image/page_overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "storage/image/page_checksum.h"

namespace edge::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using PageBytes = std::array<char, kPageBytes>;

PageBytes Filled(char c) {
  PageBytes page;
  page.fill(c);
  ClearReserved(page);
  return page;
}

// A base file in memory; pages that it does not have are garbage, as a crashed checkpoint leaves them.
class Base : public BasePages {
 public:
  absl::Status ReadBasePage(uint32_t page, std::span<char, kPageBytes> out) override {
    ++reads;
    auto it = pages.find(page);
    std::memset(out.data(), 'G', kPageBytes);
    if (it != pages.end()) std::memcpy(out.data(), it->second.data(), kPageBytes);
    return absl::OkStatus();
  }
  std::map<uint32_t, PageBytes> pages;
  int reads = 0;
};

class Set {
 public:
  explicit Set(uint32_t pages) { set_.pages = pages; }
  Set& Whole(uint32_t page, char fill) { return Range(page, 0, std::string(kPageBytes, fill)); }
  Set& Range(uint32_t page, uint16_t offset, std::string_view bytes) {
    set_.ranges.push_back({page, offset, static_cast<uint16_t>(bytes.size())});
    set_.bytes.append(bytes);
    return *this;
  }
  operator const PageSet&() const { return set_; }

 private:
  PageSet set_;
};

PageBytes Read(const PageOverlay& overlay, uint32_t page, Base& base) {
  PageBytes out;
  EXPECT_TRUE(overlay.Read(page, base, out).ok());
  return out;
}

TEST(PageOverlay, RangesOverwriteWhatIsThere) {
  Base base;
  PageOverlay overlay(0);
  ASSERT_TRUE(overlay.Apply(Set(1).Whole(1, 'a')).ok());
  ASSERT_TRUE(overlay.Apply(Set(1).Range(1, 10, "xyz").Range(1, 20, "q")).ok());
  PageBytes expected = Filled('a');
  std::memcpy(expected.data() + 10, "xyz", 3);
  expected[20] = 'q';
  EXPECT_EQ(Read(overlay, 1, base), expected);
  EXPECT_EQ(base.reads, 0);
}

TEST(PageOverlay, ReadsFromTheBaseWhatHasNotChanged) {
  Base base;
  base.pages[2].fill('b');
  PageOverlay overlay(3);
  ASSERT_TRUE(overlay.Apply(Set(3).Whole(1, 'a')).ok());
  EXPECT_EQ(Read(overlay, 2, base), Filled('b'));
  EXPECT_EQ(base.reads, 1);
}

TEST(PageOverlay, TheFirstChangeOfAPageMustBeWhole) {
  PageOverlay overlay(2);
  EXPECT_TRUE(overlay.NeedsWholePage(1));
  EXPECT_EQ(overlay.Apply(Set(2).Range(1, 0, "x")).code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(overlay.Apply(Set(2).Whole(1, 'a')).ok());
  EXPECT_FALSE(overlay.NeedsWholePage(1));
  EXPECT_TRUE(overlay.Apply(Set(2).Range(1, 0, "x")).ok());
}

TEST(PageOverlay, APageBeyondTheEndStartsFromZeros) {
  Base base;
  PageOverlay overlay(1);
  EXPECT_FALSE(overlay.NeedsWholePage(3));
  ASSERT_TRUE(overlay.Apply(Set(3).Range(3, 5, "x")).ok());
  PageBytes expected{};
  EXPECT_EQ(Read(overlay, 2, base), expected);
  expected[5] = 'x';
  EXPECT_EQ(Read(overlay, 3, base), expected);
}

TEST(PageOverlay, APageThatWasCutOffComesBackAsZeros) {
  Base base;
  base.pages[2].fill('b');
  PageOverlay overlay(3);
  ASSERT_TRUE(overlay.Apply(Set(3).Whole(3, 'c')).ok());
  ASSERT_TRUE(overlay.Apply(Set(1)).ok());
  ASSERT_TRUE(overlay.Apply(Set(3).Range(3, 0, "x")).ok());
  PageBytes expected{};
  EXPECT_EQ(Read(overlay, 2, base), expected);
  expected[0] = 'x';
  EXPECT_EQ(Read(overlay, 3, base), expected);
  EXPECT_EQ(base.reads, 0);
}

TEST(PageOverlay, ReservedBytesAreZeroWhateverASetOrTheBaseSays) {
  Base base;
  base.pages[2].fill('b');
  PageOverlay overlay(2);
  ASSERT_TRUE(overlay.Apply(Set(2).Whole(1, 'a')).ok());
  ASSERT_TRUE(overlay.Apply(Set(2).Range(1, kPageBytes - 9, "123456789")).ok());
  PageBytes page = Read(overlay, 1, base);
  EXPECT_EQ(std::string(page.end() - 9, page.end()), std::string("1\0\0\0\0\0\0\0\0", 9));
  page = Read(overlay, 2, base);
  EXPECT_EQ(std::string(page.end() - 8, page.end()), std::string(8, '\0'));
}

TEST(PageOverlay, WhatIsNoPageSetChangesNothing) {
  Base base;
  PageOverlay overlay(0);
  ASSERT_TRUE(overlay.Apply(Set(2).Whole(1, 'a').Whole(2, 'b')).ok());
  const uint64_t bytes = overlay.bytes();
  PageSet short_bytes = Set(2).Range(1, 0, "xx");
  short_bytes.bytes.pop_back();
  for (const PageSet& bad :
       {static_cast<const PageSet&>(Set(1).Range(1, 0, "x").Range(2, 0, "x")),
        static_cast<const PageSet&>(Set(2).Range(2, 0, "x").Range(1, 0, "x")),
        static_cast<const PageSet&>(Set(2).Range(1, 0, "xx").Range(1, 1, "x")), static_cast<const PageSet&>(Set(2).Range(0, 0, "x")),
        static_cast<const PageSet&>(Set(2).Range(1, 4095, "xx")), static_cast<const PageSet&>(Set(2).Range(1, 0, "")), short_bytes}) {
    EXPECT_EQ(overlay.Apply(bad).code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(Read(overlay, 1, base), Filled('a'));
  EXPECT_EQ(overlay.pages(), 2u);
  EXPECT_EQ(overlay.bytes(), bytes);
}

TEST(PageOverlay, AFrozenLayerStaysReadableAndDoesNotChange) {
  Base base;
  PageOverlay overlay(0);
  ASSERT_TRUE(overlay.Apply(Set(2).Whole(1, 'a').Whole(2, 'b')).ok());
  overlay.Freeze();
  EXPECT_EQ(Read(overlay, 1, base), Filled('a'));
  EXPECT_TRUE(overlay.NeedsWholePage(1));
  ASSERT_TRUE(overlay.Apply(Set(1).Whole(1, 'z')).ok());
  EXPECT_EQ(Read(overlay, 1, base), Filled('z'));

  EXPECT_EQ(overlay.frozen_pages(), 2u);
  EXPECT_THAT(overlay.FrozenPageNumbers(), ElementsAre(1, 2));
  PageBytes page;
  overlay.ReadFrozen(1, page);
  EXPECT_EQ(page, Filled('a'));
  overlay.DropFrozen();
  EXPECT_EQ(Read(overlay, 1, base), Filled('z'));
  EXPECT_EQ(base.reads, 0);
}

TEST(PageOverlay, TheBaseIsGivenZeroPagesThatNobodyHasWritten) {
  PageOverlay overlay(5);
  ASSERT_TRUE(overlay.Apply(Set(1)).ok());
  ASSERT_TRUE(overlay.Apply(Set(4).Range(4, 0, "x")).ok());
  overlay.Freeze();
  EXPECT_THAT(overlay.FrozenPageNumbers(), ElementsAre(2, 3, 4));
  PageBytes page;
  overlay.ReadFrozen(3, page);
  EXPECT_EQ(page, PageBytes{});
}

TEST(PageOverlay, WithoutChangesACheckpointHasNothingToWrite) {
  PageOverlay overlay(5);
  EXPECT_FALSE(overlay.changed());
  PageSet only_alarm = Set(5);
  only_alarm.alarm = AlarmChange{};
  ASSERT_TRUE(overlay.Apply(only_alarm).ok());
  EXPECT_FALSE(overlay.changed());
  ASSERT_TRUE(overlay.Apply(Set(4)).ok());
  EXPECT_TRUE(overlay.changed());
  overlay.Freeze();
  EXPECT_TRUE(overlay.changed());
  EXPECT_THAT(overlay.FrozenPageNumbers(), IsEmpty());
  overlay.DropFrozen();
  EXPECT_FALSE(overlay.changed());
}

TEST(PageOverlay, AFailedCheckpointIsUndone) {
  Base base;  // all garbage: what the failed checkpoint has written must not be read
  PageOverlay overlay(0);
  ASSERT_TRUE(overlay.Apply(Set(3).Whole(1, 'a').Whole(2, 'b').Whole(3, 'c')).ok());
  overlay.Freeze();
  ASSERT_TRUE(overlay.Apply(Set(2).Whole(1, 'z')).ok());
  ASSERT_TRUE(overlay.Apply(Set(3)).ok());
  overlay.Unfreeze();
  EXPECT_EQ(Read(overlay, 1, base), Filled('z'));
  EXPECT_EQ(Read(overlay, 2, base), Filled('b'));
  EXPECT_EQ(Read(overlay, 3, base), PageBytes{});
  EXPECT_EQ(base.reads, 0);
  EXPECT_FALSE(overlay.NeedsWholePage(2)) << "its whole is in the log since the last checkpoint";
  EXPECT_TRUE(overlay.changed());
}

// The whole life of one object against a model that is an array of pages: commits as an image makes them, checkpoints that are completed,
// fail, or are cut off by a crash with any part of the base written or torn, recoveries from base and log.
RC_GTEST_PROP(PageOverlay, ShowsWhatWasCommittedWhateverCheckpointsAndCrashesDo, (const std::vector<std::array<uint8_t, 4>>& steps)) {
  std::vector<PageBytes> model;
  Base base;
  uint32_t base_pages = 0;
  PageOverlay overlay(0);
  std::vector<PageSet> log;
  size_t log_at_freeze = 0;

  for (const auto& [what, a, b, c] : steps) {
    switch (what % 8) {
      case 0:
      case 1:
      case 2:
      case 3: {  // a commit: a new size, and one changed page
        const uint32_t pages = what % 8 == 0 ? 1 + a % 6 : std::max<uint32_t>(1, static_cast<uint32_t>(model.size()));
        const uint32_t page = 1 + b % pages;
        const uint32_t before = static_cast<uint32_t>(model.size());
        model.resize(pages);
        // What is cut off and comes back inside of one commit is not made here: image_file does that.
        const uint16_t offset = static_cast<uint16_t>(c * 13 % 4000);
        model[page - 1][offset] = static_cast<char>(a | 1);
        Set set(pages);
        if (page <= before && overlay.NeedsWholePage(page)) {
          set.Range(page, 0, std::string_view(model[page - 1].data(), kPageBytes));
        } else {
          set.Range(page, offset, std::string_view(model[page - 1].data() + offset, 1));
        }
        RC_ASSERT(overlay.Apply(set).ok());
        log.push_back(set);
        break;
      }
      case 4:
        if (!overlay.frozen()) {
          overlay.Freeze();
          log_at_freeze = log.size();
        }
        break;
      case 5:  // a part of the checkpoint's writes, some torn
        if (overlay.frozen()) {
          for (uint32_t page : overlay.FrozenPageNumbers()) {
            if ((page + a) % 3 == 0) continue;
            overlay.ReadFrozen(page, base.pages[page]);
            if ((page + a) % 3 == 1) std::fill(base.pages[page].begin() + b * 8, base.pages[page].end(), 'T');
          }
        }
        break;
      case 6:
        if (overlay.frozen() && a % 2 == 0) {
          for (uint32_t page : overlay.FrozenPageNumbers()) overlay.ReadFrozen(page, base.pages[page]);
          base_pages = overlay.frozen_pages();
          base.pages.erase(base.pages.upper_bound(base_pages), base.pages.end());
          overlay.DropFrozen();
          log.erase(log.begin(), log.begin() + static_cast<ptrdiff_t>(log_at_freeze));
        } else if (overlay.frozen()) {
          overlay.Unfreeze();
        }
        break;
      default:  // a crash
        overlay = PageOverlay(base_pages);
        for (const PageSet& set : log) RC_ASSERT(overlay.Apply(set).ok());
        break;
    }
    RC_ASSERT(overlay.pages() == model.size());
    for (uint32_t page = 1; page <= model.size(); ++page) RC_ASSERT(Read(overlay, page, base) == model[page - 1]);
  }
}

TEST(PageChecksum, SeesDamageZerosAndPagesOfOtherPlaces) {
  PageBytes page = Filled('a');
  Seal(page, 7);
  EXPECT_TRUE(Verify(page, 7));
  EXPECT_FALSE(Verify(page, 8));
  EXPECT_FALSE(Verify(PageBytes{}, 7));
  for (size_t byte = 0; byte < kPageBytes; byte += 5) {
    PageBytes damaged = page;
    damaged[byte] ^= 0x10;
    EXPECT_FALSE(Verify(damaged, 7)) << byte;
  }
  ClearReserved(page);
  EXPECT_EQ(page, Filled('a'));
}

}  // namespace
}  // namespace edge::storage
