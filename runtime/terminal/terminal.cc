#include "runtime/terminal/terminal.h"

#include <cstdio>
#include <string>

#include "runtime/base/hash.h"

namespace edge::cli {
namespace {

void Put(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

// "2026-11-21T10:15:30.123Z", by the proleptic Gregorian calendar (Hinnant's civil-from-days).
std::string Iso(WallTime time) {
  int64_t ms = time.ToUnixMilliseconds();
  int64_t days = ms / 86'400'000;
  ms -= days * 86'400'000;
  if (ms < 0) {
    ms += 86'400'000;
    --days;
  }
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char text[128];
  std::snprintf(text, sizeof text, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%03lldZ", static_cast<long long>(year),
                static_cast<long long>(month), static_cast<long long>(day), static_cast<long long>(ms / 3'600'000),
                static_cast<long long>(ms / 60'000 % 60), static_cast<long long>(ms / 1'000 % 60), static_cast<long long>(ms % 1'000));
  return text;
}

// As JSON writes it.
void AppendQuoted(std::string_view text, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\n') {
      out.append("\\n");
    } else if (byte < 0x20) {
      out.append("\\u00").append({kDigits[byte >> 4], kDigits[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

void Terminal::Print(std::string_view text) { Put(stdout, std::string(text).append("\n")); }
void Terminal::Error(std::string_view text) {
  // Diagnostics of the user's code bring their own prefix, one for each.
  Put(stderr, std::string(text.starts_with("error: ") ? "" : "error: ").append(text).append("\n"));
}
void Terminal::Note(std::string_view text) { Put(stderr, std::string(text).append("\n")); }

std::string Terminal::JsonLine(const worker::LogContext& context, std::string_view level, std::string_view source,
                               std::string_view text) const {
  std::string line = "{\"time\":\"" + Iso(clock_.WallNow()) + "\"";
  const auto member = [&line](std::string_view name, std::string_view value) {
    line.append(",\"").append(name).append("\":");
    AppendQuoted(value, line);
  };
  member("level", level);
  member("source", source);
  if (context.request != 0) {
    char id[17];
    std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(CombineHash(salt_, context.request)));
    member("request", id);
  }
  if (!context.object.empty()) {
    member("class", context.object_class);
    member("object", context.object);
  }
  member("message", text);
  return line.append("}\n");
}

void Terminal::WriteFor(const worker::LogContext& context, worker::Severity severity, std::string_view source, std::string_view text) {
  constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  if (json_) return Put(stderr, JsonLine(context, kNames[static_cast<size_t>(severity)], source, text));
  std::string line = Iso(clock_.WallNow());
  line.append(" ").append(kNames[static_cast<size_t>(severity)]).append(" ").append(source).append(": ");
  for (const char c : text) {
    line.push_back(c);
    if (c == '\n') line.append("    ");
  }
  Put(stderr, line.append("\n"));
}

}  // namespace edge::cli
