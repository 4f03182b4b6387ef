#include "runtime/durable/object_storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/durable/testing/fake_object.h"

namespace edge::durable {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class ObjectStorageTest : public ::testing::Test {
 protected:
  void SetUp() override { storage_ = std::make_unique<ObjectStorage>(object_); }

  // What is committed, as another activation sees it.
  void Reopen() {
    storage_.reset();
    object_.CloseImage();
    storage_ = std::make_unique<ObjectStorage>(object_);
  }

  std::string Get(std::string_view key) {
    auto value = storage_->Get(key);
    return !value.ok() ? std::string(value.status().message()) : value->value_or("-");
  }
  void Put(std::string_view key, std::string_view value, Confirm confirm = Confirm::kRequired) {
    ASSERT_TRUE(storage_->Put(key, value, confirm).ok());
  }
  Pairs List(const ListOptions& options = {}) {
    Pairs pairs;
    EXPECT_TRUE(storage_
                    ->List(options,
                           [&](std::string_view key, std::string_view value) {
                             pairs.emplace_back(key, value);
                             return true;
                           })
                    .ok());
    return pairs;
  }
  std::string Sql(std::string_view sql) {
    auto cursor = storage_->sql().Exec(sql, {}, [] { return true; });
    if (!cursor.ok()) return std::string(cursor.status().message());
    std::string text;
    while ((*cursor)->has_row()) {
      const SqlCursor::Value value = (*cursor)->ValueOf(0);
      text += (text.empty() ? "" : " ") +
              (value.type == storage::Statement::Type::kText ? std::string(value.bytes) : std::to_string(value.integer));
      if (const absl::Status status = (*cursor)->Advance([] { return true; }); !status.ok()) return std::string(status.message());
    }
    return text;
  }
  size_t Commits() const { return object_.pages.log.size(); }

