// ConfigReader's part for KV: kv_namespaces.
#include <algorithm>

#include "runtime/base/str_cat.h"
#include "runtime/config/config_reader.h"

namespace edge::config {
namespace {

constexpr size_t kIdBytesMax = 64;  // of storage::KvNamespace

}  // namespace

void ConfigReader::ReadKvNamespaces() {
  const Value* namespaces = Get("kv_namespaces");
  if (namespaces == nullptr) return;
  for (const Value* item : namespaces->children()) ReadKvNamespace(*item);
}

void ConfigReader::ReadKvNamespace(const Value& item) {
  if (!item.IsObject()) return TypeError(item, "a table with binding and id");
  constexpr std::string_view kKnown[] = {"binding", "id", "preview_id", "remote"};
  WarnOfUnknownMembers(item, kKnown);
  const Value* binding = RequireText(item, "binding", "CACHE");
  if (binding == nullptr) return;
  const auto same_name = [&](const KvBinding& other) { return other.name == binding->text(); };
  if (std::any_of(config_.kv_bindings.begin(), config_.kv_bindings.end(), same_name)) {
    return Error(binding->line(), StrCat(binding->Path(), ": another binding is called \"", binding->text(), "\" already"));
  }
  if (const Value* remote = item.Find("remote"); remote != nullptr && !(remote->kind() == Value::Kind::kBool && !remote->boolean())) {
    return Error(remote->line(),
                 StrCat(remote->Path(), ": a namespace of the hosted platform cannot be used from here; remove it, data is kept locally"));
  }
  if (const Value* preview = item.Find("preview_id"); preview != nullptr && !preview->IsString()) TypeError(*preview, "a string");
  // Without an identifier the hosted platform makes a namespace for the binding.
  std::string id = binding->text();
  if (const Value* given = item.Find("id"); given != nullptr) {
    if (!given->IsString() || given->text().empty() || given->text().size() > kIdBytesMax) {
      return Error(given->line(), StrCat(given->Path(), " must be a string of 1 to ", kIdBytesMax, " bytes; data is kept under it"));
    }
    id = given->text();
  }
  config_.kv_bindings.push_back({.name = binding->text(), .id = std::move(id), .line = item.line()});
}

}  // namespace edge::config
