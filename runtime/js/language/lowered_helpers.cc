// Members of the `edge` object that lowered code calls for object spread and rest, class fields and function names.
#include "runtime/js/language/state.h"

namespace edge::js::language {
namespace {

constexpr duk_uint_t kOwnKeys = DUK_ENUM_OWN_PROPERTIES_ONLY | DUK_ENUM_INCLUDE_SYMBOLS | DUK_ENUM_SORT_ARRAY_INDICES;

// [ ... ] -> [ ... ]. CopyDataProperties from the value at `source` to the object at `target`, without the keys in the array at `excluded`
// (or -1).
void CopyDataProperties(duk_context* ctx, duk_idx_t target, duk_idx_t source, duk_idx_t excluded) {
  if (!duk_is_object(ctx, source)) {
    if (!duk_is_string(ctx, source) || duk_is_symbol(ctx, source)) return;
    duk_dup(ctx, source);
    duk_to_object(ctx, -1);
    source = duk_get_top_index(ctx);
  }
  const auto excluded_count = excluded < 0 ? 0 : static_cast<duk_uarridx_t>(duk_get_length(ctx, excluded));
  duk_enum(ctx, source, kOwnKeys);
  const duk_idx_t keys = duk_get_top_index(ctx);
  while (duk_next(ctx, keys, 0)) {
    bool skip = false;
    for (duk_uarridx_t i = 0; i < excluded_count && !skip; ++i) {
      duk_get_prop_index(ctx, excluded, i);
      skip = duk_get_heapptr(ctx, -1) == duk_get_heapptr(ctx, -2);
      duk_pop(ctx);
    }
    if (skip) {
      duk_pop(ctx);
      continue;
    }
    duk_dup_top(ctx);
    duk_get_prop(ctx, source);
    duk_def_prop(ctx, target, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC);
  }
  duk_pop(ctx);
}

// (target, source) -> target.
duk_ret_t Spread(duk_context* ctx) {
  duk_set_top(ctx, 2);
  CopyDataProperties(ctx, 0, 1, -1);
  duk_set_top(ctx, 1);
  return 1;
}

// (source, excluded) -> object.
duk_ret_t Rest(duk_context* ctx) {
  duk_set_top(ctx, 2);
  if (duk_is_null_or_undefined(ctx, 0))
    ThrowError(ctx, "TypeError", "Cannot destructure '%s' as it is %s.", duk_safe_to_string(ctx, 0), duk_safe_to_string(ctx, 0));
  duk_push_object(ctx);
  duk_push_array(ctx);
  // The keys as property keys: interned strings and symbols, to be compared by address.
  const auto count = static_cast<duk_uarridx_t>(duk_get_length(ctx, 1));
  for (duk_uarridx_t i = 0; i < count; ++i) {
    duk_get_prop_index(ctx, 1, i);
    if (!duk_is_symbol(ctx, -1)) duk_to_string(ctx, -1);
    duk_put_prop_index(ctx, 3, i);
  }
  CopyDataProperties(ctx, 2, 0, 3);
  duk_set_top(ctx, 3);
  return 1;
}

// (object, key, value).
duk_ret_t DefineField(duk_context* ctx) {
  duk_set_top(ctx, 3);
  duk_def_prop(ctx, 0, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC);
  return 0;
}

// (function, name) -> function. A symbol names as [description].
duk_ret_t Name(duk_context* ctx) {
  duk_set_top(ctx, 2);
  if (duk_is_symbol(ctx, 1)) {
    duk_push_c_function(ctx, SymbolDescription, 1);
    duk_dup(ctx, 1);
    duk_call(ctx, 1);
    if (duk_is_undefined(ctx, -1)) {
      duk_push_string(ctx, "");
    } else {
      duk_push_sprintf(ctx, "[%s]", duk_get_string_default(ctx, -1, ""));
    }
    duk_replace(ctx, 1);
    duk_set_top(ctx, 2);
  } else {
    duk_to_string(ctx, 1);
  }
  duk_push_string(ctx, "name");
  duk_insert(ctx, 1);
  duk_def_prop(ctx, 0, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_HAVE_WEC | DUK_DEFPROP_CONFIGURABLE | DUK_DEFPROP_FORCE);
  return 1;
}

constexpr LibraryNative kNatives[] = {{"spread", Spread, 2}, {"rest", Rest, 2}, {"defineField", DefineField, 3}, {"nameFunction", Name, 2}};

}  // namespace

std::span<const LibraryNative> LoweredHelperNatives() { return kNatives; }

}  // namespace edge::js::language
