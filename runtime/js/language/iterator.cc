// %IteratorPrototype%, array and string iterators, and iteration for native code.
#include "runtime/js/language/state.h"

namespace edge::js::language {
namespace {

enum class IterationKind : uint8_t { kKeys, kValues, kEntries };

struct ArrayIterator {
  IterationKind kind;
  uint32_t position = 0;
};
void ReleaseArrayIterator(void* pointer) { delete static_cast<ArrayIterator*>(pointer); }
// Slot 0: what is iterated; undefined at the end.
const NativeType kArrayIteratorType = {"Array Iterator", ReleaseArrayIterator, 1, KeepCopy<ArrayIterator>};

struct StringIterator {
  size_t position = 0;  // bytes of the engine's CESU-8
};
void ReleaseStringIterator(void* pointer) { delete static_cast<StringIterator*>(pointer); }
const NativeType kStringIteratorType = {"String Iterator", ReleaseStringIterator, 1, KeepCopy<StringIterator>};

const NativeType kIteratorPrototypeType = {"Iterator", nullptr, 0};
const NativeType kAsyncIteratorPrototypeType = {"AsyncIterator", nullptr, 0};

template <IterationKind kind>
duk_ret_t MakeArrayIterator(duk_context* ctx) {
  duk_set_top(ctx, 0);
  duk_push_this(ctx);
  duk_to_object(ctx, 0);
  PushNative(ctx, kArrayIteratorType, new ArrayIterator{kind});
  duk_dup(ctx, 0);
  SetSlot(ctx, 1, 0);
  return 1;
}

uint32_t LengthOf(duk_context* ctx, duk_idx_t index) {
  if (duk_is_array(ctx, index)) return static_cast<uint32_t>(duk_get_length(ctx, index));
  Push(ctx, StateOf(ctx).roots.length);
  duk_get_prop(ctx, index);
  const double length = duk_to_number(ctx, -1);
  duk_pop(ctx);
  if (!(length >= 1)) return 0;
  return length >= 4294967295.0 ? 4294967295u : static_cast<uint32_t>(length);
}

duk_ret_t ArrayIteratorNext(duk_context* ctx) {
  duk_set_top(ctx, 0);
  duk_push_this(ctx);
  auto* iterator = static_cast<ArrayIterator*>(GetNative(ctx, 0, kArrayIteratorType));
  if (iterator == nullptr) ThrowError(ctx, "TypeError", "Array Iterator.prototype.next called on incompatible receiver");
  PushSlot(ctx, 0, 0);
  if (duk_is_undefined(ctx, 1)) {
    PushIteratorResult(ctx, true);
    return 1;
  }
  if (iterator->position >= LengthOf(ctx, 1)) {
    duk_push_undefined(ctx);
    SetSlot(ctx, 0, 0);
    duk_push_undefined(ctx);
    PushIteratorResult(ctx, true);
    return 1;
  }
  const uint32_t position = iterator->position++;
  switch (iterator->kind) {
    case IterationKind::kKeys:
      duk_push_number(ctx, position);
      break;
    case IterationKind::kValues:
      duk_get_prop_index(ctx, 1, position);
      break;
    case IterationKind::kEntries:
      duk_get_prop_index(ctx, 1, position);
      duk_push_array(ctx);
      duk_push_number(ctx, position);
      duk_put_prop_index(ctx, -2, 0);
      duk_insert(ctx, -2);
      duk_put_prop_index(ctx, -2, 1);
      break;
  }
  PushIteratorResult(ctx, false);
  return 1;
}

// The length in bytes of the code point at `text`: two surrogates of CESU-8 are one.
size_t CodePointBytes(const char* text, size_t size) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xE0) return size >= 2 ? 2 : size;
  if (first == 0xED && size >= 6 && byte(1) >= 0xA0 && byte(1) < 0xB0 && byte(3) == 0xED && byte(4) >= 0xB0) return 6;
  if (first < 0xF0) return size >= 3 ? 3 : size;
  return size >= 4 ? 4 : size;
}

duk_ret_t MakeStringIterator(duk_context* ctx) {
  duk_set_top(ctx, 0);
  duk_push_this(ctx);
  if (duk_is_null_or_undefined(ctx, 0)) ThrowError(ctx, "TypeError", "String.prototype[Symbol.iterator] called on null or undefined");
  duk_to_string(ctx, 0);
  PushNative(ctx, kStringIteratorType, new StringIterator);
  duk_dup(ctx, 0);
  SetSlot(ctx, 1, 0);
  return 1;
}

