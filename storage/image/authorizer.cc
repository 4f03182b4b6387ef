#include "storage/image/authorizer.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge::storage {

namespace {

// SQL functions that the platform offers, sorted. Missing on purpose: load_extension, and what tells about the build or its internals.
constexpr std::string_view kFunctions[] = {"->",
                                           "->>",
                                           "abs",
                                           "acos",
                                           "acosh",
                                           "asin",
                                           "asinh",
                                           "atan",
                                           "atan2",
                                           "atanh",
                                           "avg",
                                           "bm25",
                                           "ceil",
                                           "ceiling",
                                           "changes",
                                           "char",
                                           "coalesce",
                                           "concat",
                                           "concat_ws",
                                           "cos",
                                           "cosh",
                                           "count",
                                           "cume_dist",
                                           "current_date",
                                           "current_time",
                                           "current_timestamp",
                                           "date",
                                           "datetime",
                                           "degrees",
                                           "dense_rank",
                                           "exp",
                                           "first_value",
                                           "floor",
                                           "format",
                                           "glob",
                                           "group_concat",
                                           "hex",
                                           "highlight",
                                           "ifnull",
                                           "iif",
                                           "instr",
                                           "json",
                                           "json_array",
                                           "json_array_length",
                                           "json_each",
                                           "json_error_position",
                                           "json_extract",
                                           "json_group_array",
                                           "json_group_object",
                                           "json_insert",
                                           "json_object",
                                           "json_patch",
                                           "json_quote",
                                           "json_remove",
                                           "json_replace",
                                           "json_set",
                                           "json_tree",
                                           "json_type",
                                           "json_valid",
                                           "julianday",
                                           "lag",
                                           "last_insert_rowid",
                                           "last_value",
                                           "lead",
                                           "length",
                                           "like",
                                           "likelihood",
                                           "likely",
                                           "ln",
                                           "log",
                                           "log10",
                                           "log2",
                                           "lower",
                                           "ltrim",
                                           "match",
                                           "max",
                                           "min",
                                           "mod",
                                           "nth_value",
                                           "ntile",
                                           "nullif",
                                           "octet_length",
                                           "percent_rank",
                                           "pi",
                                           "pow",
                                           "power",
                                           "printf",
                                           "quote",
                                           "radians",
                                           "random",
                                           "randomblob",
                                           "rank",
                                           "replace",
                                           "round",
                                           "row_number",
                                           "rtrim",
                                           "sign",
                                           "sin",
                                           "sinh",
                                           "snippet",
                                           "soundex",
                                           "sqlite_drop_column",
                                           "sqlite_rename_column",
                                           "sqlite_rename_quotefix",
                                           "sqlite_rename_table",
                                           "sqlite_rename_test",
                                           "sqrt",
                                           "strftime",
                                           "string_agg",
                                           "substr",
                                           "substring",
                                           "sum",
                                           "tan",
                                           "tanh",
                                           "time",
                                           "timediff",
                                           "total",
                                           "total_changes",
                                           "trim",
                                           "trunc",
                                           "typeof",
                                           "unhex",
                                           "unicode",
                                           "unixepoch",
                                           "unlikely",
                                           "upper",
                                           "zeroblob"};
static_assert(std::ranges::is_sorted(kFunctions));

// What the argument of a PRAGMA must be.
enum class Argument : uint8_t { kNone, kBoolean, kName, kNameOrNothing, kNumberOrNothing, kNumberNameOrNothing };
struct Pragma {
  std::string_view name;
  Argument argument;
};
constexpr Pragma kPragmas[] = {
    {"case_sensitive_like", Argument::kBoolean},
    {"data_version", Argument::kNone},  // full-text tables ask it
    {"defer_foreign_keys", Argument::kBoolean},
    {"foreign_key_check", Argument::kNameOrNothing},
    {"foreign_key_list", Argument::kName},
    {"foreign_keys", Argument::kBoolean},
    {"ignore_check_constraints", Argument::kBoolean},
    {"index_info", Argument::kName},
    {"index_list", Argument::kName},
    {"index_xinfo", Argument::kName},
    {"legacy_alter_table", Argument::kBoolean},
    {"optimize", Argument::kNumberOrNothing},
    {"page_size", Argument::kNone},  // R-trees ask it
    {"quick_check", Argument::kNumberNameOrNothing},
    {"recursive_triggers", Argument::kBoolean},
    {"reverse_unordered_selects", Argument::kBoolean},
    {"table_info", Argument::kName},
    {"table_list", Argument::kNameOrNothing},
    {"table_xinfo", Argument::kName},
};

// Virtual tables that exist without being made, and show what is not the user's.
constexpr std::string_view kHiddenTables[] = {"dbstat", "sqlite_stmt"};
constexpr std::string_view kModules[] = {"fts5", "fts5vocab", "rtree", "rtree_i32"};
constexpr std::string_view kReservedPrefix = "_cf_";

template <typename Range>
bool Contains(const Range& range, std::string_view name) {
  return std::find(std::begin(range), std::end(range), name) != std::end(range);
}

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(ToAbsl(text)); }

bool IsVisible(std::string_view name) {
  const std::string lower = Lower(name);
  return !lower.starts_with(kReservedPrefix) && !Contains(kHiddenTables, lower);
}

