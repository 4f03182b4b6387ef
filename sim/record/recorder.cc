#include "sim/record/recorder.h"

#include <iterator>
#include <utility>

#include "runtime/base/check.h"

namespace edge::sim {
namespace {

// Cuts at a byte that begins a UTF-8 sequence.
std::string_view Shorten(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

Recorder::Recorder(const Clock& clock, Keep keep, RecorderLimits limits) : clock_(clock), keep_(keep), limits_(limits) {
  actors_.push_back({"world", ActorKind::kWorld});
}

ActorId Recorder::AddActor(std::string_view name, ActorKind kind) {
  EDGE_CHECK(actors_.size() < UINT16_MAX) << "too many actors";
  actors_.push_back({std::string(name), kind});
  Mix(ByteHash(name), static_cast<uint64_t>(kind));  // events name actors by number
  return static_cast<ActorId>(actors_.size() - 1);
}

void Recorder::Absorb(std::string_view bytes) {
  if (keep_ == Keep::kNothing) return;
  pending_bytes_ = CombineHash(pending_bytes_, ByteHash(bytes));
}

void Recorder::Record(const EventInput& event) {
  ++events_;
  ++counts_[static_cast<size_t>(event.kind)];
  if (keep_ == Keep::kNothing) return;
  const Instant now = clock_.Now();
  // Field by field: what is mixed is the value, never the bytes of a struct. A tag keeps text and bytes apart.
  Mix(static_cast<uint64_t>(event.kind) | static_cast<uint64_t>(event.actor) << 8 | static_cast<uint64_t>(event.peer) << 24,
      static_cast<uint64_t>(now.ToNanoseconds()));
  Mix(ByteHash(event.label), event.key);
  Mix(event.message, static_cast<uint64_t>(event.value));
  if (!event.text.empty()) Mix(ByteHash(event.text), 1);
  if (pending_bytes_ != 0) Mix(pending_bytes_, 2);
  if (events_ % limits_.events_per_checkpoint == 0) checkpoints_.push_back(hash_);
  if (keep_ == Keep::kJournal && journal_.size() < limits_.journal_events_max) {
    journal_.push_back({.number = events_,
                        .time = now,
                        .kind = event.kind,
                        .actor = event.actor,
                        .peer = event.peer,
                        .label = std::string(event.label),
                        .key = event.key,
                        .message = event.message,
                        .value = event.value,
                        .text = std::string(Shorten(event.text, limits_.text_bytes_max)),
                        .note = std::string(Shorten(event.note, limits_.text_bytes_max)),
                        .bytes_hash = pending_bytes_,
                        .hash = hash_});
  }
  pending_bytes_ = 0;
}

std::string_view NameOf(EventKind kind) {
  constexpr std::string_view kNames[] = {"turn",   "decision", "fault", "connect", "send",     "deliver", "close", "disk",
                                         "random", "host",     "log",   "request", "response", "life",    "phase", "check"};
  static_assert(std::size(kNames) == kEventKinds && static_cast<size_t>(EventKind::kCheck) == kEventKinds - 1);
  return kNames[static_cast<size_t>(kind)];
}

std::string_view NameOf(ActorKind kind) {
  constexpr std::string_view kNames[] = {"world", "node", "client", "service"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace edge::sim
