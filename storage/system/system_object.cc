#include "storage/system/system_object.h"

#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/store/mutex_guard.h"

namespace edge::storage {

struct SystemObject::Activation {
  std::unique_ptr<OwnedObject> object;
  ObjectImage* image = nullptr;  // null: closed
  std::map<std::string, std::unique_ptr<Statement>, std::less<>> statements;
  bool tables_in_order = false;

  void CloseImage() {
    statements.clear();
    image = nullptr;
    object->CloseImage();
  }
};

// --- SystemSession ---

absl::Status SystemSession::Rows(std::string_view sql, std::initializer_list<SqlValue> parameters,
                                 absl::FunctionRef<absl::Status(const Statement& row)> row) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::string_view tail;
    EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Statement> prepared, image_.Prepare(sql, &tail, SqlAuthor::kPlatform));
    EDGE_CHECK(prepared != nullptr && tail.empty()) << "not one statement: " << sql;
    found = statements_.emplace(std::string(sql), std::move(prepared)).first;
  }
  Statement& statement = *found->second;
  EDGE_CHECK(!statement.busy()) << "a statement is run from a row of itself: " << sql;
  const auto run = [&]() -> absl::Status {
    int index = 0;
    for (const SqlValue& value : parameters) EDGE_RETURN_IF_ERROR(statement.Bind(++index, value));
    for (;;) {
      EDGE_ASSIGN_OR_RETURN(const Statement::Row step, statement.Step());
      if (step == Statement::Row::kDone) return absl::OkStatus();
      EDGE_RETURN_IF_ERROR(row(statement));
    }
  };
  absl::Status status = run();
  statement.Reset();
  return status;
}

absl::Status SystemSession::Run(std::string_view sql, std::initializer_list<SqlValue> parameters) {
  return Rows(sql, parameters, [](const Statement&) { return absl::OkStatus(); });
}

absl::StatusOr<int64_t> SystemSession::Number(std::string_view sql, std::initializer_list<SqlValue> parameters, int64_t otherwise) {
  int64_t number = otherwise;
  bool first = true;
  EDGE_RETURN_IF_ERROR(Rows(sql, parameters, [&](const Statement& row) {
    if (std::exchange(first, false) && row.ColumnType(0) != Statement::Type::kNull) number = row.ColumnInteger(0);
    return absl::OkStatus();
  }));
  return number;
}

// --- SystemObject ---

SystemObject::SystemObject(Scheduler& scheduler, ObjectStore& store, ObjectKey key, std::span<const std::string_view> schema)
    : scheduler_(scheduler), store_(store), key_(std::move(key)), schema_(schema), mutex_(scheduler) {}

SystemObject::~SystemObject() {
  EDGE_CHECK(!mutex_.held()) << "destroyed while somebody is in it";
  if (activation_ != nullptr) activation_->CloseImage();
}

absl::StatusOr<std::shared_ptr<SystemObject::Activation>> SystemObject::Enter() {
  if (activation_ != nullptr && !activation_->object->Access().ok()) {
    // Lost: whoever still waits for a commit of it keeps it alive.
    activation_->CloseImage();
    activation_ = nullptr;
  }
  if (activation_ == nullptr) {
    auto activation = std::make_shared<Activation>();
    EDGE_ASSIGN_OR_RETURN(activation->object, store_.Activate(key_));
    activation_ = std::move(activation);
  }
  Activation& held = *activation_;
  if (held.image != nullptr && !held.image->failure().ok()) held.CloseImage();
  if (held.image == nullptr) {
    EDGE_ASSIGN_OR_RETURN(held.image, held.object->Image());
  }
  if (!held.tables_in_order) {
    EDGE_RETURN_IF_ERROR(Upgrade(*held.image));
    held.tables_in_order = true;
  }
  return activation_;
}

absl::Status SystemObject::Upgrade(ObjectImage& image) {
  std::map<std::string, std::unique_ptr<Statement>, std::less<>> statements;
  SystemSession db(image, statements);
  EDGE_RETURN_IF_ERROR(image.Begin());
  const auto upgrade = [&]() -> absl::Status {
    EDGE_RETURN_IF_ERROR(db.Run("CREATE TABLE IF NOT EXISTS _cf_system(version INTEGER NOT NULL)"));
    EDGE_ASSIGN_OR_RETURN(const int64_t version, db.Number("SELECT version FROM _cf_system", {}));
    const auto newest = static_cast<int64_t>(schema_.size());
    if (version > newest) {
      return absl::FailedPreconditionError(StrCat(key_.ToString(), ": its tables are of version ", version, ", this edge knows ", newest,
                                                  ": use the edge that wrote them, or a newer one"));
    }
    for (int64_t i = version; i < newest; ++i) EDGE_RETURN_IF_ERROR(image.Execute(schema_[static_cast<size_t>(i)]));
    if (version == newest) return absl::OkStatus();
    EDGE_RETURN_IF_ERROR(db.Run("DELETE FROM _cf_system"));
    return db.Run("INSERT INTO _cf_system VALUES(?)", {newest});
  };
  const absl::Status upgraded = upgrade();
  statements.clear();
  if (!upgraded.ok()) {
    image.Rollback();
    return upgraded;
  }
  return image.Commit(std::nullopt).status();
}

absl::StatusOr<SystemObject::Commit> SystemObject::Write(absl::FunctionRef<absl::Status(SystemSession& db)> body) {
  EDGE_RETURN_IF_ERROR(store_.WaitForRoom());
  MutexGuard guard(mutex_);
  EDGE_RETURN_IF_ERROR(guard.status());
  EDGE_ASSIGN_OR_RETURN(const std::shared_ptr<Activation> held, Enter());
  EDGE_RETURN_IF_ERROR(held->image->Begin());
  SystemSession db(*held->image, held->statements);
  if (absl::Status written = body(db); !written.ok()) {
    held->image->Rollback();
    return written;
  }
  EDGE_RETURN_IF_ERROR(held->image->Commit(std::nullopt).status());
  return Commit{held->object->epoch(), held->object->committed()};
}

absl::Status SystemObject::Read(absl::FunctionRef<absl::Status(SystemSession& db)> body) {
  MutexGuard guard(mutex_);
  EDGE_RETURN_IF_ERROR(guard.status());
  EDGE_ASSIGN_OR_RETURN(const std::shared_ptr<Activation> held, Enter());
  SystemSession db(*held->image, held->statements);
  return body(db);
}

absl::Status SystemObject::WaitDurable(const Commit& commit, Instant deadline) {
  const std::shared_ptr<Activation> held = activation_;
  if (held == nullptr || held->object->epoch() != commit.epoch) {
    return absl::UnavailableError(StrCat(key_.ToString(), ": whether it was stored is not known: its storage was reset"));
  }
  return held->object->WaitDurable(commit.position, deadline);
}

bool SystemObject::IsDurable(const Commit& commit) const {
  return activation_ != nullptr && activation_->object->epoch() == commit.epoch && activation_->object->IsDurable(commit.position);
}

SystemObject::Commit SystemObject::last_commit() const {
  if (activation_ == nullptr) return {};
  return {activation_->object->epoch(), activation_->object->committed()};
}

uint64_t SystemObject::epoch() const {
  return activation_ != nullptr && activation_->object->Access().ok() ? activation_->object->epoch() : 0;
}

void SystemObject::CloseIdle() {
  if (activation_ != nullptr && !mutex_.held()) activation_->CloseImage();
}

ObjectKey OnlyObjectOf(std::string_view space) { return {std::string(space), std::string(64, '0')}; }

}  // namespace edge::storage
