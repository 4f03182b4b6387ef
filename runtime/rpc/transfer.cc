// Messages: values as bytes with capabilities beside them.
//
// What bytes cannot hold has a tag and a payload: little-endian numbers, texts with their length in front, capabilities by index. Read
// without trust: a payload that does not parse, or names a capability that is not there or was taken before, makes the whole message bad.
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "runtime/js/isolate.h"
#include "runtime/js/language/serialize.h"
#include "runtime/js/native.h"
#include "runtime/rpc/state.h"
#include "runtime/web/transfer.h"

namespace edge::rpc {
namespace {

enum class Tag : uint32_t { kStub = 1, kWritableStream, kReadableStream, kHeaders, kRequest, kResponse };

constexpr uint32_t kNone = 0xFFFFFFFF;
constexpr size_t kMessageBytesMax = 32 * 1024 * 1024;

// What lib/rpc.js says of a value (rpcDescribe).
enum class Kind : int { kHandle = 1, kExport, kSink, kStream };

void ReleaseOutbox(void* pointer) { delete static_cast<Outbox*>(pointer); }
const js::NativeType kOutboxType = {"RpcOutbox", ReleaseOutbox};
void ReleaseInbox(void* pointer) { delete static_cast<Inbox*>(pointer); }
const js::NativeType kInboxType = {"RpcInbox", ReleaseInbox};

void PutNumber(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}
void PutText(std::string& out, std::string_view text) {
  PutNumber(out, text.size());
  out.append(text);
}
void PutHeaders(std::string& out, const web::HeaderList& headers) {
  PutNumber(out, headers.entries().size());
  for (const web::HeaderList::Entry& entry : headers.entries()) {
    PutText(out, entry.name);
    PutText(out, entry.value);
  }
}

// Reads a payload; all of it fails once a part has failed.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t Number() {
    uint64_t value = 0;
    if (rest_.size() < 8) {
      good_ = false;
      return 0;
    }
    for (int i = 0; i < 8; ++i) value |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[static_cast<size_t>(i)])) << (8 * i);
    rest_.remove_prefix(8);
    return value;
  }
  std::string_view Text() {
    const uint64_t size = Number();
    if (size > rest_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  void Headers(web::HeaderList& out) {
    const uint64_t count = Number();
    out = web::HeaderList();
    for (uint64_t i = 0; i < count && good_; ++i) {
      const std::string_view name = Text();
      const std::string_view value = Text();
      good_ = good_ && web::IsHeaderName(name) && web::IsHeaderValue(value) && out.Append(name, value);
    }
  }
  bool good() const { return good_; }
  std::string_view Rest() const { return rest_; }
  bool AtEnd() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

// Takes a capability of that kind out of the message; null if it is not there.
template <typename T>
std::shared_ptr<T> Take(Message& message, uint64_t index) {
  if (index >= message.capabilities.size()) return nullptr;
  auto* held = std::get_if<std::shared_ptr<T>>(&message.capabilities[index]);
  return held == nullptr ? nullptr : std::exchange(*held, nullptr);
}

enum class BodyKind : uint8_t { kNone, kBytes, kStream };

// What messages have on the sender's account.
struct Charge {
  Charge(std::shared_ptr<InFlight> account_in, size_t bytes_in) : account(std::move(account_in)), bytes(bytes_in) {
    account->bytes += bytes;
  }
  ~Charge() { account->bytes -= bytes; }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  const std::shared_ptr<InFlight> account;
  const size_t bytes;
};

}  // namespace

// --- writing ---

bool Outbox::Write(duk_context* ctx, duk_idx_t index, uint32_t& tag, std::string& payload) {
  if (web::CopyHeaders(ctx, index, headers_)) {
    tag = static_cast<uint32_t>(Tag::kHeaders);
    PutHeaders(payload, headers_);
    return true;
  }
  if (web::IsRequest(ctx, index)) {
    tag = static_cast<uint32_t>(Tag::kRequest);
    WriteRequest(ctx, index, payload);
    return true;
  }
  if (web::IsResponse(ctx, index)) {
    tag = static_cast<uint32_t>(Tag::kResponse);
    WriteResponse(ctx, index, payload);
    return true;
  }
  const duk_idx_t top = duk_get_top(ctx);
  js::PushLibraryFunction(ctx, "rpcDescribe");
  duk_dup(ctx, index);
  duk_call(ctx, 1);
  if (duk_is_undefined(ctx, -1)) {
    duk_set_top(ctx, top);
    return false;
  }
  duk_get_prop_index(ctx, -1, 0);
  const auto kind = static_cast<Kind>(duk_require_int(ctx, -1));
  duk_pop(ctx);
  duk_get_prop_index(ctx, -1, 1);
  bool written = true;
  if (kind == Kind::kStream) {
    tag = static_cast<uint32_t>(Tag::kReadableStream);
    web::TakeStream(ctx, -1, source_);
    PutNumber(payload, message.capabilities.size());
    message.capabilities.emplace_back(std::move(source_));
  } else if (kind == Kind::kHandle) {
    written = WriteStub(ctx, -1, tag, payload);
  } else {
    tag = static_cast<uint32_t>(kind == Kind::kSink ? Tag::kWritableStream : Tag::kStub);
    PutNumber(payload, message.capabilities.size());
    if (kind == Kind::kExport) PutNumber(payload, kNone);
    message.capabilities.emplace_back(Export(ctx));
  }
  duk_set_top(ctx, top);
  return written;
}

bool Outbox::WriteStub(duk_context* ctx, duk_idx_t index, uint32_t& tag, std::string& payload) {
  const auto& handle = *static_cast<Handle*>(js::RequireNative(ctx, index, kHandleType));
  if (handle.Target() == nullptr) js::ThrowError(ctx, "Error", "RPC stub used after being disposed.");
  tag = static_cast<uint32_t>(Tag::kStub);
  PutNumber(payload, message.capabilities.size());
  message.capabilities.emplace_back(handle.Target());
  const bool has_fetch = handle.Fetch() != nullptr;
  PutNumber(payload, has_fetch ? message.capabilities.size() : kNone);
  if (has_fetch) message.capabilities.emplace_back(handle.Fetch());
  return true;
}

void Outbox::PutBody(std::string& payload, const std::string* bytes, std::shared_ptr<web::BodySource> source) {
  if (bytes != nullptr) {
    PutNumber(payload, static_cast<uint64_t>(BodyKind::kBytes));
    PutText(payload, *bytes);
  } else if (source != nullptr) {
    PutNumber(payload, static_cast<uint64_t>(BodyKind::kStream));
    PutNumber(payload, message.capabilities.size());
    message.capabilities.emplace_back(std::move(source));
  } else {
    PutNumber(payload, static_cast<uint64_t>(BodyKind::kNone));
  }
}

void Outbox::WriteRequest(duk_context* ctx, duk_idx_t index, std::string& payload) {
  request_ = web::FetchRequest();
  web::SendRequest(ctx, index, request_);
  PutText(payload, request_.method);
  PutText(payload, request_.url);
  PutNumber(payload, request_.redirect == web::RedirectMode::kManual ? 1 : 0);
  PutHeaders(payload, request_.headers);
  PutBody(payload, request_.bytes.has_value() ? &*request_.bytes : nullptr, std::move(request_.stream));
  // The rest is `cf`.
  js::SerializeValue(ctx, -1, payload);
  duk_pop(ctx);
  request_ = web::FetchRequest();
}

void Outbox::WriteResponse(duk_context* ctx, duk_idx_t index, std::string& payload) {
  response_ = web::OutgoingResponse();
  web::SendResponse(ctx, index, response_);
  PutNumber(payload, static_cast<uint64_t>(response_.status));
  PutText(payload, response_.status_text);
  PutHeaders(payload, response_.headers);
  PutNumber(payload, response_.length.has_value() ? *response_.length + 1 : 0);
  PutBody(payload, response_.body == web::OutgoingResponse::Body::kBytes ? &response_.bytes : nullptr, std::move(response_.source));
  response_ = web::OutgoingResponse();
}

Outbox& PushOutbox(duk_context* ctx) {
  auto* outbox = new Outbox();
  js::PushNative(ctx, kOutboxType, outbox);
  duk_insert(ctx, -2);
  js::SerializeValue(ctx, -1, outbox->message.bytes, outbox);
  duk_pop(ctx);
  const size_t size = outbox->message.bytes.size();
  if (size > kMessageBytesMax) {
    js::ThrowError(ctx, "Error",
                   "Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: %zu bytes.", size);
  }
  RpcState& state = StateOf(ctx);
  if (state.in_flight->bytes + size > state.in_flight->max_bytes) {
    js::ThrowError(ctx, "Error",
                   "Memory limit would be exceeded: too many bytes of RPC messages have been sent and not been received yet.");
  }
  outbox->message.account = std::make_shared<Charge>(state.in_flight, size);
  return *outbox;
}

// --- reading ---

bool Inbox::Read(duk_context* ctx, uint32_t tag, std::string_view payload) {
  PayloadReader reader(payload);
  switch (static_cast<Tag>(tag)) {
    case Tag::kStub:
      return ReadStub(ctx, payload);
    case Tag::kWritableStream: {
      const uint64_t index = reader.Number();
      if (!reader.AtEnd()) return false;
      auto* handle = new Handle(StateOf(ctx));
      handle->held.callee = Take<Callee>(message, index);
      js::PushNative(ctx, kHandleType, handle);
      if (handle->held.callee == nullptr) {
        duk_pop(ctx);
        return false;
      }
      js::PushLibraryFunction(ctx, "rpcReceiveWritable");
      duk_insert(ctx, -2);
      duk_call(ctx, 1);
      return true;
    }
    case Tag::kReadableStream: {
      const uint64_t index = reader.Number();
      if (!reader.AtEnd()) return false;
      source_ = Take<web::BodySource>(message, index);
      if (source_ == nullptr) return false;
      web::PushStream(ctx, std::move(source_));
      return true;
    }
    case Tag::kHeaders:
      reader.Headers(headers_);
      if (!reader.AtEnd()) return false;
      web::PushHeaderList(ctx, headers_);
      return true;
    case Tag::kRequest:
      return ReadRequest(ctx, payload);
    case Tag::kResponse:
      return ReadResponse(ctx, payload);
  }
  return false;
}

bool Inbox::ReadStub(duk_context* ctx, std::string_view payload) {
  PayloadReader reader(payload);
  const uint64_t callee = reader.Number();
  const uint64_t fetch = reader.Number();
  if (!reader.AtEnd()) return false;
  auto* handle = new Handle(StateOf(ctx));
  handle->held.callee = Take<Callee>(message, callee);
  if (fetch != kNone) handle->held.fetch = Take<web::FetchTarget>(message, fetch);
  js::PushNative(ctx, kHandleType, handle);
  if (handle->held.callee == nullptr || (fetch != kNone && handle->held.fetch == nullptr)) {
    duk_pop(ctx);
    return false;
  }
  js::PushLibraryFunction(ctx, "rpcReceiveStub");
  duk_insert(ctx, -2);
  duk_push_boolean(ctx, handle->held.fetch != nullptr);
  duk_dup(ctx, group);
  duk_call(ctx, 3);
  return true;
}

bool Inbox::ReadRequest(duk_context* ctx, std::string_view payload) {
  PayloadReader reader(payload);
  request_ = web::FetchRequest();
  request_.method = reader.Text();
  request_.url = reader.Text();
  request_.redirect = reader.Number() == 1 ? web::RedirectMode::kManual : web::RedirectMode::kFollow;
  reader.Headers(request_.headers);
  const auto body = static_cast<BodyKind>(reader.Number() & 0xFF);
  if (body == BodyKind::kBytes) {
    request_.bytes = std::string(reader.Text());
  } else if (body == BodyKind::kStream) {
    request_.stream = Take<web::BodySource>(message, reader.Number());
    if (request_.stream == nullptr) return false;
  } else if (body != BodyKind::kNone) {
    return false;
  }
  if (!reader.good()) return false;
  js::DeserializeValue(ctx, reader.Rest());
  web::PushRequest(ctx, request_);
  return true;
}

bool Inbox::ReadResponse(duk_context* ctx, std::string_view payload) {
  PayloadReader reader(payload);
  response_ = web::OutgoingResponse();
  const uint64_t status = reader.Number();
  if (status > 599 || (status < 200 && status != 0 && status != 101)) return false;
  response_.status = static_cast<int>(status);
  response_.status_text = reader.Text();
  reader.Headers(response_.headers);
  if (const uint64_t length = reader.Number(); length > 0) response_.length = length - 1;
  const auto body = static_cast<BodyKind>(reader.Number() & 0xFF);
  if (body == BodyKind::kBytes) {
    response_.body = web::OutgoingResponse::Body::kBytes;
    response_.bytes = reader.Text();
  } else if (body == BodyKind::kStream) {
    response_.body = web::OutgoingResponse::Body::kSource;
    response_.source = Take<web::BodySource>(message, reader.Number());
    if (response_.source == nullptr) return false;
  } else if (body != BodyKind::kNone) {
    return false;
  }
  if (!reader.AtEnd()) return false;
  web::PushResponse(ctx, response_);
  return true;
}

void PushInbox(duk_context* ctx, Message& message) {
  auto* inbox = new Inbox(std::move(message));
  js::PushNative(ctx, kInboxType, inbox);
}

duk_ret_t OpenInbox(duk_context* ctx) {
  duk_set_top(ctx, 2);
  auto& inbox = *static_cast<Inbox*>(js::RequireNative(ctx, 0, kInboxType));
  inbox.group = 1;
  js::DeserializeValue(ctx, inbox.message.bytes, &inbox);
  // What nothing in the bytes refers to is nobody's.
  { const Message rest = std::exchange(inbox.message, {}); }
  return 1;
}

void DefineMessages(duk_context* ctx) {
  for (const auto& [type, name] : {std::pair(&kOutboxType, "RpcOutbox"), std::pair(&kInboxType, "RpcInbox")}) {
    const js::Class definition = {.type = type, .name = name, .construct = nullptr};
    js::DefineClass(ctx, definition);
    duk_pop(ctx);
  }
}

}  // namespace edge::rpc
