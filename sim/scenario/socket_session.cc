#include "sim/scenario/socket_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "net/websocket/handshake.h"
#include "net/websocket/socket.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"
#include "sim/fault/model.h"
#include "sim/report/words.h"
#include "sim/scenario/json_path.h"
#include "sim/scenario/request_parts.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kReconnectPoint("client.reconnect", DecisionKind::kDelay);
constexpr Duration kShortestReconnect = Duration::Milliseconds(10);
constexpr Duration kLongestReconnect = Duration::Seconds(10);
// A client in a hurry, or one that leaves, waits no longer than this.
constexpr Duration kShortPatience = Duration::Seconds(2);
// For connections that were given up, at the end.
constexpr Duration kShutdownTime = Duration::Seconds(40);
constexpr size_t kPreviewBytes = 160;
constexpr size_t kBodyBytesMax = 1u << 20;

// Masks and keys of handshakes: nobody's choice, so they are no decisions of the oracle.
class KeyedRandom final : public Random {
 public:
  explicit KeyedRandom(Key key) : key_(key) {}
  uint64_t NextU64() override { return CombineHash(key_, drawn_++); }
  uint64_t Below(uint64_t bound) override { return NextU64() % bound; }
  bool Chance(Ratio ratio) override { return Below(ratio.denominator) < ratio.numerator; }
  void Fill(std::span<std::byte> out) override {
    while (!out.empty()) {
      const uint64_t bits = NextU64();
      const size_t n = std::min(out.size(), sizeof(bits));
      std::memcpy(out.data(), &bits, n);
      out = out.subspan(n);
    }
  }
  std::unique_ptr<Random> Fork(std::string_view label) override {
    return std::make_unique<KeyedRandom>(CombineHash(key_, StableHash(label)));
  }

 private:
  const Key key_;
  uint64_t drawn_ = 0;
};

std::string_view Preview(std::string_view text) { return text.substr(0, kPreviewBytes); }

std::string AroundOr(const FoundAt& found, std::string_view text) {
  return found.around != nullptr ? boost::json::serialize(*found.around) : std::string(text);
}

}  // namespace

SocketSession::SocketSession(const Place& place, size_t plan, Key key, Call::Phase phase)
    : place_(place),
      plan_(plan),
      key_(key),
      phase_(phase),
      client_(place.world.scheduler(), place.network),
      changed_(place.world.scheduler()) {}

SocketSession::~SocketSession() {
  if (end_ != nullptr) end_->SetListener(nullptr);
}

void SocketSession::Run(std::vector<Step> steps, Instant until) {
  Scheduler& scheduler = place_.world.scheduler();
  steps_ = std::move(steps);
  connect_at_ = now();
  const auto wait = [&](Instant deadline) { changed_.Wait(deadline).IgnoreError(); };
  while (scheduler.CheckAlive().ok() && !given_up_) {
    changed_.Reset();
    if (connected()) Listen();
    const bool more = WantsMore() || now() < until;
    if (!connected()) {
      if (!more) break;
      if (now() < connect_at_) {
        wait(connect_at_);
      } else {
        Connect();
      }
    } else if (closing_) {
      wait(Instant::Infinite());
    } else if (now() >= drop_at_) {
      Drop(SocketLife::End::kDropped, "went away without a word");
    } else if (next_step_ < steps_.size() && steps_[next_step_].when <= now()) {
      Do(steps_[next_step_++]);
    } else if (GiveUpWaiting()) {
      continue;
    } else if (!more) {
      Close(plan().close_code, plan().close_reason);
    } else {
      wait(NextDeadline(until));
    }
  }
  // A dead client says no more.
  if (!scheduler.CheckAlive().ok()) return;
  for (const Saying& saying : sayings_) call(saying.call).outcome = Call::Outcome::kUnknown;
  if (opening_.has_value() && call(*opening_).outcome == Call::Outcome::kPending) call(*opening_).outcome = Call::Outcome::kUnknown;
  client_.Shutdown(now() + kShutdownTime);
}

