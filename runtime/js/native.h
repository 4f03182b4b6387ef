// Native objects: JavaScript objects whose state lives in C++.
//
// A Map, a Promise, a Request or a Headers is one engine object of its own kind: {type, C++ pointer, a few garbage-collected value
// slots}, made by one allocation, with no hidden property and no finalizer function. Type check = one compare. The engine marks and
// counts the slots; when the object dies it calls the type's `release` with the pointer.
//
//      JavaScript object ----> prototype chain, own properties (as any object)
//        |-- NativeType*
//        |-- void* pointer   --> owned by the object, freed by release()
//        '-- slots[n]        --> JavaScript values the C++ state refers to (bodies, callbacks, Map entries)
//
// Duktape throws by longjmp: a native function holds no C++ object with a destructor across a duk_* call that may throw. Whatever
// must survive a throw is put under a native object first (PushNative), whose release() frees it.
#ifndef EDGE_RUNTIME_JS_NATIVE_H_
#define EDGE_RUNTIME_JS_NATIVE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "duktape.h"

namespace edge::js {

// Makes a C++ state; called any number of times. The caller owns what it makes, and `release` is how to be rid of it.
using NativeMaker = absl::AnyInvocable<void*()>;

// One per C++ class shown to JavaScript; constant, with static storage. The address is the identity of the type.
struct NativeType {
  const char* name;                // as in error messages: "Headers"
  void (*release)(void* pointer);  // called once when the object dies; must not call into the engine; may be null
  uint32_t slots = 0;              // value slots at creation, all undefined; may grow (ResizeSlots)
  // For Isolate::Capture: a maker of states that are as this one is now. They may hold engine pointers of this heap, which stay valid, and
  // pointers to attachments; states that share something must go on sharing it. An isolate is not captured while it holds an object
  // whose type has a release and no `keep`, or whose `keep` returned null.
  NativeMaker (*keep)(void* pointer) = nullptr;
};

// The `keep` of a state that can be copied.
template <typename State>
NativeMaker KeepCopy(void* pointer) {
  return [saved = *static_cast<const State*>(pointer)]() -> void* { return new State(saved); };
}

struct Method {
  const char* name;  // "@@iterator", "@@asyncIterator", "@@toStringTag" ... name the well-known symbol
  duk_c_function function;
  int length;  // the JavaScript `length`; the function is called with a variable argument count
};

struct Accessor {
  const char* name;
  duk_c_function getter;
  duk_c_function setter = nullptr;
};

// What DefineClass makes: a constructor with prototype, methods and accessors (enumerable as WebIDL says, or not as ECMAScript says).
struct Class {
  const NativeType* type;
  const char* name;
  duk_c_function construct;  // null: `new X()` throws TypeError "Illegal constructor"
  int construct_length = 0;
  std::span<const Method> methods = {};
  std::span<const Accessor> accessors = {};
  std::span<const Method> static_methods = {};
  const NativeType* parent = nullptr;  // its class must have been defined before
  enum class Members { kWebIdlEnumerable, kEcmaScriptHidden } members = Members::kWebIdlEnumerable;
  const char* to_string_tag = nullptr;  // null: `name`
};

// [ ... ] -> [ ... constructor ]. Creates the class in this heap, remembers its prototype for PushNative, does not assign a global.
void DefineClass(duk_context* ctx, const Class& definition);

// [ ... ] -> [ ... object ]. A new object of the type with the class's prototype (or, inside a construct call made through
// Reflect.construct or `super()`, new.target's prototype). Takes ownership of `pointer` at once: also when this throws for want of memory
// it calls type.release(pointer).
void PushNative(duk_context* ctx, const NativeType& type, void* pointer);

// The pointer of the value at `index`; null if that is not an object of exactly this type (subclasses in JavaScript are).
void* GetNative(duk_context* ctx, duk_idx_t index, const NativeType& type);
bool IsNative(duk_context* ctx, duk_idx_t index, const NativeType& type);

// Like GetNative; throws TypeError "Illegal invocation" if the value is of another type.
void* RequireNative(duk_context* ctx, duk_idx_t index, const NativeType& type);
// The same for `this` of the running native function. Pushes nothing.
void* RequireThis(duk_context* ctx, const NativeType& type);

template <typename T>
T& This(duk_context* ctx, const NativeType& type) {
  return *static_cast<T*>(RequireThis(ctx, type));
}

// Slots. `index` names the native object; `slot` < the number of slots.
// [ ... value ] -> [ ... ]
void SetSlot(duk_context* ctx, duk_idx_t index, uint32_t slot);
// [ ... ] -> [ ... value ]
void PushSlot(duk_context* ctx, duk_idx_t index, uint32_t slot);
void ResizeSlots(duk_context* ctx, duk_idx_t index, uint32_t slots);
uint32_t SlotCount(duk_context* ctx, duk_idx_t index);

// [ ... ] -> [ ... prototype ] of a defined class.
void PushPrototype(duk_context* ctx, const NativeType& type);

// True inside a native constructor that was called with `new`, Reflect.construct or super().
bool IsConstructing(duk_context* ctx);

// Strings. Duktape holds strings as CESU-8 (a surrogate pair is two 3-byte sequences); the outside world is UTF-8.
// [ ... ] -> [ ... string ]. Invalid UTF-8 becomes U+FFFD as the WHATWG decoder does.
void PushUtf8(duk_context* ctx, std::string_view utf8);
// The string at `index` as UTF-8 with lone surrogates replaced by U+FFFD (WebIDL USVString). The view points into the engine's string, or
// into a buffer that is kept alive by replacing the value at `index`, so it is valid while the value stays on the stack. Coerces by
// ToString (may throw).
std::string_view RequireUtf8(duk_context* ctx, duk_idx_t index);

// Throws, without returning: a JavaScript error of the named constructor ("TypeError", "RangeError", "SyntaxError", "Error"), or a
// DOMException with the given name ("NotSupportedError", "AbortError", ...). `printf` formatting; the text is UTF-8.
[[noreturn]] void ThrowError(duk_context* ctx, const char* constructor, const char* format, ...) __attribute__((format(printf, 3, 4)));
[[noreturn]] void ThrowDomException(duk_context* ctx, const char* name, const char* format, ...) __attribute__((format(printf, 3, 4)));

// [ ... constructor ] -> [ ... ]. The web platform gives the DOMException constructor (message, name) that ThrowDomException uses from then
// on.
void SetDomExceptionConstructor(duk_context* ctx);

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_NATIVE_H_
