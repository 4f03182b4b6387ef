// TextEncoder, TextDecoder (Encoding standard), atob and btoa.
//
// TextDecoder knows UTF-8, UTF-16LE, UTF-16BE and windows-1252 with their labels; every other label throws a RangeError that names it.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "runtime/js/native.h"
#include "runtime/web/internal.h"
#include "runtime/web/utf8.h"
#include "runtime/web/web.h"

namespace edge::web {
namespace {

// --- TextEncoder ---
const js::NativeType kEncoderType = {"TextEncoder", nullptr};

duk_ret_t ConstructEncoder(duk_context* ctx) {
  RequireNew(ctx, "TextEncoder");
  js::PushNative(ctx, kEncoderType, nullptr);
  return 1;
}

void RequireEncoder(duk_context* ctx) {
  duk_push_this(ctx);
  if (!js::IsNative(ctx, -1, kEncoderType)) js::ThrowError(ctx, "TypeError", "Illegal invocation");
  duk_pop(ctx);
}

duk_ret_t Encode(duk_context* ctx) {
  RequireEncoder(ctx);
  if (duk_get_top(ctx) == 0 || duk_is_undefined(ctx, 0)) {
    PushBytes(ctx, std::string_view());
  } else {
    PushBytes(ctx, js::RequireUtf8(ctx, 0));
  }
  return 1;
}

// encodeInto(source, destination) -> {read, written}: UTF-16 units read, bytes written.
duk_ret_t EncodeInto(duk_context* ctx) {
  RequireEncoder(ctx);
  RequireArguments(ctx, 2);
  const std::string_view text = js::RequireUtf8(ctx, 0);
  duk_size_t size = 0;
  void* out = duk_get_buffer_data(ctx, 1, &size);
  if (out == nullptr && !duk_is_buffer_data(ctx, 1)) js::ThrowError(ctx, "TypeError", "encodeInto needs a Uint8Array to write to");
  size_t written = 0;
  uint32_t read = 0;
  while (written < text.size()) {
    const auto lead = static_cast<unsigned char>(text[written]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (written + length > size) break;
    written += length;
    read += length == 4 ? 2 : 1;
  }
  if (written > 0) std::memcpy(out, text.data(), written);
  duk_push_object(ctx);
  duk_push_uint(ctx, read);
  duk_put_prop_string(ctx, -2, "read");
  duk_push_uint(ctx, static_cast<duk_uint_t>(written));
  duk_put_prop_string(ctx, -2, "written");
  return 1;
}

duk_ret_t GetEncoderEncoding(duk_context* ctx) {
  duk_push_literal(ctx, "utf-8");
  return 1;
}

// --- TextDecoder ---
enum class Encoding : uint8_t { kUtf8, kUtf16Le, kUtf16Be, kWindows1252 };

struct DecoderState {
  Encoding encoding = Encoding::kUtf8;
  bool fatal = false;
  bool keep_mark = false;  // ignoreBOM
  bool mark_seen = false;  // the start of the stream is behind us
  std::string pending;     // bytes of a sequence that is not complete yet
};
void ReleaseDecoder(void* pointer) { delete static_cast<DecoderState*>(pointer); }
const js::NativeType kDecoderType = {"TextDecoder", ReleaseDecoder, 0, js::KeepCopy<DecoderState>};

struct Label {
  std::string_view label;
  Encoding encoding;
};
constexpr Label kLabels[] = {
    {"utf-8", Encoding::kUtf8},
    {"utf8", Encoding::kUtf8},
    {"unicode-1-1-utf-8", Encoding::kUtf8},
    {"unicode11utf8", Encoding::kUtf8},
    {"unicode20utf8", Encoding::kUtf8},
    {"x-unicode20utf8", Encoding::kUtf8},
    {"utf-16le", Encoding::kUtf16Le},
    {"utf-16", Encoding::kUtf16Le},
    {"ucs-2", Encoding::kUtf16Le},
    {"unicode", Encoding::kUtf16Le},
    {"iso-10646-ucs-2", Encoding::kUtf16Le},
    {"unicodefeff", Encoding::kUtf16Le},
    {"csunicode", Encoding::kUtf16Le},
    {"utf-16be", Encoding::kUtf16Be},
    {"unicodefffe", Encoding::kUtf16Be},
    {"windows-1252", Encoding::kWindows1252},
    {"ascii", Encoding::kWindows1252},
    {"us-ascii", Encoding::kWindows1252},
    {"ansi_x3.4-1968", Encoding::kWindows1252},
    {"cp1252", Encoding::kWindows1252},
    {"cp819", Encoding::kWindows1252},
    {"csisolatin1", Encoding::kWindows1252},
    {"ibm819", Encoding::kWindows1252},
    {"iso-8859-1", Encoding::kWindows1252},
    {"iso-ir-100", Encoding::kWindows1252},
    {"iso8859-1", Encoding::kWindows1252},
    {"iso88591", Encoding::kWindows1252},
    {"iso_8859-1", Encoding::kWindows1252},
    {"iso_8859-1:1987", Encoding::kWindows1252},
    {"l1", Encoding::kWindows1252},
    {"latin1", Encoding::kWindows1252},
    {"x-cp1252", Encoding::kWindows1252},
};

const char* NameOf(Encoding encoding) {
  switch (encoding) {
    case Encoding::kUtf8:
      return "utf-8";
    case Encoding::kUtf16Le:
      return "utf-16le";
    case Encoding::kUtf16Be:
      return "utf-16be";
    case Encoding::kWindows1252:
      return "windows-1252";
  }
  return "";
}

// Bytes 0x80 to 0x9f of windows-1252; the rest is Latin-1.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
                                                   0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
                                                   0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};

void AppendUtf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (c >> 6)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | (c >> 12)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | (c >> 18)));
    out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

