// IsolateNursery: isolates that were started once and wait, as new, for the next who runs the same code.
//
// A start costs milliseconds, and a simulation starts isolates by the hundred. A start-up that looked at nothing outside of itself (no
// clock, no randomness, no console) leaves the same isolate each time, so it is remembered (js::Isolate::Capture), and when its worker is
// done with it the isolate is rewound and parked instead of destroyed:
//
//      WorkerIsolate::Start --Take--> none: start, capture            some: adopt it, repeat what the start-up did to the outside
//      ~WorkerIsolate       --rewind--> GiveBack
//
// Nobody can tell a warm start from a cold one but by a real clock: the same memory, counts, addresses within the isolate, and the same
// turns of the scheduler (StartRecord).
#ifndef EDGE_RUNTIME_WORKER_ISOLATE_NURSERY_H_
#define EDGE_RUNTIME_WORKER_ISOLATE_NURSERY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/js/isolate.h"
#include "runtime/worker/entry_points.h"
#include "runtime/worker/worker_code.h"

namespace edge::worker {

// What others noticed of a start-up, entry by entry.
struct StartRecord {
  struct Entry {
    uint32_t interrupts = 0;  // each let other fibers run
    int64_t executed_instructions = 0;
    size_t memory_used_bytes = 0;
  };
  std::vector<Entry> entries;
  EntryPoints entry_points;
};

struct ParkedIsolate {
  std::unique_ptr<js::Isolate> isolate;  // rewound, without an owner
  StartRecord record;
};

// Borrowed by the workers of any number of worlds, one at a time or in turn; outlives them.
class IsolateNursery {
 public:
  virtual ~IsolateNursery() = default;
  // An isolate that GiveBack parked for this very code object; nothing if there is none.
  virtual std::optional<ParkedIsolate> Take(const WorkerCode& code) = 0;
  virtual void GiveBack(std::shared_ptr<const WorkerCode> code, ParkedIsolate parked) = 0;
  // A start-up succeeded, but the next one has to be cold too: `reason` says what it did.
  virtual void OnNotKept(const WorkerCode& code, std::string_view reason) = 0;
};

// Keeps a few isolates of the codes used last. Code is told apart by its address, and kept from dying while isolates of it are parked.
class WarmNursery final : public IsolateNursery {
 public:
  struct Limits {
    size_t parked_max = 8;  // of one code
    size_t codes_max = 4;
  };

  WarmNursery() : WarmNursery(Limits()) {}
  explicit WarmNursery(const Limits& limits) : limits_(limits) {}

  std::optional<ParkedIsolate> Take(const WorkerCode& code) override;
  void GiveBack(std::shared_ptr<const WorkerCode> code, ParkedIsolate parked) override;
  void OnNotKept(const WorkerCode& code, std::string_view reason) override;

  // Starts that were served, and those that were not.
  uint64_t taken() const { return taken_; }
  uint64_t missed() const { return missed_; }
  size_t parked() const;
  // Of the latest start-up that could not be kept; empty if there was none.
  const std::string& not_kept_reason() const { return not_kept_reason_; }

 private:
  struct Shelf {
    std::shared_ptr<const WorkerCode> code;
    std::vector<ParkedIsolate> parked;
  };

  const Limits limits_;
  std::vector<Shelf> shelves_;  // the one used last is at the end
  uint64_t taken_ = 0;
  uint64_t missed_ = 0;
  std::string not_kept_reason_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_ISOLATE_NURSERY_H_
