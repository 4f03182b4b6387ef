#include "sim/network/link.h"

#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kResetDiscardsPoint("network.reset_discards", DecisionKind::kValue);
constexpr DecisionPoint kDeathOvertakesPoint("network.death_overtakes", DecisionKind::kValue);

constexpr Duration kStallMax = Duration::Seconds(30);
constexpr Duration kSpikeMax = Duration::Seconds(2);

}  // namespace

// --- what the network does to a write ---

Link::WriteFate Link::FateOf(Side side, Key message, size_t bytes) {
  WriteFate fate;
  Faults& faults = world().faults();
  const ActorId me = actor(side);
  const ActorId peer = actor(Other(side));
  const auto breaks = [&](const FaultSite& site, size_t arrives) {
    fate.arrives = arrives;
    // Whether the sender learns of it from this call or from its next one.
    fate.fails = faults.ShapeOf(site, me, CombineHash(message, 1), 2) != 0;
  };
  if (faults.Strikes(kNetworkResetBefore, me, message, peer)) {
    breaks(kNetworkResetBefore, 0);
  } else if (faults.Strikes(kNetworkWriteCut, me, message, peer)) {
    breaks(kNetworkWriteCut, faults.ShapeOf(kNetworkWriteCut, me, message, bytes));
  } else if (faults.Strikes(kNetworkResetAfter, me, message, peer)) {
    breaks(kNetworkResetAfter, bytes);
  }
  if (faults.Strikes(kNetworkStall, me, message, peer)) fate.extra = faults.LengthOf(kNetworkStall, me, message, kStallMax);
  if (faults.Strikes(kNetworkLatencySpike, me, message, peer)) {
    fate.extra = fate.extra + faults.LengthOf(kNetworkLatencySpike, me, message, kSpikeMax);
  }
  return fate;
}

// --- resets ---

void Link::LoseInFlight(Direction& out) {
  out.pipe.DropInFlight();
  // The end would come after all of it: it is lost for good.
  out.end_lost = false;
}

void Link::BecomeReset(Side side, Segment::Kind how) {
  End& me = end(side);
  Direction& in = from(Other(side));
  Direction& out = from(side);
  me.reset = true;
  out.over = how != Segment::Kind::kBreak || out.over;
  const uint64_t message = CombineHash(in.key, kResetName);
  Record(EventKind::kClose, side, "network.reset", message);
  // Systems differ in whether what was not read yet survives a reset.
  if (how == Segment::Kind::kReset && in.pipe.arrived() > 0 && world().oracle().Chance(kResetDiscardsPoint, actor(side), message, kHalf)) {
    in.pipe.DropArrived();
  }
  // What this end has on the way dies with the connection; of a break the other end is to hear.
  if (!out.over) {
    LoseInFlight(out);
    PushMark(side, Segment::Kind::kReset);
    out.over = true;
  }
  Wake(me.writer);
}

void Link::SendReset(Side sender) {
  Direction& out = from(sender);
  end(sender).silent = false;
  if (out.over) return;
  PushMark(sender, Segment::Kind::kReset);
  out.over = true;
}

// --- what comes from outside ---

void Link::Die(Side side, HostDeath how) {
  End& me = end(side);
  Direction& out = from(side);
  me.dead = true;
  me.callback = nullptr;
  Wake(me.reader);
  Wake(me.writer);
  const uint64_t message = CombineHash(out.key, kResetName);
  Record(EventKind::kClose, side, "network.died", how == HostDeath::kProcess ? message : 0);
  if (me.aborted || me.reset || out.over) return;
  if (out.pipe.in_flight() > 0 && world().oracle().Chance(kDeathOvertakesPoint, actor(side), message, kHalf)) LoseInFlight(out);
  if (how == HostDeath::kPower) {
    me.silent = true;
  } else if (end(Other(side)).state != End::State::kNone) {
    SendReset(side);
  }
}

void Link::PartyDied(const Domain& incarnation, HostDeath how) {
  for (const Side side : {Side::kClient, Side::kServer}) {
    End& me = end(side);
    if (me.party.incarnation == &incarnation && me.alive()) Die(side, how);
  }
}

void Link::PartitionOver(const Host* a, const Host* b, Duration length) {
  const bool touched =
      (client_host_ == a && (b == nullptr || server_host_ == b)) || (server_host_ == a && (b == nullptr || client_host_ == b));
  if (!touched) return;
  const Instant now = world().now();
  const bool held_bytes = from(Side::kClient).held || from(Side::kServer).held;
  if (held_bytes && length >= fabric_.limits_.partition_reset_after) {
    // Both systems had given up.
    for (const Side sender : {Side::kClient, Side::kServer}) {
      Direction& out = from(sender);
      out.held = false;
      LoseInFlight(out);
      out.over = false;
      PushMark(sender, Segment::Kind::kReset);
      out.over = true;
    }
  }
  for (const Side sender : {Side::kClient, Side::kServer}) {
    Direction& out = from(sender);
    if (std::exchange(out.held, false)) ArmAt(sender, now + Latency(sender, out.key));
    if (std::exchange(out.credit_held, false)) {
      const Key name = CombineHash(out.key, kCreditName + out.credits++);
      Schedule(sender == Side::kClient ? Step::kCreditToClient : Step::kCreditToServer, now + Latency(Other(sender), name), name);
    }
  }
  if (std::exchange(ack_held_, false)) {
    const Key name = CombineHash(key_, kAckName);
    Schedule(Step::kAck, now + Latency(Side::kServer, name), name);
  }
  HostUp(*server_host_);
}

void Link::HostUp(const Host& host) {
  if (&host != server_host_ || !syn_held_ || end(Side::kClient).state == End::State::kReleased) return;
  syn_held_ = false;
  const Key name = CombineHash(key_, kSynName);
  Schedule(Step::kSyn, world().now() + Latency(Side::kClient, name), name);
}

void Link::Heal() {
  syn_held_ = std::exchange(syn_lost_, false) || syn_held_;
  PartitionOver(client_host_, nullptr, Duration::Zero());
  for (const Side sender : {Side::kClient, Side::kServer}) {
    Direction& out = from(sender);
    out.pipe.HurryUp(world().now() + character_.latency);
    Arm(sender);
    if (std::exchange(out.end_lost, false) && !out.over) PushMark(sender, Segment::Kind::kEnd);
    if (end(sender).silent) SendReset(sender);
  }
}

}  // namespace edge::sim
