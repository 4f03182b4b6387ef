#include "runtime/worker/kv_binding.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "runtime/base/str_cat.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/remote_error.h"
#include "runtime/web/web.h"
#include "runtime/worker/kv_store.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {
namespace {

struct NamespaceState {
  std::string id;
};
void ReleaseNamespace(void* pointer) { delete static_cast<NamespaceState*>(pointer); }
const js::NativeType kNamespaceType = {"KvNamespace", ReleaseNamespace, 0, js::KeepCopy<NamespaceState>};

// One call, from its arguments to its result. Kept by whoever works at it.
struct Operation {
  std::string id;
  std::vector<std::string> keys;  // of get; one of put and delete
  storage::KvEntry entry;
  Duration cache_ttl;
  enum class As : uint8_t { kText, kBuffer } as = As::kText;
  std::string prefix, after;
  size_t limit = 0;

  const char* method = "GET";
  std::vector<std::optional<storage::KvEntry>> found;
  KvStore::Page page;
};
using OperationPtr = std::shared_ptr<Operation>;

// Arguments while they are read, which may throw.
void ReleaseArguments(void* pointer) { delete static_cast<OperationPtr*>(pointer); }
const js::NativeType kArgumentsType = {"KvArguments", ReleaseArguments};

// [ ... ] -> [ ... arguments ]. The namespace is the native's first argument.
Operation& PushArguments(duk_context* ctx, const char* method) {
  web::RequireInvocation(ctx);
  const auto* state = static_cast<const NamespaceState*>(js::RequireNative(ctx, 0, kNamespaceType));
  auto* const arguments = new OperationPtr(std::make_shared<Operation>());
  js::PushNative(ctx, kArgumentsType, arguments);
  (*arguments)->id = state->id;
  (*arguments)->method = method;
  return **arguments;
}

// What the caller is told of it.
absl::Status ErrorOf(const Operation& operation, const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status) || absl::IsAborted(status) || absl::IsCancelled(status)) return status;
  std::string text;
  if (absl::IsResourceExhausted(status)) {
    text = StrCat("KV ", operation.method, " failed: 429 Too Many Requests");
  } else if (absl::IsOutOfRange(status)) {  // of many values, which were not read to the end
    text = "KV GET_BULK failed: 413 Total size of request exceeds the limit of 25MB";
  } else if (absl::IsUnimplemented(status)) {
    text = FromAbsl(status.message());
  } else {
    text = StrCat("KV ", operation.method, " failed: 500 Internal Server Error");
  }
  return web::RemoteErrorStatus({.name = "Error", .message = std::move(text)});
}

using Work = absl::Status (*)(KvStore& store, Operation& operation, const KvCaller& caller);
using Push = void (*)(duk_context* ctx, const Operation& operation);

// Starts what the arguments at the top say. [ ... arguments ] -> [ ... arguments promise ]
void Start(duk_context* ctx, Work work, Push push) {
  const uint32_t promise = js::NewPromise(ctx);
  const OperationPtr operation = *static_cast<OperationPtr*>(js::GetNative(ctx, -2, kArgumentsType));
  WorkerIsolate& isolate = WorkerIsolate::Self(ctx);
  isolate.StartOperation({.label = "kv",
                          .work = [operation, work, store = isolate.kv()](uint64_t key, uint64_t invocation) -> absl::Status {
                            if (store == nullptr)
                              return ErrorOf(*operation, absl::UnimplementedError("KV is not available: this node keeps no state."));
                            return ErrorOf(*operation, work(*store, *operation, {.key = key, .invocation = invocation}));
                          },
                          .finish =
                              [operation, push, promise](duk_context* c, const absl::Status& status) {
                                if (!status.ok()) {
                                  web::PushRemoteError(c, status);
                                  js::SettlePromise(c, promise, js::Settle::kReject);
                                  return;
                                }
                                push(c, *operation);
                                js::SettlePromise(c, promise, js::Settle::kResolve);
                              }});
}

void PushNothing(duk_context* ctx, const Operation&) { duk_push_undefined(ctx); }

void PushBuffer(duk_context* ctx, std::string_view bytes) {
  void* const buffer = duk_push_fixed_buffer(ctx, bytes.size());
  if (!bytes.empty()) std::copy(bytes.begin(), bytes.end(), static_cast<char*>(buffer));
  duk_push_buffer_object(ctx, -1, 0, bytes.size(), DUK_BUFOBJ_ARRAYBUFFER);
  duk_remove(ctx, -2);
}

