#include "storage/image/image_differential.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sqlite3.h"
#include "storage/image/image_testing.h"
#include "storage/image/object_image.h"

namespace edge::storage {

namespace {

// The same choices for the same seed on every machine.
class Choices {
 public:
  explicit Choices(uint64_t seed) : state_(MixHash(seed)) {}
  uint64_t Below(uint64_t bound) { return (state_ = MixHash(state_)) % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename T, size_t n>
  const T& Of(const T (&all)[n]) {
    return all[Below(n)];
  }

 private:
  uint64_t state_;
};

// What one statement said: rows, or an error's text.
struct Answer {
  bool ok = true;
  std::string text;
  bool operator==(const Answer&) const = default;
};

// Plain SQLite, in memory.
class Plain {
 public:
  Plain() {
    EDGE_CHECK(sqlite3_open(":memory:", &db_) == SQLITE_OK);
    EDGE_CHECK(sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr) == SQLITE_OK);
    EDGE_CHECK(sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr) == SQLITE_OK);
    sqlite3_limit(db_, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50);
    sqlite3_limit(db_, SQLITE_LIMIT_COLUMN, 100);
    sqlite3_limit(db_, SQLITE_LIMIT_TRIGGER_DEPTH, 10);
    int reserved = kPageReservedBytes;
    EDGE_CHECK(sqlite3_file_control(db_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved) == SQLITE_OK);
    Run("PRAGMA secure_delete=OFF");
  }
  ~Plain() { sqlite3_close(db_); }

  Answer Run(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    Answer answer;
    if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK)
      return {false, sqlite3_errmsg(db_)};
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        const auto* text = static_cast<const char*>(sqlite3_column_blob(statement, column));
        StrAppend(&answer.text, sqlite3_column_type(statement, column), ":",
                  std::string_view(text == nullptr ? "" : text, static_cast<size_t>(sqlite3_column_bytes(statement, column))), "|");
      }
      answer.text += "\n";
    }
    if (code != SQLITE_DONE) answer = {false, sqlite3_errmsg(db_)};
    sqlite3_finalize(statement);
    return answer;
  }
  bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

 private:
  sqlite3* db_ = nullptr;
};

class Differential {
 public:
  explicit Differential(const DifferentialOptions& options) : options_(options), choices_(options.seed) {
    object_.nothing_is_whole = options.mutation == Mutation::kNothingIsWhole;
  }

  DifferentialResult Run() {
    Open();  // before plain SQLite: it configures the library
    plain_ = std::make_unique<Plain>();
    MakeSchema();
    for (uint64_t i = 0; i < options_.transactions && !Failed(); ++i) {
      ++result_.counts.transactions;
      Transaction();
      if (!Failed()) Between();
    }
    if (!Failed()) {
      Crash();
      Compare();
      CheckIntegrity();
    }
    image_.reset();
    result_.counts.page_sets = object_.page_sets;
    result_.counts.log_bytes = object_.log_bytes;
    return std::move(result_);
  }

 private:
  bool Failed() const { return !result_.mismatch.empty(); }
  void Mismatch(std::string_view what) {
    if (!Failed()) result_.mismatch = StrCat("seed ", options_.seed, ", transaction ", result_.counts.transactions, ": ", what);
  }

  void Open() {
    image_.reset();
    ImageLimits limits;
    absl::StatusOr<std::unique_ptr<ObjectImage>> image = ObjectImage::Open(object_, object_, "image", TestServices(), limits);
    if (!image.ok()) return Mismatch(StrCat("open: ", image.status().ToString()));
    image_ = std::move(*image);
    // A small cache writes pages before the commit, and reads them again.
    if (choices_.OneIn(2)) EDGE_CHECK_OK(image_->Execute("PRAGMA cache_size=10"));
  }