bool SocketSession::WantsMore() const { return next_step_ < steps_.size() || !sayings_.empty(); }

Instant SocketSession::NextDeadline(Instant until) const {
  Instant next = now() < until ? until : Instant::Infinite();
  next = std::min(next, drop_at_);
  if (next_step_ < steps_.size()) next = std::min(next, steps_[next_step_].when);
  for (const Saying& saying : sayings_) next = std::min(next, saying.answer_by);
  return next;
}

// --- connecting ---

void SocketSession::ConnectLater() {
  Duration bound = plan().reconnect_max;
  for (uint32_t doubled = 0; doubled < failures_ && bound < kLongestReconnect; ++doubled) bound = bound + bound;
  ++failures_;
  const Duration delay = place_.world.oracle().DrawDuration(kReconnectPoint, place_.actor, CombineHash(key_, connections_),
                                                            Distribution::Uniform(0, bound.ToNanoseconds()));
  connect_at_ = now() + std::max(delay, kShortestReconnect);
}

void SocketSession::Connect() {
  const Key key = CombineHash(CombineHash(key_, StableHash("connection")), connections_++);
  const size_t operation = SocketOperation(place_.scenario, plan_);
  const std::string target = FillTemplate(place_.world, place_.actor, plan().target, CombineHash(key_, 1));
  group_ = plan().group.empty() ? target.substr(0, target.find('?'))
                                : FillTemplate(place_.world, place_.actor, plan().group, CombineHash(key_, 2));
  if (!opening_.has_value()) {
    opening_ = place_.history.size();
    Call opening;
    opening.key = key;
    opening.client = place_.actor;
    opening.operation = operation;
    opening.method = "GET";
    opening.target = target;
    opening.phase = phase_;
    place_.history.push_back(std::move(opening));
  }
  Attempt attempt;
  attempt.ray = CombineHash(key, 100);
  attempt.begin = now();
  const size_t node = DrawNode(place_.world, place_.actor, attempt.ray, place_.nodes.size());
  attempt.node = place_.nodes[node].host;
  attempt.sent = true;
  const Key call_key = call(*opening_).key;
  place_.world.recorder().Record({.kind = EventKind::kRequest,
                                  .actor = place_.actor,
                                  .label = "http.request",
                                  .key = call_key,
                                  .message = attempt.ray,
                                  .value = static_cast<int64_t>(call(*opening_).attempts.size()),
                                  .text = target,
                                  .note = "GET"});
  absl::Status error;
  const int status = Handshake(place_.nodes[node], target, key, attempt.ray, error);
  attempt.end = now();
  attempt.status = status;
  attempt.error = std::string(error.message());
  place_.world.recorder().Record({.kind = EventKind::kResponse,
                                  .actor = place_.actor,
                                  .label = "http.response",
                                  .key = call_key,
                                  .message = attempt.ray,
                                  .value = status,
                                  .text = attempt.error});
  call(*opening_).attempts.push_back(attempt);
  call(*opening_).status = status;
  if (connected()) {
    call(*opening_).outcome = Call::Outcome::kAcknowledged;
    opening_.reset();
    failures_ = 0;
    closing_ = false;
    drop_at_ = Instant::Infinite();
    life_ = place_.sockets.lives.size();
    SocketLife life;
    life.plan = plan_;
    life.group = group_;
    life.client = place_.actor;
    life.key = key;
    life.ray = attempt.ray;
    life.opened = now();
    place_.sockets.lives.push_back(std::move(life));
    end_->SetListener(this);
    return SayAgain();
  }
  if (absl::IsInvalidArgument(error)) {
    SocketLife broken;
    broken.plan = plan_;
    broken.group = group_;
    broken.client = place_.actor;
    broken.key = key;
    broken.ray = attempt.ray;
    broken.opened = attempt.begin;
    broken.ended = SocketLife::End::kBroken;
    broken.end = now();
    broken.reason = attempt.error;
    place_.sockets.lives.push_back(std::move(broken));
  }
  // An answer of the application: asking again would not change it.
  if (error.ok() && status < 500) {
    call(*opening_).outcome = Call::Outcome::kAnswered;
    given_up_ = true;
    return;
  }
  ConnectLater();
}

