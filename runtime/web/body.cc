// The Body mixin (Fetch standard section 5.3): extraction, consumption, cloning.
//
// Bytes that are already here are consumed without waiting; bytes that arrive from outside are read by one task of the invocation; a
// ReadableStream is read by lib/body.js. All end in ConvertBytes, which makes the text, JSON, buffer or form out of one Uint8Array.
#include <utility>

#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/internal.h"
#include "runtime/web/web.h"

namespace edge::web {
namespace {

void ReleaseSource(void* pointer) { delete static_cast<SourceHandle*>(pointer); }

enum class Want : uint8_t { kText, kJson, kArrayBuffer, kBytes, kBlob, kFormData };

constexpr const char* kUsedText = "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
constexpr const char* kLostText = "Network connection lost.";

// The object whose body a mixin method works on: `this`. [ ... ] -> [ ... this ]
Body& PushThisBody(duk_context* ctx) {
  duk_push_this(ctx);
  Body* body = BodyOf(ctx, -1);
  if (body == nullptr) js::ThrowError(ctx, "TypeError", "Illegal invocation");
  return *body;
}

void PushStreamQuery(duk_context* ctx, duk_idx_t owner, const char* function) {
  owner = duk_normalize_index(ctx, owner);
  js::PushLibraryFunction(ctx, function);
  js::PushSlot(ctx, owner, kBodySlot);
  duk_call(ctx, 1);
}

// UTF-8 without a byte order mark, as Body.text() decodes.
std::string_view WithoutMark(std::string_view bytes) { return bytes.starts_with("\xef\xbb\xbf") ? bytes.substr(3) : bytes; }

// [ ... bytes ] -> [ ... value ]: what text(), json() ... resolve to. `owner` is the Request or Response (for its content type).
void ConvertBytes(duk_context* ctx, Want want, duk_idx_t owner) {
  owner = duk_normalize_index(ctx, owner);
  switch (want) {
    case Want::kText:
    case Want::kJson: {
      const std::optional<std::string_view> bytes = GetBytes(ctx, -1);
      js::PushUtf8(ctx, WithoutMark(bytes.value_or(std::string_view())));
      duk_remove(ctx, -2);
      if (want == Want::kJson) DecodeJson(ctx);
      return;
    }
    case Want::kBytes:
      return;
    case Want::kArrayBuffer:
      js::PushLibraryFunction(ctx, "exactBuffer");
      duk_insert(ctx, -2);
      duk_call(ctx, 1);
      return;
    case Want::kBlob:
    case Want::kFormData:
      js::PushLibraryFunction(ctx, want == Want::kBlob ? "bytesToBlob" : "bytesToFormData");
      duk_insert(ctx, -2);
      duk_get_prop_string(ctx, owner, "headers");
      duk_get_prop_string(ctx, -1, "get");
      duk_swap_top(ctx, -2);
      duk_push_literal(ctx, "content-type");
      duk_call_method(ctx, 1);
      duk_call(ctx, 2);
      return;
  }
}

// Protected form of ConvertBytes for the paths that hand an error to a promise.
struct ConvertCall {
  Want want;
};

duk_ret_t ConvertProtected(duk_context* ctx, void* udata) {
  // [ owner bytes ]
  ConvertBytes(ctx, static_cast<ConvertCall*>(udata)->want, 0);
  return 1;
}

// [ ... owner bytes ] -> [ ... promise ]
void ConvertToPromise(duk_context* ctx, Want want) {
  ConvertCall call = {want};
  if (duk_safe_call(ctx, ConvertProtected, &call, 2, 1) == DUK_EXEC_SUCCESS) {
    js::PushResolvedPromise(ctx);
  } else {
    js::PushRejectedPromise(ctx);
  }
}

// All of a source, read by a task; settles the promise of `bytes` with a Uint8Array.
void StartReadingAll(duk_context* ctx, std::shared_ptr<BodySource> source, uint32_t promise) {
  struct Result {
    explicit Result(NativeMemory& memory) : memory(memory), charge(memory) {}
    NativeMemory& memory;
    MemoryCharge charge;
    absl::Status status;
    std::string bytes;
  };
  auto result = std::make_shared<Result>(StateOf(ctx).memory);
  HostOf(ctx).StartTask(
      "body.read",
      [source = std::move(source), result] {
        for (;;) {
          absl::StatusOr<std::string> piece = source->Read();
          if (!piece.ok()) {
            result->status = piece.status();
            return;
          }
          if (piece->empty()) return;
          result->charge.Add(piece->size());
          if (result->memory.IsOver()) {
            result->status = absl::ResourceExhaustedError("Memory limit would be exceeded before EOF.");
            return;
          }
          if (result->bytes.empty()) {
            result->bytes = *std::move(piece);
          } else {
            result->bytes += *piece;
          }
        }
      },
      [result, promise](duk_context* c) {
        if (result->status.ok()) {
          PushBytes(c, result->bytes);
          js::SettlePromise(c, promise, js::Settle::kResolve);
          return;
        }
        PushSourceError(c, result->status);
        js::SettlePromise(c, promise, js::Settle::kReject);
      });
}

duk_ret_t Consume(duk_context* ctx, Want want) {
  duk_set_top(ctx, 0);
  Body& body = PushThisBody(ctx);  // [ this ]
  if (IsUnusable(ctx, 0, body)) {
    duk_push_error_object(ctx, DUK_ERR_TYPE_ERROR, "%s",
                          IsUsed(ctx, 0, body) ? kUsedText : "This ReadableStream is currently locked to a reader.");
    js::PushRejectedPromise(ctx);
    return 1;
  }
  switch (body.kind) {
    case Body::Kind::kNone:
      duk_dup(ctx, 0);
      PushBytes(ctx, std::string_view());
      ConvertToPromise(ctx, want);
      return 1;
    case Body::Kind::kString:
      body.use = Body::Use::kUsed;
      if (want == Want::kText) {
        // Through UTF-8 and back, so that lone surrogates come out as the wire would show them.
        js::PushSlot(ctx, 0, kBodySlot);
        const std::string_view utf8 = js::RequireUtf8(ctx, -1);
        if (const std::string_view text = WithoutMark(utf8); !duk_is_string(ctx, -1) || text.size() != utf8.size()) js::PushUtf8(ctx, text);
        js::PushResolvedPromise(ctx);
        return 1;
      }
      duk_dup(ctx, 0);
      js::PushSlot(ctx, 0, kBodySlot);
      PushBytes(ctx, js::RequireUtf8(ctx, -1));
      duk_remove(ctx, -2);
      ConvertToPromise(ctx, want);
      return 1;
    case Body::Kind::kBytes:
      // The bytes are given away, not copied: nobody else has them.
      body.use = Body::Use::kUsed;
      duk_dup(ctx, 0);
      js::PushSlot(ctx, 0, kBodySlot);
      duk_push_undefined(ctx);
      js::SetSlot(ctx, 0, kBodySlot);
      ConvertToPromise(ctx, want);
      return 1;
    case Body::Kind::kSource:
    case Body::Kind::kStream: {
      if (body.kind == Body::Kind::kSource) RequireInvocation(ctx);
      body.use = Body::Use::kUsed;
      // consume(promiseOfBytes, want, owner) converts when the bytes are here.
      js::PushLibraryFunction(ctx, "consume");
      if (body.kind == Body::Kind::kSource) {
        const uint32_t promise = js::NewPromise(ctx);
        StartReadingAll(ctx, std::move(body.source), promise);
      } else {
        js::PushLibraryFunction(ctx, "collect");
        js::PushSlot(ctx, 0, kBodySlot);
        duk_call(ctx, 1);
      }
      duk_push_int(ctx, static_cast<int>(want));
      duk_dup(ctx, 0);
      duk_call(ctx, 3);
      return 1;
    }
  }
  return 0;
}

duk_ret_t Text(duk_context* ctx) { return Consume(ctx, Want::kText); }
duk_ret_t Json(duk_context* ctx) { return Consume(ctx, Want::kJson); }
duk_ret_t ArrayBuffer(duk_context* ctx) { return Consume(ctx, Want::kArrayBuffer); }
duk_ret_t Bytes(duk_context* ctx) { return Consume(ctx, Want::kBytes); }
duk_ret_t Blob(duk_context* ctx) { return Consume(ctx, Want::kBlob); }
duk_ret_t FormData(duk_context* ctx) { return Consume(ctx, Want::kFormData); }

// native.convertBody(bytes, want, owner)
duk_ret_t ConvertBodyNative(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const Want want = static_cast<Want>(duk_require_int(ctx, 1));
  duk_dup(ctx, 0);
  ConvertBytes(ctx, want, 2);
  return 1;
}

// native.readSource(handle) -> promise of a Uint8Array, or of null at the end
duk_ret_t ReadSourceNative(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireInvocation(ctx);
  auto* handle = static_cast<SourceHandle*>(js::RequireNative(ctx, 0, kSourceType));
  const uint32_t promise = js::NewPromise(ctx);
  auto result = std::make_shared<absl::StatusOr<std::string>>(std::string());
  HostOf(ctx).StartTask(
      "body.read", [source = handle->source, result] { *result = source->Read(); },
      [result, promise](duk_context* c) {
        if (!result->ok()) {
          PushSourceError(c, result->status());
          js::SettlePromise(c, promise, js::Settle::kReject);
          return;
        }
        if ((*result)->empty()) {
          duk_push_null(c);
        } else {
          PushBytes(c, **result);
        }
        js::SettlePromise(c, promise, js::Settle::kResolve);
      });
  return 1;
}

// native.cancelSource(handle)
duk_ret_t CancelSourceNative(duk_context* ctx) {
  duk_set_top(ctx, 1);
  static_cast<SourceHandle*>(js::RequireNative(ctx, 0, kSourceType))->source->Cancel();
  return 0;
}

// native.bodySignal(owner)
duk_ret_t BodySignalNative(duk_context* ctx) {
  duk_set_top(ctx, 1);
  PushBodySignal(ctx, 0);
  return 1;
}

// Turns whatever the body is into a ReadableStream in kBodySlot.
void MakeStream(duk_context* ctx, duk_idx_t owner, Body& body) {
  owner = duk_normalize_index(ctx, owner);
  switch (body.kind) {
    case Body::Kind::kNone:
    case Body::Kind::kStream:
      return;
    case Body::Kind::kString:
      js::PushLibraryFunction(ctx, "streamFromBytes");
      js::PushSlot(ctx, owner, kBodySlot);
      PushBytes(ctx, js::RequireUtf8(ctx, -1));
      duk_remove(ctx, -2);
      break;
    case Body::Kind::kBytes:
      js::PushLibraryFunction(ctx, "streamFromBytes");
      js::PushSlot(ctx, owner, kBodySlot);
      break;
    case Body::Kind::kSource: {
      js::PushLibraryFunction(ctx, "streamFromSource");
      auto* handle = new SourceHandle{body.source};
      js::PushNative(ctx, kSourceType, handle);
      break;
    }
  }
  if (body.kind != Body::Kind::kSource) {
    const std::optional<std::string_view> bytes = GetBytes(ctx, -1);
    body.length = bytes.has_value() ? bytes->size() : 0;
  }
  // A body that was consumed shows as a stream that has been read and is closed.
  duk_push_boolean(ctx, body.use == Body::Use::kUsed);
  if (body.length.has_value()) {
    duk_push_number(ctx, static_cast<double>(*body.length));
  } else {
    duk_push_undefined(ctx);
  }
  PushBodySignal(ctx, owner);
  duk_call(ctx, 4);
  js::SetSlot(ctx, owner, kBodySlot);
  body.kind = Body::Kind::kStream;
  body.source = nullptr;
}

duk_ret_t GetBody(duk_context* ctx) {
  duk_set_top(ctx, 0);
  Body& body = PushThisBody(ctx);
  if (body.kind == Body::Kind::kNone) {
    duk_push_null(ctx);
    return 1;
  }
  MakeStream(ctx, 0, body);
  js::PushSlot(ctx, 0, kBodySlot);
  return 1;
}

duk_ret_t GetBodyUsed(duk_context* ctx) {
  duk_set_top(ctx, 0);
  Body& body = PushThisBody(ctx);
  duk_push_boolean(ctx, IsUsed(ctx, 0, body));
  return 1;
}

}  // namespace

const js::NativeType kSourceType = {"BodySource", ReleaseSource};

const js::Method kBodyMethods[kBodyMethodCount] = {
    {"text", Text, 0},   {"json", Json, 0}, {"arrayBuffer", ArrayBuffer, 0},
    {"bytes", Bytes, 0}, {"blob", Blob, 0}, {"formData", FormData, 0},
};
const js::Accessor kBodyAccessors[2] = {{"body", GetBody}, {"bodyUsed", GetBodyUsed}};

bool IsUsed(duk_context* ctx, duk_idx_t owner, const Body& body) {
  if (body.use == Body::Use::kUsed) return true;
  if (body.kind != Body::Kind::kStream) return false;
  PushStreamQuery(ctx, owner, "isDisturbed");
  const bool used = duk_get_boolean(ctx, -1);
  duk_pop(ctx);
  return used;
}

bool IsUnusable(duk_context* ctx, duk_idx_t owner, const Body& body) {
  if (body.use == Body::Use::kUsed) return true;
  if (body.kind != Body::Kind::kStream) return false;
  PushStreamQuery(ctx, owner, "isDisturbedOrLocked");
  const bool used = duk_get_boolean(ctx, -1);
  duk_pop(ctx);
  return used;
}

void UnwrapStream(duk_context* ctx, duk_idx_t owner, Body& body) {
  if (body.kind != Body::Kind::kStream) return;
  // takeSource(stream): the handle that an untouched stream of ours reads from, which then counts as read; else undefined.
  PushStreamQuery(ctx, owner, "takeSource");
  if (auto* handle = static_cast<SourceHandle*>(js::GetNative(ctx, -1, kSourceType)); handle != nullptr) {
    body.kind = Body::Kind::kSource;
    body.source = handle->source;
    handle->source = nullptr;
  }
  duk_pop(ctx);
}

void PushSourceError(duk_context* ctx, const absl::Status& status) {
  const std::string_view text(status.message().data(), status.message().size());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
      duk_push_error_object(ctx, DUK_ERR_TYPE_ERROR, "%.*s", static_cast<int>(text.size()), text.data());
      return;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      duk_push_error_object(ctx, DUK_ERR_ERROR, "%.*s", static_cast<int>(text.size()), text.data());
      return;
    default:
      break;
  }
  duk_push_error_object(ctx, DUK_ERR_ERROR, "%s", kLostText);
  duk_push_true(ctx);
  duk_put_prop_string(ctx, -2, "retryable");
  // As `new Error(text, {cause})` defines it.
  duk_push_literal(ctx, "cause");
  duk_push_error_object(ctx, DUK_ERR_ERROR, "%.*s", Clip(text), text.data());
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE);
}