  Answer RunOnImage(std::string_view sql) {
    absl::StatusOr<std::unique_ptr<Statement>> statement = image_->Prepare(sql, nullptr, SqlAuthor::kUser);
    if (!statement.ok()) return {false, std::string(statement.status().message())};
    Answer answer;
    while (true) {
      absl::StatusOr<Statement::Row> row = (*statement)->Step();
      if (!row.ok()) return {false, std::string(row.status().message())};
      if (*row == Statement::Row::kDone) return answer;
      for (int column = 0; column < (*statement)->columns(); ++column) {
        constexpr int kTypes[] = {SQLITE_NULL, SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB};
        StrAppend(&answer.text, kTypes[static_cast<size_t>((*statement)->ColumnType(column))], ":", (*statement)->ColumnBytes(column), "|");
      }
      answer.text += "\n";
    }
  }

  // Runs `sql` on both. False: the transaction cannot go on.
  bool Both(std::string_view sql) {
    ++result_.counts.statements;
    const bool faulty = choices_.OneIn(300);
    if (faulty) {
      uint64_t after = choices_.Below(4);
      object_.on_read = [after](uint32_t) mutable { return after-- == 0 ? CrashedStatus() : absl::OkStatus(); };
    }
    const Answer image = RunOnImage(sql);
    object_.on_read = nullptr;
    if (faulty && !image.ok && image.text == CrashedStatus().message()) {
      ++result_.counts.failed_reads;
      AbandonTransaction();
      Open();
      return false;
    }
    const Answer plain = plain_->Run(sql);
    if (!image.ok) ++result_.counts.failed_statements;
    // The image's text goes on with where and what.
    const bool same = image.ok == plain.ok && (image.ok ? image.text == plain.text : image.text.starts_with(plain.text));
    if (!same) Mismatch(StrCat(sql.substr(0, 300), "\n  image: ", image.text.substr(0, 300), "\n  plain: ", plain.text.substr(0, 300)));
    if (image_->in_transaction() != plain_->in_transaction()) Mismatch(StrCat("only one is in a transaction after ", sql.substr(0, 300)));
    return !Failed() && image_->in_transaction();
  }

  void AbandonTransaction() {
    image_->Rollback();
    if (plain_->in_transaction()) plain_->Run("ROLLBACK");
    ++result_.counts.rollbacks;
  }

  void MakeSchema() {
    for (const char* sql :
         {"CREATE TABLE t0(id INTEGER PRIMARY KEY, k INT UNIQUE, v TEXT NOT NULL, b BLOB)", "CREATE INDEX t0_v ON t0(v, k)",
          "CREATE TABLE t1(k TEXT PRIMARY KEY, n INT CHECK(n < 900), v BLOB) WITHOUT ROWID",
          "CREATE TABLE parent(id INTEGER PRIMARY KEY, x)",
          "CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, y)",
          "CREATE TABLE note(n INTEGER PRIMARY KEY, what)",
          "CREATE TRIGGER t0_insert AFTER INSERT ON t0 BEGIN INSERT INTO note(what) VALUES('in ' || new.k); END",
          "CREATE TRIGGER t0_delete AFTER DELETE ON t0 BEGIN INSERT INTO note(what) VALUES('out ' || old.k); DELETE FROM note WHERE n < "
          "(SELECT max(n) FROM note) - 40; END",
          "CREATE TRIGGER t0_raise BEFORE UPDATE ON t0 WHEN new.k = 77 BEGIN SELECT RAISE(ROLLBACK, 'seventy-seven'); END",
          "CREATE VIRTUAL TABLE f USING fts5(body)"}) {
      Both(sql);
    }
  }

