// SyncKvStorage (`ctx.storage.kv`): the key-value API without promises, and the iterator of its list().
#include <utility>

#include "runtime/durable/bindings.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/serialize.h"

namespace edge::durable {
namespace {

// Asks for one pair at a time, so that it sees what is written in between.
struct Listing {
  Binding binding;
  ListOptions options;  // moves along
};
void ReleaseListing(void* pointer) { delete static_cast<Listing*>(pointer); }
const js::NativeType kListType = {"ListIterator", ReleaseListing, 0, js::KeepCopy<Listing>};

const Binding& ThisKv(duk_context* ctx) {
  const auto& kv = js::This<Binding>(ctx, kSyncKvType);
  if (kv.options.backend == StateOptions::Backend::kKeyValue) {
    js::ThrowError(
        ctx, "Error",
        "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but this object's namespace is "
        "not declared to use SQLite. You can use the older, asyncronous interface via methods of `storage` itself (e.g. "
        "`storage.get()`). Alternatively, to enable SQLite, change `new_classes` to `new_sqlite_classes` within the 'migrations' "
        "field in your wrangler.jsonc or wrangler.toml file. Note that this change cannot be made after the class is already "
        "deployed to production.");
  }
  RequireKvStack(ctx);
  return kv;
}

void RequireArgument(duk_context* ctx, const char* method, int position, const char* expected) {
  if (duk_get_top(ctx) < position) ThrowArgument(ctx, method, "SyncKvStorage", position, expected);
}

duk_ret_t Get(duk_context* ctx) {
  const Binding& kv = ThisKv(ctx);
  RequireArgument(ctx, "get", 1, "string");
  const std::string_view key = RequireKey(ctx, 0, kv.options);
  ObjectStorage& storage = HooksOf(ctx, kv.number).Storage();
  Work& work = PushWork(ctx);
  bool found = false;
  {
    absl::StatusOr<std::optional<std::string>> value = storage.Get(key);
    work.status = value.status();
    found = value.ok() && value->has_value();
    if (found) work.text = **std::move(value);
  }
  ThrowUnlessOk(ctx, work);
  if (!found) return 0;
  js::DeserializeValue(ctx, work.text);
  return 1;
}

duk_ret_t Put(duk_context* ctx) {
  const Binding& kv = ThisKv(ctx);
  RequireArgument(ctx, "put", 1, "string");
  RequireArgument(ctx, "put", 2, "Value");
  const std::string_view key = RequireKey(ctx, 0, kv.options);
  Work& work = PushWork(ctx);
  CollectPair(ctx, work, key, 1, kv.options);
  ObjectStorage& storage = HooksOf(ctx, kv.number).Storage();
  work.status = storage.Put(work.pairs[0].first, work.pairs[0].second, Confirm::kRequired);
  ThrowUnlessOk(ctx, work);
  return 0;
}

duk_ret_t Delete(duk_context* ctx) {
  const Binding& kv = ThisKv(ctx);
  RequireArgument(ctx, "delete", 1, "string");
  const std::string_view key = RequireKey(ctx, 0, kv.options);
  ObjectStorage& storage = HooksOf(ctx, kv.number).Storage();
  Work& work = PushWork(ctx);
  bool deleted = false;
  {
    const absl::StatusOr<bool> result = storage.Delete(key, Confirm::kRequired);
    work.status = result.status();
    deleted = result.ok() && *result;
  }
  ThrowUnlessOk(ctx, work);
  duk_push_boolean(ctx, deleted ? 1 : 0);
  return 1;
}

duk_ret_t List(duk_context* ctx) {
  const Binding& kv = ThisKv(ctx);
  duk_set_top(ctx, 1);
  auto* listing = new Listing{.binding = kv, .options = {}};
  js::PushNative(ctx, kListType, listing);
  ReadListOptions(ctx, 0, "SyncKvStorage", kv.options, listing->options);
  return 1;
}

duk_ret_t ListNext(duk_context* ctx) {
  auto& listing = js::This<Listing>(ctx, kListType);
  duk_set_top(ctx, 0);
  RequireKvStack(ctx);
  ObjectStorage& storage = HooksOf(ctx, listing.binding.number).Storage();
  Work& work = PushWork(ctx);
  if (listing.options.limit != 0u) {
    work.list = listing.options;
    work.list.limit = 1;
    work.status = storage.List(work.list, [&](std::string_view key, std::string_view value) {
      work.pairs.emplace_back(key, value);
      return true;
    });
  }
  ThrowUnlessOk(ctx, work);
  duk_push_object(ctx);
  duk_push_boolean(ctx, work.pairs.empty() ? 1 : 0);
  duk_put_prop_string(ctx, -2, "done");
  if (work.pairs.empty()) {
    listing.options.limit = 0;
    return 1;
  }
  if (listing.options.order == ListOptions::Order::kAscending) {
    listing.options.start_after = work.pairs[0].first;
  } else {
    listing.options.end = work.pairs[0].first;
  }
  if (listing.options.limit.has_value()) --*listing.options.limit;
  duk_push_array(ctx);
  js::PushUtf8(ctx, work.pairs[0].first);
  duk_put_prop_index(ctx, -2, 0);
  js::DeserializeValue(ctx, work.pairs[0].second);
  duk_put_prop_index(ctx, -2, 1);
  duk_put_prop_string(ctx, -2, "value");
  return 1;
}

duk_ret_t ReturnThis(duk_context* ctx) {
  duk_push_this(ctx);
  return 1;
}

const js::Method kKvMethods[] = {{"get", Get, 1}, {"list", List, 0}, {"put", Put, 2}, {"delete", Delete, 1}};
const js::Method kListMethods[] = {{"next", ListNext, 0}, {"@@iterator", ReturnThis, 0}};

}  // namespace

void PushIteratorPrototype(duk_context* ctx, IteratorKind kind) {
  if (kind == IteratorKind::kRaw) return PushRawPrototype(ctx);
  js::PushPrototype(ctx, kListType);
}

void DefineSyncKv(duk_context* ctx) {
  const js::Class kv = {.type = &kSyncKvType, .name = "SyncKvStorage", .construct = nullptr, .methods = kKvMethods};
  js::DefineClass(ctx, kv);
  duk_pop(ctx);
  const js::Class list = {.type = &kListType, .name = "ListIterator", .construct = nullptr, .methods = kListMethods};
  js::DefineClass(ctx, list);
  duk_pop(ctx);
}

}  // namespace edge::durable
