#include "sim/shrink/shrink.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

// What is taken away together: ids of decisions.
using Unit = std::vector<uint64_t>;

auto Is(DecisionKind kind) {
  return [kind](const Decision& d) { return d.point->kind == kind; };
}

auto NameIf(DecisionKind kind) {
  return [kind](const Decision& d) { return d.point->kind == kind ? std::string(d.point->name) : std::string(); };
}

class Shrinker {
 public:
  Shrinker(Search& search, absl::FunctionRef<void(const ShrinkProgress&)> on_progress) : search_(search), on_progress_(on_progress) {}

  void Run() {
    for (uint64_t steps = 0;;) {
      TakeAway();
      Keep("faults alone", IsFault);
      Keep("requests alone", IsRequest);
      Pairs();
      if (search_.steps() == steps) Values();
      if (search_.over() || search_.steps() == steps) return;
      steps = search_.steps();
    }
  }

 private:
  enum class Length : uint8_t { kWhole, kShare };
  static constexpr size_t kFew = 4;

  // Until a whole round has tried everything and taken away nothing.
  void TakeAway() {
    for (;;) {
      const uint64_t steps = search_.steps();
      cut_short_ = false;
      Round();
      if (search_.over() || (search_.steps() == steps && !cut_short_)) return;
    }
  }

  void Round() {
    Pass("fault families", Grouped([](const Decision& d) { return std::string(FamilyOf(d)); }));
    Pass("actors", Grouped([](const Decision& d) {
           return d.actor == ActorId::kWorld ? std::string() : StrCat("actor ", static_cast<uint32_t>(d.actor));
         }));
    Pass("faults", Singles([](const Decision& d) { return IsFault(d) && !IsEpisode(d); }));
    Pass("episodes", Singles(IsEpisode));
    Pass("requests", Singles(IsRequest));
    Pass("plan", Singles(Is(DecisionKind::kPlan)));
    Pass("workload", Singles([](const Decision& d) { return d.point->kind == DecisionKind::kWorkload && !IsRequest(d); }));
    LongPass("delays", DecisionKind::kDelay);
    LongPass("schedule", DecisionKind::kSchedule);
    LongPass("data", DecisionKind::kValue);
  }

  // By their names first: all latencies, all lengths.
  void LongPass(std::string_view name, DecisionKind kind) {
    Pass(name, Grouped(NameIf(kind)));
    Pass(name, Singles(Is(kind)), Length::kShare);
  }

  // One unit per name; decisions without one stay out.
  std::vector<Unit> Grouped(absl::FunctionRef<std::string(const Decision&)> name) const {
    std::map<std::string, Unit> groups;
    for (const Decision& decision : search_.current()) {
      if (std::string group = name(decision); !group.empty()) groups[std::move(group)].push_back(IdOf(decision));
    }
    std::vector<Unit> units;
    for (auto& [unused, unit] : groups) units.push_back(std::move(unit));
    return units;
  }

  std::vector<Unit> Singles(absl::FunctionRef<bool(const Decision&)> matches) const {
    std::vector<Unit> units;
    for (const Decision& decision : search_.current()) {
      if (matches(decision)) units.push_back({IdOf(decision)});
    }
    return units;
  }

  // Forgets units of which nothing is left.
  void DropGone(std::vector<Unit>& units) const {
    absl::btree_set<uint64_t> there;
    for (const Decision& decision : search_.current()) there.insert(IdOf(decision));
    std::erase_if(
        units, [&](const Unit& unit) { return std::none_of(unit.begin(), unit.end(), [&](uint64_t id) { return there.contains(id); }); });
  }

  bool TryWithout(std::span<const Unit> units) {
    absl::btree_set<uint64_t> ids;
    for (const Unit& unit : units) ids.insert(unit.begin(), unit.end());
    return Report(search_.TryWithout(ids));
  }

  bool Report(bool step) {
    if (search_.tries() != reported_) {
      reported_ = search_.tries();
      on_progress_({.pass = pass_, .tries = search_.tries(), .left = CountOf(search_.current())});
    }
    return step;
  }

  // All of them, then halves, quarters ... singles, the last first: what comes late is mostly consequence.
  void Pass(std::string_view name, std::vector<Unit> units, Length length = Length::kWhole) {
    pass_ = name;
    const uint64_t allowed = length == Length::kWhole ? search_.tries_left() : Share();
    const uint64_t from = search_.tries();
    size_t chunk = units.size();
    while (chunk > 0) {
      for (size_t end = units.size(); end > 0;) {
        if (search_.over()) return;
        if (search_.tries() - from >= allowed) {
          cut_short_ = true;
          return;
        }
        const size_t begin = end > chunk ? end - chunk : 0;
        if (TryWithout(std::span(units).subspan(begin, end - begin))) {
          units.erase(units.begin() + static_cast<ptrdiff_t>(begin), units.begin() + static_cast<ptrdiff_t>(end));
        }
        end = begin;
      }
      if (chunk == 1) return;
      DropGone(units);
      chunk = std::min((chunk + 1) / 2, units.size());
    }
  }

  // The other way round: all but a half, a quarter ... one of them at once. Where some hide what others do, taking away a part never helps.
  void Keep(std::string_view name, absl::FunctionRef<bool(const Decision&)> matches) {
    pass_ = name;
    std::vector<Unit> units = Singles(matches);
    const uint64_t allowed = Share();
    const uint64_t from = search_.tries();
    // Few are few enough: pairs of them are tried.
    for (size_t chunk = units.size() / 2; chunk > 0 && units.size() > kFew; chunk = std::min(chunk, units.size()) / 2) {
      for (size_t begin = 0; begin < units.size(); begin += chunk) {
        if (search_.over() || search_.tries() - from >= allowed) return;
        const size_t end = std::min(begin + chunk, units.size());
        std::vector<Unit> others(units.begin(), units.begin() + static_cast<ptrdiff_t>(begin));
        others.insert(others.end(), units.begin() + static_cast<ptrdiff_t>(end), units.end());
        if (!TryWithout(others)) continue;
        DropGone(units);
        break;
      }
    }
  }