  FakeOwnedObject object_;
  std::unique_ptr<ObjectStorage> storage_;
};

TEST_F(ObjectStorageTest, AnObjectThatIsOnlyReadIsNeverWritten) {
  EXPECT_EQ(Get("a"), "-");
  EXPECT_TRUE(List().empty());
  EXPECT_FALSE(*storage_->Delete("a", Confirm::kRequired));
  EXPECT_FALSE(storage_->Alarm()->has_value());
  EXPECT_TRUE(storage_->SetAlarm(std::nullopt, Confirm::kRequired).ok());
  EXPECT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ(Commits(), 0u);
  EXPECT_EQ(storage_->confirmed_position(), 0u);
}

TEST_F(ObjectStorageTest, WritesOfOneTurnAreOneCommit) {
  Put("a", "1");
  Put("b", "2");
  EXPECT_EQ(Sql("CREATE TABLE t (x)"), "");
  EXPECT_EQ(Sql("INSERT INTO t VALUES (7)"), "");
  const auto at = WallTime::FromUnixMilliseconds(5000);
  ASSERT_TRUE(storage_->SetAlarm(StoredAlarm{.scheduled = at, .due = at}, Confirm::kRequired).ok());
  EXPECT_EQ(Commits(), 0u);
  EXPECT_TRUE(storage_->EndTurn().ok());
  ASSERT_EQ(Commits(), 1u);
  ASSERT_TRUE(object_.pages.log[0].alarm.has_value());
  EXPECT_EQ(object_.pages.log[0].alarm->due, at);
  EXPECT_TRUE(storage_->EndTurn().ok()) << "a turn without writes commits nothing";
  EXPECT_EQ(Commits(), 1u);
  Reopen();
  EXPECT_EQ(List(), (Pairs{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(Sql("SELECT x FROM t"), "7");
  EXPECT_EQ(*storage_->Alarm(), (StoredAlarm{.scheduled = at, .due = at}));
}

TEST_F(ObjectStorageTest, WhatIsNotCommittedIsGoneAfterDiscard) {
  Put("a", "1");
  ASSERT_TRUE(storage_->EndTurn().ok());
  Put("a", "2");
  Sql("CREATE TABLE t (x)");
  storage_->Discard();
  EXPECT_EQ(Get("a"), "1");
  EXPECT_TRUE(Sql("SELECT x FROM t").starts_with("no such table: t")) << Sql("SELECT x FROM t");
  Reopen();
  EXPECT_EQ(List(), (Pairs{{"a", "1"}}));
}

TEST_F(ObjectStorageTest, TheFirstWriteThatIsRolledBackLeavesNoTable) {
  Put("a", "1");
  storage_->Discard();
  EXPECT_EQ(Get("a"), "-");
  Put("a", "2");
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ(Get("a"), "2");
}

TEST_F(ObjectStorageTest, DeleteTellsWhetherThereWasSomething) {
  Put("a", "1");
  EXPECT_TRUE(*storage_->Delete("a", Confirm::kRequired));
  EXPECT_FALSE(*storage_->Delete("a", Confirm::kRequired));
  EXPECT_EQ(Get("a"), "-");
}

TEST_F(ObjectStorageTest, KeysAndValuesMayHoldAnyBytes) {
  const std::string zero("k\0x", 3);
  Put(zero, std::string("\0v", 2));
  Put("k", "plain");
  Put("", "empty key");
  EXPECT_EQ(Get(zero), std::string("\0v", 2));
  EXPECT_EQ(Get("k"), "plain");
  EXPECT_EQ(Get(""), "empty key");
  EXPECT_EQ(List()[1].first, "k");
}

TEST_F(ObjectStorageTest, PositionsFollowCommitsAndConfirmation) {
  Put("a", "1", Confirm::kNotRequired);
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ(storage_->confirmed_position(), 0u);
  EXPECT_EQ(storage_->last_position(), 1u);
  Put("b", "1", Confirm::kNotRequired);
  Put("c", "1", Confirm::kRequired);
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ(storage_->confirmed_position(), 2u);
  Put("d", "1", Confirm::kNotRequired);
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ(storage_->confirmed_position(), 2u);
  EXPECT_EQ(storage_->last_position(), 3u);
}

TEST_F(ObjectStorageTest, SavepointsNestAndHoldTheCommitBack) {
  Put("outside", "1");
  EXPECT_EQ(*storage_->BeginSavepoint(), 1);
  Put("outer", "1");
  EXPECT_EQ(*storage_->BeginSavepoint(), 2);
  Put("inner", "1");
  EXPECT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ(Commits(), 0u) << "a transaction is open";
  EXPECT_TRUE(storage_->RollbackSavepoint(2).ok());
  EXPECT_TRUE(storage_->in_savepoint());
  EXPECT_TRUE(storage_->ReleaseSavepoint(1).ok());
  EXPECT_FALSE(storage_->in_savepoint());
  EXPECT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ(Commits(), 1u);
  EXPECT_EQ(List(), (Pairs{{"outer", "1"}, {"outside", "1"}}));
  EXPECT_TRUE(absl::IsFailedPrecondition(storage_->ReleaseSavepoint(1)));
  EXPECT_TRUE(absl::IsFailedPrecondition(storage_->RollbackSavepoint(0)));
}

TEST_F(ObjectStorageTest, ARolledBackSavepointTakesItsAlarmAndItsTablesBack) {
  const auto first = WallTime::FromUnixMilliseconds(1000);
  const auto second = WallTime::FromUnixMilliseconds(2000);
  ASSERT_TRUE(storage_->SetAlarm(StoredAlarm{first, first}, Confirm::kRequired).ok());
  EXPECT_EQ(*storage_->BeginSavepoint(), 1);
  Put("k", "v");
  ASSERT_TRUE(storage_->SetAlarm(StoredAlarm{second, second}, Confirm::kRequired).ok());
  EXPECT_TRUE(storage_->RollbackSavepoint(1).ok());
  EXPECT_EQ((*storage_->Alarm())->due, first);
  EXPECT_EQ(Get("k"), "-");
  Put("k", "again");
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ(object_.pages.log.back().alarm->due, first);
}

TEST_F(ObjectStorageTest, AnAlarmThatRunsIsHiddenUntilAnotherIsSet) {
  const auto at = WallTime::FromUnixMilliseconds(1000);
  ASSERT_TRUE(storage_->SetAlarm(StoredAlarm{at, at}, Confirm::kRequired).ok());
  storage_->BeginAlarmRun();
  EXPECT_FALSE(storage_->VisibleAlarm()->has_value());
  EXPECT_TRUE(storage_->Alarm()->has_value());
  EXPECT_EQ(storage_->EndAlarmRun(), ObjectStorage::AlarmRun::kUntouched);
  EXPECT_TRUE(storage_->VisibleAlarm()->has_value());

  storage_->BeginAlarmRun();
  ASSERT_TRUE(storage_->SetAlarm(StoredAlarm{at, at, 2}, Confirm::kRequired).ok());
  EXPECT_EQ((*storage_->VisibleAlarm())->failures, 2u);
  EXPECT_EQ(storage_->EndAlarmRun(), ObjectStorage::AlarmRun::kReplaced);

  storage_->BeginAlarmRun();
  ASSERT_TRUE(storage_->BeginSavepoint().ok());
  ASSERT_TRUE(storage_->SetAlarm(std::nullopt, Confirm::kRequired).ok());
  ASSERT_TRUE(storage_->RollbackSavepoint(1).ok());
  EXPECT_EQ(storage_->EndAlarmRun(), ObjectStorage::AlarmRun::kUntouched) << "what is rolled back has not replaced it";
}

TEST_F(ObjectStorageTest, DeletingTheAlarmTravelsWithTheCommit) {
  const auto at = WallTime::FromUnixMilliseconds(1000);
  ASSERT_TRUE(storage_->SetAlarm(StoredAlarm{at, at}, Confirm::kRequired).ok());
  ASSERT_TRUE(storage_->EndTurn().ok());
  ASSERT_TRUE(storage_->SetAlarm(std::nullopt, Confirm::kRequired).ok());
  ASSERT_TRUE(storage_->EndTurn().ok());
  ASSERT_TRUE(object_.pages.log.back().alarm.has_value());
  EXPECT_FALSE(object_.pages.log.back().alarm->due.has_value());
  EXPECT_FALSE(storage_->Alarm()->has_value());
}

TEST_F(ObjectStorageTest, DeleteAllTakesEverythingButTheAlarm) {
  Put("k", "v");
  EXPECT_EQ(
      Sql("CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE child (p REFERENCES parent (id));"
          "CREATE TABLE loop (id INTEGER PRIMARY KEY, other REFERENCES loop (id)); CREATE INDEX i ON child (p);"
          "CREATE VIEW v AS SELECT * FROM child; CREATE TRIGGER tr AFTER INSERT ON parent BEGIN SELECT 1; END;"
          "CREATE TRIGGER tv INSTEAD OF INSERT ON v BEGIN SELECT 1; END; CREATE VIRTUAL TABLE f USING fts5 (x);"
          "CREATE TABLE \"odd \"\" name\" (a); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1); INSERT INTO loop VALUES (1, 1);"
          "INSERT INTO f VALUES ('text'); ANALYZE"),
      "");
  const auto at = WallTime::FromUnixMilliseconds(1000);
  ASSERT_TRUE(storage_->SetAlarm(StoredAlarm{at, at}, Confirm::kRequired).ok());
  ASSERT_TRUE(storage_->EndTurn().ok());
  const absl::Status deleted = storage_->DeleteAll(ObjectStorage::DeleteAlarm::kNo, Confirm::kRequired);
  ASSERT_TRUE(deleted.ok()) << deleted;
  const absl::Status ended = storage_->EndTurn();
  ASSERT_TRUE(ended.ok()) << ended;
  EXPECT_EQ(Sql("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"), "_cf_METADATA");
  EXPECT_TRUE(List().empty());
  EXPECT_EQ((*storage_->Alarm())->due, at);
  EXPECT_EQ(Sql("CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO parent DEFAULT VALUES; SELECT id FROM parent"),
            "1");

  ASSERT_TRUE(storage_->DeleteAll(ObjectStorage::DeleteAlarm::kYes, Confirm::kRequired).ok());
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_FALSE(storage_->Alarm()->has_value());
  Put("k", "new");
  ASSERT_TRUE(storage_->EndTurn().ok());
  Reopen();
  EXPECT_EQ(List(), (Pairs{{"k", "new"}}));
}

TEST_F(ObjectStorageTest, ADeletedDatabaseEndsOpenCursors) {
  Sql("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)");
  auto cursor = storage_->sql().Exec("SELECT x FROM t", {}, [] { return true; });
  ASSERT_TRUE(cursor.ok());
  ASSERT_TRUE(storage_->DeleteAll(ObjectStorage::DeleteAlarm::kNo, Confirm::kRequired).ok());
  EXPECT_FALSE((*cursor)->has_row());
  EXPECT_EQ((*cursor)->closed().message(), "SQLite query was canceled because the database was deleted.");
}

TEST_F(ObjectStorageTest, DeferredConstraintsThatAreViolatedAtTheEndOfATurnAreSaid) {
  Sql("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (r REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)");
  ASSERT_TRUE(storage_->EndTurn().ok());
  Put("lost", "1");
  Sql("INSERT INTO c VALUES (9)");
  const absl::Status status = storage_->EndTurn();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_TRUE(status.message().find("left the database in a state where constraints were violated: FOREIGN KEY constraint failed: "
                                    "SQLITE_CONSTRAINT") != absl::string_view::npos)
      << status;
  EXPECT_EQ(Get("lost"), "-");
  EXPECT_EQ(Sql("SELECT count(*) FROM c"), "0");
}

TEST_F(ObjectStorageTest, AStatementThatRollsTheTransactionBackFailsTheTurn) {
  Sql("CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1)");
  ASSERT_TRUE(storage_->EndTurn().ok());
  Put("k", "v");
  EXPECT_NE(Sql("INSERT OR ROLLBACK INTO t VALUES (1)"), "");
  EXPECT_FALSE(storage_->Put("later", "v", Confirm::kRequired).ok());
  EXPECT_TRUE(absl::IsInternal(storage_->EndTurn()));
  EXPECT_EQ(Get("k"), "-");
  EXPECT_TRUE(storage_->EndTurn().ok()) << "said once: the instance is reset";
}

TEST_F(ObjectStorageTest, AFailingCommitLeavesWhatWasThere) {
  Put("a", "1");
  ASSERT_TRUE(storage_->EndTurn().ok());
  object_.pages.on_commit = [](const storage::PageSet&) { return absl::ResourceExhaustedError("full"); };
  Put("a", "2");
  Put("b", "2");
  EXPECT_FALSE(storage_->EndTurn().ok());
  object_.pages.on_commit = nullptr;
  EXPECT_EQ(List(), (Pairs{{"a", "1"}}));
  Put("c", "3");
  EXPECT_TRUE(storage_->EndTurn().ok());
}

TEST_F(ObjectStorageTest, ReadCursorsStayOpenOverCommits) {
  Sql("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3)");
  ASSERT_TRUE(storage_->EndTurn().ok());
  auto cursor = storage_->sql().Exec("SELECT x FROM t", {}, [] { return true; });
  ASSERT_TRUE(cursor.ok());
  Put("k", "v");
  ASSERT_TRUE(storage_->EndTurn().ok());
  std::vector<int64_t> seen;
  while ((*cursor)->has_row()) {
    seen.push_back((*cursor)->ValueOf(0).integer);
    ASSERT_TRUE((*cursor)->Advance([] { return true; }).ok());
  }
  EXPECT_EQ(seen, (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(ObjectStorageTest, StatementsThatReturnRowsHaveWrittenWhenTheTurnEnds) {
  Sql("CREATE TABLE t (x)");
  auto cursor = storage_->sql().Exec("INSERT INTO t VALUES (1), (2) RETURNING x", {}, [] { return true; });
  ASSERT_TRUE(cursor.ok());
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_EQ((*cursor)->ValueOf(0).integer, 1);
  ASSERT_TRUE((*cursor)->Advance([] { return true; }).ok());
  EXPECT_EQ((*cursor)->ValueOf(0).integer, 2);
  ASSERT_TRUE((*cursor)->Advance([] { return true; }).ok());
  EXPECT_FALSE((*cursor)->has_row());
  EXPECT_EQ((*cursor)->rows_written(), 2u);
}

TEST_F(ObjectStorageTest, CursorsMayOutliveTheStorage) {
  Sql("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)");
  auto cursor = storage_->sql().Exec("SELECT x FROM t", {}, [] { return true; });
  ASSERT_TRUE(cursor.ok());
  storage_->CloseDatabase();
  EXPECT_FALSE(object_.is_open());
  EXPECT_FALSE((*cursor)->has_row());
  EXPECT_FALSE((*cursor)->closed().ok());
  EXPECT_EQ(Get("x"), "-") << "the database opens again on use";
  storage_.reset();
  EXPECT_EQ((*cursor)->rows_written(), 0u);
}

TEST_F(ObjectStorageTest, ADatabaseInUseMayNotBeClosed) {
  EXPECT_FALSE(storage_->may_close_database()) << "it has not been opened";
  Sql("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)");
  EXPECT_FALSE(storage_->may_close_database()) << "a transaction is open";
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_TRUE(storage_->may_close_database());

  const auto depth = storage_->BeginSavepoint();
  ASSERT_TRUE(depth.ok());
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_FALSE(storage_->may_close_database()) << "an explicit transaction is open";
  ASSERT_TRUE(storage_->ReleaseSavepoint(*depth).ok());
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_TRUE(storage_->may_close_database());

  auto cursor = storage_->sql().Exec("SELECT x FROM t", {}, [] { return true; });
  ASSERT_TRUE(cursor.ok());
  ASSERT_TRUE(storage_->EndTurn().ok());
  EXPECT_FALSE(storage_->may_close_database()) << "a cursor has rows left";
  while ((*cursor)->has_row()) ASSERT_TRUE((*cursor)->Advance([] { return true; }).ok());
  EXPECT_TRUE(storage_->may_close_database()) << "it is at its end";

  EXPECT_EQ(Sql("PRAGMA defer_foreign_keys = on"), "");
  EXPECT_TRUE(storage_->may_close_database()) << "that ends with the transaction";
  EXPECT_EQ(Sql("PRAGMA case_sensitive_like = on"), "");
  EXPECT_FALSE(storage_->may_close_database()) << "another connection would not have it";
}

TEST_F(ObjectStorageTest, WhatSqlCanAskOfAConnectionGoesOnInTheNext) {
  Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, x); INSERT INTO t VALUES (7, 1), (9, 2); UPDATE t SET x = 3");
  ASSERT_TRUE(storage_->EndTurn().ok());
  const std::string counts = "SELECT last_insert_rowid() || ' ' || changes() || ' ' || total_changes()";
  const std::string before = Sql(counts);
  EXPECT_EQ(before, "9 2 4");
  for (int i = 0; i < 2; ++i) {
    storage_->CloseDatabase();
    EXPECT_EQ(Sql(counts), before);
  }
  Sql("UPDATE t SET x = 4 WHERE id = 7");
  EXPECT_EQ(Sql(counts), "9 1 5");
  storage_->CloseDatabase();  // the update with it
  Sql("UPDATE t SET x = 5 WHERE id = 8");
  EXPECT_EQ(Sql(counts), "9 0 5") << "it changed nothing";
}

TEST_F(ObjectStorageTest, LongStatementsAskWhetherToGoOn) {
  int asked = 0;
  auto cursor = storage_->sql().Exec("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c", {},
                                     [&] { return ++asked < 5; });
  EXPECT_EQ(cursor.status().message(), "interrupted: SQLITE_INTERRUPT");
  EXPECT_EQ(asked, 5);
  EXPECT_EQ(Sql("SELECT 1"), "1");
}

TEST_F(ObjectStorageTest, TooManyCursorsAreRefused) {
  std::vector<std::shared_ptr<SqlCursor>> open;
  absl::Status status;
  while (status.ok() && open.size() < 2000) {
    auto cursor = storage_->sql().Exec("SELECT 1 UNION ALL SELECT 2", {}, [] { return true; });
    status = cursor.status();
    if (cursor.ok()) open.push_back(*cursor);
  }
  EXPECT_EQ(open.size(), 1000u);
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  open.clear();
  EXPECT_EQ(Sql("SELECT 1"), "1");
}

TEST_F(ObjectStorageTest, ALostObjectIsSaid) {
  object_.lost = absl::UnavailableError("lost");
  EXPECT_TRUE(absl::IsUnavailable(storage_->Get("a").status()));
  EXPECT_TRUE(absl::IsUnavailable(storage_->Put("a", "b", Confirm::kRequired)));
  EXPECT_TRUE(absl::IsUnavailable(storage_->Alarm().status()));
}

// The table answers as a sorted map does, with all bounds, over rollbacks.
RC_GTEST_FIXTURE_PROP(ObjectStorageTest, AnswersAsASortedMap, ()) {
  std::map<std::string, std::string> model, committed;
  const auto key = [] { return *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\xC3\xA9\xF0", 5))); };
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
      case 1: {
        const std::string k = key();
        model[k] = std::to_string(i);
        RC_ASSERT(storage_->Put(k, std::to_string(i), Confirm::kRequired).ok());
        break;
      }
      case 2: {
        const std::string k = key();
        RC_ASSERT(*storage_->Delete(k, Confirm::kRequired) == (model.erase(k) > 0));
        break;
      }
      case 3:
        RC_ASSERT(storage_->EndTurn().ok());
        committed = model;
        break;
      case 4:
        storage_->Discard();
        model = committed;
        break;
      default: {
        ListOptions options;
        if (*rc::gen::arbitrary<bool>()) options.prefix = key();
        if (*rc::gen::arbitrary<bool>()) options.end = key();
        if (*rc::gen::arbitrary<bool>()) {
          options.start = key();
        } else if (*rc::gen::arbitrary<bool>()) {
          options.start_after = key();
        }
        if (*rc::gen::arbitrary<bool>()) options.limit = *rc::gen::inRange<uint64_t>(1, 4);
        if (*rc::gen::arbitrary<bool>()) options.order = ListOptions::Order::kDescending;
        Pairs expected;
        for (const auto& [k, v] : model) {
          if (options.prefix.has_value() && !k.starts_with(*options.prefix)) continue;
          if (options.start.has_value() && k < *options.start) continue;
          if (options.start_after.has_value() && k <= *options.start_after) continue;
          if (options.end.has_value() && k >= *options.end) continue;
          expected.emplace_back(k, v);
        }
        if (options.order == ListOptions::Order::kDescending) std::reverse(expected.begin(), expected.end());
        if (options.limit.has_value() && expected.size() > *options.limit) expected.resize(*options.limit);
        RC_ASSERT(List(options) == expected);
      }
    }
  }
}

}  // namespace
}  // namespace edge::durable