// Decodes UTF-16 to UTF-8; what is not complete stays in `pending` unless this is the end. False: an error and the decoder is fatal.
bool DecodeUtf16(DecoderState& decoder, std::string_view bytes, std::string& out, bool end) {
  const bool big = decoder.encoding == Encoding::kUtf16Be;
  const auto unit = [&](size_t at) {
    const auto a = static_cast<unsigned char>(bytes[at]);
    const auto b = static_cast<unsigned char>(bytes[at + 1]);
    return static_cast<char16_t>(big ? a << 8 | b : b << 8 | a);
  };
  size_t at = 0;
  while (at + 2 <= bytes.size()) {
    const char16_t c = unit(at);
    if (c < 0xd800 || c > 0xdfff) {
      AppendUtf8(out, c);
      at += 2;
      continue;
    }
    if (c <= 0xdbff) {
      if (at + 4 > bytes.size() && !end) break;
      if (at + 4 <= bytes.size()) {
        const char16_t low = unit(at + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
          AppendUtf8(out, 0x10000 + ((static_cast<char32_t>(c) - 0xd800) << 10) + (low - 0xdc00));
          at += 4;
          continue;
        }
      }
    }
    if (decoder.fatal) return false;
    AppendUtf8(out, 0xfffd);
    at += 2;
  }
  if (at < bytes.size()) {
    if (end) {
      if (decoder.fatal) return false;
      AppendUtf8(out, 0xfffd);
    } else {
      decoder.pending.assign(bytes.substr(at));
    }
  }
  return true;
}

// The bytes of this call and those that waited, as UTF-8 text that may still hold errors (replaced later). False: an error, fatal.
bool Decode(DecoderState& decoder, std::string_view input, std::string& out, bool end) {
  std::string bytes = std::move(decoder.pending);
  decoder.pending.clear();
  bytes.append(input);
  switch (decoder.encoding) {
    case Encoding::kUtf8: {
      const size_t tail = end ? 0 : IncompleteUtf8Tail(bytes);
      decoder.pending.assign(bytes, bytes.size() - tail);
      bytes.resize(bytes.size() - tail);
      if (decoder.fatal && !IsValidUtf8(bytes)) return false;
      out = std::move(bytes);
      break;
    }
    case Encoding::kUtf16Le:
    case Encoding::kUtf16Be:
      if (!DecodeUtf16(decoder, bytes, out, end)) return false;
      break;
    case Encoding::kWindows1252:
      for (const char c : bytes) {
        const auto b = static_cast<unsigned char>(c);
        AppendUtf8(out, b >= 0x80 && b < 0xa0 ? kWindows1252[b - 0x80] : b);
      }
      break;
  }
  if (!decoder.mark_seen && decoder.encoding != Encoding::kWindows1252 && !out.empty()) {
    if (!decoder.keep_mark && out.starts_with("\xef\xbb\xbf")) out.erase(0, 3);
    decoder.mark_seen = true;
  }
  return true;
}

