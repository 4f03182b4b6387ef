// Map and Set: the table of ordered_table.h over the slots of one native object.
#include <utility>

#include "runtime/js/language/ordered_table.h"
#include "runtime/js/language/state.h"

namespace edge::js::language {
namespace {

void ReleaseTable(void* pointer) { static_cast<OrderedTable*>(pointer)->Release(); }

// A reference on a table.
class HeldTable {
 public:
  explicit HeldTable(OrderedTable& table) : table_(&table) { table_->Retain(); }
  HeldTable(HeldTable&& other) noexcept : table_(std::exchange(other.table_, nullptr)) {}
  ~HeldTable() {
    if (table_ != nullptr) table_->Release();
  }
  OrderedTable& operator*() const { return *table_; }

 private:
  OrderedTable* table_;
};

// The very same table, since its iterators refer to it: kept from dying, and given its content back.
NativeMaker KeepTable(void* pointer) {
  auto& table = *static_cast<OrderedTable*>(pointer);
  return [held = HeldTable(table), content = table.content()]() -> void* {
    (*held).set_content(content);
    (*held).Retain();
    return &*held;
  };
}

const NativeType kMapType = {"Map", ReleaseTable, 0, KeepTable};
const NativeType kSetType = {"Set", ReleaseTable, 0, KeepTable};

enum class IterationKind : uint8_t { kKeys, kValues, kEntries };

struct TableIterator {
  OrderedTable* table;
  IterationKind kind;
  OrderedTable::Cursor cursor;
};

void ReleaseIterator(void* pointer) {
  auto* iterator = static_cast<TableIterator*>(pointer);
  if (iterator->table != nullptr) {
    iterator->table->Detach(iterator->cursor);
    iterator->table->Release();
  }
  delete iterator;
}

NativeMaker KeepIterator(void* pointer) {
  const auto& iterator = *static_cast<TableIterator*>(pointer);
  const IterationKind kind = iterator.kind;
  if (iterator.table == nullptr) return [kind]() -> void* { return new TableIterator{nullptr, kind, {}}; };
  return [kind, held = HeldTable(*iterator.table), position = iterator.cursor.position]() -> void* {
    auto* made = new TableIterator{&*held, kind, {.position = position}};
    made->table->Retain();
    made->table->Attach(made->cursor);
    return made;
  };
}

// Slot 0: the Map or Set; undefined at the end.
const NativeType kMapIteratorType = {"Map Iterator", ReleaseIterator, 1, KeepIterator};
const NativeType kSetIteratorType = {"Set Iterator", ReleaseIterator, 1, KeepIterator};

struct MapTraits {
  static constexpr const NativeType& kType = kMapType;
  static constexpr const NativeType& kIteratorType = kMapIteratorType;
  static constexpr uint32_t kStride = 2;
  static constexpr const char* kName = "Map";
};
struct SetTraits {
  static constexpr const NativeType& kType = kSetType;
  static constexpr const NativeType& kIteratorType = kSetIteratorType;
  static constexpr uint32_t kStride = 1;
  static constexpr const char* kName = "Set";
};

// Pushes `this` and returns its table.
template <typename Traits>
OrderedTable& PushThisTable(duk_context* ctx) {
  duk_push_this(ctx);
  void* table = GetNative(ctx, -1, Traits::kType);
  if (table == nullptr) ThrowError(ctx, "TypeError", "%s method called on incompatible receiver", Traits::kName);
  return *static_cast<OrderedTable*>(table);
}

template <typename Traits>
void SqueezeIfDue(duk_context* ctx, duk_idx_t object, OrderedTable& table) {
  if (!table.WantsSqueeze()) return;
  table.PrepareSqueeze();
  table.Squeeze([&](uint32_t from, uint32_t to) {
    for (uint32_t k = 0; k < Traits::kStride; ++k) {
      TakeSlot(ctx, object, from * Traits::kStride + k);
      SetSlot(ctx, object, to * Traits::kStride + k);
    }
  });
  ResizeSlots(ctx, object, std::max<uint32_t>(8, table.size() * 2) * Traits::kStride);
}

// [ ... object ... key (value) ] -> the same. Inserts or overwrites.
template <typename Traits>
void Put(duk_context* ctx, duk_idx_t object, OrderedTable& table, duk_idx_t key, duk_idx_t value) {
  const TableKey table_key = KeyOf(ctx, key);
  uint32_t entry = table.Find(table_key);
  if (entry == OrderedTable::kNone) {
    SqueezeIfDue<Traits>(ctx, object, table);
    const uint32_t capacity = SlotCount(ctx, object) / Traits::kStride;
    if (table.entry_count() >= capacity) ResizeSlots(ctx, object, (capacity == 0 ? 4 : capacity * 2) * Traits::kStride);
    entry = table.Append(table_key);
    if (table_key.tag == DUK_TYPE_NUMBER && table_key.bits == 0) {
      duk_push_int(ctx, 0);
    } else {
      duk_dup(ctx, key);
    }
    SetSlot(ctx, object, entry * Traits::kStride);
  }
  if constexpr (Traits::kStride == 2) {
    duk_dup(ctx, value);
    SetSlot(ctx, object, entry * 2 + 1);
  }
}

template <typename Traits>
duk_ret_t Has(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const OrderedTable& table = PushThisTable<Traits>(ctx);
  duk_push_boolean(ctx, table.Find(KeyOf(ctx, 0)) != OrderedTable::kNone ? 1 : 0);
  return 1;
}

duk_ret_t MapGet(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const OrderedTable& table = PushThisTable<MapTraits>(ctx);
  const uint32_t entry = table.Find(KeyOf(ctx, 0));
  if (entry == OrderedTable::kNone) return 0;
  PushSlot(ctx, 1, entry * 2 + 1);
  return 1;
}

duk_ret_t MapSet(duk_context* ctx) {
  duk_set_top(ctx, 2);
  OrderedTable& table = PushThisTable<MapTraits>(ctx);
  Put<MapTraits>(ctx, 2, table, 0, 1);
  return 1;
}

duk_ret_t SetAdd(duk_context* ctx) {
  duk_set_top(ctx, 1);
  OrderedTable& table = PushThisTable<SetTraits>(ctx);
  Put<SetTraits>(ctx, 1, table, 0, 0);
  return 1;
}

template <typename Traits>
duk_ret_t Delete(duk_context* ctx) {
  duk_set_top(ctx, 1);
  OrderedTable& table = PushThisTable<Traits>(ctx);
  const uint32_t entry = table.Remove(KeyOf(ctx, 0));
  for (uint32_t k = 0; entry != OrderedTable::kNone && k < Traits::kStride; ++k) {
    duk_push_undefined(ctx);
    SetSlot(ctx, 1, entry * Traits::kStride + k);
  }
  duk_push_boolean(ctx, entry != OrderedTable::kNone ? 1 : 0);
  return 1;
}

template <typename Traits>
duk_ret_t Clear(duk_context* ctx) {
  duk_set_top(ctx, 0);
  OrderedTable& table = PushThisTable<Traits>(ctx);
  table.Clear();
  ResizeSlots(ctx, 0, 0);
  return 0;
}

template <typename Traits>
duk_ret_t Size(duk_context* ctx) {
  duk_push_number(ctx, PushThisTable<Traits>(ctx).size());
  return 1;
}

// [ ... ] -> [ ... iterator ]. Over the Map or Set at `object`.
template <typename Traits>
TableIterator* PushIterator(duk_context* ctx, duk_idx_t object, OrderedTable& table, IterationKind kind) {
  auto* iterator = new TableIterator{&table, kind, {}};
  table.Retain();
  table.Attach(iterator->cursor);
  PushNative(ctx, Traits::kIteratorType, iterator);
  duk_dup(ctx, object);
  SetSlot(ctx, -2, 0);
  return iterator;
}

template <typename Traits, IterationKind kind>
duk_ret_t MakeIterator(duk_context* ctx) {
  duk_set_top(ctx, 0);
  OrderedTable& table = PushThisTable<Traits>(ctx);
  PushIterator<Traits>(ctx, 0, table, kind);
  return 1;
}

template <typename Traits>
duk_ret_t IteratorNext(duk_context* ctx) {
  duk_set_top(ctx, 0);
  duk_push_this(ctx);
  auto* iterator = static_cast<TableIterator*>(GetNative(ctx, 0, Traits::kIteratorType));
  if (iterator == nullptr) ThrowError(ctx, "TypeError", "%s Iterator.prototype.next called on incompatible receiver", Traits::kName);
  const uint32_t entry = iterator->table == nullptr ? OrderedTable::kNone : iterator->table->Advance(iterator->cursor);
  if (entry == OrderedTable::kNone) {
    if (iterator->table != nullptr) {
      OrderedTable* table = std::exchange(iterator->table, nullptr);
      table->Detach(iterator->cursor);
      table->Release();
      duk_push_undefined(ctx);
      SetSlot(ctx, 0, 0);
    }
    duk_push_undefined(ctx);
    PushIteratorResult(ctx, true);
    return 1;
  }
  PushSlot(ctx, 0, 0);
  const uint32_t slot = entry * Traits::kStride;
  switch (iterator->kind) {
    case IterationKind::kKeys:
      PushSlot(ctx, 1, slot);
      break;
    case IterationKind::kValues:
      PushSlot(ctx, 1, slot + Traits::kStride - 1);
      break;
    case IterationKind::kEntries:
      duk_push_array(ctx);
      PushSlot(ctx, 1, slot);
      duk_put_prop_index(ctx, -2, 0);
      PushSlot(ctx, 1, slot + Traits::kStride - 1);
      duk_put_prop_index(ctx, -2, 1);
      break;
  }
  PushIteratorResult(ctx, false);
  return 1;
}

// forEach(callback, this_argument). The iterator object on the stack keeps the position through everything the callback does.
template <typename Traits>
duk_ret_t ForEach(duk_context* ctx) {
  duk_set_top(ctx, 2);
  OrderedTable& table = PushThisTable<Traits>(ctx);
  if (!duk_is_callable(ctx, 0)) ThrowError(ctx, "TypeError", "%s.prototype.forEach: callback is not a function", Traits::kName);
  TableIterator* iterator = PushIterator<Traits>(ctx, 2, table, IterationKind::kKeys);
  for (;;) {
    const uint32_t entry = table.Advance(iterator->cursor);
    if (entry == OrderedTable::kNone) return 0;
    duk_dup(ctx, 0);
    duk_dup(ctx, 1);
    PushSlot(ctx, 2, entry * Traits::kStride + Traits::kStride - 1);
    PushSlot(ctx, 2, entry * Traits::kStride);
    duk_dup(ctx, 2);
    duk_call_method(ctx, 3);
    duk_pop(ctx);
  }
}

// Adds the values of an iterable. [ iterable ... object ] with the object at index 1. `adder` is looked up, as subclasses may override it.
template <typename Traits>
void FillFromIterable(duk_context* ctx, OrderedTable& table, duk_c_function own_adder, const char* adder_name) {
  duk_get_prop_string(ctx, 1, adder_name);
  if (!duk_is_callable(ctx, 2)) ThrowError(ctx, "TypeError", "'%s' of the new %s is not a function", adder_name, Traits::kName);
  const bool direct = duk_get_c_function(ctx, 2) == own_adder;
  duk_dup(ctx, 0);
  OpenIterator(ctx);
  // [ iterable object adder iterator next ]
  while (IteratorStep(ctx)) {
    if constexpr (Traits::kStride == 2) {
      if (!duk_is_object(ctx, 5)) {
        duk_pop(ctx);
        CloseIterator(ctx);
        ThrowError(ctx, "TypeError", "Iterator value is not an entry object");
      }
      duk_get_prop_index(ctx, 5, 0);
      duk_get_prop_index(ctx, 5, 1);
      duk_remove(ctx, 5);
    }
    if (direct) {
      Put<Traits>(ctx, 1, table, 5, 6);
    } else {
      duk_dup(ctx, 2);
      duk_insert(ctx, 5);
      duk_dup(ctx, 1);
      duk_insert(ctx, 6);
      if (duk_pcall_method(ctx, static_cast<duk_idx_t>(Traits::kStride)) != DUK_EXEC_SUCCESS) {
        duk_insert(ctx, 3);
        CloseIterator(ctx);
        (void)duk_throw(ctx);
      }
    }
    duk_set_top(ctx, 5);
  }
}

template <typename Traits>
duk_ret_t Construct(duk_context* ctx) {
  if (!IsConstructing(ctx)) ThrowError(ctx, "TypeError", "Constructor %s requires 'new'", Traits::kName);
  duk_set_top(ctx, 1);
  auto* table = new OrderedTable;
  PushNative(ctx, Traits::kType, table);
  if (!duk_is_null_or_undefined(ctx, 0)) {
    if constexpr (Traits::kStride == 2) {
      FillFromIterable<Traits>(ctx, *table, MapSet, "set");
    } else {
      FillFromIterable<Traits>(ctx, *table, SetAdd, "add");
    }
  }
  duk_set_top(ctx, 2);
  return 1;
}

duk_ret_t Species(duk_context* ctx) {
  duk_push_this(ctx);
  return 1;
}

constexpr Method kMapMethods[] = {
    {"get", MapGet, 1},
    {"set", MapSet, 2},
    {"has", Has<MapTraits>, 1},
    {"delete", Delete<MapTraits>, 1},
    {"clear", Clear<MapTraits>, 0},
    {"entries", MakeIterator<MapTraits, IterationKind::kEntries>, 0},
    {"forEach", ForEach<MapTraits>, 1},
    {"keys", MakeIterator<MapTraits, IterationKind::kKeys>, 0},
    {"values", MakeIterator<MapTraits, IterationKind::kValues>, 0},
};
constexpr Method kSetMethods[] = {
    {"has", Has<SetTraits>, 1},
    {"add", SetAdd, 1},
    {"delete", Delete<SetTraits>, 1},
    {"clear", Clear<SetTraits>, 0},
    {"entries", MakeIterator<SetTraits, IterationKind::kEntries>, 0},
    {"forEach", ForEach<SetTraits>, 1},
    {"values", MakeIterator<SetTraits, IterationKind::kValues>, 0},
};
constexpr Accessor kMapAccessors[] = {{"size", Size<MapTraits>}};
constexpr Accessor kSetAccessors[] = {{"size", Size<SetTraits>}};
constexpr Method kMapIteratorMethods[] = {{"next", IteratorNext<MapTraits>, 0}};
constexpr Method kSetIteratorMethods[] = {{"next", IteratorNext<SetTraits>, 0}};

void Hide(duk_context* ctx, duk_idx_t object) {
  duk_def_prop(ctx, object,
               DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
}

// Makes `alias` the same function as `name` on the prototype of the type.
void Alias(duk_context* ctx, const NativeType& type, const char* name, const char* alias) {
  PushPrototype(ctx, type);
  duk_push_string(ctx, alias);
  duk_get_prop_string(ctx, -2, name);
  Hide(ctx, -3);
  duk_pop(ctx);
}

void DefineIteratorClass(duk_context* ctx, const NativeType& type, std::span<const Method> methods) {
  DefineClass(ctx,
              {.type = &type, .name = type.name, .construct = nullptr, .methods = methods, .members = Class::Members::kEcmaScriptHidden});
  duk_pop(ctx);
  PushPrototype(ctx, type);
  duk_del_prop_string(ctx, -1, "constructor");
  Push(ctx, StateOf(ctx).roots.iterator_prototype);
  duk_set_prototype(ctx, -2);
  duk_pop(ctx);
}

// [ ... constructor ] -> [ ... ].
void PutGlobal(duk_context* ctx, const char* name) {
  duk_push_string(ctx, DUK_WELLKNOWN_SYMBOL("Symbol.species"));
  duk_push_c_function(ctx, Species, 0);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  duk_push_global_object(ctx);
  duk_insert(ctx, -2);
  duk_push_string(ctx, name);
  duk_insert(ctx, -2);
  Hide(ctx, -3);
  duk_pop(ctx);
}

// (value) -> "Map", "Set" or undefined.
duk_ret_t NativeCollectionKind(duk_context* ctx) {
  if (IsNative(ctx, 0, kMapType)) {
    duk_push_string(ctx, "Map");
  } else if (IsNative(ctx, 0, kSetType)) {
    duk_push_string(ctx, "Set");
  } else {
    return 0;
  }
  return 1;
}

constexpr LibraryNative kNatives[] = {{"collectionKind", NativeCollectionKind, 1}};

}  // namespace

CollectionKind CollectionKindOf(duk_context* ctx, duk_idx_t index) {
  return IsNative(ctx, index, kMapType)   ? CollectionKind::kMap
         : IsNative(ctx, index, kSetType) ? CollectionKind::kSet
                                          : CollectionKind::kNone;
}

void PushCollection(duk_context* ctx, CollectionKind kind) {
  PushNative(ctx, kind == CollectionKind::kMap ? kMapType : kSetType, new OrderedTable);
}

void PushCollectionEntries(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  const uint32_t stride = CollectionKindOf(ctx, index) == CollectionKind::kMap ? 2 : 1;
  const auto& table = *static_cast<OrderedTable*>(stride == 2 ? GetNative(ctx, index, kMapType) : GetNative(ctx, index, kSetType));
  duk_push_array(ctx);
  duk_uarridx_t count = 0;
  for (uint32_t entry = 0; entry < table.entry_count(); ++entry) {
    if (!table.IsLive(entry)) continue;
    for (uint32_t k = 0; k < stride; ++k) {
      PushSlot(ctx, index, entry * stride + k);
      duk_put_prop_index(ctx, -2, count++);
    }
  }
}

void CollectionPut(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  const duk_idx_t top = duk_get_top_index(ctx);
  if (auto* map = static_cast<OrderedTable*>(GetNative(ctx, index, kMapType))) {
    Put<MapTraits>(ctx, index, *map, top - 1, top);
    duk_pop_2(ctx);
  } else {
    Put<SetTraits>(ctx, index, *static_cast<OrderedTable*>(RequireNative(ctx, index, kSetType)), top, top);
    duk_pop(ctx);
  }
}

void InstallMapSet(duk_context* ctx) {
  DefineIteratorClass(ctx, kMapIteratorType, kMapIteratorMethods);
  DefineIteratorClass(ctx, kSetIteratorType, kSetIteratorMethods);
  DefineClass(ctx, {.type = &kMapType,
                    .name = "Map",
                    .construct = Construct<MapTraits>,
                    .methods = kMapMethods,
                    .accessors = kMapAccessors,
                    .members = Class::Members::kEcmaScriptHidden});
  PutGlobal(ctx, "Map");
  DefineClass(ctx, {.type = &kSetType,
                    .name = "Set",
                    .construct = Construct<SetTraits>,
                    .methods = kSetMethods,
                    .accessors = kSetAccessors,
                    .members = Class::Members::kEcmaScriptHidden});
  PutGlobal(ctx, "Set");
  Alias(ctx, kMapType, "entries", DUK_WELLKNOWN_SYMBOL("Symbol.iterator"));
  Alias(ctx, kSetType, "values", DUK_WELLKNOWN_SYMBOL("Symbol.iterator"));
  Alias(ctx, kSetType, "values", "keys");
}

std::span<const LibraryNative> MapSetNatives() { return kNatives; }

}  // namespace edge::js::language

namespace edge::js {

void PushMap(duk_context* ctx) { language::PushCollection(ctx, language::CollectionKind::kMap); }
void MapPut(duk_context* ctx, duk_idx_t index) { language::CollectionPut(ctx, index); }

}  // namespace edge::js
