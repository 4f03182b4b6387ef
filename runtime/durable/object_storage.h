// ObjectStorage: one activation's storage as its API sees it: the implicit transaction, savepoints, the key-value table, the alarm.
//
// The first write opens a transaction; EndTurn commits it when the turn's microtasks have drained, so that writes without an await in
// between are one commit (write coalescing, contract sheet 3.5). Several commits are durable in order: a crash keeps a prefix. Keys and
// values of the key-value API live in the table _cf_KV, the alarm in _cf_METADATA, in the object's own database, so that a transaction
// covers all of it.
#ifndef EDGE_RUNTIME_DURABLE_OBJECT_STORAGE_H_
#define EDGE_RUNTIME_DURABLE_OBJECT_STORAGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/time.h"
#include "runtime/durable/sql_session.h"
#include "storage/store/object_store.h"

namespace edge::durable {

// Whether an output has to wait until the write is durable (allowUnconfirmed).
enum class Confirm : uint8_t { kRequired, kNotRequired };

struct ListOptions {
  std::optional<std::string> start;        // inclusive
  std::optional<std::string> start_after;  // exclusive; not both
  std::optional<std::string> end;          // exclusive
  std::optional<std::string> prefix;
  enum class Order : uint8_t { kAscending, kDescending } order = Order::kAscending;
  std::optional<uint64_t> limit;
};

// The alarm as it is stored. `due` is when the platform wakes the object next: the scheduled time, or that of a retry.
struct StoredAlarm {
  WallTime scheduled;
  WallTime due;
  uint32_t failures = 0;  // of the handler, counted ones
  bool operator==(const StoredAlarm&) const = default;
};

class ObjectStorage {
 public:
  // `object` is borrowed and outlives this: prepared statements of its database are kept here.
  explicit ObjectStorage(storage::OwnedObject& object);
  ~ObjectStorage();
  ObjectStorage(const ObjectStorage&) = delete;
  ObjectStorage& operator=(const ObjectStorage&) = delete;

  // --- key-value; values are serialized. Errors as SQLite's text. MAY SUSPEND, all of them ---
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key);
  absl::Status Put(std::string_view key, std::string_view value, Confirm confirm);
  absl::StatusOr<bool> Delete(std::string_view key, Confirm confirm);
  // Calls `row` with each pair in order until it returns false.
  absl::Status List(const ListOptions& options, absl::AnyInvocable<bool(std::string_view key, std::string_view value)> row);
  // Everything, the user's tables too; the alarm with it or not. All or nothing. Open cursors end with an error. REQUIRES: not
  // in_savepoint.
  enum class DeleteAlarm : uint8_t { kNo, kYes };
  absl::Status DeleteAll(DeleteAlarm alarm, Confirm confirm);

  // --- SQL ---
  absl::StatusOr<storage::ObjectImage*> Image();
  // The statements of ctx.storage.sql.
  SqlSession& sql();
  // Called before a statement that is not read-only runs: opens the implicit transaction.
  absl::Status BeforeWrite(Confirm confirm);

  // --- transactions: savepoints inside of the implicit transaction; nested. `depth` is what BeginSavepoint returned; inner ones end with
  // it ---
  absl::StatusOr<int> BeginSavepoint();
  absl::Status ReleaseSavepoint(int depth);
  absl::Status RollbackSavepoint(int depth);

  // --- the alarm ---
  absl::StatusOr<std::optional<StoredAlarm>> Alarm();
  // As JavaScript sees it: none while the handler of the stored one runs.
  absl::StatusOr<std::optional<StoredAlarm>> VisibleAlarm();
  absl::Status SetAlarm(const std::optional<StoredAlarm>& alarm, Confirm confirm);
  // The handler runs: the stored alarm stays, for the case that the run is lost, but is no longer to be seen. Any SetAlarm ends that.
  void BeginAlarmRun();
  // The handler has ended. kUntouched: the stored alarm is still the one that it was run for; what becomes of it is the caller's business
  // (SetAlarm). kReplaced: the handler has set or deleted it.
  enum class AlarmRun : uint8_t { kUntouched, kReplaced };
  AlarmRun EndAlarmRun();

  // OK, or why nothing more can be done with this database (a read has failed, SQLite has given up the transaction): the object must be
  // reset, whether JavaScript has seen an error or not. EndTurn says so too, in_savepoint as well.
  absl::Status failure() const;
  // Commits what is open; does nothing in_savepoint. Cursors over reads stay open.
  // kFailedPrecondition with the platform's text: deferred constraints are violated; the object must be reset. Anything else: the storage
  // has failed, reset too. MAY SUSPEND.
  absl::Status EndTurn();
  // An explicit transaction is open: EndTurn waits for its end.
  bool in_savepoint() const;
  // Gives up what is not committed, and closes cursors: for a reset.
  void Discard();
  // The database is open: it takes memory (some 30 KB).
  bool has_database() const;
  // Nobody would notice if it was closed: no transaction or cursor is open, no failure is to be told, no PRAGMA has set anything. What is
  // committed is the store's, whether it is durable or not.
  bool may_close_database() const;
  // Discard, then lets the database go (OwnedObject::CloseImage) until it is used again: an idle object needs little memory. Nobody else
  // may call CloseImage while statements are kept here. REQUIRES: no fiber is inside of a call.
  void CloseDatabase();

  // Up to where outputs have to wait (writes with kRequired), and up to where everything does (sync()); as of the last EndTurn.
  storage::Position confirmed_position() const;
  storage::Position last_position() const;
  storage::OwnedObject& object() { return object_; }

 private:
  storage::OwnedObject& object_;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge::durable

#endif  // EDGE_RUNTIME_DURABLE_OBJECT_STORAGE_H_