  std::string Text() {
    const uint64_t length = choices_.OneIn(12) ? choices_.Below(20'000) : choices_.OneIn(3) ? choices_.Below(1500) : choices_.Below(40);
    std::string text;
    while (text.size() < length) {
      text += static_cast<char>('a' + choices_.Below(26));
      if (choices_.OneIn(8)) text += " ";
      // Long texts repeat themselves: it is pages that matter.
      if (text.size() > 60) text += text.substr(0, std::min<size_t>(text.size(), length - std::min<size_t>(length, text.size())));
    }
    return text;
  }

  std::string RandomStatement() {
    static constexpr const char* kConflicts[] = {"", "", "OR ABORT ", "OR FAIL ", "OR ROLLBACK ", "OR REPLACE ", "OR IGNORE "};
    const auto n = [this](uint64_t bound) { return choices_.Below(bound); };
    switch (n(26)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        std::string sql = StrCat("INSERT ", choices_.Of(kConflicts), "INTO t0(k, v, b) VALUES");
        for (uint64_t row = 0, rows = 1 + n(4); row < rows; ++row) {
          StrAppend(&sql, row > 0 ? ", " : "", "(", n(120), ", ", choices_.OneIn(30) ? "NULL" : StrCat("'", Text(), "'"), ", zeroblob(",
                    n(3000), "))");
        }
        return sql + (choices_.OneIn(4) ? " RETURNING id, k" : "");
      }
      case 4:
      case 5:
        return StrCat("UPDATE ", choices_.Of(kConflicts), "t0 SET k = k + ", n(3), ", v = v || '", n(10), "' WHERE id % 7 = ", n(7));
      case 6:
        return StrCat("UPDATE t0 SET v = '", Text(), "' WHERE k = ", n(120), " RETURNING *");
      case 7:
      case 8:
        return StrCat("DELETE FROM t0 WHERE id % ", 3 + n(9), " = ", n(3));
      case 9:
        return StrCat("DELETE FROM t0 WHERE k < ", n(100));
      case 10:
      case 11:
      case 12:
        return StrCat("INSERT ", choices_.Of(kConflicts), "INTO t1 VALUES('", n(150), "', ", n(1000), ", '", Text(), "'), ('", n(150),
                      "', ", n(950), ", x'00ff')");
      case 13:
        return StrCat("INSERT INTO t1 VALUES('", n(150), "', 1, NULL) ON CONFLICT(k) DO UPDATE SET n = n + 100, v = coalesce(v, '') || '",
                      n(10), "'");
      case 14:
        return StrCat("DELETE FROM t1 WHERE n % 5 = ", n(5));
      case 15:
        return StrCat("INSERT OR IGNORE INTO parent VALUES(", n(30), ", '", Text(), "')");
      case 16:
        return StrCat("INSERT INTO child(p, y) VALUES(", n(33), ", ", n(100), "), (NULL, 1)");
      case 17:
        return StrCat("DELETE FROM parent WHERE id = ", n(30));
      case 18:
        return StrCat("DELETE FROM child WHERE id % 4 = ", n(4));
      case 19:
        return StrCat("INSERT INTO f(body) VALUES('", Text(), " common')");
      case 20:
        return StrCat("DELETE FROM f WHERE rowid % 5 = ", n(5));
      case 21:
        return StrCat("SELECT rowid FROM f WHERE f MATCH 'common' ORDER BY rowid LIMIT ", n(5));
      case 22:
      case 23:
        return SchemaChange();
      case 24:
        return StrCat("SELECT count(*), sum(length(v)), max(k) FROM t0 WHERE k > ", n(100));
      default:
        return StrCat("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ", 1 + n(60),
                      ") INSERT INTO note(what) SELECT 'c' || x FROM c");
    }
  }

  std::string SchemaChange() {
    const uint64_t table = choices_.Below(4);
    switch (choices_.Below(9)) {
      case 0:
      case 1:
        return StrCat("CREATE TABLE IF NOT EXISTS x", table, "(a, b UNIQUE)");
      case 2:
        return StrCat("DROP TABLE x", table);
      case 3:
        return StrCat("ALTER TABLE x", table, " ADD COLUMN c", choices_.Below(3), " DEFAULT 5");
      case 4:
        return StrCat("ALTER TABLE x", table, " DROP COLUMN c", choices_.Below(3));
      case 5:
        return StrCat("ALTER TABLE x", table, " RENAME TO x", choices_.Below(4));
      case 6:
        return StrCat("CREATE INDEX x_i", choices_.Below(3), " ON x", table, "(a, b)");
      case 7:
        return StrCat("DROP INDEX x_i", choices_.Below(3));
      default:
        return StrCat("INSERT INTO x", table, "(a, b) SELECT v, id FROM t0 LIMIT 30");
    }
  }

