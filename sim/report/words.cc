#include "sim/report/words.h"

#include <algorithm>
#include <cstdlib>

#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"
#include "sim/report/text.h"

namespace edge::sim {
namespace {

// " to client2" or nothing.
std::string With(const JournalView& journal, std::string_view preposition, ActorId peer) {
  if (peer == ActorId::kWorld) return "";
  return StrCat(" ", preposition, " ", Printable(journal.NameOf(peer)));
}

// ": text" or nothing.
std::string Colon(std::string_view text) { return text.empty() ? "" : StrCat(": ", Printable(text)); }

std::string_view Either(std::string_view a, std::string_view b) { return a.empty() ? b : a; }

bool IsMethod(std::string_view word) {
  return !word.empty() && word.size() <= 10 && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string Bytes(int64_t count) {
  return count == 1 ? "1 byte" : StrCat(Grouped(static_cast<uint64_t>(std::max<int64_t>(0, count))), " bytes");
}

std::string Request(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event) {
  const std::string what = RequestWords(event);
  if (exchanges.SideOf(journal, event) == ExchangeIndex::Side::kServing) {
    return StrCat("is asked", With(journal, "by", event.peer), ": ", what);
  }
  // Only clients count their attempts in value.
  const bool again = journal.KindOf(event.actor) == ActorKind::kClient && event.value > 0;
  return StrCat("asks", again ? " again" : "", event.peer == ActorId::kWorld ? "" : StrCat(" ", Printable(journal.NameOf(event.peer))),
                ": ", what);
}

std::string Response(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event) {
  const std::string detail = Colon(Either(event.text, event.note));
  if (exchanges.SideOf(journal, event) == ExchangeIndex::Side::kServing) {
    if (event.value != 0) return StrCat("answers ", event.value, With(journal, "to", event.peer), detail);
    // A node sees that it has answered, not always with what.
    if (event.text == "answered") return StrCat("answers", With(journal, "to", event.peer));
    return StrCat("does not answer", With(journal, "to", event.peer), detail);
  }
  return event.value == 0 ? StrCat("gets no answer", With(journal, "from", event.peer), detail)
                          : StrCat("gets ", event.value, With(journal, "from", event.peer), detail);
}

std::string OnSocket(const Event& event) {
  const std::string text = Printable(event.text);
  if (event.label == kSocketSendLabel) return StrCat("says: ", text);
  if (event.label == kSocketReceiveLabel) return StrCat("hears: ", text);
  if (event.label == kSocketClosingLabel) return StrCat("closes its WebSocket: ", event.value, text.empty() ? "" : " ", text);
  return StrCat("WebSocket ", text);
}

std::string Life(const Event& event) {
  const std::string_view what = LastPart(event.label);
  std::string out;
  if (what == "start" && event.value <= 1) {
    out = "starts";
  } else if (what == "start" || what == "restart") {
    out = "starts again";
  } else if (what == "stop") {
    out = "is stopped";
  } else if (what == "exit") {
    out = StrCat("exits with code ", event.value);
  } else if (what == "down") {
    out = "is down";
  } else if (what == "crash") {
    out = "CRASHES";
  } else if (what == "power_loss") {
    out = "LOSES POWER";
  } else if (what == "pause") {
    out = "is paused";
  } else if (what == "resume") {
    out = "runs on";
  } else if (what == "clock") {
    out = event.value == 0 ? std::string("has the right time again")
                           : StrCat("has a calendar that is ", LengthText(Duration::Nanoseconds(std::abs(event.value))),
                                    event.value < 0 ? " behind" : " ahead");
  } else {
    out = Printable(event.label);
  }
  return out + Colon(Either(event.text, event.note));
}

}  // namespace

std::string_view LastPart(std::string_view label) {
  const size_t dot = label.rfind('.');
  return dot == std::string_view::npos ? label : label.substr(dot + 1);
}

std::string_view LogLevelOf(const Event& event) {
  const std::string_view last = LastPart(event.label);
  for (const std::string_view level : {"log", "info", "debug", "warn", "error"}) {
    if (last == level) return level;
  }
  constexpr std::string_view kLevels[] = {"debug", "log", "warn", "error"};
  return event.value >= 0 && event.value < 4 ? kLevels[event.value] : "log";
}

bool IsIncident(const Event& event) { return event.kind == EventKind::kHost && event.label == "worker.outcome"; }

std::string RequestWords(const Event& event) {
  if (IsMethod(event.note) && !event.text.starts_with(event.note)) return StrCat(event.note, " ", Printable(event.text));
  return Printable(Either(event.text, Either(event.note, event.label)));
}

std::string FaultStory(std::string_view label) {
  const FaultSite* const site = FindFaultSite(label);
  return site != nullptr ? std::string(site->story) : Printable(label);
}

bool IsOnSocket(const Event& event) {
  return event.label == kSocketSendLabel || event.label == kSocketReceiveLabel || event.label == kSocketClosingLabel ||
         event.label == kSocketEndLabel;
}

std::string Words(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event) {
  if (IsOnSocket(event)) return OnSocket(event);
  const std::string label = Printable(event.label);
  const std::string detail = Colon(Either(event.text, event.note));
  switch (event.kind) {
    case EventKind::kTurn:
      return StrCat("runs ", label);
    case EventKind::kDecision:
      return StrCat("decision ", label, " = ", event.value);
    case EventKind::kFault: {
      const std::string story = FaultStory(event.label);
      return StrCat("FAULT ", story, story == label ? "" : StrCat(" (", label, ")"), With(journal, "with", event.peer), detail);
    }
    case EventKind::kConnect:
      return StrCat(label, With(journal, "to", event.peer), detail);
    case EventKind::kSend:
      return StrCat("sends ", Bytes(event.value), With(journal, "to", event.peer), detail);
    case EventKind::kDeliver:
      return StrCat("receives ", Bytes(event.value), With(journal, "from", event.peer), detail);
    case EventKind::kClose:
      return StrCat(label, With(journal, "with", event.peer), detail);
    case EventKind::kDisk:
      return StrCat(label, detail, event.value > 0 ? StrCat(", ", Bytes(event.value)) : event.value < 0 ? std::string(", failed") : "");
    case EventKind::kRandom:
      return StrCat("draws randomness", label.empty() ? "" : StrCat(" for ", label), detail);
    case EventKind::kHost:
      if (event.label == "javascript") return StrCat("ran JavaScript: ", Counted(static_cast<uint64_t>(event.value), "instruction"));
      if (IsIncident(event) && !event.note.empty()) return StrCat(Printable(event.note), Colon(event.text));
      return StrCat(label, detail);
    case EventKind::kLog:
      return StrCat(LogLevelOf(event), detail);
    case EventKind::kRequest:
      return Request(journal, exchanges, event);
    case EventKind::kResponse:
      return Response(journal, exchanges, event);
    case EventKind::kLife:
      return Life(event);
    case EventKind::kPhase:
      return StrCat("phase ", LastPart(label), detail);
    case EventKind::kCheck:
      return StrCat("check ", label, event.value == 0 ? " holds" : " FAILED", detail);
  }
  return label;
}

}  // namespace edge::sim
