#include "runtime/worker/service_binding.h"

#include <memory>
#include <string>
#include <utility>

#include "runtime/js/isolate.h"
#include "runtime/js/language/serialize.h"
#include "runtime/js/native.h"
#include "runtime/rpc/rpc.h"
#include "runtime/worker/object_namespace.h"
#include "runtime/worker/service_entry.h"
#include "runtime/worker/service_stub.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {
namespace {

// A binding, or a loopback stub. The stub behind it belongs to the world in which it was used first.
struct BindingState {
  std::string service;  // empty: this worker
  ServiceEntry entry;
  std::shared_ptr<ServiceStub> stub = nullptr;
};
void ReleaseBinding(void* pointer) { delete static_cast<BindingState*>(pointer); }
js::NativeMaker KeepBinding(void* pointer) {
  const auto* const state = static_cast<BindingState*>(pointer);
  return [service = state->service, entry = state->entry]() -> void* { return new BindingState{service, entry}; };
}
const js::NativeType kBindingType = {"ServiceBinding", ReleaseBinding, 0, KeepBinding};

const WorkerCode& CodeOf(duk_context* ctx) { return WorkerIsolate::Self(ctx).code(); }

// native.serviceNames() -> names of the bindings
duk_ret_t ServiceNames(duk_context* ctx) {
  duk_push_array(ctx);
  duk_uarridx_t at = 0;
  for (const ServiceBinding& binding : CodeOf(ctx).service_bindings) {
    js::PushUtf8(ctx, binding.name);
    duk_put_prop_index(ctx, -2, at++);
  }
  return 1;
}

// native.serviceBinding(index) -> the binding
duk_ret_t Binding(duk_context* ctx) {
  const ServiceBinding& binding = CodeOf(ctx).service_bindings[duk_require_uint(ctx, 0)];
  auto* const state = new BindingState{binding.service, {.entrypoint = binding.entrypoint}};
  js::PushNative(ctx, kBindingType, state);
  if (!binding.props.empty()) state->entry.props = {.form = ServiceEntry::Props::Form::kJson, .bytes = binding.props};
  return 1;
}

// native.loopback(name, props | undefined) -> a binding to an export of this worker
duk_ret_t Loopback(duk_context* ctx) {
  duk_set_top(ctx, 2);
  auto* const state = new BindingState();
  js::PushNative(ctx, kBindingType, state);
  state->entry.entrypoint = js::RequireUtf8(ctx, 0);
  if (state->entry.entrypoint == "default") state->entry.entrypoint.clear();
  if (duk_is_undefined(ctx, 1)) return 1;
  state->entry.props.form = ServiceEntry::Props::Form::kSerialized;
  js::SerializeValue(ctx, 1, state->entry.props.bytes);
  return 1;
}

// native.openService(binding) -> a handle of the current context
duk_ret_t OpenService(duk_context* ctx) {
  auto& state = *static_cast<BindingState*>(js::RequireNative(ctx, 0, kBindingType));
  if (state.stub == nullptr) {
    Worker* const worker = WorkerIsolate::Self(ctx).PeerOf(state.service);
    if (worker == nullptr) js::ThrowError(ctx, "Error", "The worker \"%s\" is not served here.", state.service.c_str());
    state.stub = std::make_shared<ServiceStub>(*worker, state.entry);
  }
  rpc::PushHandle(ctx, state.stub, state.stub);
  return 1;
}

// native.ownClasses() -> names of this worker's classes of Durable Objects
duk_ret_t OwnClasses(duk_context* ctx) {
  duk_push_array(ctx);
  duk_uarridx_t at = 0;
  for (const ObjectClass& object_class : CodeOf(ctx).object_classes) {
    js::PushUtf8(ctx, object_class.name);
    duk_put_prop_index(ctx, -2, at++);
  }
  return 1;
}

// native.namespaceOf(index) -> the namespace of one of them
duk_ret_t NamespaceOf(duk_context* ctx) {
  PushObjectNamespace(ctx, CodeOf(ctx).object_classes[duk_require_uint(ctx, 0)]);
  return 1;
}

}  // namespace

void DefineServiceBinding(duk_context* ctx) {
  const js::Class binding = {.type = &kBindingType, .name = "ServiceBinding", .construct = nullptr};
  js::DefineClass(ctx, binding);
  duk_pop(ctx);
}

std::span<const js::LibraryNative> ServiceNatives() {
  static constexpr js::LibraryNative kNatives[] = {{"serviceNames", ServiceNames, 0}, {"serviceBinding", Binding, 1},
                                                   {"loopback", Loopback, 2},         {"openService", OpenService, 1},
                                                   {"ownClasses", OwnClasses, 0},     {"namespaceOf", NamespaceOf, 1}};
  return kNatives;
}

}  // namespace edge::worker
