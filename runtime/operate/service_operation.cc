#include "runtime/operate/service_operation.h"

#include <charconv>
#include <vector>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::operate {
namespace {

constexpr std::string_view kVerbs[] = {"kv get", "kv put", "kv delete", "kv list", "cron run"};
constexpr size_t kKeyBytesMax = 512;
constexpr size_t kValueBytesMax = 25 * 1024 * 1024;
constexpr int64_t kTtlMin = 60;
constexpr size_t kPageKeys = 1000;

// "5:bytes", so that any bytes may be in it.
void AppendPart(std::string& out, std::string_view part) { StrAppend(&out, part.size(), ":", part); }

absl::StatusOr<std::string> TakePart(std::string_view& text) {
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const auto used = static_cast<size_t>(end - text.data());
  if (error != std::errc() || used >= text.size() || *end != ':' || length > text.size() - used - 1) {
    return absl::InvalidArgumentError("the operation is cut off");
  }
  std::string part(text.substr(used + 1, length));
  text.remove_prefix(used + 1 + length);
  return part;
}

// As JSON writes it.
std::string Quoted(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20) {
      out.append("\\u00").append({kDigits[byte >> 4], kDigits[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

absl::StatusOr<std::string> ListKeys(worker::KvStore& kv, const ServiceOperation& operation) {
  const bool json = operation.format == ServiceOperation::Format::kJson;
  std::string text, after;
  size_t count = 0;
  for (;;) {
    EDGE_ASSIGN_OR_RETURN(const worker::KvStore::Page page, kv.List(operation.name, operation.key, after, kPageKeys, {}));
    for (const storage::KvListed& listed : page.keys) {
      if (json) {
        StrAppend(&text, count == 0 ? "[" : ",\n ", "{\"name\":", Quoted(listed.key));
        if (listed.expiration_s.has_value()) StrAppend(&text, ",\"expiration\":", *listed.expiration_s);
        if (!listed.metadata.empty()) StrAppend(&text, ",\"metadata\":", listed.metadata);
        text.append("}");
      } else {
        text.append(listed.key);
        if (listed.expiration_s.has_value()) StrAppend(&text, "  expires ", *listed.expiration_s);
        if (!listed.metadata.empty()) StrAppend(&text, "  ", listed.metadata);
        text.append("\n");
      }
      ++count;
    }
    if (page.complete) break;
    after = page.next;
  }
  if (json) return text.empty() ? std::string("[]") : text + "]";
  return text + StrCat(count, count == 1 ? " key" : " keys");
}

}  // namespace

std::string ServiceOperation::Encode() const {
  std::string text;
  AppendPart(text, kVerbs[static_cast<size_t>(verb)]);
  for (const std::string* part : {&name, &key, &value}) AppendPart(text, *part);
  AppendPart(text, StrCat(ttl_s));
  AppendPart(text, format == Format::kJson ? "json" : "text");
  return text;
}

absl::StatusOr<ServiceOperation> ServiceOperation::Decode(std::string_view text) {
  ServiceOperation operation;
  EDGE_ASSIGN_OR_RETURN(const std::string verb, TakePart(text));
  for (std::string* part : {&operation.name, &operation.key, &operation.value}) {
    EDGE_ASSIGN_OR_RETURN(*part, TakePart(text));
  }
  EDGE_ASSIGN_OR_RETURN(const std::string ttl, TakePart(text));
  EDGE_ASSIGN_OR_RETURN(const std::string format, TakePart(text));
  const auto [end, error] = std::from_chars(ttl.data(), ttl.data() + ttl.size(), operation.ttl_s);
  if (error != std::errc() || end != ttl.data() + ttl.size()) return absl::InvalidArgumentError("a time to live is a number");
  if (format != "text" && format != "json") return absl::InvalidArgumentError(StrCat("unknown format \"", format, "\""));
  if (format == "json") operation.format = Format::kJson;
  for (size_t i = 0; i < std::size(kVerbs); ++i) {
    if (verb != kVerbs[i]) continue;
    operation.verb = static_cast<Verb>(i);
    return operation;
  }
  return absl::InvalidArgumentError(StrCat("unknown operation \"", verb, "\""));
}

absl::StatusOr<std::string> OperateKv(worker::KvStore& kv, WallTime now, const ServiceOperation& operation) {
  using Verb = ServiceOperation::Verb;
  EDGE_RETURN_IF_ERROR(storage::KvNamespace::KeyOf(operation.name).status());
  if (operation.verb == Verb::kKvList) return ListKeys(kv, operation);
  const std::string& key = operation.key;
  if (key.empty() || key.size() > kKeyBytesMax || key == "." || key == "..") {
    return absl::InvalidArgumentError(StrCat("a key has 1 to ", kKeyBytesMax, " bytes and is not . or .."));
  }
  if (operation.verb == Verb::kKvGet) {
    EDGE_ASSIGN_OR_RETURN(std::vector<std::optional<storage::KvEntry>> found, kv.Get(operation.name, {&key, 1}, Duration::Zero(), {}));
    if (!found.front().has_value()) return absl::NotFoundError(StrCat("there is no key \"", key, "\" in the namespace ", operation.name));
    return std::move(found.front()->value);
  }
  if (operation.verb == Verb::kKvDelete) {
    EDGE_RETURN_IF_ERROR(kv.Delete(operation.name, key, {}));
    return StrCat("deleted ", key);
  }
  if (operation.verb != Verb::kKvPut) return absl::InvalidArgumentError("this is no operation on KV");
  if (operation.value.size() > kValueBytesMax) return absl::InvalidArgumentError(StrCat("a value has at most ", kValueBytesMax, " bytes"));
  storage::KvEntry entry = {.value = operation.value};
  if (operation.ttl_s != 0) {
    if (operation.ttl_s < kTtlMin) return absl::InvalidArgumentError(StrCat("a time to live is at least ", kTtlMin, " s"));
    entry.expiration_s = now.ToUnixSeconds() + operation.ttl_s;
  }
  EDGE_RETURN_IF_ERROR(kv.Put(operation.name, key, std::move(entry), {}));
  return StrCat("put ", key, " (", operation.value.size(), " bytes)");
}

}  // namespace edge::operate