duk_ret_t ConstructDecoder(duk_context* ctx) {
  RequireNew(ctx, "TextDecoder");
  duk_set_top(ctx, 2);
  auto* decoder = new DecoderState();
  js::PushNative(ctx, kDecoderType, decoder);  // 2
  if (!duk_is_undefined(ctx, 0)) {
    std::string_view label = TrimHeaderValue(js::RequireUtf8(ctx, 0));
    const auto* found =
        std::find_if(std::begin(kLabels), std::end(kLabels), [&](const Label& known) { return EqualsIgnoreCase(known.label, label); });
    if (found == std::end(kLabels)) {
      js::ThrowError(ctx, "RangeError",
                     "\"%.*s\" is not a valid encoding, or one that this version of edge does not support (it knows utf-8, utf-16le, "
                     "utf-16be, windows-1252).",
                     Clip(label), label.data());
    }
    decoder->encoding = found->encoding;
  }
  if (duk_is_object(ctx, 1)) {
    duk_get_prop_string(ctx, 1, "fatal");
    decoder->fatal = duk_to_boolean(ctx, -1);
    duk_get_prop_string(ctx, 1, "ignoreBOM");
    decoder->keep_mark = duk_to_boolean(ctx, -1);
    duk_pop_2(ctx);
  }
  return 1;
}

duk_ret_t DecodeMethod(duk_context* ctx) {
  DecoderState& decoder = js::This<DecoderState>(ctx, kDecoderType);
  duk_set_top(ctx, 2);
  bool more = false;
  if (duk_is_object(ctx, 1)) {
    duk_get_prop_string(ctx, 1, "stream");
    more = duk_to_boolean(ctx, -1);
    duk_pop(ctx);
  }
  std::string_view input;
  if (!duk_is_undefined(ctx, 0)) {
    const std::optional<std::string_view> bytes = GetBytes(ctx, 0);
    if (!bytes.has_value())
      js::ThrowError(ctx, "TypeError", "Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type 'Array'.");
    input = *bytes;
  }
  ChargeBytes(ctx, input.size());
  if (!more && decoder.encoding == Encoding::kUtf8 && decoder.pending.empty() && !decoder.mark_seen) {
    // All of it at once, as nearly always: nothing to join, and the engine's own conversion repairs errors.
    if (decoder.fatal && !IsValidUtf8(input)) js::ThrowError(ctx, "TypeError", "Failed to decode input.");
    if (!decoder.keep_mark && input.starts_with("\xef\xbb\xbf")) input.remove_prefix(3);
    js::PushUtf8(ctx, input);
    return 1;
  }
  auto* out = new std::string();
  js::PushNative(ctx, kTextType, out);
  const bool good = Decode(decoder, input, *out, !more);
  if (!more || !good) {
    decoder.pending.clear();
    decoder.mark_seen = false;
  }
  if (!good) js::ThrowError(ctx, "TypeError", "Failed to decode input.");
  js::PushUtf8(ctx, *out);
  return 1;
}

duk_ret_t GetDecoderEncoding(duk_context* ctx) {
  duk_push_string(ctx, NameOf(js::This<DecoderState>(ctx, kDecoderType).encoding));
  return 1;
}
duk_ret_t GetFatal(duk_context* ctx) {
  duk_push_boolean(ctx, js::This<DecoderState>(ctx, kDecoderType).fatal);
  return 1;
}
duk_ret_t GetIgnoreBom(duk_context* ctx) {
  duk_push_boolean(ctx, js::This<DecoderState>(ctx, kDecoderType).keep_mark);
  return 1;
}

// --- base64 ---
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> MakeReverse() {
  std::array<int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  for (int i = 0; i < 64; ++i) table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  return table;
}
constexpr std::array<int8_t, 256> kReverse = MakeReverse();

