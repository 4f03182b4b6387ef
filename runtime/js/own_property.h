// Properties that a native gives to an object of its own: without the look at prototypes that an assignment is, and into room made at once.
#ifndef EDGE_RUNTIME_JS_OWN_PROPERTY_H_
#define EDGE_RUNTIME_JS_OWN_PROPERTY_H_

#include <cstdint>

#include "duktape.h"

extern "C" {
// In runtime/js/engine/edge_engine.c.
void edge_reserve_properties(duk_hthread* ctx, int32_t index, uint32_t count);
void edge_define_property(duk_hthread* ctx, int32_t index, uint32_t attributes);
// In edge_property.c.
int edge_lacks_property(duk_hthread* ctx, int32_t index, void* key);
}

namespace edge::js {

// Makes room for that many properties of the object at `index`.
inline void ReserveProperties(duk_context* ctx, duk_idx_t index, uint32_t count) { edge_reserve_properties(ctx, index, count); }

// kPlain: writable, enumerable, configurable; kFixed: nothing of that.
enum class Attributes : uint32_t { kFixed = 0, kPlain = 7 };
// [ ... key value ] -> [ ... ]. Of a Proxy at `index`: on its target, whatever traps say. REQUIRES: the key is a symbol, or a string that
// is no array index; the object is an ordinary one.
inline void DefineOwn(duk_context* ctx, duk_idx_t index, Attributes attributes) {
  edge_define_property(ctx, index, static_cast<uint32_t>(attributes));
}

// True: the value at `index` is an object, and neither it nor a prototype of it has the property, which nobody was asked for. False: one
// has it, or it has to be asked for. REQUIRES: `key` is the engine's pointer of a string that is no array index and not "length".
inline bool SurelyLacks(duk_context* ctx, duk_idx_t index, void* key) { return edge_lacks_property(ctx, index, key) != 0; }

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_OWN_PROPERTY_H_
