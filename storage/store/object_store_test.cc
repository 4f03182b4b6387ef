// Activations, commits, what a kill or a failing log leaves of them, alarms.
#include "storage/store/object_store.h"

#include <string>

#include "storage/store/testing/store_world.h"

namespace edge::storage {
namespace {

using Call = AskingDisk::Call;

AlarmChange At(int64_t ms) { return {.due = WallTime::FromUnixMilliseconds(ms)}; }

class ObjectStoreTest : public StoreTest {
 protected:
  // "1@100 2@200": objects by the time of their alarms.
  static std::string Alarms(const ObjectStore& store) {
    std::string text;
    for (std::optional<ObjectStore::Alarm> at = store.NextAlarm(std::nullopt); at.has_value(); at = store.NextAlarm(at)) {
      StrAppend(&text, text.empty() ? "" : " ", at->key.id.substr(at->key.id.find_last_of('0') + 1), "@", at->due.ToUnixMilliseconds());
    }
    return text;
  }
};

TEST_F(ObjectStoreTest, KeepsWhatWasCommittedOverARestart) {
  Run([&] {
    Open();
    {
      auto object = Own(1);
      EXPECT_EQ(Dump(*object), "");
      EXPECT_TRUE(PutDurably(*object, "a", "1").ok());
      EXPECT_TRUE(PutDurably(*object, "b", "2").ok());
      EXPECT_EQ(Dump(*object), "a=1 b=2");
    }
    Restart();
    EXPECT_EQ(DumpOf(1), "a=1 b=2");
    EXPECT_EQ(DumpOf(2), "");
    Restart();
    EXPECT_EQ(DumpOf(1), "a=1 b=2");
    Close();
  });
}

TEST_F(ObjectStoreTest, KeepsWhatWasDurableWhenTheProcessIsKilled) {
  Run([&] {
    Open();
    auto object = Own(1);
    EXPECT_TRUE(PutDurably(*object, "a", "1").ok());
    EXPECT_EQ(DumpAfterKill(1), "a=1");
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_EQ(DumpAfterKill(1), "a=1");
    EXPECT_TRUE(PutDurably(*object, "b", "2").ok());
    EXPECT_EQ(DumpAfterKill(1), "a=1 b=2");
    object.reset();
    Close();
  });
}

TEST_F(ObjectStoreTest, RefusesNamesThatNoObjectCanHave) {
  Run([&] {
    Open();
    const std::string id(64, 'a');
    for (const ObjectKey& key :
         {ObjectKey{"", id}, ObjectKey{"_catalog", std::string(64, '0')}, ObjectKey{"a/../b", id}, ObjectKey{".a", id},
          ObjectKey{"a b", id}, ObjectKey{"a", "short"}, ObjectKey{"a", std::string(64, 'A')}}) {
      EXPECT_TRUE(absl::IsInvalidArgument(store_->Activate(key).status())) << key.ToString();
      EXPECT_TRUE(absl::IsInvalidArgument(store_->Find(key).status())) << key.ToString();
    }
    Close();
  });
}

TEST_F(ObjectStoreTest, OneProcessAtATime) {
  Run([&] {
    Open();
    HeardFromStore other;
    const absl::Status second = ObjectStore::Open(world_.scheduler, disk_, options_, other).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
    EXPECT_NE(second.message().find("data/LOCK: in use"), std::string::npos) << second;
    Close();
    Open();
    Close();
  });
}

TEST_F(ObjectStoreTest, RefusesANewerFormatAndFoldersOfSomethingElse) {
  Run([&] {
    memory_.Put("data/FORMAT", "edge data directory\nversion 2\n");
    absl::Status status = TryOpen();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_NE(status.message().find("format version 2, this edge reads up to version 1"), std::string::npos) << status;
    memory_.Put("data/FORMAT", "what?");
    EXPECT_TRUE(absl::IsDataLoss(TryOpen()));
    ASSERT_TRUE(memory_.Remove("data/FORMAT").ok());
    memory_.Put("data/thesis.txt", "x");
    status = TryOpen();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_NE(status.message().find("thesis.txt"), std::string::npos) << status;
    EXPECT_FALSE(Exists("data/LOCK"));
    // What an interrupted first start leaves behind is no obstacle.
    ASSERT_TRUE(memory_.Remove("data").ok());
    memory_.Put("data/CHECKPOINT.tmp", "x");
    Open();
    Close();
  });
}

TEST_F(ObjectStoreTest, ADamagedCheckpointRecordIsToldByName) {
  Run([&] {
    Open();
    PutIn(1, "a", "1");
    Close();
    const std::string good = *ReadWholeFile(memory_, "data/CHECKPOINT");
    for (size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] ^= 1;
      memory_.Put("data/CHECKPOINT", bad);
      const absl::Status status = TryOpen();
      ASSERT_TRUE(absl::IsDataLoss(status)) << at << ": " << status;
      ASSERT_NE(status.message().find("data/CHECKPOINT: damaged"), std::string::npos) << status;
    }
    memory_.Put("data/CHECKPOINT", good);
    Open();
    EXPECT_EQ(DumpOf(1), "a=1");
    Close();
  });
}

TEST_F(ObjectStoreTest, TheNewestFileOfTheLogIsMissed) {
  Run([&] {
    Open();
    PutIn(1, "a", "1");
    Restart();
    PutIn(1, "b", "2");
    const absl::StatusOr<std::vector<DirectoryEntry>> files = disk_.List("data/log");
    ASSERT_TRUE(files.ok()) << files.status();
    int missed = 0;
    for (const DirectoryEntry& file : *files) {
      for (const bool removed : {false, true}) {
        MemoryDisk copy;
        CopyDisk(disk_, copy, options_.directory);
        const std::string path = StrCat("data/log/", file.name);
        if (removed) {
          ASSERT_TRUE(copy.Remove(path).ok());
        } else {
          copy.Put(path, "");
        }
        HeardFromStore heard;
        auto store = ObjectStore::Open(world_.scheduler, copy, options_, heard);
        missed += absl::IsDataLoss(store.status()) ? 1 : 0;
        if (!store.ok()) continue;
        auto owned = (*store)->Activate(StoreTestKey(1));
        EXPECT_EQ(Dump(**owned), "a=1 b=2") << path;
        owned->reset();
        EXPECT_TRUE((*store)->Close().ok());
      }
    }
    EXPECT_GE(missed, 2) << "the newest file, emptied and removed";
    Close();
  });
}

// The file that a failed sync has left says nothing of the one that came after it.
TEST_F(ObjectStoreTest, TheFileBegunAfterAFailedSyncIsMissed) {
  Run([&] {
    Open();
    PutIn(1, "a", "1");
    FailCalls(Call::kSync, "data/log/", absl::DataLossError("EIO"), 1);
    {
      auto lost = Own(1);
      EXPECT_FALSE(PutDurably(*lost, "a", "2").ok());
    }
    Heal();
    PutIn(1, "b", "acknowledged");
    Settle();
    const absl::StatusOr<std::vector<DirectoryEntry>> files = disk_.List("data/log");
    ASSERT_TRUE(files.ok()) << files.status();
    int missed = 0;
    for (const DirectoryEntry& file : *files) {
      MemoryDisk copy;
      CopyDisk(disk_, copy, options_.directory);
      ASSERT_TRUE(copy.Remove(StrCat("data/log/", file.name)).ok());
      HeardFromStore heard;
      auto store = ObjectStore::Open(world_.scheduler, copy, options_, heard);
      missed += absl::IsDataLoss(store.status()) ? 1 : 0;
      if (!store.ok()) continue;
      auto owned = (*store)->Activate(StoreTestKey(1));
      EXPECT_EQ(Dump(**owned), "a=1 b=acknowledged") << file.name;
      owned->reset();
      EXPECT_TRUE((*store)->Close().ok());
    }
    EXPECT_GE(missed, 1);
    Close();
  });
}

// Else what a user has stored could be made to look like a batch of the log.
TEST_F(ObjectStoreTest, TheLogIsSaltedWithTheStoresRandomness) {
  Run([&] {
    const auto first_segment = [&](uint8_t random) {
      MemoryDisk disk;
      StoreOptions options = SmallStore();
      options.services.fill_random = [random](std::span<std::byte> out) { std::fill(out.begin(), out.end(), std::byte{random}); };
      HeardFromStore heard;
      auto store = ObjectStore::Open(world_.scheduler, disk, options, heard);
      EDGE_CHECK_OK(store.status());
      const std::string name = disk.List("data/log")->front().name;
      std::string content = *ReadWholeFile(disk, StrCat("data/log/", name));
      EDGE_CHECK_OK((*store)->Close());
      return content;
    };
    EXPECT_TRUE(first_segment(1) == first_segment(1));
    EXPECT_FALSE(first_segment(1) == first_segment(2));
  });
}

TEST_F(ObjectStoreTest, AFullDiskIsAskedOnceASecondAndReadersAreNotHeldUp) {
  options_.checkpoint_interval = Duration::Seconds(1);
  Run([&] {
    Open();
    PutIn(2, "a", "1");
    EXPECT_TRUE(store_->Checkpoint().ok());
    int asked = 0;
    disk_.set_ask([&](Call call, std::string_view path) {
      if (call != Call::kCreate || path.find("log/") == std::string_view::npos) return absl::OkStatus();
      ++asked;
      return absl::ResourceExhaustedError("No space left on device");
    });
    auto writer = Own(1);
    absl::Status refused;
    for (int i = 0; i < 1000 && refused.ok(); ++i) refused = PutDurably(*writer, StrCat("k", i), std::string(20'000, 'x'));
    EXPECT_FALSE(refused.ok());
    asked = 0;
    const Instant before = world_.scheduler.clock().Now();
    EXPECT_EQ(DumpOf(2), "a=1");
    EXPECT_EQ(world_.scheduler.clock().Now(), before) << "who reads waits for nobody";
    for (int i = 0; i < 600; ++i) {
      EDGE_CHECK_OK(world_.scheduler.SleepFor(Duration::Milliseconds(100)));
      PutDurably(*writer, "more", std::string(20'000, 'x')).IgnoreError();
    }
    EXPECT_GE(asked, 30);
    EXPECT_LE(asked, 70) << "in a minute";
    Heal();
    writer.reset();
    EDGE_CHECK_OK(world_.scheduler.SleepFor(Duration::Seconds(3)));
    PutIn(1, "more", "1");
    Close();
  });
}

// --- one owner ---

TEST_F(ObjectStoreTest, ALaterActivationSupersedesTheOneBefore) {
  Run([&] {
    Open();
    auto first = Own(1);
    EXPECT_TRUE(PutDurably(*first, "a", "1").ok());
    auto second = Own(1);
    EXPECT_GT(second->epoch(), first->epoch());
    for (const absl::Status& status :
         {first->Access(), Put(*first, "a", "2"), first->Image().status(), first->WaitDurable(first->committed())}) {
      EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
      EXPECT_NE(status.message().find("superseded"), std::string::npos) << status;
    }
    EXPECT_FALSE(first->IsDurable(first->committed()));
    EXPECT_TRUE(heard_.lost.empty());  // not from inside of the call
    Settle();
    ASSERT_EQ(heard_.lost.size(), 1u);
    EXPECT_EQ(heard_.lost[0].key, StoreTestKey(1));
    EXPECT_EQ(heard_.lost[0].epoch, first->epoch());
    EXPECT_TRUE(PutDurably(*second, "b", "2").ok());
    EXPECT_EQ(Dump(*second), "a=1 b=2");
    // The end of the one before is nothing to the other.
    first.reset();
    EXPECT_TRUE(PutDurably(*second, "c", "3").ok());
    second.reset();
    EXPECT_EQ(heard_.lost.size(), 1u);
    Close();
  });
}

TEST_F(ObjectStoreTest, AStaleImageInTheMiddleOfATransactionCannotCommit) {
  Run([&] {
    Open();
    auto first = Own(1);
    EXPECT_TRUE(PutDurably(*first, "a", "1").ok());
    ObjectImage& stale = **first->Image();
    EXPECT_TRUE(stale.Begin().ok());
    EXPECT_TRUE(stale.Execute("UPDATE kv SET v = 'stale'").ok());
    auto second = Own(1);
    EXPECT_TRUE(PutDurably(*second, "a", "2").ok());
    const absl::Status late = stale.Commit(std::nullopt).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(late)) << late;
    first.reset();
    EXPECT_EQ(Dump(*second), "a=2");
    second.reset();
    EXPECT_EQ(DumpAfterKill(1), "a=2");
    Close();
  });
}

TEST_F(ObjectStoreTest, EpochsGrowOverKillsEvenIfNothingWasWritten) {
  Run([&] {
    Open();
    const uint64_t idle = Own(1)->epoch();
    const uint64_t again = Own(1)->epoch();
    EXPECT_GT(again, idle);
    AfterKill([&](ObjectStore& store, HeardFromStore&) { EXPECT_GT((*store.Activate(StoreTestKey(1)))->epoch(), again); });
    Restart();
    EXPECT_GT(Own(1)->epoch(), again);
    Close();
  });
}

TEST_F(ObjectStoreTest, ANewOwnerWaitsForWhatTheOneBeforeHasCommitted) {
  Run([&] {
    Open();
    auto first = Own(1);
    EXPECT_TRUE(Put(*first, "a", "1").ok());
    const Position end = first->committed();
    auto second = Own(1);
    EXPECT_EQ(Dump(*second), "a=1");
    EXPECT_EQ(second->committed(), end);
    EXPECT_FALSE(second->IsDurable(second->committed()));
    EXPECT_TRUE(second->WaitDurable(second->committed()).ok());
    EXPECT_TRUE(second->IsDurable(second->committed()));
    EXPECT_EQ(Own(2)->committed(), 0u);
    first.reset();
    second.reset();
    Close();
  });
}

TEST_F(ObjectStoreTest, AnIdleObjectIsForgottenAndFoundAgain) {
  Run([&] {
    Open();
    EXPECT_EQ(Own(7)->txid(), 0u);
    EXPECT_FALSE((*store_->Find(StoreTestKey(7))).has_value());
    {
      auto object = Own(1);
      EXPECT_TRUE(PutDurably(*object, "a", "1").ok());
      object->CloseImage();
      EXPECT_TRUE(PutDurably(*object, "b", "2").ok());
    }
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_EQ(store_->overlay_bytes(), 0u);
    auto object = Own(1);
    EXPECT_EQ(object->txid(), 2u);
    EXPECT_EQ(Dump(*object), "a=1 b=2");
    object.reset();
    Close();
  });
}

// --- the log fails ---

TEST_F(ObjectStoreTest, AFailedSyncLosesThoseWithUnacknowledgedCommitsAndNobodyElse) {
  Run([&] {
    Open();
    auto hit = Own(1), other = Own(2);
    EXPECT_TRUE(PutDurably(*hit, "a", "old", At(100)).ok());
    EXPECT_TRUE(PutDurably(*other, "a", "1").ok());
    FailCalls(Call::kSync, "data/log/", absl::DataLossError("EIO"), 1);
    EXPECT_TRUE(Put(*hit, "a", "new", At(200)).ok());
    EXPECT_EQ(Dump(*hit), "a=new");
    EXPECT_EQ(Alarms(*store_), "1@200");
    const absl::Status lost = hit->WaitDurable(hit->committed());
    EXPECT_FALSE(lost.ok());
    Heal();
    EXPECT_TRUE(absl::IsUnavailable(hit->Access())) << hit->Access();
    EXPECT_FALSE(hit->IsDurable(hit->committed()));
    EXPECT_FALSE(Put(*hit, "a", "newer").ok());
    Settle();
    ASSERT_EQ(heard_.lost.size(), 1u);
    EXPECT_EQ(heard_.lost[0].epoch, hit->epoch());
    EXPECT_TRUE(heard_.HasNotice("a write or sync has failed"));
    EXPECT_EQ(Alarms(*store_), "1@100");
    EXPECT_TRUE(other->Access().ok());
    EXPECT_TRUE(PutDurably(*other, "b", "2").ok());

    auto again = Own(1);
    EXPECT_EQ(Dump(*again), "a=old");
    EXPECT_TRUE(PutDurably(*again, "b", "3").ok());
    EXPECT_FALSE(hit->IsDurable(hit->committed()));  // though the log has passed that position
    EXPECT_EQ(DumpAfterKill(1), "a=old b=3");
    EXPECT_EQ(DumpAfterKill(2), "a=1 b=2");
    hit.reset();
    again.reset();
    other.reset();
    Close();
  });
}

TEST_F(ObjectStoreTest, AnOwnerThatHasSeenWhatWasLostIsLostToo) {
  Run([&] {
    Open();
    auto first = Own(1);
    EXPECT_TRUE(PutDurably(*first, "a", "1").ok());
    FailCalls(Call::kSync, "data/log/", absl::DataLossError("EIO"), 1);
    EXPECT_TRUE(Put(*first, "a", "2").ok());
    auto second = Own(1);
    EXPECT_EQ(Dump(*second), "a=2");
    EXPECT_FALSE(second->WaitDurable(second->committed()).ok());
    EXPECT_TRUE(absl::IsUnavailable(second->Access())) << second->Access();
    Heal();
    first.reset();
    second.reset();
    EXPECT_EQ(DumpOf(1), "a=1");
    Close();
  });
}

TEST_F(ObjectStoreTest, ADeadLogIsTold) {
  Run([&] {
    Open();
    auto object = Own(1);
    EXPECT_TRUE(PutDurably(*object, "a", "1").ok());
    disk_.set_ask([](Call call, std::string_view path) {
      return path.find("data/log") != std::string_view::npos ? absl::DataLossError("EIO") : absl::OkStatus();
    });
    EXPECT_TRUE(Put(*object, "a", "2").ok());
    EXPECT_FALSE(object->WaitDurable(object->committed()).ok());
    while (heard_.dead.empty()) ASSERT_TRUE(world_.scheduler.SleepFor(Duration::Seconds(1)).ok());
    EXPECT_FALSE(store_->Activate(StoreTestKey(2)).ok());
    EXPECT_FALSE(store_->WaitForRoom().ok());
    EXPECT_FALSE(store_->Checkpoint().ok());
    object.reset();
    EXPECT_FALSE(store_->Close().ok());
    store_.reset();
    Heal();
    Open();
    EXPECT_EQ(DumpOf(1).substr(0, 2), "a=");
    Close();
  });
}

TEST_F(ObjectStoreTest, TellsOfATailThatMayNotHaveBeenAcknowledged) {
  Run([&] {
    Open();
    PutIn(1, "a", "1");
    AfterKill([&](ObjectStore& store, HeardFromStore& heard) {
      EXPECT_EQ(store.recovery().stop, LogRecovery::Stop::kWholeTail);
      EXPECT_TRUE(heard.HasNotice("nothing tells whether it had been acknowledged"));
    });
    Close();
    Open();
    EXPECT_EQ(store_->recovery().stop, LogRecovery::Stop::kClean);
    EXPECT_TRUE(heard_.notices.empty());
    Close();
  });
}

// --- alarms ---

TEST_F(ObjectStoreTest, AlarmsAreThoseOfTheCommittedTransactions) {
  Run([&] {
    Open();
    auto one = Own(1), two = Own(2), three = Own(3);
    EXPECT_TRUE(PutDurably(*one, "a", "1", At(300)).ok());
    EXPECT_TRUE(PutDurably(*two, "a", "1", At(100)).ok());
    EXPECT_TRUE(PutDurably(*three, "a", "1", At(200)).ok());
    Settle();
    EXPECT_GT(heard_.alarms_changed, 0);
    EXPECT_EQ(Alarms(*store_), "2@100 3@200 1@300");
    // A transaction of the alarm alone, and one that leaves it.
    EXPECT_TRUE((*one->Image())->Begin().ok());
    EXPECT_TRUE(*(*one->Image())->Commit(At(50)));
    EXPECT_TRUE(PutDurably(*two, "a", "2").ok());
    EXPECT_TRUE(PutDurably(*three, "a", "2", AlarmChange{}).ok());
    EXPECT_TRUE(one->WaitDurable(one->committed()).ok());
    EXPECT_EQ(Alarms(*store_), "1@50 2@100");
    // One that fails changes nothing.
    EXPECT_FALSE(Put(*one, "a", std::string(3 << 20, 'x'), At(1)).ok());
    EXPECT_EQ(Alarms(*store_), "1@50 2@100");
    AfterKill([&](ObjectStore& store, HeardFromStore&) { EXPECT_EQ(Alarms(store), "1@50 2@100"); });
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_TRUE(store_->Checkpoint().ok());
    AfterKill([&](ObjectStore& store, HeardFromStore&) { EXPECT_EQ(Alarms(store), "1@50 2@100"); });
    one.reset();
    two.reset();
    three.reset();
    Restart();
    EXPECT_EQ(Alarms(*store_), "1@50 2@100");
    EXPECT_EQ((*store_->Find(StoreTestKey(1)))->alarm, WallTime::FromUnixMilliseconds(50));
    Close();
  });
}

// --- planted bugs are seen ---

TEST_F(ObjectStoreTest, PlantedEpochThatIsNotBumpedLetsAStaleOwnerWrite) {
  for (const bool planted : {false, true}) {
    options_.directory = planted ? "planted" : "sound";
    options_.plants.keep_epoch = planted;
    Run([&] {
      Open();
      auto first = Own(1);
      EXPECT_TRUE(PutDurably(*first, "a", "1").ok());
      auto second = Own(1);
      EXPECT_EQ(second->epoch() > first->epoch(), !planted);
      EXPECT_EQ(Put(*first, "a", "stale").ok(), planted);
      first.reset();
      second.reset();
      Close();
    });
  }
}

TEST_F(ObjectStoreTest, PlantedStaleOwnerIsSeenByRecovery) {
  options_.plants.accept_superseded = true;
  Run([&] {
    Open();
    auto first = Own(1);
    EXPECT_TRUE(PutDurably(*first, "a", "1").ok());
    auto second = Own(1);
    EXPECT_TRUE(PutDurably(*second, "a", "2").ok());
    EXPECT_TRUE(PutDurably(*first, "b", "stale").ok());
    AfterKill([&](ObjectStore& store, HeardFromStore& heard) {
      const absl::Status damaged = store.Activate(StoreTestKey(1)).status();
      EXPECT_TRUE(absl::IsDataLoss(damaged)) << damaged;
      EXPECT_TRUE(heard.HasNotice("epoch")) << damaged;
    });
    first.reset();
    second.reset();
    Close();
  });
}

TEST_F(ObjectStoreTest, PlantedAlarmOutsideOfTheRecordIsLostByAKill) {
  for (const bool planted : {false, true}) {
    options_.directory = planted ? "planted" : "sound";
    options_.plants.alarm_apart = planted;
    Run([&] {
      Open();
      auto object = Own(1);
      EXPECT_TRUE(PutDurably(*object, "a", "1", At(100)).ok());
      // Acknowledged; and now it dies.
      AfterKill([&](ObjectStore& store, HeardFromStore&) { EXPECT_EQ(Alarms(store), planted ? "" : "1@100"); });
      object.reset();
      Settle();
      Close();
    });
  }
}

}  // namespace
}  // namespace edge::storage
