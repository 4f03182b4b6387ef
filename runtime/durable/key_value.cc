// What the asynchronous and the synchronous key-value API share: keys, values, limits, the options of list().
#include <cmath>

#include "runtime/durable/bindings.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/serialize.h"

namespace edge::durable {
namespace {

using Backend = StateOptions::Backend;

// Contract sheet 3.6.
constexpr size_t kKeyBytesMax = 2048;              // Backend::kKeyValue
constexpr size_t kValueBytesMax = 128 * 1024;      // Backend::kKeyValue
constexpr size_t kValueBytesAllowance = 32;        // for what serialization adds to a value of exactly the documented size
constexpr size_t kPairBytesMax = 2 * 1024 * 1024;  // Backend::kSqlite: key and value together

// [ ... ] -> [ ... value ], undefined if there is none.
void PushOption(duk_context* ctx, duk_idx_t index, const char* name) { duk_get_prop_string(ctx, index, name); }

bool ReadText(duk_context* ctx, duk_idx_t index, const char* name, std::optional<std::string>& out) {
  PushOption(ctx, index, name);
  const bool given = !duk_is_undefined(ctx, -1);
  if (given) {
    const std::string_view text = js::RequireUtf8(ctx, -1);
    out.emplace(text);
  }
  duk_pop(ctx);
  return given;
}

}  // namespace

std::string_view RequireKey(duk_context* ctx, duk_idx_t index, const StateOptions& options) {
  const std::string_view key = js::RequireUtf8(ctx, index);
  if (options.backend == Backend::kKeyValue && key.size() > kKeyBytesMax) {
    js::ThrowError(ctx, "RangeError", "Keys cannot be larger than %zu bytes. A key of size %zu was provided.", kKeyBytesMax, key.size());
  }
  return key;
}

void CollectPair(duk_context* ctx, Work& work, std::string_view key, duk_idx_t value, const StateOptions& options) {
  std::pair<std::string, std::string>& pair = work.pairs.emplace_back(std::string(key), std::string());
  js::SerializeValue(ctx, value, pair.second);
  // Serializing may run getters, which may have done anything but move the pairs: they are this call's own.
  const size_t size = work.pairs.back().second.size();
  if (options.backend == Backend::kKeyValue && size > kValueBytesMax + kValueBytesAllowance) {
    js::ThrowError(ctx, "RangeError", "Values cannot be larger than %zu bytes. A value of size %zu was provided.", kValueBytesMax, size);
  }
  if (options.backend == Backend::kSqlite && work.pairs.back().first.size() + size > kPairBytesMax) {
    js::ThrowError(ctx, "RangeError",
                   "Keys and values cannot be larger than %zu bytes together. A key of size %zu and a value of size %zu were provided.",
                   kPairBytesMax, work.pairs.back().first.size(), size);
  }
}

void ReadListOptions(duk_context* ctx, duk_idx_t index, const char* type, const StateOptions& options, ListOptions& out) {
  (void)options;
  if (duk_is_null_or_undefined(ctx, index)) return;
  if (!duk_is_object(ctx, index)) ThrowArgument(ctx, "list", type, 1, "ListOptions");
  const bool start = ReadText(ctx, index, "start", out.start);
  const bool start_after = ReadText(ctx, index, "startAfter", out.start_after);
  if (start && start_after) js::ThrowError(ctx, "TypeError", "list() cannot be called with both start and startAfter values.");
  ReadText(ctx, index, "end", out.end);
  ReadText(ctx, index, "prefix", out.prefix);
  PushOption(ctx, index, "reverse");
  if (duk_to_boolean(ctx, -1)) out.order = ListOptions::Order::kDescending;
  duk_pop(ctx);
  PushOption(ctx, index, "limit");
  if (!duk_is_undefined(ctx, -1)) {
    const double limit = std::trunc(duk_to_number(ctx, -1));
    if (std::abs(limit) > 2147483647)
      js::ThrowError(ctx, "TypeError", "Value out of range. Must be between -2147483648 and 2147483647 (inclusive).");
    if (!(limit >= 1)) js::ThrowError(ctx, "TypeError", "List limit must be positive.");
    out.limit = static_cast<uint64_t>(limit);
  }
  duk_pop(ctx);
}

}  // namespace edge::durable
