// String.prototype.localeCompare and Intl.Collator: ICU's root collation, which is what en-US uses.
#include <unicode/ucol.h>

#include <string>
#include <string_view>

#include "runtime/js/isolate.h"
#include "runtime/js/language/state.h"
#include "runtime/js/language/utf16.h"

namespace edge::js::language {
namespace {

// What ICU may need of the native stack for a comparison.
constexpr ByteCount kCollationStack = ByteCount::KiB(32);

// One collator for the process: opening one reads tables for half a millisecond. Its attributes are set before every comparison and there
// is one thread, so no call sees another's. Null if ICU has no collation data.
UCollator* RootCollator() {
  static UCollator* const collator = [] {
    UErrorCode status = U_ZERO_ERROR;
    UCollator* opened = ucol_open("", &status);
    return U_SUCCESS(status) ? opened : nullptr;
  }();
  return collator;
}

enum class Sensitivity : int { kBase, kAccent, kCase, kVariant };
constexpr int kNumeric = 4;  // digits compare as numbers
constexpr int kIgnorePunctuation = 8;

void Configure(UCollator* collator, int options) {
  UErrorCode status = U_ZERO_ERROR;
  const auto sensitivity = static_cast<Sensitivity>(options & 3);
  ucol_setAttribute(collator, UCOL_STRENGTH,
                    sensitivity == Sensitivity::kVariant  ? UCOL_TERTIARY
                    : sensitivity == Sensitivity::kAccent ? UCOL_SECONDARY
                                                          : UCOL_PRIMARY,
                    &status);
  ucol_setAttribute(collator, UCOL_CASE_LEVEL, sensitivity == Sensitivity::kCase ? UCOL_ON : UCOL_OFF, &status);
  ucol_setAttribute(collator, UCOL_NUMERIC_COLLATION, (options & kNumeric) != 0 ? UCOL_ON : UCOL_OFF, &status);
  ucol_setAttribute(collator, UCOL_ALTERNATE_HANDLING, (options & kIgnorePunctuation) != 0 ? UCOL_SHIFTED : UCOL_NON_IGNORABLE, &status);
}

// (a, b, options) -> -1, 0 or 1. `options`: a Sensitivity and the flags above.
duk_ret_t Collate(duk_context* ctx) {
  duk_size_t left_size;
  duk_size_t right_size;
  const char* left = duk_require_lstring(ctx, 0, &left_size);
  const char* right = duk_require_lstring(ctx, 1, &right_size);
  const int options = duk_require_int(ctx, 2);
  RequireNativeStack(ctx, kCollationStack);
  ChargeWork(ctx, left_size + right_size);
  UCollator* const collator = RootCollator();
  if (collator == nullptr) ThrowError(ctx, "Error", "localeCompare needs ICU's collation data, which is not installed");
  UCollationResult order = UCOL_EQUAL;
  {
    const std::u16string a = ToUtf16({left, left_size});
    const std::u16string b = ToUtf16({right, right_size});
    Configure(collator, options);
    order = ucol_strcoll(collator, a.data(), static_cast<int32_t>(a.size()), b.data(), static_cast<int32_t>(b.size()));
  }
  duk_push_int(ctx, order == UCOL_LESS ? -1 : order == UCOL_GREATER ? 1 : 0);
  return 1;
}

constexpr LibraryNative kNatives[] = {{"collate", Collate, 3}};

}  // namespace

std::span<const LibraryNative> CollationNatives() { return kNatives; }

}  // namespace edge::js::language
