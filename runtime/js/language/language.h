// The language runtime: what makes the ES5 engine a modern one for lowered code.
//
// Lowering turns async functions, generators and `for await` into calls of the `edge` support object; the library parts of the language
// (Promise, Map, iterators, RegExp, Array.prototype.flat ...) are C++ natives in this folder and ES5 glue in runtime/js/lib.
//
//      lowered code --> edge.async(body) --> pooled engine thread runs body
//                                              | edge.await(v) = yield to the resumer
//                                              v
//      RunMicrotasks <-- ring of jobs <-- reaction {resume thread} on the awaited promise
//
// Everything is per heap: InstallLanguage makes the state, and the functions below find it from any duk_context of that heap. None of them
// suspends the fiber on its own; those that run JavaScript say so (running JavaScript may yield the fiber in the interrupt hook).
#ifndef EDGE_RUNTIME_JS_LANGUAGE_LANGUAGE_H_
#define EDGE_RUNTIME_JS_LANGUAGE_LANGUAGE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "duktape.h"

namespace edge::js {

// Installs natives and library files into a fresh heap, and takes the engine's own `Duktape` global away. Called once, before any user
// code. Throws (engine error) when the heap is out of memory.
void InstallLanguage(duk_context* ctx);

// [ ... ] -> [ ... function ]. A function that a library file kept for C++ with `native.expose(name, function)`. A name that no file
// exposed is a bug of ours. REQUIRES: `name` is a literal: it is known again by its address.
void PushLibraryFunction(duk_context* ctx, const char* name);

// [ ... ] -> [ ... edge ]. The language-support object that lowered bundles and library files get as their argument.
void PushEdgeObject(duk_context* ctx);

// A C++ function that library files may call as `native.<name>`.
struct LibraryNative {
  const char* name;
  duk_c_function function;
  int length;
};

// Runs one library file (compiled bytecode or source, whose value is `(function (global, native, edge) {...})`), with `natives` as members
// of a fresh `native` object. Runs JavaScript. Throws what the file throws.
void RunLibraryFile(duk_context* ctx, std::string_view file_name, std::span<const unsigned char> content,
                    std::span<const LibraryNative> natives);

// ---- Microtasks ----------------------------------------------------------------------------------------------------------------------

// Runs jobs until the ring is empty, then reports rejections that nobody handled (RejectionHooks). Runs JavaScript; errors of jobs go to
// the promises they belong to or to the uncaught-error hook, never to the caller. Does nothing when called from inside a job; stops when
// the isolate is over a limit.
void RunMicrotasks(duk_context* ctx);
bool HasMicrotasks(duk_context* ctx);

// [ ... function ] -> [ ... ]. queueMicrotask.
void EnqueueMicrotask(duk_context* ctx);

// What the host is told. Each gets the values on the stack and leaves it as it was; it must not throw. Null means: ignore.
struct ErrorHooks {
  void* data = nullptr;
  // [ ... promise reason ]: rejected and without a handler when the microtasks were drained. Once per promise.
  void (*unhandled_rejection)(duk_context* ctx, void* data) = nullptr;
  // [ ... promise reason ]: got a handler after unhandled_rejection was called for it.
  void (*rejection_handled)(duk_context* ctx, void* data) = nullptr;
  // [ ... error ]: thrown by a queueMicrotask callback or by a native reaction.
  void (*uncaught_error)(duk_context* ctx, void* data) = nullptr;
};
void SetErrorHooks(duk_context* ctx, const ErrorHooks& hooks);

// ---- Iteration -----------------------------------------------------------------------------------------------------------------------

// [ ... iterable ] -> [ ... iterator next ]. GetIterator; throws TypeError for what is not iterable. Runs JavaScript.
void OpenIterator(duk_context* ctx);
// [ ... iterator next ] -> [ ... iterator next value ] and true, or the stack as it was and false at the end. Runs JavaScript; throws what
// it throws.
bool IteratorStep(duk_context* ctx);
// [ ... iterator next ] -> [ ... ]. Calls iterator.return() for an early exit.
void CloseIterator(duk_context* ctx);
// [ ... iterable ] -> [ ... array ]. All values in a fresh array; arrays with untouched iteration are copied without running JavaScript.
void IterableToArray(duk_context* ctx);

// ---- Maps ----------------------------------------------------------------------------------------------------------------------------

// [ ... ] -> [ ... map ]. An empty Map.
void PushMap(duk_context* ctx);
// [ ... key value ] -> [ ... ]. As map.set(key, value). REQUIRES: a Map at `index`.
void MapPut(duk_context* ctx, duk_idx_t index);

// ---- Structured clone ----------------------------------------------------------------------------------------------------------------

// [ ... value ] -> [ ... clone ]. Throws DOMException DataCloneError for what cannot be cloned.
void StructuredClone(duk_context* ctx);

// Whether the value at `index` is a BigInt: an object in this engine, one for each integer.
bool IsBigInt(duk_context* ctx, duk_idx_t index);

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_LANGUAGE_LANGUAGE_H_
