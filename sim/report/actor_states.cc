#include "sim/report/actor_states.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "runtime/base/str_cat.h"
#include "sim/report/text.h"
#include "sim/report/words.h"

namespace edge::sim {
namespace {

using Life = ActorState::Life;
using OpenRequest = ActorState::OpenRequest;

constexpr size_t kListedMax = 5;  // requests and connections of one actor

std::optional<Life> LifeAfter(const Event& event) {
  const std::string_view what = LastPart(event.label);
  if (what == "start" || what == "restart" || what == "resume") return Life::kUp;
  if (what == "crash" || what == "power_loss" || what == "down" || what == "exit") return Life::kDown;
  if (what == "pause") return Life::kPaused;
  return std::nullopt;
}

std::string_view NameOfLife(Life life) {
  constexpr std::string_view kNames[] = {"not started", "up", "down", "paused"};
  return kNames[static_cast<size_t>(life)];
}

void ForgetRequest(ActorState& state, uint64_t name, OpenRequest::Side side) {
  std::erase_if(state.requests, [&](const OpenRequest& open) { return open.name == name && open.side == side; });
}

void Apply(const JournalView& journal, const ExchangeIndex& exchanges, size_t index, ActorState& state) {
  const Event& event = journal.events[index];
  ++state.events;
  state.last_event = index;
  if (state.life == Life::kNotStarted && event.kind != EventKind::kDecision && event.kind != EventKind::kFault) {
    state.life = Life::kUp;
    state.life_event = index;
  }
  const auto side = [&] {
    return exchanges.SideOf(journal, event) == ExchangeIndex::Side::kServing ? OpenRequest::Side::kServing : OpenRequest::Side::kAsked;
  };
  switch (event.kind) {
    case EventKind::kFault:
      ++state.faults;
      break;
    case EventKind::kLog:
      state.last_log = index;
      break;
    case EventKind::kRequest:
      state.requests.push_back({.side = side(), .name = ExchangeIndex::NameOf(event), .event = index});
      break;
    case EventKind::kResponse:
      ForgetRequest(state, ExchangeIndex::NameOf(event), side());
      break;
    case EventKind::kConnect: {
      const std::string_view what = LastPart(event.label);
      const bool opened = what == "connected" || what == "accept" || what == "accepted" || what == "open";
      if (opened) state.connections.push_back({.key = event.key, .peer = event.peer, .event = index});
      break;
    }
    case EventKind::kClose:
      if (LastPart(event.label) != "end") {
        std::erase_if(state.connections, [&](const ActorState::OpenConnection& open) { return open.key == event.key; });
      }
      break;
    case EventKind::kLife:
      if (const std::optional<Life> life = LifeAfter(event)) {
        state.life = *life;
        state.life_event = index;
        if (*life == Life::kDown) {
          state.requests.clear();
          state.connections.clear();
        }
      }
      break;
    default:
      break;
  }
}

size_t EventsUpTo(const JournalView& journal, uint64_t event_number) {
  const auto end = std::upper_bound(journal.events.begin(), journal.events.end(), event_number,
                                    [](uint64_t number, const Event& event) { return number < event.number; });
  return static_cast<size_t>(end - journal.events.begin());
}

}  // namespace

std::vector<ActorState> ActorStatesAt(const JournalView& journal, uint64_t event_number) {
  const ExchangeIndex exchanges(journal);
  std::vector<ActorState> states(journal.actors.size());
  for (size_t i = 0; i < states.size(); ++i) states[i].actor = static_cast<ActorId>(i);
  const size_t end = EventsUpTo(journal, event_number);
  for (size_t i = 0; i < end; ++i) {
    const auto actor = static_cast<size_t>(journal.events[i].actor);
    if (actor < states.size()) Apply(journal, exchanges, i, states[actor]);
  }
  return states;
}

std::string ActorStatesText(const JournalView& journal, const ExchangeIndex& exchanges, uint64_t event_number) {
  const size_t end = EventsUpTo(journal, event_number);
  std::string out;
  if (end == 0) return "before the first event: nothing has happened yet\n";
  const Event& at = journal.events[end - 1];
  StrAppend(&out, "state after event ", at.number, ", ", ElapsedText(at.time - journal.start, 6), "\n");
  const auto when = [&](size_t index) { return ElapsedText(journal.events[index].time - journal.start, 3); };
  for (const ActorState& state : ActorStatesAt(journal, event_number)) {
    const ActorKind kind = journal.KindOf(state.actor);
    StrAppend(&out, "\n", Printable(journal.NameOf(state.actor)));
    if (kind != ActorKind::kWorld) StrAppend(&out, " (", NameOf(kind), "): ", NameOfLife(state.life));
    if (kind != ActorKind::kWorld && state.life_event) StrAppend(&out, " since ", when(*state.life_event));
    StrAppend(&out, kind == ActorKind::kWorld ? ": " : "; ", Counted(state.events, "event"));
    if (state.faults > 0) StrAppend(&out, ", ", Counted(state.faults, "fault"));
    out += "\n";
    const auto line = [&](std::string_view what, size_t index) {
      const Event& event = journal.events[index];
      out += Fit(StrCat("  ", PadRight(what, 10), "  ", PadLeft(StrCat(event.number), 8), "  ", PadLeft(when(index), 12), "  ",
                        Words(journal, exchanges, event)),
                 140);
      out += "\n";
    };
    for (size_t i = 0; i < state.requests.size() && i < kListedMax; ++i) {
      line(state.requests[i].side == OpenRequest::Side::kAsked ? "waits for" : "works on", state.requests[i].event);
    }
    if (state.requests.size() > kListedMax)
      StrAppend(&out, "  ... ", Counted(state.requests.size() - kListedMax, "more open request"), "\n");
    for (size_t i = 0; i < state.connections.size() && i < kListedMax; ++i) line("connection", state.connections[i].event);
    if (state.connections.size() > kListedMax) {
      StrAppend(&out, "  ... ", Counted(state.connections.size() - kListedMax, "more open connection"), "\n");
    }
    if (state.last_log) line("last log", *state.last_log);
    if (state.last_event) line("last event", *state.last_event);
  }
  return out;
}

}  // namespace edge::sim