// An array: value and metadata's text of each key, undefined for what is not there.
void PushFound(duk_context* ctx, const Operation& operation) {
  duk_push_array(ctx);
  duk_uarridx_t index = 0;
  for (const std::optional<storage::KvEntry>& entry : operation.found) {
    if (!entry.has_value()) {
      duk_push_undefined(ctx);
    } else if (operation.as == Operation::As::kText) {
      js::PushUtf8(ctx, entry->value);
    } else {
      PushBuffer(ctx, entry->value);
    }
    duk_put_prop_index(ctx, -2, index++);
    if (entry.has_value() && !entry->metadata.empty()) {
      js::PushUtf8(ctx, entry->metadata);
    } else {
      duk_push_undefined(ctx);
    }
    duk_put_prop_index(ctx, -2, index++);
  }
}

// An array: the cursor or undefined, then name, expiration and metadata's text of each key.
void PushPage(duk_context* ctx, const Operation& operation) {
  duk_push_array(ctx);
  duk_uarridx_t index = 0;
  if (operation.page.complete) {
    duk_push_undefined(ctx);
  } else {
    js::PushUtf8(ctx, operation.page.next);
  }
  duk_put_prop_index(ctx, -2, index++);
  for (const storage::KvListed& listed : operation.page.keys) {
    js::PushUtf8(ctx, listed.key);
    duk_put_prop_index(ctx, -2, index++);
    if (listed.expiration_s.has_value()) {
      duk_push_number(ctx, static_cast<double>(*listed.expiration_s));
    } else {
      duk_push_undefined(ctx);
    }
    duk_put_prop_index(ctx, -2, index++);
    if (listed.metadata.empty()) {
      duk_push_undefined(ctx);
    } else {
      js::PushUtf8(ctx, listed.metadata);
    }
    duk_put_prop_index(ctx, -2, index++);
  }
}

// native.byteLength(value): of a string as UTF-8, or of bytes
duk_ret_t ByteLength(duk_context* ctx) {
  duk_set_top(ctx, 1);
  size_t length = 0;
  bool found = false;
  if (!duk_is_string(ctx, 0)) {
    if (const std::optional<std::string_view> bytes = web::GetBytes(ctx, 0); bytes.has_value()) {
      length = bytes->size();
      found = true;
    }
  }
  if (!found) length = js::RequireUtf8(ctx, 0).size();
  duk_push_number(ctx, static_cast<double>(length));
  return 1;
}

// native.isBytes(value)
duk_ret_t IsBytes(duk_context* ctx) {
  duk_set_top(ctx, 1);
  duk_push_boolean(ctx, web::GetBytes(ctx, 0).has_value());
  return 1;
}

// native.kvGet(namespace, keys, cacheTtl, asText) -> promise (PushFound)
duk_ret_t NativeGet(duk_context* ctx) {
  duk_set_top(ctx, 4);
  Operation& operation = PushArguments(ctx, "GET");
  operation.cache_ttl = Duration::Seconds(duk_require_int(ctx, 2));
  operation.as = duk_to_boolean(ctx, 3) != 0 ? Operation::As::kText : Operation::As::kBuffer;
  const auto count = static_cast<duk_uarridx_t>(duk_get_length(ctx, 1));
  if (count > 1) operation.method = "GET_BULK";
  for (duk_uarridx_t i = 0; i < count; ++i) {
    duk_get_prop_index(ctx, 1, i);
    const std::string_view key = js::RequireUtf8(ctx, -1);
    operation.keys.emplace_back(key);
    duk_pop(ctx);
  }
  Start(
      ctx,
      [](KvStore& store, Operation& op, const KvCaller& caller) -> absl::Status {
        absl::StatusOr<std::vector<std::optional<storage::KvEntry>>> found = store.Get(op.id, op.keys, op.cache_ttl, caller);
        if (found.ok()) op.found = *std::move(found);
        return found.status();
      },
      PushFound);
  return 1;
}

// native.kvPut(namespace, key, value, expiration, metadata) -> promise
duk_ret_t NativePut(duk_context* ctx) {
  duk_set_top(ctx, 5);
  Operation& operation = PushArguments(ctx, "PUT");
  const std::string_view key = js::RequireUtf8(ctx, 1);
  operation.keys.emplace_back(key);
  if (duk_is_string(ctx, 2)) {
    const std::string_view text = js::RequireUtf8(ctx, 2);
    operation.entry.value.assign(text);
  } else if (const std::optional<std::string_view> bytes = web::GetBytes(ctx, 2); bytes.has_value()) {
    operation.entry.value.assign(*bytes);
  }
  if (!duk_is_undefined(ctx, 3)) operation.entry.expiration_s = static_cast<int64_t>(duk_require_number(ctx, 3));
  if (!duk_is_undefined(ctx, 4)) {
    const std::string_view metadata = js::RequireUtf8(ctx, 4);
    operation.entry.metadata.assign(metadata);
  }
  Start(
      ctx,
      [](KvStore& store, Operation& op, const KvCaller& caller) { return store.Put(op.id, op.keys.front(), std::move(op.entry), caller); },
      PushNothing);
  return 1;
}

