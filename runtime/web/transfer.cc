#include "runtime/web/transfer.h"

#include <utility>

#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/internal.h"

namespace edge::web {
namespace {

// The end of a pipe that JavaScript fills (lib/transfer.js).
struct PipeHandle {
  std::shared_ptr<BodyPipe> pipe;
};
void ReleasePipe(void* pointer) { delete static_cast<PipeHandle*>(pointer); }
const js::NativeType kPipeType = {"BodyPipe", ReleasePipe};

PipeHandle& RequirePipe(duk_context* ctx) { return *static_cast<PipeHandle*>(js::RequireNative(ctx, 0, kPipeType)); }

// What waits for the gate; if it is never let out, the reader gets no more.
struct GatedPiece {
  std::shared_ptr<BodyPipe> pipe;
  bool left = false;
  explicit GatedPiece(std::shared_ptr<BodyPipe> to) : pipe(std::move(to)) {}
  ~GatedPiece() {
    if (!left) pipe->End(absl::UnavailableError("Network connection lost."));
  }
};

// native.newPipe(length | undefined) -> pipe
duk_ret_t NewPipe(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireInvocation(ctx);
  auto* handle = new PipeHandle();
  js::PushNative(ctx, kPipeType, handle);
  std::optional<uint64_t> length;
  if (duk_is_number(ctx, 0)) length = static_cast<uint64_t>(duk_get_number(ctx, 0));
  handle->pipe = HostOf(ctx).NewBodyPipe(length);
  return 1;
}

// native.pipeDemand(pipe) -> promise of true when the reader wants a piece, of false if it wants no more
duk_ret_t PipeDemand(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RequireInvocation(ctx);
  PipeHandle& handle = RequirePipe(ctx);
  const uint32_t promise = js::NewPromise(ctx);
  auto wanted = std::make_shared<bool>(false);
  HostOf(ctx).StartTask(
      "stream.send", [pipe = handle.pipe, wanted] { *wanted = pipe->WaitForDemand(); },
      [promise, wanted](duk_context* c) {
        duk_push_boolean(c, *wanted);
        js::SettlePromise(c, promise, js::Settle::kResolve);
      });
  return 1;
}

// native.putPipe(pipe, bytes | text)
duk_ret_t PutPipe(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PipeHandle& handle = RequirePipe(ctx);
  const std::string_view bytes = duk_is_string(ctx, 1) ? js::RequireUtf8(ctx, 1) : GetBytes(ctx, 1).value_or(std::string_view());
  PutGated(ctx, handle.pipe, bytes);
  return 0;
}

duk_ret_t EndPipe(duk_context* ctx) {
  duk_set_top(ctx, 1);
  EndGated(ctx, RequirePipe(ctx).pipe, absl::OkStatus());
  return 0;
}

// native.failPipe(pipe): the other side learns that there is no more, not why
duk_ret_t FailPipe(duk_context* ctx) {
  duk_set_top(ctx, 1);
  EndGated(ctx, RequirePipe(ctx).pipe, absl::PermissionDeniedError("ReadableStream received over RPC disconnected prematurely."));
  return 0;
}

}  // namespace

void PutGated(duk_context* ctx, const std::shared_ptr<BodyPipe>& pipe, std::string_view bytes) {
  if (bytes.empty()) return;
  pipe->MeetDemand();
  HostOf(ctx).PassOutputGate([piece = std::make_unique<GatedPiece>(pipe), bytes = std::string(bytes)]() mutable {
    piece->left = true;
    piece->pipe->Put(std::move(bytes));
  });
}

void EndGated(duk_context* ctx, const std::shared_ptr<BodyPipe>& pipe, absl::Status status) {
  HostOf(ctx).PassOutputGate([piece = std::make_unique<GatedPiece>(pipe), status = std::move(status)] {
    piece->left = true;
    piece->pipe->End(status);
  });
}

std::span<const js::LibraryNative> TransferNatives() {
  static constexpr js::LibraryNative kNatives[] = {
      {"newPipe", NewPipe, 1}, {"pipeDemand", PipeDemand, 1}, {"putPipe", PutPipe, 2}, {"endPipe", EndPipe, 1}, {"failPipe", FailPipe, 1}};
  return kNatives;
}

void DefineTransfer(duk_context* ctx) {
  const js::Class pipe = {.type = &kPipeType, .name = "BodyPipe", .construct = nullptr};
  js::DefineClass(ctx, pipe);
  duk_pop(ctx);
}

bool IsReadableStream(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  js::PushLibraryFunction(ctx, "isReadableStream");
  duk_dup(ctx, index);
  duk_call(ctx, 1);
  const bool is = duk_to_boolean(ctx, -1);
  duk_pop(ctx);
  return is;
}

bool IsRequest(duk_context* ctx, duk_idx_t index) { return js::IsNative(ctx, index, kRequestType); }

void TakeStream(duk_context* ctx, duk_idx_t index, std::shared_ptr<BodySource>& out) {
  index = duk_normalize_index(ctx, index);
  js::PushLibraryFunction(ctx, "sendStream");
  duk_dup(ctx, index);
  duk_call(ctx, 1);
  if (auto* source = static_cast<SourceHandle*>(js::GetNative(ctx, -1, kSourceType)); source != nullptr) {
    out = std::move(source->source);
  } else {
    out = static_cast<PipeHandle*>(js::RequireNative(ctx, -1, kPipeType))->pipe;
  }
  duk_pop(ctx);
}

void PushStream(duk_context* ctx, std::shared_ptr<BodySource> source) {
  auto* handle = new SourceHandle{std::move(source)};
  js::PushNative(ctx, kSourceType, handle);
  js::PushLibraryFunction(ctx, "streamFromSource");
  duk_insert(ctx, -2);
  duk_push_false(ctx);
  if (const std::optional<uint64_t> length = handle->source->Length(); length.has_value()) {
    duk_push_number(ctx, static_cast<double>(*length));
  } else {
    duk_push_undefined(ctx);
  }
  duk_push_undefined(ctx);
  duk_call(ctx, 4);
}

bool CopyHeaders(duk_context* ctx, duk_idx_t index, HeaderList& out) {
  const auto* headers = static_cast<HeadersState*>(js::GetNative(ctx, index, kHeadersType));
  if (headers == nullptr) return false;
  out = headers->list;
  return true;
}

void PushHeaderList(duk_context* ctx, HeaderList& list) {
  HeadersState& headers = PushHeaders(ctx);
  headers.list = std::move(list);
  headers.charge.Set(headers.list.bytes());
  RequireMemory(ctx);
}

void SendRequest(duk_context* ctx, duk_idx_t index, FetchRequest& out) {
  index = duk_normalize_index(ctx, index);
  std::optional<uint64_t> length;
  if (TakeRequest(ctx, index, out, length)) {
    TakeStream(ctx, -1, out.stream);
    duk_pop(ctx);
  }
  PushRequestCf(ctx, index);
}

void SendResponse(duk_context* ctx, duk_idx_t index, OutgoingResponse& out) {
  if (!TakeResponse(ctx, index, out)) js::ThrowError(ctx, "TypeError", "The ReadableStream has been locked to a reader.");
  if (out.body != OutgoingResponse::Body::kStream) return;
  TakeStream(ctx, -1, out.source);
  duk_pop(ctx);
  out.body = OutgoingResponse::Body::kSource;
}

}  // namespace edge::web
