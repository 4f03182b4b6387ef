#include "runtime/operate/stats.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "runtime/base/str_cat.h"

namespace edge::operate {
namespace {

// With as many digits as a reader needs; "0" where there is nothing to divide by.
std::string Ratio(uint64_t amount, uint64_t by) {
  if (by == 0) return "0";
  const double ratio = static_cast<double>(amount) / static_cast<double>(by);
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), ratio < 100 ? "%.3f" : "%.0f", ratio);
  return text.data();
}

std::string Size(uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"KB", "MB", "GB", "TB"};
  if (bytes < 1000) return StrCat(bytes, " B");
  double size = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  while (size >= 1000 && unit + 1 < kUnits.size()) {
    size /= 1000;
    ++unit;
  }
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), size < 10 ? "%.1f " : "%.0f ", size);
  return StrCat(text.data(), kUnits[unit]);
}

std::string Counted(uint64_t count, std::string_view noun) { return StrCat(count, " ", noun, count == 1 ? "" : "s"); }

}  // namespace

std::string Stats::ToText() const {
  std::string text = StrCat("objects      ", known, " known (", Size(bytes), ")");
  if (damaged > 0) StrAppend(&text, ", ", damaged, " damaged (edge check says how)");
  const storage::LogFiles& files = store.log_files;
  if (!population.has_value()) {
    StrAppend(&text, "\n", "log          ", Counted(files.segments + files.spare, "file"), ", ", Size(files.bytes), " on disk\n",
              "no process serves them: counts of one that does are asked while it runs");
    return text;
  }
  StrAppend(&text, ", ", population->live, " live, ", population->hibernating, " hibernating, ", store.open_databases,
            " with an open database\n");
  StrAppend(&text, "WebSockets   ", population->web_sockets, " that can hibernate\n");
  StrAppend(&text, "isolates     ", population->isolates, ", heaps of ", Size(population->isolate_bytes), "\n");
  StrAppend(&text, "writes       ", store.commits, "; for each ", Ratio(store.log.syncs, store.commits), " syncs, ",
            Ratio(store.log.bytes_appended, store.commits), " bytes logged, ", Ratio(store.log.bytes_written, store.commits),
            " with padding\n");
  StrAppend(&text, "log          ", Counted(store.log.records, "append"), ", ", store.log.batches, " batches of ",
            Ratio(store.log.records, store.log.batches), ", ", Counted(store.log.syncs, "sync"), " (",
            Ratio(store.log.syncs, store.log.batches), " per batch), ", Size(store.log.bytes_appended), " appended\n");
  StrAppend(&text, "             ", Counted(files.segments, "segment"), ", ", files.spare, " spare, ", Size(files.bytes), " on disk, ",
            Size(store.log_bytes), " since the last checkpoint\n");
  if (store.log.generations > 0) StrAppend(&text, "             ", Counted(store.log.generations, "sync"), " failed: new generations\n");
  StrAppend(&text, "checkpoints  ", store.checkpoints, ", ", Size(store.checkpoint_bytes), " to base files, ",
            Counted(store.checkpoint_syncs, "sync"), "\n");
  StrAppend(&text, "memory       ", Size(store.overlay_bytes), " of pages that await a checkpoint");
  return text;
}

std::string Stats::ToJson() const {
  std::string text = StrCat("{\"running\":", population.has_value() ? "true" : "false", ",\"objects\":{\"known\":", known,
                            ",\"bytes\":", bytes, ",\"damaged\":", damaged);
  const auto member = [&](std::string_view name, uint64_t value) { StrAppend(&text, ",\"", name, "\":", value); };
  const auto ratio = [&](std::string_view name, uint64_t amount, uint64_t by) { StrAppend(&text, ",\"", name, "\":", Ratio(amount, by)); };
  if (population.has_value()) {
    member("live", population->live);
    member("hibernating", population->hibernating);
    member("open_databases", store.open_databases);
    member("web_sockets", population->web_sockets);
    member("isolates", population->isolates);
    member("isolate_bytes", population->isolate_bytes);
  }
  StrAppend(&text, "},\"log\":{\"segments\":", store.log_files.segments);
  member("spare_segments", store.log_files.spare);
  member("bytes_on_disk", store.log_files.bytes);
  if (population.has_value()) {
    member("commits", store.commits);
    member("appends", store.log.records);
    member("batches", store.log.batches);
    member("syncs", store.log.syncs);
    member("bytes_appended", store.log.bytes_appended);
    member("bytes_written", store.log.bytes_written);
    member("bytes_since_checkpoint", store.log_bytes);
    member("generations", store.log.generations);
    ratio("syncs_per_batch", store.log.syncs, store.log.batches);
    ratio("syncs_per_commit", store.log.syncs, store.commits);
    ratio("bytes_per_commit", store.log.bytes_appended, store.commits);
    StrAppend(&text, "},\"checkpoints\":{\"count\":", store.checkpoints);
    member("bytes", store.checkpoint_bytes);
    member("syncs", store.checkpoint_syncs);
    member("overlay_bytes", store.overlay_bytes);
  }
  return text + "}}";
}

}  // namespace edge::operate
