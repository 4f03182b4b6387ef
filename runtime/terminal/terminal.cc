#include "runtime/terminal/terminal.h"

#include <cstdio>
#include <string>

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

}  // namespace

void Terminal::Print(std::string_view text) { Put(stdout, std::string(text).append("\n")); }
void Terminal::Error(std::string_view text) {
  // Diagnostics of the user's code bring their own prefix, one for each.
  Put(stderr, std::string(text.starts_with("error: ") ? "" : "error: ").append(text).append("\n"));
}
void Terminal::Note(std::string_view text) { Put(stderr, std::string(text).append("\n")); }

void Terminal::Write(worker::Severity severity, std::string_view source, std::string_view text) {
  constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  std::string line = Iso(clock_.WallNow());
  line.append(" ").append(kNames[static_cast<size_t>(severity)]).append(" ").append(source).append(": ");
  for (const char c : text) {
    line.push_back(c);
    if (c == '\n') line.append("    ");
  }
  Put(stderr, line.append("\n"));
}

}  // namespace edge::cli
