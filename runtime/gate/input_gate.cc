#include "runtime/gate/input_gate.h"

#include <map>
#include <optional>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/fiber/event.h"

namespace edge::gate {

struct InputGate::Impl {
  struct SectionState {
    Section outer = kNoSection;
    int depth = 1;
    bool active = false;         // it has got the gate to itself
    Section inner = kNoSection;  // the active one within it
  };

  explicit Impl(Scheduler& a_scheduler) : scheduler(a_scheduler) {}

  // The innermost section around `section` that is still open, itself included.
  Section Open(Section section) const {
    while (section != kNoSection && sections.find(section) == sections.end()) {
      const auto ended = outer_of_ended.find(section);
      section = ended == outer_of_ended.end() ? kNoSection : ended->second;
    }
    return section;
  }

  Ticket* Next();
  void Grant();

  Scheduler& scheduler;
  uint64_t next_ticket = 1;
  Section next_section = 1;
  std::map<uint64_t, Ticket*> line;  // by order of coming; those that hold the gate are not in it
  std::map<Section, SectionState> sections;
  // Of nested ones: what was started in a section can outlive it. Dropped when the gate is idle.
  std::map<Section, Section> outer_of_ended;
  Section active_root = kNoSection;  // the active one outside of all others
  size_t turns = 0;                  // 0 or 1, unless turns of a broken gate come to their ends
  size_t holds = 0;
  std::optional<absl::Status> broken;
};

InputGate::Ticket::Ticket(InputGate& gate, uint64_t number, Section section)
    : gate_(gate), number_(number), section_(section), granted_(gate.impl_->scheduler) {}

InputGate::Ticket::~Ticket() {
  if (state_ != State::kGone) gate_.Leave(*this);
}

InputGate::InputGate(Scheduler& scheduler) : impl_(std::make_unique<Impl>(scheduler)) {}

InputGate::~InputGate() { EDGE_CHECK(impl_->line.empty() && impl_->turns == 0) << "an input gate died with events in its line"; }

std::unique_ptr<InputGate::Ticket> InputGate::Take(Section section) {
  const uint64_t number = impl_->next_ticket++;
  auto ticket = std::unique_ptr<Ticket>(new Ticket(*this, number, section));
  impl_->line.emplace(number, ticket.get());
  return ticket;
}

// Who may go in now: the first in line of those who belong to the innermost active section; before them, who begins a section within it.
InputGate::Ticket* InputGate::Impl::Next() {
  if (turns > 0 || holds > 0 || line.empty()) return nullptr;
  Section here = active_root;
  while (here != kNoSection && sections.at(here).inner != kNoSection) here = sections.at(here).inner;
  // The usual case: no sections at all.
  if (sections.empty()) return line.begin()->second;
  Ticket* first = nullptr;
  for (const auto& [number, ticket] : line) {
    const Section section = Open(ticket->section_);
    if (section == here) {
      if (first == nullptr) first = ticket;
      continue;
    }
    const auto state = sections.find(section);
    if (state != sections.end() && !state->second.active && Open(state->second.outer) == here) return ticket;
  }
  return first;
}

void InputGate::Impl::Grant() {
  if (broken.has_value()) return;
  Ticket* const next = Next();
  // A ticket that was taken is waited for soon; nobody overtakes it.
  if (next == nullptr || !next->waiting_) return;
  const Section section = Open(next->section_);
  if (section != kNoSection && !sections.at(section).active) {
    SectionState& state = sections.at(section);
    state.active = true;
    const Section outer = Open(state.outer);
    (outer == kNoSection ? active_root : sections.at(outer).inner) = section;
  }
  line.erase(next->number_);
  next->state_ = Ticket::State::kHolds;
  ++turns;
  next->granted_.Set();
}

absl::Status InputGate::Wait(Ticket& ticket, Instant deadline) {
  if (ticket.state_ == Ticket::State::kHolds && !impl_->broken.has_value()) return absl::OkStatus();
  EDGE_CHECK(ticket.state_ != Ticket::State::kGone);
  ticket.waiting_ = true;
  impl_->Grant();
  while (ticket.state_ == Ticket::State::kInLine && !impl_->broken.has_value()) {
    if (absl::Status waited = ticket.granted_.Wait(deadline); !waited.ok()) {
      Leave(ticket);
      return waited;
    }
  }
  if (impl_->broken.has_value()) {
    const absl::Status why = *impl_->broken;
    Leave(ticket);
    return why;
  }
  return absl::OkStatus();
}

void InputGate::Leave(Ticket& ticket) {
  if (ticket.state_ == Ticket::State::kInLine) impl_->line.erase(ticket.number_);
  if (ticket.state_ == Ticket::State::kHolds) --impl_->turns;
  ticket.state_ = Ticket::State::kGone;
  if (idle()) impl_->outer_of_ended.clear();
  impl_->Grant();
}

void InputGate::Hold(Section) { ++impl_->holds; }

void InputGate::Release(Section) {
  EDGE_CHECK(impl_->holds > 0);
  --impl_->holds;
  impl_->Grant();
}

absl::StatusOr<Section> InputGate::BeginSection(Section outer) {
  outer = impl_->Open(outer);
  const int depth = outer == kNoSection ? 1 : impl_->sections.at(outer).depth + 1;
  if (depth > kSectionDepthMax) return absl::ResourceExhaustedError("blockConcurrencyWhile() calls are nested too deeply.");
  const Section section = impl_->next_section++;
  impl_->sections.emplace(section, Impl::SectionState{.outer = outer, .depth = depth});
  return section;
}

void InputGate::EndSection(Section section) {
  const auto found = impl_->sections.find(section);
  if (found == impl_->sections.end()) return;
  const Section outer = impl_->Open(found->second.outer);
  const Section inner = found->second.inner;
  // Sections within it that have not ended go on within the one around it.
  if (found->second.active) (outer == kNoSection ? impl_->active_root : impl_->sections.at(outer).inner) = inner;
  if (outer != kNoSection) impl_->outer_of_ended[section] = outer;
  impl_->sections.erase(found);
  impl_->Grant();
}

Section InputGate::OuterOf(Section section) const {
  const auto found = impl_->sections.find(section);
  if (found != impl_->sections.end()) return impl_->Open(found->second.outer);
  const auto ended = impl_->outer_of_ended.find(section);
  return ended == impl_->outer_of_ended.end() ? kNoSection : impl_->Open(ended->second);
}

void InputGate::Break(absl::Status why) {
  if (impl_->broken.has_value()) return;
  impl_->broken = std::move(why);
  for (const auto& [number, ticket] : impl_->line) ticket->granted_.Set();
}

bool InputGate::broken() const { return impl_->broken.has_value(); }

size_t InputGate::waiting() const { return impl_->line.size(); }

bool InputGate::idle() const { return impl_->line.empty() && impl_->turns == 0 && impl_->holds == 0 && impl_->sections.empty(); }

}  // namespace edge::gate