void ExtractBody(duk_context* ctx, duk_idx_t owner, Body& body, duk_idx_t init) {
  owner = duk_normalize_index(ctx, owner);
  init = duk_normalize_index(ctx, init);
  if (duk_is_null_or_undefined(ctx, init)) {
    duk_push_undefined(ctx);
    return;
  }
  if (duk_is_string(ctx, init) && !duk_is_symbol(ctx, init)) {
    duk_dup(ctx, init);
    js::SetSlot(ctx, owner, kBodySlot);
    body.kind = Body::Kind::kString;
    duk_push_literal(ctx, "text/plain;charset=UTF-8");
    return;
  }
  if (const std::optional<std::string_view> bytes = GetBytes(ctx, init); bytes.has_value()) {
    PushBytes(ctx, *bytes);
    js::SetSlot(ctx, owner, kBodySlot);
    body.kind = Body::Kind::kBytes;
    duk_push_undefined(ctx);
    return;
  }
  // extractBody(init) -> [stream | bytes | string, content type or undefined, length or undefined]
  js::PushLibraryFunction(ctx, "extractBody");
  duk_dup(ctx, init);
  duk_call(ctx, 1);
  duk_get_prop_index(ctx, -1, 2);
  if (duk_is_number(ctx, -1)) body.length = static_cast<uint64_t>(duk_get_number(ctx, -1));
  duk_pop(ctx);
  duk_get_prop_index(ctx, -1, 0);
  if (duk_is_string(ctx, -1)) {
    js::SetSlot(ctx, owner, kBodySlot);
    body.kind = Body::Kind::kString;
  } else if (duk_is_buffer_data(ctx, -1)) {
    // extractBody gives away its bytes or copies them.
    js::SetSlot(ctx, owner, kBodySlot);
    body.kind = Body::Kind::kBytes;
  } else {
    js::SetSlot(ctx, owner, kBodySlot);
    body.kind = Body::Kind::kStream;
  }
  duk_get_prop_index(ctx, -1, 1);
  duk_remove(ctx, -2);
}

