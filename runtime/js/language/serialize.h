// Structured clone as bytes: values that leave the isolate: stored, or sent to another one.
//
// What can be cloned: as structuredClone (all primitives, Date, RegExp, Map, Set, errors, arrays with holes, plain objects, ArrayBuffer and
// views, BigInt, boxed primitives; cycles and aliases). Bytes are a format of our own with a version byte, little-endian, and are read
// without trust: damaged bytes are an error, never a crash. Objects that belong to other layers (functions, streams, stubs, Request ...)
// are asked of an Externals; without one they throw DataCloneError: 'Could not serialize object of type "X". This type does not support
// serialization.' (functions: "... could not be cloned."). Instances of a user's classes are written as plain objects without an Externals,
// as structuredClone does; with one they are asked of it, and refused like the others if it does not take them.

#ifndef EDGE_RUNTIME_JS_LANGUAGE_SERIALIZE_H_
#define EDGE_RUNTIME_JS_LANGUAGE_SERIALIZE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "duktape.h"

namespace edge::js {

class Externals {
 public:
  virtual ~Externals() = default;
  // The object at `index` is nothing that bytes can hold. True: it was taken, and `tag` and `payload` stand for it. May throw JavaScript
  // errors. [ ... ] -> [ ... ]
  virtual bool Write(duk_context* ctx, duk_idx_t index, uint32_t& tag, std::string& payload) = 0;
  // [ ... ] -> [ ... object ]. False: there is no such tag (the bytes are damaged); pushes nothing.
  virtual bool Read(duk_context* ctx, uint32_t tag, std::string_view payload) = 0;
};

// Appends the value at `index` to `out`, which must be owned by something that survives a throw (see native.h). Throws DataCloneError, and
// what getters throw. Runs getters of plain objects. Charges CPU. [ ... ] -> [ ... ]
void SerializeValue(duk_context* ctx, duk_idx_t index, std::string& out, Externals* externals = nullptr);

// [ ... ] -> [ ... value ]. Throws DataCloneError "Unable to deserialize cloned data." on damaged bytes, and for want of memory.
void DeserializeValue(duk_context* ctx, std::string_view bytes, Externals* externals = nullptr);

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_LANGUAGE_SERIALIZE_H_
