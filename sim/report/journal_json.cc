#include "sim/report/journal_json.h"

#include <string_view>

#include "runtime/base/str_cat.h"
#include "sim/report/json_text.h"
#include "sim/report/text.h"
#include "sim/report/words.h"

namespace edge::sim {

std::string EventJson(const JournalView& journal, const ExchangeIndex& exchanges, const Event& event) {
  std::string out =
      StrCat("{\"number\":", event.number, ",\"time_ns\":", JsonInteger((event.time - journal.start).ToNanoseconds()), ",\"kind\":\"",
             NameOf(event.kind), "\",\"actor\":", JsonString(journal.NameOf(event.actor)), ",\"label\":", JsonString(event.label));
  if (event.peer != ActorId::kWorld) StrAppend(&out, ",\"peer\":", JsonString(journal.NameOf(event.peer)));
  if (event.key != 0) StrAppend(&out, ",\"key\":\"", Hex(event.key), "\"");
  if (event.message != 0) StrAppend(&out, ",\"message\":\"", Hex(event.message), "\"");
  if (event.value != 0) StrAppend(&out, ",\"value\":", JsonInteger(event.value));
  if (!event.text.empty()) StrAppend(&out, ",\"text\":", JsonString(event.text));
  if (!event.note.empty()) StrAppend(&out, ",\"note\":", JsonString(event.note));
  if (event.bytes_hash != 0) StrAppend(&out, ",\"bytes_hash\":\"", Hex(event.bytes_hash), "\"");
  StrAppend(&out, ",\"words\":", JsonString(Words(journal, exchanges, event)), "}");
  return out;
}

std::string JournalJson(const JournalView& journal) {
  const ExchangeIndex exchanges(journal);
  std::string out = StrCat("{\"format\":1,\"events_in_run\":", journal.events_in_run, ",\"hash\":\"", Hex(journal.hash), "\",\"actors\":[");
  std::string_view comma = "";
  for (const Actor& actor : journal.actors) {
    StrAppend(&out, comma, "{\"name\":", JsonString(actor.name), ",\"kind\":\"", NameOf(actor.kind), "\"}");
    comma = ",";
  }
  out += "],\"events\":[";
  comma = "";
  for (const Event& event : journal.events) {
    StrAppend(&out, comma, "\n", EventJson(journal, exchanges, event));
    comma = ",";
  }
  return out + "\n]}\n";
}

}  // namespace edge::sim
