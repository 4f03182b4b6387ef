// The inside of this folder: what is kept per heap, and the native objects that JavaScript holds.
#ifndef EDGE_RUNTIME_RPC_STATE_H_
#define EDGE_RUNTIME_RPC_STATE_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/js/language/language.h"
#include "runtime/js/language/serialize.h"
#include "runtime/js/native.h"
#include "runtime/rpc/message.h"
#include "runtime/rpc/rpc.h"
#include "runtime/web/web.h"

namespace edge::rpc {

struct RpcState;

// What a stub, or the promise of a call, holds on to: whom calls go to. Ended with its context.
struct Handle {
  explicit Handle(RpcState& state);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  // Lets go of everything.
  void Drop();

  // What it refers to; null once that is gone.
  std::shared_ptr<Callee> Target() const;
  std::shared_ptr<web::FetchTarget> Fetch() const;
  bool CanFetch() const;

  RpcState& state;
  const uint64_t context;  // 0: of the isolate, good everywhere
  struct Held {
    std::shared_ptr<Callee> callee;
    std::shared_ptr<web::FetchTarget> fetch;
  };
  Held held;
  std::weak_ptr<Held> leased;      // instead: kept by the result of a call
  std::shared_ptr<CallResult> on;  // not null: the receiver is the result of a call
  bool ended = false;
  std::list<Handle*>::iterator place;
};
extern const js::NativeType kHandleType;

// What messages that this isolate has sent hold, until they are received. Outlives the isolate.
struct InFlight {
  size_t bytes = 0;
  size_t max_bytes = 64 * 1024 * 1024;
};

struct RpcState {
  RpcHost* host = nullptr;
  uint64_t next_export = 1;
  uint64_t next_result = 1;
  std::map<uint64_t, std::list<Handle*>> handles;  // by context
  std::shared_ptr<ReleasedResults> released = std::make_shared<ReleasedResults>();
  std::shared_ptr<InFlight> in_flight = std::make_shared<InFlight>();
  // Of stubs whose fetch() is HTTP, by the engine's addresses; kept alive by the stash.
  void* service_prototype = nullptr;
  void* object_prototype = nullptr;
  void* service_handler = nullptr;
  void* record_key = nullptr;
};
RpcState& StateOf(duk_context* ctx);

// A message being written; a Handle, request or response that is on its way into it rests here, where a throw does no harm.
class Outbox final : public js::Externals {
 public:
  bool Write(duk_context* ctx, duk_idx_t index, uint32_t& tag, std::string& payload) override;
  bool Read(duk_context*, uint32_t, std::string_view) override { return false; }

  Message message;
  std::vector<Step> steps;  // of the request that the message is part of

 private:
  bool WriteStub(duk_context* ctx, duk_idx_t handle, uint32_t& tag, std::string& payload);
  void WriteRequest(duk_context* ctx, duk_idx_t index, std::string& payload);
  void WriteResponse(duk_context* ctx, duk_idx_t index, std::string& payload);
  void PutBody(std::string& payload, const std::string* bytes, std::shared_ptr<web::BodySource> source);

  web::FetchRequest request_;
  web::OutgoingResponse response_;
  web::HeaderList headers_;
  std::shared_ptr<web::BodySource> source_;
};

// A message being read.
class Inbox final : public js::Externals {
 public:
  explicit Inbox(Message received) : message(std::move(received)) {}
  bool Write(duk_context*, duk_idx_t, uint32_t&, std::string&) override { return false; }
  bool Read(duk_context* ctx, uint32_t tag, std::string_view payload) override;

  Message message;
  duk_idx_t group = 0;  // where the array is that stubs are added to

 private:
  bool ReadStub(duk_context* ctx, std::string_view payload);
  bool ReadRequest(duk_context* ctx, std::string_view payload);
  bool ReadResponse(duk_context* ctx, std::string_view payload);

  web::FetchRequest request_;
  web::OutgoingResponse response_;
  web::HeaderList headers_;
  std::shared_ptr<web::BodySource> source_;
};

// [ ... value ] -> [ ... outbox ]: the value as a message, owned by a native object. Throws DataCloneError, and Error when it is too large.
Outbox& PushOutbox(duk_context* ctx);
// [ ... ] -> [ ... inbox ].
void PushInbox(duk_context* ctx, Message& message);
// native.open(inbox, group) -> value. Every stub in it is added to the array `group`; the message is empty afterwards.
duk_ret_t OpenInbox(duk_context* ctx);

// Natives of requests that have come in (dispatch.cc).
std::span<const js::LibraryNative> DispatchNatives();
void DefineMessages(duk_context* ctx);
void DefineDispatch(duk_context* ctx);

// [ ... value ] -> [ ... ]. Keeps the value for calls from elsewhere.
std::shared_ptr<Callee> Export(duk_context* ctx);

}  // namespace edge::rpc

#endif  // EDGE_RUNTIME_RPC_STATE_H_