duk_ret_t StringIteratorNext(duk_context* ctx) {
  duk_set_top(ctx, 0);
  duk_push_this(ctx);
  auto* iterator = static_cast<StringIterator*>(GetNative(ctx, 0, kStringIteratorType));
  if (iterator == nullptr) ThrowError(ctx, "TypeError", "String Iterator.prototype.next called on incompatible receiver");
  PushSlot(ctx, 0, 0);
  duk_size_t size = 0;
  const char* text = duk_get_lstring(ctx, 1, &size);
  if (text == nullptr || iterator->position >= size) {
    duk_push_undefined(ctx);
    SetSlot(ctx, 0, 0);
    duk_push_undefined(ctx);
    PushIteratorResult(ctx, true);
    return 1;
  }
  const size_t start = iterator->position;
  const size_t length = CodePointBytes(text + start, size - start);
  iterator->position += length;
  duk_push_lstring(ctx, text + start, length);
  PushIteratorResult(ctx, false);
  return 1;
}

duk_ret_t ReturnThis(duk_context* ctx) {
  duk_push_this(ctx);
  return 1;
}

// ---- Natives of lib files ------------------------------------------------------------------------------------------------------------

// (iterable) -> iterator.
duk_ret_t NativeGetIterator(duk_context* ctx) {
  duk_set_top(ctx, 1);
  OpenIterator(ctx);
  duk_pop(ctx);
  return 1;
}

// (iterable) -> a fresh array of its values.
duk_ret_t NativeToArray(duk_context* ctx) {
  duk_set_top(ctx, 1);
  IterableToArray(ctx);
  return 1;
}

constexpr LibraryNative kNatives[] = {{"getIterator", NativeGetIterator, 1}, {"toArray", NativeToArray, 1}};

constexpr Method kArrayIteratorMethods[] = {{"next", ArrayIteratorNext, 0}};
constexpr Method kStringIteratorMethods[] = {{"next", StringIteratorNext, 0}};
constexpr Method kIteratorMethods[] = {{"@@iterator", ReturnThis, 0}};
constexpr Method kAsyncIteratorMethods[] = {{"@@asyncIterator", ReturnThis, 0}};

// Defines the class of an iterator kind: no constructor is visible.
void DefineIterator(duk_context* ctx, const NativeType& type, std::span<const Method> methods, const NativeType* parent) {
  DefineClass(ctx, {.type = &type,
                    .name = type.name,
                    .construct = nullptr,
                    .methods = methods,
                    .parent = parent,
                    .members = Class::Members::kEcmaScriptHidden});
  duk_pop(ctx);
  PushPrototype(ctx, type);
  duk_del_prop_string(ctx, -1, "constructor");
  duk_pop(ctx);
}

// [ ... target ] -> the same.
void PutMethod(duk_context* ctx, const char* name, const char* symbol, duk_c_function function) {
  duk_push_c_function(ctx, function, 0);
  duk_push_string(ctx, "name");
  duk_push_string(ctx, name);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
  if (symbol == nullptr || name[0] != '[') {
    duk_push_string(ctx, name);
    duk_dup(ctx, -2);
    duk_def_prop(ctx, -4, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  }
  if (symbol != nullptr) {
    duk_push_string(ctx, symbol);
    duk_dup(ctx, -2);
    duk_def_prop(ctx, -4, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  }
  duk_pop(ctx);
}

}  // namespace

void InstallIterators(duk_context* ctx) {
  Roots& roots = StateOf(ctx).roots;
  DefineIterator(ctx, kIteratorPrototypeType, kIteratorMethods, nullptr);
  DefineIterator(ctx, kAsyncIteratorPrototypeType, kAsyncIteratorMethods, nullptr);
  DefineIterator(ctx, kArrayIteratorType, kArrayIteratorMethods, &kIteratorPrototypeType);
  DefineIterator(ctx, kStringIteratorType, kStringIteratorMethods, &kIteratorPrototypeType);
  PushPrototype(ctx, kAsyncIteratorPrototypeType);
  duk_push_string(ctx, DUK_WELLKNOWN_SYMBOL("Symbol.toStringTag"));
  duk_del_prop(ctx, -2);
  roots.async_iterator_prototype = KeepRoot(ctx);
  PushPrototype(ctx, kIteratorPrototypeType);
  roots.iterator_prototype = KeepRoot(ctx);
  PushPrototype(ctx, kArrayIteratorType);
  duk_get_prop_string(ctx, -1, "next");
  roots.array_iterator_next = KeepRoot(ctx);
  roots.array_iterator_prototype = KeepRoot(ctx);

  constexpr const char* kIterator = DUK_WELLKNOWN_SYMBOL("Symbol.iterator");
  Push(ctx, roots.array_prototype);
  PutMethod(ctx, "keys", nullptr, MakeArrayIterator<IterationKind::kKeys>);
  PutMethod(ctx, "entries", nullptr, MakeArrayIterator<IterationKind::kEntries>);
  PutMethod(ctx, "values", kIterator, MakeArrayIterator<IterationKind::kValues>);
  duk_get_prop_string(ctx, -1, "values");
  roots.array_values = KeepRoot(ctx);
  duk_pop(ctx);
  // %TypedArray%.prototype: the parent of Uint8Array.prototype.
  duk_get_global_string(ctx, "Uint8Array");
  duk_get_prop_string(ctx, -1, "prototype");
  duk_get_prototype(ctx, -1);
  PutMethod(ctx, "keys", nullptr, MakeArrayIterator<IterationKind::kKeys>);
  PutMethod(ctx, "entries", nullptr, MakeArrayIterator<IterationKind::kEntries>);
  PutMethod(ctx, "values", kIterator, MakeArrayIterator<IterationKind::kValues>);
  duk_pop_3(ctx);
  duk_get_global_string(ctx, "String");
  duk_get_prop_string(ctx, -1, "prototype");
  PutMethod(ctx, "[Symbol.iterator]", kIterator, MakeStringIterator);
  duk_pop_2(ctx);
}

std::span<const LibraryNative> IteratorNatives() { return kNatives; }

}  // namespace edge::js::language

