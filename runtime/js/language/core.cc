// Per-heap state, library files, and the small natives every library file uses.
#include <cstring>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/js/language/promise_core.h"
#include "runtime/js/language/state.h"
#include "runtime/js/lib/language_library.h"

namespace edge::js::language {
namespace {

constexpr const char* kStashRoots = DUK_HIDDEN_SYMBOL("language.roots");
constexpr const char* kStashExposed = DUK_HIDDEN_SYMBOL("language.exposed");

void* InternString(duk_context* ctx, const char* text) {
  duk_push_string(ctx, text);
  return KeepRoot(ctx);
}

void InternRoots(duk_context* ctx, Roots& roots) {
  roots.then = InternString(ctx, "then");
  roots.constructor = InternString(ctx, "constructor");
  roots.value = InternString(ctx, "value");
  roots.done = InternString(ctx, "done");
  roots.next = InternString(ctx, "next");
  roots.length = InternString(ctx, "length");
  roots.kind = InternString(ctx, "kind");
  roots.prototype = InternString(ctx, "prototype");
  roots.hidden_resolver = InternString(ctx, DUK_HIDDEN_SYMBOL("resolver"));
  roots.hidden_weak = InternString(ctx, DUK_HIDDEN_SYMBOL("weak"));
  roots.hidden_uncloneable = InternString(ctx, DUK_HIDDEN_SYMBOL("uncloneable"));
  roots.symbol_iterator = InternString(ctx, DUK_WELLKNOWN_SYMBOL("Symbol.iterator"));
  duk_get_global_string(ctx, "Array");
  duk_get_prop_string(ctx, -1, "prototype");
  roots.array_prototype = KeepRoot(ctx);
  duk_pop(ctx);
}

// Symbols that ES5 code knows nothing about; user code sees one set.
void InstallSymbols(duk_context* ctx) {
  static constexpr const char* kNames[] = {
      "asyncIterator", "hasInstance", "isConcatSpreadable", "iterator",    "match",       "matchAll", "replace",     "search",
      "species",       "split",       "toPrimitive",        "toStringTag", "unscopables", "dispose",  "asyncDispose"};
  duk_get_global_string(ctx, "Symbol");
  for (const char* name : kNames) {
    if (duk_has_prop_string(ctx, -1, name)) continue;
    duk_push_string(ctx, name);
    duk_push_sprintf(ctx, "\x81Symbol.%s\xff", name);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_CLEAR_WEC);
  }
  duk_pop(ctx);
}

// ---- Natives every library file gets -------------------------------------------------------------------------------------------------

// (object, key, value, flags): defines a property that is not enumerable; flags: 'w' writable, 'c' configurable.
duk_ret_t NativeHide(duk_context* ctx) {
  duk_set_top(ctx, 4);
  const std::string_view flags = duk_is_undefined(ctx, 3) ? "wc" : duk_require_string(ctx, 3);
  duk_uint_t define = DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_HAVE_WEC | DUK_DEFPROP_FORCE;
  if (flags.find('w') != std::string_view::npos) define |= DUK_DEFPROP_WRITABLE;
  if (flags.find('c') != std::string_view::npos) define |= DUK_DEFPROP_CONFIGURABLE;
  duk_dup(ctx, 1);
  duk_dup(ctx, 2);
  duk_def_prop(ctx, 0, define);
  return 0;
}

// (object, key, getter, setter): an accessor that is not enumerable but configurable.
duk_ret_t NativeAccessor(duk_context* ctx) {
  duk_set_top(ctx, 4);
  duk_uint_t define = DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE | DUK_DEFPROP_FORCE;
  if (duk_is_function(ctx, 3)) {
    define |= DUK_DEFPROP_HAVE_SETTER;
  } else {
    duk_pop(ctx);
  }
  duk_dup(ctx, 1);
  duk_insert(ctx, 2);
  duk_def_prop(ctx, 0, define);
  return 0;
}

// (target, source): moves the own enumerable functions of `source` to `target`, not enumerable, as a built-in's methods are.
duk_ret_t NativeMethods(duk_context* ctx) {
  duk_set_top(ctx, 2);
  duk_enum(ctx, 1, DUK_ENUM_OWN_PROPERTIES_ONLY | DUK_ENUM_INCLUDE_SYMBOLS);
  while (duk_next(ctx, 2, 1)) {
    duk_def_prop(ctx, 0,
                 DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE |
                     DUK_DEFPROP_FORCE);
  }
  return 0;
}

// (function, length): sets the `length` of a library function whose parameter list does not say it.
duk_ret_t NativeLength(duk_context* ctx) {
  duk_set_top(ctx, 2);
  duk_push_string(ctx, "length");
  duk_dup(ctx, 1);
  duk_def_prop(ctx, 0, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_HAVE_WEC | DUK_DEFPROP_CONFIGURABLE | DUK_DEFPROP_FORCE);
  duk_set_top(ctx, 1);
  return 1;
}

// (name, function): for PushLibraryFunction.
duk_ret_t NativeExpose(duk_context* ctx) {
  duk_set_top(ctx, 2);
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kStashExposed);
  duk_dup(ctx, 0);
  duk_dup(ctx, 1);
  duk_put_prop(ctx, -3);
  return 0;
}

