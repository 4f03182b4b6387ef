// Images on fibers: reads that suspend, and the stack that SQLite needs.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/virtual_time.h"
#include "storage/image/image_testing.h"
#include "storage/image/object_image.h"

namespace edge::storage {
namespace {

std::string Query(ObjectImage& image, std::string_view sql) {
  absl::StatusOr<std::unique_ptr<Statement>> statement = image.Prepare(sql, nullptr, SqlAuthor::kUser);
  if (!statement.ok()) return std::string(statement.status().message());
  std::string text;
  while (true) {
    absl::StatusOr<Statement::Row> row = (*statement)->Step();
    if (!row.ok()) return std::string(row.status().message());
    if (*row == Statement::Row::kDone) return text;
    for (int i = 0; i < (*statement)->columns(); ++i) StrAppend(&text, (*statement)->ColumnBytes(i), "|");
  }
}

// The same work for the same number; a small cache makes it read all the time. Rows get drawn rowids, and random values.
std::string Work(TestObject& object, uint64_t number) {
  auto image = ObjectImage::Open(object, object, "image", TestServices()).value();
  EDGE_CHECK_OK(
      image->Execute("PRAGMA cache_size=10; CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES(9223372036854775807, 0)"));
  std::string log;
  for (uint64_t i = 0; i < 40; ++i) {
    EDGE_CHECK_OK(image->Begin());
    EXPECT_EQ(Query(*image, "INSERT INTO t(b) VALUES(hex(randomblob(700))), (hex(randomblob(700)))"), "");
    EXPECT_EQ(Query(*image, StrCat("UPDATE t SET b = b || 'x' WHERE a % 7 = ", (i + number) % 7)), "");
    if (i % 5 == 4) {
      image->Rollback();
    } else {
      EDGE_CHECK_OK(image->Commit(std::nullopt).status());
    }
    if (i % 10 == 9) EDGE_CHECK_OK(image->Execute("VACUUM"));
    for (const PageSet& set : object.log) EncodePageSet(TestObject::Key(), set, &log);
    object.Checkpoint();
  }
  EDGE_CHECK_OK(image->CheckIntegrity());
  return log;
}

TEST(ImageOnFibers, ManyImagesSuspendInReadsAndLogWhatTheyWouldHaveLoggedAlone) {
  constexpr uint64_t kImages = 16;
  std::vector<std::string> alone;
  for (uint64_t i = 0; i < kImages; ++i) {
    TestObject object;
    alone.push_back(Work(object, i));
  }

  VirtualWorld world;
  std::vector<std::string> together(kImages);
  uint64_t inside = 0, inside_max = 0, suspensions = 0;
  for (uint64_t i = 0; i < kImages; ++i) {
    EDGE_CHECK_OK(world.scheduler.Spawn("image", [&, i] {
      TestObject object;
      object.on_read = [&](uint32_t page) {
        // What is not in memory takes time; what a commit reads is.
        if (!object.NeedsWholePage(page)) return absl::OkStatus();
        inside_max = std::max(inside_max, ++inside);
        ++suspensions;
        absl::Status status = world.scheduler.Yield();
        --inside;
        return status;
      };
      together[i] = Work(object, i);
    }));
  }
  world.scheduler.Run();

  EXPECT_GT(suspensions, 1000u);
  EXPECT_GT(inside_max, kImages / 2);
  for (uint64_t i = 0; i < kImages; ++i) EXPECT_TRUE(together[i] == alone[i]) << i;
}

TEST(ImageOnFibers, TheDeepestStatementsFitAFibersStack) {
  std::string expression = "a";
  for (int i = 0; i < 90; ++i) expression = StrCat(i % 2 == 0 ? "abs(" : "(1+", expression, ")");
  std::string sum = "a";
  for (int i = 0; i < 98; ++i) sum += "+a";
  const std::string json = StrCat(std::string(1999, '['), std::string(1999, ']'));
  const auto nested = [](size_t depth) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += "{\"a\":";
    return text + "1" + std::string(depth, '}');
  };
  const std::string objects = nested(1999);
  const std::string shallower = nested(900);
  std::vector<std::string> statements = {
      "CREATE TABLE t(a INTEGER PRIMARY KEY, b)",
      "INSERT INTO t VALUES(1, 2)",
      StrCat("SELECT ", expression, " FROM t"),
      StrCat("SELECT ", sum, " FROM t WHERE ", sum, " > 0 GROUP BY ", sum, " ORDER BY ", sum),
      "SELECT a FROM t UNION SELECT b FROM t UNION SELECT 3 UNION SELECT 4 UNION SELECT 5",
      StrCat("SELECT json('", json, "')"),
      StrCat("SELECT json_extract('", objects, "', '$.a.a')"),
      StrCat("SELECT count(*) FROM json_tree('", json, "')"),
      StrCat("SELECT json_patch('", objects, "', '", objects, "')"),
      StrCat("SELECT json_patch('", shallower, "', '", shallower, "')"),
      StrCat("SELECT json_set('", objects, "', '$.a', json('", json, "'))"),
      "CREATE VIEW v0 AS SELECT a, b FROM t",
  };
  for (int i = 1; i < 40; ++i)
    statements.push_back(StrCat("CREATE VIEW v", i, " AS SELECT a + 1 AS a, b FROM v", i - 1, " WHERE a > 0 ORDER BY a LIMIT 5"));
  for (const char* sql :
       {"SELECT * FROM v39", "CREATE TRIGGER g AFTER INSERT ON t WHEN new.a < 100 BEGIN INSERT INTO t VALUES(new.a + 1, 1); END",
        "PRAGMA recursive_triggers=1", "INSERT INTO t VALUES(93, 1)",
        "SELECT (SELECT (SELECT (SELECT (SELECT (SELECT a FROM t LIMIT 1)))))", "CREATE VIRTUAL TABLE f USING fts5(x)",
        "INSERT INTO f VALUES('a b c')",
        "SELECT * FROM f WHERE f MATCH '((((((((((a OR b) AND c) OR a) AND b) OR c) OR a) OR b) OR c) OR a) OR b)'",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100) SELECT sum(x) OVER (ORDER BY x) FROM c",
        "ALTER TABLE t RENAME COLUMN b TO c", "ANALYZE", "PRAGMA quick_check"}) {
    statements.push_back(sql);
  }

  VirtualWorld world;
  size_t used_max = 0;
  EDGE_CHECK_OK(world.scheduler.Spawn("deep", [&] {
    const StackBounds stack = world.scheduler.CurrentStack();
    // Paints what is free, and looks afterwards how far down it was used.
    char* const free_end = static_cast<char*>(__builtin_frame_address(0)) - 4096;
    constexpr char kPaint = 0x5a;
    TestObject object;
    auto image = ObjectImage::Open(object, object, "image", TestServices()).value();
    for (const std::string& sql : statements) {
      for (volatile char* at = stack.low; at < free_end; ++at) *at = kPaint;
      (void)Query(*image, sql);
      const volatile char* lowest = stack.low;
      while (lowest < free_end && *lowest == kPaint) ++lowest;
      const auto used = static_cast<size_t>(stack.high - lowest);
      if (used > used_max) {
        used_max = used;
        RecordProperty("deepest", sql.substr(0, 60));
      }
    }
    image.reset();
  }));
  world.scheduler.Run();
  RecordProperty("stack_bytes", std::to_string(used_max));
  EXPECT_GT(used_max, 20'000u);
  EXPECT_LT(used_max, 140u << 10) << "what object_image.h promises to whoever calls it on a fiber";
}

}  // namespace
}  // namespace edge::storage
