#include "storage/image/object_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/status_macros.h"
#include "sqlite3.h"
#include "storage/image/image_testing.h"

namespace edge::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ObjectImageTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open(const ImageLimits& limits = {}) {
    image_.reset();
    absl::StatusOr<std::unique_ptr<ObjectImage>> image = ObjectImage::Open(object_, object_, "object x", TestServices(), limits);
    ASSERT_TRUE(image.ok()) << image.status();
    image_ = std::move(*image);
  }
  void Reopen() {
    image_.reset();
    object_.Recover();
    Open();
  }

  // Runs everything in `sql`; the rows as text, "|" between columns.
  absl::StatusOr<std::vector<std::string>> Run(std::string_view sql, std::vector<SqlValue> values = {},
                                               SqlAuthor author = SqlAuthor::kUser) {
    std::vector<std::string> rows;
    while (true) {
      EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement, image_->Prepare(sql, &sql, author));
      if (statement == nullptr) return rows;
      for (size_t i = 0; i < values.size() && static_cast<int>(i) < statement->parameters(); ++i) {
        EDGE_RETURN_IF_ERROR(statement->Bind(static_cast<int>(i) + 1, values[i]));
      }
      while (true) {
        EDGE_ASSIGN_OR_RETURN(const Statement::Row row, statement->Step());
        if (row == Statement::Row::kDone) break;
        std::string text;
        for (int column = 0; column < statement->columns(); ++column) {
          if (column > 0) text += "|";
          text += statement->ColumnType(column) == Statement::Type::kNull ? "NULL" : std::string(statement->ColumnBytes(column));
        }
        rows.push_back(text);
      }
      read_ = statement->rows_read();
      written_ = statement->rows_written();
    }
  }
  std::string Failure(std::string_view sql) { return std::string(Run(sql).status().message()); }
  std::string Value(std::string_view sql) {
    auto rows = Run(sql);
    return !rows.ok() ? rows.status().ToString() : rows->size() == 1 ? rows->front() : "not one row";
  }
  void Must(std::string_view sql) {
    absl::Status status = Run(sql).status();
    ASSERT_TRUE(status.ok()) << sql << ": " << status;
  }
  void InTransaction(std::string_view sql) {
    ASSERT_TRUE(image_->Begin().ok());
    Must(sql);
    ASSERT_TRUE(image_->Commit(std::nullopt).ok());
  }

  TestObject object_;
  std::unique_ptr<ObjectImage> image_;
  uint64_t read_ = 0, written_ = 0;
};

// ---- commits

TEST_F(ObjectImageTest, AnObjectThatHasNotWrittenHasNoPages) {
  EXPECT_EQ(Value("SELECT 1+1"), "2");
  EXPECT_EQ(object_.pages(), 0u);
  EXPECT_TRUE(object_.log.empty());
  EXPECT_EQ(image_->DatabaseSizeBytes().value(), 0u);
}

TEST_F(ObjectImageTest, ATransactionIsOnePageSetAndIsThereAfterReplay) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1); INSERT INTO t VALUES(2);");
  ASSERT_EQ(object_.log.size(), 1u);
  Reopen();
  EXPECT_EQ(Value("SELECT sum(a) FROM t"), "3");
  EXPECT_TRUE(image_->CheckIntegrity().ok());
}

TEST_F(ObjectImageTest, ASmallUpdateLogsBytesInsteadOfPages) {
  InTransaction("CREATE TABLE t(k PRIMARY KEY, v); INSERT INTO t VALUES('a', 'one'), ('b', hex(zeroblob(500)));");
  InTransaction("UPDATE t SET v = 'two' WHERE k = 'a';");
  ASSERT_EQ(object_.log.size(), 2u);
  EXPECT_LT(object_.log[1].bytes.size(), 100u);
}

TEST_F(ObjectImageTest, ATransactionThatChangesNothingIsNoPageSet) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1);");
  ASSERT_TRUE(image_->Begin().ok());
  Must("UPDATE t SET a = a WHERE a = 7; SELECT * FROM t;");
  absl::StatusOr<bool> committed = image_->Commit(std::nullopt);
  ASSERT_TRUE(committed.ok());
  EXPECT_FALSE(*committed);
  EXPECT_EQ(object_.log.size(), 1u);
}

TEST_F(ObjectImageTest, AnAlarmRidesInThePageSetOrAlone) {
  const WallTime due = WallTime::FromUnixMilliseconds(5);
  ASSERT_TRUE(image_->Begin().ok());
  Must("CREATE TABLE t(a);");
  EXPECT_TRUE(image_->Commit(AlarmChange{due}).value());
  ASSERT_TRUE(image_->Begin().ok());
  EXPECT_TRUE(image_->Commit(AlarmChange{std::nullopt}).value());
  InTransaction("INSERT INTO t VALUES(1)");

  ASSERT_EQ(object_.log.size(), 3u);
  EXPECT_EQ(object_.log[0].alarm->due, due);
  EXPECT_EQ(object_.log[1].alarm->due, std::nullopt);
  EXPECT_TRUE(object_.log[1].ranges.empty());
  EXPECT_EQ(object_.log[1].pages, object_.log[0].pages);
  EXPECT_FALSE(object_.log[2].alarm.has_value());
}

