#include "runtime/websocket/hibernation.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/js/language/language.h"
#include "runtime/js/native.h"
#include "runtime/websocket/web_socket.h"

namespace edge::websocket {
namespace {

using Phase = WebSocketCore::Phase;

// In the heap stash: by instance, then by socket.
constexpr char kTableKey[] = "hibernatableSockets";
constexpr double kEventTimeoutMax = 604'800'000;

// What must survive a throw.
struct Work {
  std::vector<std::string> tags;
  std::vector<std::shared_ptr<HibernatableSocket>> sockets;
  absl::Status status;
  HibernatableSockets::AutoResponse pair;
};
void ReleaseWork(void* pointer) { delete static_cast<Work*>(pointer); }
const js::NativeType kWorkType = {"HibernationWork", ReleaseWork};

// [ ... ] -> [ ... work ]
Work& PushWork(duk_context* ctx) {
  auto* work = new Work();
  js::PushNative(ctx, kWorkType, work);
  return *work;
}

enum class Missing : uint8_t { kLeave, kMake };

// [ ... object ] -> [ ... object member ]; false, and nothing is pushed: there is none.
bool PushTable(duk_context* ctx, const char* key, Missing missing) {
  if (duk_get_prop_string(ctx, -1, key)) return true;
  duk_pop(ctx);
  if (missing == Missing::kLeave) return false;
  duk_push_bare_object(ctx);
  duk_dup_top(ctx);
  duk_put_prop_string(ctx, -3, key);
  return true;
}

// The decimal digits of a number: property names go by them.
struct Digits {
  explicit Digits(uint64_t number) { std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(number)); }
  char text[24];
};

WebSocketCore& RequireWebSocket(duk_context* ctx, duk_idx_t index, const char* method) {
  WebSocketCore* const core = GetWebSocketCore(ctx, index);
  if (core == nullptr) {
    js::ThrowError(ctx, "TypeError", "Failed to execute '%s' on 'DurableObjectState': parameter 1 is not of type 'WebSocket'.", method);
  }
  return *core;
}

// The tags at `index`, without duplicates.
void ReadTags(duk_context* ctx, duk_idx_t index, std::vector<std::string>& tags) {
  if (duk_is_null_or_undefined(ctx, index)) return;
  if (!duk_is_object(ctx, index)) {
    js::ThrowError(ctx, "TypeError", "Failed to execute 'acceptWebSocket' on 'DurableObjectState': parameter 2 is not of type 'Array'.");
  }
  duk_dup(ctx, index);
  js::IterableToArray(ctx);
  const duk_size_t count = duk_get_length(ctx, -1);
  for (duk_uarridx_t i = 0; i < count; ++i) {
    duk_get_prop_index(ctx, -1, i);
    const std::string_view tag = js::RequireUtf8(ctx, -1);
    if (tags.size() >= HibernatableSockets::kTagsMax) {
      js::ThrowError(ctx, "Error", "a Hibernatable WebSocket cannot have more than %d tags",
                     static_cast<int>(HibernatableSockets::kTagsMax));
    }
    if (tag.size() > HibernatableSockets::kTagCharactersMax) {
      js::ThrowError(ctx, "Error", "\"%.*s\" is longer than the max tag length (%d characters).", static_cast<int>(tag.size()), tag.data(),
                     static_cast<int>(HibernatableSockets::kTagCharactersMax));
    }
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.emplace_back(tag);
    duk_pop(ctx);
  }
  duk_pop(ctx);
}

bool PeerIsUnaccepted(const WebSocketCore& core) {
  const std::shared_ptr<WebSocketCore> peer = core.peer.lock();
  return peer != nullptr && peer->phase == Phase::kUnaccepted;
}

HibernatableSocket* AsHibernatable(WebSocketCore& core) {
  return core.phase == Phase::kHibernatable ? static_cast<HibernatableSocket*>(&core) : nullptr;
}

}  // namespace

void InstallHibernation(duk_context* ctx) {
  const js::Class definition = {.type = &kWorkType, .name = kWorkType.name, .construct = nullptr};
  js::DefineClass(ctx, definition);
  duk_pop(ctx);
}

