#include "sim/oracle/trace.h"

#include <array>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "sim/oracle/trace_bytes.h"

namespace edge::sim {
namespace {

constexpr std::string_view kMagic = "edge-trace ";
constexpr size_t kVersionDigitsMax = 6;
constexpr size_t kPreambleBytes = 16;  // bytes of body, checksum
constexpr size_t kTextBytesMax = 65'536;
constexpr uint8_t kDecisionKinds = 6;
static_assert(static_cast<uint8_t>(DecisionKind::kValue) + 1 == kDecisionKinds);

bool IsPick(const DecisionPoint& point) { return point.kind == DecisionKind::kSchedule; }

std::string Hex(uint64_t number) { return absl::StrFormat("%016x", number); }

void WriteHeader(ByteWriter& writer, const TraceHeader& header) {
  writer.Text(header.edge_version);
  writer.Fixed64(header.seed);
  writer.Text(header.strategy);
  writer.Text(header.application);
  writer.Text(header.bundle);
  writer.Fixed64(header.scenario);
  writer.Text(header.contract);
  writer.Fixed64(header.fault_model);
  writer.Fixed64(header.limits);
  writer.Fixed64(header.run_hash);
  writer.Varint(header.events);
  writer.Text(header.signature);
}

TraceHeader ReadHeader(ByteReader& reader) {
  TraceHeader header;
  header.edge_version = reader.Text(kTextBytesMax);
  header.seed = reader.Fixed64();
  header.strategy = reader.Text(kTextBytesMax);
  header.application = reader.Text(kTextBytesMax);
  header.bundle = reader.Text(kTextBytesMax);
  header.scenario = reader.Fixed64();
  header.contract = reader.Text(kTextBytesMax);
  header.fault_model = reader.Fixed64();
  header.limits = reader.Fixed64();
  header.run_hash = reader.Fixed64();
  header.events = reader.Varint();
  header.signature = reader.Text(kTextBytesMax);
  return header;
}

// The number in "edge-trace N\n", and what comes after that line.
struct FirstLine {
  int version;
  std::string_view rest;
};
absl::StatusOr<FirstLine> ReadFirstLine(std::string_view bytes) {
  if (!bytes.empty() && kMagic.starts_with(bytes.substr(0, kMagic.size())) && bytes.size() < kMagic.size() + 2) {
    return absl::DataLossError(StrCat("the trace is truncated: its ", bytes.size(), " bytes end in the first line"));
  }
  if (!bytes.starts_with(kMagic)) return absl::InvalidArgumentError("this is not a trace: a trace begins with \"edge-trace\"");
  size_t at = kMagic.size();
  int version = 0;
  for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9' && at < kMagic.size() + kVersionDigitsMax; ++at) {
    version = version * 10 + (bytes[at] - '0');
  }
  if (at == kMagic.size() || at == bytes.size() || bytes[at] != '\n') {
    return absl::InvalidArgumentError("this is not a trace: its first line is not \"edge-trace\" and a format version");
  }
  return FirstLine{version, bytes.substr(at + 1)};
}

// The part of the body that is being read, for messages.
struct Place {
  std::string_view section;
  uint64_t index = 0;
  uint64_t of = 0;

  std::string Text() const { return of == 0 ? std::string(section) : StrCat(section, " ", index + 1, " of ", of); }
};

}  // namespace

Trace::Trace(TraceHeader header, std::span<const Actor> actors, std::span<const Decision> decisions)
    : header_(std::move(header)), decisions_(decisions.begin(), decisions.end()) {
  for (std::string* const text :
       {&header_.edge_version, &header_.strategy, &header_.application, &header_.bundle, &header_.contract, &header_.signature}) {
    if (text->size() > kTextBytesMax) text->resize(kTextBytesMax);
  }
  for (const Actor& actor : actors) actors_.push_back(actor.name);
  for (const Decision& decision : decisions_) EDGE_CHECK(static_cast<size_t>(decision.actor) < actors_.size()) << decision.point->name;
}

