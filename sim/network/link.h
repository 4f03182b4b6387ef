// Link: one connection of the simulated network, with both of its ends. Internal to sim/network.
//
//   Connect --SYN--> the port's queue --Accept--> open          Write --> Pipe --(event)--> Read, OnReadable
//           <--ACK--
//
// The fabric owns it until both ends are given up and nothing of it is scheduled. So an end may be destroyed at any time, also by the
// callback of an arrival: an event holds a plain pointer and is counted.
//
// Invariants
//  1. events_ counts what is scheduled in the world; the link is not freed before it is 0.
//  2. While something is in a pipe that is not held, an arrival is armed for it or for an earlier moment.
//  3. An end that is given up, aborted, reset or dead is told nothing more and reads nothing more.
//  4. After a reset or break in a pipe nothing follows in it.
#ifndef EDGE_SIM_NETWORK_LINK_H_
#define EDGE_SIM_NETWORK_LINK_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/network.h"
#include "sim/network/character.h"
#include "sim/network/fabric.h"
#include "sim/network/host.h"
#include "sim/network/pipe.h"

namespace edge::sim {

enum class Side : uint8_t { kClient, kServer };
constexpr Side Other(Side side) { return side == Side::kClient ? Side::kServer : Side::kClient; }

class Link {
 public:
  Link(Fabric& fabric, Key key, const Party& client, Host& server, const Endpoint& remote, size_t place);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // The client's attempt. After an error the client's end is still to be released. MAY SUSPEND.
  absl::Status Connect(Instant deadline);
  // The server takes it from the port's queue.
  void Accepted();

  // As net/network.h, for the end of `side`.
  absl::StatusOr<size_t> Read(Side side, std::span<char> buffer, Instant deadline);
  absl::Status Write(Side side, std::span<const std::string_view> pieces, Instant deadline);
  absl::Status CloseWrite(Side side);
  void Abort(Side side);
  void NotifyReadable(Side side, ReadableCallback* callback);
  const Endpoint& Peer(Side side) const { return end(side).peer; }

  // The end is destroyed: a graceful close if it is well. May free this link.
  void Release(Side side);

  // Ends of this incarnation die.
  void PartyDied(const Domain& incarnation, HostDeath how);
  // What `a` and `b` sent each other and is held goes on, after `length`. `b` null: whatever touches `a`.
  void PartitionOver(const Host* a, const Host* b, Duration length);
  // `host` is up again: attempts to connect reach it.
  void HostUp(const Host& host);
  void Heal();

 private:
  friend class Fabric;

  // Names of a connection's events beside its writes.
  static constexpr uint64_t kSynName = 1;
  static constexpr uint64_t kAckName = 2;
  static constexpr uint64_t kServerDirection = 3;
  static constexpr uint64_t kClientDirection = 4;
  static constexpr uint64_t kEndName = uint64_t{1} << 40;
  static constexpr uint64_t kResetName = uint64_t{2} << 40;
  static constexpr uint64_t kCreditName = uint64_t{3} << 40;
  static constexpr uint64_t kParkingName = uint64_t{4} << 40;
  static constexpr Ratio kHalf = {1, 2};

  struct End {
    enum class State : uint8_t { kNone, kConnecting, kPending, kOpen, kReleased };
    State state = State::kNone;
    bool aborted = false;  // by this end
    bool reset = false;    // it knows
    bool dead = false;     // its incarnation died
    bool silent = false;   // ... and nobody has told the peer
    Party party;
    Endpoint peer;
    Fiber* reader = nullptr;
    Fiber* writer = nullptr;
    ReadableCallback* callback = nullptr;
    bool readable_scheduled = false;
    uint32_t parkings = 0;
    uint32_t read_bytes_max = 0;
    uint32_t reads_until_growth = 0;
    Instant released_at;         // kReleased
    size_t swallowed_bytes = 0;  // after it was released