void PushHibernatable(duk_context* ctx, InstanceNumber instance, const std::shared_ptr<HibernatableSocket>& socket) {
  const Digits instance_name(instance);
  const Digits socket_name(socket->number());
  duk_push_heap_stash(ctx);
  PushTable(ctx, kTableKey, Missing::kMake);
  PushTable(ctx, instance_name.text, Missing::kMake);
  if (duk_get_prop_string(ctx, -1, socket_name.text)) {
    duk_replace(ctx, -4);
    duk_pop_2(ctx);
    return;
  }
  duk_pop(ctx);
  PushWebSocket(ctx, socket);
  duk_dup_top(ctx);
  duk_put_prop_string(ctx, -3, socket_name.text);
  duk_replace(ctx, -4);
  duk_pop_2(ctx);
}

void ForgetHibernatable(duk_context* ctx, InstanceNumber instance, const HibernatableSocket& socket) {
  const Digits instance_name(instance);
  const Digits socket_name(socket.number());
  duk_push_heap_stash(ctx);
  if (PushTable(ctx, kTableKey, Missing::kLeave)) {
    if (PushTable(ctx, instance_name.text, Missing::kLeave)) {
      duk_del_prop_string(ctx, -1, socket_name.text);
      duk_pop(ctx);
    }
    duk_pop(ctx);
  }
  duk_pop(ctx);
}

void ForgetHibernatables(duk_context* ctx, InstanceNumber instance) {
  const Digits instance_name(instance);
  duk_push_heap_stash(ctx);
  if (PushTable(ctx, kTableKey, Missing::kLeave)) {
    duk_del_prop_string(ctx, -1, instance_name.text);
    duk_pop(ctx);
  }
  duk_pop(ctx);
}

duk_ret_t AcceptWebSocket(duk_context* ctx, InstanceNumber instance, HibernatableSockets& sockets) {
  duk_set_top(ctx, 2);
  WebSocketCore& core = RequireWebSocket(ctx, 0, "acceptWebSocket");
  if (core.phase == Phase::kAccepted || core.phase == Phase::kHibernatable) {
    js::ThrowError(ctx, "Error", "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`");
  }
  if (!PeerIsUnaccepted(core)) {
    js::ThrowError(ctx, "Error",
                   "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a Response.");
  }
  if (core.phase != Phase::kUnaccepted) {
    js::ThrowError(ctx, "TypeError", "Tried to make an api::WebSocket hibernatable when it was in an incompatible state.");
  }
  Work& work = PushWork(ctx);
  ReadTags(ctx, 1, work.tags);
  // Tags are read by JavaScript, which may have used the socket meanwhile.
  if (core.phase != Phase::kUnaccepted) {
    js::ThrowError(ctx, "TypeError", "Tried to make an api::WebSocket hibernatable when it was in an incompatible state.");
  }
  work.sockets.resize(1);
  {
    absl::StatusOr<std::shared_ptr<HibernatableSocket>> accepted = sockets.Accept(core, std::move(work.tags));
    work.status = accepted.status();
    if (accepted.ok()) work.sockets[0] = *std::move(accepted);
  }
  if (!work.status.ok()) {
    js::ThrowError(ctx, "Error", "%.*s", static_cast<int>(work.status.message().size()), work.status.message().data());
  }
  SetWebSocketCore(ctx, 0, work.sockets[0]);
  // From here on this very object stands for the socket.
  const Digits instance_name(instance);
  const Digits socket_name(work.sockets[0]->number());
  duk_push_heap_stash(ctx);
  PushTable(ctx, kTableKey, Missing::kMake);
  PushTable(ctx, instance_name.text, Missing::kMake);
  duk_dup(ctx, 0);
  duk_put_prop_string(ctx, -2, socket_name.text);
  return 0;
}

duk_ret_t GetWebSockets(duk_context* ctx, InstanceNumber instance, const HibernatableSockets& sockets) {
  duk_set_top(ctx, 1);
  Work& work = PushWork(ctx);
  if (duk_is_undefined(ctx, 0)) {
    work.sockets = sockets.Get(std::nullopt);
  } else {
    const std::string_view tag = js::RequireUtf8(ctx, 0);
    work.sockets = sockets.Get(tag);
  }
  duk_push_array(ctx);
  for (size_t i = 0; i < work.sockets.size(); ++i) {
    PushHibernatable(ctx, instance, work.sockets[i]);
    duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(i));
  }
  return 1;
}

