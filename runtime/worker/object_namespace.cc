#include "runtime/worker/object_namespace.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/bundle/sha256.h"
#include "runtime/durable/durable.h"
#include "runtime/js/isolate.h"
#include "runtime/js/native.h"
#include "runtime/rpc/rpc.h"
#include "runtime/web/host.h"
#include "runtime/web/web.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/object_id_cache.h"
#include "runtime/worker/object_stub.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {
namespace {

constexpr size_t kIdDigits = 64;
constexpr size_t kNameDigits = 32;  // of them; the others tie it to the namespace
constexpr std::array<std::string_view, 5> kJurisdictions = {"", "eu", "fedramp", "fedramp-high", "us"};
constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kNotValidText[] = "Durable Object ID is not valid for this namespace.";

size_t IndexOf(std::string_view jurisdiction) {
  return static_cast<size_t>(std::find(kJurisdictions.begin(), kJurisdictions.end(), jurisdiction) - kJurisdictions.begin());
}

// What no other parts give.
std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view part : parts) joined.append(StrCat(part.size(), ":")).append(part);
  return joined;
}

// The first digit says whether the id was made from a name, the second where it belongs.
std::string IdFrom(std::string_view space, std::string digits, std::string_view jurisdiction, char first) {
  digits[0] = first;
  digits[1] = kHexDigits[IndexOf(jurisdiction)];
  return digits + bundle::Sha256Hex(Joined({"edge object id", space, digits})).substr(0, kIdDigits - kNameDigits);
}

// What a namespace object knows. The class is the code's, which is the same for every isolate.
struct NamespaceState {
  const ObjectClass* object_class;
  std::string script;  // of the worker that has the class; empty: this one
  std::string jurisdiction;
  ObjectIdCache ids;

  const std::string& IdOf(std::string_view name) {
    return ids.OfName(name, [&] { return ObjectIdFromName(object_class->space, jurisdiction, name); });
  }
  // Whether it is an id of this namespace.
  bool Knows(const std::string& id) {
    if (ids.IsValid(id)) return true;
    if (!CheckObjectId(object_class->space, id).ok()) return false;
    ids.NoteValid(id);
    return true;
  }
};
void ReleaseNamespace(void* pointer) { delete static_cast<NamespaceState*>(pointer); }
const js::NativeType kNamespaceType = {"DurableObjectNamespace", ReleaseNamespace, 0, js::KeepCopy<NamespaceState>};

// A text that must outlive a throw.
struct Text {
  std::string text;
};
void ReleaseText(void* pointer) { delete static_cast<Text*>(pointer); }
const js::NativeType kTextType = {"Text", ReleaseText};

[[noreturn]] void ThrowTypeError(duk_context* ctx, const char* text) { js::ThrowError(ctx, "TypeError", "%s", text); }

NamespaceState& ThisNamespace(duk_context* ctx) { return js::This<NamespaceState>(ctx, kNamespaceType); }

// [ ... ] -> [ ... id ]
void PushId(duk_context* ctx, std::string_view hex, std::string_view name) {
  durable::PushObjectId(ctx, {.hex = std::string(hex), .name = std::string(name), .jurisdiction = std::string(JurisdictionOf(hex))});
}

// The name of a jurisdiction at `index`; throws for unknown ones. An index into kJurisdictions.
size_t RequireJurisdiction(duk_context* ctx, duk_idx_t index) {
  const size_t found = IndexOf(js::RequireUtf8(ctx, index));
  if (found == 0 || found >= kJurisdictions.size())
    ThrowTypeError(ctx, "Invalid jurisdiction: must be one of eu, fedramp, fedramp-high, us.");
  return found;
}

