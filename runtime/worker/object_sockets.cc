#include "runtime/worker/object_sockets.h"

#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/durable/durable.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/web/remote_error.h"
#include "runtime/websocket/hibernation.h"
#include "runtime/worker/live_object.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/plants.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {
namespace {

using websocket::HibernatableSocket;
using websocket::Message;

// Messages of one object's sockets that wait for its gate at a time: many sockets must not use up the line that others wait in too.
constexpr size_t kWaitingMax = 128;
constexpr Duration kTryAgain = Duration::Milliseconds(20);

}  // namespace

// --- SocketEvent ---

SocketEvent::SocketEvent(Scheduler& scheduler, uint64_t key, Kind kind, std::shared_ptr<HibernatableSocket> socket, Message message,
                         websocket::SocketEvents::Ending ending)
    : ObjectEvent(scheduler, key),
      kind_(kind),
      socket_(std::move(socket)),
      message_(std::move(message)),
      ending_(ending),
      decided_(scheduler) {}

absl::Status SocketEvent::WaitBegun() {
  while (!begun_ && failed_.ok()) {
    if (absl::Status waited = decided_.Wait(); !waited.ok()) return waited;
  }
  return begun_ ? absl::OkStatus() : failed_;
}

void SocketEvent::Fail(const absl::Status& why) {
  Answer();
  if (begun_ || !failed_.ok()) return;
  failed_ = why;
  decided_.Set();
}

Duration SocketEvent::TimeMax(LiveObject& object) const {
  return object.directory().sockets().Of(object).event_timeout().value_or(Duration::Infinite());
}

void SocketEvent::TakesTooLong(LiveObject& object) {
  object.directory().Report(Severity::kWarning, object, "a WebSocket event took longer than setHibernatableWebSocketEventTimeout() allows");
  Answer();
}

void SocketEvent::Begin(duk_context* ctx, LiveObject& object, Invocation&) {
  begun_ = true;
  decided_.Set();
  constexpr const char* kHandlers[] = {"webSocketMessage", "webSocketClose", "webSocketError"};
  duk_get_prop_string(ctx, -1, kHandlers[static_cast<size_t>(kind_)]);
  if (!duk_is_callable(ctx, -1)) {
    duk_pop(ctx);
    duk_push_undefined(ctx);
    return;
  }
  duk_dup(ctx, -2);
  websocket::PushHibernatable(ctx, object.number(), socket_);
  int arguments = 2;
  switch (kind_) {
    case Kind::kMessage:
      if (message_.kind == Message::Kind::kText) {
        js::PushUtf8(ctx, message_.data);
      } else {
        void* const bytes = duk_push_fixed_buffer(ctx, message_.data.size());
        if (!message_.data.empty()) std::memcpy(bytes, message_.data.data(), message_.data.size());
        duk_push_buffer_object(ctx, -1, 0, message_.data.size(), DUK_BUFOBJ_ARRAYBUFFER);
        duk_remove(ctx, -2);
      }
      break;
    case Kind::kClose:
      duk_push_int(ctx, message_.code);
      js::PushUtf8(ctx, message_.data);
      duk_push_boolean(ctx, ending_ == websocket::SocketEvents::Ending::kClean);
      arguments = 4;
      break;
    case Kind::kError:
      js::PushUtf8(ctx, message_.data);
      duk_push_error_object(ctx, DUK_ERR_ERROR, "%s", duk_get_string(ctx, -1));
      duk_remove(ctx, -2);
      break;
  }
  message_ = {};
  if (duk_pcall_method(ctx, arguments) == DUK_EXEC_SUCCESS) return;
  if (js::IsTerminated(ctx)) (void)duk_throw(ctx);
  js::PushRejectedPromise(ctx);
}

void SocketEvent::OnSettled(duk_context* ctx, js::PromiseState state, LiveObject& object, Invocation&) {
  if (state == js::PromiseState::kRejected) object.isolate()->ReportThrown(ctx);
  // Nobody waits for more than the call.
  Answer();
  if (kind_ != Kind::kMessage) websocket::ForgetHibernatable(ctx, object.number(), *socket_);
}

// --- ObjectSockets ---

