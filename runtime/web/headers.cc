// Headers (Fetch standard section 5.1). Iteration walks a snapshot that is sorted and combined when it begins.
#include "runtime/js/native.h"
#include "runtime/web/internal.h"

namespace edge::web {
namespace {

using js::Accessor;
using js::Method;

void ReleaseHeaders(void* pointer) { delete static_cast<HeadersState*>(pointer); }

js::NativeMaker KeepHeaders(void* pointer) {
  const auto& state = *static_cast<HeadersState*>(pointer);
  return [list = state.list, guard = state.guard, memory = &state.charge.memory(), charged = state.charge.bytes()]() -> void* {
    auto* made = new HeadersState(*memory);
    made->list = list;
    made->guard = guard;
    made->charge.Set(charged);
    return made;
  };
}

HeadersState& ThisHeaders(duk_context* ctx) { return js::This<HeadersState>(ctx, kHeadersType); }

[[noreturn]] void ThrowName(duk_context* ctx, std::string_view name) {
  js::ThrowError(ctx, "TypeError", "Invalid header name: %.*s", Clip(name), name.data());
}
[[noreturn]] void ThrowValue(duk_context* ctx, std::string_view value) {
  js::ThrowError(ctx, "TypeError", "Invalid header value: %.*s", Clip(value), value.data());
}

// After a change of the list: the account, and the error if the change was refused.
void Grown(duk_context* ctx, HeadersState& headers, bool accepted) {
  headers.charge.Set(headers.list.bytes());
  if (!accepted) {
    js::ThrowError(ctx, "RangeError", "Headers hold at most %u entries and %u bytes.", static_cast<unsigned>(HeaderList::kEntriesMax),
                   static_cast<unsigned>(HeaderList::kBytesMax));
  }
  RequireMemory(ctx);
}

// Checks and appends; the views point into strings on the stack at `name` and `value`.
void AppendChecked(duk_context* ctx, HeadersState& headers, duk_idx_t name_index, duk_idx_t value_index) {
  name_index = duk_normalize_index(ctx, name_index);
  value_index = duk_normalize_index(ctx, value_index);
  const std::string_view name = js::RequireUtf8(ctx, name_index);
  const std::string_view value = TrimHeaderValue(js::RequireUtf8(ctx, value_index));
  if (!IsHeaderName(name)) ThrowName(ctx, name);
  if (!IsHeaderValue(value)) ThrowValue(ctx, value);
  const bool added = headers.list.Append(name, value);
  Grown(ctx, headers, added);
}

void RequireMutable(duk_context* ctx, const HeadersState& headers) {
  if (headers.guard == HeadersGuard::kImmutable) js::ThrowError(ctx, "TypeError", "Can't modify immutable headers.");
}

std::string_view RequireName(duk_context* ctx, duk_idx_t index) {
  RequireArguments(ctx, index + 1);
  const std::string_view name = js::RequireUtf8(ctx, index);
  if (!IsHeaderName(name)) ThrowName(ctx, name);
  return name;
}

// Fills from a sequence of pairs that is a real array of arrays, which needs no iterator protocol.
void FillFromArray(duk_context* ctx, HeadersState& headers, duk_idx_t array) {
  const duk_size_t length = duk_get_length(ctx, array);
  for (duk_size_t i = 0; i < length; ++i) {
    duk_get_prop_index(ctx, array, static_cast<duk_uarridx_t>(i));
    if (!duk_is_object(ctx, -1) || duk_get_length(ctx, -1) != 2) {
      js::ThrowError(ctx, "TypeError",
                     "To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.");
    }
    duk_get_prop_index(ctx, -1, 0);
    duk_get_prop_index(ctx, -2, 1);
    AppendChecked(ctx, headers, -2, -1);
    duk_pop_3(ctx);
  }
}

void FillFrom(duk_context* ctx, HeadersState& headers, duk_idx_t init) {
  if (duk_is_undefined(ctx, init)) return;
  if (!duk_is_object(ctx, init)) {
    js::ThrowError(ctx, "TypeError",
                   "Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or Sequence or object'.");
  }
  if (auto* other = static_cast<HeadersState*>(js::GetNative(ctx, init, kHeadersType)); other != nullptr) {
    headers.list = other->list;
    Grown(ctx, headers, true);
    return;
  }
  if (duk_is_array(ctx, init)) {
    FillFromArray(ctx, headers, init);
    return;
  }
  duk_get_prop_string(ctx, init, DUK_WELLKNOWN_SYMBOL("Symbol.iterator"));
  const bool iterable = !duk_is_null_or_undefined(ctx, -1);
  duk_pop(ctx);
  if (iterable) {
    js::PushLibraryFunction(ctx, "listOfPairs");
    duk_dup(ctx, init);
    duk_call(ctx, 1);
    FillFromArray(ctx, headers, duk_normalize_index(ctx, -1));
    duk_pop(ctx);
    return;
  }
  duk_enum(ctx, init, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(ctx, -1, 1)) {
    AppendChecked(ctx, headers, -2, -1);
    duk_pop_2(ctx);
  }
  duk_pop(ctx);
}

duk_ret_t Construct(duk_context* ctx) {
  RequireNew(ctx, "Headers");
  const bool given = duk_get_top(ctx) > 0;
  PushHeaders(ctx);
  if (given) FillFrom(ctx, *static_cast<HeadersState*>(js::GetNative(ctx, -1, kHeadersType)), 0);
  return 1;
}

duk_ret_t Append(duk_context* ctx) {
  HeadersState& headers = ThisHeaders(ctx);
  RequireMutable(ctx, headers);
  RequireArguments(ctx, 2);
  AppendChecked(ctx, headers, 0, 1);
  return 0;
}

duk_ret_t Set(duk_context* ctx) {
  HeadersState& headers = ThisHeaders(ctx);
  RequireMutable(ctx, headers);
  RequireArguments(ctx, 2);
  const std::string_view name = RequireName(ctx, 0);
  const std::string_view value = TrimHeaderValue(js::RequireUtf8(ctx, 1));
  if (!IsHeaderValue(value)) ThrowValue(ctx, value);
  const bool set = headers.list.Set(name, value);
  Grown(ctx, headers, set);
  return 0;
}

duk_ret_t Delete(duk_context* ctx) {
  HeadersState& headers = ThisHeaders(ctx);
  RequireMutable(ctx, headers);
  headers.list.Delete(RequireName(ctx, 0));
  headers.charge.Set(headers.list.bytes());
  return 0;
}

duk_ret_t Has(duk_context* ctx) {
  HeadersState& headers = ThisHeaders(ctx);
  duk_push_boolean(ctx, headers.list.Has(RequireName(ctx, 0)));
  return 1;
}

duk_ret_t Get(duk_context* ctx) {
  HeadersState& headers = ThisHeaders(ctx);
  const std::string_view name = RequireName(ctx, 0);
  const std::string* first = nullptr;
  size_t count = 0;
  for (const HeaderList::Entry& entry : headers.list.entries()) {
    if (!EqualsIgnoreCase(entry.name, name)) continue;
    if (first == nullptr) first = &entry.value;
    ++count;
  }
  if (first == nullptr) {
    duk_push_null(ctx);
    return 1;
  }
  if (count == 1) {
    js::PushUtf8(ctx, *first);
    return 1;
  }
  // Joined on the engine's stack: no C++ string may be alive while it allocates.
  duk_push_literal(ctx, ", ");
  for (const HeaderList::Entry& entry : headers.list.entries()) {
    if (EqualsIgnoreCase(entry.name, name)) js::PushUtf8(ctx, entry.value);
  }
  duk_join(ctx, static_cast<duk_idx_t>(count));
  return 1;
}

void PushAll(duk_context* ctx, const HeadersState& headers, std::string_view name) {
  duk_push_array(ctx);
  duk_uarridx_t at = 0;
  for (const HeaderList::Entry& entry : headers.list.entries()) {
    if (!EqualsIgnoreCase(entry.name, name)) continue;
    js::PushUtf8(ctx, entry.value);
    duk_put_prop_index(ctx, -2, at++);
  }
}

duk_ret_t GetSetCookie(duk_context* ctx) {
  PushAll(ctx, ThisHeaders(ctx), "set-cookie");
  return 1;
}

duk_ret_t GetAll(duk_context* ctx) {
  HeadersState& headers = ThisHeaders(ctx);
  const std::string_view name = RequireName(ctx, 0);
  if (!EqualsIgnoreCase(name, "set-cookie")) {
    js::ThrowError(ctx, "TypeError", "getAll() can only be used with the header name \"Set-Cookie\".");
  }
  PushAll(ctx, headers, name);
  return 1;
}

using Snapshot = std::vector<std::pair<std::string, std::string>>;
void ReleaseSnapshot(void* pointer) { delete static_cast<Snapshot*>(pointer); }
const js::NativeType kSnapshotType = {"Headers snapshot", ReleaseSnapshot, 0, js::KeepCopy<Snapshot>};

enum class Part : uint8_t { kNames, kValues, kPairs };

// [ ... ] -> [ ... array ]
void PushSnapshot(duk_context* ctx, const HeadersState& headers, Part part) {
  // The snapshot is owned by a native object, since pushing strings may throw.
  auto* snapshot = new Snapshot(headers.list.SortAndCombine());
  js::PushNative(ctx, kSnapshotType, snapshot);
  duk_push_array(ctx);
  duk_uarridx_t at = 0;
  for (const auto& [name, value] : *snapshot) {
    if (part == Part::kPairs) duk_push_array(ctx);
    if (part != Part::kValues) js::PushUtf8(ctx, name);
    if (part == Part::kPairs) duk_put_prop_index(ctx, -2, 0);
    if (part != Part::kNames) js::PushUtf8(ctx, value);
    if (part == Part::kPairs) duk_put_prop_index(ctx, -2, 1);
    duk_put_prop_index(ctx, -2, at++);
  }
  duk_remove(ctx, -2);
}

duk_ret_t PushIterator(duk_context* ctx, Part part) {
  const HeadersState& headers = ThisHeaders(ctx);
  js::PushLibraryFunction(ctx, "headersIterator");
  PushSnapshot(ctx, headers, part);
  duk_call(ctx, 1);
  return 1;
}

duk_ret_t Keys(duk_context* ctx) { return PushIterator(ctx, Part::kNames); }
duk_ret_t Values(duk_context* ctx) { return PushIterator(ctx, Part::kValues); }
duk_ret_t Entries(duk_context* ctx) { return PushIterator(ctx, Part::kPairs); }

duk_ret_t ForEach(duk_context* ctx) {
  const HeadersState& headers = ThisHeaders(ctx);
  duk_require_function(ctx, 0);
  PushSnapshot(ctx, headers, Part::kPairs);
  const duk_idx_t array = duk_get_top_index(ctx);
  const duk_size_t length = duk_get_length(ctx, array);
  for (duk_size_t i = 0; i < length; ++i) {
    duk_dup(ctx, 0);
    if (duk_is_undefined(ctx, 1) || array < 2) {
      duk_push_undefined(ctx);
    } else {
      duk_dup(ctx, 1);
    }
    duk_get_prop_index(ctx, array, static_cast<duk_uarridx_t>(i));
    duk_get_prop_index(ctx, -1, 1);
    duk_get_prop_index(ctx, -2, 0);
    duk_remove(ctx, -3);
    duk_push_this(ctx);
    duk_call_method(ctx, 3);
    duk_pop(ctx);
  }
  return 0;
}

const Method kMethods[] = {
    {"append", Append, 2}, {"set", Set, 2},         {"delete", Delete, 1},
    {"has", Has, 1},       {"get", Get, 1},         {"getSetCookie", GetSetCookie, 0},
    {"getAll", GetAll, 1}, {"forEach", ForEach, 1}, {"keys", Keys, 0},
    {"values", Values, 0}, {"entries", Entries, 0},
};

}  // namespace

const js::NativeType kHeadersType = {"Headers", ReleaseHeaders, 0, KeepHeaders};

HeadersState& PushHeaders(duk_context* ctx) {
  auto* state = new HeadersState(StateOf(ctx).memory);
  js::PushNative(ctx, kHeadersType, state);
  return *state;
}

HeadersState& PushHeadersFrom(duk_context* ctx, duk_idx_t init) {
  init = duk_normalize_index(ctx, init);
  HeadersState& headers = PushHeaders(ctx);
  FillFrom(ctx, headers, init);
  return headers;
}

HeadersState& PushHeadersCopy(duk_context* ctx, const HeadersState& from) {
  HeadersState& headers = PushHeaders(ctx);
  headers.list = from.list;
  Grown(ctx, headers, true);
  return headers;
}

void DefineHeaders(duk_context* ctx) {
  const js::Class definition = {
      .type = &kHeadersType, .name = "Headers", .construct = Construct, .construct_length = 0, .methods = kMethods};
  js::DefineClass(ctx, definition);
  duk_put_global_string(ctx, "Headers");
  const js::Class snapshot = {.type = &kSnapshotType, .name = "HeadersSnapshot", .construct = nullptr};
  js::DefineClass(ctx, snapshot);
  duk_pop(ctx);
}

}  // namespace edge::web