TEST_F(ObjectImageTest, AnAlarmOfAFailedCommitDoesNotRideInTheNextOne) {
  InTransaction("CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED);");
  ASSERT_TRUE(image_->Begin().ok());
  Must("INSERT INTO c VALUES(1)");
  EXPECT_FALSE(image_->Commit(AlarmChange{WallTime()}).ok());
  InTransaction("INSERT INTO p VALUES(1)");
  EXPECT_FALSE(object_.log.back().alarm.has_value());
}

TEST_F(ObjectImageTest, RollbackLeavesNothing) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1);");
  ASSERT_TRUE(image_->Begin().ok());
  Must("INSERT INTO t VALUES(2); CREATE TABLE u(b);");
  image_->Rollback();
  EXPECT_FALSE(image_->in_transaction());
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "1");
  EXPECT_THAT(Failure("SELECT * FROM u"), HasSubstr("no such table: u"));
  EXPECT_EQ(object_.log.size(), 1u);
}

TEST_F(ObjectImageTest, SavepointsNest) {
  InTransaction("CREATE TABLE t(a)");
  ASSERT_TRUE(image_->Begin().ok());
  ASSERT_TRUE(image_->Savepoint(0).ok());
  Must("INSERT INTO t VALUES(1)");
  ASSERT_TRUE(image_->Savepoint(1).ok());
  Must("INSERT INTO t VALUES(2)");
  ASSERT_TRUE(image_->RollbackToSavepoint(1).ok());
  ASSERT_TRUE(image_->ReleaseSavepoint(1).ok());
  ASSERT_TRUE(image_->ReleaseSavepoint(0).ok());
  EXPECT_EQ(image_->ReleaseSavepoint(0).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(image_->Commit(std::nullopt).ok());
  EXPECT_EQ(Value("SELECT group_concat(a) FROM t"), "1");
}

TEST_F(ObjectImageTest, ADeferredConstraintFailsTheCommitAndRollsBack) {
  InTransaction("CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED);");
  ASSERT_TRUE(image_->Begin().ok());
  Must("INSERT INTO c VALUES(1)");
  absl::Status status = image_->Commit(std::nullopt).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)");
  EXPECT_FALSE(image_->in_transaction());
  EXPECT_EQ(Value("SELECT count(*) FROM c"), "0");
}

TEST_F(ObjectImageTest, AStatementThatEndsTheTransactionIsToldByCommit) {
  InTransaction("CREATE TABLE t(a UNIQUE ON CONFLICT ROLLBACK); INSERT INTO t VALUES(1)");
  ASSERT_TRUE(image_->Begin().ok());
  Must("INSERT INTO t VALUES(2)");
  EXPECT_EQ(Failure("INSERT INTO t VALUES(1)"), "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)");
  EXPECT_FALSE(image_->in_transaction());
  EXPECT_EQ(image_->Commit(AlarmChange{}).status().code(), absl::StatusCode::kFailedPrecondition);
  image_->Rollback();
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "1");
}

TEST_F(ObjectImageTest, ReturningStatementsCommitWithTheTransaction) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2);");
  ASSERT_TRUE(image_->Begin().ok());
  auto statement = image_->Prepare("UPDATE t SET a = a + 1 RETURNING a", nullptr, SqlAuthor::kUser).value();
  ASSERT_EQ(statement->Step().value(), Statement::Row::kRow);
  // Not while it is running.
  absl::Status early = image_->Commit(std::nullopt).status();
  EXPECT_EQ(early.code(), absl::StatusCode::kFailedPrecondition);
  statement.reset();
  InTransaction("UPDATE t SET a = a + 1");
  EXPECT_EQ(Value("SELECT sum(a) FROM t"), "5");
}

TEST_F(ObjectImageTest, VacuumOfThePlatformShrinksTheDatabaseAlsoAfterReplay) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1);");
  for (int i = 0; i < 50; ++i) InTransaction("INSERT INTO t VALUES(randomblob(3000))");
  InTransaction("DELETE FROM t WHERE a <> 1");
  const uint32_t before = object_.pages();
  EXPECT_LT(image_->DatabaseSizeBytes().value(), before * kPageBytes / 2);
  ASSERT_TRUE(image_->Execute("VACUUM").ok());
  EXPECT_LT(object_.pages(), before / 2);
  Reopen();
  EXPECT_TRUE(image_->CheckIntegrity().ok());
  EXPECT_EQ(Value("SELECT a FROM t"), "1");
}

TEST_F(ObjectImageTest, TheFileIsPlainSqliteWithReservedBytes) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES('hello')");
  std::string file = object_.File();
  EXPECT_EQ(file[20], 8);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_deserialize(db, "main", reinterpret_cast<unsigned char*>(file.data()), static_cast<sqlite3_int64>(file.size()),
                                static_cast<sqlite3_int64>(file.size()), SQLITE_DESERIALIZE_READONLY),
            SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db, "SELECT a FROM t", -1, &statement, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)), "hello");
  sqlite3_finalize(statement);
  sqlite3_close(db);
}

