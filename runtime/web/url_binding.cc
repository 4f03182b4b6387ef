// URL and URLSearchParams for JavaScript, on runtime/url.
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "runtime/js/native.h"
#include "runtime/url/search_params.h"
#include "runtime/url/url.h"
#include "runtime/web/internal.h"

namespace edge::web {
namespace {

// URL: slot 0 is its URLSearchParams once somebody has asked for it. URLSearchParams: slot 0 is the URL it belongs to, if any.
inline constexpr uint32_t kPartnerSlot = 0;

struct UrlState {
  UrlState(url::Url parsed, NativeMemory& memory) : url(std::move(parsed)), charge(memory) { Changed(); }
  url::Url url;
  MemoryCharge charge;
  void Changed() { charge.Set(url.href().size()); }
};
void ReleaseUrl(void* pointer) { delete static_cast<UrlState*>(pointer); }
js::NativeMaker KeepUrl(void* pointer) {
  const auto& state = *static_cast<UrlState*>(pointer);
  return [url = state.url, memory = &state.charge.memory(), charged = state.charge.bytes()]() -> void* {
    auto* made = new UrlState(url, *memory);
    made->charge.Set(charged);
    return made;
  };
}
const js::NativeType kUrlType = {"URL", ReleaseUrl, 1, KeepUrl};

struct ParamsState {
  explicit ParamsState(NativeMemory& memory) : charge(memory) {}
  url::SearchParams list;
  size_t bytes = 0;  // of all names and values, about
  MemoryCharge charge;
  void Changed(size_t new_bytes) {
    bytes = new_bytes;
    charge.Set(bytes + list.size() * sizeof(url::SearchParams::Pair));
  }
  void Recount() {
    size_t sum = 0;
    for (const url::SearchParams::Pair& pair : list.pairs()) sum += pair.first.size() + pair.second.size();
    Changed(sum);
  }
  void Replace(url::SearchParams other) {
    list = std::move(other);
    Recount();
  }
};
void ReleaseParams(void* pointer) { delete static_cast<ParamsState*>(pointer); }
js::NativeMaker KeepParams(void* pointer) {
  const auto& state = *static_cast<ParamsState*>(pointer);
  return [list = state.list, bytes = state.bytes, memory = &state.charge.memory(), charged = state.charge.bytes()]() -> void* {
    auto* made = new ParamsState(*memory);
    made->list = list;
    made->bytes = bytes;
    made->charge.Set(charged);
    return made;
  };
}
const js::NativeType kParamsType = {"URLSearchParams", ReleaseParams, 1, KeepParams};

url::Url& ThisUrl(duk_context* ctx) { return js::This<UrlState>(ctx, kUrlType).url; }
ParamsState& ThisParams(duk_context* ctx) { return js::This<ParamsState>(ctx, kParamsType); }

// Parses the strings at 0 and, if given, 1. Null if they are no URL.
UrlState* ParseArguments(duk_context* ctx) {
  RequireArguments(ctx, 1);
  duk_set_top(ctx, 2);
  const bool has_base = !duk_is_undefined(ctx, 1);
  const std::string_view input = js::RequireUtf8(ctx, 0);
  const std::string_view base_input = has_base ? js::RequireUtf8(ctx, 1) : std::string_view();
  std::optional<url::Url> base;
  if (has_base) {
    absl::StatusOr<url::Url> parsed = url::Url::Parse(base_input, nullptr);
    if (!parsed.ok()) return nullptr;
    base = *std::move(parsed);
  }
  absl::StatusOr<url::Url> parsed = url::Url::Parse(input, has_base ? &*base : nullptr);
  if (!parsed.ok()) return nullptr;
  return new UrlState(*std::move(parsed), StateOf(ctx).memory);
}

duk_ret_t ConstructUrl(duk_context* ctx) {
  RequireNew(ctx, "URL");
  UrlState* state = ParseArguments(ctx);
  if (state == nullptr) js::ThrowError(ctx, "TypeError", "Invalid URL string.");
  js::PushNative(ctx, kUrlType, state);
  ChargeBytes(ctx, state->url.href().size() * 8);
  RequireMemory(ctx);
  return 1;
}

duk_ret_t CanParse(duk_context* ctx) {
  UrlState* state = ParseArguments(ctx);
  const bool valid = state != nullptr;
  delete state;
  duk_push_boolean(ctx, valid);
  return 1;
}

duk_ret_t Parse(duk_context* ctx) {
  UrlState* state = ParseArguments(ctx);
  if (state == nullptr) {
    duk_push_null(ctx);
  } else {
    js::PushNative(ctx, kUrlType, state);
  }
  return 1;
}

// The searchParams of `this`, if made, follow a change of its query.
void RefreshParams(duk_context* ctx, const url::Url& url) {
  duk_push_this(ctx);
  js::PushSlot(ctx, -1, kPartnerSlot);
  if (auto* params = static_cast<ParamsState*>(js::GetNative(ctx, -1, kParamsType)); params != nullptr) {
    params->Replace(url::SearchParams::ParseQuery(url.search()));
  }
  duk_pop_2(ctx);
}

// Account and charge after a setter of the URL that is `this`.
void UrlChanged(duk_context* ctx) {
  auto& state = js::This<UrlState>(ctx, kUrlType);
  state.Changed();
  ChargeBytes(ctx, state.url.href().size() * 4);
  RequireMemory(ctx);
}

template <std::string_view (url::Url::*getter)() const>
duk_ret_t Get(duk_context* ctx) {
  js::PushUtf8(ctx, (ThisUrl(ctx).*getter)());
  return 1;
}

template <void (url::Url::*setter)(std::string_view)>
duk_ret_t Set(duk_context* ctx) {
  url::Url& url = ThisUrl(ctx);
  (url.*setter)(js::RequireUtf8(ctx, 0));
  UrlChanged(ctx);
  return 0;
}

duk_ret_t GetHref(duk_context* ctx) {
  js::PushUtf8(ctx, ThisUrl(ctx).href());
  return 1;
}

duk_ret_t SetHref(duk_context* ctx) {
  url::Url& url = ThisUrl(ctx);
  const std::string_view value = js::RequireUtf8(ctx, 0);
  if (!url.SetHref(value).ok()) {
    js::ThrowError(ctx, "TypeError", "Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL string'.");
  }
  RefreshParams(ctx, url);
  UrlChanged(ctx);
  return 0;
}

duk_ret_t SetSearch(duk_context* ctx) {
  url::Url& url = ThisUrl(ctx);
  url.SetSearch(js::RequireUtf8(ctx, 0));
  RefreshParams(ctx, url);
  UrlChanged(ctx);
  return 0;
}

void ReleaseText(void* pointer) { delete static_cast<std::string*>(pointer); }

// [ ... ] -> [ ... string ]; takes the text over, so that nothing leaks when the push throws.
void PushOwned(duk_context* ctx, std::string* text) {
  js::PushNative(ctx, kTextType, text);
  js::PushUtf8(ctx, *text);
  duk_remove(ctx, -2);
}

duk_ret_t GetOrigin(duk_context* ctx) {
  PushOwned(ctx, new std::string(ThisUrl(ctx).origin()));
  return 1;
}

duk_ret_t GetSearchParams(duk_context* ctx) {
  url::Url& url = ThisUrl(ctx);
  duk_set_top(ctx, 0);
  duk_push_this(ctx);
  js::PushSlot(ctx, 0, kPartnerSlot);
  if (!duk_is_undefined(ctx, -1)) return 1;
  duk_pop(ctx);
  auto* params = new ParamsState(StateOf(ctx).memory);
  params->Replace(url::SearchParams::ParseQuery(url.search()));
  js::PushNative(ctx, kParamsType, params);
  duk_dup(ctx, 0);
  js::SetSlot(ctx, 1, kPartnerSlot);
  duk_dup(ctx, 1);
  js::SetSlot(ctx, 0, kPartnerSlot);
  return 1;
}

// --- URLSearchParams ---

// After a change of the list that is `this`: the URL it belongs to, the account, the work (all of it is written anew).
void ParamsChanged(duk_context* ctx, ParamsState& params) {
  duk_push_this(ctx);
  js::PushSlot(ctx, -1, kPartnerSlot);
  if (auto* owner = static_cast<UrlState*>(js::GetNative(ctx, -1, kUrlType)); owner != nullptr) {
    owner->url.SetSearch(params.list.ToString());
    owner->Changed();
    ChargeBytes(ctx, params.bytes * 4);
  }
  duk_pop_2(ctx);
  RequireMemory(ctx);
}

// [ ... name value ]: appends them; leaves the two (as text) on the stack.
void AppendOne(duk_context* ctx, ParamsState& params) {
  const std::string_view name = js::RequireUtf8(ctx, -2);
  const std::string_view value = js::RequireUtf8(ctx, -1);
  params.list.Append(name, value);
  params.Changed(params.bytes + name.size() + value.size());
}

// Appends the pairs of the array of arrays at the stack top and pops it.
void AppendPairs(duk_context* ctx, ParamsState& params) {
  const duk_idx_t array = duk_get_top_index(ctx);
  const duk_size_t length = duk_get_length(ctx, array);
  for (duk_size_t i = 0; i < length; ++i) {
    duk_get_prop_index(ctx, array, static_cast<duk_uarridx_t>(i));
    if (!duk_is_object(ctx, -1) || duk_get_length(ctx, -1) != 2) {
      js::ThrowError(ctx, "TypeError", "Invalid URL search params sequence.");
    }
    duk_get_prop_index(ctx, -1, 0);
    duk_get_prop_index(ctx, -2, 1);
    AppendOne(ctx, params);
    duk_pop_3(ctx);
  }
  duk_pop(ctx);
}

duk_ret_t ConstructParams(duk_context* ctx) {
  RequireNew(ctx, "URLSearchParams");
  duk_set_top(ctx, 1);
  auto* params = new ParamsState(StateOf(ctx).memory);
  js::PushNative(ctx, kParamsType, params);  // 1
  if (duk_is_undefined(ctx, 0)) return 1;
  if (!duk_is_object(ctx, 0)) {
    const std::string_view text = js::RequireUtf8(ctx, 0);
    params->Replace(url::SearchParams::ParseQuery(text));
    ChargeBytes(ctx, text.size() * 8);
  } else if (auto* other = static_cast<ParamsState*>(js::GetNative(ctx, 0, kParamsType)); other != nullptr) {
    params->Replace(other->list);
  } else {
    js::PushLibraryFunction(ctx, "pairsOf");
    duk_dup(ctx, 0);
    duk_call(ctx, 1);
    if (duk_is_array(ctx, -1)) {
      AppendPairs(ctx, *params);
    } else {
      duk_pop(ctx);
      duk_enum(ctx, 0, DUK_ENUM_OWN_PROPERTIES_ONLY);
      while (duk_next(ctx, -1, 1)) {
        AppendOne(ctx, *params);
        duk_pop_2(ctx);
      }
      duk_pop(ctx);
    }
  }
  RequireMemory(ctx);
  duk_set_top(ctx, 2);
  return 1;
}

duk_ret_t Append(duk_context* ctx) {
  ParamsState& params = ThisParams(ctx);
  RequireArguments(ctx, 2);
  duk_set_top(ctx, 2);
  AppendOne(ctx, params);
  ParamsChanged(ctx, params);
  return 0;
}

duk_ret_t SetParam(duk_context* ctx) {
  ParamsState& params = ThisParams(ctx);
  RequireArguments(ctx, 2);
  const std::string_view name = js::RequireUtf8(ctx, 0);
  const std::string_view value = js::RequireUtf8(ctx, 1);
  params.list.Set(name, value);
  params.Recount();
  ParamsChanged(ctx, params);
  return 0;
}

// The optional second argument of delete and has. Leaves it as a string on the stack.
std::optional<std::string_view> OptionalValue(duk_context* ctx) {
  if (duk_get_top(ctx) < 2 || duk_is_undefined(ctx, 1)) return std::nullopt;
  return js::RequireUtf8(ctx, 1);
}

duk_ret_t Delete(duk_context* ctx) {
  ParamsState& params = ThisParams(ctx);
  RequireArguments(ctx, 1);
  const std::string_view name = js::RequireUtf8(ctx, 0);
  const std::optional<std::string_view> value = OptionalValue(ctx);
  params.list.Delete(name, value);
  params.Recount();
  ParamsChanged(ctx, params);
  return 0;
}

duk_ret_t Has(duk_context* ctx) {
  ParamsState& params = ThisParams(ctx);
  RequireArguments(ctx, 1);
  const std::string_view name = js::RequireUtf8(ctx, 0);
  const std::optional<std::string_view> value = OptionalValue(ctx);
  duk_push_boolean(ctx, params.list.Has(name, value));
  return 1;
}

duk_ret_t GetParam(duk_context* ctx) {
  ParamsState& params = ThisParams(ctx);
  RequireArguments(ctx, 1);
  if (const std::string* value = params.list.Get(js::RequireUtf8(ctx, 0)); value != nullptr) {
    js::PushUtf8(ctx, *value);
  } else {
    duk_push_null(ctx);
  }
  return 1;
}

duk_ret_t GetAllParams(duk_context* ctx) {
  ParamsState& params = ThisParams(ctx);
  RequireArguments(ctx, 1);
  const std::string_view name = js::RequireUtf8(ctx, 0);
  duk_push_array(ctx);
  duk_uarridx_t at = 0;
  for (const url::SearchParams::Pair& pair : params.list.pairs()) {
    if (pair.first != name) continue;
    js::PushUtf8(ctx, pair.second);
    duk_put_prop_index(ctx, -2, at++);
  }
  return 1;
}

duk_ret_t Sort(duk_context* ctx) {
  ParamsState& params = ThisParams(ctx);
  params.list.Sort();
  ChargeBytes(ctx, params.bytes * 16);
  ParamsChanged(ctx, params);
  return 0;
}

duk_ret_t ToString(duk_context* ctx) {
  ParamsState& params = ThisParams(ctx);
  ChargeBytes(ctx, params.bytes * 4);
  PushOwned(ctx, new std::string(params.list.ToString()));
  return 1;
}

duk_ret_t GetSize(duk_context* ctx) {
  duk_push_number(ctx, static_cast<double>(ThisParams(ctx).list.size()));
  return 1;
}

// native.searchParamsAt(params, index) -> [name, value] or undefined: what the live iterators read.
duk_ret_t ParamsAt(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const url::SearchParams& params = static_cast<ParamsState*>(js::RequireNative(ctx, 0, kParamsType))->list;
  const size_t index = static_cast<size_t>(duk_require_number(ctx, 1));
  if (index >= params.size()) return 0;
  duk_push_array(ctx);
  js::PushUtf8(ctx, params.pairs()[index].first);
  duk_put_prop_index(ctx, -2, 0);
  js::PushUtf8(ctx, params.pairs()[index].second);
  duk_put_prop_index(ctx, -2, 1);
  return 1;
}

const js::Method kUrlMethods[] = {{"toString", GetHref, 0}, {"toJSON", GetHref, 0}};
const js::Method kUrlStatics[] = {{"canParse", CanParse, 1}, {"parse", Parse, 1}};
const js::Accessor kUrlAccessors[] = {
    {"href", GetHref, SetHref},
    {"origin", GetOrigin},
    {"protocol", Get<&url::Url::protocol>, Set<&url::Url::SetProtocol>},
    {"username", Get<&url::Url::username>, Set<&url::Url::SetUsername>},
    {"password", Get<&url::Url::password>, Set<&url::Url::SetPassword>},
    {"host", Get<&url::Url::host>, Set<&url::Url::SetHost>},
    {"hostname", Get<&url::Url::hostname>, Set<&url::Url::SetHostname>},
    {"port", Get<&url::Url::port>, Set<&url::Url::SetPort>},
    {"pathname", Get<&url::Url::pathname>, Set<&url::Url::SetPathname>},
    {"search", Get<&url::Url::search>, SetSearch},
    {"searchParams", GetSearchParams},
    {"hash", Get<&url::Url::hash>, Set<&url::Url::SetHash>},
};
const js::Method kParamsMethods[] = {
    {"append", Append, 2}, {"delete", Delete, 1}, {"get", GetParam, 1}, {"getAll", GetAllParams, 1},
    {"has", Has, 1},       {"set", SetParam, 2},  {"sort", Sort, 0},    {"toString", ToString, 0},
};
const js::Accessor kParamsAccessors[] = {{"size", GetSize}};

}  // namespace

const js::NativeType kTextType = {"text", ReleaseText, 0, js::KeepCopy<std::string>};

void DefineUrl(duk_context* ctx) {
  const js::Class text = {.type = &kTextType, .name = "text", .construct = nullptr};
  js::DefineClass(ctx, text);
  duk_pop(ctx);
  const js::Class url = {.type = &kUrlType,
                         .name = "URL",
                         .construct = ConstructUrl,
                         .construct_length = 1,
                         .methods = kUrlMethods,
                         .accessors = kUrlAccessors,
                         .static_methods = kUrlStatics};
  js::DefineClass(ctx, url);
  duk_put_global_string(ctx, "URL");
  const js::Class params = {.type = &kParamsType,
                            .name = "URLSearchParams",
                            .construct = ConstructParams,
                            .construct_length = 0,
                            .methods = kParamsMethods,
                            .accessors = kParamsAccessors};
  js::DefineClass(ctx, params);
  duk_put_global_string(ctx, "URLSearchParams");
}

std::span<const js::LibraryNative> UrlNatives() {
  static constexpr js::LibraryNative kNatives[] = {{"searchParamsAt", ParamsAt, 2}};
  return kNatives;
}

}  // namespace edge::web