std::string Trace::Serialize() const {
  ByteWriter body;
  WriteHeader(body, header_);
  std::map<std::pair<std::string_view, DecisionKind>, uint64_t> numbers;
  std::vector<const DecisionPoint*> points;
  for (const Decision& decision : decisions_) {
    if (numbers.emplace(std::pair(decision.point->name, decision.point->kind), points.size()).second) points.push_back(decision.point);
  }
  body.Varint(points.size());
  for (const DecisionPoint* const point : points) {
    body.Varint(static_cast<uint64_t>(point->kind));
    body.Text(point->name);
  }
  body.Varint(actors_.size());
  for (const std::string& actor : actors_) body.Text(actor);
  body.Varint(decisions_.size());
  std::array<uint64_t, 2> last = {};  // of draws, of picks
  for (const Decision& decision : decisions_) {
    body.Varint(numbers.at({decision.point->name, decision.point->kind}));
    body.Varint(static_cast<uint64_t>(decision.actor));
    body.Fixed64(decision.key);
    body.Signed(decision.value);
    uint64_t& before = last[IsPick(*decision.point) ? 1 : 0];
    body.Signed(static_cast<int64_t>(decision.number - before));
    before = decision.number;
    if (!IsPick(*decision.point)) body.Fixed16(decision.shape);
  }
  const std::string text = body.Take();
  ByteWriter preamble;
  preamble.Fixed64(text.size());
  preamble.Fixed64(StableHash(text));
  return StrCat(kMagic, kFormatVersion, "\n", preamble.Take(), text);
}

absl::StatusOr<Trace> Trace::Parse(std::string_view bytes, const TraceLimits& limits) {
  const absl::StatusOr<FirstLine> first = ReadFirstLine(bytes);
  if (!first.ok()) return first.status();
  if (first->version != kFormatVersion) {
    return absl::UnimplementedError(StrCat("this trace has format version ", first->version, "; this edge reads version ", kFormatVersion,
                                           ": replay it with the edge that recorded it"));
  }
  if (first->rest.size() < kPreambleBytes) {
    return absl::DataLossError(StrCat("the trace is truncated: its ", bytes.size(), " bytes end before the body"));
  }
  ByteReader preamble(first->rest.substr(0, kPreambleBytes));
  const uint64_t body_bytes = preamble.Fixed64();
  const uint64_t checksum = preamble.Fixed64();
  const std::string_view body = first->rest.substr(kPreambleBytes);
  if (body.size() > body_bytes) {
    return absl::DataLossError(StrCat("the trace is damaged: ", body.size() - body_bytes, " bytes too many after its end"));
  }
  const bool whole = body.size() == body_bytes;
  if (whole && StableHash(body) != checksum) return absl::DataLossError("the trace is damaged: its checksum does not match its content");

  // Of a truncated file as far as it goes, to say where it ends.
  ByteReader reader(body);
  Place place{.section = "the header"};
  Trace trace;
  const absl::Status read = [&]() -> absl::Status {
    trace.header_ = ReadHeader(reader);
    if (!reader.ok()) return absl::OkStatus();
    place = {.section = "the names of decision points"};
    const uint64_t points = reader.Varint();
    if (points > limits.names_max)
      return absl::ResourceExhaustedError(StrCat("the trace names ", points, " decision points; limit ", limits.names_max));
    for (uint64_t i = 0; i < points && reader.ok(); ++i) {
      place = {.section = "decision point", .index = i, .of = points};
      const uint64_t kind = reader.Varint();
      std::string name = reader.Text(limits.name_bytes_max);
      if (kind >= kDecisionKinds) reader.Fail(ByteReader::Problem::kMalformed);
      if (!reader.ok()) return absl::OkStatus();
      trace.points_.push_back(std::make_unique<const OwnedPoint>(std::move(name), static_cast<DecisionKind>(kind)));
    }
    if (!reader.ok()) return absl::OkStatus();
    place = {.section = "the names of actors"};
    const uint64_t actors = reader.Varint();
    if (actors > limits.names_max)
      return absl::ResourceExhaustedError(StrCat("the trace names ", actors, " actors; limit ", limits.names_max));
    for (uint64_t i = 0; i < actors && reader.ok(); ++i) {
      place = {.section = "actor", .index = i, .of = actors};
      trace.actors_.push_back(reader.Text(limits.name_bytes_max));
    }
    if (!reader.ok()) return absl::OkStatus();
    place = {.section = "the decisions"};
    const uint64_t decisions = reader.Varint();
    if (decisions > limits.decisions_max) {
      return absl::ResourceExhaustedError(StrCat("the trace has ", decisions, " decisions; limit ", limits.decisions_max));
    }
    std::array<uint64_t, 2> last = {};
    for (uint64_t i = 0; i < decisions && reader.ok(); ++i) {
      place = {.section = "decision", .index = i, .of = decisions};
      const uint64_t point = reader.Varint();
      const uint64_t actor = reader.Varint();
      if (point >= points || actor >= actors) reader.Fail(ByteReader::Problem::kMalformed);
      if (!reader.ok()) return absl::OkStatus();
      Decision decision{.point = &trace.points_[point]->point, .actor = static_cast<ActorId>(actor)};
      decision.key = reader.Fixed64();
      decision.value = reader.Signed();
      uint64_t& number = last[IsPick(*decision.point) ? 1 : 0];
      number += static_cast<uint64_t>(reader.Signed());
      decision.number = number;
      if (!IsPick(*decision.point)) decision.shape = reader.Fixed16();
      if (reader.ok()) trace.decisions_.push_back(decision);
    }
    if (reader.ok()) place = {.section = "the end"};
    if (whole && reader.ok() && reader.left() > 0) reader.Fail(ByteReader::Problem::kMalformed);
    return absl::OkStatus();
  }();
  if (!whole) {
    return absl::DataLossError(
        StrCat("the trace is truncated: ", body.size(), " of its ", body_bytes, " bytes are there; it ends in ", place.Text()));
  }
  if (!read.ok()) return read;
  if (!reader.ok()) {
    return absl::InvalidArgumentError(
        StrCat("this trace was not written by edge: ", place.Text(), " cannot be read (byte ", reader.position(), " of the body)"));
  }
  return trace;
}