duk_ret_t GetTags(duk_context* ctx) {
  duk_set_top(ctx, 1);
  WebSocketCore& core = RequireWebSocket(ctx, 0, "getTags");
  HibernatableSocket* const socket = AsHibernatable(core);
  if (socket == nullptr && core.phase == Phase::kAccepted) js::ThrowError(ctx, "Error", "only hibernatable websockets can have tags.");
  if (socket == nullptr) {
    js::ThrowError(ctx, "Error", "you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket.");
  }
  duk_push_array(ctx);
  for (size_t i = 0; i < socket->tags().size(); ++i) {
    js::PushUtf8(ctx, socket->tags()[i]);
    duk_put_prop_index(ctx, -2, static_cast<duk_uarridx_t>(i));
  }
  return 1;
}

duk_ret_t SetAutoResponse(duk_context* ctx, HibernatableSockets& sockets) {
  duk_set_top(ctx, 1);
  if (duk_is_undefined(ctx, 0)) {
    sockets.SetAutoResponse(std::nullopt);
    return 0;
  }
  if (!PushRequestResponse(ctx, 0)) {
    js::ThrowError(ctx, "TypeError",
                   "Failed to execute 'setWebSocketAutoResponse' on 'DurableObjectState': parameter 1 is not of type "
                   "'WebSocketRequestResponsePair'.");
  }
  Work& work = PushWork(ctx);
  const auto take = [ctx](duk_idx_t index, const char* what, std::string& out) {
    const std::string_view text = js::RequireUtf8(ctx, index);
    constexpr int kMax = static_cast<int>(HibernatableSockets::kAutoResponseBytesMax);
    if (text.size() > HibernatableSockets::kAutoResponseBytesMax) {
      js::ThrowError(ctx, "RangeError", "%s cannot be larger than %d bytes. A %s of size %d was provided.", what, kMax,
                     what[2] == 'q' ? "request" : "response", static_cast<int>(text.size()));
    }
    out.assign(text);
  };
  take(1, "Request", work.pair.request);
  take(2, "Response", work.pair.response);
  sockets.SetAutoResponse(std::move(work.pair));
  return 0;
}

duk_ret_t GetAutoResponse(duk_context* ctx, const HibernatableSockets& sockets) {
  if (!sockets.auto_response().has_value()) {
    duk_push_null(ctx);
  } else {
    PushRequestResponsePair(ctx, sockets.auto_response()->request, sockets.auto_response()->response);
  }
  return 1;
}

duk_ret_t GetAutoResponseTimestamp(duk_context* ctx) {
  duk_set_top(ctx, 1);
  HibernatableSocket* const socket = AsHibernatable(RequireWebSocket(ctx, 0, "getWebSocketAutoResponseTimestamp"));
  if (socket == nullptr || !socket->auto_response_time().has_value()) {
    duk_push_null(ctx);
    return 1;
  }
  duk_get_global_string(ctx, "Date");
  duk_push_number(ctx, static_cast<double>(socket->auto_response_time()->ToUnixMilliseconds()));
  duk_new(ctx, 1);
  return 1;
}

duk_ret_t SetEventTimeout(duk_context* ctx, HibernatableSockets& sockets) {
  duk_set_top(ctx, 1);
  const double timeout = duk_is_undefined(ctx, 0) ? 0 : duk_to_number(ctx, 0);
  if (!(timeout >= 0)) js::ThrowError(ctx, "TypeError", "The event timeout must be a number of milliseconds of at least 0.");
  if (timeout > kEventTimeoutMax) js::ThrowError(ctx, "Error", "Event timeout should not exceed 604800000 ms.");
  sockets.SetEventTimeout(timeout < 1 ? std::nullopt : std::optional(Duration::Milliseconds(static_cast<int64_t>(timeout))));
  return 0;
}

duk_ret_t GetEventTimeout(duk_context* ctx, const HibernatableSockets& sockets) {
  if (sockets.event_timeout().has_value()) {
    duk_push_number(ctx, static_cast<double>(sockets.event_timeout()->ToMilliseconds()));
  } else {
    duk_push_null(ctx);
  }
  return 1;
}

}  // namespace edge::websocket
