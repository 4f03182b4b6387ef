// Array.prototype.map, filter, slice and sort.
//
// sort is a stable merge sort: comparisons may throw by longjmp at any moment, so its index buffers are engine buffers on the value stack,
// and the array is written back only at the end, as the language wants it.
#include <cmath>
#include <cstring>

#include "runtime/js/language/state.h"

namespace edge::js::language {
namespace {

double LengthOf(duk_context* ctx, duk_idx_t index) {
  if (duk_is_array(ctx, index)) return static_cast<double>(duk_get_length(ctx, index));
  Push(ctx, StateOf(ctx).roots.length);
  duk_get_prop(ctx, index);
  const double length = duk_to_number(ctx, -1);
  duk_pop(ctx);
  if (!(length >= 1)) return 0;
  return length > 9007199254740991.0 ? 9007199254740991.0 : std::floor(length);
}

// Duktape's arrays hold at most 2^32-1 elements; longer array-likes are refused by name instead of looping for hours.
duk_uarridx_t IndexLength(duk_context* ctx, duk_idx_t index) {
  const double length = LengthOf(ctx, index);
  if (length > 4294967295.0) ThrowError(ctx, "RangeError", "Array-like object is too long");
  return static_cast<duk_uarridx_t>(length);
}

// [ ... ] -> [ ... array ]. ArraySpeciesCreate for the object at `object`.
void PushSpecies(duk_context* ctx, duk_idx_t object, double length) {
  const Roots& roots = StateOf(ctx).roots;
  if (duk_is_array(ctx, object)) {
    duk_get_prototype(ctx, object);
    const bool plain = duk_get_heapptr(ctx, -1) == roots.array_prototype;
    duk_pop(ctx);
    if (!plain) {
      Push(ctx, roots.array_species);
      duk_dup(ctx, object);
      duk_call(ctx, 1);
      if (!duk_is_undefined(ctx, -1)) {
        duk_push_number(ctx, length);
        duk_new(ctx, 1);
        return;
      }
      duk_pop(ctx);
    }
  }
  duk_push_array(ctx);
}

// [ ... value ] -> [ ... ]. CreateDataPropertyOrThrow.
void Append(duk_context* ctx, duk_idx_t target, duk_uarridx_t position) {
  duk_push_number(ctx, position);
  duk_insert(ctx, -2);
  duk_def_prop(ctx, target, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC);
}

void PushThisObject(duk_context* ctx, const char* name) {
  duk_push_this(ctx);
  if (duk_is_null_or_undefined(ctx, -1)) ThrowError(ctx, "TypeError", "Array.prototype.%s called on null or undefined", name);
  duk_to_object(ctx, -1);
}

void RequireCallback(duk_context* ctx, duk_idx_t index) {
  if (duk_is_callable(ctx, index)) return;
  ThrowError(ctx, "TypeError", "%s is not a function", duk_is_object(ctx, index) ? "object" : duk_safe_to_string(ctx, index));
}

duk_ret_t Map(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushThisObject(ctx, "map");
  const duk_uarridx_t length = IndexLength(ctx, 2);
  RequireCallback(ctx, 0);
  PushSpecies(ctx, 2, length);
  const bool plain = duk_is_array(ctx, 3) != 0;
  for (duk_uarridx_t i = 0; i < length; ++i) {
    duk_dup(ctx, 0);
    duk_dup(ctx, 1);
    if (!duk_get_prop_index(ctx, 2, i)) {
      duk_pop_3(ctx);
      continue;
    }
    duk_push_number(ctx, i);
    duk_dup(ctx, 2);
    duk_call_method(ctx, 3);
    if (plain) {
      duk_put_prop_index(ctx, 3, i);
    } else {
      Append(ctx, 3, i);
    }
  }
  if (plain) duk_set_length(ctx, 3, length);
  return 1;
}

duk_ret_t Filter(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushThisObject(ctx, "filter");
  const duk_uarridx_t length = IndexLength(ctx, 2);
  RequireCallback(ctx, 0);
  PushSpecies(ctx, 2, 0);
  duk_uarridx_t to = 0;
  for (duk_uarridx_t i = 0; i < length; ++i) {
    if (!duk_get_prop_index(ctx, 2, i)) {
      duk_pop(ctx);
      continue;
    }
    duk_dup(ctx, 0);
    duk_dup(ctx, 1);
    duk_dup(ctx, -3);
    duk_push_number(ctx, i);
    duk_dup(ctx, 2);
    duk_call_method(ctx, 3);
    const bool keep = duk_to_boolean(ctx, -1) != 0;
    duk_pop(ctx);
    if (keep) {
      Append(ctx, 3, to++);
    } else {
      duk_pop(ctx);
    }
  }
  return 1;
}

// A relative index argument, clamped to 0..length.
double ClampIndex(duk_context* ctx, duk_idx_t index, double length, double fallback) {
  if (duk_is_undefined(ctx, index)) return fallback;
  double value = duk_to_number(ctx, index);
  if (value != value) value = 0;
  value = std::trunc(value);
  if (value < 0) return std::max(length + value, 0.0);
  return std::min(value, length);
}

duk_ret_t Slice(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushThisObject(ctx, "slice");
  const double length = LengthOf(ctx, 2);
  const double start = ClampIndex(ctx, 0, length, 0);
  const double end = ClampIndex(ctx, 1, length, length);
  const double count = std::max(end - start, 0.0);
  if (end > 4294967295.0) ThrowError(ctx, "RangeError", "Array-like object is too long");
  PushSpecies(ctx, 2, count);
  const bool plain = duk_is_array(ctx, 3) != 0;
  const auto first = static_cast<duk_uarridx_t>(start);
  for (duk_uarridx_t i = 0; i < static_cast<duk_uarridx_t>(count); ++i) {
    if (!duk_get_prop_index(ctx, 2, first + i)) {
      duk_pop(ctx);
    } else if (plain) {
      duk_put_prop_index(ctx, 3, i);
    } else {
      Append(ctx, 3, i);
    }
  }
  duk_push_string(ctx, "length");
  duk_push_number(ctx, count);
  duk_put_prop(ctx, 3);
  return 1;
}

// find, findIndex, findLast, findLastIndex.
enum class Direction { kForward, kBackward };
enum class Found { kValue, kIndex };

template <Direction direction, Found found>
duk_ret_t Find(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushThisObject(ctx, "find");
  const duk_uarridx_t length = IndexLength(ctx, 2);
  RequireCallback(ctx, 0);
  for (duk_uarridx_t k = 0; k < length; ++k) {
    const duk_uarridx_t i = direction == Direction::kForward ? k : length - 1 - k;
    duk_get_prop_index(ctx, 2, i);
    duk_dup(ctx, 0);
    duk_dup(ctx, 1);
    duk_dup(ctx, 3);
    duk_push_number(ctx, i);
    duk_dup(ctx, 2);
    duk_call_method(ctx, 3);
    if (duk_to_boolean(ctx, -1)) {
      if (found == Found::kIndex) {
        duk_push_number(ctx, i);
      } else {
        duk_pop(ctx);
      }
      return 1;
    }
    duk_set_top(ctx, 3);
  }
  if (found == Found::kValue) return 0;
  duk_push_int(ctx, -1);
  return 1;
}

duk_ret_t Includes(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushThisObject(ctx, "includes");
  const duk_uarridx_t length = IndexLength(ctx, 2);
  const auto start = static_cast<duk_uarridx_t>(length == 0 ? 0 : ClampIndex(ctx, 1, length, 0));
  const bool is_nan = duk_is_nan(ctx, 0) != 0;
  for (duk_uarridx_t i = start; i < length; ++i) {
    duk_get_prop_index(ctx, 2, i);
    const bool same = duk_strict_equals(ctx, 0, -1) || (is_nan && duk_is_nan(ctx, -1));
    duk_pop(ctx);
    if (same) {
      duk_push_true(ctx);
      return 1;
    }
  }
  duk_push_false(ctx);
  return 1;
}

duk_ret_t At(duk_context* ctx) {
  duk_set_top(ctx, 1);
  PushThisObject(ctx, "at");
  const double length = LengthOf(ctx, 1);
  double index = duk_to_number(ctx, 0);
  index = index != index ? 0 : std::trunc(index);
  if (index < 0) index += length;
  if (!(index >= 0 && index < length)) return 0;
  duk_push_number(ctx, index);
  duk_get_prop(ctx, 1);
  return 1;
}

// ---- sort ----------------------------------------------------------------------------------------------------------------------------

// Stack of a running sort: [ compare object work keys ]. work: the values; keys: their strings when there is no compare function, else
// undefined.
constexpr duk_idx_t kCompare = 0;
constexpr duk_idx_t kObject = 1;
constexpr duk_idx_t kWork = 2;
constexpr duk_idx_t kKeys = 3;

// Is value `a` after value `b`?
bool IsAfter(duk_context* ctx, uint32_t a, uint32_t b) {
  if (duk_is_undefined(ctx, kCompare)) {
    duk_get_prop_index(ctx, kKeys, a);
    duk_get_prop_index(ctx, kKeys, b);
    duk_size_t left_size;
    duk_size_t right_size;
    const char* left = duk_get_lstring(ctx, -2, &left_size);
    const char* right = duk_get_lstring(ctx, -1, &right_size);
    // The bytes of CESU-8 order as UTF-16 code units do.
    const int order = std::memcmp(left, right, std::min(left_size, right_size));
    duk_pop_2(ctx);
    return order > 0 || (order == 0 && left_size > right_size);
  }
  duk_dup(ctx, kCompare);
  duk_push_undefined(ctx);
  duk_get_prop_index(ctx, kWork, a);
  duk_get_prop_index(ctx, kWork, b);
  duk_call_method(ctx, 2);
  const double order = duk_to_number(ctx, -1);
  duk_pop(ctx);
  return order > 0;
}

// Sorts `order` (positions in work); the sorted positions end in the returned one of the two buffers.
uint32_t* MergeSort(duk_context* ctx, uint32_t* order, uint32_t* scratch, uint32_t count) {
  // Runs of 6 by insertion, then merges bottom-up.
  constexpr uint32_t kRun = 6;
  for (uint32_t start = 0; start < count; start += kRun) {
    const uint32_t end = std::min(start + kRun, count);
    for (uint32_t i = start + 1; i < end; ++i) {
      const uint32_t moving = order[i];
      uint32_t hole = i;
      while (hole > start && IsAfter(ctx, order[hole - 1], moving)) {
        order[hole] = order[hole - 1];
        --hole;
      }
      order[hole] = moving;
    }
  }
  for (uint32_t width = kRun; width<count; width = width> count / 2 ? count : width * 2) {
    ChargeWork(ctx, count);
    for (uint32_t start = 0; start < count;) {
      const uint32_t middle = std::min(count - start, width) + start;
      const uint32_t end = std::min(count - middle, width) + middle;
      uint32_t left = start;
      uint32_t right = middle;
      uint32_t out = start;
      while (left < middle && right < end) scratch[out++] = IsAfter(ctx, order[left], order[right]) ? order[right++] : order[left++];
      while (left < middle) scratch[out++] = order[left++];
      while (right < end) scratch[out++] = order[right++];
      start = end;
    }
    std::swap(order, scratch);
  }
  return order;
}

duk_ret_t Sort(duk_context* ctx) {
  duk_set_top(ctx, 1);
  if (!duk_is_undefined(ctx, kCompare) && !duk_is_callable(ctx, kCompare)) {
    ThrowError(ctx, "TypeError", "The comparison function must be either a function or undefined");
  }
  PushThisObject(ctx, "sort");
  const duk_uarridx_t length = IndexLength(ctx, kObject);
  duk_push_array(ctx);
  uint32_t count = 0;
  uint32_t undefined_count = 0;
  for (duk_uarridx_t i = 0; i < length; ++i) {
    if (!duk_get_prop_index(ctx, kObject, i)) {
      duk_pop(ctx);
    } else if (duk_is_undefined(ctx, -1)) {
      duk_pop(ctx);
      ++undefined_count;
    } else {
      duk_put_prop_index(ctx, kWork, count++);
    }
  }
  if (duk_is_undefined(ctx, kCompare)) {
    duk_push_array(ctx);
    for (uint32_t i = 0; i < count; ++i) {
      duk_get_prop_index(ctx, kWork, i);
      if (duk_is_symbol(ctx, -1)) ThrowError(ctx, "TypeError", "Cannot convert a Symbol value to a string");
      duk_to_string(ctx, -1);
      duk_put_prop_index(ctx, kKeys, i);
    }
  } else {
    duk_push_undefined(ctx);
  }
  ChargeWork(ctx, length);
  auto* order = static_cast<uint32_t*>(duk_push_fixed_buffer(ctx, sizeof(uint32_t) * count));
  auto* scratch = static_cast<uint32_t*>(duk_push_fixed_buffer(ctx, sizeof(uint32_t) * count));
  for (uint32_t i = 0; i < count; ++i) order[i] = i;
  const uint32_t* sorted = MergeSort(ctx, order, scratch, count);
  duk_uarridx_t to = 0;
  for (uint32_t i = 0; i < count; ++i) {
    duk_get_prop_index(ctx, kWork, sorted[i]);
    duk_put_prop_index(ctx, kObject, to++);
  }
  for (uint32_t i = 0; i < undefined_count; ++i) {
    duk_push_undefined(ctx);
    duk_put_prop_index(ctx, kObject, to++);
  }
  for (; to < length; ++to) {
    if (duk_has_prop_index(ctx, kObject, to)) duk_del_prop_index(ctx, kObject, to);
  }
  duk_dup(ctx, kObject);
  return 1;
}

constexpr LibraryNative kNatives[] = {{"map", Map, 1}, {"filter", Filter, 1}, {"slice", Slice, 2}, {"sort", Sort, 1}};

// Put on Array.prototype as they are.
constexpr Method kPrototypeMethods[] = {
    {"at", At, 1},
    {"find", Find<Direction::kForward, Found::kValue>, 1},
    {"findIndex", Find<Direction::kForward, Found::kIndex>, 1},
    {"findLast", Find<Direction::kBackward, Found::kValue>, 1},
    {"findLastIndex", Find<Direction::kBackward, Found::kIndex>, 1},
    {"includes", Includes, 1},
};

}  // namespace

void InstallArray(duk_context* ctx) {
  Push(ctx, StateOf(ctx).roots.array_prototype);
  for (const Method& method : kPrototypeMethods) PutHiddenMethod(ctx, method);
  duk_pop(ctx);
}

std::span<const LibraryNative> ArrayNatives() { return kNatives; }

}  // namespace edge::js::language