TEST_F(ObjectImageTest, AfterACheckpointPagesAreLoggedWholeOnceAndChecksumsAreNoChange) {
  InTransaction("CREATE TABLE t(k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES('a', 1)");
  object_.Checkpoint();
  EXPECT_EQ(object_.overlay().bytes(), 0u);
  Open();
  InTransaction("UPDATE t SET v = 2");
  InTransaction("UPDATE t SET v = 3");
  ASSERT_EQ(object_.log.size(), 2u);
  for (const PageRange& range : object_.log[0].ranges) EXPECT_EQ(range.length, kPageBytes);
  for (const PageRange& range : object_.log[1].ranges) EXPECT_LT(range.offset + range.length, kPageContentBytes + 1);
  EXPECT_LT(object_.log[1].bytes.size(), 60u);
}

// ---- errors from below

TEST_F(ObjectImageTest, ARefusedCommitLeavesEverythingAsItWas) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  for (const absl::Status& refusal :
       {absl::ResourceExhaustedError("the log is full"), absl::UnavailableError("the log has failed"), CrashedStatus()}) {
    object_.on_commit = [&](const PageSet&) { return refusal; };
    ASSERT_TRUE(image_->Begin().ok());
    Must("INSERT INTO t VALUES(2); CREATE TABLE u(b);");
    absl::Status status = image_->Commit(std::nullopt).status();
    EXPECT_EQ(status.code(), refusal.code());
    EXPECT_EQ(status.message(),
              absl::IsResourceExhausted(refusal) ? "database or disk is full: SQLITE_FULL: the log is full" : refusal.message());
    EXPECT_FALSE(image_->in_transaction());
    object_.on_commit = nullptr;
    EXPECT_EQ(Value("SELECT group_concat(a) FROM t"), "1");
    EXPECT_EQ(Value("SELECT count(*) FROM sqlite_master"), "1");
  }
  InTransaction("INSERT INTO t VALUES(3)");
  Reopen();
  EXPECT_EQ(Value("SELECT group_concat(a) FROM t"), "1,3");
  EXPECT_TRUE(image_->CheckIntegrity().ok());
}

TEST_F(ObjectImageTest, ARefusedCommitWithAnOpenCursorIsNoLoss) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2), (3)");
  auto cursor = image_->Prepare("SELECT a FROM t", nullptr, SqlAuthor::kUser).value();
  ASSERT_TRUE(cursor->Step().ok());
  object_.on_commit = [](const PageSet&) { return absl::UnavailableError("no"); };
  ASSERT_TRUE(image_->Begin().ok());
  Must("INSERT INTO t VALUES(4)");
  EXPECT_EQ(image_->Commit(std::nullopt).status().code(), absl::StatusCode::kUnavailable);
  object_.on_commit = nullptr;
  (void)cursor->Step();
  cursor.reset();
  EXPECT_EQ(Value("SELECT group_concat(a) FROM t"), "1,2,3");
  InTransaction("INSERT INTO t VALUES(5)");
  EXPECT_EQ(Value("SELECT group_concat(a) FROM t"), "1,2,3,5");
}

TEST_F(ObjectImageTest, AReadThatFailsComesThroughAsItWas) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  for (const absl::Status& failure : {CrashedStatus(), CancelledStatus(), absl::DataLossError("object x: page 2 is damaged")}) {
    Open();
    object_.on_read = [&](uint32_t page) { return page == 2 ? failure : absl::OkStatus(); };
    EXPECT_TRUE(image_->failure().ok());
    EXPECT_EQ(Run("SELECT * FROM t").status(), failure);
    object_.on_read = nullptr;
    // Until it is opened anew.
    EXPECT_EQ(image_->failure(), failure);
    EXPECT_EQ(Run("SELECT 1").status(), failure);
    EXPECT_EQ(image_->Begin(), failure);
    Open();
    EXPECT_EQ(Value("SELECT a FROM t"), "1");
  }
}

TEST_F(ObjectImageTest, AReadThatFailsInAWritingTransactionUndoesIt) {
  ImageLimits limits;
  InTransaction("CREATE TABLE t(a INTEGER PRIMARY KEY, b);");
  for (int i = 0; i < 20; ++i) InTransaction("INSERT INTO t(b) VALUES(randomblob(3000))");
  Open(limits);
  ASSERT_TRUE(image_->Begin().ok());
  Must("INSERT INTO t(b) VALUES('new')");
  object_.on_read = [](uint32_t) { return CrashedStatus(); };
  EXPECT_TRUE(IsCrashed(Run("UPDATE t SET b = b || 'x'").status()));
  object_.on_read = nullptr;
  image_->Rollback();
  Open();
  EXPECT_EQ(Value("SELECT count(*), sum(b = 'new') FROM t"), "20|0");
  EXPECT_TRUE(image_->CheckIntegrity().ok());
}