int SocketSession::Handshake(const Endpoint& node, const std::string& target, Key key, uint64_t ray, absl::Status& error) {
  Scheduler& scheduler = place_.world.scheduler();
  http::ClientRequest request;
  request.host = node;
  request.authority = "app.test";
  request.target = target;
  request.upgrade = "websocket";
  for (const auto& [name, value] : plan().headers) {
    request.fields.emplace_back(name, FillTemplate(place_.world, place_.actor, value, CombineHash(key_, StableHash(name))));
  }
  std::string protocols;
  for (const std::string& protocol : plan().protocols) protocols += (protocols.empty() ? "" : ", ") + protocol;
  if (!protocols.empty()) request.fields.emplace_back("Sec-WebSocket-Protocol", protocols);
  request.fields.emplace_back("CF-Ray", RayHeader(ray));
  KeyedRandom random(key);
  const std::string socket_key = websocket::NewKey(random);
  websocket::AddRequestFields(socket_key, request);

  const Instant deadline = now() + place_.scenario.limits.request_time;
  int status = 0;
  TaskGroup attempt(scheduler);
  edge::Event done(scheduler);
  // Named by the attempt, and so is what the connection starts.
  const absl::Status spawned = attempt.SpawnKeyed(ray, scheduler.CurrentDomain(), "attempt", [&] {
    absl::StatusOr<std::unique_ptr<http::ClientExchange>> exchange = client_.Send(request, nullptr, deadline);
    error = exchange.status();
    if (error.ok()) {
      status = (*exchange)->head().status;
      if (status != 101) {
        error = http::ReadBodyKeeping(**exchange, kBodyBytesMax).status();
      } else if (error = websocket::CheckAnswer((*exchange)->head(), socket_key); error.ok()) {
        websocket::End::Pair ends = websocket::End::MakePair(scheduler);
        end_ = std::move(ends.first);
        (*exchange)->Upgrade(std::make_unique<websocket::Socket>(scheduler, std::move(ends.second), random.Fork("masks")));
      }
    }
    done.Set();
  });
  if (!spawned.ok()) {
    error = spawned;
    return 0;
  }
  const absl::Status waited = done.Wait(deadline);
  if (!waited.ok()) attempt.Cancel();
  attempt.Wait();
  if (absl::IsDeadlineExceeded(waited) && absl::IsCancelled(error)) {
    error = absl::DeadlineExceededError("no answer within the client's patience");
  }
  return error.ok() ? status : 0;
}

// --- speaking ---

void SocketSession::Do(const Step& step) {
  const SocketMessage& message = plan().messages[step.message];
  Saying saying;
  saying.call = place_.history.size();
  saying.message = step.message;
  saying.key = step.key;
  saying.text = FillTemplate(place_.world, place_.actor, message.text, CombineHash(step.key, 1));
  {
    Call said;
    said.key = step.key;
    said.client = place_.actor;
    said.operation = MessageOperation(place_.scenario, plan_, step.message);
    said.method = message.name;
    said.target = std::string(Preview(saying.text));
    said.phase = phase_;
    // Until an acknowledgement is waited for.
    said.outcome = Call::Outcome::kAnswered;
    place_.history.push_back(std::move(said));
  }
  if (message.what == SocketMessage::What::kClose) return Close(message.code, message.text);
  if (message.what == SocketMessage::What::kVanish) return Drop(SocketLife::End::kDropped, "went away without a word");

  if (!plan().id.empty()) {
    const std::optional<boost::json::value> root = ParseMessage(saying.text);
    const std::vector<FoundAt> names = FindAt(plan().id, saying.text, root.has_value() ? &*root : nullptr);
    if (!names.empty()) {
      saying.sent = place_.sockets.messages.size();
      place_.sockets.Add({.call = saying.call, .plan = plan_, .group = group_, .id = names.front().value, .sends = {}});
    }
  }
  const bool followed = saying.sent.has_value() || !message.answer.empty();
  Say(saying);
  Faults& faults = place_.world.faults();
  if (phase_ == Call::Phase::kSafety) {
    if (faults.Strikes(kClientDisconnect, place_.actor, step.key)) {
      drop_at_ = std::min(drop_at_, now() + faults.LengthOf(kClientDisconnect, place_.actor, step.key, kShortPatience));
    } else if (followed && faults.Strikes(kClientImpatient, place_.actor, step.key)) {
      saying.answer_by = now() + faults.LengthOf(kClientImpatient, place_.actor, step.key, kShortPatience);
    }
    if (plan().resends && saying.sent.has_value() && faults.Strikes(kClientDuplicate, place_.actor, step.key)) Say(saying);
  }
  if (!followed) return;
  call(saying.call).outcome = Call::Outcome::kPending;
  sayings_.push_back(std::move(saying));
}