void CloneBody(duk_context* ctx, duk_idx_t from, Body& source, duk_idx_t to, Body& target) {
  from = duk_normalize_index(ctx, from);
  to = duk_normalize_index(ctx, to);
  // The platform's text ends in a comma.
  if (IsUnusable(ctx, from, source)) js::ThrowError(ctx, "TypeError", "This ReadableStream is currently locked to a reader,");
  target.length = source.length;
  switch (source.kind) {
    case Body::Kind::kNone:
      return;
    case Body::Kind::kString:
      js::PushSlot(ctx, from, kBodySlot);
      js::SetSlot(ctx, to, kBodySlot);
      target.kind = Body::Kind::kString;
      return;
    case Body::Kind::kBytes:
      js::PushSlot(ctx, from, kBodySlot);
      PushBytes(ctx, GetBytes(ctx, -1).value_or(std::string_view()));
      js::SetSlot(ctx, to, kBodySlot);
      duk_pop(ctx);
      target.kind = Body::Kind::kBytes;
      return;
    case Body::Kind::kSource:
    case Body::Kind::kStream:
      MakeStream(ctx, from, source);
      js::PushLibraryFunction(ctx, "teeStream");
      js::PushSlot(ctx, from, kBodySlot);
      duk_call(ctx, 1);
      duk_get_prop_index(ctx, -1, 0);
      js::SetSlot(ctx, from, kBodySlot);
      duk_get_prop_index(ctx, -1, 1);
      js::SetSlot(ctx, to, kBodySlot);
      duk_pop(ctx);
      target.kind = Body::Kind::kStream;
      return;
  }
}

std::span<const js::LibraryNative> BodyNatives() {
  static constexpr js::LibraryNative kNatives[] = {{"convertBody", ConvertBodyNative, 3},
                                                   {"readSource", ReadSourceNative, 1},
                                                   {"cancelSource", CancelSourceNative, 1},
                                                   {"bodySignal", BodySignalNative, 1}};
  return kNatives;
}

void DefineBody(duk_context* ctx) {
  const js::Class source = {.type = &kSourceType, .name = "BodySource", .construct = nullptr};
  js::DefineClass(ctx, source);
  duk_pop(ctx);
}

void AcquireReader(duk_context* ctx) {
  js::PushLibraryFunction(ctx, "acquireReader");
  duk_insert(ctx, -2);
  duk_call(ctx, 1);
}

void ReadChunk(duk_context* ctx) {
  js::PushLibraryFunction(ctx, "readChunk");
  duk_dup(ctx, -2);
  duk_call(ctx, 1);
}

void CancelReader(duk_context* ctx) {
  js::PushLibraryFunction(ctx, "cancelReader");
  duk_dup(ctx, -3);
  duk_dup(ctx, -3);
  duk_call(ctx, 2);
  duk_pop_2(ctx);
}

}  // namespace edge::web