// newUniqueId({jurisdiction}?)
duk_ret_t NewUniqueId(duk_context* ctx) {
  const NamespaceState& state = ThisNamespace(ctx);
  web::RequireInvocation(ctx);
  duk_set_top(ctx, 1);
  size_t jurisdiction = IndexOf(state.jurisdiction);
  if (duk_is_object(ctx, 0)) {
    duk_get_prop_string(ctx, 0, "jurisdiction");
    if (!duk_is_null_or_undefined(ctx, -1)) jurisdiction = RequireJurisdiction(ctx, duk_get_top_index(ctx));
    duk_pop(ctx);
  }
  if (!state.jurisdiction.empty() && jurisdiction != IndexOf(state.jurisdiction)) {
    ThrowTypeError(ctx, "newUniqueId called on jurisdictional subnamespace with a different jurisdiction.");
  }
  std::array<std::byte, kNameDigits / 2> random;
  web::HostOf(ctx).FillRandom(random);
  auto* const text = new Text{UniqueObjectId(state.object_class->space, kJurisdictions[jurisdiction], random)};
  js::PushNative(ctx, kTextType, text);
  PushId(ctx, text->text, "");
  return 1;
}

// idFromName(name)
duk_ret_t IdFromName(duk_context* ctx) {
  NamespaceState& state = ThisNamespace(ctx);
  if (duk_get_top(ctx) < 1)
    ThrowTypeError(ctx, "Failed to execute 'idFromName' on 'DurableObjectNamespace': parameter 1 is not of type 'string'.");
  const std::string_view name = js::RequireUtf8(ctx, 0);
  PushId(ctx, state.IdOf(name), name);
  return 1;
}

// idFromString(hex)
duk_ret_t IdFromString(duk_context* ctx) {
  const NamespaceState& state = ThisNamespace(ctx);
  const std::string_view given = js::RequireUtf8(ctx, 0);
  auto* const text = new Text();
  js::PushNative(ctx, kTextType, text);
  bool valid = false;
  {
    absl::StatusOr<std::string> checked = CheckObjectId(state.object_class->space, given);
    valid = checked.ok();
    text->text = valid ? *std::move(checked) : std::string(checked.status().message());
  }
  if (!valid) ThrowTypeError(ctx, text->text.c_str());
  if (!state.jurisdiction.empty() && JurisdictionOf(text->text) != state.jurisdiction) {
    ThrowTypeError(ctx, "idFromString called on jurisdictional subnamespace with an ID from a different jurisdiction.");
  }
  PushId(ctx, text->text, "");
  return 1;
}

// [ ... id ] -> [ ... id stub ]
void PushObjectStub(duk_context* ctx, const NamespaceState& state, const durable::ObjectIdentity& identity) {
  {
    WorkerIsolate& isolate = WorkerIsolate::Self(ctx);
    ObjectDirectory* const directory = isolate.ObjectsOf(state.script);
    EDGE_CHECK(directory != nullptr) << "bindings without a directory";
    auto stub = std::make_shared<ObjectStub>(*directory, *directory->ClassOfSpace(state.object_class->space),
                                             storage::ObjectKey{.space = state.object_class->space, .id = identity.hex}, identity.name);
    rpc::PushObjectStub(ctx, stub, stub);
  }
  duk_dup(ctx, -2);
  rpc::SetStubMember(ctx, duk_get_top_index(ctx) - 1, "id");
  if (identity.name.empty()) {
    duk_push_undefined(ctx);
  } else {
    js::PushUtf8(ctx, identity.name);
  }
  rpc::SetStubMember(ctx, duk_get_top_index(ctx) - 1, "name");
}

// get(id, options?)
duk_ret_t Get(duk_context* ctx) {
  NamespaceState& state = ThisNamespace(ctx);
  duk_set_top(ctx, 2);
  const durable::ObjectIdentity* const identity = durable::GetObjectId(ctx, 0);
  if (identity == nullptr)
    ThrowTypeError(ctx, "Failed to execute 'get' on 'DurableObjectNamespace': parameter 1 is not of type 'DurableObjectId'.");
  if (!state.Knows(identity->hex)) ThrowTypeError(ctx, kNotValidText);
  if (!state.jurisdiction.empty() && identity->jurisdiction != state.jurisdiction) {
    ThrowTypeError(ctx, "get called on jurisdictional subnamespace with an ID from a different jurisdiction.");
  }
  duk_set_top(ctx, 1);
  PushObjectStub(ctx, state, *identity);
  return 1;
}

