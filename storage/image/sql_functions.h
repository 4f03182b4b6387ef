// SqlFunctions: SQL functions that a connection has instead of SQLite's own.
//
// random() and randomblob(n) draw from the image's services: SQLite's draw from one generator of the process. json_patch refuses deep
// nesting: SQLite's goes down 2000 levels at more than 100 bytes of stack each, which is more than a fiber has beside JavaScript.
// changes() and total_changes() go on where the connection before this one ended (ObjectImage::ContinueFrom).
#ifndef EDGE_STORAGE_IMAGE_SQL_FUNCTIONS_H_
#define EDGE_STORAGE_IMAGE_SQL_FUNCTIONS_H_

#include "sqlite3.h"
#include "storage/image/image_services.h"
#include "storage/image/object_image.h"

namespace edge::storage {

class SqlFunctions {
 public:
  // `services` are borrowed.
  explicit SqlFunctions(const ImageServices& services) : services_(services) {}
  ~SqlFunctions();
  SqlFunctions(const SqlFunctions&) = delete;
  SqlFunctions& operator=(const SqlFunctions&) = delete;

  // `connection` goes before this.
  void Install(sqlite3* connection);

  SqlCounts counts() const;
  void ContinueFrom(const SqlCounts& counts);
  // A statement that writes is about to run: from its end on SQLite itself knows what changes() is.
  void NoteWrite() { wrote_ = true; }

 private:
  static void RandomNumber(sqlite3_context* context, int count, sqlite3_value** arguments);
  static void RandomBlob(sqlite3_context* context, int count, sqlite3_value** arguments);
  static void JsonPatch(sqlite3_context* context, int count, sqlite3_value** arguments);
  static void Changes(sqlite3_context* context, int count, sqlite3_value** arguments);
  static void TotalChanges(sqlite3_context* context, int count, sqlite3_value** arguments);

  const ImageServices& services_;
  sqlite3* connection_ = nullptr;
  SqlCounts before_;    // of the connection before this one, less what this one had counted when it took them over
  bool wrote_ = false;  // since then
  // An empty database in memory where json_patch is still SQLite's. Null until somebody asks for it.
  sqlite3* plain_ = nullptr;
  sqlite3_stmt* patch_ = nullptr;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_SQL_FUNCTIONS_H_