void SocketSession::Say(Saying& saying) {
  const SocketMessage& message = plan().messages[saying.message];
  Call& said = call(saying.call);
  Attempt attempt;
  attempt.ray = CombineHash(saying.key, 100 + said.attempts.size());
  attempt.begin = attempt.end = now();
  attempt.sent = true;
  place_.world.recorder().Record({.kind = EventKind::kSend,
                                  .actor = place_.actor,
                                  .label = kSocketSendLabel,
                                  .key = saying.key,
                                  .message = life().ray,
                                  .value = static_cast<int64_t>(saying.text.size()),
                                  .text = Preview(saying.text)});
  said.attempts.push_back(std::move(attempt));
  // If the connection is lost already, that is about to be heard.
  end_->Send(message.what == SocketMessage::What::kText ? websocket::Message::Text(saying.text) : websocket::Message::Binary(saying.text))
      .IgnoreError();
  saying.answer_by = now() + plan().answer_time;
  if (saying.sent.has_value()) place_.sockets.messages[*saying.sent].sends.push_back({life_, now()});
}

void SocketSession::SayAgain() {
  if (!plan().resends) return;
  for (Saying& saying : sayings_) {
    if (saying.sent.has_value()) Say(saying);
  }
}

void SocketSession::Close(uint16_t code, const std::string& reason) {
  life().closing = now();
  closing_ = true;
  sent_code_ = code;
  place_.world.recorder().Record({.kind = EventKind::kClose,
                                  .actor = place_.actor,
                                  .label = kSocketClosingLabel,
                                  .key = life().key,
                                  .message = life().ray,
                                  .value = code,
                                  .text = reason});
  end_->Send(websocket::Message::Close(code, reason)).IgnoreError();
  changed_.Set();
}

void SocketSession::Drop(SocketLife::End how, std::string why) {
  end_->SetListener(nullptr);
  end_->Lose(absl::UnavailableError(why));
  Over(how, websocket::kAbnormal, std::move(why));
}

bool SocketSession::GiveUpWaiting() {
  for (size_t i = 0; i < sayings_.size(); ++i) {
    if (sayings_[i].answer_by > now()) continue;
    const bool again = plan().resends && sayings_[i].sent.has_value();
    const bool dead = again || !plan().messages[sayings_[i].message].answer.empty();
    if (!again) {
      call(sayings_[i].call).outcome = Call::Outcome::kUnknown;
      sayings_.erase(sayings_.begin() + static_cast<ptrdiff_t>(i));
    }
    if (dead) Drop(SocketLife::End::kDropped, "heard nothing for too long");
    return true;
  }
  return false;
}

// --- listening ---

void SocketSession::Listen() {
  const std::shared_ptr<websocket::End> end = end_;
  while (std::optional<websocket::Message> message = end->TryReceive()) {
    if (message->kind != websocket::Message::Kind::kClose) {
      Heard(*message);
      continue;
    }
    if (!closing_) {
      // As a browser does.
      end->Send(websocket::Message::Close(message->code)).IgnoreError();
      return Over(SocketLife::End::kClosedByServer, message->code, std::move(message->data));
    }
    const bool ours = message->code == sent_code_;
    return Over(ours ? SocketLife::End::kClosed : SocketLife::End::kClosedByServer, message->code, std::move(message->data));
  }
  if (end->loss().ok()) return;
  const bool broken = absl::IsInvalidArgument(end->loss());
  Over(broken ? SocketLife::End::kBroken : SocketLife::End::kLost, websocket::kAbnormal, std::string(end->loss().message()));
}

