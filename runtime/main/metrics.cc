#include "runtime/main/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/operate/metrics_text.h"
#include "sim/main/options.h"

namespace edge::cli {
namespace {

using operate::MetricsText;

// Linux on x86-64.
constexpr uint64_t kPageBytes = 4096;
constexpr double kTicksPerSecond = 100;

// The fields of /proc/self/stat behind the program's name, the state first; none: it cannot be read.
std::vector<std::string_view> StatFields(std::string_view stat) {
  std::vector<std::string_view> fields;
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return fields;
  for (size_t at = name_end + 2; at < stat.size();) {
    const size_t end = std::min(stat.find(' ', at), stat.size());
    fields.push_back(stat.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

void AppendProcess(MetricsText& text, const Seams& seams, WallTime started) {
  text.Gauge("edge_build_info", "1, with the version as a label.");
  text.Sample(1, {{"version", std::string_view(sim::kEdgeVersion).substr(std::string_view("edge ").size())}});
  text.Gauge("process_start_time_seconds", "Since when the process serves, in seconds since 1970.");
  text.Sample(static_cast<uint64_t>(started.ToUnixSeconds()));
  absl::StatusOr<std::unique_ptr<File>> file = seams.disk.Open("/proc/self/stat", OpenMode::kReadOnly);
  if (!file.ok()) return;
  std::array<char, 1024> buffer;
  const absl::StatusOr<size_t> read = (*file)->ReadAt(0, buffer);
  if (!read.ok()) return;
  const std::vector<std::string_view> fields = StatFields({buffer.data(), *read});
  // proc(5) counts from 1 and has two more in front.
  constexpr size_t kUserTime = 14 - 3, kSystemTime = 15 - 3, kThreads = 20 - 3, kVirtualBytes = 23 - 3, kResidentPages = 24 - 3;
  if (fields.size() <= kResidentPages) return;
  const auto number = [&](size_t field) {
    uint64_t value = 0;
    std::from_chars(fields[field].data(), fields[field].data() + fields[field].size(), value);
    return value;
  };
  text.Counter("process_cpu_seconds_total", "Time on the processor, user and system.");
  text.SampleSeconds(static_cast<double>(number(kUserTime) + number(kSystemTime)) / kTicksPerSecond);
  text.Gauge("process_threads", "Threads.");
  text.Sample(number(kThreads));
  text.Gauge("process_virtual_memory_bytes", "Virtual memory.");
  text.Sample(number(kVirtualBytes));
  text.Gauge("process_resident_memory_bytes", "Memory in use.");
  text.Sample(number(kResidentPages) * kPageBytes);
}

void AppendServer(MetricsText& text, const http::Server& server) {
  const http::ServerStats& stats = server.stats();
  text.Gauge("edge_http_connections", "Open HTTP connections, idle ones among them.");
  text.Sample(server.connections());
  text.Gauge("edge_websocket_connections", "Open WebSockets of clients.");
  text.Sample(server.upgraded_connections());
  text.Counter("edge_http_connections_accepted_total", "Connections of clients.");
  text.Sample(stats.connections_accepted);
  text.Counter("edge_http_connections_refused_total", "Connections refused because there were too many.");
  text.Sample(stats.connections_refused);
  text.Counter("edge_http_requests_refused_total", "Requests that the server has answered itself because they were wrong.");
  text.Sample(stats.requests_refused);
}

void AppendWorkers(MetricsText& text, Node& node) {
  const operate::Population census = CensusOf(node.workers());
  text.Gauge("edge_isolates", "Isolates.");
  text.Sample(census.isolates);
  text.Gauge("edge_isolate_heap_bytes", "JavaScript heaps of all isolates.");
  text.Sample(census.isolate_bytes);
  text.Gauge("edge_durable_objects", "Durable Objects in memory, by state.");
  text.Sample(census.live, {{"state", "live"}});
  text.Sample(census.hibernating, {{"state", "hibernating"}});
  text.Gauge("edge_hibernatable_websockets", "WebSockets that Durable Objects have accepted.");
  text.Sample(census.web_sockets);
  text.Counter("edge_worker_events_total", "Events that have entered a worker, by handler or class.");
  for (const std::unique_ptr<worker::Worker>& worker : node.workers().all()) {
    for (const auto& [handler, count] : worker->entries()) text.Sample(count, {{"worker", worker->code().name}, {"handler", handler}});
  }
  text.Counter("edge_cron_runs_total", "Runs of scheduled handlers that have ended, by outcome.");
  for (const std::unique_ptr<CronService>& cron : node.crons()) {
    for (const auto& [outcome, count] : cron->outcomes()) text.Sample(count, {{"worker", cron->worker_name()}, {"outcome", outcome}});
  }
  const KvService::Counts& kv = node.kv().counts();
  text.Counter("edge_kv_operations_total", "Calls of KV, by operation.");
  text.Sample(kv.gets, {{"operation", "get"}});
  text.Sample(kv.puts, {{"operation", "put"}});
  text.Sample(kv.deletes, {{"operation", "delete"}});
  text.Sample(kv.lists, {{"operation", "list"}});
  text.Counter("edge_kv_failures_total", "Calls of KV that have failed.");
  text.Sample(kv.failed);
}

void AppendStore(MetricsText& text, storage::ObjectStore& store) {
  const storage::StoreStats stats = store.stats();
  const auto counter = [&](std::string_view name, std::string_view help, uint64_t value) {
    text.Counter(name, help);
    text.Sample(value);
  };
  const auto gauge = [&](std::string_view name, std::string_view help, uint64_t value) {
    text.Gauge(name, help);
    text.Sample(value);
  };
  counter("edge_storage_commits_total", "Transactions of objects.", stats.commits);
  gauge("edge_storage_open_databases", "Databases of objects that are open.", stats.open_databases);
  gauge("edge_storage_overlay_bytes", "Committed pages in memory that await a checkpoint.", stats.overlay_bytes);
  counter("edge_log_syncs_total", "Syncs of the commit log.", stats.log.syncs);
  counter("edge_log_batches_total", "Batches written to the commit log.", stats.log.batches);
  counter("edge_log_records_total", "Records appended to the commit log.", stats.log.records);
  counter("edge_log_appended_bytes_total", "Bytes of these records.", stats.log.bytes_appended);
  counter("edge_log_written_bytes_total", "Bytes written to the commit log, padding among them.", stats.log.bytes_written);
  counter("edge_log_generations_total", "Generations of the commit log begun because a sync failed.", stats.log.generations);
  gauge("edge_log_recovery_bytes", "Bytes of the commit log that a start would read.", stats.log_bytes);
  gauge("edge_log_size_bytes", "Bytes of the commit log on disk.", stats.log_files.bytes);
  counter("edge_checkpoints_total", "Checkpoints that were completed.", stats.checkpoints);
  counter("edge_checkpoint_written_bytes_total", "Bytes written to base files.", stats.checkpoint_bytes);
  counter("edge_checkpoint_syncs_total", "Syncs of base files.", stats.checkpoint_syncs);
}

}  // namespace

operate::Population CensusOf(worker::WorkerSet& workers) {
  operate::Population census;
  for (const std::unique_ptr<worker::Worker>& worker : workers.all()) {
    census.isolates += worker->isolates();
    census.isolate_bytes += worker->heap_bytes();
    const worker::ObjectDirectory* const objects = worker->objects();
    if (objects == nullptr) continue;
    census.live += objects->live();
    census.hibernating += objects->hibernating();
    census.web_sockets += objects->web_sockets();
  }
  return census;
}

std::string MetricsOf(Node& node, const operate::RequestCounts& requests, const Seams& seams, WallTime started) {
  MetricsText text;
  AppendProcess(text, seams, started);
  requests.AppendTo(text);
  if (node.server() != nullptr) AppendServer(text, *node.server());
  AppendWorkers(text, node);
  if (node.store() != nullptr) AppendStore(text, *node.store());
  return text.text();
}

}  // namespace edge::cli
