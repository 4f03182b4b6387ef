// SqlStorage (`ctx.storage.sql`), its Cursor and what cursor.raw() returns.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "runtime/durable/bindings.h"
#include "runtime/js/isolate.h"
#include "runtime/web/remote_error.h"
#include "runtime/web/web.h"

namespace edge::durable {
namespace {

using storage::SqlValue;
using storage::Statement;

struct Cursor {
  ObjectNumber number = 0;
  std::shared_ptr<SqlCursor> rows;
};
void ReleaseCursor(void* pointer) { delete static_cast<Cursor*>(pointer); }
// Slot 0: an array of the column names. A cursor has no `keep`: its statement belongs to an instance, and start-up has none.
const js::NativeType kCursorType = {"Cursor", ReleaseCursor, 1};
// Slot 0: the cursor.
const js::NativeType kRawType = {"RawIterator", nullptr, 1};

[[noreturn]] void ThrowNotEnabled(duk_context* ctx) {
  js::ThrowError(ctx, "Error",
                 "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to `new_sqlite_classes` within the "
                 "'migrations' field in your wrangler.jsonc or wrangler.toml file. Note that this change cannot be made after the class is "
                 "already deployed to production.");
}

// Appends the value at `index` as SQL gets it: what is neither null, number nor bytes goes as text, a boolean too.
void CollectBinding(duk_context* ctx, duk_idx_t index, Work& work) {
  if (duk_is_null_or_undefined(ctx, index)) {
    work.bindings.emplace_back(nullptr);
  } else if (duk_is_number(ctx, index)) {
    work.bindings.emplace_back(duk_get_number(ctx, index));
  } else if (const auto bytes = web::GetBytes(ctx, index); bytes.has_value()) {
    work.bindings.emplace_back(storage::Blob{std::string(*bytes)});
  } else {
    if (js::IsBigInt(ctx, index)) js::ThrowError(ctx, "TypeError", "Cannot convert a BigInt value to a number");
    if (duk_is_symbol(ctx, index)) js::ThrowError(ctx, "TypeError", "Cannot convert a Symbol value to a string");
    const std::string_view text = js::RequireUtf8(ctx, index);
    work.bindings.emplace_back(std::string(text));
  }
}

// [ ... ] -> [ ... value ]
void PushValue(duk_context* ctx, const SqlCursor::Value& value) {
  switch (value.type) {
    case Statement::Type::kNull:
      return duk_push_null(ctx);
    case Statement::Type::kInteger:
      return duk_push_number(ctx, static_cast<double>(value.integer));
    case Statement::Type::kReal:
      return duk_push_number(ctx, value.real);
    case Statement::Type::kText:
      return js::PushUtf8(ctx, value.bytes);
    case Statement::Type::kBlob: {
      void* copy = duk_push_fixed_buffer(ctx, value.bytes.size());
      if (!value.bytes.empty()) std::memcpy(copy, value.bytes.data(), value.bytes.size());
      duk_push_buffer_object(ctx, -1, 0, value.bytes.size(), DUK_BUFOBJ_ARRAYBUFFER);
      return duk_remove(ctx, -2);
    }
  }
}

// [ ... ] -> [ ... array ]
void PushNames(duk_context* ctx, const SqlCursor& rows) {
  duk_push_array(ctx);
  duk_uarridx_t i = 0;
  for (const std::string& name : rows.columns()) {
    js::PushUtf8(ctx, name);
    duk_put_prop_index(ctx, -2, i++);
  }
}

// sql.exec(query, ...bindings)
duk_ret_t Exec(duk_context* ctx) {
  const auto& sql = js::This<Binding>(ctx, kSqlType);
  if (sql.options.backend == StateOptions::Backend::kKeyValue) ThrowNotEnabled(ctx);
  const duk_idx_t count = duk_get_top(ctx);
  if (count == 0) ThrowArgument(ctx, "exec", "SqlStorage", 1, "String");
  RequireSqlStack(ctx);
  const std::string_view query = js::RequireUtf8(ctx, 0);
  Work& work = PushWork(ctx);
  for (duk_idx_t i = 1; i < count; ++i) CollectBinding(ctx, i, work);
  // Arguments may have run anything, so this comes after them.
  ObjectStorage& storage = HooksOf(ctx, sql.number).Storage();
  {
    absl::StatusOr<std::shared_ptr<SqlCursor>> cursor = storage.sql().Exec(query, work.bindings, [ctx] { return ChargeSql(ctx); });
    work.status = cursor.status();
    if (cursor.ok()) work.cursor = *std::move(cursor);
  }
  ThrowUnlessOk(ctx, work);
  auto* cursor = new Cursor{.number = sql.number, .rows = work.cursor};
  js::PushNative(ctx, kCursorType, cursor);
  if (!cursor->rows->columns().empty()) {
    PushNames(ctx, *cursor->rows);
    js::SetSlot(ctx, -2, 0);
  }
  work.cursor.reset();
  return 1;
}

constexpr uint64_t kFirstPageBytes = 4096;

duk_ret_t DatabaseSize(duk_context* ctx) {
  const auto& sql = js::This<Binding>(ctx, kSqlType);
  if (sql.options.backend == StateOptions::Backend::kKeyValue) ThrowNotEnabled(ctx);
  RequireSqlStack(ctx);
  ObjectStorage& storage = HooksOf(ctx, sql.number).Storage();
  Work& work = PushWork(ctx);
  double size = 0;
  {
    absl::StatusOr<storage::ObjectImage*> image = storage.Image();
    const absl::StatusOr<uint64_t> bytes = image.ok() ? (*image)->DatabaseSizeBytes() : image.status();
    // A database that nothing has been written to has its first page already, as far as it is shown.
    work.status = bytes.status();
    if (bytes.ok()) size = static_cast<double>(std::max<uint64_t>(*bytes, kFirstPageBytes));
  }
  ThrowUnlessOk(ctx, work);
  duk_push_number(ctx, size);
  return 1;
}

// --- Cursor ---

enum class Shape : uint8_t { kObject, kArray };

// [ ... ] -> [ ... row ] and true, or [ ... ] and false at the end. `cursor` is the index of the object.
bool PushRow(duk_context* ctx, duk_idx_t index, Shape shape) {
  index = duk_normalize_index(ctx, index);
  auto& cursor = *static_cast<Cursor*>(js::GetNative(ctx, index, kCursorType));
  HooksOf(ctx, cursor.number);
  SqlCursor& rows = *cursor.rows;
  if (!rows.has_row()) {
    if (rows.closed().ok()) return false;
    Work& work = PushWork(ctx);
    work.status = rows.closed();
    ThrowUnlessOk(ctx, work);
  }
  RequireSqlStack(ctx);
  const int columns = static_cast<int>(rows.columns().size());
  js::PushSlot(ctx, index, 0);
  if (shape == Shape::kObject) {
    duk_push_object(ctx);
  } else {
    duk_push_array(ctx);
  }
  size_t bytes = 0;
  for (int i = 0; i < columns; ++i) {
    bytes += rows.ValueOf(i).bytes.size();
    if (shape == Shape::kObject) {
      duk_get_prop_index(ctx, -2, static_cast<duk_uarridx_t>(i));
      PushValue(ctx, rows.ValueOf(i));
      duk_put_prop(ctx, -3);
    } else {
      PushValue(ctx, rows.ValueOf(i));
      duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(i));
    }
  }
  duk_remove(ctx, -2);
  js::ChargeCpu(ctx, 20 + 10 * columns + static_cast<int64_t>(bytes / 16));
  Work* work = nullptr;
  {
    // Another cursor on the same object cannot have closed this one in between: nothing has run but engine code.
    absl::Status status = rows.Advance([ctx] { return ChargeSql(ctx); });
    if (!status.ok()) {
      work = new Work;
      work->status = std::move(status);
    }
  }
  if (work != nullptr) {
    Work& held = PushWork(ctx);
    held.status = std::move(work->status);
    delete work;
    ThrowUnlessOk(ctx, held);
  }
  return true;
}

// [ ... row ] -> [ ... {done, value} ], or without a row [ ... ] -> [ ... {done, value: undefined} ]
void PushResult(duk_context* ctx, bool has_row) {
  if (!has_row) duk_push_undefined(ctx);
  duk_push_object(ctx);
  duk_push_boolean(ctx, has_row ? 0 : 1);
  duk_put_prop_string(ctx, -2, "done");
  duk_swap_top(ctx, -2);
  duk_put_prop_string(ctx, -2, "value");
}

void PushThisCursor(duk_context* ctx) {
  js::RequireThis(ctx, kCursorType);
  duk_push_this(ctx);
}

duk_ret_t CursorNext(duk_context* ctx) {
  PushThisCursor(ctx);
  PushResult(ctx, PushRow(ctx, -1, Shape::kObject));
  return 1;
}

duk_ret_t CursorToArray(duk_context* ctx) {
  duk_set_top(ctx, 0);
  PushThisCursor(ctx);
  duk_push_array(ctx);
  for (duk_uarridx_t i = 0; PushRow(ctx, 0, Shape::kObject); ++i) duk_put_prop_index(ctx, 1, i);
  return 1;
}

duk_ret_t CursorOne(duk_context* ctx) {
  duk_set_top(ctx, 0);
  PushThisCursor(ctx);
  if (!PushRow(ctx, 0, Shape::kObject)) js::ThrowError(ctx, "Error", "Expected exactly one result from SQL query, but got no results.");
  if (static_cast<Cursor*>(js::GetNative(ctx, 0, kCursorType))->rows->has_row())
    js::ThrowError(ctx, "Error", "Expected exactly one result from SQL query, but got multiple results.");
  return 1;
}

duk_ret_t CursorRaw(duk_context* ctx) {
  PushThisCursor(ctx);
  js::PushNative(ctx, kRawType, nullptr);
  duk_swap_top(ctx, -2);
  js::SetSlot(ctx, -2, 0);
  return 1;
}

duk_ret_t ReturnThis(duk_context* ctx) {
  duk_push_this(ctx);
  return 1;
}

duk_ret_t RawNext(duk_context* ctx) {
  js::RequireThis(ctx, kRawType);
  duk_push_this(ctx);
  js::PushSlot(ctx, -1, 0);
  PushResult(ctx, PushRow(ctx, -1, Shape::kArray));
  return 1;
}

duk_ret_t ColumnNames(duk_context* ctx) {
  PushNames(ctx, *js::This<Cursor>(ctx, kCursorType).rows);
  return 1;
}

duk_ret_t RowsRead(duk_context* ctx) {
  duk_push_number(ctx, static_cast<double>(js::This<Cursor>(ctx, kCursorType).rows->rows_read()));
  return 1;
}

duk_ret_t RowsWritten(duk_context* ctx) {
  duk_push_number(ctx, static_cast<double>(js::This<Cursor>(ctx, kCursorType).rows->rows_written()));
  return 1;
}

// sql.Cursor: the class, for instanceof.
duk_ret_t CursorClass(duk_context* ctx) {
  js::RequireThis(ctx, kSqlType);
  js::PushPrototype(ctx, kCursorType);
  duk_get_prop_string(ctx, -1, "constructor");
  return 1;
}

const js::Method kSqlMethods[] = {{"exec", Exec, 1}};
const js::Accessor kSqlAccessors[] = {{"databaseSize", DatabaseSize}, {"Cursor", CursorClass}};
const js::Method kCursorMethods[] = {
    {"next", CursorNext, 0}, {"toArray", CursorToArray, 0}, {"one", CursorOne, 0}, {"raw", CursorRaw, 0}, {"@@iterator", ReturnThis, 0}};
const js::Accessor kCursorAccessors[] = {{"columnNames", ColumnNames}, {"rowsRead", RowsRead}, {"rowsWritten", RowsWritten}};
const js::Method kRawMethods[] = {{"next", RawNext, 0}, {"@@iterator", ReturnThis, 0}};

}  // namespace

void PushRawPrototype(duk_context* ctx) { js::PushPrototype(ctx, kRawType); }

void DefineSql(duk_context* ctx) {
  const js::Class classes[] = {
      {.type = &kSqlType, .name = "SqlStorage", .construct = nullptr, .methods = kSqlMethods, .accessors = kSqlAccessors},
      {.type = &kCursorType, .name = "Cursor", .construct = nullptr, .methods = kCursorMethods, .accessors = kCursorAccessors},
      {.type = &kRawType, .name = "RawIterator", .construct = nullptr, .methods = kRawMethods},
  };
  for (const js::Class& definition : classes) {
    js::DefineClass(ctx, definition);
    duk_pop(ctx);
  }
}

}  // namespace edge::durable
