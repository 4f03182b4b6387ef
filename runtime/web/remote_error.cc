#include "runtime/web/remote_error.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/cord.h"
#include "runtime/js/isolate.h"
#include "runtime/js/native.h"

namespace edge::web {
namespace {

constexpr char kPayload[] = "edge/remote-error";

constexpr struct {
  std::string_view name;
  duk_errcode_t code;
} kClasses[] = {{"Error", DUK_ERR_ERROR},
                {"EvalError", DUK_ERR_EVAL_ERROR},
                {"RangeError", DUK_ERR_RANGE_ERROR},
                {"ReferenceError", DUK_ERR_REFERENCE_ERROR},
                {"SyntaxError", DUK_ERR_SYNTAX_ERROR},
                {"TypeError", DUK_ERR_TYPE_ERROR},
                {"URIError", DUK_ERR_URI_ERROR}};

constexpr struct {
  const char* property;
  bool RemoteError::*field;
} kFlags[] = {{"remote", &RemoteError::remote},
              {"retryable", &RemoteError::retryable},
              {"overloaded", &RemoteError::overloaded},
              {"durableObjectReset", &RemoteError::durable_object_reset}};

constexpr char kIdProperty[] = "durableObjectId";
constexpr size_t kIdBytes = 64;

constexpr size_t kMessageBytesMax = 64 * 1024;

void ReleaseText(void* pointer) { delete static_cast<std::string*>(pointer); }
const js::NativeType kHeldText = {"RemoteErrorText", ReleaseText};

// What a status without a RemoteError is called.
std::string InfrastructureText(const absl::Status& status) {
  if (absl::IsUnavailable(status) || absl::IsAborted(status)) return "Network connection lost.";
  return std::string(status.message());
}

bool IsStandard(std::string_view name) {
  return std::any_of(std::begin(kClasses), std::end(kClasses), [&](const auto& known) { return known.name == name; });
}

// What DescribeSafely fills; plain data, since the engine may leave by longjmp.
struct Description {
  char name[32] = "";
  size_t name_bytes = 0;
  std::string* message;
  bool flags[std::size(kFlags)] = {};
  char id[kIdBytes] = "";
  size_t id_bytes = 0;
  bool dom_exception = false;
};

// [ ... error ] -> [ ... nothing ]: getters of the user's run here.
duk_ret_t DescribeSafely(duk_context* ctx, void* data) {
  auto& description = *static_cast<Description*>(data);
  if (!duk_is_error(ctx, -1)) {
    duk_push_undefined(ctx);
    return 1;
  }
  for (size_t i = 0; i < std::size(kFlags); ++i) {
    duk_get_prop_string(ctx, -1, kFlags[i].property);
    description.flags[i] = duk_is_boolean(ctx, -1) && duk_get_boolean(ctx, -1);
    duk_pop(ctx);
  }
  duk_size_t size;
  duk_get_prop_string(ctx, -1, kIdProperty);
  const char* const id = duk_get_lstring(ctx, -1, &size);
  if (id != nullptr && size == sizeof description.id) {
    std::copy_n(id, size, description.id);
    description.id_bytes = size;
  }
  duk_pop(ctx);
  duk_get_global_string(ctx, "DOMException");
  description.dom_exception = duk_is_callable(ctx, -1) && duk_instanceof(ctx, -2, -1);
  duk_pop(ctx);
  duk_get_prop_string(ctx, -1, "name");
  const char* name = duk_get_lstring(ctx, -1, &size);
  if (name != nullptr && size <= sizeof description.name) {
    std::copy_n(name, size, description.name);
    description.name_bytes = size;
  }
  duk_pop(ctx);
  duk_push_undefined(ctx);
  return 1;
}

// [ ... ] -> [ ... error ]
void PushStandardError(duk_context* ctx, const RemoteError& error) {
  duk_errcode_t code = DUK_ERR_ERROR;
  for (const auto& known : kClasses) {
    if (known.name == error.name) code = known.code;
  }
  duk_push_error_object(ctx, code, "%s", "");
  js::PushUtf8(ctx, error.message);
  duk_push_string(ctx, "message");
  duk_insert(ctx, -2);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
}

}  // namespace

absl::Status RemoteErrorStatus(const RemoteError& error) {
  absl::Status status = absl::UnknownError(error.message);
  std::string payload;
  for (const auto& flag : kFlags) payload.push_back(error.*flag.field ? '1' : '0');
  payload.push_back(error.dom_exception ? '1' : '0');
  status.SetPayload(kPayload, absl::Cord(payload + error.name + '\0' + error.durable_object_id));
  return status;
}

std::optional<RemoteError> RemoteErrorOf(const absl::Status& status) {
  const auto cord = status.GetPayload(kPayload);
  if (!cord.has_value()) return std::nullopt;
  const std::string payload(*cord);
  RemoteError error;
  error.message = std::string(status.message());
  const size_t name_end = payload.find('\0', std::size(kFlags) + 1);
  error.name = payload.substr(std::size(kFlags) + 1, name_end - std::size(kFlags) - 1);
  error.durable_object_id = payload.substr(name_end + 1);
  error.dom_exception = payload[std::size(kFlags)] == '1';
  for (size_t i = 0; i < std::size(kFlags); ++i) error.*kFlags[i].field = payload[i] == '1';
  return error;
}

void PushRemoteError(duk_context* ctx, const absl::Status& status) {
  // Under a native object, since pushing may throw.
  struct Held {
    RemoteError error;
  };
  static const js::NativeType kHeldError = {"RemoteErrorHeld", [](void* pointer) { delete static_cast<Held*>(pointer); }};
  auto* held = new Held;
  js::PushNative(ctx, kHeldError, held);
  {
    std::optional<RemoteError> known = RemoteErrorOf(status);
    if (known.has_value()) {
      held->error = *std::move(known);
    } else {
      held->error.message = InfrastructureText(status);
      held->error.retryable = absl::IsUnavailable(status) || absl::IsAborted(status);
    }
  }
  if (held->error.dom_exception && duk_get_global_string(ctx, "DOMException")) {
    js::PushUtf8(ctx, held->error.message);
    js::PushUtf8(ctx, held->error.name);
    duk_new(ctx, 2);
  } else {
    if (held->error.dom_exception) duk_pop(ctx);
    PushStandardError(ctx, held->error);
  }
  for (const auto& flag : kFlags) {
    if (!(held->error.*flag.field)) continue;
    duk_push_true(ctx);
    duk_put_prop_string(ctx, -2, flag.property);
  }
  if (!held->error.durable_object_id.empty()) {
    js::PushUtf8(ctx, held->error.durable_object_id);
    duk_put_prop_string(ctx, -2, kIdProperty);
  }
  duk_remove(ctx, -2);
}

RemoteError DescribeRemoteError(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  RemoteError error;
  // DescribeError never throws and speaks for values that are no errors, too.
  const js::JsError described = js::DescribeError(ctx, index);
  error.message = described.message;
  Description description = {};
  duk_dup(ctx, index);
  duk_safe_call(ctx, DescribeSafely, &description, 1, 1);
  duk_pop(ctx);
  const std::string_view name(description.name, description.name_bytes);
  if (IsStandard(name) || description.dom_exception) {
    error.name = std::string(name);
    error.dom_exception = description.dom_exception && !IsStandard(name);
  } else if (!described.name.empty() && described.name != "Error") {
    // A class of its own travels as an Error whose text keeps the name.
    error.message = described.name + ": " + error.message;
  }
  if (error.message.size() > kMessageBytesMax) error.message.resize(kMessageBytesMax);
  for (size_t i = 0; i < std::size(kFlags); ++i) error.*kFlags[i].field = description.flags[i];
  error.durable_object_id.assign(description.id, description.id_bytes);
  error.remote = true;
  return error;
}

}  // namespace edge::web
