// InputGate: which event of a Durable Object may run next.
//
// An event takes a ticket when it arrives (so that order of arrival is order of delivery) and waits until the gate lets it in. The gate is
// closed while somebody holds a lock: an event whose turn it is, and a storage operation without allowConcurrency that has not completed. A
// critical section (blockConcurrencyWhile, transaction) closes it for everybody but what was started inside of the section; sections nest.
// First in first out; those of the innermost section first. Contract: contract sheet 3.3.
//
//   ticket = gate.Take(section)  -->  gate.Wait(ticket)  -->  [ JavaScript runs, microtasks drain ]  -->  gate.Leave()
//                                     storage operation pending: gate.Hold() ... gate.Release()
#ifndef EDGE_RUNTIME_GATE_INPUT_GATE_H_
#define EDGE_RUNTIME_GATE_INPUT_GATE_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/scheduler.h"

namespace edge::gate {

// A critical section of an object; kNoSection: outside of all. Numbers are never used again.
using Section = uint64_t;
inline constexpr Section kNoSection = 0;
// Depth up to which sections nest.
inline constexpr int kSectionDepthMax = 64;

class InputGate {
 public:
  class Ticket;  // taking no part any more when destroyed

  explicit InputGate(Scheduler& scheduler);
  ~InputGate();  // REQUIRES: nobody waits

  // Joins the line; nobody overtakes a ticket that is of the same section, so whoever takes one waits for it soon. `section`: the innermost
  // one in which the event was started. A section begins with the first ticket taken for it.
  std::unique_ptr<Ticket> Take(Section section);
  // Until it is this ticket's turn; then the gate is held for it, and asking again is fine. The gate's error once it is broken;
  // kDeadlineExceeded, kCancelled, kAborted. MAY SUSPEND.
  absl::Status Wait(Ticket& ticket, Instant deadline = Instant::Infinite());
  // The turn is over: what it held is let go.
  void Leave(Ticket& ticket);

  // Keeps the gate closed beyond the turn that is running: a storage operation is pending. Its completion enters as part of the holder.
  void Hold(Section section);
  void Release(Section section);

  // Begins a critical section within `outer`. kResourceExhausted: nested too deeply.
  absl::StatusOr<Section> BeginSection(Section outer);
  // Its time limit starts when it gets the gate to itself; the caller's business.
  void EndSection(Section section);
  Section OuterOf(Section section) const;

  // Everybody who waits, now and later, gets `why`. Idempotent.
  void Break(absl::Status why);
  bool broken() const;
  size_t waiting() const;
  // Nobody holds it, nobody waits, no section is open.
  bool idle() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class InputGate::Ticket {
 public:
  ~Ticket();
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  Section section() const { return section_; }

 private:
  friend class InputGate;
  Ticket(InputGate& gate, uint64_t number, Section section);
  enum class State : uint8_t { kInLine, kHolds, kGone };

  InputGate& gate_;
  const uint64_t number_;
  const Section section_;
  State state_ = State::kInLine;
  bool waiting_ = false;
  Event granted_;  // or the gate has broken
};

}  // namespace edge::gate

#endif  // EDGE_RUNTIME_GATE_INPUT_GATE_H_