  void Savepoints() {
    ++result_.counts.savepoints;
    absl::Status status;
    const auto both = [&](absl::Status image, std::string_view sql) {
      if (image.ok() != plain_->Run(sql).ok) Mismatch(StrCat(sql, ": ", image.ToString()));
    };
    if (depth_ == 0 || choices_.OneIn(2)) {
      both(image_->Savepoint(depth_), StrCat("SAVEPOINT _cf_", depth_));
      ++depth_;
    } else if (choices_.OneIn(2)) {
      --depth_;
      both(image_->ReleaseSavepoint(depth_), StrCat("RELEASE _cf_", depth_));
    } else {
      depth_ -= static_cast<int>(choices_.Below(static_cast<uint64_t>(depth_)));
      both(image_->RollbackToSavepoint(depth_ - 1), StrCat("ROLLBACK TO _cf_", depth_ - 1));
    }
  }

  void Transaction() {
    depth_ = 0;
    if (absl::Status status = image_->Begin(); !status.ok()) return Mismatch(StrCat("begin: ", status.ToString()));
    plain_->Run("BEGIN");
    for (uint64_t left = 1 + choices_.Below(8); left > 0; --left) {
      if (choices_.OneIn(4)) Savepoints();
      if (Failed() || !Both(RandomStatement())) return;
    }
    const uint64_t end = choices_.Below(20);
    if (end < 3) return AbandonTransaction();
    if (end == 3) {  // the process dies; the object comes back without the transaction
      plain_->Run("ROLLBACK");
      return Crash();
    }
    const bool refuse = choices_.OneIn(25);
    if (refuse) object_.on_commit = [](const PageSet&) { return absl::UnavailableError("refused"); };
    absl::Status committed = image_->Commit(std::nullopt).status();
    object_.on_commit = nullptr;
    if (refuse && absl::IsUnavailable(committed)) {
      ++result_.counts.refused_commits;
      plain_->Run("ROLLBACK");
    } else {
      const Answer plain = plain_->Run("COMMIT");
      if (plain.ok != committed.ok()) Mismatch(StrCat("commit: image ", committed.ToString(), ", plain ", plain.text));
      if (!plain.ok) plain_->Run("ROLLBACK");
      ++(plain.ok ? result_.counts.commits : result_.counts.rollbacks);
    }
    if (image_->in_transaction()) Mismatch("still in a transaction after commit");
  }

  // What happens to an object between transactions.
  void Between() {
    result_.counts.pages_max = std::max<uint64_t>(result_.counts.pages_max, object_.pages());
    switch (choices_.Below(60)) {
      case 0:
      case 1: {
        const absl::Status image = image_->Execute("VACUUM");
        const Answer plain = plain_->Run("VACUUM");
        if (image.ok() != plain.ok) Mismatch(StrCat("vacuum: ", image.ToString(), " ", plain.text));
        ++result_.counts.vacuums;
        break;
      }
      case 2:
      case 3:
        Open();
        break;
      case 4:
      case 5:
      case 6:
        Crash();
        break;
      case 7:
      case 8:
        if (!object_.overlay().frozen()) object_.BeginCheckpoint();
        break;
      case 9:
      case 10:
        if (object_.overlay().frozen()) TearPages();
        break;
      case 11:
      case 12:
        if (object_.overlay().frozen()) {
          object_.FinishCheckpoint();
          ++result_.counts.checkpoints;
        }
        break;
      case 13:
        if (object_.overlay().frozen()) {
          object_.overlay().Unfreeze();
          ++result_.counts.failed_checkpoints;
        }
        break;
      case 14:
        if (!object_.overlay().frozen()) {
          object_.Checkpoint();
          ++result_.counts.checkpoints;
        }
        break;
      case 15:
      case 16:
      case 17:
        Compare();
        break;
      case 18:
        CheckIntegrity();
        break;
      case 19:
        image_->ReleaseMemory();
        break;
      default:
        break;
    }
  }