std::vector<TraceMismatch> Trace::Differences(const TraceHeader& here) const {
  std::vector<TraceMismatch> differences;
  const auto compare = [&differences](std::string_view field, std::string recorded, std::string now, std::string advice) {
    if (recorded != now) differences.push_back({field, std::move(recorded), std::move(now), std::move(advice)});
  };
  compare("edge version", header_.edge_version, here.edge_version, "use the edge that recorded it, or replay it aligned");
  compare("application", header_.application, here.application, StrCat("name the folder of ", header_.application));
  compare("bundle", header_.bundle, here.bundle, "the application was edited: use the version that was recorded, or replay it aligned");
  compare("scenario", Hex(header_.scenario), Hex(here.scenario), "use the scenario that it was recorded with, or replay it aligned");
  compare("contract", header_.contract, here.contract, StrCat("say --contract ", header_.contract));
  compare("fault model", Hex(header_.fault_model), Hex(here.fault_model), "use the edge that recorded it, or replay it aligned");
  compare("limits", Hex(header_.limits), Hex(here.limits), "give the limits that it was recorded with");
  return differences;
}

absl::Status Trace::CheckAgainst(const TraceHeader& here) const {
  const std::vector<TraceMismatch> differences = Differences(here);
  if (differences.empty()) return absl::OkStatus();
  std::string text = "the trace was recorded with something else:";
  for (const TraceMismatch& difference : differences) {
    StrAppend(&text, "\n  ", difference.field, ": recorded ", difference.recorded, ", here ", difference.here, ": ", difference.advice);
  }
  return absl::FailedPreconditionError(text);
}

}  // namespace edge::sim
