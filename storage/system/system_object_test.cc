#include "storage/system/system_object.h"

#include <array>

#include "runtime/fiber/task_group.h"
#include "storage/store/testing/store_world.h"

namespace edge::storage {
namespace {

using Call = AskingDisk::Call;

constexpr std::array<std::string_view, 1> kFirst = {"CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)"};
constexpr std::array<std::string_view, 2> kSecond = {"CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)",
                                                     "ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'new'"};

class SystemObjectTest : public StoreTest {
 protected:
  std::unique_ptr<SystemObject> Make(std::span<const std::string_view> schema = kFirst) {
    return std::make_unique<SystemObject>(world_.scheduler, *store_, OnlyObjectOf("edge/test/one"), schema);
  }
  static absl::StatusOr<SystemObject::Commit> Put(SystemObject& object, int64_t a, std::string b) {
    return object.Write([&](SystemSession& db) { return db.Run("INSERT OR REPLACE INTO t(a, b) VALUES(?, ?)", {a, b}); });
  }
  static absl::Status PutForGood(SystemObject& object, int64_t a, std::string b) {
    const auto commit = Put(object, a, std::move(b));
    return commit.ok() ? object.WaitDurable(*commit) : commit.status();
  }
  static std::string All(SystemObject& object) {
    std::string all;
    const absl::Status read = object.Read([&](SystemSession& db) {
      return db.Rows("SELECT a, b FROM t ORDER BY a", {}, [&](const Statement& row) {
        StrAppend(&all, row.ColumnInteger(0), "=", row.ColumnBytes(1), " ");
        return absl::OkStatus();
      });
    });
    return read.ok() ? all : read.ToString();
  }
};

TEST_F(SystemObjectTest, KeepsWhatWasCommittedOverAKill) {
  Run([&] {
    Open();
    {
      auto object = Make();
      EXPECT_TRUE(PutForGood(*object, 1, "one").ok());
      EXPECT_TRUE(PutForGood(*object, 2, "two").ok());
      AfterKill([&](ObjectStore& store, HeardFromStore&) {
        SystemObject again(world_.scheduler, store, OnlyObjectOf("edge/test/one"), kFirst);
        EXPECT_EQ(All(again), "1=one 2=two ");
      });
    }
    Close();
  });
}

TEST_F(SystemObjectTest, AnErrorRollsBackAndTheNextTransactionIsClean) {
  Run([&] {
    Open();
    {
      auto object = Make();
      EXPECT_TRUE(PutForGood(*object, 1, "one").ok());
      const auto refused = object->Write([&](SystemSession& db) -> absl::Status {
        EDGE_RETURN_IF_ERROR(db.Run("INSERT INTO t(a) VALUES(2)"));
        return absl::InvalidArgumentError("no");
      });
      EXPECT_EQ(refused.status().message(), "no");
      EXPECT_TRUE(
          absl::IsFailedPrecondition(object->Write([&](SystemSession& db) { return db.Run("INSERT INTO t(a) VALUES(1)"); }).status()));
      EXPECT_TRUE(PutForGood(*object, 3, "three").ok());
      EXPECT_EQ(All(*object), "1=one 3=three ");
    }
    Close();
  });
}

TEST_F(SystemObjectTest, AFailedSyncUndoesWhatWasNotDurableAndTheNextCallBeginsAnew) {
  Run([&] {
    Open();
    {
      auto object = Make();
      EXPECT_TRUE(PutForGood(*object, 1, "one").ok());
      const uint64_t epoch = object->epoch();
      FailCalls(Call::kSync, "log/", absl::DataLossError("EIO"), 1);
      const auto lost = Put(*object, 2, "two");
      ASSERT_TRUE(lost.ok());
      EXPECT_EQ(All(*object), "1=one 2=two ");
      EXPECT_TRUE(absl::IsUnavailable(object->WaitDurable(*lost)));
      Heal();
      EXPECT_EQ(object->epoch(), 0u);
      EXPECT_EQ(All(*object), "1=one ");
      EXPECT_GT(object->epoch(), epoch);
      // Of the commit of another activation nothing can be said.
      EXPECT_TRUE(absl::IsUnavailable(object->WaitDurable(*lost)));
      EXPECT_FALSE(object->IsDurable(*lost));
      EXPECT_TRUE(PutForGood(*object, 3, "three").ok());
      EXPECT_EQ(All(*object), "1=one 3=three ");
    }
    Close();
  });
}

TEST_F(SystemObjectTest, WhoWaitsForALostCommitIsToldWhileOthersGoOn) {
  Run([&] {
    Open();
    {
      auto object = Make();
      EXPECT_TRUE(PutForGood(*object, 1, "one").ok());
      FailCalls(Call::kSync, "log/", absl::DataLossError("EIO"), 1);
      TaskGroup group(world_.scheduler);
      absl::Status waited;
      const auto lost = Put(*object, 2, "two");
      EDGE_CHECK_OK(group.Spawn("waiter", [&] { waited = object->WaitDurable(*lost); }));
      EDGE_CHECK_OK(group.Spawn("other", [&] {
        while (object->epoch() != 0) EDGE_CHECK_OK(world_.scheduler.SleepFor(Duration::Microseconds(1)));
        Heal();
        EXPECT_TRUE(PutForGood(*object, 3, "three").ok());
      }));
      group.Wait();
      EXPECT_TRUE(absl::IsUnavailable(waited)) << waited;
      EXPECT_EQ(All(*object), "1=one 3=three ");
    }
    Close();
  });
}

TEST_F(SystemObjectTest, TablesOfAnOlderVersionAreBroughtForwardAndOfANewerOneRefused) {
  Run([&] {
    Open();
    { EXPECT_TRUE(PutForGood(*Make(), 1, "one").ok()); }
    {
      auto newer = Make(kSecond);
      std::string c;
      EXPECT_TRUE(newer
                      ->Read([&](SystemSession& db) {
                        return db.Rows("SELECT c FROM t", {}, [&](const Statement& row) {
                          c = std::string(row.ColumnBytes(0));
                          return absl::OkStatus();
                        });
                      })
                      .ok());
      EXPECT_EQ(c, "new");
      EXPECT_TRUE(PutForGood(*newer, 2, "two").ok());
    }
    {
      auto older = Make();
      const std::string told = All(*older);
      EXPECT_TRUE(told.find("edge/test/one") != std::string::npos && told.find("version 2, this edge knows 1") != std::string::npos)
          << told;
    }
    Close();
  });
}

TEST_F(SystemObjectTest, OneFiberAtATimeIsInItsDatabase) {
  Run([&] {
    Open();
    {
      auto object = Make();
      TaskGroup group(world_.scheduler);
      for (int i = 0; i < 20; ++i) {
        EDGE_CHECK_OK(group.Spawn("writer", [&] {
          EXPECT_TRUE(object
                          ->Write([&](SystemSession& db) -> absl::Status {
                            EDGE_ASSIGN_OR_RETURN(const int64_t count, db.Number("SELECT count(*) FROM t", {}));
                            EDGE_CHECK_OK(world_.scheduler.SleepFor(Duration::Microseconds(3)));
                            return db.Run("INSERT INTO t(a, b) VALUES(?, 'x')", {count});
                          })
                          .ok());
        }));
      }
      group.Wait();
      int64_t count = 0;
      EXPECT_TRUE(object
                      ->Read([&](SystemSession& db) -> absl::Status {
                        EDGE_ASSIGN_OR_RETURN(count, db.Number("SELECT count(*) FROM t", {}));
                        return absl::OkStatus();
                      })
                      .ok());
      EXPECT_EQ(count, 20);
    }
    Close();
  });
}

TEST_F(SystemObjectTest, AnIdleDatabaseIsClosedAndOpenedAgain) {
  Run([&] {
    Open();
    {
      auto object = Make();
      EXPECT_TRUE(PutForGood(*object, 1, "one").ok());
      const uint64_t epoch = object->epoch();
      object->CloseIdle();
      EXPECT_EQ(All(*object), "1=one ");
      EXPECT_EQ(object->epoch(), epoch);
    }
    Close();
  });
}

}  // namespace
}  // namespace edge::storage