TEST_F(ObjectImageTest, ADamagedBasePageIsDataLossThatNamesIt) {
  InTransaction("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  object_.Checkpoint();
  object_.base[1][100] ^= 1;
  Open();
  absl::Status status = Run("SELECT * FROM t").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("page 2 is damaged"));
}

TEST_F(ObjectImageTest, WhatIsNoDatabaseIsNotOpened) {
  image_.reset();
  TestObject other;
  PageSet set;
  set.pages = 1;
  set.ranges.push_back({1, 0, kPageBytes});
  set.bytes = std::string(kPageBytes, 'x');
  ASSERT_TRUE(other.Commit(set).ok());
  absl::Status status = ObjectImage::Open(other, other, "object y", TestServices()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("object y"));
}

TEST_F(ObjectImageTest, AFailedReadInsideOfAnExtensionLeavesNothingForLaterTransactions) {
  InTransaction("CREATE VIRTUAL TABLE f USING fts5(body)");
  for (int i = 0; i < 40; ++i) InTransaction("INSERT INTO f VALUES('common one two three')");
  for (int fail_at = 0; fail_at < 12; ++fail_at) {
    Open();
    ASSERT_TRUE(image_->Begin().ok());
    object_.on_read = [left = fail_at](uint32_t) mutable { return left-- == 0 ? CrashedStatus() : absl::OkStatus(); };
    absl::Status status = Run("DELETE FROM f WHERE rowid % 5 = 1; INSERT INTO f VALUES('more')").status();
    object_.on_read = nullptr;
    image_->Rollback();
    const size_t sets = object_.log.size();
    if (!status.ok()) {
      EXPECT_FALSE(image_->Begin().ok());
      Open();
    }
    InTransaction("INSERT INTO f VALUES('again')");
    EXPECT_EQ(object_.log.size(), sets + 1);
    absl::Status check = Run("INSERT INTO f(f) VALUES('integrity-check')").status();
    EXPECT_TRUE(check.ok()) << fail_at << ": " << check;
  }
}

// ---- limits

TEST_F(ObjectImageTest, TheDatabaseHasAMaximum) {
  ImageLimits limits;
  limits.database = ByteCount::KiB(64);
  Open(limits);
  InTransaction("CREATE TABLE t(a)");
  ASSERT_TRUE(image_->Begin().ok());
  absl::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = Run("INSERT INTO t VALUES(randomblob(3000))").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "database or disk is full: SQLITE_FULL");
  image_->Rollback();
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "0");
  EXPECT_LE(object_.pages(), 16u);
}

TEST_F(ObjectImageTest, ATransactionHasAMaximumAndCanBeRolledBack) {
  ImageLimits limits;
  limits.transaction = ByteCount::MiB(4);
  Open(limits);
  InTransaction("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
  ASSERT_TRUE(image_->Begin().ok());
  absl::Status status;
  for (int i = 0; i < 3000 && status.ok(); ++i) status = Run("INSERT INTO t(b) VALUES(randomblob(3000))").status();
  EXPECT_EQ(status.message(), "database or disk is full: SQLITE_FULL");
  image_->Rollback();
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "0");
  EXPECT_TRUE(image_->CheckIntegrity().ok());
  InTransaction("INSERT INTO t(b) VALUES(1)");
  EXPECT_EQ(object_.log.size(), 2u);
}

