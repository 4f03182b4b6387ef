// Trace: the recorded decisions of a run, in a file: its reproduction.
//
// A seed names a run only as long as nothing changes; a trace survives edits, because its decisions are found again by point name and
// causal key (replay_strategy.h). Its header says what it was recorded with, and CheckAgainst says what has changed since.
//
//   "edge-trace 1\n" | bytes of body (8) | checksum (8) | body: header, point names, actor names, decisions
//
// Names are written once, numbers as varints: about 14 bytes per decision. A file comes from anywhere, so nothing in it is trusted: every
// count and length is checked against the bytes that are there, and every error says what is wrong with the file.
#ifndef EDGE_SIM_ORACLE_TRACE_H_
#define EDGE_SIM_ORACLE_TRACE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/oracle/oracle.h"

namespace edge::sim {

// What a run was made of besides its decisions.
struct TraceHeader {
  std::string edge_version;
  uint64_t seed = 0;
  std::string strategy;     // its name
  std::string application;  // its name
  std::string bundle;       // hash of the application's bundle
  uint64_t scenario = 0;    // hash
  std::string contract;
  uint64_t fault_model = 0;  // FaultModelVersion()
  uint64_t limits = 0;       // hash
  // How the run ended.
  uint64_t run_hash = 0;
  uint64_t events = 0;
  std::string signature;  // of the failure; empty: none

  bool operator==(const TraceHeader&) const = default;
};

// One field in which a trace's header and the present program's differ.
struct TraceMismatch {
  std::string_view field;  // "bundle"
  std::string recorded;
  std::string here;
  std::string advice;  // what to do about it
};

struct TraceLimits {
  size_t decisions_max = 5'000'000;
  size_t names_max = 60'000;  // of points, and of actors
  size_t name_bytes_max = 4096;
};

class Trace {
 public:
  static constexpr int kFormatVersion = 1;

  // Of a run that was just made. `actors` are the recorder's, index = ActorId. Copies; the points stay where they are.
  Trace(TraceHeader header, std::span<const Actor> actors, std::span<const Decision> decisions);
  Trace(Trace&&) = default;
  Trace& operator=(Trace&&) = default;

  // Reads what Serialize wrote. kInvalidArgument: not a trace, or its parts do not fit together; kUnimplemented: of another format version;
  // kDataLoss: truncated (and where), or damaged (checksum); kResourceExhausted: beyond a limit.
  static absl::StatusOr<Trace> Parse(std::string_view bytes, const TraceLimits& limits = {});
  std::string Serialize() const;

  const TraceHeader& header() const { return header_; }
  const std::vector<std::string>& actors() const { return actors_; }
  // Their points are the program's own, or, of a parsed trace, live as long as it.
  const std::vector<Decision>& decisions() const { return decisions_; }

  // In which fields a run made now would differ from the recorded one. Seed, strategy and outcome are the trace's own and not compared.
  std::vector<TraceMismatch> Differences(const TraceHeader& here) const;
  // OK, or kFailedPrecondition with one line per difference: what it was, what it is, what to do.
  absl::Status CheckAgainst(const TraceHeader& here) const;

 private:
  // Points that a file named. Held by pointer, so that moving a trace moves no point.
  struct OwnedPoint {
    OwnedPoint(std::string name, DecisionKind kind) : text(std::move(name)), point(text, kind) {}
    const std::string text;
    const DecisionPoint point;
  };

  Trace() = default;

  TraceHeader header_;
  std::vector<std::string> actors_;
  std::vector<std::unique_ptr<const OwnedPoint>> points_;
  std::vector<Decision> decisions_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_ORACLE_TRACE_H_