// (name) -> a fresh key that no reflection shows.
duk_ret_t NativePrivateKey(duk_context* ctx) {
  State& state = StateOf(ctx);
  duk_push_sprintf(ctx, "\xffp%u", static_cast<unsigned>(state.next_private_key++));
  return 1;
}

// The global queueMicrotask.
duk_ret_t NativeQueueMicrotask(duk_context* ctx) {
  duk_set_top(ctx, 1);
  if (!duk_is_callable(ctx, 0)) ThrowError(ctx, "TypeError", "queueMicrotask: the argument is not a function");
  EnqueueMicrotask(ctx);
  return 0;
}

// (prototype, name): structuredClone refuses objects with this prototype and says their type.
duk_ret_t NativeUncloneable(duk_context* ctx) {
  duk_set_top(ctx, 2);
  Push(ctx, StateOf(ctx).roots.hidden_uncloneable);
  duk_insert(ctx, 1);
  duk_def_prop(ctx, 0, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_HAVE_WEC | DUK_DEFPROP_FORCE);
  return 0;
}

constexpr LibraryNative kCommonNatives[] = {
    {"hide", NativeHide, 4},     {"accessor", NativeAccessor, 4},     {"methods", NativeMethods, 2},         {"setLength", NativeLength, 2},
    {"expose", NativeExpose, 2}, {"privateKey", NativePrivateKey, 1}, {"uncloneable", NativeUncloneable, 2},
};

void PutNatives(duk_context* ctx, std::span<const LibraryNative> natives) {
  for (const LibraryNative& native : natives) {
    duk_push_string(ctx, native.name);
    duk_push_c_function(ctx, native.function, DUK_VARARGS);
    duk_push_string(ctx, "name");
    duk_push_string(ctx, native.name);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
    duk_push_string(ctx, "length");
    duk_push_int(ctx, native.length);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
    duk_put_prop(ctx, -3);
  }
}

// [ ... native ] -> the same, with Thread, threadResume, threadYield. Takes the global `Duktape` away.
void TakeEngineGlobal(duk_context* ctx) {
  EDGE_CHECK(duk_get_global_string(ctx, "Duktape")) << "the engine's own global is gone before the language runtime was installed";
  duk_get_prop_string(ctx, -1, "Thread");
  duk_get_prop_string(ctx, -1, "resume");
  duk_put_prop_string(ctx, -4, "threadResume");
  duk_get_prop_string(ctx, -1, "yield");
  duk_put_prop_string(ctx, -4, "threadYield");
  duk_put_prop_string(ctx, -3, "Thread");
  duk_pop(ctx);
  duk_push_global_object(ctx);
  duk_del_prop_string(ctx, -1, "Duktape");
  duk_pop(ctx);
}

// [ ... native ] -> the same. The two iterator intrinsics, for library files on `native` and for others on `edge`.
void PutPrototypes(duk_context* ctx, const Roots& roots) {
  Push(ctx, roots.edge_object);
  for (duk_idx_t i = 0; i < 2; ++i) {
    Push(ctx, roots.iterator_prototype);
    duk_put_prop_string(ctx, -2 - i, "iteratorPrototype");
    Push(ctx, roots.async_iterator_prototype);
    duk_put_prop_string(ctx, -2 - i, "asyncIteratorPrototype");
  }
  duk_pop(ctx);
}

// [ ... native ] -> [ ... ].
void RunFile(duk_context* ctx, std::string_view file_name, std::span<const unsigned char> content) {
  PutNatives(ctx, kCommonNatives);
  if (!content.empty() && content[0] == 0xBF) {
    void* buffer = duk_push_fixed_buffer(ctx, content.size());
    std::memcpy(buffer, content.data(), content.size());
    duk_load_function(ctx);
  } else {
    duk_push_lstring(ctx, reinterpret_cast<const char*>(content.data()), content.size());
    duk_push_lstring(ctx, file_name.data(), file_name.size());
    duk_compile(ctx, DUK_COMPILE_EVAL);
  }
  duk_call(ctx, 0);
  // [ ... native function ]
  duk_insert(ctx, -2);
  duk_push_global_object(ctx);
  duk_insert(ctx, -2);
  PushEdgeObject(ctx);
  duk_call(ctx, 3);
  duk_pop(ctx);
}

}  // namespace

const NativeType kHolderType = {"Holder", nullptr, 0};

void* KeepRoot(duk_context* ctx) {
  State& state = StateOf(ctx);
  void* address = duk_get_heapptr(ctx, -1);
  EDGE_CHECK(address != nullptr);
  Push(ctx, state.root_array);
  duk_insert(ctx, -2);
  duk_put_prop_index(ctx, -2, state.root_count++);
  duk_pop(ctx);
  return address;
}