void SocketSession::Heard(const websocket::Message& message) {
  const std::string& text = message.data;
  std::vector<std::pair<std::string, std::string>> names;  // and what is around them
  if (!plan().id.empty()) {
    const std::optional<boost::json::value> root = ParseMessage(text);
    const boost::json::value* const json = root.has_value() ? &*root : nullptr;
    for (const FoundAt& found : FindAt(plan().delivered, text, json)) {
      life().arrived.push_back(found.value);
      names.emplace_back(found.value, AroundOr(found, text));
    }
    for (const std::string& path : plan().acknowledged) {
      for (const FoundAt& found : FindAt(path, text, json)) names.emplace_back(found.value, AroundOr(found, text));
    }
  }
  const SentMessage* const about = names.empty() ? nullptr : place_.sockets.Find(group_, names.front().first);
  place_.world.recorder().Record({.kind = EventKind::kDeliver,
                                  .actor = place_.actor,
                                  .label = kSocketReceiveLabel,
                                  .key = about != nullptr ? call(about->call).key : 0,
                                  .message = life().ray,
                                  .value = static_cast<int64_t>(text.size()),
                                  .text = Preview(text)});
  for (const auto& [name, around] : names) {
    const auto found = std::find_if(sayings_.begin(), sayings_.end(), [&](const Saying& saying) {
      return saying.sent.has_value() && place_.sockets.messages[*saying.sent].id == name;
    });
    if (found != sayings_.end()) {
      Acknowledged(found, around);
      continue;
    }
    // It is not waited for any more, and comes after all.
    const SentMessage* const late = place_.sockets.Find(group_, name);
    if (late == nullptr || late->ambiguous || call(late->call).client != place_.actor) continue;
    if (call(late->call).outcome == Call::Outcome::kUnknown) NoteAcknowledged(late->call, around);
  }
  const auto answered = std::find_if(sayings_.begin(), sayings_.end(), [&](const Saying& saying) {
    const std::string& answer = plan().messages[saying.message].answer;
    return !answer.empty() && answer == text;
  });
  if (answered != sayings_.end()) Acknowledged(answered, text);
}

void SocketSession::Acknowledged(std::vector<Saying>::iterator saying, std::string_view body) {
  NoteAcknowledged(saying->call, body);
  sayings_.erase(saying);
}

void SocketSession::NoteAcknowledged(size_t index, std::string_view body) {
  Call& said = call(index);
  said.outcome = Call::Outcome::kAcknowledged;
  said.status = 200;
  said.body = std::string(body);
  said.attempts.back().end = now();
  said.attempts.back().status = 200;
}

void SocketSession::Over(SocketLife::End how, uint16_t code, std::string reason) {
  end_->SetListener(nullptr);
  end_ = nullptr;
  closing_ = false;
  drop_at_ = Instant::Infinite();
  life().ended = how;
  life().end = now();
  life().code = code;
  life().reason = std::move(reason);
  constexpr std::string_view kWho[] = {"open", "closed by the client", "closed by the server", "dropped by the client",
                                       "lost", "broken by the server"};
  place_.world.recorder().Record(
      {.kind = EventKind::kClose,
       .actor = place_.actor,
       .label = kSocketEndLabel,
       .key = life().key,
       .message = life().ray,
       .value = code,
       .text = StrCat(kWho[static_cast<size_t>(how)], ", ", code, life().reason.empty() ? "" : ": ", life().reason)});
  // An answer without a name belongs to its connection.
  std::erase_if(sayings_, [&](const Saying& saying) {
    if (saying.sent.has_value()) return false;
    call(saying.call).outcome = Call::Outcome::kUnknown;
    return true;
  });
  ConnectLater();
}

}  // namespace edge::sim
