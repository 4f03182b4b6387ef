#include "storage/store/catalog.h"

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::storage {
namespace {

constexpr std::string_view kColumns = "space, id, epoch, txid, pages, alarm, damage";

int64_t Signed(uint64_t value) { return static_cast<int64_t>(value); }

absl::Status BindKey(Statement& statement, const ObjectKey& key) {
  EDGE_RETURN_IF_ERROR(statement.Bind(1, key.space));
  return statement.Bind(2, key.id);
}

Catalog::Row RowOf(const Statement& at) {
  Catalog::Row row;
  row.first = {std::string(at.ColumnBytes(0)), std::string(at.ColumnBytes(1))};
  row.second.epoch = static_cast<uint64_t>(at.ColumnInteger(2));
  row.second.txid = static_cast<uint64_t>(at.ColumnInteger(3));
  row.second.pages = static_cast<uint32_t>(at.ColumnInteger(4));
  if (at.ColumnType(5) != Statement::Type::kNull) row.second.alarm = WallTime::FromUnixNanoseconds(at.ColumnInteger(5));
  row.second.damage = std::string(at.ColumnBytes(6));
  return row;
}

}  // namespace

absl::StatusOr<ObjectImage*> Catalog::Image() {
  EDGE_CHECK(mutex_.HeldByCurrent());
  if (object_ != nullptr && !object_->Access().ok()) Close();
  if (object_ == nullptr) object_ = activate_();
  // An image that could not be read once is lost; the database is not.
  if (image_ != nullptr && !image_->failure().ok()) {
    Close();
    object_ = activate_();
  }
  if (image_ != nullptr) return image_;
  EDGE_ASSIGN_OR_RETURN(ObjectImage * image, object_->Image());
  // The partial index makes a start with few alarms among many objects quick.
  EDGE_RETURN_IF_ERROR(image->Execute(
      "CREATE TABLE IF NOT EXISTS objects(space TEXT NOT NULL, id TEXT NOT NULL, epoch INTEGER NOT NULL, txid INTEGER NOT NULL, "
      "pages INTEGER NOT NULL, alarm INTEGER, damage TEXT, PRIMARY KEY(space, id)) WITHOUT ROWID"));
  EDGE_RETURN_IF_ERROR(image->Execute("CREATE INDEX IF NOT EXISTS alarms ON objects(alarm) WHERE alarm IS NOT NULL"));
  image_ = image;
  return image_;
}

void Catalog::Close() {
  find_.reset();
  image_ = nullptr;
  object_.reset();
}

absl::StatusOr<std::unique_ptr<Statement>> Catalog::Prepare(std::string_view sql) {
  EDGE_ASSIGN_OR_RETURN(ObjectImage * image, Image());
  std::string_view tail;
  return image->Prepare(sql, &tail, SqlAuthor::kPlatform);
}

absl::StatusOr<std::optional<ObjectRow>> Catalog::Find(const ObjectKey& key) {
  EDGE_RETURN_IF_ERROR(Image().status());
  if (find_ == nullptr) {
    EDGE_ASSIGN_OR_RETURN(find_, Prepare(StrCat("SELECT ", kColumns, " FROM objects WHERE space = ? AND id = ?")));
  }
  const auto look = [&]() -> absl::StatusOr<std::optional<ObjectRow>> {
    EDGE_RETURN_IF_ERROR(BindKey(*find_, key));
    EDGE_ASSIGN_OR_RETURN(const Statement::Row step, find_->Step());
    if (step == Statement::Row::kDone) return std::nullopt;
    return RowOf(*find_).second;
  };
  absl::StatusOr<std::optional<ObjectRow>> found = look();
  find_->Reset();
  return found;
}

absl::Status Catalog::ForEachAlarm(absl::FunctionRef<void(const ObjectKey& key, WallTime due)> visit) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement,
                        Prepare("SELECT space, id, alarm FROM objects WHERE alarm IS NOT NULL AND damage IS NULL"));
  for (;;) {
    EDGE_ASSIGN_OR_RETURN(const Statement::Row step, statement->Step());
    if (step == Statement::Row::kDone) return absl::OkStatus();
    visit({std::string(statement->ColumnBytes(0)), std::string(statement->ColumnBytes(1))},
          WallTime::FromUnixNanoseconds(statement->ColumnInteger(2)));
  }
}

absl::StatusOr<std::vector<Catalog::Row>> Catalog::List(std::string_view space, const std::optional<ObjectKey>& after, size_t count) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement,
                        Prepare(StrCat("SELECT ", kColumns, " FROM objects WHERE (space, id) > (?, ?)",
                                       space.empty() ? "" : " AND space = ?4", " ORDER BY space, id LIMIT ?3")));
  EDGE_RETURN_IF_ERROR(BindKey(*statement, after.value_or(ObjectKey{std::string(space), ""})));
  EDGE_RETURN_IF_ERROR(statement->Bind(3, Signed(count)));
  if (!space.empty()) EDGE_RETURN_IF_ERROR(statement->Bind(4, std::string(space)));
  std::vector<Row> rows;
  for (;;) {
    EDGE_ASSIGN_OR_RETURN(const Statement::Row step, statement->Step());
    if (step == Statement::Row::kDone) return rows;
    rows.push_back(RowOf(*statement));
  }
}

absl::StatusOr<Position> Catalog::Write(const std::vector<Row>& rows) {
  EDGE_ASSIGN_OR_RETURN(ObjectImage * image, Image());
  EDGE_RETURN_IF_ERROR(image->Begin());
  const auto write = [&]() -> absl::Status {
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Statement> replace,
                          Prepare(StrCat("INSERT OR REPLACE INTO objects(", kColumns, ") VALUES(?, ?, ?, ?, ?, ?, ?)")));
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Statement> remove, Prepare("DELETE FROM objects WHERE space = ? AND id = ?"));
    for (const auto& [key, row] : rows) {
      Statement& statement = row.exists() ? *replace : *remove;
      EDGE_RETURN_IF_ERROR(BindKey(statement, key));
      if (row.exists()) {
        EDGE_RETURN_IF_ERROR(statement.Bind(3, Signed(row.epoch)));
        EDGE_RETURN_IF_ERROR(statement.Bind(4, Signed(row.txid)));
        EDGE_RETURN_IF_ERROR(statement.Bind(5, Signed(row.pages)));
        EDGE_RETURN_IF_ERROR(statement.Bind(6, row.alarm.has_value() ? SqlValue(row.alarm->ToUnixNanoseconds()) : SqlValue(nullptr)));
        EDGE_RETURN_IF_ERROR(statement.Bind(7, row.damage.empty() ? SqlValue(nullptr) : SqlValue(row.damage)));
      }
      EDGE_RETURN_IF_ERROR(statement.Step().status());
      statement.Reset();
    }
    return absl::OkStatus();
  };
  if (absl::Status written = write(); !written.ok()) {
    image->Rollback();
    return written;
  }
  EDGE_RETURN_IF_ERROR(image->Commit(std::nullopt).status());
  return object_->committed();
}

absl::Status Catalog::WaitDurable(Position position) {
  if (object_ == nullptr) return absl::UnavailableError("the catalog's activation was lost");
  return object_->WaitDurable(position);
}

absl::Status Catalog::CheckIntegrity() {
  EDGE_ASSIGN_OR_RETURN(ObjectImage * image, Image());
  return image->CheckIntegrity();
}

}  // namespace edge::storage
