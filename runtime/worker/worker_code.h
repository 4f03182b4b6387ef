// WorkerCode: everything that is the same for all isolates of one worker: its lowered code, source map, variables and limits.
#ifndef EDGE_RUNTIME_WORKER_WORKER_CODE_H_
#define EDGE_RUNTIME_WORKER_WORKER_CODE_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "runtime/base/byte_count.h"
#include "runtime/base/time.h"

namespace edge::worker {

// Limits of one worker; defaults are the platform's (contract sheet 1.3).
struct WorkerLimits {
  ByteCount memory = ByteCount::MiB(128);       // of one isolate
  Duration cpu = Duration::Seconds(30);         // of one event, counted in instructions
  Duration startup_cpu = Duration::Seconds(1);  // of the module's evaluation
  // What the counted instructions of a millisecond are: CPU limits are counts, so that they do not depend on the machine.
  int64_t instructions_per_ms = 200'000;
  Duration wait_until = Duration::Seconds(30);  // after the response is sent
  uint32_t stuck_after_interrupts = 50;         // about 50 ms of JavaScript without a break
  size_t isolates_max = 4;                      // of one worker, beside condemned ones
  size_t timers_max = 10'000;                   // running timers of one isolate
  uint32_t subrequests_max = 10'000;            // of one event, redirects counted
  uint32_t connections_max = 6;                 // of one event, that wait for response headers at a time; further ones queue
  size_t tasks_max = 10'000;                    // waiting operations of one isolate

  int64_t InstructionsOf(Duration time) const { return time.ToMilliseconds() * instructions_per_ms; }
};

// Whether the signal of an incoming request fires when its client goes: the compatibility flag enable_request_signal.
enum class RequestSignal : uint8_t { kSilent, kFires };

struct WorkerCode {
  std::string name;
  std::string script;  // the lowered bundle
  std::string script_name = "worker.js";
  std::string source_map;  // its source map (JSON); may be empty
  // A variable is text, or JSON (from wrangler's vars) given as JSON text.
  struct Variable {
    enum class Kind : uint8_t { kText, kJson } kind = Kind::kText;
    std::string value;
  };
  std::map<std::string, Variable> variables;
  WorkerLimits limits;
  RequestSignal request_signal = RequestSignal::kSilent;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_WORKER_CODE_H_
