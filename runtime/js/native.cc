#include "runtime/js/native.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/js/isolate_core.h"
#include "runtime/js/utf8.h"

namespace edge::js {

static_assert(sizeof(NativeType) == sizeof(edge_native_type) && offsetof(NativeType, release) == offsetof(edge_native_type, release) &&
              offsetof(NativeType, slots) == offsetof(edge_native_type, slots) &&
              offsetof(NativeType, keep) == offsetof(edge_native_type, keep));

ClassEntry* ClassTable::Find(const NativeType* type) {
  for (size_t i = Start(type);; i = (i + 1) & (entries_.size() - 1)) {
    if (entries_[i].type == type) return &entries_[i];
    if (entries_[i].type == nullptr) return nullptr;
  }
}

void ClassTable::Insert(const ClassEntry& entry) {
  if (ClassEntry* existing = Find(entry.type)) {
    *existing = entry;
    return;
  }
  if ((count_ + 1) * 2 > entries_.size()) {
    std::vector<ClassEntry> old(entries_.size() * 2);
    old.swap(entries_);
    count_ = 0;
    for (const ClassEntry& e : old) {
      if (e.type != nullptr) Insert(e);
    }
  }
  size_t i = Start(entry.type);
  while (entries_[i].type != nullptr) i = (i + 1) & (entries_.size() - 1);
  entries_[i] = entry;
  ++count_;
}

namespace {

const edge_native_type* EngineType(const NativeType& type) { return reinterpret_cast<const edge_native_type*>(&type); }

// The key of the heap stash under which prototypes are kept alive; the index is the number of classes.
constexpr char kClassesKey[] =
    "\xff"
    "edge.classes";

duk_ret_t IllegalConstructor(duk_context* ctx) { ThrowError(ctx, "TypeError", "Illegal constructor"); }

void PushName(duk_context* ctx, const char* name) {
  if (name[0] == '@' && name[1] == '@') {
    // The engine's form of a well-known symbol, whether or not the engine itself knows it.
    duk_push_sprintf(ctx,
                     "\x81"
                     "Symbol.%s"
                     "\xff",
                     name + 2);
  } else {
    duk_push_string(ctx, name);
  }
}

// [ ... function ] -> the same, with own name and length.
void NameFunction(duk_context* ctx, const char* prefix, const char* name, int length) {
  duk_push_string(ctx, "name");
  if (name[0] == '@' && name[1] == '@') {
    duk_push_sprintf(ctx, "%s[Symbol.%s]", prefix, name + 2);
  } else {
    duk_push_sprintf(ctx, "%s%s", prefix, name);
  }
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
  if (length != 0) {  // natives inherit a length of 0
    duk_push_string(ctx, "length");
    duk_push_int(ctx, length);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
  }
}

// [ ... object ] -> [ ... object ].
void DefineMethods(duk_context* ctx, std::span<const Method> methods, Class::Members members) {
  for (const Method& method : methods) {
    const bool symbol = method.name[0] == '@' && method.name[1] == '@';
    PushName(ctx, method.name);
    duk_push_c_function(ctx, method.function, DUK_VARARGS);
    NameFunction(ctx, "", method.name, method.length);
    const bool enumerable = members == Class::Members::kWebIdlEnumerable && !symbol;
    duk_def_prop(ctx, -3,
                 DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE |
                     (enumerable ? DUK_DEFPROP_SET_ENUMERABLE : DUK_DEFPROP_CLEAR_ENUMERABLE));
  }
}

}  // namespace

void DefineClass(duk_context* ctx, const Class& definition) {
  duk_require_stack(ctx, 12);
  IsolateCore& core = CoreOf(ctx);
  duk_push_c_function(ctx, definition.construct != nullptr ? definition.construct : IllegalConstructor, DUK_VARARGS);
  NameFunction(ctx, "", definition.name, definition.construct_length);
  DefineMethods(ctx, definition.static_methods, definition.members);

  duk_push_object(ctx);  // [ constructor prototype ]
  if (definition.parent != nullptr) {
    ClassEntry* parent = core.classes.Find(definition.parent);
    EDGE_CHECK(parent != nullptr) << definition.name << " is defined before its parent " << definition.parent->name;
    duk_push_heapptr(ctx, parent->prototype);
    duk_set_prototype(ctx, -2);
    duk_push_heapptr(ctx, parent->constructor);
    duk_set_prototype(ctx, -3);
  }
  DefineMethods(ctx, definition.methods, definition.members);
  for (const Accessor& accessor : definition.accessors) {
    const bool symbol = accessor.name[0] == '@' && accessor.name[1] == '@';
    PushName(ctx, accessor.name);
    duk_push_c_function(ctx, accessor.getter, 0);
    NameFunction(ctx, "get ", accessor.name, 0);
    duk_uint_t flags = DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_SET_CONFIGURABLE;
    if (accessor.setter != nullptr) {
      duk_push_c_function(ctx, accessor.setter, 1);
      NameFunction(ctx, "set ", accessor.name, 0);
      flags |= DUK_DEFPROP_HAVE_SETTER;
    }
    const bool enumerable = definition.members == Class::Members::kWebIdlEnumerable && !symbol;
    flags |= enumerable ? DUK_DEFPROP_SET_ENUMERABLE : DUK_DEFPROP_CLEAR_ENUMERABLE;
    duk_def_prop(ctx, accessor.setter != nullptr ? -4 : -3, flags);
  }
  PushName(ctx, "@@toStringTag");
  duk_push_string(ctx, definition.to_string_tag != nullptr ? definition.to_string_tag : definition.name);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
  duk_push_string(ctx, "constructor");
  duk_dup(ctx, -3);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE);