// getByName(name, options?)
duk_ret_t GetByName(duk_context* ctx) {
  NamespaceState& state = ThisNamespace(ctx);
  if (duk_get_top(ctx) < 1)
    ThrowTypeError(ctx, "Failed to execute 'getByName' on 'DurableObjectNamespace': parameter 1 is not of type 'string'.");
  const std::string_view name = js::RequireUtf8(ctx, 0);
  PushId(ctx, state.IdOf(name), name);
  PushObjectStub(ctx, state, *durable::GetObjectId(ctx, duk_get_top_index(ctx)));
  return 1;
}

// jurisdiction(name)
duk_ret_t Jurisdiction(duk_context* ctx) {
  const NamespaceState& state = ThisNamespace(ctx);
  duk_set_top(ctx, 1);
  const size_t index = duk_is_null_or_undefined(ctx, 0) ? 0 : RequireJurisdiction(ctx, 0);
  js::PushNative(ctx, kNamespaceType, new NamespaceState{state.object_class, state.script, std::string(kJurisdictions[index]), {}});
  return 1;
}

const js::Method kMethods[] = {{"newUniqueId", NewUniqueId, 0},   {"idFromName", IdFromName, 1},
                               {"idFromString", IdFromString, 1}, {"get", Get, 1},
                               {"getByName", GetByName, 1},       {"jurisdiction", Jurisdiction, 1}};

}  // namespace

std::string ObjectIdFromName(std::string_view space, std::string_view jurisdiction, std::string_view name) {
  return IdFrom(space, bundle::Sha256Hex(Joined({"edge object name", space, jurisdiction, name})).substr(0, kNameDigits), jurisdiction,
                'a');
}

std::string UniqueObjectId(std::string_view space, std::string_view jurisdiction, std::span<const std::byte> random) {
  EDGE_CHECK(random.size() == kNameDigits / 2);
  std::string digits;
  for (const std::byte byte : random) {
    digits.push_back(kHexDigits[static_cast<unsigned>(byte) >> 4]);
    digits.push_back(kHexDigits[static_cast<unsigned>(byte) & 15]);
  }
  return IdFrom(space, std::move(digits), jurisdiction, '0');
}

absl::StatusOr<std::string> CheckObjectId(std::string_view space, std::string_view text) {
  std::string id(text);
  for (char& c : id) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  if (id.size() != kIdDigits || id.find_first_not_of(kHexDigits) != std::string::npos) {
    return absl::InvalidArgumentError("Invalid Durable Object ID: must be 64 hex digits");
  }
  const bool made_here = (id[0] == 'a' || id[0] == '0') && id[1] >= '0' && id[1] < '0' + static_cast<char>(kJurisdictions.size()) &&
                         IdFrom(space, id.substr(0, kNameDigits), JurisdictionOf(id), id[0]) == id;
  if (!made_here) return absl::InvalidArgumentError(kNotValidText);
  return id;
}

std::string_view JurisdictionOf(std::string_view id) {
  const size_t index = static_cast<size_t>(id[1] - '0');
  return index < kJurisdictions.size() ? kJurisdictions[index] : std::string_view();
}

void DefineObjectNamespace(duk_context* ctx) {
  js::DefineClass(ctx, {.type = &kNamespaceType, .name = "DurableObjectNamespace", .construct = nullptr, .methods = kMethods});
  duk_put_global_string(ctx, "DurableObjectNamespace");
  // Texts belong to nobody else.
  js::DefineClass(ctx, {.type = &kTextType, .name = "Text", .construct = nullptr});
  duk_pop(ctx);
}

void PushObjectNamespace(duk_context* ctx, const WorkerCode& code, const ObjectBinding& binding) {
  if (binding.other.has_value()) {
    js::PushNative(ctx, kNamespaceType, new NamespaceState{&*binding.other, binding.script_name, ""});
    return;
  }
  const auto found = std::find_if(code.object_classes.begin(), code.object_classes.end(),
                                  [&](const ObjectClass& object_class) { return object_class.name == binding.class_name; });
  EDGE_CHECK(found != code.object_classes.end()) << "the binding " << binding.name << " names no class of the worker";
  PushObjectNamespace(ctx, *found);
}

void PushObjectNamespace(duk_context* ctx, const ObjectClass& object_class) {
  js::PushNative(ctx, kNamespaceType, new NamespaceState{&object_class, "", "", {}});
}

}  // namespace edge::worker
