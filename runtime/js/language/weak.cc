// WeakMap, WeakSet, WeakRef, FinalizationRegistry.
//
// The engine has no ephemerons, so a weak entry lives on its key: an object used as a weak key gets one hidden property, a WeakCell, whose
// entries hold the values of all weak collections by number. A value that refers to its key is then an ordinary cycle, and dies with the
// key. The price: entries of a dead WeakMap stay until their key dies or gets another entry. Frozen objects work, since the hidden property
// is forced.
//
// A cell is looked up through the prototype chain like any property, so it names its owner, and one that names another object is ignored.
//
// A WeakRef asks the cell of its target whether that is still there: the cell dies with the target. FinalizationRegistry never calls back,
// which the language allows: when objects die must not be visible to a program whose runs are to be repeatable.
#include <algorithm>
#include <memory>
#include <vector>

#include "runtime/js/language/state.h"

namespace edge::js::language {
namespace {

struct WeakCell {
  void* owner;
  // Told to WeakRefs: false once the owner is gone.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  // Of slot i; 0 while the slot is free.
  std::vector<uint32_t> collections;
};
void ReleaseCell(void* pointer) {
  auto* cell = static_cast<WeakCell*>(pointer);
  *cell->alive = false;
  delete cell;
}
// A WeakRef of the same capture shares `alive` with its cell, so it is kept and not made anew.
NativeMaker KeepCell(void* pointer) {
  return [saved = *static_cast<const WeakCell*>(pointer)]() -> void* {
    *saved.alive = true;
    return new WeakCell(saved);
  };
}
const NativeType kWeakCellType = {"WeakCell", ReleaseCell, 0, KeepCell};

struct WeakCollection {
  uint32_t number;
};
void ReleaseCollection(void* pointer) { delete static_cast<WeakCollection*>(pointer); }
const NativeType kWeakMapType = {"WeakMap", ReleaseCollection, 0, KeepCopy<WeakCollection>};
const NativeType kWeakSetType = {"WeakSet", ReleaseCollection, 0, KeepCopy<WeakCollection>};

struct WeakReference {
  void* target;
  std::shared_ptr<bool> alive;
};
void ReleaseReference(void* pointer) { delete static_cast<WeakReference*>(pointer); }
const NativeType kWeakRefType = {"WeakRef", ReleaseReference, 0, KeepCopy<WeakReference>};

const NativeType kRegistryType = {"FinalizationRegistry", nullptr, 0};

// Objects, and symbols that are not registered.
bool CanBeHeldWeakly(duk_context* ctx, duk_idx_t index) { return duk_is_object(ctx, index); }

// [ ... ] -> [ ... cell ] and its content, or the stack as it was and null.
WeakCell* PushCell(duk_context* ctx, duk_idx_t key) {
  key = duk_normalize_index(ctx, key);
  Push(ctx, StateOf(ctx).roots.hidden_weak);
  duk_get_prop(ctx, key);
  auto* cell = static_cast<WeakCell*>(GetNative(ctx, -1, kWeakCellType));
  if (cell != nullptr && cell->owner == duk_get_heapptr(ctx, key)) return cell;
  duk_pop(ctx);
  return nullptr;
}

// [ ... ] -> [ ... cell ].
WeakCell* PushOrMakeCell(duk_context* ctx, duk_idx_t key) {
  key = duk_normalize_index(ctx, key);
  if (WeakCell* cell = PushCell(ctx, key)) return cell;
  auto* cell = new WeakCell{duk_get_heapptr(ctx, key)};
  PushNative(ctx, kWeakCellType, cell);
  Push(ctx, StateOf(ctx).roots.hidden_weak);
  duk_dup(ctx, -2);
  duk_def_prop(
      ctx, key,
      DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE | DUK_DEFPROP_FORCE);
  return cell;
}

int64_t EntryOf(const WeakCell& cell, uint32_t number) {
  const auto found = std::find(cell.collections.begin(), cell.collections.end(), number);
  return found == cell.collections.end() ? -1 : found - cell.collections.begin();
}

// [ key value ... cell ] -> the same.
void PutEntry(duk_context* ctx, WeakCell& cell, uint32_t number, duk_idx_t value) {
  int64_t entry = EntryOf(cell, number);
  if (entry < 0) entry = EntryOf(cell, 0);
  if (entry < 0) {
    entry = static_cast<int64_t>(cell.collections.size());
    ResizeSlots(ctx, -1, static_cast<uint32_t>(entry) + 1);
    cell.collections.push_back(number);
  }
  cell.collections[static_cast<size_t>(entry)] = number;
  duk_dup(ctx, value);
  SetSlot(ctx, -2, static_cast<uint32_t>(entry));
}

template <const NativeType& type>
uint32_t ThisNumber(duk_context* ctx) {
  duk_push_this(ctx);
  auto* collection = static_cast<WeakCollection*>(GetNative(ctx, -1, type));
  if (collection == nullptr) ThrowError(ctx, "TypeError", "%s method called on incompatible receiver", type.name);
  duk_pop(ctx);
  return collection->number;
}

duk_ret_t MapGet(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const uint32_t number = ThisNumber<kWeakMapType>(ctx);
  if (!CanBeHeldWeakly(ctx, 0)) return 0;
  const WeakCell* cell = PushCell(ctx, 0);
  if (cell == nullptr) return 0;
  const int64_t entry = EntryOf(*cell, number);
  if (entry < 0) return 0;
  PushSlot(ctx, -1, static_cast<uint32_t>(entry));
  return 1;
}

template <const NativeType& type>
duk_ret_t Has(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const uint32_t number = ThisNumber<type>(ctx);
  const WeakCell* cell = CanBeHeldWeakly(ctx, 0) ? PushCell(ctx, 0) : nullptr;
  duk_push_boolean(ctx, cell != nullptr && EntryOf(*cell, number) >= 0 ? 1 : 0);
  return 1;
}

template <const NativeType& type>
duk_ret_t Delete(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const uint32_t number = ThisNumber<type>(ctx);
  WeakCell* cell = CanBeHeldWeakly(ctx, 0) ? PushCell(ctx, 0) : nullptr;
  const int64_t entry = cell == nullptr ? -1 : EntryOf(*cell, number);
  if (entry >= 0) {
    cell->collections[static_cast<size_t>(entry)] = 0;
    duk_push_undefined(ctx);
    SetSlot(ctx, -2, static_cast<uint32_t>(entry));
  }
  duk_push_boolean(ctx, entry >= 0 ? 1 : 0);
  return 1;
}

duk_ret_t MapSet(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const uint32_t number = ThisNumber<kWeakMapType>(ctx);
  if (!CanBeHeldWeakly(ctx, 0)) ThrowError(ctx, "TypeError", "Invalid value used as weak map key");
  PutEntry(ctx, *PushOrMakeCell(ctx, 0), number, 1);
  duk_push_this(ctx);
  return 1;
}

duk_ret_t SetAdd(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const uint32_t number = ThisNumber<kWeakSetType>(ctx);
  if (!CanBeHeldWeakly(ctx, 0)) ThrowError(ctx, "TypeError", "Invalid value used in weak set");
  duk_push_true(ctx);
  PutEntry(ctx, *PushOrMakeCell(ctx, 0), number, 1);
  duk_push_this(ctx);
  return 1;
}

template <const NativeType& type, bool is_map>
duk_ret_t Construct(duk_context* ctx) {
  if (!IsConstructing(ctx)) ThrowError(ctx, "TypeError", "Constructor %s requires 'new'", type.name);
  duk_set_top(ctx, 1);
  PushNative(ctx, type, new WeakCollection{StateOf(ctx).next_weak_map_id++});
  if (duk_is_null_or_undefined(ctx, 0)) return 1;
  duk_get_prop_string(ctx, 1, is_map ? "set" : "add");
  if (!duk_is_callable(ctx, 2)) ThrowError(ctx, "TypeError", "the adder of %s is not a function", type.name);
  duk_dup(ctx, 0);
  OpenIterator(ctx);
  // [ iterable object adder iterator next ]
  while (IteratorStep(ctx)) {
    duk_dup(ctx, 2);
    duk_dup(ctx, 1);
    if (is_map) {
      if (!duk_is_object(ctx, 5)) {
        duk_set_top(ctx, 5);
        CloseIterator(ctx);
        ThrowError(ctx, "TypeError", "Iterator value is not an entry object");
      }
      duk_get_prop_index(ctx, 5, 0);
      duk_get_prop_index(ctx, 5, 1);
    } else {
      duk_dup(ctx, 5);
    }
    if (duk_pcall_method(ctx, is_map ? 2 : 1) != DUK_EXEC_SUCCESS) {
      duk_insert(ctx, 3);
      duk_set_top(ctx, 6);
      CloseIterator(ctx);
      duk_set_top(ctx, 4);
      return duk_throw(ctx);
    }
    duk_set_top(ctx, 5);
  }
  duk_set_top(ctx, 2);
  return 1;
}

// ---- WeakRef -------------------------------------------------------------------------------------------------------------------------

// Keeps the object at `index` until the microtasks are drained: a target does not vanish within a job.
void KeepAlive(duk_context* ctx, duk_idx_t index) {
  State& state = StateOf(ctx);
  index = duk_normalize_index(ctx, index);
  Push(ctx, state.kept_alive);
  duk_dup(ctx, index);
  duk_put_prop_index(ctx, -2, state.kept_alive_count++);
  duk_pop(ctx);
}

duk_ret_t ConstructRef(duk_context* ctx) {
  if (!IsConstructing(ctx)) ThrowError(ctx, "TypeError", "Constructor WeakRef requires 'new'");
  duk_set_top(ctx, 1);
  if (!CanBeHeldWeakly(ctx, 0)) ThrowError(ctx, "TypeError", "WeakRef: target must be an object");
  const WeakCell* cell = PushOrMakeCell(ctx, 0);
  auto* reference = new WeakReference{duk_get_heapptr(ctx, 0), cell->alive};
  PushNative(ctx, kWeakRefType, reference);
  KeepAlive(ctx, 0);
  return 1;
}

duk_ret_t Deref(duk_context* ctx) {
  duk_push_this(ctx);
  auto* reference = static_cast<WeakReference*>(GetNative(ctx, -1, kWeakRefType));
  if (reference == nullptr) ThrowError(ctx, "TypeError", "WeakRef.prototype.deref called on incompatible receiver");
  if (!*reference->alive) return 0;
  duk_push_heapptr(ctx, reference->target);
  KeepAlive(ctx, -1);
  return 1;
}

// ---- FinalizationRegistry ------------------------------------------------------------------------------------------------------------

duk_ret_t ConstructRegistry(duk_context* ctx) {
  if (!IsConstructing(ctx)) ThrowError(ctx, "TypeError", "Constructor FinalizationRegistry requires 'new'");
  if (!duk_is_callable(ctx, 0)) ThrowError(ctx, "TypeError", "FinalizationRegistry: cleanup must be callable");
  PushNative(ctx, kRegistryType, nullptr);
  return 1;
}

void RequireRegistry(duk_context* ctx) {
  duk_push_this(ctx);
  if (!IsNative(ctx, -1, kRegistryType)) ThrowError(ctx, "TypeError", "FinalizationRegistry method called on incompatible receiver");
}

duk_ret_t Register(duk_context* ctx) {
  duk_set_top(ctx, 3);
  RequireRegistry(ctx);
  if (!CanBeHeldWeakly(ctx, 0)) ThrowError(ctx, "TypeError", "FinalizationRegistry.prototype.register: invalid target");
  if (duk_strict_equals(ctx, 0, 1))
    ThrowError(ctx, "TypeError", "FinalizationRegistry.prototype.register: target and holdings must not be same");
  return 0;
}

duk_ret_t Unregister(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireRegistry(ctx);
  if (!CanBeHeldWeakly(ctx, 0)) ThrowError(ctx, "TypeError", "Invalid unregisterToken");
  duk_push_false(ctx);
  return 1;
}

constexpr Method kWeakMapMethods[] = {
    {"delete", Delete<kWeakMapType>, 1}, {"get", MapGet, 1}, {"set", MapSet, 2}, {"has", Has<kWeakMapType>, 1}};
constexpr Method kWeakSetMethods[] = {{"delete", Delete<kWeakSetType>, 1}, {"has", Has<kWeakSetType>, 1}, {"add", SetAdd, 1}};
constexpr Method kWeakRefMethods[] = {{"deref", Deref, 0}};
constexpr Method kRegistryMethods[] = {{"register", Register, 2}, {"unregister", Unregister, 1}};

void DefineGlobal(duk_context* ctx, const NativeType& type, duk_c_function construct, int length, std::span<const Method> methods) {
  duk_push_global_object(ctx);
  duk_push_string(ctx, type.name);
  DefineClass(ctx, {.type = &type,
                    .name = type.name,
                    .construct = construct,
                    .construct_length = length,
                    .methods = methods,
                    .members = Class::Members::kEcmaScriptHidden});
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  duk_pop(ctx);
}

}  // namespace

void ReleaseKeptAlive(duk_context* ctx) {
  State& state = StateOf(ctx);
  Push(ctx, state.kept_alive);
  duk_set_length(ctx, -1, 0);
  duk_pop(ctx);
  state.kept_alive_count = 0;
}

void InstallWeak(duk_context* ctx) {
  DefineClass(ctx, {.type = &kWeakCellType, .name = kWeakCellType.name, .construct = nullptr});
  duk_pop(ctx);
  DefineGlobal(ctx, kWeakMapType, Construct<kWeakMapType, true>, 0, kWeakMapMethods);
  DefineGlobal(ctx, kWeakSetType, Construct<kWeakSetType, false>, 0, kWeakSetMethods);
  DefineGlobal(ctx, kWeakRefType, ConstructRef, 1, kWeakRefMethods);
  DefineGlobal(ctx, kRegistryType, ConstructRegistry, 1, kRegistryMethods);
}

}  // namespace edge::js::language
