#include "sim/disk/sim_disk.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/task_group.h"
#include "sim/disk/crash_points.h"
#include "sim/disk/crash_strategy_testing.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

// A machine's disk in a world where only the given sites may strike, and the test says when.
class SimDiskTest : public ::testing::Test {
 protected:
  explicit SimDiskTest(std::vector<const FaultSite*> sites = {})
      : world_(strategy_, {.keep = Keep::kJournal, .faults = {.plan = FaultOptions::Plan::kOnly, .only = sites, .on_request = sites}}),
        domain_(std::make_unique<Domain>(world_.scheduler(), "node")),
        disk_(std::make_unique<SimDisk>(world_, platter_, actor_, domain_.get())) {
    for (const FaultSite* site : sites) {
      strategy_.Say(site->active, 1);
      strategy_.Say(site->window, 1);
    }
  }

  // On a fiber of the machine.
  void Run(absl::AnyInvocable<void()> body) {
    const absl::Status ran = world_.Run([&] {
      EDGE_CHECK_OK(world_.scheduler().SpawnIn(domain_.get(), "program", std::move(body)));
      EDGE_CHECK_OK(domain_->Wait());
    });
    ASSERT_TRUE(ran.ok()) << ran;
  }
  void PowerFails() {
    domain_ = std::make_unique<Domain>(world_.scheduler(), "node");
    platter_.PowerLoss(world_.oracle(), actor_);
    disk_ = std::make_unique<SimDisk>(world_, platter_, actor_, domain_.get());
  }
  std::string Content(std::string_view path) {
    auto content = ReadWholeFile(*disk_, path);
    return content.ok() ? *content : content.status().ToString();
  }
  std::unique_ptr<File> Open(std::string_view path) {
    auto file = disk_->Open(path, OpenMode::kCreate);
    EDGE_CHECK(file.ok()) << file.status();
    return *std::move(file);
  }
  void LosesAllUnsynced() {
    strategy_.Say(kCrashFile, static_cast<int64_t>(FileFate::kLost));
    strategy_.Say(kCrashNames, static_cast<int64_t>(NamesFate::kLost));
  }

  SaidStrategy strategy_;
  World world_;
  const ActorId actor_ = world_.recorder().AddActor("node", ActorKind::kNode);
  Platter platter_;
  std::unique_ptr<Domain> domain_;
  std::unique_ptr<SimDisk> disk_;
};

TEST_F(SimDiskTest, AWholeFileSurvivesTheLossOfPower) {
  LosesAllUnsynced();
  Run([&] {
    EXPECT_TRUE(WriteWholeFile(*disk_, "config", "one").ok());
    EXPECT_TRUE(Open("config")->WriteAt(0, "two").ok());
    EXPECT_EQ(Content("config"), "two");
  });

  PowerFails();

  Run([&] { EXPECT_EQ(Content("config"), "one"); });
}

TEST_F(SimDiskTest, EveryCallAfterTheCrashIsRefusedWithoutEffect) {
  Run([&] {
    auto file = Open("f");
    EXPECT_TRUE(file->WriteAt(0, "before").ok());
    domain_->Crash();
    const uint64_t events = world_.recorder().events();
    char buffer[10];
    EXPECT_TRUE(IsCrashed(file->WriteAt(0, "after!")));
    EXPECT_TRUE(IsCrashed(file->ReadAt(0, buffer).status()));
    EXPECT_TRUE(IsCrashed(file->Sync()));
    EXPECT_TRUE(IsCrashed(file->Truncate(0)));
    EXPECT_TRUE(IsCrashed(file->Size().status()));
    EXPECT_TRUE(IsCrashed(disk_->Open("g", OpenMode::kCreate).status()));
    EXPECT_TRUE(IsCrashed(disk_->Remove("f")));
    EXPECT_TRUE(IsCrashed(disk_->Rename("f", "g")));
    EXPECT_TRUE(IsCrashed(disk_->List("/").status()));
    EXPECT_TRUE(IsCrashed(disk_->SyncDirectory("/")));
    EXPECT_EQ(world_.recorder().events(), events);
  });

  const PlatterNodePtr node = *platter_.Open("f", OpenMode::kReadOnly);
  EXPECT_EQ(node->content.size(), 6u);
  EXPECT_EQ(platter_.List("/")->size(), 1u);
}

