// What edge adds to the engine, as C functions: the engine is one C file, and edge_engine.c is compiled at its end so that it sees the
// internals.
//
// The heap's user data is an edge_host: the engine asks it for time, randomness and the next stretch of instructions, and tells it about
// memory. Nothing here is global, so several heaps live in one process.
#ifndef EDGE_RUNTIME_JS_ENGINE_EDGE_ENGINE_H_
#define EDGE_RUNTIME_JS_ENGINE_EDGE_ENGINE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct duk_hthread;

// The layout of edge::js::NativeType.
struct edge_native_type {
  const char* name;
  void (*release)(void* pointer);
  uint32_t slots;
  void (*keep)(void); /* of another type, and none of the engine's business */
};

// One line of a stack trace. The texts are the engine's, valid during the call.
struct edge_frame {
  const char* function;  // "" if it has no name
  const char* file;      // "" for natives
  uint32_t line;
  int is_native;
  int is_construct;
};

struct edge_host {
  // Called when the stretch of instructions granted last has been executed. `extra` more were charged without being waited for
  // (collections). Returns how many may be executed before the next call; 0 or less ends all JavaScript of this heap for good. May suspend
  // the fiber.
  int64_t (*interrupt)(struct edge_host* host, int64_t extra);
  double (*now_ms)(struct edge_host* host);
  double (*random)(struct edge_host* host);
  // An allocation failed after collections. Returns nonzero to have it tried once more.
  int (*out_of_memory)(struct edge_host* host, size_t size);
  // Writes the frame's line of error.stack, beginning with a line feed, and returns its length; 0 leaves the frame out.
  size_t (*format_frame)(struct edge_host* host, const struct edge_frame* frame, char* out, size_t size);
  // JavaScript, the compiler and natives that recurse throw RangeError when the stack pointer comes below this.
  char* stack_limit;
};

// ---- The heap of a context ----
struct edge_host* edge_host_of(struct duk_hthread* ctx);
// Instructions left in the stretch granted last. May be set from outside JavaScript and inside.
int32_t edge_get_counter(struct duk_hthread* ctx);
void edge_set_counter(struct duk_hthread* ctx, int32_t instructions);
// Counts instructions that a native did; throws when the budget is gone; may suspend the fiber.
void edge_charge(struct duk_hthread* ctx, int64_t instructions);
// The same from a place that may neither throw nor suspend; the cost shows at the next instruction.
void edge_charge_quietly(struct duk_hthread* ctx, int64_t instructions);
int edge_is_terminating(struct duk_hthread* ctx);
// From now on no JavaScript of this heap runs: the next instruction throws, no catch or finally runs.
void edge_terminate(struct duk_hthread* ctx);
// Throws RangeError unless the native stack has this many bytes left above the limit.
void edge_require_native_stack(struct duk_hthread* ctx, size_t bytes);
// Calls release() of every native object; the heap is unusable afterwards and its memory is to be dropped whole.
void edge_release_natives(struct duk_hthread* ctx);
// Calls back for each native object that has a pointer; `object` names it for edge_put_native_pointer. The callback leaves the heap alone.
void edge_for_each_native(struct duk_hthread* ctx,
                          void (*callback)(void* data, void* object, const struct edge_native_type* type, void* pointer), void* data);
// Gives the object another pointer; what it had is not released.
void edge_put_native_pointer(void* object, void* pointer);
void edge_collect_garbage(struct duk_hthread* ctx);

// ---- Native objects (see native.h) ----
// Pushes a new one. `prototype` is the engine pointer of an object, kept alive by the caller until then. Releases `pointer` if it throws.
void edge_native_push(struct duk_hthread* ctx, const struct edge_native_type* type, void* pointer, void* prototype);
// Null if the value at `index` is not a native object.
const struct edge_native_type* edge_native_type_at(struct duk_hthread* ctx, int32_t index, void** pointer);
const struct edge_native_type* edge_native_type_of_this(struct duk_hthread* ctx, void** pointer);
// These return 0 if there is no such slot or the value is not a native object.
int edge_native_set_slot(struct duk_hthread* ctx, int32_t index, uint32_t slot);
int edge_native_push_slot(struct duk_hthread* ctx, int32_t index, uint32_t slot);
int edge_native_resize(struct duk_hthread* ctx, int32_t index, uint32_t slots);
int edge_native_slot_count(struct duk_hthread* ctx, int32_t index, uint32_t* count);
// The engine pointer of the running function if it was called as a constructor, else null; *new_target is set if that is another function.
void* edge_constructing(struct duk_hthread* ctx, void** new_target);

// ---- Kinds ----
// The engine's own class of an object ("Date", "Uint8Array", "Arguments" ...), which scripts cannot change; null for what is not an object.
const char* edge_class_name(struct duk_hthread* ctx, int32_t index);

// ---- Errors ----
// eval and Function throw EvalError from now on.
void edge_forbid_codegen(struct duk_hthread* ctx);
// Calls back for each frame of the error at `index`, innermost first. Returns 0 if it has no trace.
int edge_for_each_frame(struct duk_hthread* ctx, int32_t index, void (*callback)(void* data, const struct edge_frame* frame), void* data);
// Gives the native function at `index` this many formal arguments.
void edge_set_native_arguments(struct duk_hthread* ctx, int32_t index, int32_t count);
// Error.captureStackTrace.
int edge_capture_stack_trace(struct duk_hthread* ctx);

// ---- Reflect ----
int edge_reflect_construct(struct duk_hthread* ctx);
int edge_reflect_get(struct duk_hthread* ctx);
int edge_reflect_set(struct duk_hthread* ctx);

// ---- Numbers (edge_numbers.cc) ----
enum { EDGE_NUMBER_CHARS_MAX = 32 };
// ECMAScript Number::toString of a finite number, radix 10. Returns the length.
size_t edge_format_number(double value, char out[EDGE_NUMBER_CHARS_MAX]);
enum {
  EDGE_NUMBER_FRACTION = 1,  // accept ".5" after an integer part
  EDGE_NUMBER_EXPONENT = 2,
  EDGE_NUMBER_MINUS = 4,
  EDGE_NUMBER_PREFIX = 8,  // stop at the first character that does not belong to the number
};
// Parses the plain forms of a decimal number; returns 0 for everything else, which the engine's own parser then looks at.
int edge_parse_number(const char* text, size_t length, unsigned accept, double* out);

// ---- Dates (edge_dates.cc) ----
// Milliseconds since 1970 of a date that is not in ISO form, or NaN.
double edge_parse_date(const char* text);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGE_RUNTIME_JS_ENGINE_EDGE_ENGINE_H_
