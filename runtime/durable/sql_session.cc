#include "runtime/durable/sql_session.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "runtime/base/status_macros.h"

namespace edge::durable {

namespace {

using storage::SqlAuthor;
using storage::SqlValue;
using storage::Statement;

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";

// As the platform does it: what follows the last statement may be white space, and nothing else.
std::string_view WithoutWhiteSpace(std::string_view sql) {
  const size_t begin = sql.find_first_not_of(kWhiteSpace);
  return begin == std::string_view::npos ? std::string_view() : sql.substr(begin);
}

size_t BytesOf(const SqlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->size() + sizeof value;
  if (const auto* blob = std::get_if<storage::Blob>(&value)) return blob->bytes.size() + sizeof value;
  return sizeof value;
}

SqlValue Copy(const Statement& statement, int column) {
  switch (statement.ColumnType(column)) {
    case Statement::Type::kNull:
      return nullptr;
    case Statement::Type::kInteger:
      return statement.ColumnInteger(column);
    case Statement::Type::kReal:
      return statement.ColumnReal(column);
    case Statement::Type::kText:
      return std::string(statement.ColumnBytes(column));
    case Statement::Type::kBlob:
      return storage::Blob{std::string(statement.ColumnBytes(column))};
  }
  return nullptr;
}

}  // namespace

// While it lives, long statements ask `keep_going`.
struct SqlSession::Running {
  Running(SqlSession& session, absl::AnyInvocable<bool()>& keep_going) : session(session), before(session.keep_going_) {
    session.keep_going_ = &keep_going;
  }
  ~Running() { session.keep_going_ = before; }
  SqlSession& session;
  absl::AnyInvocable<bool()>* before;
};

SqlCursor::~SqlCursor() {
  if (session_ != nullptr && statement_ != nullptr) session_->Finish(*this);
}

SqlCursor::Value SqlCursor::ValueOf(int column) const {
  Value value;
  if (statement_ != nullptr) {
    value.type = statement_->ColumnType(column);
    switch (value.type) {
      case Statement::Type::kNull:
        break;
      case Statement::Type::kInteger:
        value.integer = statement_->ColumnInteger(column);
        break;
      case Statement::Type::kReal:
        value.real = statement_->ColumnReal(column);
        break;
      case Statement::Type::kText:
      case Statement::Type::kBlob:
        value.bytes = statement_->ColumnBytes(column);
        break;
    }
    return value;
  }
  const SqlValue& kept = rows_.front()[static_cast<size_t>(column)];
  if (const auto* integer = std::get_if<int64_t>(&kept)) {
    value = {.type = Statement::Type::kInteger, .integer = *integer};
  } else if (const auto* real = std::get_if<double>(&kept)) {
    value = {.type = Statement::Type::kReal, .real = *real};
  } else if (const auto* text = std::get_if<std::string>(&kept)) {
    value = {.type = Statement::Type::kText, .bytes = *text};
  } else if (const auto* blob = std::get_if<storage::Blob>(&kept)) {
    value = {.type = Statement::Type::kBlob, .bytes = blob->bytes};
  }
  return value;
}

absl::Status SqlCursor::Advance(absl::AnyInvocable<bool()> keep_going) {
  if (!has_row_) return closed_;
  if (statement_ == nullptr) {
    rows_.pop_front();
    has_row_ = !rows_.empty();
    return absl::OkStatus();
  }
  SqlSession::Running running(*session_, keep_going);
  return session_->Step(*this);
}

uint64_t SqlCursor::rows_read() const { return statement_ != nullptr ? statement_->rows_read() : rows_read_; }
uint64_t SqlCursor::rows_written() const { return statement_ != nullptr ? statement_->rows_written() : rows_written_; }

absl::Status SqlSession::Step(SqlCursor& cursor) {
  const absl::StatusOr<Statement::Row> row = cursor.statement_->Step();
  cursor.has_row_ = row.ok() && *row == Statement::Row::kRow;
  if (cursor.has_row_) return absl::OkStatus();
  absl::Status status = row.status();
  if (!status.ok()) cursor.cache_key_.clear();
  Finish(cursor);
  if (!status.ok()) storage_.AfterSqlError();
  return status;
}

absl::Status SqlSession::RunToEnd(SqlCursor& cursor) {
  size_t bytes = 0;
  while (true) {
    absl::StatusOr<Statement::Row> row = cursor.statement_->Step();
    if (row.ok() && *row == Statement::Row::kRow) {
      std::vector<SqlValue>& kept = cursor.rows_.emplace_back();
      for (int i = 0; i < cursor.statement_->columns(); ++i) bytes += BytesOf(kept.emplace_back(Copy(*cursor.statement_, i)));
      if (bytes <= kReturnedBytesMax) continue;
      row = absl::ResourceExhaustedError("the rows that the statement returns are too big: SQLITE_TOOBIG");
    }
    if (!row.ok()) cursor.cache_key_.clear();
    Finish(cursor);
    if (!row.ok()) {
      cursor.rows_.clear();
      storage_.AfterSqlError();
      return row.status();
    }
    cursor.has_row_ = !cursor.rows_.empty();
    return absl::OkStatus();
  }
}

absl::Status SqlSession::Start(SqlCursor& cursor, std::span<const SqlValue> bindings) {
  Statement& statement = *cursor.statement_;
  open_.push_back(&cursor);
  absl::Status status;
  if (static_cast<size_t>(statement.parameters()) != bindings.size()) {
    status = absl::InvalidArgumentError("Wrong number of parameter bindings for SQL query.");
  }
  for (size_t i = 0; i < bindings.size() && status.ok(); ++i) status = statement.Bind(static_cast<int>(i) + 1, bindings[i]);
  const bool writes = !statement.read_only();
  if (status.ok() && writes) status = storage_.BeforeSqlWrite();
  if (!status.ok()) {
    Finish(cursor);
    return status;
  }
  status = writes ? RunToEnd(cursor) : Step(cursor);
  return status;
}

void SqlSession::Finish(SqlCursor& cursor) {
  std::erase(open_, &cursor);
  cursor.rows_read_ = cursor.statement_->rows_read();
  cursor.rows_written_ = cursor.statement_->rows_written();
  // After a step: a schema that has changed shows in the columns only then.
  if (cursor.columns_.empty()) {
    for (int i = 0; i < cursor.statement_->columns(); ++i) cursor.columns_.emplace_back(cursor.statement_->ColumnName(i));
  }
  cursor.statement_->Reset();
  std::unique_ptr<Statement> statement = std::move(cursor.statement_);
  if (cursor.cache_key_.empty()) return;
  if (cache_.size() >= kCachedMax) {
    cache_.erase(
        std::min_element(cache_.begin(), cache_.end(), [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  cache_.try_emplace(std::move(cursor.cache_key_), Cached{std::move(statement), ++uses_});
  cursor.cache_key_.clear();
}

absl::StatusOr<std::shared_ptr<SqlCursor>> SqlSession::Exec(std::string_view sql, std::span<const SqlValue> bindings,
                                                            absl::AnyInvocable<bool()> keep_going) {
  EDGE_ASSIGN_OR_RETURN(storage::ObjectImage * image, storage_.Image());
  if (watched_ != image) {
    watched_ = image;
    image->SetProgress(
        kProgressSteps,
        [](void* self) {
          auto& session = *static_cast<SqlSession*>(self);
          return session.keep_going_ == nullptr || (*session.keep_going_)();
        },
        this);
  }
  if (open_.size() >= kOpenMax)
    return absl::ResourceExhaustedError("Too many SQL cursors are open: read them to their end, or let go of them.");
  Running running(*this, keep_going);
  std::shared_ptr<SqlCursor> cursor(new SqlCursor(*this));
  if (auto cached = cache_.find(sql); cached != cache_.end()) {
    cursor->cache_key_ = cached->first;
    cursor->statement_ = std::move(cached->second.statement);
    cache_.erase(cached);
    EDGE_RETURN_IF_ERROR(Start(*cursor, bindings));
  } else {
    const bool whole = sql.size() <= kCachedTextMax;
    for (std::string_view rest = sql;;) {
      std::string_view tail;
      EDGE_ASSIGN_OR_RETURN(cursor->statement_, image->Prepare(rest, &tail, SqlAuthor::kUser));
      if (cursor->statement_ == nullptr) return absl::InvalidArgumentError("SQL code did not contain a statement.");
      tail = WithoutWhiteSpace(tail);
      if (tail.empty()) {
        if (whole && rest.data() == sql.data()) cursor->cache_key_ = std::string(sql);
        EDGE_RETURN_IF_ERROR(Start(*cursor, bindings));
        break;
      }
      if (cursor->statement_->parameters() > 0) {
        cursor->statement_.reset();
        return absl::InvalidArgumentError(
            "When executing multiple SQL statements in a single call, only the last statement can have parameters.");
      }
      EDGE_RETURN_IF_ERROR(Start(*cursor, {}));
      // The rows of this one nobody wants, but what they do has to happen.
      while (cursor->statement_ != nullptr) EDGE_RETURN_IF_ERROR(Step(*cursor));
      cursor = std::shared_ptr<SqlCursor>(new SqlCursor(*this));
      rest = tail;
    }
  }
  if (cursor->columns_.empty() && cursor->statement_ != nullptr) {
    for (int i = 0; i < cursor->statement_->columns(); ++i) cursor->columns_.emplace_back(cursor->statement_->ColumnName(i));
  }
  return cursor;
}

void SqlSession::CloseCursors(const absl::Status& why) {
  while (!open_.empty()) {
    SqlCursor& cursor = *open_.back();
    cursor.has_row_ = false;
    cursor.closed_ = why;
    Finish(cursor);
  }
}

void SqlSession::Close() {
  CloseCursors(absl::CancelledError("The storage of this Durable Object instance has been closed."));
  cache_.clear();
  watched_ = nullptr;
}

}  // namespace edge::durable