TEST_F(SimDiskTest, ACrashDuringASyncLeavesItUndone) {
  LosesAllUnsynced();
  Run([&] {
    auto file = Open("f");
    EXPECT_TRUE(disk_->SyncDirectory("/").ok());
    EXPECT_TRUE(file->WriteAt(0, "data").ok());
    world_.After(Duration::Microseconds(5), 1, [&] { domain_->Crash(); });
    EXPECT_TRUE(IsCrashed(file->Sync()));
  });

  PowerFails();

  Run([&] { EXPECT_EQ(Content("f"), ""); });
}

TEST_F(SimDiskTest, TwoSyncsOfOneFileTakeTurns) {
  LosesAllUnsynced();
  Run([&] {
    auto file = Open("f");
    EXPECT_TRUE(disk_->SyncDirectory("/").ok());
    TaskGroup group(world_.scheduler());
    for (int i = 0; i < 3; ++i) {
      EDGE_CHECK_OK(group.Spawn("writer", [&, i] {
        EXPECT_TRUE(file->WriteAt(i, std::string(1, 'a' + i)).ok());
        EXPECT_TRUE(file->Sync().ok());
      }));
    }
    group.Wait();
  });

  PowerFails();

  Run([&] { EXPECT_EQ(Content("f"), "abc"); });
}

TEST_F(SimDiskTest, ACancelledFiberMayStillCleanUp) {
  Run([&] {
    TaskGroup group(world_.scheduler());
    EDGE_CHECK_OK(group.Spawn("task", [&] {
      auto file = Open("f");
      EXPECT_TRUE(absl::IsCancelled(world_.scheduler().SleepFor(Duration::Seconds(1))));
      EXPECT_TRUE(file->WriteAt(0, "last words").ok());
      EXPECT_TRUE(file->Sync().ok());
    }));
    EXPECT_TRUE(world_.scheduler().SleepFor(Duration::Milliseconds(500)).ok());
    group.Cancel();
    group.Wait();
    EXPECT_EQ(Content("f"), "last words");
  });
}

TEST_F(SimDiskTest, ASlowDiskIsSlow) {
  Run([&] {
    auto file = Open("f");
    const Instant before = world_.now();
    EXPECT_TRUE(file->Sync().ok());
    const Duration usual = world_.now() - before;
    platter_.SetSlowness(50);
    EXPECT_TRUE(file->Sync().ok());
    EXPECT_EQ(world_.now() - before, usual * 51);
  });
}

TEST_F(SimDiskTest, RecordsWhatCrossesTheSeam) {
  uint64_t hashes[2];
  for (int i = 0; i < 2; ++i) {
    Run([&] {
      auto file = Open("f");
      EXPECT_TRUE(file->WriteAt(0, i == 0 ? "one" : "two").ok());
    });
    for (const Event& event : world_.recorder().journal()) {
      if (event.label == "disk.write") hashes[i] = event.bytes_hash;
    }
  }
  EXPECT_NE(hashes[0], 0u);
  EXPECT_NE(hashes[0], hashes[1]);
}

// A large write that takes time: who reads meanwhile may see a part.
TEST_F(SimDiskTest, ALargeWriteIsSeenHalfDone) {
  bool half_done = false;
  for (int round = 1; round < 20 && !half_done; ++round) {
    strategy_.Ask({"disk.latency", DecisionKind::kDelay}, [round] { return round; });
    disk_ = std::make_unique<SimDisk>(world_, platter_, actor_, domain_.get());
    Run([&] {
      auto file = Open("f" + std::to_string(round));
      TaskGroup group(world_.scheduler());
      EDGE_CHECK_OK(group.Spawn("writer", [&] { EXPECT_TRUE(file->WriteAt(0, std::string(5 * kPageBytes, 'x')).ok()); }));
      EXPECT_TRUE(world_.scheduler().Yield().ok());
      const uint64_t size = *file->Size();
      half_done |= size > 0 && size < 5 * kPageBytes;
      group.Wait();
      EXPECT_EQ(*file->Size(), 5 * kPageBytes);
    });
  }
  EXPECT_TRUE(half_done);
}

// --- each fault bites ---

class SyncFails : public SimDiskTest {
 protected:
  SyncFails() : SimDiskTest({&kDiskSyncFails}) {}
};