    bool alive() const { return (state == State::kOpen || state == State::kPending || state == State::kConnecting) && !dead; }
    bool broken() const { return aborted || reset || dead; }
  };
  // A pipe from one end, and what its sender knows of it.
  struct Direction {
    Pipe pipe;
    Key key = 0;
    uint64_t writes = 0;
    uint64_t parts = 0;  // of the last write, so far
    uint64_t credits = 0;
    Instant armed_at = Instant::Infinite();  // infinite: no arrival is armed
    uint32_t window_bytes = 0;
    uint32_t segment_bytes_max = 0;
    uint32_t segments_until_growth = 0;
    bool write_closed = false;
    bool end_lost = false;  // the end of it hangs until the world heals
    bool end_arrived = false;
    bool over = false;              // a reset or break is in it, or came out of it
    bool held = false;              // by a partition: the next arrival
    bool credit_scheduled = false;  // the writer will hear that there is room
    bool credit_held = false;
  };
  // What one Write meets.
  struct WriteFate {
    size_t arrives = SIZE_MAX;  // the connection breaks after so many bytes
    bool fails = false;         // the break is known at once
    Duration extra;             // later than usual
  };
  enum class Step : uint8_t {
    kSyn,
    kAck,
    kArrivalAtServer,
    kArrivalAtClient,
    kCreditToClient,
    kCreditToServer,
    kReadableClient,
    kReadableServer
  };
  struct Scheduled {
    Link* link;
    Step step;
    void operator()() const { link->Run(step); }
  };
  static_assert(sizeof(Scheduled) <= 16, "an event of this size needs no memory of its own");

  End& end(Side side) { return ends_[static_cast<size_t>(side)]; }
  const End& end(Side side) const { return ends_[static_cast<size_t>(side)]; }
  Direction& from(Side side) { return directions_[static_cast<size_t>(side)]; }
  const Direction& from(Side side) const { return directions_[static_cast<size_t>(side)]; }
  Host& host(Side side) const { return side == Side::kClient ? *client_host_ : *server_host_; }
  ActorId actor(Side side) const;
  World& world() const { return fabric_.world_; }

  void Schedule(Step step, Instant when, Key key);
  void Run(Step step);
  void FreeIfDone();

  void OnSyn();
  void OnAck();
  void OnArrival(Side sender);
  void OnCredit(Side sender);
  void OnReadable(Side side);
  // Takes what has arrived out of the pipe; true if it is news to the receiver.
  bool Receive(Side receiver, const Segment& segment);
  void SwallowBytes(Side receiver, size_t bytes);

  static absl::Status AbortedHere() { return absl::UnavailableError("connection aborted"); }
  static absl::Status ResetByPeer() { return absl::UnavailableError("connection reset by the peer"); }
  absl::Status Begin(const End& end) const;
  template <typename Ready>
  absl::Status WaitUntil(const End& end, Fiber*& waiter, Ready ready, Instant deadline);
  WriteFate FateOf(Side side, Key message, size_t bytes);

  Duration Latency(Side sender, uint64_t name) const;
  void PushBytes(Side sender, size_t bytes, uint64_t message, Duration extra);
  void PushMark(Side sender, Segment::Kind kind);
  void Arm(Side sender);
  void ArmAt(Side sender, Instant when);
  void GiveCredit(Side sender);
  void PushEnd(Side sender);
  // Nothing that is on the way arrives, and no end.
  static void LoseInFlight(Direction& out);
  // Nothing more comes of this direction but a reset.
  void SendReset(Side sender);
  void BecomeReset(Side side, Segment::Kind how);
  void Die(Side side, HostDeath how);
  void Wake(Fiber* fiber);
  // Last in an event: the callback may destroy the end.
  void Tell(Side side);
  // The callback, in an event of its own.
  void TellSoon(Side side);
  bool Readable(Side side) const;
  void Record(EventKind kind, Side side, std::string_view label, uint64_t message = 0, int64_t value = 0, std::string_view text = {}) const;

  Fabric& fabric_;
  const Key key_;
  const Character character_;
  Host* const client_host_;
  Host* const server_host_;
  const Endpoint remote_;  // as the client named it
  const bool loopback_;    // named so: the server sees a loopback address too
  const uint16_t client_port_;
  size_t place_;  // in the fabric's list
  uint32_t events_ = 0;
  bool refused_ = false;   // by a fault, or because nobody listens
  bool answered_ = false;  // the client knows the outcome
  bool syn_lost_ = false;  // hangs until the world heals
  bool syn_held_ = false;  // hangs until a partition ends, or the server's host is up
  bool ack_held_ = false;
  std::array<End, 2> ends_;
  std::array<Direction, 2> directions_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_NETWORK_LINK_H_
