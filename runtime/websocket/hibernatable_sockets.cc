#include "runtime/websocket/hibernatable_sockets.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"

namespace edge::websocket {
namespace {

constexpr std::string_view kLostText = "WebSocket disconnected without sending Close frame.";

}  // namespace

void HibernatableSocket::OnIncoming() {
  if (owner_ != nullptr) owner_->Wake(*this);
}

HibernatableSockets::HibernatableSockets(Scheduler& scheduler, TaskGroup& fibers, SocketEvents& events,
                                         WebSocketOptions::CloseReply close_reply, uint64_t key)
    : scheduler_(scheduler), fibers_(fibers), events_(events), close_reply_(close_reply), key_(key), domain_(scheduler.CurrentDomain()) {}

HibernatableSockets::~HibernatableSockets() { DropAll(absl::UnavailableError("the Durable Object is gone")); }

absl::StatusOr<std::shared_ptr<HibernatableSocket>> HibernatableSockets::Accept(WebSocketCore& from, std::vector<std::string> tags) {
  EDGE_CHECK(from.phase == WebSocketCore::Phase::kUnaccepted);
  if (sockets_.size() >= kSocketsMax) {
    return absl::ResourceExhaustedError(StrCat("only ", kSocketsMax, " websockets can be accepted on a single Durable Object instance"));
  }
  auto socket = std::make_shared<HibernatableSocket>();
  socket->phase = WebSocketCore::Phase::kHibernatable;
  socket->end = std::move(from.end);
  socket->has_attachment = from.has_attachment;
  socket->attachment = std::move(from.attachment);
  socket->protocol = from.protocol;
  socket->owner_ = this;
  socket->number_ = next_number_++;
  // Named by the event that accepts it: its number would tie it to sockets that it has nothing to do with.
  socket->key_ = CombineHash(key_, scheduler_.NewChildKey("websocket"));
  socket->tags_ = std::move(tags);
  from.phase = WebSocketCore::Phase::kReleased;
  sockets_.emplace(socket->number_, socket);
  socket->end->SetListener(socket.get());
  return socket;
}

std::vector<std::shared_ptr<HibernatableSocket>> HibernatableSockets::Get(std::optional<std::string_view> tag) const {
  std::vector<std::shared_ptr<HibernatableSocket>> found;
  for (const auto& [number, socket] : sockets_) {
    const std::vector<std::string>& tags = socket->tags_;
    if (!tag.has_value() || std::find(tags.begin(), tags.end(), *tag) != tags.end()) found.push_back(socket);
  }
  return found;
}

void HibernatableSockets::DropAll(const absl::Status& why) {
  while (!sockets_.empty()) {
    const std::shared_ptr<HibernatableSocket> socket = sockets_.begin()->second;
    Remove(*socket);
    socket->closed_incoming = socket->outgoing_aborted = true;
    socket->end->Lose(why);
  }
}

void HibernatableSockets::Remove(HibernatableSocket& socket) {
  if (socket.owner_ == nullptr) return;
  socket.end->SetListener(nullptr);
  socket.owner_ = nullptr;
  sockets_.erase(socket.number_);
}

// --- delivering ---

void HibernatableSockets::Wake(HibernatableSocket& socket) {
  if (socket.delivering_) return;
  const std::shared_ptr<HibernatableSocket>& shared = sockets_.at(socket.number_);
  socket.delivering_ = true;
  const absl::Status spawned =
      fibers_.SpawnKeyed(CombineHash(socket.key_, socket.deliveries_++), domain_, "websocket event", [this, shared] { Deliver(shared); });
  // Without a fiber it stays where it is, and the next message tries again.
  if (!spawned.ok()) socket.delivering_ = false;
}

void HibernatableSockets::Deliver(const std::shared_ptr<HibernatableSocket>& socket) {
  // The list may go while an event is being delivered, this object with it: then the socket has no owner any more.
  while (socket->owner_ != nullptr && scheduler_.CheckAlive().ok() && DeliverOne(socket)) {
  }
  socket->delivering_ = false;
}

bool HibernatableSockets::AnswerItself(HibernatableSocket& socket, const Message& message) {
  if (!auto_response_.has_value() || message.kind != Message::Kind::kText || message.data != auto_response_->request) return false;
  if (!socket.closed_outgoing) socket.end->Send(Message::Text(auto_response_->response)).IgnoreError();
  socket.auto_response_time_ = scheduler_.clock().WallNow();
  return true;
}

bool HibernatableSockets::DeliverOne(const std::shared_ptr<HibernatableSocket>& socket) {
  End& end = *socket->end;
  std::optional<Message> message = end.TryReceive();
  if (!message.has_value()) {
    // Its owner may have dropped it: for the object that is a connection that went.
    const absl::Status loss = end.loss().ok() && end.lost_here() ? absl::UnavailableError("dropped") : end.loss();
    if (loss.ok()) return false;
    socket->closed_incoming = socket->outgoing_aborted = true;
    if (absl::IsInvalidArgument(loss)) {
      events_.OnError(socket, StrCat("WebSocket protocol error: ", std::string_view(loss.message().data(), loss.message().size())));
    } else {
      events_.OnClose(socket, kAbnormal, std::string(kLostText), SocketEvents::Ending::kNotClean);
    }
  } else if (message->kind == Message::Kind::kClose) {
    socket->closed_incoming = true;
    if (!socket->closed_outgoing && close_reply_ == WebSocketOptions::CloseReply::kAutomatic) {
      socket->closed_outgoing = true;
      end.Send(Message::Close(message->code, message->data)).IgnoreError();
    }
    if (socket->closed_outgoing) end.Lose(absl::UnavailableError("the WebSocket is closed"));
    events_.OnClose(socket, message->code, std::move(message->data), SocketEvents::Ending::kClean);
  } else {
    if (!AnswerItself(*socket, *message)) events_.OnMessage(socket, *std::move(message));
    return true;
  }
  if (socket->owner_ != nullptr) Remove(*socket);
  return false;
}

}  // namespace edge::websocket