  uint64_t Share() const {
    return std::max(search_.limits().tries_of_a_long_pass_min, search_.tries_left() / search_.limits().share_of_long_passes);
  }

  // Tries the decisions with other values.
  bool TryValues(absl::FunctionRef<int64_t(const Decision&)> value) {
    std::vector<Decision> candidate = search_.current();
    bool changed = false;
    for (Decision& decision : candidate) {
      const int64_t other = value(decision);
      changed = changed || other != decision.value;
      decision.value = other;
    }
    return changed && Report(search_.Try(std::move(candidate)));
  }

  static bool HasSize(const Decision& decision) {
    return (decision.point->kind == DecisionKind::kDelay || decision.point->kind == DecisionKind::kValue) &&
           (decision.value > 1 || decision.value < -1);
  }

  void Values() {
    pass_ = "values";
    const uint64_t allowed = Share();
    const uint64_t from = search_.tries();
    const auto done = [&] { return search_.over() || search_.tries() - from >= allowed; };
    // The first operation of a scenario is its simplest.
    TryValues([](const Decision& d) { return IsRequest(d) ? std::min<int64_t>(d.value, 1) : d.value; });
    // All that have a size together, then each.
    while (!done() && TryValues([](const Decision& d) { return HasSize(d) ? d.value / 2 : d.value; })) {
    }
    size_t sized = 0;
    std::vector<uint64_t> ids;
    for (const Decision& decision : search_.current()) {
      if (IsRequest(decision) && decision.value > 1) ids.push_back(IdOf(decision));
      if (HasSize(decision) && ++sized <= search_.limits().values_max) ids.push_back(IdOf(decision));
    }
    for (const uint64_t id : ids) {
      if (done()) break;
      Lower(id);
    }
  }

  // Halves what lies between a value that is too small and the one it has, to within an eighth.
  void Lower(uint64_t id) {
    const Decision* decision = Find(id);
    if (decision == nullptr) return;
    if (IsRequest(*decision)) {
      if (!SetValue(id, 1)) SetValue(id, decision->value / 2);
      return;
    }
    const bool negative = decision->value < 0;
    uint64_t low = 0;
    while (decision != nullptr && (decision->value < 0) == negative && !search_.over()) {
      const uint64_t high = Magnitude(decision->value);
      if (high <= low + std::max<uint64_t>(1, high / 8)) return;
      const uint64_t middle = low + (high - low) / 2;  // fits: it is below `high`
      if (!SetValue(id, negative ? -static_cast<int64_t>(middle) : static_cast<int64_t>(middle))) low = middle;
      decision = Find(id);
    }
  }

  static uint64_t Magnitude(int64_t value) { return value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value); }

  bool SetValue(uint64_t id, int64_t value) {
    return TryValues([&](const Decision& d) { return IdOf(d) == id ? value : d.value; });
  }

  const Decision* Find(uint64_t id) const {
    for (const Decision& decision : search_.current()) {
      if (IdOf(decision) == id) return &decision;
    }
    return nullptr;
  }

  // Two faults or requests that are of no use only together: an upload that a later request deletes again.
  void Pairs() {
    pass_ = "pairs";
    std::vector<Unit> units = Singles([](const Decision& d) { return IsFault(d) || IsRequest(d); });
    if (units.size() > search_.limits().pairs_of_max) return;
    for (size_t a = units.size(); a-- > 1;) {
      for (size_t b = a; b-- > 0;) {
        if (search_.over()) return;
        const Unit pair = {units[a].front(), units[b].front()};
        if (!TryWithout(std::span(&pair, 1))) continue;
        DropGone(units);
        a = std::min(a, units.size());
        break;
      }
    }
  }

  Search& search_;
  const absl::FunctionRef<void(const ShrinkProgress&)> on_progress_;
  std::string_view pass_;
  uint64_t reported_ = 0;
  bool cut_short_ = false;
};

std::string WithCommas(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string Counted(size_t count, std::string_view one, std::string_view many) {
  return StrCat(WithCommas(count), " ", count == 1 ? one : many);
}

std::string Describe(const Tally& tally) {
  return StrCat(Counted(tally.faults, "fault", "faults"), ", ", Counted(tally.requests, "request", "requests"), ", ",
                Counted(tally.schedule, "schedule choice", "schedule choices"), ", ", Counted(tally.delays, "delay", "delays"));
}

}  // namespace

absl::StatusOr<ShrinkResult> Shrink(std::span<const Decision> failing, std::string_view signature, Search::Run run,
                                    Search::Stop out_of_time, absl::FunctionRef<void(const ShrinkProgress&)> on_progress,
                                    const ShrinkLimits& limits) {
  Search search(signature, run, out_of_time, limits);
  EDGE_RETURN_IF_ERROR(search.Begin(failing));
  Shrinker(search, on_progress).Run();
  search.Verify();
  ShrinkResult result;
  result.decisions = search.current();
  result.hash = search.hash();
  result.before = CountOf(failing);
  result.after = CountOf(result.decisions);
  result.end = search.end();
  result.tries = search.tries();
  result.virtual_time = search.virtual_time();
  result.other_failures.assign(search.others().begin(), search.others().end());
  return result;
}

std::string DescribeShrink(const ShrinkResult& result) {
  return StrCat(Describe(result.before), " -> ", Describe(result.after), " (", Counted(result.tries, "try", "tries"), ")");
}

}  // namespace edge::sim
