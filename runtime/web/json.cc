// JSON.parse, and what json() of a body does: the engine's parser with messages that say what is wrong.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "runtime/js/isolate.h"
#include "runtime/js/native.h"
#include "runtime/web/internal.h"
#include "runtime/web/json_error.h"

namespace edge::web {
namespace {

duk_ret_t DecodeProtected(duk_context* ctx, void*) {
  duk_json_decode(ctx, -1);
  return 1;
}

// native.parseJson(text)
duk_ret_t ParseJson(duk_context* ctx) {
  duk_set_top(ctx, 1);
  duk_to_string(ctx, 0);
  DecodeJson(ctx);
  return 1;
}

}  // namespace

void DecodeJson(duk_context* ctx) {
  duk_dup_top(ctx);
  if (duk_safe_call(ctx, DecodeProtected, nullptr, 1, 1) == DUK_EXEC_SUCCESS) {
    duk_remove(ctx, -2);
    return;
  }
  std::array<char, 512> message = {};
  if (!js::IsTerminated(ctx) && duk_get_error_code(ctx, -1) == DUK_ERR_SYNTAX_ERROR) {
    const std::string_view text = js::RequireUtf8(ctx, -2);
    ChargeBytes(ctx, text.size());
    const std::string found = JsonErrorText(text);
    std::memcpy(message.data(), found.data(), std::min(found.size(), message.size() - 1));
  }
  if (message[0] == '\0') duk_throw(ctx);
  js::ThrowError(ctx, "SyntaxError", "%s", message.data());
}

std::span<const js::LibraryNative> JsonNatives() {
  static constexpr js::LibraryNative kNatives[] = {{"parseJson", ParseJson, 1}};
  return kNatives;
}

}  // namespace edge::web