// The sockets of one object.
class ObjectSockets::Host final : public websocket::SocketEvents, public std::enable_shared_from_this<Host> {
 public:
  Host(ObjectDirectory& directory, TaskGroup& fibers, const LiveObject& object)
      : directory_(directory),
        class_(object.object_class()),
        id_(object.id()),
        name_(object.Name()),
        scheduler_(directory.services().scheduler),
        key_(CombineHash(StableHash(object.id().space), StableHash(object.id().id))),
        turn_(scheduler_),
        sockets_(scheduler_, fibers, *this, directory.code().web_sockets.close_reply, key_) {}

  websocket::HibernatableSockets& sockets() { return sockets_; }

  // The object has left memory. Only platforms with a planted bug care.
  void Rest() {
    if (plants() == nullptr) return;
    rested_ = true;
    if (!plants()->attachment_lost_on_wake) return;
    for (const std::shared_ptr<HibernatableSocket>& socket : sockets_.Get(std::nullopt)) socket->has_attachment = false;
  }

  void OnMessage(const std::shared_ptr<HibernatableSocket>& socket, Message message) override {
    // The platform may lose a connection at any time, and what was on its way with it.
    const uint64_t key = scheduler_.NewChildKey("websocket.drop");
    if (socket->end != nullptr &&
        directory_.services().adversary.Consider("websocket.drop", key, {Mischief::kDrop}).kind == Mischief::kDrop) {
      return socket->end->Lose(absl::UnavailableError("WebSocket disconnected without sending Close frame."));
    }
    if (std::exchange(rested_, false)) {
      if (plants()->message_lost_on_wake) return;
      if (plants()->message_twice_on_wake) Send(SocketEvent::Kind::kMessage, socket, message, Ending::kClean);
    }
    Send(SocketEvent::Kind::kMessage, socket, std::move(message), Ending::kClean);
  }
  void OnClose(const std::shared_ptr<HibernatableSocket>& socket, uint16_t code, std::string reason, Ending ending) override {
    Send(SocketEvent::Kind::kClose, socket, Message::Close(code, std::move(reason)), ending);
  }
  void OnError(const std::shared_ptr<HibernatableSocket>& socket, std::string message) override {
    Send(SocketEvent::Kind::kError, socket, Message::Text(std::move(message)), Ending::kNotClean);
  }

 private:
  // Returns when the handler has been called, or never will be: then the connection is dropped, for a message would be missing.
  void Send(SocketEvent::Kind kind, const std::shared_ptr<HibernatableSocket>& socket, Message message, Ending ending) {
    const std::shared_ptr<Host> alive = shared_from_this();
    while (waiting_ >= kWaitingMax) {
      turn_.Reset();
      if (!turn_.Wait().ok()) return;
      // Dropped meanwhile: another activation of the object must not hear of it.
      if (!socket->owned()) return;
    }
    ++waiting_;
    absl::Status begun;
    for (;;) {
      const uint64_t key = scheduler_.NewChildKey("websocket event");
      auto event = std::make_shared<SocketEvent>(scheduler_, key, kind, socket, std::move(message), ending);
      directory_.Deliver(class_, id_, name_, event);
      begun = event->WaitBegun();
      const std::optional<web::RemoteError> error = web::RemoteErrorOf(begun);
      // The line is full of others: it was not begun, so it may be tried again.
      if (!error.has_value() || !error->overloaded) break;
      message = event->TakeMessage();
      if (!scheduler_.SleepFor(kTryAgain).ok() || !socket->owned()) break;
    }
    --waiting_;
    turn_.Set();
    if (!begun.ok() && socket->end != nullptr) socket->end->Lose(absl::UnavailableError("the Durable Object could not take a message"));
  }

  const Plants* plants() const { return directory_.services().plants; }

  ObjectDirectory& directory_;
  const ObjectClass& class_;
  const storage::ObjectKey id_;
  const std::string name_;
  Scheduler& scheduler_;
  const uint64_t key_;
  size_t waiting_ = 0;
  bool rested_ = false;  // of the plants
  Event turn_;
  websocket::HibernatableSockets sockets_;
};

ObjectSockets::ObjectSockets(ObjectDirectory& directory) : directory_(directory), fibers_(directory.services().scheduler) {}

ObjectSockets::~ObjectSockets() { EDGE_CHECK(hosts_.empty() && fibers_.size() == 0) << "WebSockets of objects are alive"; }

websocket::HibernatableSockets& ObjectSockets::Of(const LiveObject& object) {
  std::shared_ptr<Host>& host = hosts_[object.id()];
  if (host == nullptr) host = std::make_shared<Host>(directory_, fibers_, object);
  return host->sockets();
}

