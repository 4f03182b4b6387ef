#include "sim/report/story.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/base/str_cat.h"
#include "sim/report/exchange_index.h"
#include "sim/report/text.h"
#include "sim/report/words.h"

namespace edge::sim {
namespace {

// Around the failing request, and before the failure, things have to do with it.
constexpr Duration kNear = Duration::Seconds(5);
constexpr size_t kMessageLinesMax = 3;

// The higher, the sooner it is told.
enum class Weight : uint8_t { kNever, kElsewhere, kNearby, kSameActor, kTrouble, kMeanwhile, kFault, kFailing, kEnd };

class Chooser {
 public:
  Chooser(const JournalView& journal, const Failure& failure)
      : journal_(journal), failure_(failure), exchanges_(journal), end_(FailureEvent(journal, failure)) {
    FindFailing();
  }

  // How far an event is from the failing request; from the failure if it is not known which one that is.
  size_t DistanceOf(size_t index) const {
    const size_t first = found_failing_ ? first_ : end_;
    const size_t last = found_failing_ ? last_ : end_;
    return index < first ? first - index : index > last ? index - last : 0;
  }

  Weight WeightOf(size_t index) const {
    const Event& event = journal_.events[index];
    if (index == end_) return Weight::kEnd;
    switch (event.kind) {
      case EventKind::kFault:
        return RepeatsLife(index) ? Weight::kNever : IsFailing(event) ? Weight::kFailing : Weight::kFault;
      case EventKind::kLife:
        return OfLife(event);
      case EventKind::kPhase:
        return LastPart(event.label) == "heal" ? Weight::kTrouble : Weight::kNever;
      case EventKind::kCheck:
        return event.value != 0 ? Weight::kTrouble : Weight::kNever;
      case EventKind::kRequest:
      case EventKind::kResponse:
        return OfRequest(index);
      case EventKind::kLog:
        return OfLog(event);
      case EventKind::kHost:
        return IsIncident(event) ? OfLog(event) : Weight::kNever;
      case EventKind::kSend:
      case EventKind::kDeliver:
        return IsOnSocket(event) ? OfSocket(event) : Weight::kNever;
      case EventKind::kConnect:
      case EventKind::kClose:
        if (IsOnSocket(event)) return OfSocket(event);
        return IsFailing(event) ? Weight::kSameActor : Weight::kNever;
      default:
        return Weight::kNever;
    }
  }

 private:
  // The failing request: its messages, keys, actors, and the span of time it took.
  void FindFailing() {
    if (journal_.events.empty()) return;
    if (failure_.about_message != 0) messages_.insert(failure_.about_message);
    if (failure_.about_key != 0) keys_.insert(failure_.about_key);
    if (messages_.empty() && keys_.empty() && journal_.events[end_].kind == EventKind::kCheck) {
      const Event& check = journal_.events[end_];
      if (check.message != 0) messages_.insert(check.message);
      if (check.key != 0) keys_.insert(check.key);
    }
    // Attempts of one call share its key, corners of one attempt its message: two rounds connect them all.
    for (int round = 0; round < 2; ++round) {
      for (const Event& event : journal_.events) {
        const bool exchange = event.kind == EventKind::kRequest || event.kind == EventKind::kResponse;
        if (!exchange || !IsFailing(event)) continue;
        if (event.message != 0) messages_.insert(event.message);
        if (event.key != 0) keys_.insert(event.key);
      }
    }
    from_ = to_ = journal_.events[end_].time;
    for (size_t i = 0; i < journal_.events.size(); ++i) {
      const Event& event = journal_.events[i];
      if (i == end_ || !IsFailing(event)) continue;
      if (!found_failing_) {
        from_ = event.time;
        first_ = i;
      }
      found_failing_ = true;
      last_ = i;
      to_ = event.time;
      if (event.actor != ActorId::kWorld) actors_.insert(event.actor);
      if (event.peer != ActorId::kWorld) actors_.insert(event.peer);
    }
  }

  bool IsFailing(const Event& event) const {
    return (event.message != 0 && messages_.count(event.message) != 0) || (event.key != 0 && keys_.count(event.key) != 0);
  }

