#include "runtime/js/language/clone_kinds.h"

#include <algorithm>
#include <iterator>

#include "edge_engine.h"
#include "runtime/js/language/state.h"

namespace edge::js::language {

const ViewKind* FindViewKind(std::string_view name) {
  const auto* found = std::find_if(std::begin(kViewKinds), std::end(kViewKinds), [&](const ViewKind& view) { return view.name == name; });
  return found == std::end(kViewKinds) ? nullptr : found;
}

uint8_t ErrorKindOf(duk_context* ctx, duk_idx_t index) {
  duk_get_prop_string(ctx, index, "name");
  const std::string_view name = duk_get_string_default(ctx, -1, "Error");
  const auto* found =
      std::find_if(std::begin(kErrorKinds), std::end(kErrorKinds), [&](const ErrorKind& kind) { return kind.name == name; });
  duk_pop(ctx);
  return found == std::end(kErrorKinds) ? 0 : static_cast<uint8_t>(found - std::begin(kErrorKinds));
}

void RefuseClone(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  const char* text = "#<Object>";
  if (duk_is_symbol(ctx, index)) {
    duk_push_c_function(ctx, SymbolDescription, 1);
    duk_dup(ctx, index);
    duk_call(ctx, 1);
    duk_push_sprintf(ctx, "Symbol(%s)", duk_get_string_default(ctx, -1, ""));
    text = duk_get_string(ctx, -1);
  } else if (duk_is_function(ctx, index)) {
    duk_get_prop_string(ctx, index, "name");
    const char* name = duk_get_string_default(ctx, -1, "");
    duk_push_sprintf(ctx, "function %s() { ... }", name);
    text = duk_get_string(ctx, -1);
  }
  ThrowDomException(ctx, "DataCloneError", "%s could not be cloned.", text);
}

bool IsPlatformObject(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  void* unused = nullptr;
  if (edge_native_type_at(ctx, index, &unused) != nullptr) return true;
  Push(ctx, StateOf(ctx).roots.hidden_uncloneable);
  duk_get_prop(ctx, index);
  const bool marked = duk_get_string(ctx, -1) != nullptr;
  duk_pop(ctx);
  return marked;
}

void RefusePlatformObject(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  void* unused = nullptr;
  Push(ctx, StateOf(ctx).roots.hidden_uncloneable);
  duk_get_prop(ctx, index);
  const char* name = duk_get_string(ctx, -1);
  if (name == nullptr) {
    const edge_native_type* type = edge_native_type_at(ctx, index, &unused);
    if (type == nullptr) return duk_pop(ctx);
    duk_get_prop_string(ctx, index, DUK_WELLKNOWN_SYMBOL("Symbol.toStringTag"));
    name = duk_get_string_default(ctx, -1, type->name);
    // Objects of the language itself have no other name for the error than the one that any engine gives them.
    static constexpr std::string_view kOfTheLanguage[] = {"Promise", "WeakMap", "WeakSet", "WeakRef", "Generator", "AsyncGenerator"};
    if (std::find(std::begin(kOfTheLanguage), std::end(kOfTheLanguage), name) != std::end(kOfTheLanguage))
      ThrowDomException(ctx, "DataCloneError", "#<%s> could not be cloned.", name);
  }
  ThrowDomException(ctx, "DataCloneError", "Could not serialize object of type \"%s\". This type does not support serialization.", name);
}

double DateMilliseconds(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  Push(ctx, StateOf(ctx).roots.date_get_time);
  duk_dup(ctx, index);
  duk_call_method(ctx, 0);
  const double milliseconds = duk_get_number(ctx, -1);
  duk_pop(ctx);
  return milliseconds;
}

void PushDate(duk_context* ctx, double milliseconds) {
  Push(ctx, StateOf(ctx).roots.date_constructor);
  duk_push_number(ctx, milliseconds);
  duk_new(ctx, 1);
}

}  // namespace edge::js::language
