#include "runtime/bundle/bundle.h"

#include <boost/json.hpp>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/bundle/sha256.h"

namespace edge::bundle {
namespace {

namespace json = boost::json;

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(StrCat("bundle.json: ", what, "; build the bundle again with this version of edge"));
}

absl::StatusOr<std::string> StringMember(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return Malformed(StrCat("\"", name, "\" is missing or not a string"));
  return std::string(value->get_string());
}

absl::StatusOr<std::vector<std::string>> StringsMember(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_array()) return Malformed(StrCat("\"", name, "\" is missing or not an array"));
  std::vector<std::string> strings;
  for (const json::value& element : value->get_array()) {
    if (!element.is_string()) return Malformed(StrCat("\"", name, "\" holds something that is not a string"));
    strings.emplace_back(element.get_string());
  }
  return strings;
}

absl::StatusOr<std::vector<BundleInput>> InputsMember(const json::object& object) {
  const json::value* value = object.if_contains("inputs");
  if (value == nullptr || !value->is_array()) return Malformed("\"inputs\" is missing or not an array");
  std::vector<BundleInput> inputs;
  for (const json::value& element : value->get_array()) {
    if (!element.is_object()) return Malformed("\"inputs\" holds something that is not an object");
    EDGE_ASSIGN_OR_RETURN(std::string path, StringMember(element.get_object(), "path"));
    const json::value* hash = element.get_object().if_contains("sha256");
    if (hash == nullptr || !(hash->is_string() || hash->is_null())) return Malformed("an input without \"sha256\"");
    inputs.push_back({.path = std::move(path), .sha256 = hash->is_null() ? std::string() : std::string(hash->get_string())});
  }
  return inputs;
}

// The same text that lower/output.js hashes.
std::string ContentHash(const BundleMetadata& metadata, std::string_view code, std::string_view map) {
  json::object head;
  head["format_version"] = kFormatVersion;
  head["compatibility_date"] = metadata.compatibility_date;
  head["compatibility_flags"] = json::array(metadata.compatibility_flags.begin(), metadata.compatibility_flags.end());
  head["main"] = metadata.main;
  head["exports"] = json::array(metadata.exports.begin(), metadata.exports.end());
  return Sha256Hex(StrCat(json::serialize(head), "\n", Sha256Hex(code), "\n", Sha256Hex(map)));
}

}  // namespace

absl::StatusOr<BundleMetadata> ParseBundleMetadata(std::string_view text) {
  json::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  if (error) return Malformed(StrCat("not JSON (", error.message(), ")"));
  if (!root.is_object()) return Malformed("not an object");
  const json::object& object = root.get_object();
  const json::value* version = object.if_contains("format_version");
  if (version == nullptr || !version->is_int64()) return Malformed("\"format_version\" is missing");
  if (version->get_int64() != kFormatVersion) {
    return Malformed(StrCat("format version ", version->get_int64(), ", but this edge reads version ", kFormatVersion));
  }
  BundleMetadata metadata;
  EDGE_ASSIGN_OR_RETURN(metadata.content_hash, StringMember(object, "content_hash"));
  EDGE_ASSIGN_OR_RETURN(metadata.compatibility_date, StringMember(object, "compatibility_date"));
  EDGE_ASSIGN_OR_RETURN(metadata.compatibility_flags, StringsMember(object, "compatibility_flags"));
  EDGE_ASSIGN_OR_RETURN(metadata.main, StringMember(object, "main"));
  EDGE_ASSIGN_OR_RETURN(metadata.exports, StringsMember(object, "exports"));
  EDGE_ASSIGN_OR_RETURN(metadata.inputs, InputsMember(object));
  return metadata;
}

absl::StatusOr<Bundle> LoadBundle(Disk& disk, std::string_view directory) {
  Bundle bundle;
  bundle.directory = std::string(directory);
  auto read = [&](std::string_view name) -> absl::StatusOr<std::string> {
    absl::StatusOr<std::string> content = ReadWholeFile(disk, StrCat(directory, "/", name));
    if (absl::IsNotFound(content.status())) {
      return absl::NotFoundError(StrCat(directory, " is not a bundle: it has no ", name));
    }
    return content;
  };
  EDGE_ASSIGN_OR_RETURN(const std::string metadata, read("bundle.json"));
  EDGE_ASSIGN_OR_RETURN(bundle.metadata, ParseBundleMetadata(metadata));
  EDGE_ASSIGN_OR_RETURN(bundle.code, read("worker.js"));
  EDGE_ASSIGN_OR_RETURN(bundle.source_map, read("worker.js.map"));
  if (ContentHash(bundle.metadata, bundle.code, bundle.source_map) != bundle.metadata.content_hash) {
    return absl::DataLossError(StrCat(directory, ": the bundle's files were changed after it was built; build it again"));
  }
  return bundle;
}

}  // namespace edge::bundle