  bool IsNear(Instant time) const { return time >= from_ - kNear && time <= to_ + kNear; }

  // Quiet things far away fill the screen only if nobody knows what the failure is about.
  Weight Elsewhere() const { return found_failing_ ? Weight::kNever : Weight::kElsewhere; }

  // The first start is no news, what brought an actor down is told by itself, and a regular end is dull.
  Weight OfLife(const Event& event) const {
    const std::string_view what = LastPart(event.label);
    if (what == "down" || (what == "start" && (event.value == 1 || event.time == journal_.start))) return Weight::kNever;
    if (what == "resume" || (what == "clock" && event.value == 0)) return Weight::kTrouble;
    return what == "stop" || (what == "exit" && event.value == 0) ? Elsewhere() : Weight::kFault;
  }

  // A crash is a fault of the plan and, a moment later, an event in its victim's life; the second tells it better.
  bool RepeatsLife(size_t index) const {
    const Event& fault = journal_.events[index];
    const bool clock = fault.label.starts_with("clock.");
    if (!clock && !fault.label.starts_with("process.")) return false;
    for (size_t i = index + 1; i < journal_.events.size() && journal_.events[i].time <= fault.time + kNear; ++i) {
      const Event& event = journal_.events[i];
      if (event.kind != EventKind::kLife || event.actor != fault.actor) continue;
      if (LastPart(event.label) == (clock ? "clock" : LastPart(fault.label))) return true;
    }
    return false;
  }

  Weight OfRequest(size_t index) const {
    const Event& event = journal_.events[index];
    // The asking side tells of a request and its answer; the other one only if the asker says nothing.
    const Exchange* const exchange = exchanges_.Find(event);
    if (exchange != nullptr && (index == exchange->arrived || index == exchange->answered)) {
      const bool told = index == exchange->arrived ? exchange->asked != Exchange::kMissing : HasGoodAnswer(*exchange);
      if (told) return Weight::kNever;
    }
    if (IsFailing(event)) return Weight::kFailing;
    if (found_failing_ && exchange != nullptr && IsMeanwhile(*exchange)) return Weight::kMeanwhile;
    const bool trouble = event.kind == EventKind::kResponse && (event.value == 0 || event.value >= 500);
    if (!IsNear(event.time)) return trouble ? Weight::kNearby : Elsewhere();
    if (!found_failing_) return trouble ? Weight::kTrouble : Weight::kNearby;
    const bool same = actors_.count(event.actor) != 0;
    return same ? Weight::kSameActor : Weight::kNearby;
  }

  // The failing message wherever it is said and heard; of the failing connection its end, and the rest as it comes.
  Weight OfSocket(const Event& event) const {
    const bool of_key = event.key != 0 && keys_.count(event.key) != 0;
    if (of_key) return Weight::kFailing;
    const bool of_connection = event.message != 0 && messages_.count(event.message) != 0;
    if (of_connection) return event.kind == EventKind::kClose ? Weight::kFailing : Weight::kMeanwhile;
    if (event.kind == EventKind::kDeliver || !IsNear(event.time)) return Elsewhere();
    return found_failing_ && actors_.count(event.actor) != 0 ? Weight::kSameActor : Weight::kNearby;
  }

  // Whether it was under way at the same time as the failing request: who else was there is what races are made of.
  bool IsMeanwhile(const Exchange& exchange) const {
    const size_t begin = exchange.asked != Exchange::kMissing ? exchange.asked : exchange.arrived;
    const size_t end = exchange.got != Exchange::kMissing ? exchange.got : exchange.answered;
    const bool begun = begin != Exchange::kMissing && journal_.events[begin].time <= to_;
    return begun && (end == Exchange::kMissing || journal_.events[end].time >= from_);
  }

  bool HasGoodAnswer(const Exchange& exchange) const {
    return exchange.got != Exchange::kMissing && journal_.events[exchange.got].value != 0;
  }

  Weight OfLog(const Event& event) const {
    if (IsFailing(event)) return Weight::kFailing;
    const bool bad = IsIncident(event) || LogLevelOf(event) == "error" || LogLevelOf(event) == "warn";
    if (!IsNear(event.time)) return Elsewhere();
    if (found_failing_ && actors_.count(event.actor) == 0) return Weight::kNearby;
    return bad ? Weight::kTrouble : Weight::kSameActor;
  }