bool IsNumber(std::string_view text) {
  int64_t value = 0;
  return absl::SimpleAtoi(ToAbsl(text), &value);
}

bool IsBoolean(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  const std::string lower = Lower(text);
  return lower == "0" || lower == "1" || lower == "on" || lower == "off" || lower == "yes" || lower == "no" || lower == "true" ||
         lower == "false";
}

// Whether it sets something that lasts longer than a transaction.
bool SetsForLong(std::string_view name, const char* argument) {
  const std::string lower = Lower(name);
  const auto* pragma = std::find_if(std::begin(kPragmas), std::end(kPragmas), [&](const Pragma& p) { return p.name == lower; });
  return argument != nullptr && pragma != std::end(kPragmas) && pragma->argument == Argument::kBoolean && lower != "defer_foreign_keys";
}

bool AllowsPragma(std::string_view name, const char* argument) {
  const std::string lower = Lower(name);
  const auto* pragma = std::find_if(std::begin(kPragmas), std::end(kPragmas), [&](const Pragma& p) { return p.name == lower; });
  if (pragma == std::end(kPragmas)) return false;
  switch (pragma->argument) {
    case Argument::kNone:
      return argument == nullptr;
    case Argument::kBoolean:
      return argument == nullptr || IsBoolean(argument);
    case Argument::kName:
      return argument != nullptr && IsVisible(argument);
    case Argument::kNameOrNothing:
    case Argument::kNumberNameOrNothing:
      return argument == nullptr || IsVisible(argument);
    case Argument::kNumberOrNothing:
      return argument == nullptr || IsNumber(argument);
  }
  return false;
}

}  // namespace

Authorizer::Scope::Scope(Authorizer& authorizer, SqlAuthor author) : authorizer_(authorizer), before_(authorizer.author_) {
  authorizer_.author_ = author;
  authorizer_.refused_transaction_ = false;
  authorizer_.inserted_table_.reset();
  authorizer_.updated_.reset();
  authorizer_.deletes_ = authorizer_.reads_ = false;
  authorizer_.changes_schema_ = false;
}

void Authorizer::Install(sqlite3* connection) { EDGE_CHECK(sqlite3_set_authorizer(connection, Callback, this) == SQLITE_OK); }

int Authorizer::Callback(void* self, int action, const char* first, const char* second, const char* database, const char* trigger) {
  auto& authorizer = *static_cast<Authorizer*>(self);
  const auto text = [](const char* t) { return t == nullptr ? std::string_view() : std::string_view(t); };
  authorizer.Note(action, text(first), text(second), trigger != nullptr);
  if (authorizer.author_ == SqlAuthor::kPlatform) return SQLITE_OK;
  // For these two the database comes first.
  if (action == SQLITE_ALTER_TABLE || action == SQLITE_DETACH)
    return authorizer.Allows(action, text(second), nullptr, text(first)) ? SQLITE_OK : SQLITE_DENY;
  return authorizer.Allows(action, text(first), second, text(database)) ? SQLITE_OK : SQLITE_DENY;
}

void Authorizer::Note(int action, std::string_view first, std::string_view second, bool in_trigger) {
  switch (action) {
    case SQLITE_READ:
      reads_ = true;
      break;
    case SQLITE_DELETE:
      if (!in_trigger) deletes_ = true;
      break;
    case SQLITE_UPDATE:
      if (in_trigger || first.starts_with("sqlite_")) break;
      if (!updated_.has_value()) updated_ = Updated{.table = std::string(first), .columns = "|"};
      if (updated_->table == first) StrAppend(&updated_->columns, Lower(second), "|");
      break;
    case SQLITE_INSERT:
      if (!in_trigger && !inserted_table_.has_value()) inserted_table_ = std::string(first);
      break;
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TABLE:
    case SQLITE_ALTER_TABLE:
      changes_schema_ = true;
      break;
    default:
      break;
  }
}

bool Authorizer::Allows(int action, std::string_view first, const char* second_or_null, std::string_view database) {
  const std::string_view second = second_or_null == nullptr ? std::string_view() : std::string_view(second_or_null);
  if (database == "temp") return (action == SQLITE_READ || action == SQLITE_UPDATE) && IsVisible(first);
  if (!database.empty() && database != "main") return false;

  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return true;

    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_VIEW:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VIEW:
    case SQLITE_DELETE:
    case SQLITE_INSERT:
    case SQLITE_READ:
    case SQLITE_UPDATE:
    case SQLITE_REINDEX:
    case SQLITE_ALTER_TABLE:
      return IsVisible(first);

    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TRIGGER:
      return IsVisible(first) && IsVisible(second);

    // ANALYZE without a name and PRAGMA optimize look at every table; statistics are no content.
    case SQLITE_ANALYZE:
      return true;

    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE:
      return IsVisible(first) && Contains(kModules, Lower(second));

    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      refused_transaction_ = true;
      return false;

    case SQLITE_PRAGMA:
      if (!AllowsPragma(first, second_or_null)) return false;
      if (SetsForLong(first, second_or_null)) changed_settings_ = true;
      return true;
    case SQLITE_FUNCTION:
      return std::ranges::binary_search(kFunctions, std::string_view(Lower(second)));

    // ATTACH, DETACH, everything temporary, and what SQLite may learn some day.
    default:
      return false;
  }
}

}  // namespace edge::storage
