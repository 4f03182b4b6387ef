// RPC for JavaScript: stubs, promises that can be called further, functions and RpcTargets that travel. Contract: contract sheet 2.
//
//   caller's isolate:   stub.method(args) --> JsRpcPromise --> RpcHost::StartCall --> (output gate) --> Callee::Send
//   callee's isolate:   an event enters --> Dispatch(receiver, request) --> promise --> TakeResult --> the message back
#ifndef EDGE_RUNTIME_RPC_RPC_H_
#define EDGE_RUNTIME_RPC_RPC_H_

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "duktape.h"
#include "runtime/rpc/message.h"

namespace edge::rpc {

// What this package needs of whoever runs the isolate (runtime/worker).
class RpcHost {
 public:
  virtual ~RpcHost() = default;
  // Sends `request` on behalf of the current invocation as soon as its output gate allows (in the order of calls), and calls `done` in the
  // isolate, under the rules of web::WebHost::StartTask, with what came back.
  using CallDone = absl::AnyInvocable<void(duk_context*, absl::StatusOr<Message>&)>;
  virtual void StartCall(std::shared_ptr<Callee> callee, CallRequest request, CallDone done) = 0;
  // Something of this isolate (by the number that ExportedValues gave it) is given away: the callee that others hold. Its calls enter the
  // isolate as part of the current invocation, or of the current object, which stays alive for them; when the last reference is dropped the
  // host calls Unexport in the isolate some time later.
  virtual std::shared_ptr<Callee> NewCallee(uint64_t export_number) = 0;
  // Names on whose behalf JavaScript runs: the invocation or the live object; 0 at global scope. Stubs that arrive now live until the host
  // calls EndContext with it, unless they are disposed of before.
  virtual uint64_t CurrentContext() = 0;
};

// Defines RpcTarget, RpcStub, RpcPromise, RpcProperty ... and what lib/ needs. Called after InstallWeb. `host` is borrowed.
void InstallRpc(duk_context* ctx, RpcHost& host);
void RebindRpc(duk_context* ctx, RpcHost& host);

// That invocation or object is over: its stubs let go of what they refer to and cannot be used any more. Runs no JavaScript, throws
// nothing, needs no Run.
void EndContext(duk_context* ctx, uint64_t context);

// [ ... ] -> [ ... stub ]. A stub on `callee`. `fetch_target` not null: the stub's fetch() sends requests there (HTTP semantics); else
// fetch is a method like others. Belongs to the current context.
void PushStub(duk_context* ctx, std::shared_ptr<Callee> callee, std::shared_ptr<web::FetchTarget> fetch_target);
// The same, of the class of stubs of Durable Objects.
void PushObjectStub(duk_context* ctx, std::shared_ptr<Callee> callee, std::shared_ptr<web::FetchTarget> fetch_target);
// [ ... ] -> [ ... handle ]. The same as lib/rpc.js holds it: what `edge.rpc.makeBinding` asks for at each use. Of the current context.
void PushHandle(duk_context* ctx, std::shared_ptr<Callee> callee, std::shared_ptr<web::FetchTarget> fetch_target);
// [ ... value ] -> [ ... ]. Gives the stub at `stub` a member of its own ("id", "name", "@@toStringTag"), which hides the other side's.
void SetStubMember(duk_context* ctx, duk_idx_t stub, const char* name);

// Carries out `request` on the value at `receiver` (or on the result of an earlier request, if it says so). [ ... ] -> [ ... promise ].
// `rules` say what of the receiver is visible: of an instance of a class (entrypoint, Durable Object, RpcTarget) methods and getters of its
// prototype only. Never throws but for want of memory: errors become the promise's. The promise's value is for TakeResult only.
// kHandlers: an object of handlers that is no class: {handlers, env, ctx}; its functions get env and ctx behind the one argument of a call.
enum class Receiver : uint8_t { kDurableObject, kEntrypoint, kExported, kHandlers };
void Dispatch(duk_context* ctx, duk_idx_t receiver, Receiver rules, CallRequest request);
// Moves the message for the way back out of the value of Dispatch's promise; once. What could not be sent has become the promise's error
// before. Throws nothing. [ ... ] -> [ ... ]
void TakeResult(duk_context* ctx, duk_idx_t value, Message& out);

// [ ... ] -> [ ... value ]: what was exported under that number; undefined if it is gone.
void PushExported(duk_context* ctx, uint64_t export_number);
void Unexport(duk_context* ctx, uint64_t export_number);

}  // namespace edge::rpc

#endif  // EDGE_RUNTIME_RPC_RPC_H_