  const JournalView& journal_;
  const Failure& failure_;
  const ExchangeIndex exchanges_;
  const size_t end_;
  std::set<uint64_t> messages_;
  std::set<uint64_t> keys_;
  std::set<ActorId> actors_;
  bool found_failing_ = false;
  size_t first_ = 0;  // of the failing request's events
  size_t last_ = 0;
  Instant from_;
  Instant to_;
};

// What a line says beyond the event itself: that a request never arrived, that nobody got an answer.
std::string Fate(const JournalView& journal, const ExchangeIndex& exchanges, size_t index) {
  const Event& event = journal.events[index];
  if (event.kind != EventKind::kRequest && event.kind != EventKind::kResponse) return "";
  const Exchange* const exchange = exchanges.Find(event);
  if (exchange == nullptr) return "";
  // Whether the serving side records at all: only then does its silence mean anything.
  const bool serving_records = std::any_of(exchanges.all().begin(), exchanges.all().end(),
                                           [](const auto& entry) { return entry.second.arrived != Exchange::kMissing; });
  if (index == exchange->asked) {
    if (serving_records && exchange->arrived == Exchange::kMissing) return " (it never arrived)";
    if (exchange->got == Exchange::kMissing) return " (no answer until the end)";
  }
  if (index == exchange->answered && exchange->asked != Exchange::kMissing) return " (the answer was lost)";
  return "";
}

std::string Title(const StoryInput& input) {
  std::string line = "FAILED";
  if (!input.title.application.empty()) StrAppend(&line, "  ", Printable(input.title.application));
  if (!input.title.seed.empty()) StrAppend(&line, "  seed ", Printable(input.title.seed));
  if (!input.title.strategy.empty()) StrAppend(&line, "  ", Printable(input.title.strategy));
  if (!input.title.contract.empty()) StrAppend(&line, "  contract ", Printable(input.title.contract));
  return line;
}

// The failure's message in lines of their own, folded between words.
std::vector<std::string> Folded(std::string_view text, size_t columns, size_t lines_max) {
  std::vector<std::string> lines;
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) lines.push_back(std::exchange(line, ""));
  };
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string word = Printable(text.substr(at, end - at));
    if (!line.empty() && Columns(line) + 1 + Columns(word) > columns) flush();
    if (!word.empty()) StrAppend(&line, line.empty() ? "" : " ", word);
    if (end < text.size() && text[end] == '\n') flush();
    at = end + 1;
  }
  flush();
  for (std::string& each : lines) each = Fit(each, columns);
  if (lines.size() > lines_max) {
    lines.resize(lines_max);
    lines.back() = Fit(StrCat(lines.back(), " ..."), columns);
  }
  return lines;
}

// The command on one line if it fits, else continued with backslashes where it has spaces.
std::vector<std::string> Command(std::string_view command, size_t columns) {
  constexpr std::string_view kLead = "  replay: ";
  std::vector<std::string> lines;
  std::string line(kLead);
  bool fresh = true;
  for (size_t at = 0; at < command.size();) {
    size_t end = std::min(command.find(' ', at), command.size());
    std::string word = Printable(command.substr(at, end - at));
    // A flag and its value stay together.
    if (word.starts_with("--") && end + 1 < command.size() && command[end + 1] != '-') {
      const size_t value_end = std::min(command.find(' ', end + 1), command.size());
      StrAppend(&word, " ", Printable(command.substr(end + 1, value_end - end - 1)));
      end = value_end;
    }
    if (!fresh && Columns(line) + 1 + Columns(word) + 2 > columns) {
      lines.push_back(StrCat(line, " \\"));
      line = std::string(kLead.size(), ' ');
      fresh = true;
    }
    StrAppend(&line, fresh ? "" : " ", word);
    fresh = false;
    at = end + 1;
  }
  lines.push_back(std::move(line));
  return lines;
}

}  // namespace