  // The stash keeps the prototype (and through its frame the constructor) alive although scripts may replace every reference.
  duk_push_heap_stash(ctx);
  duk_get_prop_lstring(ctx, -1, kClassesKey, sizeof kClassesKey - 1);
  if (duk_is_undefined(ctx, -1)) {
    duk_pop(ctx);
    duk_push_array(ctx);
    duk_dup_top(ctx);
    duk_put_prop_lstring(ctx, -3, kClassesKey, sizeof kClassesKey - 1);
  }
  duk_dup(ctx, -3);
  duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(duk_get_length(ctx, -2)));
  duk_dup(ctx, -4);
  duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(duk_get_length(ctx, -2)));
  duk_pop_2(ctx);

  const ClassEntry entry = {definition.type, duk_get_heapptr(ctx, -1), duk_get_heapptr(ctx, -2)};
  duk_push_string(ctx, "prototype");
  duk_insert(ctx, -2);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_CLEAR_WEC);  // [ constructor ]
  core.classes.Insert(entry);
}

void PushNative(duk_context* ctx, const NativeType& type, void* pointer) {
  IsolateCore& core = CoreOf(ctx);
  ClassEntry* entry = core.classes.Find(&type);
  void* prototype = entry != nullptr ? entry->prototype : nullptr;
  void* new_target = nullptr;
  void* constructor = edge_constructing(ctx, &new_target);
  edge_native_push(ctx, EngineType(type), pointer, prototype);
  if (constructor != nullptr && new_target != nullptr && entry != nullptr && constructor == entry->constructor) {
    duk_push_heapptr(ctx, new_target);
    duk_get_prop_string(ctx, -1, "prototype");
    if (duk_is_object(ctx, -1)) {
      duk_set_prototype(ctx, -3);
    } else {
      duk_pop(ctx);
    }
    duk_pop(ctx);
  }
}

void* GetNative(duk_context* ctx, duk_idx_t index, const NativeType& type) {
  void* pointer = nullptr;
  return edge_native_type_at(ctx, index, &pointer) == EngineType(type) ? pointer : nullptr;
}

bool IsNative(duk_context* ctx, duk_idx_t index, const NativeType& type) {
  void* pointer = nullptr;
  return edge_native_type_at(ctx, index, &pointer) == EngineType(type);
}

void* RequireNative(duk_context* ctx, duk_idx_t index, const NativeType& type) {
  void* pointer = nullptr;
  if (edge_native_type_at(ctx, index, &pointer) != EngineType(type)) ThrowError(ctx, "TypeError", "Illegal invocation");
  return pointer;
}

void* RequireThis(duk_context* ctx, const NativeType& type) {
  void* pointer = nullptr;
  if (edge_native_type_of_this(ctx, &pointer) != EngineType(type)) ThrowError(ctx, "TypeError", "Illegal invocation");
  return pointer;
}

void SetSlot(duk_context* ctx, duk_idx_t index, uint32_t slot) {
  const int done = edge_native_set_slot(ctx, index, slot);
  EDGE_CHECK(done != 0) << "slot " << slot << " of something that has no such slot";
}

void PushSlot(duk_context* ctx, duk_idx_t index, uint32_t slot) {
  const int done = edge_native_push_slot(ctx, index, slot);
  EDGE_CHECK(done != 0) << "slot " << slot << " of something that has no such slot";
}

