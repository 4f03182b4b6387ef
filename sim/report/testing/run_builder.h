// RunBuilder: a run written down by hand, for tests of what reads journals.
#ifndef EDGE_SIM_REPORT_TESTING_RUN_BUILDER_H_
#define EDGE_SIM_REPORT_TESTING_RUN_BUILDER_H_

#include <string_view>

#include "runtime/base/time.h"
#include "runtime/seam/clock.h"
#include "sim/record/recorder.h"
#include "sim/report/journal.h"

namespace edge::sim {

class RunBuilder {
 public:
  explicit RunBuilder(RecorderLimits limits = {}) : recorder_(clock_, Keep::kJournal, limits) {}

  ActorId Node(std::string_view name) { return recorder_.AddActor(name, ActorKind::kNode); }
  ActorId Client(std::string_view name) { return recorder_.AddActor(name, ActorKind::kClient); }
  ActorId Service(std::string_view name) { return recorder_.AddActor(name, ActorKind::kService); }

  // Sets the time since the start for what follows.
  RunBuilder& At(Duration since_start) {
    clock_.now = kStart + since_start;
    return *this;
  }
  RunBuilder& AtMs(int64_t milliseconds) { return At(Duration::Milliseconds(milliseconds)); }
  RunBuilder& After(Duration more) {
    clock_.now = clock_.now + more;
    return *this;
  }
  RunBuilder& Record(const EventInput& event) {
    recorder_.Record(event);
    return *this;
  }

  Duration elapsed() const { return clock_.now - kStart; }
  Recorder& recorder() { return recorder_; }
  JournalView view() const { return ViewOf(recorder_, kStart); }
  static constexpr Instant kStart = Instant::FromNanoseconds(1'000'000'000);

 private:
  class HandClock final : public Clock {
   public:
    Instant Now() const override { return now; }
    WallTime WallNow() const override { return WallTime(); }
    Instant now = kStart;
  };
  HandClock clock_;
  Recorder recorder_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_REPORT_TESTING_RUN_BUILDER_H_