size_t FailureEvent(const JournalView& journal, const Failure& failure) {
  for (size_t i = journal.events.size(); i > 0; --i) {
    const Event& event = journal.events[i - 1];
    const bool failed = event.kind == EventKind::kCheck && event.value != 0;
    if (failed && (failure.check.empty() || event.label == failure.check)) return i - 1;
  }
  return journal.events.empty() ? 0 : journal.events.size() - 1;
}

std::vector<size_t> StoryEvents(const JournalView& journal, const Failure& failure, size_t events_max) {
  std::vector<size_t> chosen;
  if (journal.events.empty() || events_max == 0) return chosen;
  const Chooser chooser(journal, failure);
  struct Candidate {
    Weight weight;
    size_t distance;
    size_t index;
  };
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < journal.events.size(); ++i) {
    const Weight weight = chooser.WeightOf(i);
    if (weight != Weight::kNever) candidates.push_back({weight, chooser.DistanceOf(i), i});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    if (a.weight != b.weight) return a.weight > b.weight;
    return a.distance != b.distance ? a.distance < b.distance : a.index < b.index;
  });
  if (candidates.size() > events_max) candidates.resize(events_max);
  for (const Candidate& candidate : candidates) chosen.push_back(candidate.index);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::string StoryText(const StoryInput& input, const StoryLimits& limits) {
  const JournalView& journal = input.journal;
  const Failure& failure = input.failure;
  std::vector<std::string> head = {Fit(Title(input), limits.columns)};
  const std::string what = StrCat("check ", failure.check, failure.message.empty() ? " failed" : StrCat(": ", failure.message));
  for (const std::string& line : Folded(what, limits.columns - 2, kMessageLinesMax)) head.push_back("  " + line);
  std::vector<std::string> tail;
  if (!input.title.replay_command.empty()) {
    tail.push_back("");
    for (std::string& line : Command(input.title.replay_command, limits.columns)) tail.push_back(std::move(line));
  }

  // Besides head and tail: the line that says when, an empty line, and the line that counts what is left out.
  const size_t taken = head.size() + tail.size() + 3;
  const size_t room = limits.lines > taken ? limits.lines - taken : 1;
  const std::vector<size_t> told = StoryEvents(journal, failure, room);
  if (!told.empty()) {
    const Event& end = journal.events[FailureEvent(journal, failure)];
    head.push_back(
        StrCat("  at ", ElapsedText(end.time - journal.start), ", event ", Grouped(end.number), " of ", Grouped(journal.events_in_run)));
    head.push_back("");
  }

  const ExchangeIndex exchanges(journal);
  size_t time_columns = 0;
  size_t actor_columns = 0;
  for (const size_t i : told) {
    time_columns = std::max(time_columns, ElapsedText(journal.events[i].time - journal.start).size());
    actor_columns = std::max(actor_columns, Columns(Fit(Printable(journal.NameOf(journal.events[i].actor)), 20)));
  }
  std::string out;
  for (const std::string& line : head) StrAppend(&out, line, "\n");
  for (const size_t i : told) {
    const Event& event = journal.events[i];
    const std::string lead = StrCat("  ", PadLeft(ElapsedText(event.time - journal.start), time_columns), "  ",
                                    PadRight(Fit(Printable(journal.NameOf(event.actor)), 20), actor_columns), "  ");
    const std::string fate = Fate(journal, exchanges, i);
    const size_t left = limits.columns - std::min(limits.columns, Columns(lead) + fate.size());
    // What failed is said above, at length.
    const bool check = event.kind == EventKind::kCheck && event.label == failure.check;
    const std::string words = check ? StrCat("check ", Printable(event.label), " FAILED") : Words(journal, exchanges, event);
    StrAppend(&out, lead, Fit(words, left), fate, "\n");
  }
  const uint64_t more = std::max<uint64_t>(journal.events_in_run, told.size()) - told.size();
  if (more > 0) {
    StrAppend(&out, "  ", std::string(time_columns + 2 + actor_columns + 2, ' '), "... ", Counted(more, "more event"),
              " (edge replay shows them)\n");
  }
  for (const std::string& line : tail) StrAppend(&out, line, "\n");
  return out;
}

}  // namespace edge::sim
