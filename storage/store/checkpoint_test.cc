// What moves to the base files, what happens when that fails, when there is no room, and when base files are damaged.
#include <string>

#include "storage/store/testing/store_world.h"

namespace edge::storage {
namespace {

using Call = AskingDisk::Call;

class CheckpointTest : public StoreTest {
 protected:
  // Enough that the base has many pages.
  void Fill(int object, int rows) {
    auto owned = Own(object);
    for (int i = 0; i < rows; ++i) EDGE_CHECK_OK(Put(*owned, StrCat("k", i), std::string(500, static_cast<char>('a' + i % 26))));
    EDGE_CHECK_OK(owned->WaitDurable(owned->committed()));
  }
  void Flip(std::string_view path, size_t at) {
    std::string content = *ReadWholeFile(memory_, path);
    content[at] ^= 0x10;
    memory_.Put(path, content);
  }
};

TEST_F(CheckpointTest, MovesEverythingToPlainDatabasesAndTrimsTheLog) {
  Run([&] {
    Open();
    Fill(1, 100);
    const uint64_t pages = (*store_->Find(StoreTestKey(1)))->bytes / kPageBytes;
    EXPECT_GT(pages, 10u);
    EXPECT_GT(store_->overlay_bytes(), pages * kPageBytes);
    EXPECT_TRUE(store_->Checkpoint().ok());
    const std::string base = *ReadWholeFile(memory_, BasePath(1));
    EXPECT_EQ(base.size(), pages * kPageBytes);
    EXPECT_TRUE(base.starts_with("SQLite format 3"));
    EXPECT_EQ(base[20], 8);                  // reserved bytes
    EXPECT_TRUE(store_->Checkpoint().ok());  // the catalog's own
    EXPECT_EQ(store_->overlay_bytes(), 0u);
    EXPECT_TRUE(store_->Checkpoint().ok());  // nothing to do
    const std::string before = DumpOf(1);
    EXPECT_EQ(before.size(), DumpAfterKill(1).size());
    Restart();
    EXPECT_EQ(store_->recovery().records, 0u);
    EXPECT_TRUE(DumpOf(1) == before);
    Close();
  });
}

TEST_F(CheckpointTest, ShrinksAndRemovesBaseFiles) {
  Run([&] {
    Open();
    Fill(1, 100);
    EXPECT_TRUE(store_->Checkpoint().ok());
    const size_t full = ReadWholeFile(memory_, BasePath(1))->size();
    {
      auto object = Own(1);
      EXPECT_TRUE((*object->Image())->Execute("DELETE FROM kv WHERE k <> 'k7'; VACUUM").ok());
      EXPECT_TRUE(object->WaitDurable(object->committed()).ok());
      EXPECT_TRUE(store_->Checkpoint().ok());
      EXPECT_LT(ReadWholeFile(memory_, BasePath(1))->size(), full);
      EXPECT_EQ(Dump(*object).substr(0, 4), "k7=h");
    }
    EXPECT_EQ(DumpAfterKill(1).substr(0, 4), "k7=h");
    Fill(1, 50);
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_TRUE(DumpOf(1) == DumpAfterKill(1));
    EXPECT_TRUE(store_->Remove(StoreTestKey(1)).ok());
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_FALSE(Exists(BasePath(1)));
    EXPECT_EQ(DumpOf(1), "");
    Fill(1, 3);
    EXPECT_TRUE(store_->Checkpoint().ok());
    Restart();
    EXPECT_EQ(DumpOf(1).substr(0, 4), "k0=a");
    Close();
  });
}

TEST_F(CheckpointTest, EveryFailureLeavesEverythingRecoverableAndTheNextOneSucceeds) {
  struct Case {
    Call call;
    std::string_view part;
  };
  for (const Case& bad : {Case{Call::kSync, "objects/"}, Case{Call::kWrite, "objects/"}, Case{Call::kCreate, "objects/"},
                          Case{Call::kSyncDirectory, "objects"}, Case{Call::kWrite, "CHECKPOINT"}, Case{Call::kRename, "CHECKPOINT"},
                          Case{Call::kSync, "catalog.sqlite"}, Case{Call::kSync, "data/log"}}) {
    SCOPED_TRACE(StrCat(static_cast<int>(bad.call), " ", bad.part));
    options_.directory = StrCat("data", static_cast<int>(bad.call), bad.part.size());
    Run([&] {
      Open();
      Fill(1, 30);
      EXPECT_TRUE(store_->Checkpoint().ok());
      Fill(2, 30);
      auto object = Own(1);
      EXPECT_TRUE(PutDurably(*object, "k3", "before").ok());
      std::string part(bad.part);
      if (part == "data/log") part = options_.directory + "/log";
      FailCalls(bad.call, part, absl::DataLossError("EIO"), 1);
      const bool creates = bad.call == Call::kCreate;  // of object 2 only
      EXPECT_FALSE(store_->Checkpoint().ok()) << creates;
      Heal();
      Settle();
      EXPECT_TRUE(heard_.HasNotice("a checkpoint has failed"));
      auto owner = Own(1);
      EXPECT_TRUE(PutDurably(*owner, "k4", "after").ok());
      const std::string now = Dump(*owner), other = DumpOf(2);
      EXPECT_TRUE(DumpAfterKill(1) == now);
      EXPECT_TRUE(DumpAfterKill(2) == other);
      EXPECT_TRUE(store_->Checkpoint().ok());
      EXPECT_TRUE(DumpAfterKill(1) == now);
      EXPECT_TRUE(DumpAfterKill(2) == other);
      EXPECT_TRUE(PutDurably(*owner, "k5", "later").ok());
      EXPECT_TRUE(DumpAfterKill(1) == Dump(*owner));
      object.reset();
      owner.reset();
      heard_.notices.clear();
      Close();
    });
  }
}

TEST_F(CheckpointTest, WhatWasNotSyncedIsWrittenAgain) {
  Run([&] {
    Open();
    Fill(1, 30);
    // The disk says that the sync has failed, and has indeed forgotten all of it.
    FailCalls(Call::kSync, "objects/", absl::DataLossError("EIO"), 1);
    EXPECT_FALSE(store_->Checkpoint().ok());
    Heal();
    EXPECT_TRUE((*memory_.Open(BasePath(1), OpenMode::kReadWrite))->Truncate(0).ok());
    EXPECT_TRUE(store_->Checkpoint().ok());
    const std::string now = DumpOf(1);
    EXPECT_TRUE(now.starts_with("k0="));
    EXPECT_TRUE(DumpAfterKill(1) == now);
    Close();
  });
}

TEST_F(CheckpointTest, BeginsByItselfWhenItIsTime) {
  options_.checkpoint_interval = Duration::Seconds(60);
  Run([&] {
    Open();
    Fill(1, 10);
    EXPECT_FALSE(Exists(BasePath(1)));
    EXPECT_TRUE(world_.scheduler.SleepFor(Duration::Seconds(61)).ok());
    EXPECT_TRUE(Exists(BasePath(1)));
    Close();
  });
}

// --- room ---

TEST_F(CheckpointTest, MemoryAndLogStayBounded) {
  options_.overlay_max = ByteCount::KiB(256);
  options_.log = {.segment = ByteCount::KiB(64), .size_max = ByteCount::KiB(1024)};
  Run([&] {
    Open();
    auto object = Own(1);
    for (int i = 0; i < 300; ++i) {
      ASSERT_TRUE(store_->WaitForRoom().ok());
      ASSERT_TRUE(PutDurably(*object, StrCat("k", i), std::string(8000, 'x')).ok()) << i;
      ASSERT_LE(store_->overlay_bytes(), 2 * options_.overlay_max.bytes());
    }
    EXPECT_TRUE(Exists(BasePath(1)));
    object.reset();
    Close();
  });
}

TEST_F(CheckpointTest, WhenBasesCannotBeWrittenCommitsFailCleanlyAndRecoverWhenTheyCan) {
  options_.overlay_max = ByteCount::KiB(256);
  Run([&] {
    Open();
    auto object = Own(1);
    EXPECT_TRUE(PutDurably(*object, "small", "1").ok());
    FailCalls(Call::kWrite, "objects/", absl::ResourceExhaustedError("No space left on device"));
    absl::Status full;
    int put = 0;
    for (; put < 1000 && full.ok(); ++put) full = PutDurably(*object, StrCat("k", put), std::string(8000, 'x'));
    EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
    EXPECT_GT(put, 10);
    EXPECT_EQ(ReadAll(*object)->size(), static_cast<size_t>(put));
    EXPECT_TRUE(object->Access().ok());
    ASSERT_TRUE(world_.scheduler.SleepFor(Duration::Milliseconds(1)).ok());
    const absl::Status room = store_->WaitForRoom();
    EXPECT_TRUE(absl::IsResourceExhausted(room)) << room;
    EXPECT_NE(room.message().find("No space left on device"), std::string::npos) << room;

    Heal();
    ASSERT_TRUE(world_.scheduler.SleepFor(Duration::Seconds(5)).ok());
    EXPECT_TRUE(store_->WaitForRoom().ok());
    EXPECT_TRUE(PutDurably(*object, "more", "1").ok());
    EXPECT_TRUE(DumpAfterKill(1) == Dump(*object));
    object.reset();
    Close();
  });
}

TEST_F(CheckpointTest, ALogThatIsFullRefusesCommitsButLetsTheCheckpointEnd) {
  options_.log = {.segment = ByteCount::KiB(64), .size_max = ByteCount::KiB(512)};
  Run([&] {
    Open();
    FailCalls(Call::kWrite, "objects/", absl::ResourceExhaustedError("No space left on device"));
    auto object = Own(1);
    absl::Status full;
    for (int i = 0; i < 1000 && full.ok(); ++i) full = PutDurably(*object, StrCat("k", i), std::string(8000, 'x'));
    EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
    Heal();
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_TRUE(PutDurably(*object, "more", "1").ok());
    object.reset();
    Close();
  });
}

// --- damage ---

TEST_F(CheckpointTest, DamageIsNeverServedAndNamesObjectFileAndPage) {
  options_.open_files_max = 1;
  Run([&] {
    Open();
    Fill(1, 100);
    Fill(2, 100);
    const std::string sound = DumpOf(2);
    Close();
    const size_t size = ReadWholeFile(memory_, BasePath(1))->size();
    for (size_t page = 0; page < size / kPageBytes; ++page) {
      Flip(BasePath(1), page * kPageBytes + 10);
      Open();
      const std::string dump = DumpOf(1);
      EXPECT_NE(dump.find("DATA_LOSS"), std::string::npos) << page << ": " << dump;
      EXPECT_EQ(dump, StrCat("DATA_LOSS: ", BasePath(1).substr(options_.directory.size() + 1), ": page ", page + 1,
                             " is damaged (checksum); import the object from a backup (`edge check` lists all damage)"));
      EXPECT_EQ(dump.find(StoreTestKey(1).id), dump.rfind(StoreTestKey(1).id)) << "named once";
      EXPECT_TRUE(DumpOf(2) == sound);
      Close();
      Flip(BasePath(1), page * kPageBytes + 10);
    }
    const std::string content = *ReadWholeFile(memory_, BasePath(1));
    memory_.Put(BasePath(1), content.substr(0, size - kPageBytes - 5));
    Open();
    EXPECT_NE(DumpOf(1).find("the file is truncated"), std::string::npos) << DumpOf(1);
    Close();
    ASSERT_TRUE(memory_.Remove(BasePath(1)).ok());
    Open();
    EXPECT_NE(DumpOf(1).find("the file is missing"), std::string::npos) << DumpOf(1);
    EXPECT_TRUE(DumpOf(2) == sound);
    Close();
    memory_.Put(BasePath(1), content);
    Open();
    EXPECT_EQ(DumpOf(1).substr(0, 3), "k0=");
    Close();
    // Zeros are no page.
    memory_.Put(BasePath(1), std::string(size, '\0'));
    Open();
    EXPECT_NE(DumpOf(1).find("page 1 is damaged"), std::string::npos) << DumpOf(1);
    Close();
  });
}

TEST_F(CheckpointTest, ADamagedCatalogStopsTheStart) {
  Run([&] {
    Open();
    Fill(1, 10);
    EXPECT_TRUE(store_->Checkpoint().ok());
    Close();
    Flip("data/catalog.sqlite", 50);
    absl::Status status = TryOpen();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_NE(status.message().find("catalog.sqlite"), std::string::npos) << status;
    Flip("data/catalog.sqlite", 50);
    Open();
    EXPECT_TRUE(DumpOf(1).starts_with("k0="));
    Close();
  });
}

// --- planted bugs are seen ---

TEST_F(CheckpointTest, PlantedWholePageRuleWithAHoleIsSeenByRecovery) {
  for (const bool planted : {false, true}) {
    options_.directory = planted ? "planted" : "sound";
    options_.plants.whole_pages_from_end = planted;
    Run([&] {
      Open();
      auto object = Own(1);
      EXPECT_TRUE(PutDurably(*object, "a", "1").ok());
      // A commit while the checkpoint is between its begin and its end.
      bool once = false;
      disk_.set_ask([&](Call call, std::string_view path) {
        if (call == Call::kSync && path.find("objects/") != std::string_view::npos && !std::exchange(once, true)) {
          EXPECT_TRUE(Put(*object, "a", "2").ok());
        }
        return absl::OkStatus();
      });
      EXPECT_TRUE(store_->Checkpoint().ok());
      EXPECT_TRUE(once);
      EXPECT_TRUE(object->WaitDurable(object->committed()).ok());
      EXPECT_EQ(Dump(*object), "a=2");
      const std::string killed = DumpAfterKill(1);
      if (planted) {
        EXPECT_NE(killed.find("the whole page is not in the log"), std::string::npos) << killed;
      } else {
        EXPECT_EQ(killed, "a=2");
      }
      object.reset();
      Close();
    });
  }
}

TEST_F(CheckpointTest, PlantedTrimBeforeTheSyncLosesWhatWasAcknowledged) {
  for (const bool planted : {false, true}) {
    options_.directory = planted ? "planted" : "sound";
    options_.plants.trim_before_sync = planted;
    Run([&] {
      Open();
      Fill(1, 10);
      const std::string before = DumpOf(1);
      std::string killed;
      MemoryDisk copy;
      disk_.set_ask([&](Call call, std::string_view path) {
        if (call == Call::kWrite && path.find("objects/") != std::string_view::npos) CopyDisk(memory_, copy, options_.directory);
        return absl::OkStatus();
      });
      EXPECT_TRUE(store_->Checkpoint().ok());
      HeardFromStore heard;
      auto store = ObjectStore::Open(world_.scheduler, copy, options_, heard);
      ASSERT_TRUE(store.ok()) << store.status();
      {
        auto object = (*store)->Activate(StoreTestKey(1));
        EXPECT_EQ(object.ok() && Dump(**object) == before, !planted);
      }
      EXPECT_TRUE((*store)->Close().ok());
      Close();
    });
  }
}

}  // namespace
}  // namespace edge::storage