void ResizeSlots(duk_context* ctx, duk_idx_t index, uint32_t slots) {
  const int done = edge_native_resize(ctx, index, slots);
  EDGE_CHECK(done != 0) << "slots of something that has none";
}

uint32_t SlotCount(duk_context* ctx, duk_idx_t index) {
  uint32_t count = 0;
  const int done = edge_native_slot_count(ctx, index, &count);
  EDGE_CHECK(done != 0) << "slots of something that has none";
  return count;
}

void PushPrototype(duk_context* ctx, const NativeType& type) {
  ClassEntry* entry = CoreOf(ctx).classes.Find(&type);
  EDGE_CHECK(entry != nullptr) << "the class " << type.name << " is not defined";
  duk_push_heapptr(ctx, entry->prototype);
}

bool IsConstructing(duk_context* ctx) { return duk_is_constructor_call(ctx) != 0; }

void PushUtf8(duk_context* ctx, std::string_view utf8) {
  // What the engine holds is the same bytes, except for characters above U+FFFF and for what is not UTF-8.
  const size_t plain = PlainPrefix(utf8);
  if (plain == utf8.size()) {
    duk_push_lstring(ctx, utf8.data(), utf8.size());
    return;
  }
  const size_t size = Cesu8Size(utf8);
  char* out = static_cast<char*>(duk_push_fixed_buffer(ctx, size));
  ConvertToCesu8(utf8, out);
  duk_push_lstring(ctx, out, size);
  duk_remove(ctx, -2);
}

std::string_view RequireUtf8(duk_context* ctx, duk_idx_t index) {
  index = duk_require_normalize_index(ctx, index);
  if (duk_is_symbol(ctx, index)) ThrowError(ctx, "TypeError", "Cannot convert a Symbol value to a string");
  duk_size_t size = 0;
  const char* text = duk_to_lstring(ctx, index, &size);
  const std::string_view cesu8(text, size);
  if (!HasSurrogates(cesu8)) return cesu8;
  const size_t utf8_size = Utf8Size(cesu8);
  char* out = static_cast<char*>(duk_push_fixed_buffer(ctx, utf8_size));
  ConvertToUtf8(cesu8, out);
  duk_replace(ctx, index);
  return {out, utf8_size};
}

namespace {

// A message formatted before anything is thrown, so that no C++ object is alive then.
constexpr size_t kMessageMax = 1024;

}  // namespace

void ThrowError(duk_context* ctx, const char* constructor, const char* format, ...) {
  char message[kMessageMax];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  duk_errcode_t code = DUK_ERR_ERROR;
  if (std::strcmp(constructor, "TypeError") == 0)
    code = DUK_ERR_TYPE_ERROR;
  else if (std::strcmp(constructor, "RangeError") == 0)
    code = DUK_ERR_RANGE_ERROR;
  else if (std::strcmp(constructor, "SyntaxError") == 0)
    code = DUK_ERR_SYNTAX_ERROR;
  else if (std::strcmp(constructor, "ReferenceError") == 0)
    code = DUK_ERR_REFERENCE_ERROR;
  else if (std::strcmp(constructor, "EvalError") == 0)
    code = DUK_ERR_EVAL_ERROR;
  else if (std::strcmp(constructor, "URIError") == 0)
    code = DUK_ERR_URI_ERROR;
  else
    EDGE_CHECK(std::strcmp(constructor, "Error") == 0) << "no error constructor " << constructor;
  duk_push_error_object(ctx, code, "%s", "");
  PushUtf8(ctx, message);
  duk_put_prop_string(ctx, -2, "message");
  duk_throw(ctx);
  __builtin_unreachable();
}

void SetDomExceptionConstructor(duk_context* ctx) {
  duk_push_heap_stash(ctx);
  duk_insert(ctx, -2);
  duk_put_prop_string(ctx, -2,
                      "\xff"
                      "edge.DOMException");
  duk_pop(ctx);
}

void ThrowDomException(duk_context* ctx, const char* name, const char* format, ...) {
  char message[kMessageMax];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  duk_push_heap_stash(ctx);
  duk_get_prop_string(ctx, -1,
                      "\xff"
                      "edge.DOMException");
  if (duk_is_constructable(ctx, -1)) {
    PushUtf8(ctx, message);
    duk_push_string(ctx, name);
    duk_new(ctx, 2);
  } else {
    // Before the web platform is installed: an error that says the same.
    duk_push_error_object(ctx, DUK_ERR_ERROR, "%s", message);
    duk_push_string(ctx, name);
    duk_put_prop_string(ctx, -2, "name");
  }
  duk_throw(ctx);
  __builtin_unreachable();
}

}  // namespace edge::js