  // A checkpoint writes some of its pages, others in part; it is cut off by a crash, fails, or ends later.
  void TearPages() {
    for (uint32_t page : object_.overlay().FrozenPageNumbers()) {
      if (choices_.OneIn(2)) continue;
      object_.WritePage(page);
      if (choices_.OneIn(2)) continue;
      ++result_.counts.torn_pages;
      const auto from = object_.base[page - 1].begin() + static_cast<ptrdiff_t>(choices_.Below(8) * 512);
      std::fill(from, from + 512, 'T');
    }
  }

  // The memory is gone; base and log are left.
  void Crash() {
    ++result_.counts.crashes;
    image_.reset();
    object_.RecoverMutated(options_.mutation);
    if (!object_.damage.empty()) return Mismatch(object_.damage);
    Open();
    if (!Failed() && !choices_.OneIn(3)) Compare();
  }

  std::vector<std::string> DumpStatements() {
    std::vector<std::string> statements = {"SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"};
    const Answer tables = plain_->Run("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    std::string_view left = tables.text;
    while (!left.empty()) {
      const size_t end = left.find('|');
      statements.push_back(StrCat("SELECT * FROM \"", left.substr(2, end - 2), "\" ORDER BY 1, 2"));
      left = left.substr(end + 2);
    }
    return statements;
  }

  void Compare() {
    ++result_.counts.dumps;
    for (const std::string& sql : DumpStatements()) {
      const Answer image = RunOnImage(sql);
      const Answer plain = plain_->Run(sql);
      // A table with one column has no second to order by.
      if (!plain.ok && plain.text.find("ORDER BY") != std::string::npos && !image.ok) continue;
      if (!(image == plain)) {
        const auto differ = std::mismatch(image.text.begin(), image.text.end(), plain.text.begin(), plain.text.end());
        const auto at = static_cast<size_t>(differ.first - image.text.begin());
        const size_t from = at < 40 ? 0 : at - 40;
        Mismatch(StrCat("content differs: ", sql, ", from byte ", at, "\n  image: ", image.text.substr(from, 300),
                        "\n  plain: ", plain.text.substr(from, 300)));
      }
    }
  }

  void CheckIntegrity() {
    ++result_.counts.integrity_checks;
    const Answer index = RunOnImage("INSERT INTO f(f) VALUES('integrity-check')");
    if (!index.ok) Mismatch(StrCat("full-text index: ", index.text));
    if (absl::Status status = image_->CheckIntegrity(); !status.ok()) Mismatch(status.ToString());
  }

  // An object whose recovery can be made to err.
  class MutableObject : public TestObject {
   public:
    bool NeedsWholePage(uint32_t page) const override { return !nothing_is_whole && TestObject::NeedsWholePage(page); }
    absl::Status Commit(PageSet set) override {
      ++page_sets;
      if (nothing_is_whole) return CommitUnchecked(std::move(set));
      return TestObject::Commit(std::move(set));
    }
    // The overlay insists on whole pages, so the mistake is made good in memory, where the old page is known, and bites at recovery.
    absl::Status CommitUnchecked(PageSet set) {
      EDGE_CHECK_OK(overlay().Apply(Completed(set)));
      log.push_back(std::move(set));
      return absl::OkStatus();
    }
    PageSet Completed(const PageSet& set) {
      PageSet whole;
      whole.pages = set.pages;
      const char* from = set.bytes.data();
      for (const PageRange& range : set.ranges) {
        if (whole.ranges.empty() || whole.ranges.back().page != range.page) {
          std::array<char, kPageBytes> page{};
          const bool known = range.page <= overlay().pages();
          if (known && !overlay().Read(range.page, *this, page).ok()) page.fill('?');
          whole.ranges.push_back({range.page, 0, kPageBytes});
          whole.bytes.append(page.data(), page.size());
        }
        std::memcpy(whole.bytes.data() + whole.bytes.size() - kPageBytes + range.offset, from, range.length);
        from += range.length;
      }
      return whole;
    }
    // Torn pages are not seen by their checksums here: what a crash leaves is found by no checksum if the page is not read before.
    absl::Status ReadBasePage(uint32_t page, std::span<char, kPageBytes> out) override {
      if (!nothing_is_whole) return TestObject::ReadBasePage(page, out);
      if (page > base.size()) return absl::DataLossError("not in the base");
      std::memcpy(out.data(), base[page - 1].data(), kPageBytes);
      return absl::OkStatus();
    }

    void RecoverMutated(Mutation mutation) {
      if (mutation == Mutation::kNone) return Recover();
      overlay() = PageOverlay(base_pages);
      for (const PageSet& original : log) {
        PageSet set = original;
        if (mutation == Mutation::kNothingIsWhole) set = Completed(original);
        if (mutation == Mutation::kReplayIgnoresShrink) set.pages = std::max(set.pages, overlay().pages());
        if (mutation == Mutation::kReplayXors) Xor(&set);
        if (absl::Status status = overlay().Apply(set); !status.ok()) {
          damage = StrCat("recovery: ", status.ToString());
          return;
        }
      }
    }
    void Xor(PageSet* set) {
      char* to = set->bytes.data();
      for (const PageRange& range : set->ranges) {
        std::array<char, kPageBytes> page{};
        const bool known = range.page <= overlay().pages() && !overlay().NeedsWholePage(range.page);
        if (known && overlay().Read(range.page, *this, page).ok()) {
          for (uint16_t i = 0; i < range.length; ++i) to[i] ^= page[range.offset + i];
        }
        to += range.length;
      }
    }

    bool nothing_is_whole = false;
    uint64_t page_sets = 0;
    std::string damage;
  };

  const DifferentialOptions options_;
  Choices choices_;
  DifferentialResult result_;
  MutableObject object_;
  std::unique_ptr<ObjectImage> image_;
  std::unique_ptr<Plain> plain_;
  int depth_ = 0;  // of savepoints
};

constexpr std::pair<const char*, uint64_t DifferentialCounts::*> kCounts[] = {
    {"transactions", &DifferentialCounts::transactions},
    {"statements", &DifferentialCounts::statements},
    {"failed statements", &DifferentialCounts::failed_statements},
    {"commits", &DifferentialCounts::commits},
    {"page sets", &DifferentialCounts::page_sets},
    {"rollbacks", &DifferentialCounts::rollbacks},
    {"savepoint operations", &DifferentialCounts::savepoints},
    {"crashes with recovery", &DifferentialCounts::crashes},
    {"checkpoints", &DifferentialCounts::checkpoints},
    {"failed checkpoints", &DifferentialCounts::failed_checkpoints},
    {"torn base pages", &DifferentialCounts::torn_pages},
    {"VACUUMs", &DifferentialCounts::vacuums},
    {"refused commits", &DifferentialCounts::refused_commits},
    {"failed reads", &DifferentialCounts::failed_reads},
    {"dumps compared", &DifferentialCounts::dumps},
    {"integrity checks", &DifferentialCounts::integrity_checks},
    {"bytes of log", &DifferentialCounts::log_bytes},
};

}  // namespace

DifferentialCounts& DifferentialCounts::operator+=(const DifferentialCounts& other) {
  for (const auto& [name, count] : kCounts) this->*count += other.*count;
  pages_max = std::max(pages_max, other.pages_max);
  return *this;
}

std::string Describe(const DifferentialCounts& counts) {
  std::string text;
  for (const auto& [name, count] : kCounts) StrAppend(&text, counts.*count, " ", name, "\n");
  StrAppend(&text, counts.pages_max, " pages in the largest database\n");
  return text;
}

DifferentialResult RunDifferential(const DifferentialOptions& options) { return Differential(options).Run(); }

}  // namespace edge::storage
