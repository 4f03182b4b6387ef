#include "sim/report/journal_file.h"

#include <cstring>
#include <map>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/record/byte_hash.h"

namespace edge::sim {
namespace {

constexpr std::string_view kMagic = "edge journal ";
constexpr std::string_view kVersion = "1\n";

enum Flag : uint8_t { kPeer = 1, kMessage = 2, kValue = 4, kText = 8, kNote = 16, kBytes = 32, kAllFlags = 63 };

class Writer {
 public:
  void Byte(uint8_t byte) { out_.push_back(static_cast<char>(byte)); }
  void Number(uint64_t number) {
    for (; number >= 0x80; number >>= 7) Byte(static_cast<uint8_t>(number | 0x80));
    Byte(static_cast<uint8_t>(number));
  }
  void Signed(int64_t number) { Number(static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63)); }
  void Word(uint64_t word) { out_.append(reinterpret_cast<const char*>(&word), sizeof(word)); }
  void Text(std::string_view text) {
    Number(text.size());
    out_ += text;
  }
  void Raw(std::string_view bytes) { out_ += bytes; }
  std::string Finish() {
    Word(ByteHash(out_));
    return std::move(out_);
  }

 private:
  std::string out_;
};

// Reads past the end give zeros and are remembered: one check after a group of reads is enough.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ended_early() const { return ended_early_; }
  size_t left() const { return bytes_.size(); }

  uint8_t Byte() {
    if (bytes_.empty()) {
      ended_early_ = true;
      return 0;
    }
    const auto byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  uint64_t Number() {
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      number |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return number;
    }
    ended_early_ = true;
    return 0;
  }
  int64_t Signed() {
    const uint64_t number = Number();
    return static_cast<int64_t>(number >> 1 ^ (0 - (number & 1)));
  }
  uint64_t Word() {
    uint64_t word = 0;
    const std::string_view bytes = Raw(sizeof(word));
    if (bytes.size() == sizeof(word)) std::memcpy(&word, bytes.data(), sizeof(word));
    return word;
  }
  std::string_view Text() { return Raw(Number()); }

 private:
  std::string_view Raw(uint64_t size) {
    if (size > bytes_.size()) {
      ended_early_ = true;
      return {};
    }
    const std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }

  std::string_view bytes_;
  bool ended_early_ = false;
};

class LabelsOut {
 public:
  void Write(std::string_view label, Writer& out) {
    const auto [at, added] = numbers_.emplace(std::string(label), numbers_.size());
    out.Number(at->second);
    if (added) out.Text(label);
  }

 private:
  std::map<std::string, uint64_t, std::less<>> numbers_;
};

void WriteEvent(const Event& event, Instant before, LabelsOut& labels, Writer& out) {
  const uint8_t flags = static_cast<uint8_t>((event.peer != ActorId::kWorld ? kPeer : 0) | (event.message != 0 ? kMessage : 0) |
                                             (event.value != 0 ? kValue : 0) | (!event.text.empty() ? kText : 0) |
                                             (!event.note.empty() ? kNote : 0) | (event.bytes_hash != 0 ? kBytes : 0));
  out.Byte(flags);
  out.Byte(static_cast<uint8_t>(event.kind));
  out.Number(static_cast<uint64_t>(event.actor));
  out.Signed((event.time - before).ToNanoseconds());
  labels.Write(event.label, out);
  out.Word(event.key);
  out.Word(event.hash);
  if (flags & kPeer) out.Number(static_cast<uint64_t>(event.peer));
  if (flags & kMessage) out.Word(event.message);
  if (flags & kValue) out.Signed(event.value);
  if (flags & kText) out.Text(event.text);
  if (flags & kNote) out.Text(event.note);
  if (flags & kBytes) out.Word(event.bytes_hash);
}

absl::Status Damaged(std::string_view what) { return absl::DataLossError(StrCat("the journal file is damaged: ", what)); }

