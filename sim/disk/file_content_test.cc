#include "sim/disk/file_content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "rapidcheck/gtest.h"
#include "sim/disk/crash_points.h"
#include "sim/disk/crash_strategy_testing.h"

namespace edge::sim {
namespace {

class FileContentTest : public ::testing::Test {
 protected:
  std::string All(const FileContent& content) const {
    std::string all(content.size(), '?');
    EXPECT_EQ(content.Read(0, all), all.size());
    return all;
  }
  void Sync(FileContent& content) {
    content.BeginSync();
    content.EndSync();
  }
  void PowerLoss() { file.PowerLoss(world.oracle, ActorId::kWorld, ++crashes); }

  CrashWorld world;
  std::shared_ptr<PageBudget> budget = std::make_shared<PageBudget>(PageBudget{0, 1000});
  FileContent file{1, budget};
  Key crashes = 0;
};

TEST_F(FileContentTest, KeepsWhatWasSyncedAndLosesWhatWasNot) {
  file.Write(0, "synced");
  Sync(file);
  file.Write(0, "broken and longer");
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kLost));

  PowerLoss();

  EXPECT_EQ(All(file), "synced");
  EXPECT_TRUE(file.clean());
}

TEST_F(FileContentTest, TheMildestCrashLosesNothing) {
  file.Write(100, "never synced");

  PowerLoss();

  EXPECT_EQ(All(file), std::string(100, '\0') + "never synced");
  EXPECT_TRUE(world.oracle.decisions().empty());
}

TEST_F(FileContentTest, SectorsAreOldNewTornOrGarbageEachForItself) {
  file.Write(0, std::string(5 * kSectorBytes, 'o'));
  Sync(file);
  file.Write(0, std::string(5 * kSectorBytes, 'n'));
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kMixed));
  world.strategy.Say(kCrashTear, 100);
  int64_t fate = 0;
  world.strategy.Ask(kCrashSector, [&] { return fate++; });

  PowerLoss();

  const std::string all = All(file);
  const auto sector = [&](int i) { return all.substr(i * kSectorBytes, kSectorBytes); };
  EXPECT_EQ(sector(0), std::string(kSectorBytes, 'n'));
  EXPECT_EQ(sector(1), std::string(kSectorBytes, 'o'));
  EXPECT_EQ(sector(2), std::string(100, 'n') + std::string(kSectorBytes - 100, 'o'));
  EXPECT_EQ(sector(3), std::string(100, 'o') + std::string(kSectorBytes - 100, 'n'));
  EXPECT_NE(sector(4).find_first_not_of("on"), std::string::npos);
}

TEST_F(FileContentTest, ASectorNotWrittenIsNeverTouchedByACrash) {
  file.Write(0, std::string(3 * kSectorBytes, 'o'));
  Sync(file);
  file.Write(kSectorBytes, "n");
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kMixed));
  world.strategy.Say(kCrashSector, static_cast<int64_t>(SectorFate::kGarbage));

  PowerLoss();

  const std::string all = All(file);
  EXPECT_EQ(all.substr(0, kSectorBytes), std::string(kSectorBytes, 'o'));
  EXPECT_NE(all.substr(kSectorBytes, kSectorBytes), std::string(kSectorBytes, 'o'));
  EXPECT_EQ(all.substr(2 * kSectorBytes), std::string(kSectorBytes, 'o'));
}

TEST_F(FileContentTest, ASizeWithoutItsDataReadsZeros) {
  file.Write(0, "data");
  Sync(file);
  file.Write(4, "more");
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kMixed));
  world.strategy.Say(kCrashSize, static_cast<int64_t>(SizeFate::kNew));
  world.strategy.Say(kCrashSector, static_cast<int64_t>(SectorFate::kOld));

  PowerLoss();

  EXPECT_EQ(All(file), std::string("data\0\0\0\0", 8));
}

