#include "runtime/config/config_keys.h"

#include <algorithm>
#include <vector>

namespace edge::config {

namespace {

using enum KeyKind;
using enum KeyScope;
using enum KeyType;

// clang-format off
constexpr ConfigKey kKeys[] = {
    {"$schema", kSupported, kTopLevel, kString, "for editors"},
    {"account_id", kIgnored, kInherited, kString, "it names an account of the hosted platform"},
    {"ai", kUnsupported, kNotInherited, kObject, "Workers AI"},
    {"ai_search", kUnsupported, kNotInherited, kArray, "AI Search"},
    {"ai_search_namespaces", kUnsupported, kNotInherited, kArray, "AI Search"},
    {"alias", kSupported, kTopLevel, kObject, "modules to take in place of others"},
    {"analytics_engine_datasets", kUnsupported, kNotInherited, kArray, "Analytics Engine"},
    {"artifacts", kUnsupported, kNotInherited, kArray, "Artifacts"},
    {"assets", kUnsupported, kInherited, kObject, "static assets"},
    {"base_dir", kIgnored, kInherited, kString, "it matters with find_additional_modules alone"},
    {"browser", kUnsupported, kNotInherited, kObject, "Browser Rendering"},
    {"build", kIgnored, kInherited, kObject, "edge runs no custom build; run its command before edge starts"},
    {"cache", kIgnored, kInherited, kObject, "it sets up the hosted platform's cache"},
    {"cloudchamber", kUnsupported, kNotInherited, kObject, "Cloudchamber"},
    {"compatibility_date", kSupported, kInherited, kString, "YYYY-MM-DD"},
    {"compatibility_flags", kSupported, kInherited, kArray, "names of flags"},
    {"compliance_region", kIgnored, kInherited, kString, "it places the worker on the hosted platform"},
    {"containers", kUnsupported, kNotInherited, kArray, "Containers"},
    {"d1_databases", kUnsupported, kNotInherited, kArray, "D1"},
    {"data_blobs", kUnsupported, kTopLevel, kObject, "data blobs; import the file instead"},
    {"define", kSupported, kNotInherited, kObject, "expressions to put in place of names while bundling"},
    {"dev", kIgnored, kTopLevel, kObject, "it sets up wrangler dev; edge takes such options on its command line"},
    {"dispatch_namespaces", kUnsupported, kNotInherited, kArray, "Workers for Platforms"},
    {"durable_objects", kSupported, kNotInherited, kObject, "bindings to classes of Durable Objects"},
    {"env", kSupported, kTopLevel, kObject, "environments by name"},
    {"exports", kUnsupported, kInherited, kAny, "exports by class"},
    {"find_additional_modules", kUnsupported, kInherited, kBoolean, "modules that no import names"},
    {"first_party_worker", kIgnored, kInherited, kBoolean, "it concerns the hosted platform"},
    {"flagship", kUnsupported, kNotInherited, kArray, "Flagship"},
    {"hyperdrive", kUnsupported, kNotInherited, kArray, "Hyperdrive"},
    {"images", kUnsupported, kNotInherited, kObject, "Images"},
    {"jsx_factory", kSupported, kInherited, kString, "the function that JSX calls"},
    {"jsx_fragment", kSupported, kInherited, kString, "what JSX makes of <></>"},
    {"keep_names", kIgnored, kInherited, kBoolean, "names are always kept"},
    {"keep_vars", kIgnored, kTopLevel, kBoolean, "there is no dashboard whose variables could be lost"},
    {"kv_namespaces", kSupported, kNotInherited, kArray, "bindings to KV namespaces"},
    {"legacy_env", kIgnored, kTopLevel, kBoolean, "an environment is always a worker of its own"},
    {"limits", kSupported, kInherited, kObject, "cpu_ms and subrequests"},
    {"logfwdr", kUnsupported, kInherited, kObject, "logfwdr"},
    {"logpush", kIgnored, kInherited, kBoolean, "logs go to the terminal"},
    {"main", kSupported, kInherited, kString, "the file that the worker starts with"},
    {"media", kUnsupported, kNotInherited, kObject, "Media Transformations"},
    {"migrations", kSupported, kInherited, kArray, "which classes of Durable Objects exist, were renamed or deleted"},
    {"minify", kIgnored, kInherited, kBoolean, "nothing is uploaded that needed to be small"},
    {"mtls_certificates", kUnsupported, kNotInherited, kArray, "client certificates"},
    {"name", kSupported, kInherited, kString, "the worker's name"},
    {"no_bundle", kSupported, kInherited, kBoolean, "take the main file as it is"},
    {"node_compat", kUnsupported, kInherited, kBoolean, "wrangler's old polyfills"},
    {"observability", kIgnored, kInherited, kObject, "logs go to the terminal"},
    {"pages_build_output_dir", kUnsupported, kTopLevel, kString, "Pages"},
    {"pipelines", kUnsupported, kNotInherited, kArray, "Pipelines"},
    {"placement", kIgnored, kInherited, kObject, "the worker runs where edge runs"},
    {"preserve_file_names", kIgnored, kInherited, kBoolean, "it changes names within an upload"},
    {"preview_urls", kIgnored, kInherited, kBoolean, "edge answers on its own address"},
    {"previews", kIgnored, kInherited, kObject, "it sets up previews on the hosted platform"},
    {"python_modules", kIgnored, kInherited, kObject, "edge runs JavaScript and TypeScript"},
    {"queues", kSupported, kNotInherited, kObject, "producers: bindings to queues; consumers: whose messages the worker gets"},
    {"r2_buckets", kUnsupported, kNotInherited, kArray, "R2"},
    {"ratelimits", kUnsupported, kNotInherited, kArray, "rate limiting"},
    {"route", kIgnored, kInherited, kAny, "edge answers for every host and path"},
    {"routes", kIgnored, kInherited, kArray, "edge answers for every host and path"},
    {"rules", kSupported, kInherited, kArray, "which files are imported as text, data or WebAssembly"},
    {"secrets", kSupported, kNotInherited, kObject, "names of secrets that the worker needs"},
    {"secrets_store_secrets", kUnsupported, kNotInherited, kArray, "Secrets Store"},
    {"send_email", kUnsupported, kNotInherited, kArray, "Email"},
    {"send_metrics", kIgnored, kTopLevel, kBoolean, "edge sends none"},
    {"services", kSupported, kNotInherited, kArray, "bindings to other workers"},
    {"site", kUnsupported, kTopLevel, kObject, "Workers Sites"},
    {"stream", kUnsupported, kNotInherited, kObject, "Stream"},
    {"streaming_tail_consumers", kUnsupported, kNotInherited, kArray, "tail workers"},
    {"tail_consumers", kUnsupported, kNotInherited, kArray, "tail workers"},
    {"text_blobs", kUnsupported, kTopLevel, kObject, "text blobs; import the file instead"},
    {"triggers", kSupported, kInherited, kObject, "crons: when the scheduled handler runs"},
    {"tsconfig", kSupported, kInherited, kString, "the tsconfig.json to bundle with"},
    {"unsafe", kUnsupported, kNotInherited, kObject, "unsafe bindings"},
    {"unsafe_hello_world", kUnsupported, kNotInherited, kArray, "the hello-world binding"},
    {"upload_source_maps", kIgnored, kInherited, kBoolean, "stack traces always name your own files"},
    {"usage_model", kIgnored, kInherited, kString, "there is nothing to bill"},
    {"vars", kSupported, kNotInherited, kObject, "variables: strings or JSON values"},
    {"vectorize", kUnsupported, kNotInherited, kArray, "Vectorize"},
    {"version_metadata", kUnsupported, kNotInherited, kObject, "version metadata"},
    {"vpc_networks", kUnsupported, kNotInherited, kArray, "Workers VPC"},
    {"vpc_services", kUnsupported, kNotInherited, kArray, "Workers VPC"},
    {"wasm_modules", kUnsupported, kTopLevel, kObject, "WebAssembly bindings; import the module instead"},
    {"worker_loaders", kUnsupported, kNotInherited, kArray, "Worker Loaders"},
    {"workers_dev", kIgnored, kInherited, kBoolean, "edge answers on its own address"},
    {"workflows", kUnsupported, kNotInherited, kArray, "Workflows"},
    {"zone_id", kIgnored, kInherited, kString, "it names a zone of the hosted platform"},
};
// clang-format on

constexpr bool IsSorted() {
  for (size_t i = 1; i < std::size(kKeys); ++i) {
    if (!(kKeys[i - 1].name < kKeys[i].name)) return false;
  }
  return true;
}
static_assert(IsSorted());

// Edits from a to b: insert, delete, replace, swap of neighbours (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return kKeys; }

const ConfigKey* FindConfigKey(std::string_view name) {
  const auto it = std::lower_bound(std::begin(kKeys), std::end(kKeys), name,
                                   [](const ConfigKey& key, std::string_view wanted) { return key.name < wanted; });
  return it != std::end(kKeys) && it->name == name ? it : nullptr;
}

bool MatchesType(const Value& value, KeyType type) {
  switch (type) {
    case kAny:
      return true;
    case kString:
      return value.IsString();
    case kBoolean:
      return value.kind() == Value::Kind::kBool;
    case kArray:
      return value.IsArray();
    case kObject:
      return value.IsObject();
  }
  return false;
}

std::string_view TypeName(KeyType type) {
  switch (type) {
    case kAny:
      return "anything";
    case kString:
      return "a string";
    case kBoolean:
      return "true or false";
    case kArray:
      return "an array";
    case kObject:
      return "a table";
  }
  return "";
}

bool AsksForNothing(const Value& value) {
  if (value.kind() == Value::Kind::kNull) return true;
  if (value.kind() == Value::Kind::kBool) return !value.boolean();
  if (!value.IsArray() && !value.IsObject()) return false;
  return std::all_of(value.children().begin(), value.children().end(), [](const Value* child) { return AsksForNothing(*child); });
}

std::string Nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kWordSizeMax = 64;  // longer ones are no typing errors, and the distance costs size times size
  if (word.size() > kWordSizeMax) return "";
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return std::string(best);
}

}  // namespace edge::config