// native.kvDelete(namespace, key) -> promise
duk_ret_t NativeDelete(duk_context* ctx) {
  duk_set_top(ctx, 2);
  Operation& operation = PushArguments(ctx, "DELETE");
  const std::string_view key = js::RequireUtf8(ctx, 1);
  operation.keys.emplace_back(key);
  Start(
      ctx, [](KvStore& store, Operation& op, const KvCaller& caller) { return store.Delete(op.id, op.keys.front(), caller); }, PushNothing);
  return 1;
}

// native.kvList(namespace, prefix, cursor, limit) -> promise (PushPage)
duk_ret_t NativeList(duk_context* ctx) {
  duk_set_top(ctx, 4);
  Operation& operation = PushArguments(ctx, "GET");
  operation.limit = static_cast<size_t>(duk_require_int(ctx, 3));
  const std::string_view prefix = js::RequireUtf8(ctx, 1);
  operation.prefix.assign(prefix);
  const std::string_view cursor = js::RequireUtf8(ctx, 2);
  const bool understood = absl::WebSafeBase64Unescape({cursor.data(), cursor.size()}, &operation.after);
  if (!understood) js::ThrowError(ctx, "Error", "KV GET failed: 400 Invalid cursor.");
  Start(
      ctx,
      [](KvStore& store, Operation& op, const KvCaller& caller) -> absl::Status {
        absl::StatusOr<KvStore::Page> page = store.List(op.id, op.prefix, op.after, op.limit, caller);
        if (!page.ok()) return page.status();
        op.page = *std::move(page);
        // The cursor says where the next page begins, and nothing else.
        op.page.next = absl::WebSafeBase64Escape({op.page.next.data(), op.page.next.size()});
        return absl::OkStatus();
      },
      PushPage);
  return 1;
}

// A method: [ arguments ] -> what the function `name` of lib/kv.js returns for (this, how many, arguments...).
duk_ret_t Call(duk_context* ctx, const char* name, duk_idx_t arguments_max) {
  js::This<NamespaceState>(ctx, kNamespaceType);
  const duk_idx_t given = duk_get_top(ctx);
  duk_set_top(ctx, arguments_max);
  js::PushLibraryFunction(ctx, name);
  duk_insert(ctx, 0);
  duk_push_this(ctx);
  duk_insert(ctx, 1);
  duk_push_int(ctx, given);
  duk_insert(ctx, 2);
  duk_call(ctx, arguments_max + 2);
  return 1;
}

duk_ret_t Get(duk_context* ctx) { return Call(ctx, "kvGet", 2); }
duk_ret_t GetWithMetadata(duk_context* ctx) { return Call(ctx, "kvGetWithMetadata", 2); }
duk_ret_t Put(duk_context* ctx) { return Call(ctx, "kvPut", 3); }
duk_ret_t Delete(duk_context* ctx) { return Call(ctx, "kvDelete", 1); }
duk_ret_t List(duk_context* ctx) { return Call(ctx, "kvList", 1); }

const js::Method kMethods[] = {
    {"get", Get, 1}, {"list", List, 0}, {"put", Put, 2}, {"getWithMetadata", GetWithMetadata, 1}, {"delete", Delete, 1}};

}  // namespace

void DefineKvNamespace(duk_context* ctx) {
  js::DefineClass(ctx, {.type = &kNamespaceType, .name = "KvNamespace", .construct = nullptr, .methods = kMethods});
  duk_pop(ctx);
  js::DefineClass(ctx, {.type = &kArgumentsType, .name = "KvArguments", .construct = nullptr});
  duk_pop(ctx);
}

std::span<const js::LibraryNative> KvNatives() {
  static const js::LibraryNative kNatives[] = {{"byteLength", ByteLength, 1}, {"isBytes", IsBytes, 1},       {"kvGet", NativeGet, 4},
                                               {"kvPut", NativePut, 5},       {"kvDelete", NativeDelete, 2}, {"kvList", NativeList, 4}};
  return kNatives;
}

void PushKvNamespace(duk_context* ctx, const KvBinding& binding) { js::PushNative(ctx, kNamespaceType, new NamespaceState{binding.id}); }

}  // namespace edge::worker
