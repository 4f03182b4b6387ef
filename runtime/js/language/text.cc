// Natives of strings, symbols and numbers that the glue needs.
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <cmath>
#include <cstdio>
#include <string_view>

#include "edge_math.h"
#include "runtime/js/language/state.h"
#include "runtime/js/language/utf16.h"

namespace edge::js::language {

// (symbol) -> description. The engine's form is: a prefix byte, the description, and for symbols that are not registered 0xFF and a serial
// number.
duk_ret_t SymbolDescription(duk_context* ctx) {
  duk_size_t size = 0;
  const char* text = duk_get_lstring(ctx, 0, &size);
  if (text == nullptr || size == 0) return 0;
  std::string_view description(text + 1, size - 1);
  const auto prefix = static_cast<unsigned char>(text[0]);
  if (prefix == 0x81) {
    const size_t end = description.rfind('\xff');
    if (end == std::string_view::npos) return 0;
    // A second 0xFF at the very end marks Symbol() without a description.
    if (end + 1 == description.size()) {
      const size_t serial = description.rfind('\xff', end - 1);
      if (end > 0 && serial == 0 && description.size() > 2) return 0;
    }
    description = description.substr(0, description.find('\xff'));
  }
  duk_push_lstring(ctx, description.data(), description.size());
  return 1;
}

namespace {

// (object, key, value): CreateDataPropertyOrThrow.
duk_ret_t SetOwn(duk_context* ctx) {
  duk_set_top(ctx, 3);
  duk_def_prop(ctx, 0, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC);
  return 0;
}

template <double (*function)(double)>
duk_ret_t MathFunction(duk_context* ctx) {
  duk_push_number(ctx, function(duk_to_number(ctx, 0)));
  return 1;
}

// The library's root is off by one unit in the last place for some exact cubes (27): one Newton step puts it right.
double CubeRoot(double x) {
  const double root = edge_math_cbrt(x);
  if (root == 0 || !std::isfinite(root)) return root;
  return root - (root * root * root - x) / (3 * root * root);
}

// (number >= 1e21) -> its decimal digits.
duk_ret_t IntegerText(duk_context* ctx) {
  char text[400];
  const int size = std::snprintf(text, sizeof text, "%.0f", duk_to_number(ctx, 0));
  duk_push_lstring(ctx, text, static_cast<duk_size_t>(size));
  return 1;
}

bool HasOnlyAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

const icu::Normalizer2* NormalizerOf(std::string_view form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = form == "NFC"    ? icu::Normalizer2::getNFCInstance(status)
                                       : form == "NFD"  ? icu::Normalizer2::getNFDInstance(status)
                                       : form == "NFKC" ? icu::Normalizer2::getNFKCInstance(status)
                                       : form == "NFKD" ? icu::Normalizer2::getNFKDInstance(status)
                                                        : nullptr;
  return U_SUCCESS(status) ? normalizer : nullptr;
}

// [ ... string ] -> [ ... normalized ]. False when the form is unknown.
bool Normalize(duk_context* ctx, std::string_view form) {
  const icu::Normalizer2* normalizer = NormalizerOf(form);
  if (normalizer == nullptr) return false;
  duk_size_t size;
  const char* text = duk_get_lstring(ctx, -1, &size);
  if (HasOnlyAscii({text, size})) return true;
  ChargeWork(ctx, size);
  char* output = nullptr;
  size_t output_size = 0;
  {
    const std::u16string source = ToUtf16({text, size});
    icu::UnicodeString result;
    UErrorCode status = U_ZERO_ERROR;
    normalizer->normalize(icu::UnicodeString(source.data(), static_cast<int32_t>(source.size())), result, status);
    if (U_FAILURE(status)) return false;
    const std::string cesu = ToCesu8({result.getBuffer(), static_cast<size_t>(result.length())});
    output_size = cesu.size();
    output = static_cast<char*>(std::malloc(output_size + 1));
    cesu.copy(output, output_size);
  }
  // A push may throw for want of memory: the text goes into a buffer of the engine first through a protected call.
  struct Pushed {
    const char* text;
    size_t size;
  } pushed = {output, output_size};
  const duk_int_t rc = duk_safe_call(
      ctx,
      [](duk_context* inner, void* udata) -> duk_ret_t {
        const auto* p = static_cast<const Pushed*>(udata);
        duk_push_lstring(inner, p->text, p->size);
        return 1;
      },
      &pushed, 0, 1);
  std::free(output);
  if (rc != DUK_EXEC_SUCCESS) (void)duk_throw(ctx);
  duk_remove(ctx, -2);
  return true;
}

// Of the string at `index`, in the engine's encoding; nothing: it is no string.
std::string_view StringAt(duk_context* ctx, duk_idx_t index) {
  duk_size_t size = 0;
  const char* const text = duk_is_symbol(ctx, index) ? nullptr : duk_get_lstring(ctx, index, &size);
  return {text, size};
}

// `this`.startsWith(search) or endsWith. A code unit begins where no other one goes on, so that the bytes decide.
template <bool (*holds)(std::string_view text, std::string_view search)>
duk_ret_t ComparesEnd(duk_context* ctx, const char* slow) {
  const duk_idx_t count = duk_get_top(ctx);
  duk_push_this(ctx);
  const std::string_view text = StringAt(ctx, -1);
  const std::string_view search = count > 0 ? StringAt(ctx, 0) : std::string_view();
  if (text.data() != nullptr && search.data() != nullptr && (count == 1 || duk_is_undefined(ctx, 1))) {
    duk_push_boolean(ctx, holds(text, search) ? 1 : 0);
    return 1;
  }
  duk_insert(ctx, 0);
  PushLibraryFunction(ctx, slow);
  duk_insert(ctx, 0);
  duk_call_method(ctx, count);
  return 1;
}
bool Begins(std::string_view text, std::string_view search) { return text.starts_with(search); }
bool Ends(std::string_view text, std::string_view search) { return text.ends_with(search); }
duk_ret_t StartsWith(duk_context* ctx) { return ComparesEnd<Begins>(ctx, "startsWith"); }
duk_ret_t EndsWith(duk_context* ctx) { return ComparesEnd<Ends>(ctx, "endsWith"); }

// (string, form) -> normalized string.
duk_ret_t NormalizeString(duk_context* ctx) {
  duk_set_top(ctx, 2);
  duk_dup(ctx, 0);
  if (!Normalize(ctx, duk_require_string(ctx, 1)))
    ThrowError(ctx, "RangeError", "The normalization form should be one of NFC, NFD, NFKC, NFKD.");
  return 1;
}

// Is the three-byte sequence at `text` a surrogate, and which?
enum class Surrogate { kNone, kHigh, kLow };
Surrogate SurrogateAt(std::string_view text, size_t i) {
  if (i + 2 >= text.size() || static_cast<unsigned char>(text[i]) != 0xED) return Surrogate::kNone;
  const auto second = static_cast<unsigned char>(text[i + 1]);
  if (second < 0xA0) return Surrogate::kNone;
  return second < 0xB0 ? Surrogate::kHigh : Surrogate::kLow;
}

// The byte offset of the first lone surrogate at or after `start`, or npos.
size_t FindLoneSurrogate(std::string_view text, size_t start) {
  for (size_t i = start; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    switch (SurrogateAt(text, i)) {
      case Surrogate::kHigh:
        if (SurrogateAt(text, i + 3) != Surrogate::kLow) return i;
        i += 6;
        break;
      case Surrogate::kLow:
        return i;
      case Surrogate::kNone:
        i += byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        break;
    }
  }
  return std::string_view::npos;
}

duk_ret_t IsWellFormed(duk_context* ctx) {
  duk_size_t size;
  const char* text = duk_require_lstring(ctx, 0, &size);
  duk_push_boolean(ctx, FindLoneSurrogate({text, size}, 0) == std::string_view::npos ? 1 : 0);
  return 1;
}

duk_ret_t ToWellFormed(duk_context* ctx) {
  duk_size_t size;
  const char* text = duk_require_lstring(ctx, 0, &size);
  const std::string_view view(text, size);
  size_t lone = FindLoneSurrogate(view, 0);
  if (lone == std::string_view::npos) {
    duk_dup(ctx, 0);
    return 1;
  }
  // U+FFFD has three bytes in CESU-8, as a surrogate has.
  auto* output = static_cast<char*>(duk_push_fixed_buffer(ctx, size));
  view.copy(output, size);
  for (; lone != std::string_view::npos; lone = FindLoneSurrogate(view, lone + 3)) std::string_view("\xEF\xBF\xBD").copy(output + lone, 3);
  duk_push_lstring(ctx, output, size);
  return 1;
}

constexpr LibraryNative kNatives[] = {
    {"symbolDescription", SymbolDescription, 1},
    {"setOwn", SetOwn, 3},
    {"normalize", NormalizeString, 2},
    {"isWellFormed", IsWellFormed, 1},
    {"toWellFormed", ToWellFormed, 1},
    {"integerText", IntegerText, 1},
    {"cbrt", MathFunction<CubeRoot>, 1},
    {"log1p", MathFunction<edge_math_log1p>, 1},
    {"expm1", MathFunction<edge_math_expm1>, 1},
    {"log2", MathFunction<edge_math_log2>, 1},
    {"log10", MathFunction<edge_math_log10>, 1},
    {"sinh", MathFunction<edge_math_sinh>, 1},
    {"cosh", MathFunction<edge_math_cosh>, 1},
    {"tanh", MathFunction<edge_math_tanh>, 1},
    {"asinh", MathFunction<edge_math_asinh>, 1},
    {"acosh", MathFunction<edge_math_acosh>, 1},
    {"atanh", MathFunction<edge_math_atanh>, 1},
    {"startsWith", StartsWith, 1},
    {"endsWith", EndsWith, 1},
};

}  // namespace

std::u16string ToUtf16(std::string_view cesu8) {
  std::u16string result;
  result.reserve(cesu8.size());
  for (size_t i = 0; i < cesu8.size();) {
    const auto a = static_cast<unsigned char>(cesu8[i]);
    const auto next = [&](size_t k) { return i + k < cesu8.size() ? static_cast<unsigned char>(cesu8[i + k]) & 0x3F : 0; };
    if (a < 0x80) {
      result.push_back(a);
      i += 1;
    } else if (a < 0xE0) {
      result.push_back(static_cast<char16_t>((a & 0x1F) << 6 | next(1)));
      i += 2;
    } else if (a < 0xF0) {
      result.push_back(static_cast<char16_t>((a & 0x0F) << 12 | next(1) << 6 | next(2)));
      i += 3;
    } else {
      // The engine keeps what a host pushed as four-byte UTF-8; as UTF-16 that is a pair.
      const uint32_t code = static_cast<uint32_t>((a & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3)) - 0x10000;
      result.push_back(static_cast<char16_t>(0xD800 + (code >> 10)));
      result.push_back(static_cast<char16_t>(0xDC00 + (code & 0x3FF)));
      i += 4;
    }
  }
  return result;
}

std::string ToCesu8(std::u16string_view utf16) {
  std::string result;
  result.reserve(utf16.size() * 2);
  for (const char16_t unit : utf16) {
    if (unit < 0x80) {
      result.push_back(static_cast<char>(unit));
    } else if (unit < 0x800) {
      result.push_back(static_cast<char>(0xC0 | unit >> 6));
      result.push_back(static_cast<char>(0x80 | (unit & 0x3F)));
    } else {
      result.push_back(static_cast<char>(0xE0 | unit >> 12));
      result.push_back(static_cast<char>(0x80 | (unit >> 6 & 0x3F)));
      result.push_back(static_cast<char>(0x80 | (unit & 0x3F)));
    }
  }
  return result;
}

std::span<const LibraryNative> TextNatives() { return kNatives; }

}  // namespace edge::js::language