TEST_F(SyncFails, OnceAndTheNextSyncSaysOkWithoutTheData) {
  LosesAllUnsynced();
  Run([&] {
    auto file = Open("f");
    EXPECT_TRUE(disk_->SyncDirectory("/").ok());
    EXPECT_TRUE(file->WriteAt(0, "forgotten").ok());
    strategy_.Say(kDiskSyncFails.point, 1);
    EXPECT_TRUE(absl::IsDataLoss(file->Sync()));
    EXPECT_TRUE(absl::IsDataLoss(disk_->SyncDirectory("/")));
    strategy_.Say(kDiskSyncFails.point, 0);
    EXPECT_TRUE(file->Sync().ok());
    EXPECT_EQ(Content("f"), "forgotten");
  });

  PowerFails();

  Run([&] { EXPECT_EQ(Content("f"), ""); });
  EXPECT_EQ(world_.faults().injected()[static_cast<size_t>(FaultFamily::kDisk)], 2u);
}

class SyncLost : public SimDiskTest {
 protected:
  SyncLost() : SimDiskTest({&kDiskSyncLost}) {}
};

TEST_F(SyncLost, ALyingDiskSaysOk) {
  LosesAllUnsynced();
  strategy_.Say(kDiskSyncLost.point, 1);
  Run([&] {
    auto file = Open("f");
    EXPECT_TRUE(disk_->SyncDirectory("/").ok());
    EXPECT_TRUE(file->WriteAt(0, "data").ok());
    EXPECT_TRUE(file->Sync().ok());
  });

  PowerFails();

  Run([&] { EXPECT_EQ(Content("f"), ""); });
}

class ReadError : public SimDiskTest {
 protected:
  ReadError() : SimDiskTest({&kDiskReadError}) {}
};

TEST_F(ReadError, IsDataLoss) {
  Run([&] {
    EXPECT_TRUE(WriteWholeFile(*disk_, "f", "x").ok());
    strategy_.Say(kDiskReadError.point, 1);
    EXPECT_TRUE(absl::IsDataLoss(ReadWholeFile(*disk_, "f").status()));
  });
}

class WriteError : public SimDiskTest {
 protected:
  WriteError() : SimDiskTest({&kDiskWriteError}) {}
};

TEST_F(WriteError, MayHaveWrittenAPart) {
  strategy_.Say(kDiskWriteError.point, 1);
  strategy_.Say(kDiskWriteError.detail, 3);
  Run([&] {
    EXPECT_TRUE(absl::IsDataLoss(Open("f")->WriteAt(0, "abcdef")));
    EXPECT_EQ(Content("f"), "abc");
  });
}

class DiskFull : public SimDiskTest {
 protected:
  DiskFull() : SimDiskTest({&kDiskFull}) {}
};

TEST_F(DiskFull, RefusesBytesAndNewNames) {
  Run([&] {
    auto file = Open("f");
    strategy_.Say(kDiskFull.point, 1);
    strategy_.Say(kDiskFull.detail, 2);
    EXPECT_TRUE(absl::IsResourceExhausted(file->WriteAt(0, "abcdef")));
    EXPECT_EQ(Content("f"), "ab");
    EXPECT_TRUE(absl::IsResourceExhausted(disk_->Open("g", OpenMode::kCreate).status()));
    EXPECT_TRUE(disk_->Open("f", OpenMode::kCreate).ok());
    EXPECT_EQ(disk_->List("/")->size(), 1u);
  });
}

TEST_F(SimDiskTest, APlatterThatIsReallyFullTakesAPart) {
  Platter small({.bytes_max = ByteCount::KiB(8)});
  SimDisk disk(world_, small, actor_, domain_.get());
  Run([&] {
    auto file = *disk.Open("f", OpenMode::kCreate);
    EXPECT_TRUE(absl::IsResourceExhausted(file->WriteAt(0, std::string(10'000, 'x'))));
    EXPECT_EQ(*file->Size(), 8192u);
    EXPECT_TRUE(absl::IsResourceExhausted(file->WriteAt(UINT64_MAX, "x")));
    EXPECT_TRUE(absl::IsResourceExhausted(file->Truncate(UINT64_MAX)));
  });
}

TEST_F(SimDiskTest, ACrashReleasesLocks) {
  std::unique_ptr<DiskLock> held;
  Run([&] {
    held = *disk_->Lock("LOCK");
    EXPECT_TRUE(absl::IsFailedPrecondition(disk_->Lock("LOCK").status()));
    domain_->Crash();
  });
  auto next = std::make_unique<Domain>(world_.scheduler(), "node");
  SimDisk disk(world_, platter_, actor_, next.get());
  EXPECT_TRUE(disk.Lock("LOCK").ok());
  held.reset();
}

}  // namespace
}  // namespace edge::sim