namespace edge::js {

using language::Push;
using language::Roots;
using language::StateOf;

void OpenIterator(duk_context* ctx) {
  const Roots& roots = StateOf(ctx).roots;
  if (!duk_is_null_or_undefined(ctx, -1)) {
    Push(ctx, roots.symbol_iterator);
    duk_get_prop(ctx, -2);
  } else {
    duk_push_undefined(ctx);
  }
  // [ ... iterable method ]
  if (!duk_is_callable(ctx, -1)) {
    duk_pop(ctx);
    ThrowError(ctx, "TypeError", "%s is not iterable", duk_is_object(ctx, -1) ? "object" : duk_safe_to_string(ctx, -1));
  }
  duk_insert(ctx, -2);
  duk_call_method(ctx, 0);
  if (!duk_is_object(ctx, -1)) ThrowError(ctx, "TypeError", "Result of the Symbol.iterator method is not an object");
  Push(ctx, roots.next);
  duk_get_prop(ctx, -2);
}

bool IteratorStep(duk_context* ctx) {
  const Roots& roots = StateOf(ctx).roots;
  duk_dup_top(ctx);
  duk_dup(ctx, -3);
  duk_call_method(ctx, 0);
  if (!duk_is_object(ctx, -1)) ThrowError(ctx, "TypeError", "Iterator result is not an object");
  Push(ctx, roots.done);
  duk_get_prop(ctx, -2);
  const bool done = duk_to_boolean(ctx, -1) != 0;
  duk_pop(ctx);
  if (done) {
    duk_pop(ctx);
    return false;
  }
  Push(ctx, roots.value);
  duk_get_prop(ctx, -2);
  duk_remove(ctx, -2);
  return true;
}

void CloseIterator(duk_context* ctx) {
  duk_pop(ctx);
  duk_get_prop_string(ctx, -1, "return");
  if (duk_is_callable(ctx, -1)) {
    duk_insert(ctx, -2);
    duk_call_method(ctx, 0);
    duk_pop(ctx);
  } else {
    duk_pop_2(ctx);
  }
}

void IterableToArray(duk_context* ctx) {
  const Roots& roots = StateOf(ctx).roots;
  if (duk_is_array(ctx, -1)) {
    // Untouched iteration: Array.prototype[Symbol.iterator] and the iterator's next are the built-in ones.
    Push(ctx, roots.symbol_iterator);
    duk_get_prop(ctx, -2);
    Push(ctx, roots.array_iterator_prototype);
    Push(ctx, roots.next);
    duk_get_prop(ctx, -2);
    const bool untouched = duk_get_heapptr(ctx, -3) == roots.array_values && duk_get_heapptr(ctx, -1) == roots.array_iterator_next;
    duk_pop_3(ctx);
    if (untouched) {
      duk_push_array(ctx);
      for (duk_uarridx_t i = 0; i < duk_get_length(ctx, -2); ++i) {
        duk_get_prop_index(ctx, -2, i);
        duk_put_prop_index(ctx, -2, i);
      }
      duk_remove(ctx, -2);
      return;
    }
  }
  OpenIterator(ctx);
  duk_push_array(ctx);
  duk_insert(ctx, -3);
  for (duk_uarridx_t i = 0; IteratorStep(ctx); ++i) duk_put_prop_index(ctx, -4, i);
  duk_pop_2(ctx);
}

}  // namespace edge::js
