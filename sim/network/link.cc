#include "sim/network/link.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kAbortOvertakesPoint("network.abort_overtakes", DecisionKind::kValue);

// Between the segments of one write that travels in several.
constexpr Duration kSegmentGap = Duration::Microseconds(5);
constexpr uint32_t kUsesUntilGrowth = 64;

constexpr size_t kNoteBytesMax = 80;

// The limits of a connection grow with use, so that trouble in small pieces costs a small number of events.
void Grow(uint32_t& limit, uint32_t& uses_left) {
  if (limit == UINT32_MAX || --uses_left > 0) return;
  limit = limit > UINT32_MAX / 2 ? UINT32_MAX : limit * 2;
  uses_left = kUsesUntilGrowth;
}

// The first line, if a person can read it.
std::string_view Preview(std::string_view bytes) {
  std::string_view line = bytes.substr(0, kNoteBytesMax);
  line = line.substr(0, line.find_first_of("\r\n"));
  const bool printable = std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? line : std::string_view();
}

}  // namespace

// --- birth and end ---

Link::Link(Fabric& fabric, Key key, const Party& client, Host& server, const Endpoint& remote, size_t place)
    : fabric_(fabric),
      key_(key),
      character_(Character::Draw(fabric.world_.oracle(), client.actor, key)),
      client_host_(client.host),
      server_host_(&server),
      remote_(remote),
      loopback_(IsLoopback(remote.host)),
      client_port_(client.host->TakeEphemeral(key)),
      place_(place) {
  End& client_end = end(Side::kClient);
  client_end.state = End::State::kConnecting;
  client_end.party = client;
  client_end.peer = remote;
  end(Side::kServer).peer = {loopback_ ? remote.host : client.host->name, client_port_};
  for (End& an_end : ends_) {
    an_end.read_bytes_max = character_.read_bytes_max;
    an_end.reads_until_growth = kUsesUntilGrowth;
  }
  from(Side::kClient).key = CombineHash(key, kClientDirection);
  from(Side::kServer).key = CombineHash(key, kServerDirection);
  for (Direction& direction : directions_) {
    direction.window_bytes = std::min(character_.window_bytes, fabric.limits_.window_bytes_max);
    direction.segment_bytes_max = character_.segment_bytes_max;
    direction.segments_until_growth = kUsesUntilGrowth;
  }
}

Link::~Link() { client_host_->GiveBackEphemeral(client_port_); }

void Link::FreeIfDone() {
  if (events_ > 0 || end(Side::kClient).state != End::State::kReleased) return;
  const End::State server = end(Side::kServer).state;
  if (server == End::State::kNone || server == End::State::kReleased) fabric_.Free(this);
}

void Link::Schedule(Step step, Instant when, Key key) {
  ++events_;
  world().At(std::max(when, world().now()), key, Scheduled{this, step});
}

void Link::Run(Step step) {
  switch (step) {
    case Step::kSyn:
      OnSyn();
      break;
    case Step::kAck:
      OnAck();
      break;
    case Step::kArrivalAtServer:
      OnArrival(Side::kClient);
      break;
    case Step::kArrivalAtClient:
      OnArrival(Side::kServer);
      break;
    case Step::kCreditToClient:
      OnCredit(Side::kClient);
      break;
    case Step::kCreditToServer:
      OnCredit(Side::kServer);
      break;
    case Step::kReadableClient:
      OnReadable(Side::kClient);
      break;
    case Step::kReadableServer:
      OnReadable(Side::kServer);
      break;
  }
  --events_;
  FreeIfDone();
}

// --- small things ---

ActorId Link::actor(Side side) const {
  const Party& party = end(side).party;
  return party.host != nullptr ? party.actor : host(side).actor;
}

void Link::Record(EventKind kind, Side side, std::string_view label, uint64_t message, int64_t value, std::string_view text) const {
  world().recorder().Record({.kind = kind,
                             .actor = actor(side),
                             .peer = actor(Other(side)),
                             .label = label,
                             .key = key_,
                             .message = message,
                             .value = value,
                             .text = text});
}

void Link::Wake(Fiber* fiber) {
  if (fiber != nullptr) world().scheduler().Wake(fiber);
}

absl::Status Link::Begin(const End& end) const {
  if (end.party.crashed()) return CrashedStatus();
  return world().scheduler().CheckAlive();
}