TEST_F(FileContentTest, ACutIsPendingToo) {
  file.Write(0, std::string(10'000, 'x'));
  Sync(file);
  file.Resize(10);
  EXPECT_EQ(All(file), std::string(10, 'x'));
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kLost));

  PowerLoss();

  EXPECT_EQ(All(file), std::string(10'000, 'x'));
}

TEST_F(FileContentTest, WhatWasCutCannotComeBackUnderANewSize) {
  file.Write(0, std::string(2'000, 'x'));
  Sync(file);
  file.Resize(0);
  file.Write(1'500, "y");
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kMixed));
  world.strategy.Say(kCrashSector, static_cast<int64_t>(SectorFate::kOld));

  PowerLoss();

  EXPECT_EQ(All(file), std::string(1'501, '\0'));
}

TEST_F(FileContentTest, AFailedSyncForgetsAndALaterOneDoesNotBringItBack) {
  file.Write(0, "old");
  Sync(file);
  file.Write(0, "new");
  file.BeginSync();
  file.FailSync(0);
  EXPECT_EQ(All(file), "new");

  Sync(file);
  EXPECT_TRUE(file.has_forgotten());
  PowerLoss();

  EXPECT_EQ(All(file), "old");
}

TEST_F(FileContentTest, WhatWasForgottenIsSafeOnceItIsWrittenAndSyncedAgain) {
  file.Write(0, "new");
  file.BeginSync();
  file.FailSync(0);

  file.Write(0, "new");
  Sync(file);
  PowerLoss();

  EXPECT_EQ(All(file), "new");
}

TEST_F(FileContentTest, AFileThatGrowsAgainAfterAForgottenCutIsAsLongAsItWasSynced) {
  file.Write(0, std::string(9'000, 'x'));
  Sync(file);
  file.Resize(0);
  file.BeginSync();
  file.FailSync(0);

  file.Write(5'000, "y");
  Sync(file);
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kLost));
  PowerLoss();

  EXPECT_EQ(file.size(), 5'001u);
}

TEST_F(FileContentTest, AFailedSyncMayHaveWrittenAll) {
  file.Write(0, "new");
  file.BeginSync();
  file.FailSync(1);

  EXPECT_TRUE(file.clean());
}

TEST_F(FileContentTest, TheForgottenIsGoneWithThePageCache) {
  file.Write(0, "old");
  Sync(file);
  file.Write(0, "new");
  file.BeginSync();
  file.FailSync(0);

  file.EvictForgotten();

  EXPECT_EQ(All(file), "old");
}

TEST_F(FileContentTest, ASyncCoversWhatWasThereWhenItBegan) {
  file.Write(0, "first");
  file.BeginSync();
  file.Write(0, "later");
  file.Write(5, " and longer");
  file.EndSync();
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kLost));

  EXPECT_EQ(All(file), "later and longer");
  PowerLoss();

  EXPECT_EQ(All(file), "first");
}

TEST_F(FileContentTest, ASyncThatNeverHappenedLeavesAllDirty) {
  file.Write(0, "data");
  file.BeginSync();
  file.DropSync();
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kLost));

  PowerLoss();

  EXPECT_EQ(file.size(), 0u);
}

TEST_F(FileContentTest, AFullPlatterTakesAPart) {
  budget->max = 2;

  EXPECT_EQ(file.Write(100, std::string(3 * kPageBytes, 'x')), 2 * kPageBytes - 100);

  EXPECT_EQ(file.size(), 2 * kPageBytes);
  file.Resize(0);
  Sync(file);
  EXPECT_EQ(budget->used, 0u);
}

TEST_F(FileContentTest, ALargeUnsyncedRangeIsFewDecisions) {
  budget->max = 10'000;
  file.Write(0, std::string(4 << 20, 'n'));
  world.strategy.Say(kCrashFile, static_cast<int64_t>(FileFate::kMixed));
  world.strategy.Say(kCrashSector, static_cast<int64_t>(SectorFate::kOld));

  PowerLoss();

  EXPECT_LE(world.oracle.decisions().size(), 66u);
}

// The reference: for each byte the values that it may have on the platter, for each sector whether it is dirty, and the sizes that are
// possible.
class Reference {
 public:
  static constexpr size_t kBytes = 3 * kPageBytes;

  void Write(uint64_t offset, std::string_view data) {
    for (size_t i = 0; i < data.size(); ++i) now_[offset + i] = data[i];
    const uint64_t end = offset + data.size();
    Dirty(offset, end);
    resized_ |= end > size_;
    size_ = std::max(size_, end);
    reach_ = std::max(reach_, end);
  }
  void Resize(uint64_t size) {
    if (size == size_) return;
    if (size < size_) {
      std::fill(now_.begin() + size, now_.end(), '\0');
      Dirty(size, kBytes);
      for (size_t i = size; i < kBytes; ++i) Allow(i, '\0');
      floor_ = std::min(floor_, size);
    }
    size_ = size;
    resized_ = true;
  }
  void SyncOk() {
    for (size_t i = 0; i < kBytes; ++i) {
      if (dirty_[i / kSectorBytes]) may_be_[i] = now_[i];
    }
    // Where a failed Sync has left the size in doubt, only a write beyond what is on the platter makes it certain.
    const bool size_written = SizeMayBeDirty();
    std::erase_if(sizes_, [this](uint64_t size) { return resized_ || size < reach_; });
    if (size_written) sizes_.push_back(size_);
    Clean();
  }
  void SyncFailed() {
    for (size_t i = 0; i < kBytes; ++i) {
      if (dirty_[i / kSectorBytes]) Allow(i, now_[i]);
    }
    if (SizeMayBeDirty()) sizes_.push_back(size_);
    const uint64_t floor = floor_;  // a cut is in doubt like everything else
    Clean();
    floor_ = std::min(floor, floor_);
  }
  std::string Seen() const { return now_.substr(0, size_); }

  // What is impossible about `after` as a state after a loss of power; if nothing, it is the truth from now on.
  std::string Crash(const std::string& after) {
    const bool old_size = std::find(sizes_.begin(), sizes_.end(), after.size()) != sizes_.end();
    const bool new_size = SizeMayBeDirty() && floor_ <= after.size() && after.size() <= size_;
    if (!old_size && !new_size) return "its size";
    for (size_t i = 0; i < after.size(); ++i) {
      const bool may_be_new = dirty_[i / kSectorBytes] && after[i] == now_[i];
      if (!may_be_new && may_be_[i].find(after[i]) == std::string::npos) return "byte " + std::to_string(i);
    }
    now_ = after + std::string(kBytes - after.size(), '\0');
    for (size_t i = 0; i < kBytes; ++i) may_be_[i] = now_[i];
    size_ = after.size();
    sizes_ = {size_};
    Clean();
    return "";
  }

 private:
  void Allow(size_t i, char value) {
    if (may_be_[i].find(value) == std::string::npos) may_be_[i] += value;
  }
  void Dirty(uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) dirty_[i / kSectorBytes] = true;
  }
  bool SizeMayBeDirty() const { return resized_ || Smallest() < reach_; }
  uint64_t Smallest() const { return *std::min_element(sizes_.begin(), sizes_.end()); }
  void Clean() {
    std::fill(dirty_.begin(), dirty_.end(), false);
    resized_ = false;
    reach_ = 0;
    floor_ = Smallest();
  }

  std::string now_ = std::string(kBytes, '\0');
  std::vector<std::string> may_be_ = std::vector<std::string>(kBytes, std::string(1, '\0'));
  std::vector<bool> dirty_ = std::vector<bool>(kBytes / kSectorBytes);
  uint64_t size_ = 0;
  std::vector<uint64_t> sizes_ = {0};  // what the platter may have
  uint64_t floor_ = 0;                 // the smallest since the last Sync
  uint64_t reach_ = 0;                 // end of the farthest write since then
  bool resized_ = false;
};

RC_GTEST_PROP(FileContentProperty, EveryCrashLeavesAStateThatTheContractAllows, (uint64_t seed)) {
  SeededStrategy seeded(seed);
  NoGarbage strategy(seeded);
  CrashWorld world(strategy);
  const auto budget = std::make_shared<PageBudget>(PageBudget{0, 1000});
  FileContent file(seed, budget);
  Reference reference;
  const int steps = *rc::gen::inRange(1, 60);
  for (int step = 1; step <= steps; ++step) {
    const auto offset = *rc::gen::inRange<uint64_t>(0, Reference::kBytes - 1);
    switch (*rc::gen::weightedElement<int>({{8, 0}, {2, 1}, {3, 2}, {1, 3}, {2, 4}, {1, 5}})) {
      case 0: {
        const auto length = std::min<uint64_t>(*rc::gen::inRange<uint64_t>(1, 2000), Reference::kBytes - offset);
        const std::string data(length, static_cast<char>(step));
        RC_ASSERT(file.Write(offset, data) == length);
        reference.Write(offset, data);
        break;
      }
      case 1:
        file.Resize(offset);
        reference.Resize(offset);
        break;
      case 2:
        file.BeginSync();
        file.EndSync();
        reference.SyncOk();
        break;
      case 3:
        file.BeginSync();
        file.FailSync(*rc::gen::inRange<uint64_t>(0, 64));
        reference.SyncFailed();
        break;
      case 4: {
        file.PowerLoss(world.oracle, ActorId::kWorld, step);
        std::string after(file.size(), '?');
        file.Read(0, after);
        RC_ASSERT(reference.Crash(after) == "");
        RC_ASSERT(file.clean());
        break;
      }
      default:
        file.BeginSync();
        file.DropSync();
        break;
    }
    std::string seen(file.size(), '?');
    file.Read(0, seen);
    RC_ASSERT(seen == reference.Seen());
  }
}

}  // namespace
}  // namespace edge::sim
