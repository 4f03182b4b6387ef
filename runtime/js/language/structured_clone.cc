// structuredClone, and the clone by which values travel between isolates' callers.
//
// Recursive, with a check of the native stack at each level. What was cloned already is remembered by identity, so cycles and shared parts
// stay as they are.
#include <cstring>
#include <string_view>

#include "edge_engine.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/clone_kinds.h"
#include "runtime/js/language/ordered_table.h"
#include "runtime/js/language/regexp_binding.h"
#include "runtime/js/language/state.h"

namespace edge::js::language {
namespace {

void ReleaseMemory(void* pointer) { static_cast<OrderedTable*>(pointer)->Release(); }
// Entry i: the original in slot 2i (kept alive: a getter may have made it), its clone in slot 2i + 1.
const NativeType kMemoryType = {"CloneMemory", ReleaseMemory, 0};

constexpr ByteCount kStackPerLevel = ByteCount::KiB(2);

struct Cloner {
  duk_context* ctx;
  duk_idx_t memory;
  OrderedTable& table;
};

// [ ... clone ] -> the same. Remembers that the clone stands for the object at `original`.
void Remember(const Cloner& cloner, duk_idx_t original) {
  duk_context* ctx = cloner.ctx;
  const uint32_t capacity = SlotCount(ctx, cloner.memory) / 2;
  if (cloner.table.entry_count() >= capacity) ResizeSlots(ctx, cloner.memory, (capacity == 0 ? 4 : capacity * 2) * 2);
  const uint32_t entry = cloner.table.Append(KeyOf(ctx, original));
  duk_dup(ctx, original);
  SetSlot(ctx, cloner.memory, entry * 2);
  duk_dup_top(ctx);
  SetSlot(ctx, cloner.memory, entry * 2 + 1);
}

void Clone(const Cloner& cloner);

// [ ... clone ] -> the same. Copies the own enumerable string-keyed properties of the object at `original`.
void CloneProperties(const Cloner& cloner, duk_idx_t original) {
  duk_context* ctx = cloner.ctx;
  const duk_idx_t clone = duk_get_top_index(ctx);
  // The keys as of now; a getter may delete some before their turn.
  duk_enum(ctx, original, DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(ctx, clone + 1, 0)) {
    ChargeWork(ctx, 4);
    duk_dup_top(ctx);
    if (!duk_has_prop(ctx, original)) {
      duk_pop(ctx);
      continue;
    }
    duk_dup_top(ctx);
    duk_get_prop(ctx, original);
    Clone(cloner);
    duk_def_prop(ctx, clone, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC);
  }
  duk_pop(ctx);
}

// [ ... boxed ] -> [ ... clone ]: Object(primitive).
void CloneBoxed(const Cloner& cloner, duk_idx_t original) {
  duk_context* ctx = cloner.ctx;
  duk_dup(ctx, original);
  duk_to_primitive(ctx, -1, DUK_HINT_NONE);
  duk_to_object(ctx, -1);
  Remember(cloner, original);
}

void CloneDate(const Cloner& cloner, duk_idx_t original) {
  PushDate(cloner.ctx, DateMilliseconds(cloner.ctx, original));
  Remember(cloner, original);
}

void CloneRegExp(const Cloner& cloner, duk_idx_t original, const RegExp& regexp) {
  duk_context* ctx = cloner.ctx;
  RegExpState& state = RegExpStateOf(ctx);
  PushSlot(ctx, original, 0);
  state.text = regexp::FlagsToString(regexp.program->flags());
  duk_push_lstring(ctx, state.text.data(), state.text.size());
  PushRegExp(ctx);
  Remember(cloner, original);
}

void CloneCollection(const Cloner& cloner, duk_idx_t original, CollectionKind kind) {
  duk_context* ctx = cloner.ctx;
  PushCollection(ctx, kind);
  Remember(cloner, original);
  const duk_idx_t clone = duk_get_top_index(ctx);
  // A snapshot of the entries: cloning one may run a getter that changes the collection.
  PushCollectionEntries(ctx, original);
  const auto count = static_cast<duk_uarridx_t>(duk_get_length(ctx, -1));
  for (duk_uarridx_t i = 0; i < count; i += kind == CollectionKind::kMap ? 2 : 1) {
    duk_get_prop_index(ctx, clone + 1, i);
    Clone(cloner);
    if (kind == CollectionKind::kMap) {
      duk_get_prop_index(ctx, clone + 1, i + 1);
      Clone(cloner);
    }
    CollectionPut(ctx, clone);
  }
  duk_pop(ctx);
}

void CloneError(const Cloner& cloner, duk_idx_t original) {
  duk_context* ctx = cloner.ctx;
  duk_push_error_object(ctx, kErrorKinds[ErrorKindOf(ctx, original)].code, "%s", "");
  Remember(cloner, original);
  const duk_idx_t clone = duk_get_top_index(ctx);
  for (const char* key : {"message", "stack", "cause"}) {
    // Own data only, as the language's clone reads an error; `stack` may be inherited from the engine's accessor.
    duk_push_string(ctx, key);
    if (!duk_has_prop_string(ctx, original, key)) {
      duk_pop(ctx);
      continue;
    }
    duk_get_prop_string(ctx, original, key);
    if (std::string_view(key) == "cause") {
      Clone(cloner);
    } else {
      duk_safe_to_string(ctx, -1);
    }
    duk_def_prop(ctx, clone,
                 DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE |
                     DUK_DEFPROP_FORCE);
  }
}

void CloneArrayBuffer(const Cloner& cloner, duk_idx_t original) {
  duk_context* ctx = cloner.ctx;
  duk_size_t size;
  const void* bytes = duk_get_buffer_data(ctx, original, &size);
  ChargeWork(ctx, size / 16);
  void* copy = duk_push_fixed_buffer(ctx, size);
  if (size > 0) std::memcpy(copy, bytes, size);
  duk_push_buffer_object(ctx, -1, 0, size, DUK_BUFOBJ_ARRAYBUFFER);
  duk_remove(ctx, -2);
  Remember(cloner, original);
}

void CloneView(const Cloner& cloner, duk_idx_t original, duk_uint_t kind) {
  duk_context* ctx = cloner.ctx;
  duk_get_prop_string(ctx, original, "byteOffset");
  const auto offset = static_cast<duk_size_t>(duk_get_number_default(ctx, -1, 0));
  duk_get_prop_string(ctx, original, "byteLength");
  const auto length = static_cast<duk_size_t>(duk_get_number_default(ctx, -1, 0));
  duk_pop_2(ctx);
  duk_get_prop_string(ctx, original, "buffer");
  Clone(cloner);
  duk_push_buffer_object(ctx, -1, offset, length, kind);
  duk_remove(ctx, -2);
  Remember(cloner, original);
}

// [ ... value ] -> [ ... clone ].
void Clone(const Cloner& cloner) {
  duk_context* ctx = cloner.ctx;
  if (!duk_check_type_mask(ctx, -1, DUK_TYPE_MASK_OBJECT | DUK_TYPE_MASK_BUFFER | DUK_TYPE_MASK_LIGHTFUNC)) {
    if (duk_is_symbol(ctx, -1)) RefuseClone(ctx, -1);
    return;
  }
  RequireNativeStack(ctx, kStackPerLevel);
  duk_require_stack(ctx, 16);
  ChargeWork(ctx, 16);
  const duk_idx_t original = duk_get_top_index(ctx);
  const uint32_t known = cloner.table.Find(KeyOf(ctx, original));
  if (known != OrderedTable::kNone) {
    PushSlot(ctx, cloner.memory, known * 2 + 1);
    return duk_remove(ctx, original);
  }
  if (duk_is_function(ctx, original)) RefuseClone(ctx, original);
  const CollectionKind collection = CollectionKindOf(ctx, original);
  const char* raw_class = edge_class_name(ctx, original);
  const std::string_view kind = raw_class == nullptr ? "ArrayBuffer" : raw_class;
  if (collection != CollectionKind::kNone) {
    CloneCollection(cloner, original, collection);
  } else if (const auto* regexp = static_cast<RegExp*>(GetNative(ctx, original, kRegExpType))) {
    CloneRegExp(cloner, original, *regexp);
  } else if (kind == "Array") {
    duk_push_array(ctx);
    Remember(cloner, original);
    duk_set_length(ctx, -1, duk_get_length(ctx, original));
    CloneProperties(cloner, original);
  } else if (kind == "Date") {
    CloneDate(cloner, original);
  } else if (kind == "Boolean" || kind == "Number" || kind == "String") {
    CloneBoxed(cloner, original);
  } else if (kind == "ArrayBuffer") {
    CloneArrayBuffer(cloner, original);
  } else if (const ViewKind* view = FindViewKind(kind)) {
    CloneView(cloner, original, view->kind);
  } else if (IsBigInt(ctx, original)) {
    return;  // a value, although it is an object here
  } else {
    RefusePlatformObject(ctx, original);
    if (kind == "Error") {
      CloneError(cloner, original);
    } else if (kind == "Object" || kind == "Arguments") {
      duk_push_object(ctx);
      Remember(cloner, original);
      CloneProperties(cloner, original);
    } else {
      RefuseClone(ctx, original);
    }
  }
  duk_remove(ctx, original);
}

// The global structuredClone(value, options).
duk_ret_t GlobalStructuredClone(duk_context* ctx) {
  if (duk_get_top(ctx) == 0) ThrowError(ctx, "TypeError", "structuredClone: 1 argument required, but only 0 present.");
  duk_set_top(ctx, 2);
  if (duk_is_object(ctx, 1)) {
    duk_get_prop_string(ctx, 1, "transfer");
    if (!duk_is_undefined(ctx, -1)) {
      IterableToArray(ctx);
      if (duk_get_length(ctx, -1) > 0)
        ThrowDomException(ctx, "DataCloneError", "structuredClone: transferring objects is not supported by this runtime");
    }
  }
  duk_set_top(ctx, 1);
  StructuredClone(ctx);
  return 1;
}

// (value) -> "Uint8Array" ... or undefined when it is no typed array.
duk_ret_t TypedArrayKind(duk_context* ctx) {
  const char* name = edge_class_name(ctx, 0);
  const ViewKind* view = name == nullptr ? nullptr : FindViewKind(name);
  if (view == nullptr || view->kind == DUK_BUFOBJ_DATAVIEW) return 0;
  duk_push_string(ctx, name);
  return 1;
}

// (key): the hidden key by which a BigInt holds its digits.
duk_ret_t BigIntKey(duk_context* ctx) {
  duk_set_top(ctx, 1);
  StateOf(ctx).roots.hidden_bigint = KeepRoot(ctx);
  return 0;
}

constexpr LibraryNative kNatives[] = {
    {"structuredClone", GlobalStructuredClone, 1}, {"typedArrayKind", TypedArrayKind, 1}, {"bigIntKey", BigIntKey, 1}};

}  // namespace

void InstallStructuredClone(duk_context* ctx) {
  Roots& roots = StateOf(ctx).roots;
  duk_get_global_string(ctx, "Date");
  duk_get_prop_string(ctx, -1, "prototype");
  duk_get_prop_string(ctx, -1, "getTime");
  roots.date_get_time = KeepRoot(ctx);
  duk_pop(ctx);
  roots.date_constructor = KeepRoot(ctx);
}

std::span<const LibraryNative> CloneNatives() { return kNatives; }

}  // namespace edge::js::language

namespace edge::js {

bool IsBigInt(duk_context* ctx, duk_idx_t index) {
  if (!duk_is_object(ctx, index)) return false;
  index = duk_normalize_index(ctx, index);
  language::Push(ctx, language::StateOf(ctx).roots.hidden_bigint);
  duk_get_prop(ctx, index);
  const bool found = duk_is_string(ctx, -1) != 0;
  duk_pop(ctx);
  return found;
}

void StructuredClone(duk_context* ctx) {
  auto* table = new language::OrderedTable;
  PushNative(ctx, language::kMemoryType, table);
  duk_insert(ctx, -2);
  const language::Cloner cloner = {ctx, duk_get_top_index(ctx) - 1, *table};
  language::Clone(cloner);
  duk_remove(ctx, -2);
}

}  // namespace edge::js