template <typename Ready>
absl::Status Link::WaitUntil(const End& end, Fiber*& waiter, Ready ready, Instant deadline) {
  EDGE_CHECK(waiter == nullptr) << "two fibers wait for one direction of a connection";
  Scheduler& scheduler = world().scheduler();
  waiter = scheduler.current();
  absl::Status status;
  while (status.ok() && !ready()) status = scheduler.Suspend(deadline);
  waiter = nullptr;
  if (end.party.crashed()) return CrashedStatus();
  // Ready at the instant of the deadline is ready.
  return absl::IsDeadlineExceeded(status) && ready() ? absl::OkStatus() : status;
}

Duration Link::Latency(Side sender, uint64_t name) const {
  Duration latency = character_.latency;
  if (const int64_t jitter = character_.jitter_max.ToNanoseconds(); jitter > 0) {
    latency = latency +
              Duration::Nanoseconds(static_cast<int64_t>(MixHash(name ^ static_cast<uint64_t>(jitter)) % static_cast<uint64_t>(jitter)));
  }
  return latency * fabric_.SlowFactor(host(sender), host(Other(sender)));
}

// --- connecting ---

absl::Status Link::Connect(Instant deadline) {
  End& client = end(Side::kClient);
  Faults& faults = world().faults();
  const ActorId server_actor = server_host_->actor;
  Record(EventKind::kConnect, Side::kClient, "network.connect", CombineHash(key_, kSynName), 0, remote_.ToString());
  refused_ = faults.Strikes(kNetworkRefused, client.party.actor, key_, server_actor);
  if (!refused_ && faults.Strikes(kNetworkConnectHangs, client.party.actor, key_, server_actor)) {
    syn_lost_ = true;
  } else {
    const Key name = CombineHash(key_, kSynName);
    Schedule(Step::kSyn, world().now() + Latency(Side::kClient, name), name);
  }
  EDGE_RETURN_IF_ERROR(WaitUntil(
      client, client.reader, [&] { return answered_ || client.broken(); }, deadline));
  if (client.reset) return absl::UnavailableError(StrCat("cannot connect to ", remote_.ToString(), ": connection reset by the peer"));
  if (refused_) return absl::UnavailableError(StrCat("cannot connect to ", remote_.ToString(), ": connection refused"));
  client.state = End::State::kOpen;
  Record(EventKind::kConnect, Side::kClient, "network.connected", CombineHash(key_, kAckName));
  return absl::OkStatus();
}

void Link::OnSyn() {
  if (end(Side::kClient).state == End::State::kReleased || end(Side::kServer).state != End::State::kNone) return;
  if (server_host_->without_power || fabric_.Holds(*client_host_, *server_host_)) {
    syn_held_ = true;
    return;
  }
  const auto found = server_host_->ports.find(remote_.port);
  Port* const port = found != server_host_->ports.end() ? found->second : nullptr;
  refused_ = refused_ || port == nullptr || port->state != Port::State::kListening || port->party.crashed() ||
             port->pending.size() >= fabric_.limits_.backlog_max || (port->loopback_only && client_host_ != server_host_);
  if (!refused_) {
    End& server = end(Side::kServer);
    server.state = End::State::kPending;
    server.party = port->party;
    port->pending.push_back(this);
    Wake(port->acceptor);
  }
  Record(EventKind::kConnect, Side::kServer, refused_ ? "network.refused_by_peer" : "network.arrived", CombineHash(key_, kSynName));
  const Key name = CombineHash(key_, kAckName);
  const Instant answer = world().now() + Latency(Side::kServer, name);
  from(Side::kServer).pipe.NotBefore(answer);
  Schedule(Step::kAck, answer, name);
}

void Link::OnAck() {
  if (fabric_.Holds(*server_host_, *client_host_)) {
    ack_held_ = true;
    return;
  }
  answered_ = true;
  Wake(end(Side::kClient).reader);
}

void Link::Accepted() {
  End& server = end(Side::kServer);
  EDGE_CHECK(server.state == End::State::kPending);
  server.state = End::State::kOpen;
  Record(EventKind::kConnect, Side::kServer, "network.accepted", CombineHash(key_, kAckName));
}

// --- reading ---

