#include "storage/image/sql_functions.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/base/check.h"
#include "storage/image/sql_math.h"

namespace edge::storage {

namespace {

constexpr int kPatchDepthMax = 900;  // about 105 KB of stack
constexpr unsigned kJsonSubtype = 'J';

// The nesting of a JSON text, at least: what is no JSON is refused by SQLite without going down.
int DepthOf(std::string_view json) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

SqlFunctions& Self(sqlite3_context* context) { return *static_cast<SqlFunctions*>(sqlite3_user_data(context)); }

}  // namespace

SqlFunctions::~SqlFunctions() {
  sqlite3_finalize(patch_);
  sqlite3_close(plain_);
}

void SqlFunctions::Install(sqlite3* connection) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
  const auto add = [&](const char* name, int arguments, int flags, void (*function)(sqlite3_context*, int, sqlite3_value**)) {
    EDGE_CHECK(sqlite3_create_function_v2(connection, name, arguments, flags, this, function, nullptr, nullptr, nullptr) == SQLITE_OK)
        << name;
  };
  connection_ = connection;
  add("changes", 0, kFlags, Changes);
  add("total_changes", 0, kFlags, TotalChanges);
  add("random", 0, kFlags, RandomNumber);
  add("randomblob", 1, kFlags, RandomBlob);
  add("json_patch", 2, kFlags | SQLITE_DETERMINISTIC, JsonPatch);
  InstallSqlMath(connection);
}

SqlCounts SqlFunctions::counts() const {
  return {.last_insert_rowid = sqlite3_last_insert_rowid(connection_),
          .changes = wrote_ ? sqlite3_changes64(connection_) : before_.changes,
          .total_changes = before_.total_changes + sqlite3_total_changes64(connection_)};
}

void SqlFunctions::ContinueFrom(const SqlCounts& counts) {
  before_ = counts;
  before_.total_changes -= sqlite3_total_changes64(connection_);
  wrote_ = false;
}

void SqlFunctions::Changes(sqlite3_context* context, int, sqlite3_value**) {
  sqlite3_result_int64(context, Self(context).counts().changes);
}

void SqlFunctions::TotalChanges(sqlite3_context* context, int, sqlite3_value**) {
  sqlite3_result_int64(context, Self(context).counts().total_changes);
}

void SqlFunctions::RandomNumber(sqlite3_context* context, int, sqlite3_value**) {
  int64_t value = 0;
  Self(context).services_.fill_random(std::as_writable_bytes(std::span<int64_t, 1>(&value, 1)));
  // As SQLite: abs(random()) is always a number.
  sqlite3_result_int64(context, value == INT64_MIN ? 0 : value);
}

void SqlFunctions::RandomBlob(sqlite3_context* context, int, sqlite3_value** arguments) {
  const int64_t count = std::max<int64_t>(1, sqlite3_value_int64(arguments[0]));
  if (count > sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LENGTH, -1)) return sqlite3_result_error_toobig(context);
  auto* bytes = static_cast<std::byte*>(sqlite3_malloc64(static_cast<uint64_t>(count)));
  if (bytes == nullptr) return sqlite3_result_error_nomem(context);
  Self(context).services_.fill_random(std::span<std::byte>(bytes, static_cast<size_t>(count)));
  sqlite3_result_blob64(context, bytes, static_cast<uint64_t>(count), sqlite3_free);
}

void SqlFunctions::JsonPatch(sqlite3_context* context, int, sqlite3_value** arguments) {
  SqlFunctions& self = Self(context);
  for (int i = 0; i < 2; ++i) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(arguments[i]));
    if (text == nullptr) continue;
    if (DepthOf(std::string_view(text, static_cast<size_t>(sqlite3_value_bytes(arguments[i])))) > kPatchDepthMax) {
      return sqlite3_result_error(context, "json_patch: JSON is nested too deeply (maximum depth 900)", -1);
    }
  }
  if (self.patch_ == nullptr) {
    if (sqlite3_open(":memory:", &self.plain_) != SQLITE_OK ||
        sqlite3_prepare_v2(self.plain_, "SELECT json_patch(?1, ?2)", -1, &self.patch_, nullptr) != SQLITE_OK) {
      return sqlite3_result_error_nomem(context);
    }
  }
  sqlite3_bind_value(self.patch_, 1, arguments[0]);
  sqlite3_bind_value(self.patch_, 2, arguments[1]);
  if (sqlite3_step(self.patch_) == SQLITE_ROW) {
    sqlite3_result_value(context, sqlite3_column_value(self.patch_, 0));
    sqlite3_result_subtype(context, kJsonSubtype);  // json_array(json_patch(...)) nests it as JSON
  } else {
    sqlite3_result_error(context, sqlite3_errmsg(self.plain_), -1);
  }
  sqlite3_reset(self.patch_);
  sqlite3_clear_bindings(self.patch_);
}

}  // namespace edge::storage