absl::Status ReadEvent(Reader& in, Instant before, std::vector<std::string>& labels, Event& event) {
  const uint8_t flags = in.Byte();
  const uint8_t kind = in.Byte();
  if (flags > kAllFlags || kind >= kEventKinds) return Damaged(StrCat("event ", event.number, " is of no known kind"));
  event.kind = static_cast<EventKind>(kind);
  event.actor = static_cast<ActorId>(in.Number());
  event.time = before + Duration::Nanoseconds(in.Signed());
  const uint64_t label = in.Number();
  if (label > labels.size()) return Damaged(StrCat("event ", event.number, " has a label that was never named"));
  if (label == labels.size()) labels.emplace_back(in.Text());
  event.label = labels[label];
  event.key = in.Word();
  event.hash = in.Word();
  if (flags & kPeer) event.peer = static_cast<ActorId>(in.Number());
  if (flags & kMessage) event.message = in.Word();
  if (flags & kValue) event.value = in.Signed();
  if (flags & kText) event.text = std::string(in.Text());
  if (flags & kNote) event.note = std::string(in.Text());
  if (flags & kBytes) event.bytes_hash = in.Word();
  return absl::OkStatus();
}

}  // namespace

std::string WriteJournal(const JournalView& journal) {
  Writer out;
  out.Raw(kMagic);
  out.Raw(kVersion);
  out.Number(static_cast<uint64_t>(journal.start.ToNanoseconds()));
  out.Number(journal.events_in_run);
  out.Word(journal.hash);
  out.Number(journal.actors.size());
  for (const Actor& actor : journal.actors) {
    out.Text(actor.name);
    out.Byte(static_cast<uint8_t>(actor.kind));
  }
  out.Number(journal.events.size());
  LabelsOut labels;
  Instant before = journal.start;
  for (const Event& event : journal.events) {
    WriteEvent(event, before, labels, out);
    before = event.time;
  }
  return out.Finish();
}

absl::StatusOr<Journal> ReadJournal(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return absl::InvalidArgumentError("not a journal file: it does not begin with \"edge journal\"");
  if (!bytes.substr(kMagic.size()).starts_with(kVersion)) {
    const std::string_view version = bytes.substr(kMagic.size(), bytes.find('\n') - kMagic.size());
    return absl::InvalidArgumentError(StrCat("the journal file has format version \"", version.substr(0, 16),
                                             "\", this edge reads version 1: write it again with this version"));
  }
  constexpr size_t kChecksumBytes = 8;
  const size_t head = kMagic.size() + kVersion.size();
  if (bytes.size() < head + kChecksumBytes) return absl::DataLossError("the journal file is cut short, after its first line");
  const std::string_view covered = bytes.substr(0, bytes.size() - kChecksumBytes);
  Reader in(covered.substr(head));

  Journal journal;
  journal.start = Instant::FromNanoseconds(static_cast<int64_t>(in.Number()));
  journal.events_in_run = in.Number();
  journal.hash = in.Word();
  const uint64_t actors = in.Number();
  for (uint64_t i = 0; i < actors && !in.ended_early(); ++i) {
    Actor actor;
    actor.name = std::string(in.Text());
    const uint8_t kind = in.Byte();
    if (kind > static_cast<uint8_t>(ActorKind::kService)) return Damaged(StrCat("actor ", i, " is of no known kind"));
    actor.kind = static_cast<ActorKind>(kind);
    journal.actors.push_back(std::move(actor));
  }
  const uint64_t events = in.Number();
  if (in.ended_early()) return absl::DataLossError("the journal file is cut short, before its first event");
  std::vector<std::string> labels;
  Instant before = journal.start;
  for (uint64_t number = 1; number <= events; ++number) {
    Event event;
    event.number = number;
    EDGE_RETURN_IF_ERROR(ReadEvent(in, before, labels, event));
    if (in.ended_early()) {
      return absl::DataLossError(StrCat("the journal file is cut short, after event ", number - 1, " of ", events));
    }
    before = event.time;
    journal.events.push_back(std::move(event));
  }
  uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + covered.size(), kChecksumBytes);
  if (in.left() != 0 || checksum != ByteHash(covered)) return Damaged("its checksum does not match");
  return journal;
}

}  // namespace edge::sim