bool Link::Readable(Side side) const {
  const Direction& in = from(Other(side));
  return in.pipe.arrived() > 0 || in.end_arrived || end(side).broken();
}

absl::StatusOr<size_t> Link::Read(Side side, std::span<char> buffer, Instant deadline) {
  End& me = end(side);
  Direction& in = from(Other(side));
  EDGE_CHECK(!buffer.empty());
  EDGE_CHECK(me.callback == nullptr) << "Read while NotifyReadable is registered";
  EDGE_RETURN_IF_ERROR(Begin(me));
  if (!Readable(side)) {
    EDGE_RETURN_IF_ERROR(WaitUntil(
        me, me.reader, [&] { return Readable(side); }, deadline));
  }
  if (me.aborted) return AbortedHere();
  if (me.dead) return CrashedStatus();
  if (in.pipe.arrived() == 0) {
    if (me.reset) return ResetByPeer();
    return 0;
  }
  const size_t bytes = in.pipe.Take(buffer.first(std::min<size_t>(buffer.size(), me.read_bytes_max)));
  Grow(me.read_bytes_max, me.reads_until_growth);
  GiveCredit(Other(side));
  return bytes;
}

void Link::NotifyReadable(Side side, ReadableCallback* callback) {
  End& me = end(side);
  EDGE_CHECK(me.reader == nullptr) << "NotifyReadable while a fiber reads";
  if (me.party.crashed() || me.aborted) callback = nullptr;
  me.callback = callback;
  TellSoon(side);
}

void Link::TellSoon(Side side) {
  End& me = end(side);
  if (me.callback == nullptr || !Readable(side) || me.readable_scheduled) return;
  me.readable_scheduled = true;
  Schedule(side == Side::kClient ? Step::kReadableClient : Step::kReadableServer, world().now(),
           CombineHash(from(Other(side)).key, kParkingName + me.parkings++));
}

void Link::OnReadable(Side side) {
  end(side).readable_scheduled = false;
  if (Readable(side)) Tell(side);
}

void Link::Tell(Side side) {
  End& me = end(side);
  Wake(me.reader);
  if (me.callback != nullptr && !me.party.crashed()) std::exchange(me.callback, nullptr)->OnReadable();
}

// The reader has made room: a writer that waits hears of it once half of the window is free.
void Link::GiveCredit(Side sender) {
  Direction& out = from(sender);
  if (end(sender).writer == nullptr || out.credit_scheduled || out.pipe.held() > out.window_bytes / 2) return;
  out.credit_scheduled = true;
  const Key name = CombineHash(out.key, kCreditName + out.credits++);
  Schedule(sender == Side::kClient ? Step::kCreditToClient : Step::kCreditToServer, world().now() + Latency(Other(sender), name), name);
}

void Link::OnCredit(Side sender) {
  Direction& out = from(sender);
  if (fabric_.Holds(host(Other(sender)), host(sender))) {
    out.credit_held = true;
    return;
  }
  out.credit_scheduled = false;
  Wake(end(sender).writer);
}

// --- writing ---

