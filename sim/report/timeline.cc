#include "sim/report/timeline.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "sim/report/exchange_index.h"
#include "sim/report/json_text.h"
#include "sim/report/text.h"
#include "sim/report/words.h"

extern const char edge_embedded_timeline_page_begin[];
extern const char edge_embedded_timeline_page_end[];
extern const char edge_embedded_timeline_style_begin[];
extern const char edge_embedded_timeline_style_end[];
extern const char edge_embedded_timeline_model_begin[];
extern const char edge_embedded_timeline_model_end[];
extern const char edge_embedded_timeline_drawing_begin[];
extern const char edge_embedded_timeline_drawing_end[];
extern const char edge_embedded_timeline_panel_begin[];
extern const char edge_embedded_timeline_panel_end[];
extern const char edge_embedded_timeline_app_begin[];
extern const char edge_embedded_timeline_app_end[];

namespace edge::sim {
namespace {

constexpr size_t kStoryEvents = 16;

std::string_view Asset(const char* begin, const char* end) { return {begin, static_cast<size_t>(end - begin)}; }

// The higher, the sooner an event is left out when there are too many.
int Dispensable(EventKind kind) {
  switch (kind) {
    case EventKind::kTurn:
      return 3;
    case EventKind::kDecision:
    case EventKind::kRandom:
    case EventKind::kHost:
      return 2;
    case EventKind::kSend:
    case EventKind::kDeliver:
    case EventKind::kDisk:
      return 1;
    default:
      return 0;
  }
}

// Indices of the events that the page shows, in order.
std::vector<size_t> Kept(const JournalView& journal, size_t failure, size_t events_max) {
  std::vector<size_t> kept(journal.events.size());
  for (size_t i = 0; i < kept.size(); ++i) kept[i] = i;
  if (kept.size() <= events_max) return kept;
  const auto distance = [&](size_t i) { return i > failure ? i - failure : failure - i; };
  std::sort(kept.begin(), kept.end(), [&](size_t a, size_t b) {
    const int da = Dispensable(journal.events[a].kind);
    const int db = Dispensable(journal.events[b].kind);
    if (da != db) return da < db;
    return distance(a) != distance(b) ? distance(a) < distance(b) : a < b;
  });
  kept.resize(events_max);
  std::sort(kept.begin(), kept.end());
  return kept;
}

class Numbering {
 public:
  size_t Of(std::string_view text) {
    const auto [at, added] = numbers_.emplace(std::string(text), numbers_.size());
    if (added) texts_.emplace_back(text);
    return at->second;
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::map<std::string, size_t, std::less<>> numbers_;
  std::vector<std::string> texts_;
};

std::string JsonStrings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) StrAppend(&out, out.size() > 1 ? "," : "", JsonString(text));
  return out + "]";
}

// [number, ns, kind, actor, peer, label, value, message, key, words, text, note, bytes]; what timeline/model.js reads.
std::string EventRow(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event, Numbering& labels) {
  const bool turn = event.kind == EventKind::kTurn;  // by far the most; the page makes up their words itself
  return StrCat("[", event.number, ",", JsonInteger((event.time - journal.start).ToNanoseconds()), ",", static_cast<int>(event.kind), ",",
                static_cast<int>(event.actor), ",", static_cast<int>(event.peer), ",", labels.Of(event.label), ",",
                JsonInteger(event.value), ",", event.message == 0 ? "0" : StrCat("\"", Hex(event.message), "\""), ",",
                event.key == 0 ? "0" : StrCat("\"", Hex(event.key), "\""), ",", turn ? "0" : JsonString(Words(journal, exchanges, event)),
                ",", event.text.empty() ? "0" : JsonString(event.text), ",", event.note.empty() ? "0" : JsonString(event.note), ",",
                event.bytes_hash == 0 ? "0" : StrCat("\"", Hex(event.bytes_hash), "\""), "]");
}

std::string Data(const StoryInput& input, const TimelineLimits& limits) {
  const JournalView& journal = input.journal;
  const ExchangeIndex exchanges(journal);
  const size_t failure = FailureEvent(journal, input.failure);
  const std::vector<size_t> kept = Kept(journal, failure, limits.events_max);
  const auto position = [&](size_t index) -> int64_t {
    const auto at = std::lower_bound(kept.begin(), kept.end(), index);
    return at != kept.end() && *at == index ? at - kept.begin() : -1;
  };

  std::string out =
      StrCat("{\"format\":1,\"application\":", JsonString(input.title.application), ",\"seed\":", JsonString(input.title.seed),
             ",\"strategy\":", JsonString(input.title.strategy), ",\"contract\":", JsonString(input.title.contract),
             ",\"replay\":", JsonString(input.title.replay_command), ",\"check\":", JsonString(input.failure.check),
             ",\"message\":", JsonString(input.failure.message), ",\"hash\":\"", Hex(journal.hash),
             "\",\"eventsInRun\":", journal.events_in_run, ",\"failure\":", position(failure), ",\"actors\":[");
  std::string_view comma = "";
  for (const Actor& actor : journal.actors) {
    StrAppend(&out, comma, "[", JsonString(actor.name), ",\"", NameOf(actor.kind), "\"]");
    comma = ",";
  }
  std::vector<std::string> kinds;
  for (size_t i = 0; i < kEventKinds; ++i) kinds.emplace_back(NameOf(static_cast<EventKind>(i)));
  StrAppend(&out, "],\"kinds\":", JsonStrings(kinds), ",\"story\":[");
  comma = "";
  for (const size_t index : StoryEvents(journal, input.failure, kStoryEvents)) {
    if (position(index) < 0) continue;
    StrAppend(&out, comma, position(index));
    comma = ",";
  }
  out += "],\"exchanges\":[";
  comma = "";
  for (const auto& [message, exchange] : exchanges.all()) {
    StrAppend(&out, comma, "[", position(exchange.asked), ",", position(exchange.arrived), ",", position(exchange.answered), ",",
              position(exchange.got), "]");
    comma = ",";
  }
  out += "],\"events\":[";
  Numbering labels;
  comma = "";
  for (const size_t index : kept) {
    StrAppend(&out, comma, "\n", EventRow(journal, exchanges, journal.events[index], labels));
    comma = ",";
  }
  StrAppend(&out, "],\"labels\":", JsonStrings(labels.texts()), "}");
  return out;
}

// Replaces the one place in the page that is marked so.
void PutIn(std::string_view mark, std::string_view content, std::string* page) {
  const size_t at = page->find(mark);
  EDGE_CHECK(at != std::string::npos) << "the page has no " << std::string(mark);
  page->replace(at, mark.size(), content);
}

}  // namespace

std::string TimelineHtml(const StoryInput& input, const TimelineLimits& limits) {
  std::string page(Asset(edge_embedded_timeline_page_begin, edge_embedded_timeline_page_end));
  PutIn("/* STYLE */", Asset(edge_embedded_timeline_style_begin, edge_embedded_timeline_style_end), &page);
  PutIn("/* SCRIPT */",
        StrCat(Asset(edge_embedded_timeline_model_begin, edge_embedded_timeline_model_end),
               Asset(edge_embedded_timeline_drawing_begin, edge_embedded_timeline_drawing_end),
               Asset(edge_embedded_timeline_panel_begin, edge_embedded_timeline_panel_end),
               Asset(edge_embedded_timeline_app_begin, edge_embedded_timeline_app_end)),
        &page);
  PutIn("/* DATA */", Data(input, limits), &page);  // last: whatever is in it, no mark is looked for after it
  return page;
}

}  // namespace edge::sim