TEST_F(ObjectImageTest, LimitsOfTheContract) {
  Must("CREATE TABLE t(a)");
  EXPECT_THAT(Failure("SELECT '" + std::string(100'000, 'x') + "'"), HasSubstr("SQLITE_TOOBIG"));
  EXPECT_THAT(Failure("SELECT 1 WHERE 'a' LIKE '" + std::string(51, 'x') + "'"), "LIKE or GLOB pattern too complex: SQLITE_ERROR");
  EXPECT_THAT(Failure("SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6"),
              HasSubstr("too many terms in compound SELECT"));
  EXPECT_THAT(Failure("SELECT ?101"), HasSubstr("variable number must be between ?1 and ?100"));
  std::string columns = "c0";
  for (int i = 1; i <= 100; ++i) columns += ",c" + std::to_string(i);
  EXPECT_THAT(Failure("CREATE TABLE wide(" + columns + ")"), HasSubstr("too many columns"));
  std::string deep = "1";
  for (int i = 0; i < 101; ++i) deep += "+a";
  EXPECT_THAT(Failure("SELECT " + deep + " FROM t"), HasSubstr("Expression tree is too large (maximum depth 100)"));
  EXPECT_EQ(Run("INSERT INTO t VALUES(?)", {Blob{std::string(2 << 20, 'x')}}).status(), absl::OkStatus());
  EXPECT_THAT(std::string(Run("INSERT INTO t VALUES(?)", {Blob{std::string(3 << 20, 'x')}}).status().message()),
              "string or blob too big: SQLITE_TOOBIG");
}

TEST_F(ObjectImageTest, ALongStatementIsAskedWhetherItMayGoOn) {
  int left = 10;
  image_->SetProgress(
      1000, [](void* data) { return --*static_cast<int*>(data) > 0; }, &left);
  absl::Status status = Run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n").status();
  EXPECT_EQ(status.message(), "interrupted: SQLITE_INTERRUPT");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  image_->SetProgress(0, nullptr, nullptr);
  EXPECT_EQ(Value("SELECT 1"), "1");
}

// ---- what users may say

TEST_F(ObjectImageTest, ErrorsReadAsOnThePlatform) {
  Must("CREATE TABLE t(a UNIQUE)");
  EXPECT_EQ(Failure("SELEC 1"), "near \"SELEC\": syntax error at offset 0: SQLITE_ERROR");
  EXPECT_EQ(Failure("SELECT * FROM nope"), "no such table: nope: SQLITE_ERROR");
  EXPECT_EQ(Failure("SELECT b FROM t"), "no such column: b at offset 7: SQLITE_ERROR");
  EXPECT_EQ(Failure("INSERT INTO t VALUES(1), (1)"),
            "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)");
  EXPECT_EQ(Run("SELECT ?", {SqlValue(nullptr)}).value(), std::vector<std::string>{"NULL"});
  auto statement = image_->Prepare("SELECT ?", nullptr, SqlAuthor::kUser).value();
  EXPECT_THAT(std::string(statement->Bind(2, int64_t{1}).message()), HasSubstr("SQLITE_RANGE"));
}

TEST_F(ObjectImageTest, TransactionControlIsRefusedWithAdvice) {
  for (const char* sql : {"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a", "END"}) {
    EXPECT_THAT(Failure(sql), StartsWith("To execute a transaction, please use the state.storage.transaction()")) << sql;
    EXPECT_EQ(Run(sql).status().code(), absl::StatusCode::kPermissionDenied);
  }
  // The refusal before is not taken for this one's.
  EXPECT_EQ(Failure("ATTACH 'x' AS y"), "not authorized: SQLITE_AUTH");
}

TEST_F(ObjectImageTest, WhatWouldBreakTheImageIsRefused) {
  Must("CREATE TABLE t(a)");
  for (const char* sql : {"ATTACH '/tmp/x' AS y",
                          "DETACH main",
                          "PRAGMA journal_mode=WAL",
                          "PRAGMA journal_mode",
                          "PRAGMA locking_mode=NORMAL",
                          "PRAGMA synchronous=FULL",
                          "PRAGMA page_size=1024",
                          "PRAGMA temp_store=FILE",
                          "PRAGMA mmap_size=1000000",
                          "PRAGMA writable_schema=ON",
                          "PRAGMA cache_spill=OFF",
                          "PRAGMA cache_size=10",
                          "PRAGMA max_page_count=1",
                          "PRAGMA wal_checkpoint",
                          "PRAGMA foreign_keys=maybe",
                          "PRAGMA optimize('x')",
                          "CREATE TEMP TABLE x(a)",
                          "CREATE TEMP VIEW x AS SELECT 1",
                          "CREATE VIRTUAL TABLE x USING fts4(a)",
                          "CREATE VIRTUAL TABLE x USING dbstat"}) {
    absl::Status status = Run(sql).status();
    EXPECT_EQ(std::string(status.message()), "not authorized: SQLITE_AUTH") << sql;
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << sql;
  }
  EXPECT_EQ(Failure("SELECT load_extension('x')"), "not authorized to use function: load_extension at offset 7: SQLITE_ERROR");
  EXPECT_EQ(Failure("SELECT sqlite_version()"), "not authorized to use function: sqlite_version at offset 7: SQLITE_ERROR");
  for (const char* sql : {"VACUUM", "VACUUM INTO '/tmp/x'"}) {
    absl::Status status = Run(sql).status();
    EXPECT_EQ(std::string(status.message()), "authorization denied: SQLITE_AUTH") << sql;
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << sql;
  }
  EXPECT_FALSE(Run("UPDATE sqlite_master SET sql = ''").ok());
  EXPECT_FALSE(Run("SELECT * FROM pragma_journal_mode").ok());
}

TEST_F(ObjectImageTest, SettingsThatDoNoHarmAreAllowed) {
  Must("CREATE TABLE t(a PRIMARY KEY, b REFERENCES t); CREATE INDEX i ON t(b);");
  for (const char* sql : {"PRAGMA table_info(t)",
                          "PRAGMA table_xinfo(t)",
                          "PRAGMA table_list",
                          "PRAGMA index_list(t)",
                          "PRAGMA index_info(i)",
                          "PRAGMA index_xinfo(i)",
                          "PRAGMA foreign_key_list(t)",
                          "PRAGMA foreign_key_check",
                          "PRAGMA foreign_keys",
                          "PRAGMA foreign_keys=ON",
                          "PRAGMA Defer_Foreign_Keys=TRUE",
                          "PRAGMA ignore_check_constraints=0",
                          "PRAGMA legacy_alter_table=off",
                          "PRAGMA recursive_triggers='yes'",
                          "PRAGMA reverse_unordered_selects=0",
                          "PRAGMA case_sensitive_like=1",
                          "PRAGMA quick_check",
                          "PRAGMA quick_check(t)",
                          "PRAGMA optimize",
                          "SELECT name FROM pragma_table_info('t')",
                          "ANALYZE",
                          "REINDEX i",
                          "EXPLAIN QUERY PLAN SELECT * FROM t",
                          "ALTER TABLE t RENAME TO u",
                          "ALTER TABLE u ADD COLUMN c",
                          "ALTER TABLE u RENAME COLUMN c TO d",
                          "ALTER TABLE u DROP COLUMN d",
                          "CREATE VIEW v AS SELECT * FROM u",
                          "CREATE TRIGGER tr AFTER INSERT ON u BEGIN SELECT 1; END",
                          "DROP TRIGGER tr",
                          "DROP VIEW v",
                          "DROP INDEX i",
                          "DROP TABLE u"}) {
    absl::Status status = Run(sql).status();
    EXPECT_TRUE(status.ok()) << sql << ": " << status;
  }
}

TEST_F(ObjectImageTest, ForeignKeysAreOn) {
  Must("CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p)");
  EXPECT_EQ(Failure("INSERT INTO c VALUES(1)"),
            "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)");
}

TEST_F(ObjectImageTest, ThePlatformsTablesAreHidden) {
  ASSERT_TRUE(
      image_->Execute("CREATE TABLE _cf_KV(key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID; INSERT INTO _cf_KV VALUES('a', 1)").ok());
  Must("CREATE TABLE t(a)");
  EXPECT_EQ(Failure("SELECT key FROM _cf_KV"), "access to _cf_KV.key is prohibited: SQLITE_AUTH");
  EXPECT_EQ(Failure("SELECT key FROM _CF_kv"), "access to _cf_KV.key is prohibited: SQLITE_AUTH");
  for (const char* sql :
       {"INSERT INTO _cf_KV VALUES('b', 2)", "DELETE FROM _cf_KV", "UPDATE _cf_KV SET value = 2", "DROP TABLE _cf_KV",
        "CREATE TABLE _cf_mine(a)", "CREATE TABLE _CF_mine(a)", "CREATE INDEX i ON _cf_KV(value)", "CREATE INDEX _cf_i ON t(a)",
        "CREATE TRIGGER tr AFTER INSERT ON _cf_KV BEGIN SELECT 1; END", "ALTER TABLE _cf_KV RENAME TO x", "PRAGMA table_info(_cf_KV)",
        "SELECT * FROM pragma_table_info('_cf_KV')", "SELECT * FROM sqlite_stmt", "SELECT * FROM dbstat"}) {
    EXPECT_FALSE(Run(sql).ok()) << sql;
  }
  // Through a view or a trigger neither.
  Must("CREATE VIEW v AS SELECT * FROM _cf_KV; CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM _cf_KV; END;");
  EXPECT_FALSE(Run("SELECT * FROM v").ok());
  EXPECT_FALSE(Run("INSERT INTO t VALUES(1)").ok());
  EXPECT_EQ(Run("SELECT count(*) FROM _cf_KV", {}, SqlAuthor::kPlatform)->front(), "1");
}

TEST_F(ObjectImageTest, AStatementIsCheckedAgainWhenItIsCompiledAgain) {
  Must("CREATE TABLE t(a)");
  auto statement = image_->Prepare("SELECT count(*) FROM t", nullptr, SqlAuthor::kUser).value();
  Must("DROP TABLE t");
  ASSERT_TRUE(image_->Execute("CREATE TABLE _cf_secret(a); CREATE VIEW t AS SELECT a FROM _cf_secret").ok());
  EXPECT_FALSE(statement->Step().ok());
}

TEST_F(ObjectImageTest, FullTextJsonMathematicsAndRTreesAreThere) {
  Must("CREATE VIRTUAL TABLE f USING fts5(title, body); INSERT INTO f VALUES('a', 'the quick brown fox'), ('b', 'lazy dog')");
  EXPECT_EQ(Value("SELECT title FROM f WHERE f MATCH 'quick' ORDER BY rank"), "a");
  EXPECT_EQ(Value("SELECT highlight(f, 1, '<', '>') FROM f WHERE f MATCH 'dog'"), "lazy <dog>");
  EXPECT_FALSE(Run("DELETE FROM f_data").ok()) << "shadow tables are not for users";
  EXPECT_EQ(Value("SELECT json_extract('{\"a\":[1,2]}', '$.a[1]') + json_array_length('[1,2,3]')"), "5");
  EXPECT_EQ(Value("SELECT '{\"a\":7}' ->> 'a'"), "7");
  EXPECT_EQ(Value("SELECT group_concat(value) FROM json_each('[1,2,3]')"), "1,2,3");
  EXPECT_EQ(Value("SELECT sqrt(16) + floor(2.5) + mod(7, 4)"), "9.0");
  EXPECT_EQ(Value("SELECT json_array(json_patch('{\"a\":1,\"b\":2}', '{\"b\":null,\"c\":{\"d\":3}}'))"), "[{\"a\":1,\"c\":{\"d\":3}}]");
  EXPECT_EQ(Value("SELECT json_patch(NULL, '{}')"), "NULL");
  EXPECT_EQ(Failure("SELECT json_patch('{', '{}')"), "malformed JSON: SQLITE_ERROR");
  EXPECT_THAT(Failure("SELECT json_patch('" + std::string(901, '[') + std::string(901, ']') + "', '{}')"), HasSubstr("nested too deeply"));
  Must("CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES(1, 0, 5)");
  EXPECT_EQ(Value("SELECT id FROM r WHERE x1 > 3"), "1");
  Must("DROP TABLE f; DROP TABLE r");
}

TEST_F(ObjectImageTest, TheTimeAndChanceAreTheServices) {
  EXPECT_EQ(Value("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"), "2023-11-14 22:13:20.123");
  EXPECT_EQ(Value("SELECT CURRENT_TIMESTAMP"), "2023-11-14 22:13:20");
  const std::string drawn = Value("SELECT random() || hex(randomblob(5))");
  Must("CREATE TABLE t(a DEFAULT (random()))");
  image_.reset();
  TestObject other;
  auto image = ObjectImage::Open(other, other, "object y", TestServices()).value();
  std::swap(image, image_);
  EXPECT_EQ(Value("SELECT random() || hex(randomblob(5))"), drawn);
  image_.reset();
}

TEST_F(ObjectImageTest, RowidsThatAreDrawnDependOnTheObjectAlone) {
  // Another connection draws before, and in one case between.
  const auto draw = [](int noise_before, int noise_between) {
    const auto noise = [](int size) {
      std::string drawn(static_cast<size_t>(size), '\0');
      sqlite3_randomness(size, drawn.data());
    };
    TestObject object;
    noise(noise_before);
    auto image = ObjectImage::Open(object, object, "object y", TestServices()).value();
    EDGE_CHECK_OK(image->Execute("CREATE TABLE t(a INTEGER PRIMARY KEY); INSERT INTO t VALUES(9223372036854775807)"));
    noise(noise_between);
    EDGE_CHECK_OK(image->Execute("INSERT INTO t VALUES(NULL)"));
    auto query = image->Prepare("SELECT min(a) FROM t", nullptr, SqlAuthor::kUser).value();
    EDGE_CHECK_OK(query->Step().status());
    return query->ColumnInteger(0);
  };
  const int64_t rowid = draw(1, 1);
  EXPECT_LT(rowid, INT64_MAX);
  EXPECT_EQ(draw(100, 17), rowid);
}

// The test runs with TZ=America/New_York.
TEST_F(ObjectImageTest, LocalTimeIsUtc) { EXPECT_EQ(Value("SELECT datetime(0, 'unixepoch', 'localtime')"), "1970-01-01 00:00:00"); }

TEST_F(ObjectImageTest, CountsRows) {
  Must("CREATE TABLE t(a PRIMARY KEY, b)");
  Must("INSERT INTO t VALUES(1, 10), (2, 20), (3, 30)");
  EXPECT_EQ(written_, 6u) << "rows and their index entries";
  Must("SELECT * FROM t");
  EXPECT_EQ(read_, 3u);
  Must("SELECT * FROM t WHERE b = 20");
  EXPECT_EQ(read_, 3u);
  Must("SELECT * FROM t WHERE a = 2");
  EXPECT_EQ(read_, 1u);
  Must("CREATE INDEX i ON t(b)");
  Must("INSERT INTO t VALUES(4, 40)");
  EXPECT_EQ(written_, 3u);
  Must("UPDATE t SET b = b + 1 WHERE a > 2");
  EXPECT_EQ(written_, 4u) << "rows, and their entries in the index that the column is in";
  Must("DELETE FROM t WHERE a = 1");
  EXPECT_EQ(written_, 1u);
}

// What workerd says of the same statements (its rowsRead, rowsWritten).
TEST_F(ObjectImageTest, CountsRowsAsThePlatformDoes) {
  Must("CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT, age INTEGER); CREATE INDEX p_age ON p (age)");
  Must("CREATE TABLE u (id INTEGER PRIMARY KEY, email TEXT UNIQUE, age INTEGER)");
  Must("CREATE TABLE w (k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID");
  const struct {
    const char* sql;
    uint64_t read, written;
  } kCases[] = {
      {"INSERT INTO p (name, age) VALUES ('ann', 1), ('bob', 2), ('cid', 3), ('dan', 3), ('eve', 5)", 0, 10},
      {"INSERT INTO u (email, age) VALUES ('a@x', 1), ('b@x', 2), ('c@x', 3)", 0, 6},
      {"INSERT INTO w VALUES ('a', 1), ('b', 2)", 0, 2},
      {"SELECT 1", 0, 0},
      {"SELECT * FROM p", 5, 0},
      {"SELECT * FROM p LIMIT 2", 2, 0},
      {"SELECT * FROM p WHERE id = 2", 1, 0},
      {"SELECT * FROM p WHERE name = 'bob'", 5, 0},
      {"SELECT * FROM p WHERE age = 3", 3, 0},
      {"SELECT * FROM p WHERE age = 77", 0, 0},
      {"SELECT MAX(age) FROM p", 1, 0},
      {"SELECT SUM(age) FROM p", 5, 0},
      {"SELECT * FROM p ORDER BY name", 10, 0},
      {"SELECT * FROM p ORDER BY age", 5, 0},
      {"SELECT * FROM p ORDER BY id DESC LIMIT 1", 1, 0},
      {"SELECT age, COUNT(*) FROM p GROUP BY age", 5, 0},
      {"SELECT * FROM u WHERE email = 'b@x'", 1, 0},
      {"SELECT * FROM p LIMIT 2 OFFSET 2", 4, 0},
      {"UPDATE p SET name = 'x' WHERE id = 1", 1, 1},
      {"UPDATE p SET age = age + 1", 5, 10},
      {"UPDATE p SET name = 'y'", 5, 5},
      {"UPDATE u SET age = 4 WHERE email = 'a@x'", 1, 1},
      {"UPDATE u SET email = 'q@x' WHERE id = 2", 1, 2},
      {"UPDATE w SET v = 9", 2, 2},
      {"INSERT INTO p (name, age) VALUES ('gus', 1) RETURNING id", 1, 2},
      {"DELETE FROM p WHERE id = 1", 1, 1},
      {"DELETE FROM w WHERE k = 'a'", 1, 1},
      {"DELETE FROM p", 0, 5},
  };
  for (const auto& [sql, read, written] : kCases) {
    Must(sql);
    EXPECT_EQ(read_, read) << sql;
    EXPECT_EQ(written_, written) << sql;
  }
}

// The last digit is musl's, on every machine; glibc's depends on the CPU's code path.
TEST_F(ObjectImageTest, MathematicsIsTheSameEverywhere) {
  EXPECT_EQ(Value("SELECT log10(1000), log(1000), log(2, 8), log2(8), ln(1), pow(2, '3'), power(2, 0.5), exp(0)"),
            "3.0|3.0|3.0|3.0|0.0|8.0|1.4142135623731|1.0");
  EXPECT_EQ(Value("SELECT ln(0), log(-1), log(1, 5), acos(2), sin('x'), exp(NULL), pow(-8, 0.5), log(0, 2)"),
            "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL");
  EXPECT_EQ(Value("SELECT printf('%.17g', sin(1)), printf('%.17g', tan(1e22)), printf('%.17g', exp(1)), printf('%.17g', atan2(1, 3))"),
            "0.8414709848078965|-1.628778225606899|2.718281828459045|0.3217505543966421");
}

TEST_F(ObjectImageTest, StatementsOfAScriptAreTakenOneByOne) {
  std::string_view sql = "SELECT 1; -- one\n SELECT 2;  /* end */ ";
  auto first = image_->Prepare(sql, &sql, SqlAuthor::kUser).value();
  ASSERT_NE(first, nullptr);
  auto second = image_->Prepare(sql, &sql, SqlAuthor::kUser).value();
  ASSERT_NE(second, nullptr);
  ASSERT_TRUE(second->Step().ok());
  EXPECT_EQ(second->ColumnInteger(0), 2);
  auto third = image_->Prepare(sql, &sql, SqlAuthor::kUser).value();
  EXPECT_EQ(third, nullptr);
  EXPECT_TRUE(sql.empty());
}

TEST_F(ObjectImageTest, ValuesKeepTheirTypes) {
  auto statement = image_->Prepare("SELECT ?, ?, ?, ?, ?, ?", nullptr, SqlAuthor::kUser).value();
  const std::vector<SqlValue> values = {nullptr, int64_t{-5}, 1.5, std::string("a\0b", 3), Blob{std::string("\xff\0", 2)}, Blob{}};
  for (size_t i = 0; i < values.size(); ++i) ASSERT_TRUE(statement->Bind(static_cast<int>(i) + 1, values[i]).ok());
  ASSERT_EQ(statement->Step().value(), Statement::Row::kRow);
  using Type = Statement::Type;
  std::vector<Type> types;
  for (int i = 0; i < 6; ++i) types.push_back(statement->ColumnType(i));
  EXPECT_THAT(types, ElementsAre(Type::kNull, Type::kInteger, Type::kReal, Type::kText, Type::kBlob, Type::kBlob));
  EXPECT_EQ(statement->ColumnBytes(3), std::string_view("a\0b", 3));
  EXPECT_EQ(statement->ColumnBytes(4), std::string_view("\xff\0", 2));
  EXPECT_TRUE(statement->busy());
  statement->Reset();
  EXPECT_FALSE(statement->busy());
  ASSERT_TRUE(statement->Step().ok());
  EXPECT_EQ(statement->ColumnType(1), Type::kNull) << "bindings are cleared";
}

}  // namespace
}  // namespace edge::storage
