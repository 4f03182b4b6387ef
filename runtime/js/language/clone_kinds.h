// What can be cloned, and the errors for what cannot: shared by structuredClone and serialization.
#ifndef EDGE_RUNTIME_JS_LANGUAGE_CLONE_KINDS_H_
#define EDGE_RUNTIME_JS_LANGUAGE_CLONE_KINDS_H_

#include <cstdint>
#include <string_view>

#include "duktape.h"

namespace edge::js::language {

// Views of an ArrayBuffer. The order is part of the serialized format.
struct ViewKind {
  std::string_view name;
  duk_uint_t kind;  // DUK_BUFOBJ_*
  uint32_t element_bytes;
};
inline constexpr ViewKind kViewKinds[] = {
    {"DataView", DUK_BUFOBJ_DATAVIEW, 1},         {"Int8Array", DUK_BUFOBJ_INT8ARRAY, 1},
    {"Uint8Array", DUK_BUFOBJ_UINT8ARRAY, 1},     {"Int16Array", DUK_BUFOBJ_INT16ARRAY, 2},
    {"Uint16Array", DUK_BUFOBJ_UINT16ARRAY, 2},   {"Int32Array", DUK_BUFOBJ_INT32ARRAY, 4},
    {"Uint32Array", DUK_BUFOBJ_UINT32ARRAY, 4},   {"Float32Array", DUK_BUFOBJ_FLOAT32ARRAY, 4},
    {"Float64Array", DUK_BUFOBJ_FLOAT64ARRAY, 8}, {"Uint8ClampedArray", DUK_BUFOBJ_UINT8CLAMPEDARRAY, 1},
};
// Null if there is none of that name.
const ViewKind* FindViewKind(std::string_view name);

// Classes of errors that keep their class. The order is part of the serialized format.
struct ErrorKind {
  std::string_view name;
  duk_errcode_t code;
};
inline constexpr ErrorKind kErrorKinds[] = {
    {"Error", DUK_ERR_ERROR},
    {"EvalError", DUK_ERR_EVAL_ERROR},
    {"RangeError", DUK_ERR_RANGE_ERROR},
    {"ReferenceError", DUK_ERR_REFERENCE_ERROR},
    {"SyntaxError", DUK_ERR_SYNTAX_ERROR},
    {"TypeError", DUK_ERR_TYPE_ERROR},
    {"URIError", DUK_ERR_URI_ERROR},
};
// Of the error at `index`, by its `name`; the first one for unknown names. May run a getter.
uint8_t ErrorKindOf(duk_context* ctx, duk_idx_t index);

// Throws DataCloneError for what no clone can hold: a symbol, a function, an object of a kind that the language keeps to itself.
[[noreturn]] void RefuseClone(duk_context* ctx, duk_idx_t index);
// Throws DataCloneError if the object at `index` is one of the platform's: its prototype says so with the hidden key (native.uncloneable of
// library files), or it is a native object.
void RefusePlatformObject(duk_context* ctx, duk_idx_t index);
bool IsPlatformObject(duk_context* ctx, duk_idx_t index);

// Milliseconds of the Date at `index`; NaN if it is invalid.
double DateMilliseconds(duk_context* ctx, duk_idx_t index);
// [ ... ] -> [ ... date ]
void PushDate(duk_context* ctx, double milliseconds);

}  // namespace edge::js::language

#endif  // EDGE_RUNTIME_JS_LANGUAGE_CLONE_KINDS_H_
