// SystemObject: an object whose code is the platform's own: a queue, a KV namespace, a calendar of cron.
//
// It is an object of the store like any other (one SQLite image, page sets in the one log, an epoch per activation), so durability,
// recovery, backup and the simulation's ledger come with it. This class holds its activation: made when first used, made again after it
// was lost (a failed sync has undone what was not durable, an import has replaced it), one fiber at a time in its database.
//
//   const auto commit = object.Write([&](SystemSession& db) { return db.Run("INSERT INTO t VALUES(?)", {text}); });
//   EDGE_RETURN_IF_ERROR(commit.status());
//   return object.WaitDurable(*commit);      // only now may anybody hear of it
//
// A commit that is not durable yet is visible to later reads. Who answers from such a read has to wait for last_commit().
// Memory that was derived from the database is valid for one epoch(): it must be built again when that changes.
// Source: the project's design, "Everything durable is an object, and there is one log".
#ifndef EDGE_STORAGE_SYSTEM_SYSTEM_OBJECT_H_
#define EDGE_STORAGE_SYSTEM_SYSTEM_OBJECT_H_

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/fiber/mutex.h"
#include "runtime/fiber/scheduler.h"
#include "storage/store/object_store.h"

namespace edge::storage {

// The database of a system object inside of Read or Write. Statements are prepared once per activation; `sql` is a constant of the program.
class SystemSession {
 public:
  // Runs the statement to its end. Parameters are bound from 1 on. Errors as storage/image. MAY SUSPEND.
  absl::Status Run(std::string_view sql, std::initializer_list<SqlValue> parameters = {});
  // Calls `row` with each row until it returns an error, which is returned. `row` runs no statement of the same text. MAY SUSPEND.
  absl::Status Rows(std::string_view sql, std::initializer_list<SqlValue> parameters,
                    absl::FunctionRef<absl::Status(const Statement& row)> row);
  // The first column of the first row; `otherwise` if there is none or it is NULL. MAY SUSPEND.
  absl::StatusOr<int64_t> Number(std::string_view sql, std::initializer_list<SqlValue> parameters, int64_t otherwise = 0);

 private:
  friend class SystemObject;
  SystemSession(ObjectImage& image, std::map<std::string, std::unique_ptr<Statement>, std::less<>>& statements)
      : image_(image), statements_(statements) {}
  ObjectImage& image_;
  std::map<std::string, std::unique_ptr<Statement>, std::less<>>& statements_;
};

class SystemObject {
 public:
  struct Commit {
    uint64_t epoch = 0;
    Position position = 0;
  };
  // `store` is borrowed. `schema[i]` are the statements that bring version i of the tables to version i + 1; what is there is never edited,
  // only added to. The strings are constants of the program.
  SystemObject(Scheduler& scheduler, ObjectStore& store, ObjectKey key, std::span<const std::string_view> schema);
  ~SystemObject();  // REQUIRES: no call is under way
  SystemObject(const SystemObject&) = delete;
  SystemObject& operator=(const SystemObject&) = delete;

  // One transaction: what `body` has written is committed if it returns OK, else rolled back and its error returned. The commit is not
  // durable yet. kUnavailable: this activation was lost in the middle, nothing is committed. kResourceExhausted: the disk or the store is
  // full. kDataLoss: damaged, names the object. kFailedPrecondition: its tables are of a newer version of edge. MAY SUSPEND.
  absl::StatusOr<Commit> Write(absl::FunctionRef<absl::Status(SystemSession& db)> body);
  // Errors as Write. MAY SUSPEND.
  absl::Status Read(absl::FunctionRef<absl::Status(SystemSession& db)> body);

  // kUnavailable: it was undone, or nobody can know; the caller must say that the outcome is not known. MAY SUSPEND.
  absl::Status WaitDurable(const Commit& commit, Instant deadline = Instant::Infinite());
  bool IsDurable(const Commit& commit) const;
  // What a reader may have seen so far.
  Commit last_commit() const;
  // Of the activation that is held; 0: none, or it was lost.
  uint64_t epoch() const;
  const ObjectKey& key() const { return key_; }

  // Lets the database go until it is used again; the activation stays. Does nothing while somebody is in it.
  void CloseIdle();

 private:
  struct Activation;
  // The activation, its database open and its tables in order. REQUIRES: the mutex is held.
  absl::StatusOr<std::shared_ptr<Activation>> Enter();
  absl::Status Upgrade(ObjectImage& image);

  Scheduler& scheduler_;
  ObjectStore& store_;
  const ObjectKey key_;
  const std::span<const std::string_view> schema_;
  FiberMutex mutex_;
  std::shared_ptr<Activation> activation_;  // null: none yet, or it was lost
};

// The key of the only object of a space: "edge/queue/orders". REQUIRES: `space` is a valid space (ObjectKey).
ObjectKey OnlyObjectOf(std::string_view space);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_SYSTEM_SYSTEM_OBJECT_H_