absl::Status Link::Write(Side side, std::span<const std::string_view> pieces, Instant deadline) {
  End& me = end(side);
  Direction& out = from(side);
  EDGE_RETURN_IF_ERROR(Begin(me));
  if (me.aborted) return AbortedHere();
  if (me.reset) return ResetByPeer();
  if (out.write_closed) return absl::UnavailableError("write: this direction is closed");
  size_t left = 0;
  Recorder& recorder = world().recorder();
  for (const std::string_view piece : pieces) {
    left += piece.size();
    recorder.Absorb(piece);
  }
  if (left == 0) return absl::OkStatus();
  const Key message = CombineHash(out.key, out.writes++);
  out.parts = 0;
  const size_t whole = left;
  const std::string_view first = *std::find_if(pieces.begin(), pieces.end(), [](std::string_view piece) { return !piece.empty(); });
  recorder.Record({.kind = EventKind::kSend,
                   .actor = actor(side),
                   .peer = actor(Other(side)),
                   .label = "network.send",
                   .key = key_,
                   .message = message,
                   .value = static_cast<int64_t>(whole),
                   .note = recorder.keeps_journal() ? Preview(first) : std::string_view()});
  WriteFate fate;
  if (fabric_.writes_may_fail()) fate = FateOf(side, message, whole);
  left = std::min(left, fate.arrives);

  size_t skip = 0;  // bytes of pieces[0] that are out
  while (left > 0 && !out.over) {
    size_t room = out.window_bytes - std::min<size_t>(out.window_bytes, out.pipe.held());
    if (room == 0) {
      EDGE_RETURN_IF_ERROR(WaitUntil(
          me, me.writer, [&] { return me.broken() || out.over || out.pipe.held() <= out.window_bytes / 2; }, deadline));
      out.window_bytes = std::min(out.window_bytes * 2, fabric_.limits_.window_bytes_max);
      if (me.aborted) return AbortedHere();
      if (me.reset) return ResetByPeer();
      continue;
    }
    room = std::min(room, left);
    left -= room;
    const size_t now = room;
    while (room > 0) {
      const std::string_view piece = pieces[0].substr(skip, room);
      out.pipe.Append(piece);
      room -= piece.size();
      skip += piece.size();
      if (skip == pieces[0].size()) {
        pieces = pieces.subspan(1);
        skip = 0;
      }
    }
    PushBytes(side, now, message, fate.extra);
  }
  if (fate.arrives <= whole && !out.over) {
    PushMark(side, Segment::Kind::kBreak);
    out.over = true;
    if (fate.fails) {
      BecomeReset(side, Segment::Kind::kBreak);
      Wake(me.reader);
      TellSoon(side);
      return ResetByPeer();
    }
  }
  return absl::OkStatus();
}

void Link::PushBytes(Side sender, size_t bytes, uint64_t message, Duration extra) {
  Direction& out = from(sender);
  Instant arrival = std::max(world().now() + Latency(sender, message) + extra, out.pipe.last_arrival());
  while (bytes > 0) {
    const size_t segment = std::min<size_t>(bytes, out.segment_bytes_max);
    Grow(out.segment_bytes_max, out.segments_until_growth);
    arrival = arrival + Duration::Nanoseconds(character_.nanoseconds_per_byte * static_cast<int64_t>(segment));
    out.pipe.Push({.kind = Segment::Kind::kBytes, .bytes = segment, .arrival = arrival, .message = message, .part = out.parts++});
    bytes -= segment;
    arrival = arrival + kSegmentGap;
  }
  Arm(sender);
}

void Link::PushMark(Side sender, Segment::Kind kind) {
  Direction& out = from(sender);
  const uint64_t message = CombineHash(out.key, kind == Segment::Kind::kEnd ? kEndName : kResetName);
  const Instant arrival = std::max(world().now() + Latency(sender, message), out.pipe.last_arrival());
  out.pipe.Push({.kind = kind, .bytes = 0, .arrival = arrival, .message = message});
  Arm(sender);
}

void Link::Arm(Side sender) {
  const Segment* const next = from(sender).pipe.next();
  if (next != nullptr) ArmAt(sender, next->arrival);
}

void Link::ArmAt(Side sender, Instant when) {
  Direction& out = from(sender);
  if (out.held || out.pipe.next() == nullptr) return;
  if (out.armed_at <= when) return;
  out.armed_at = std::max(when, world().now());
  // Each arrival has a name of its own: what it wakes is named by it.
  const Segment& next = *out.pipe.next();
  Schedule(sender == Side::kClient ? Step::kArrivalAtServer : Step::kArrivalAtClient, when, CombineHash(next.message, next.part));
}

// --- arriving ---

void Link::OnArrival(Side sender) {
  Direction& out = from(sender);
  const Side receiver = Other(sender);
  const Instant now = world().now();
  if (out.armed_at <= now) out.armed_at = Instant::Infinite();
  const Segment* next = out.pipe.next();
  if (next == nullptr || out.held) return;
  if (next->arrival <= now && fabric_.Holds(host(sender), host(receiver))) {
    out.held = true;
    return;
  }
  bool news = false;
  while (next != nullptr && next->arrival <= now) {
    const Segment segment = *next;  // a reset drops what is in the pipe
    news = Receive(receiver, segment) || news;
    next = out.pipe.next();
  }
  Arm(sender);
  if (news) Tell(receiver);
}

