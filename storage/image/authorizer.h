// Authorizer: what a user's SQL may do.
//
// SQLite asks it for every name and action while it compiles a statement - also when a running statement has to be compiled again, or runs
// SQL of its own (full-text tables, pragma_...() functions) - so that the author has to be set around stepping as well as around preparing.
//
// Refused: what would bypass the owner's transactions (BEGIN, SAVEPOINT ...), reach another database (ATTACH, VACUUM, temporary tables),
// change how pages are written (journal_mode and all other PRAGMAs that are not listed), load code, see the platform's tables (names
// beginning with "_cf_") or the build. Contract: contract sheet 3.6.
#ifndef EDGE_STORAGE_IMAGE_AUTHORIZER_H_
#define EDGE_STORAGE_IMAGE_AUTHORIZER_H_

#include <optional>
#include <string>
#include <string_view>

#include "sqlite3.h"
#include "storage/image/object_image.h"

namespace edge::storage {

class Authorizer {
 public:
  Authorizer() = default;
  Authorizer(const Authorizer&) = delete;
  Authorizer& operator=(const Authorizer&) = delete;

  // From now on `connection` asks this authorizer, which must outlive it.
  void Install(sqlite3* connection);

  // The SQL that is compiled or run from here to the scope's end is `author`'s. Outside of scopes it is the platform's.
  class Scope {
   public:
    Scope(Authorizer& authorizer, SqlAuthor author);
    ~Scope() { authorizer_.author_ = before_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Authorizer& authorizer_;
    const SqlAuthor before_;
  };
  SqlAuthor author() const { return author_; }

  // About what was compiled since the scope began:
  // transaction control was refused, for which users get a text of the platform instead of SQLite's;
  bool refused_transaction() const { return refused_transaction_; }
  // rows are inserted into this table (not by a trigger);
  const std::optional<std::string>& inserted_table() const { return inserted_table_; }
  // columns of this table are updated: their names in small letters, each between "|" (not by a trigger);
  struct Updated {
    std::string table;
    std::string columns;
  };
  const std::optional<Updated>& updated() const { return updated_; }
  // rows are deleted;
  bool deletes() const { return deletes_; }
  // columns are read, so some table is looked at;
  bool reads() const { return reads_; }
  // tables or indexes are made, changed or dropped.
  bool changes_schema() const { return changes_schema_; }
  // Ever: a user's PRAGMA has set something that lasts as long as the connection.
  bool changed_settings() const { return changed_settings_; }

 private:
  static int Callback(void* self, int action, const char* first, const char* second, const char* database, const char* trigger);
  bool Allows(int action, std::string_view first, const char* second_or_null, std::string_view database);
  void Note(int action, std::string_view first, std::string_view second, bool in_trigger);

  SqlAuthor author_ = SqlAuthor::kPlatform;
  bool refused_transaction_ = false;
  std::optional<std::string> inserted_table_;
  std::optional<Updated> updated_;
  bool deletes_ = false;
  bool reads_ = false;
  bool changes_schema_ = false;
  bool changed_settings_ = false;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_AUTHORIZER_H_
