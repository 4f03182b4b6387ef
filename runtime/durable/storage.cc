// DurableObjectStorage (`ctx.storage`) and DurableObjectTransaction: the asynchronous key-value API and the alarm.
#include <algorithm>
#include <cmath>
#include <utility>

#include "edge_engine.h"
#include "runtime/durable/bindings.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/language/serialize.h"
#include "runtime/web/remote_error.h"

namespace edge::durable {
namespace {

constexpr size_t kKeysMax = 128;
constexpr double kAlarmMillisecondsMax = 6'942'758'400'000.0;  // the year 2190 begins
constexpr uint32_t kSqlSlot = 0;
constexpr uint32_t kKvSlot = 1;

// Whom a method was called on.
struct Target {
  const Binding* binding;
  Transaction* transaction;  // null: the storage itself
  const char* type;
};

Target TargetOf(duk_context* ctx, AsyncOperation& operation) {
  Target target = {};
  duk_push_this(ctx);
  if (void* storage = js::GetNative(ctx, -1, kStorageType)) {
    target = {.binding = static_cast<Binding*>(storage), .transaction = nullptr, .type = "DurableObjectStorage"};
  } else if (void* pointer = js::GetNative(ctx, -1, kTransactionType)) {
    auto* transaction = static_cast<Transaction*>(pointer);
    target = {.binding = &transaction->binding, .transaction = transaction, .type = "DurableObjectTransaction"};
  } else {
    js::ThrowError(ctx, "TypeError", "Illegal invocation");
  }
  duk_pop(ctx);
  if (target.transaction != nullptr) {
    if (target.transaction->phase == Transaction::Phase::kRolledBack)
      js::ThrowError(ctx, "Error", "Cannot %s() on rolled back transaction", operation.name);
    if (target.transaction->phase == Transaction::Phase::kEnded) {
      js::ThrowError(ctx, "Error", "Cannot call %s() on transaction that has already committed: did you move `txn` outside of the closure?",
                     operation.name);
    }
  }
  RequireKvStack(ctx);
  operation.number = target.binding->number;
  HooksOf(ctx, operation.number);
  return target;
}

// Asked for when all arguments have been read: reading them may run anything, ctx.abort() included.
ObjectStorage& StorageOf(duk_context* ctx, const AsyncOperation& operation) { return HooksOf(ctx, operation.number).Storage(); }

bool ReadFlag(duk_context* ctx, duk_idx_t index, const char* name) {
  duk_get_prop_string(ctx, index, name);
  const bool set = duk_to_boolean(ctx, -1) != 0;
  duk_pop(ctx);
  return set;
}

// The options argument at `index`, which is the method's argument of that number + 1.
Confirm ReadOptions(duk_context* ctx, duk_idx_t index, const Target& target, AsyncOperation& operation, const char* type) {
  if (duk_is_null_or_undefined(ctx, index)) return Confirm::kRequired;
  if (!duk_is_object(ctx, index)) ThrowArgument(ctx, operation.name, target.type, static_cast<int>(index) + 1, type);
  if (ReadFlag(ctx, index, "allowConcurrency")) operation.concurrency = ObjectHooks::Concurrency::kAllowed;
  return ReadFlag(ctx, index, "allowUnconfirmed") ? Confirm::kNotRequired : Confirm::kRequired;
}

void RequireCount(duk_context* ctx, size_t count) {
  if (count > kKeysMax) js::ThrowError(ctx, "RangeError", "Maximum number of keys is %zu. %zu keys were provided.", kKeysMax, count);
}

// The keys of the array at `index`, in the order of their bytes, each once.
void CollectKeys(duk_context* ctx, duk_idx_t index, Work& work, const StateOptions& options) {
  const auto count = static_cast<duk_uarridx_t>(duk_get_length(ctx, index));
  RequireCount(ctx, count);
  for (duk_uarridx_t i = 0; i < count; ++i) {
    duk_get_prop_index(ctx, index, i);
    const std::string_view key = RequireKey(ctx, -1, options);
    work.keys.emplace_back(key);
    duk_pop(ctx);
  }
  std::sort(work.keys.begin(), work.keys.end());
  work.keys.erase(std::unique(work.keys.begin(), work.keys.end()), work.keys.end());
}

// [ ... ] -> [ ... map ] of the work's pairs.
void PushPairs(duk_context* ctx, const Work& work) {
  js::PushMap(ctx);
  for (const auto& [key, value] : work.pairs) {
    js::PushUtf8(ctx, key);
    js::DeserializeValue(ctx, value);
    js::MapPut(ctx, -3);
  }
}

duk_ret_t Get(duk_context* ctx, AsyncOperation& operation) {
  const bool none = duk_get_top(ctx) == 0;
  duk_set_top(ctx, 2);
  const Target target = TargetOf(ctx, operation);
  if (none) ThrowArgument(ctx, operation.name, target.type, 1, "string or Array");
  ReadOptions(ctx, 1, target, operation, "GetOptions");
  Work& work = PushWork(ctx);
  if (duk_is_array(ctx, 0)) {
    CollectKeys(ctx, 0, work, target.binding->options);
    ObjectStorage& storage = StorageOf(ctx, operation);
    for (const std::string& key : work.keys) {
      absl::StatusOr<std::optional<std::string>> value = storage.Get(key);
      work.status = value.status();
      if (!value.ok()) break;
      if (value->has_value()) work.pairs.emplace_back(key, **std::move(value));
    }
    ThrowUnlessOk(ctx, work);
    PushPairs(ctx, work);
    return 1;
  }
  const std::string_view key = RequireKey(ctx, 0, target.binding->options);
  ObjectStorage& storage = StorageOf(ctx, operation);
  bool found = false;
  {
    absl::StatusOr<std::optional<std::string>> value = storage.Get(key);
    work.status = value.status();
    found = value.ok() && value->has_value();
    if (found) work.text = **std::move(value);
  }
  ThrowUnlessOk(ctx, work);
  if (!found) return 0;
  js::DeserializeValue(ctx, work.text);
  return 1;
}

// All of the work's pairs, or none.
void PutPairs(Work& work, ObjectStorage& storage, Confirm confirm) {
  if (work.pairs.empty()) return;
  if (work.pairs.size() == 1) {
    work.status = storage.Put(work.pairs[0].first, work.pairs[0].second, confirm);
    return;
  }
  const absl::StatusOr<int> depth = storage.BeginSavepoint();
  work.status = depth.status();
  if (!depth.ok()) return;
  for (const auto& [key, value] : work.pairs) {
    if (work.status.ok()) work.status = storage.Put(key, value, confirm);
  }
  const absl::Status ended = work.status.ok() ? storage.ReleaseSavepoint(*depth) : storage.RollbackSavepoint(*depth);
  if (work.status.ok()) work.status = ended;
}

duk_ret_t Put(duk_context* ctx, AsyncOperation& operation) {
  const duk_idx_t count = duk_get_top(ctx);
  duk_set_top(ctx, 3);
  const Target target = TargetOf(ctx, operation);
  if (count == 0) ThrowArgument(ctx, operation.name, target.type, 1, "string or object");
  const StateOptions& options = target.binding->options;
  Work& work = PushWork(ctx);
  Confirm confirm = Confirm::kRequired;
  if (duk_is_object(ctx, 0) && !duk_is_array(ctx, 0) && !duk_is_function(ctx, 0)) {
    confirm = ReadOptions(ctx, 1, target, operation, "PutOptions");
    duk_enum(ctx, 0, DUK_ENUM_OWN_PROPERTIES_ONLY);
    while (duk_next(ctx, -1, 1)) {
      if (!duk_is_undefined(ctx, -1)) {
        const std::string_view key = RequireKey(ctx, -2, options);
        CollectPair(ctx, work, key, duk_get_top_index(ctx), options);
      }
      duk_pop_2(ctx);
    }
    if (work.pairs.size() > kKeysMax) {
      js::ThrowError(ctx, "RangeError", "Maximum number of key value pairs is %zu. %zu pairs were provided.", kKeysMax, work.pairs.size());
    }
  } else {
    const std::string_view key = RequireKey(ctx, 0, options);
    if (duk_is_undefined(ctx, 1)) js::ThrowError(ctx, "TypeError", "put() called with undefined value.");
    confirm = ReadOptions(ctx, 2, target, operation, "PutOptions");
    CollectPair(ctx, work, key, 1, options);
  }
  PutPairs(work, StorageOf(ctx, operation), confirm);
  ThrowUnlessOk(ctx, work);
  return 0;
}

duk_ret_t Delete(duk_context* ctx, AsyncOperation& operation) {
  const bool none = duk_get_top(ctx) == 0;
  duk_set_top(ctx, 2);
  const Target target = TargetOf(ctx, operation);
  if (none) ThrowArgument(ctx, operation.name, target.type, 1, "string or Array");
  const Confirm confirm = ReadOptions(ctx, 1, target, operation, "PutOptions");
  const bool is_array = duk_is_array(ctx, 0) != 0;
  Work& work = PushWork(ctx);
  if (is_array) {
    CollectKeys(ctx, 0, work, target.binding->options);
  } else {
    const std::string_view key = RequireKey(ctx, 0, target.binding->options);
    work.keys.emplace_back(key);
  }
  ObjectStorage& storage = StorageOf(ctx, operation);
  int deleted = 0;
  for (const std::string& key : work.keys) {
    const absl::StatusOr<bool> result = storage.Delete(key, confirm);
    work.status = result.status();
    if (!result.ok()) break;
    deleted += *result ? 1 : 0;
  }
  ThrowUnlessOk(ctx, work);
  if (is_array) {
    duk_push_int(ctx, deleted);
  } else {
    duk_push_boolean(ctx, deleted);
  }
  return 1;
}

duk_ret_t List(duk_context* ctx, AsyncOperation& operation) {
  duk_set_top(ctx, 1);
  const Target target = TargetOf(ctx, operation);
  Work& work = PushWork(ctx);
  ReadListOptions(ctx, 0, target.type, target.binding->options, work.list);
  if (duk_is_object(ctx, 0) && ReadFlag(ctx, 0, "allowConcurrency")) operation.concurrency = ObjectHooks::Concurrency::kAllowed;
  // What is being collected is outside of the isolate's memory, so it is bounded by it.
  constexpr size_t kListBytesMax = 128u << 20;
  ObjectStorage& storage = StorageOf(ctx, operation);
  size_t bytes = 0;
  work.status = storage.List(work.list, [&](std::string_view key, std::string_view value) {
    bytes += key.size() + value.size();
    if (bytes > kListBytesMax) return false;
    work.pairs.emplace_back(key, value);
    return true;
  });
  ThrowUnlessOk(ctx, work);
  if (bytes > kListBytesMax) js::ThrowError(ctx, "RangeError", "list() gives more than 128 MiB: use `limit` and `startAfter`.");
  PushPairs(ctx, work);
  return 1;
}

duk_ret_t DeleteAll(duk_context* ctx, AsyncOperation& operation) {
  duk_set_top(ctx, 1);
  duk_push_this(ctx);
  // Of a transaction that has ended, too: this is what is wrong with it.
  if (js::IsNative(ctx, -1, kTransactionType)) js::ThrowError(ctx, "Error", "Cannot call deleteAll() within a transaction");
  duk_pop(ctx);
  const Target target = TargetOf(ctx, operation);
  const Confirm confirm = ReadOptions(ctx, 0, target, operation, "PutOptions");
  ObjectStorage& storage = StorageOf(ctx, operation);
  if (storage.in_savepoint()) js::ThrowError(ctx, "Error", "Cannot call deleteAll() within a transaction");
  RequireSqlStack(ctx);
  Work& work = PushWork(ctx);
  work.status = storage.DeleteAll(target.binding->options.delete_all, confirm);
  ThrowUnlessOk(ctx, work);
  return 0;
}

duk_ret_t GetAlarm(duk_context* ctx, AsyncOperation& operation) {
  duk_set_top(ctx, 1);
  const Target target = TargetOf(ctx, operation);
  ReadOptions(ctx, 0, target, operation, "GetAlarmOptions");
  Work& work = PushWork(ctx);
  ObjectStorage& storage = StorageOf(ctx, operation);
  double milliseconds = NAN;
  {
    const absl::StatusOr<std::optional<StoredAlarm>> alarm = storage.VisibleAlarm();
    work.status = alarm.status();
    if (alarm.ok() && alarm->has_value()) milliseconds = static_cast<double>((*alarm)->scheduled.ToUnixMilliseconds());
  }
  ThrowUnlessOk(ctx, work);
  if (std::isnan(milliseconds)) {
    duk_push_null(ctx);
  } else {
    duk_push_number(ctx, milliseconds);
  }
  return 1;
}

// The time at `index`: a number of milliseconds or a Date.
double RequireTime(duk_context* ctx, duk_idx_t index, const Target& target) {
  const char* kind = edge_class_name(ctx, index);
  if (!duk_is_number(ctx, index) && (kind == nullptr || std::string_view(kind) != "Date"))
    ThrowArgument(ctx, "setAlarm", target.type, 1, "date");
  duk_dup(ctx, index);
  const double time = std::trunc(duk_to_number(ctx, -1));
  duk_pop(ctx);
  if (!std::isfinite(time)) js::ThrowError(ctx, "TypeError", "The value cannot be converted because it is not a valid Date.");
  if (time >= kAlarmMillisecondsMax) js::ThrowError(ctx, "TypeError", "This API doesn't support dates after 2189.");
  if (time <= 0) js::ThrowError(ctx, "TypeError", "setAlarm() cannot be called with an alarm time <= 0");
  return time;
}

duk_ret_t SetAlarm(duk_context* ctx, AsyncOperation& operation) {
  duk_set_top(ctx, 2);
  const Target target = TargetOf(ctx, operation);
  const double time = RequireTime(ctx, 0, target);
  const Confirm confirm = ReadOptions(ctx, 1, target, operation, "SetAlarmOptions");
  if (!HooksOf(ctx, operation.number).HasAlarmHandler()) {
    js::ThrowError(ctx, "TypeError", "Your Durable Object class must have an alarm() handler in order to call setAlarm()");
  }
  Work& work = PushWork(ctx);
  const auto at = WallTime::FromUnixMilliseconds(static_cast<int64_t>(time));
  work.status = StorageOf(ctx, operation).SetAlarm(StoredAlarm{.scheduled = at, .due = at}, confirm);
  ThrowUnlessOk(ctx, work);
  return 0;
}

duk_ret_t DeleteAlarm(duk_context* ctx, AsyncOperation& operation) {
  duk_set_top(ctx, 1);
  const Target target = TargetOf(ctx, operation);
  const Confirm confirm = ReadOptions(ctx, 0, target, operation, "SetAlarmOptions");
  Work& work = PushWork(ctx);
  work.status = StorageOf(ctx, operation).SetAlarm(std::nullopt, confirm);
  ThrowUnlessOk(ctx, work);
  return 0;
}

// The promise of storage.sync().
duk_ret_t Sync(duk_context* ctx, AsyncOperation& operation) {
  duk_set_top(ctx, 0);
  TargetOf(ctx, operation);
  const ObjectNumber number = std::exchange(operation.number, 0);
  ObjectHooks& hooks = HooksOf(ctx, number);
  const uint32_t promise = js::NewPromise(ctx);
  hooks.WhenDurable([promise](duk_context* c, const absl::Status& status) {
    if (status.ok()) {
      duk_push_undefined(c);
      return js::SettlePromise(c, promise, js::Settle::kResolve);
    }
    web::PushRemoteError(c, status);
    js::SettlePromise(c, promise, js::Settle::kReject);
  });
  return 1;
}

duk_ret_t Unsupported(duk_context* ctx, AsyncOperation& operation) {
  TargetOf(ctx, operation);
  js::ThrowError(ctx, "Error", "This Durable Object's storage back-end does not implement point-in-time recovery.");
}

duk_ret_t CallGet(duk_context* ctx) { return Promised(ctx, Get, "get"); }
duk_ret_t CallPut(duk_context* ctx) { return Promised(ctx, Put, "put"); }
duk_ret_t CallDelete(duk_context* ctx) { return Promised(ctx, Delete, "delete"); }
duk_ret_t CallList(duk_context* ctx) { return Promised(ctx, List, "list"); }
duk_ret_t CallDeleteAll(duk_context* ctx) { return Promised(ctx, DeleteAll, "deleteAll"); }
duk_ret_t CallGetAlarm(duk_context* ctx) { return Promised(ctx, GetAlarm, "getAlarm"); }
duk_ret_t CallSetAlarm(duk_context* ctx) { return Promised(ctx, SetAlarm, "setAlarm"); }
duk_ret_t CallDeleteAlarm(duk_context* ctx) { return Promised(ctx, DeleteAlarm, "deleteAlarm"); }
duk_ret_t CallSync(duk_context* ctx) { return Promised(ctx, Sync, "sync"); }
duk_ret_t CallBookmark(duk_context* ctx) { return Promised(ctx, Unsupported, "getCurrentBookmark"); }

duk_ret_t StorageSlot(duk_context* ctx, uint32_t slot) {
  js::RequireThis(ctx, kStorageType);
  duk_push_this(ctx);
  js::PushSlot(ctx, -1, slot);
  return 1;
}
duk_ret_t StorageSql(duk_context* ctx) { return StorageSlot(ctx, kSqlSlot); }
duk_ret_t StorageKv(duk_context* ctx) { return StorageSlot(ctx, kKvSlot); }

// txn.rollback()
duk_ret_t Rollback(duk_context* ctx) {
  auto& transaction = js::This<Transaction>(ctx, kTransactionType);
  if (transaction.phase == Transaction::Phase::kRolledBack) return 0;
  AsyncOperation operation = {.name = "rollback"};
  TargetOf(ctx, operation);
  Work& work = PushWork(ctx);
  work.status = StorageOf(ctx, operation).RollbackSavepoint(transaction.depth);
  ThrowUnlessOk(ctx, work);
  transaction.phase = Transaction::Phase::kRolledBack;
  return 0;
}

const js::Method kStorageMethods[] = {
    {"get", CallGet, 1},
    {"list", CallList, 0},
    {"put", CallPut, 1},
    {"delete", CallDelete, 1},
    {"deleteAll", CallDeleteAll, 0},
    {"getAlarm", CallGetAlarm, 0},
    {"setAlarm", CallSetAlarm, 1},
    {"deleteAlarm", CallDeleteAlarm, 0},
    {"sync", CallSync, 0},
    {"getCurrentBookmark", CallBookmark, 0},
    {"getBookmarkForTime", CallBookmark, 1},
    {"onNextSessionRestoreBookmark", CallBookmark, 1},
};
const js::Accessor kStorageAccessors[] = {{"sql", StorageSql}, {"kv", StorageKv}};

const js::Method kTransactionMethods[] = {
    {"get", CallGet, 1},           {"list", CallList, 0},           {"put", CallPut, 1},
    {"delete", CallDelete, 1},     {"deleteAll", CallDeleteAll, 0}, {"rollback", Rollback, 0},
    {"getAlarm", CallGetAlarm, 0}, {"setAlarm", CallSetAlarm, 1},   {"deleteAlarm", CallDeleteAlarm, 0},
};

}  // namespace

void DefineStorage(duk_context* ctx) {
  const js::Class storage = {.type = &kStorageType,
                             .name = "DurableObjectStorage",
                             .construct = nullptr,
                             .methods = kStorageMethods,
                             .accessors = kStorageAccessors};
  js::DefineClass(ctx, storage);
  duk_pop(ctx);
  const js::Class transaction = {
      .type = &kTransactionType, .name = "DurableObjectTransaction", .construct = nullptr, .methods = kTransactionMethods};
  js::DefineClass(ctx, transaction);
  duk_pop(ctx);
}

}  // namespace edge::durable