bool Link::Receive(Side receiver, const Segment& segment) {
  Direction& in = from(Other(receiver));
  End& me = end(receiver);
  const std::string_view bytes = in.pipe.Arrive();
  if (segment.kind == Segment::Kind::kBytes) {
    if (me.dead) {
      // Nobody is there to answer, or the next incarnation, which knows nothing of this connection.
      if (me.silent && me.party.host->boots > me.party.boot && !me.party.host->without_power) SendReset(receiver);
      return false;
    }
    if (me.state == End::State::kReleased || me.broken()) {
      in.pipe.DropArrived();
      SwallowBytes(receiver, bytes.size());
      return false;
    }
    world().recorder().Absorb(bytes);
    Record(EventKind::kDeliver, receiver, "network.deliver", segment.message, static_cast<int64_t>(bytes.size()));
    return true;
  }
  if (!me.alive() || me.broken()) {
    if (segment.kind == Segment::Kind::kBreak && !me.dead) SendReset(receiver);
    return false;
  }
  if (segment.kind == Segment::Kind::kEnd) {
    in.end_arrived = true;
    Record(EventKind::kClose, receiver, "network.read.end", segment.message);
    return true;
  }
  BecomeReset(receiver, segment.kind);
  return true;
}

// What comes for an end that was destroyed is taken for a while, so that the peer can read the last words before it is reset.
void Link::SwallowBytes(Side receiver, size_t bytes) {
  End& me = end(receiver);
  me.swallowed_bytes += bytes;
  const FabricLimits& limits = fabric_.limits_;
  const bool patient = world().now() <= me.released_at + limits.linger_time && me.swallowed_bytes <= limits.linger_bytes;
  if (me.broken() || patient) {
    GiveCredit(Other(receiver));
  } else {
    SendReset(receiver);
  }
}

// --- closing ---

void Link::PushEnd(Side sender) {
  Direction& out = from(sender);
  if (out.write_closed || out.over) return;
  out.write_closed = true;
  const Key name = CombineHash(out.key, kEndName);
  if (world().faults().Strikes(kNetworkHalfCloseLost, actor(sender), name, actor(Other(sender)))) {
    out.end_lost = true;
    return;
  }
  PushMark(sender, Segment::Kind::kEnd);
}

absl::Status Link::CloseWrite(Side side) {
  End& me = end(side);
  EDGE_RETURN_IF_ERROR(Begin(me));
  if (me.aborted) return AbortedHere();
  if (me.reset) return ResetByPeer();
  if (from(side).write_closed) return absl::OkStatus();
  Record(EventKind::kClose, side, "network.write.end", CombineHash(from(side).key, kEndName));
  PushEnd(side);
  return absl::OkStatus();
}

void Link::Abort(Side side) {
  End& me = end(side);
  if (me.party.crashed() || me.aborted) return;
  const bool was_well = !me.broken();
  me.aborted = true;
  me.callback = nullptr;
  from(Other(side)).pipe.DropArrived();
  Wake(me.reader);
  Wake(me.writer);
  if (!was_well) return;
  Direction& out = from(side);
  const uint64_t message = CombineHash(out.key, kResetName);
  Record(EventKind::kClose, side, "network.abort", message);
  if (out.over) return;  // the news of its end is on the way
  if (out.pipe.in_flight() > 0 && world().oracle().Chance(kAbortOvertakesPoint, actor(side), message, kHalf)) LoseInFlight(out);
  SendReset(side);
}

void Link::Release(Side side) {
  End& me = end(side);
  EDGE_CHECK(me.reader == nullptr && me.writer == nullptr) << "a connection is destroyed while a fiber waits on it";
  me.callback = nullptr;
  if (!me.dead && me.party.crashed()) Die(side, HostDeath::kProcess);
  const bool connecting = me.state == End::State::kConnecting;
  if (!me.broken() && connecting) {
    // Given up: should the other end exist by then, it is reset.
    if (end(Side::kServer).state != End::State::kNone) SendReset(side);
  } else if (!me.broken()) {
    Record(EventKind::kClose, side, "network.close", CombineHash(from(side).key, kEndName));
    PushEnd(side);
    Direction& in = from(Other(side));
    in.pipe.DropArrived();
    GiveCredit(Other(side));
  }
  me.state = End::State::kReleased;
  me.released_at = world().now();
  FreeIfDone();
}

}  // namespace edge::sim