// The Latin-1 bytes of UTF-8 text; false if a character is above U+00FF.
bool ToLatin1(std::string_view utf8, std::string& out) {
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else if (c == 0xc2 || c == 0xc3) {
      out.push_back(static_cast<char>((c & 3) << 6 | (utf8[++i] & 0x3f)));
    } else {
      return false;
    }
  }
  return true;
}

// Forgiving decode (Infra standard): spaces are skipped, padding may be missing. False: not base64.
bool Base64Decode(std::string_view text, std::string& out) {
  std::string digits;
  digits.reserve(text.size());
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\f' && c != '\r') digits.push_back(c);
  }
  if (digits.size() % 4 == 0 && digits.ends_with('=')) {
    digits.pop_back();
    if (digits.ends_with('=')) digits.pop_back();
  }
  if (digits.size() % 4 == 1) return false;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : digits) {
    const int value = kReverse[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return true;
}

void Base64Encode(std::string_view bytes, std::string& out) {
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    uint32_t bits = static_cast<unsigned char>(bytes[i]) << 16;
    if (left > 1) bits |= static_cast<unsigned char>(bytes[i + 1]) << 8;
    if (left > 2) bits |= static_cast<unsigned char>(bytes[i + 2]);
    out.push_back(kAlphabet[bits >> 18]);
    out.push_back(kAlphabet[bits >> 12 & 63]);
    out.push_back(left > 1 ? kAlphabet[bits >> 6 & 63] : '=');
    out.push_back(left > 2 ? kAlphabet[bits & 63] : '=');
  }
}

duk_ret_t Btoa(duk_context* ctx) {
  RequireArguments(ctx, 1);
  const std::string_view text = js::RequireUtf8(ctx, 0);
  auto* out = new std::string();
  js::PushNative(ctx, kTextType, out);
  bool good = false;
  {
    std::string latin1;
    good = ToLatin1(text, latin1);
    if (good) Base64Encode(latin1, *out);
  }
  if (!good)
    js::ThrowDomException(ctx, "InvalidCharacterError", "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.");
  js::PushUtf8(ctx, *out);
  return 1;
}

duk_ret_t Atob(duk_context* ctx) {
  RequireArguments(ctx, 1);
  const std::string_view text = js::RequireUtf8(ctx, 0);
  auto* out = new std::string();
  js::PushNative(ctx, kTextType, out);
  bool good = false;
  {
    std::string bytes;
    good = Base64Decode(text, bytes);
    for (const char c : bytes) AppendUtf8(*out, static_cast<unsigned char>(c));
  }
  if (!good)
    js::ThrowDomException(ctx, "InvalidCharacterError",
                          "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric ASCII, and up to two "
                          "terminal '=' signs when the input data length is divisible by 4 are allowed.)");
  js::PushUtf8(ctx, *out);
  return 1;
}

const js::Method kEncoderMethods[] = {{"encode", Encode, 0}, {"encodeInto", EncodeInto, 2}};
const js::Accessor kEncoderAccessors[] = {{"encoding", GetEncoderEncoding}};
const js::Method kDecoderMethods[] = {{"decode", DecodeMethod, 0}};
const js::Accessor kDecoderAccessors[] = {{"encoding", GetDecoderEncoding}, {"fatal", GetFatal}, {"ignoreBOM", GetIgnoreBom}};

}  // namespace

void DefineTextEncoding(duk_context* ctx) {
  const js::Class encoder = {.type = &kEncoderType,
                             .name = "TextEncoder",
                             .construct = ConstructEncoder,
                             .methods = kEncoderMethods,
                             .accessors = kEncoderAccessors};
  js::DefineClass(ctx, encoder);
  duk_put_global_string(ctx, "TextEncoder");
  const js::Class decoder = {.type = &kDecoderType,
                             .name = "TextDecoder",
                             .construct = ConstructDecoder,
                             .methods = kDecoderMethods,
                             .accessors = kDecoderAccessors};
  js::DefineClass(ctx, decoder);
  duk_put_global_string(ctx, "TextDecoder");
  duk_push_c_function(ctx, Btoa, DUK_VARARGS);
  duk_put_global_string(ctx, "btoa");
  duk_push_c_function(ctx, Atob, DUK_VARARGS);
  duk_put_global_string(ctx, "atob");
}

}  // namespace edge::web