void ObjectSockets::Drop(const storage::ObjectKey& id) {
  const auto found = hosts_.find(id);
  if (found == hosts_.end()) return;
  const std::shared_ptr<Host> host = std::move(found->second);
  hosts_.erase(found);
  host->sockets().DropAll(absl::UnavailableError("the Durable Object was reset"));
}

void ObjectSockets::Rest(const storage::ObjectKey& id) {
  const auto found = hosts_.find(id);
  if (found == hosts_.end()) return;
  found->second->Rest();
  if (found->second->sockets().empty()) hosts_.erase(found);
}

void ObjectSockets::Shutdown() {
  while (!hosts_.empty()) {
    const storage::ObjectKey id = hosts_.begin()->first;
    Drop(id);
  }
  fibers_.Cancel();
  fibers_.Wait();
}

size_t ObjectSockets::size() const {
  size_t sockets = 0;
  for (const auto& [id, host] : hosts_) sockets += host->sockets().size();
  return sockets;
}

std::vector<storage::ObjectKey> ObjectSockets::owners() const {
  std::vector<storage::ObjectKey> owners;
  for (const auto& [id, host] : hosts_) {
    if (!host->sockets().empty()) owners.push_back(id);
  }
  return owners;
}

// --- ctx ---

struct ObjectSocketNatives {
  // The live object that `this` is the state of.
  static LiveObject& This(duk_context* ctx) {
    const durable::ObjectNumber number = durable::RequireThisState(ctx);
    WorkerIsolate& isolate = WorkerIsolate::Self(ctx);
    const auto found = isolate.live_objects_.find(number);
    if (found == isolate.live_objects_.end() || found->second->ended()) {
      js::ThrowError(ctx, "Error", "This Durable Object instance has ended; its WebSockets cannot be used through it any more.");
    }
    return *found->second;
  }
  static websocket::HibernatableSockets& Sockets(LiveObject& object) { return object.directory().sockets().Of(object); }

  static duk_ret_t Accept(duk_context* ctx) {
    LiveObject& object = This(ctx);
    return websocket::AcceptWebSocket(ctx, object.number(), Sockets(object));
  }
  static duk_ret_t Get(duk_context* ctx) {
    LiveObject& object = This(ctx);
    return websocket::GetWebSockets(ctx, object.number(), Sockets(object));
  }
  static duk_ret_t Tags(duk_context* ctx) {
    This(ctx);
    return websocket::GetTags(ctx);
  }
  static duk_ret_t SetResponse(duk_context* ctx) { return websocket::SetAutoResponse(ctx, Sockets(This(ctx))); }
  static duk_ret_t GetResponse(duk_context* ctx) { return websocket::GetAutoResponse(ctx, Sockets(This(ctx))); }
  static duk_ret_t Timestamp(duk_context* ctx) {
    This(ctx);
    return websocket::GetAutoResponseTimestamp(ctx);
  }
  static duk_ret_t SetTimeout(duk_context* ctx) { return websocket::SetEventTimeout(ctx, Sockets(This(ctx))); }
  static duk_ret_t GetTimeout(duk_context* ctx) { return websocket::GetEventTimeout(ctx, Sockets(This(ctx))); }
};

void InstallObjectSockets(duk_context* ctx) {
  constexpr js::Method kMethods[] = {
      {"acceptWebSocket", ObjectSocketNatives::Accept, 1},
      {"getWebSockets", ObjectSocketNatives::Get, 0},
      {"getTags", ObjectSocketNatives::Tags, 1},
      {"setWebSocketAutoResponse", ObjectSocketNatives::SetResponse, 0},
      {"getWebSocketAutoResponse", ObjectSocketNatives::GetResponse, 0},
      {"getWebSocketAutoResponseTimestamp", ObjectSocketNatives::Timestamp, 1},
      {"setHibernatableWebSocketEventTimeout", ObjectSocketNatives::SetTimeout, 0},
      {"getHibernatableWebSocketEventTimeout", ObjectSocketNatives::GetTimeout, 0},
  };
  durable::PushStatePrototype(ctx);
  for (const js::Method& method : kMethods) {
    duk_push_string(ctx, method.name);
    duk_push_c_function(ctx, method.function, DUK_VARARGS);
    duk_push_string(ctx, "name");
    duk_push_string(ctx, method.name);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
    duk_push_string(ctx, "length");
    duk_push_int(ctx, method.length);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC | DUK_DEFPROP_FORCE);
  }
  duk_pop(ctx);
}

}  // namespace edge::worker