void* NewHolder(duk_context* ctx, uint32_t slots) {
  PushNative(ctx, kHolderType, nullptr);
  if (slots > 0) ResizeSlots(ctx, -1, slots);
  return KeepRoot(ctx);
}

void TakeSlot(duk_context* ctx, duk_idx_t index, uint32_t slot) {
  index = duk_normalize_index(ctx, index);
  PushSlot(ctx, index, slot);
  duk_push_undefined(ctx);
  SetSlot(ctx, index, slot);
}

void PutHiddenMethod(duk_context* ctx, const Method& method) {
  duk_push_string(ctx, method.name);
  const LibraryNative native[] = {{method.name, method.function, method.length}};
  duk_push_object(ctx);
  PutNatives(ctx, native);
  duk_get_prop_string(ctx, -1, method.name);
  duk_remove(ctx, -2);
  duk_def_prop(
      ctx, -3,
      DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE | DUK_DEFPROP_FORCE);
}

void PushIteratorResult(duk_context* ctx, bool done) {
  const Roots& roots = StateOf(ctx).roots;
  duk_push_object(ctx);
  Push(ctx, roots.value);
  duk_pull(ctx, -3);
  duk_put_prop(ctx, -3);
  Push(ctx, roots.done);
  duk_push_boolean(ctx, done ? 1 : 0);
  duk_put_prop(ctx, -3);
}

}  // namespace edge::js::language

namespace edge::js {

using namespace language;  // NOLINT: the public functions of this very package

void PushEdgeObject(duk_context* ctx) { Push(ctx, StateOf(ctx).roots.edge_object); }

void PushLibraryFunction(duk_context* ctx, const char* name) {
  // The stash keeps it alive.
  ExposedFunctions::Entry& known = StateOf(ctx).exposed.At(name);
  if (known.name == name) return Push(ctx, known.function);
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1, kStashExposed);
  duk_get_prop_string(ctx, -1, name);
  EDGE_CHECK(!duk_is_undefined(ctx, -1)) << "no library file exposes " << name;
  duk_remove(ctx, -2);
  duk_remove(ctx, -2);
  known = {name, duk_get_heapptr(ctx, -1)};
}

void RunLibraryFile(duk_context* ctx, std::string_view file_name, std::span<const unsigned char> content,
                    std::span<const LibraryNative> natives) {
  duk_push_object(ctx);
  PutNatives(ctx, natives);
  RunFile(ctx, file_name, content);
}

void InstallLanguage(duk_context* ctx) {
  State& state = MakeState(ctx);
  duk_push_heap_stash(ctx);
  duk_push_bare_object(ctx);
  duk_put_prop_string(ctx, -2, kStashExposed);
  duk_push_array(ctx);
  state.root_array = duk_get_heapptr(ctx, -1);
  duk_put_prop_string(ctx, -2, kStashRoots);
  duk_pop(ctx);

  InternRoots(ctx, state.roots);
  InstallSymbols(ctx);
  DefineClass(ctx, {.type = &kHolderType, .name = kHolderType.name, .construct = nullptr});
  duk_pop(ctx);
  state.ring.holder = NewHolder(ctx, 0);
  state.deferred.holder = NewHolder(ctx, 0);
  state.pool_holder = NewHolder(ctx, kThreadPoolMax);
  state.rejected_holder = NewHolder(ctx, 0);
  duk_push_array(ctx);
  state.kept_alive = KeepRoot(ctx);
  duk_push_object(ctx);
  state.roots.edge_object = KeepRoot(ctx);

  InstallIterators(ctx);
  InstallArray(ctx);
  InstallPromise(ctx);
  InstallCoroutines(ctx);
  InstallMapSet(ctx);
  InstallWeak(ctx);
  InstallRegExp(ctx);
  InstallStructuredClone(ctx);

  // All language files share one `native`, so that one may use what another put there.
  duk_push_object(ctx);
  TakeEngineGlobal(ctx);
  constexpr LibraryNative kQueueMicrotask[] = {{"queueMicrotask", NativeQueueMicrotask, 1}};
  PutNatives(ctx, kQueueMicrotask);
  PutPrototypes(ctx, state.roots);
  PutNatives(ctx, ArrayNatives());
  PutNatives(ctx, TextNatives());
  PutNatives(ctx, CollationNatives());
  PutNatives(ctx, RegExpNatives());
  PutNatives(ctx, CloneNatives());
  PutNatives(ctx, LoweredHelperNatives());
  PutNatives(ctx, IteratorNatives());
  PutNatives(ctx, PromiseNatives());
  PutNatives(ctx, CoroutineNatives());
  PutNatives(ctx, MapSetNatives());
  for (const LibraryFile& file : LanguageLibrary()) {
    duk_dup_top(ctx);
    RunFile(ctx, file.name, file.bytecode);
  }
  duk_pop(ctx);
}

}  // namespace edge::js
