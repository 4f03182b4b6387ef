// What the commit log costs: an append alone, and durable records on real files by how many wait at once: `tools/dev bench log`.
//
// TMPDIR chooses the disk (tmpfs makes a sync cost nothing, and the numbers mean nothing).
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "runtime/base/check.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "runtime/fiber/virtual_time.h"
#include "storage/log/commit_log.h"
#include "storage/log/log_testing.h"
#include "storage/testing/memory_disk.h"
#include "tests/parity/os_world.h"

namespace edge::storage {
namespace {

// An update of one row: some ranges, a hundred bytes.
PageSet SmallUpdate() {
  PageSet set{.epoch = 7, .txid = 12345, .pages = 40};
  for (const PageRange range : {PageRange{1, 24, 4}, PageRange{1, 92, 4}, PageRange{17, 2100, 64}}) {
    set.ranges.push_back(range);
    set.bytes.append(range.length, 'x');
  }
  return set;
}

std::unique_ptr<CommitLog> OpenLog(Scheduler& scheduler, Disk& disk, HeardFailures& heard) {
  ToldRecords told;
  LogRecovery recovery;
  return CommitLog::Open(scheduler, disk, "log", kOldestKept, {}, told, heard, &recovery).value();
}

// Without a disk: encoding, checksums, the flusher's turns, waiting once for each `range(0)` records.
void BM_Append(benchmark::State& state) {
  VirtualWorld world;
  MemoryDisk disk;
  HeardFailures heard;
  world.Run([&] {
    auto log = OpenLog(world.scheduler, disk, heard);
    const ObjectKey key = TestKey(1);
    const PageSet set = SmallUpdate();
    int64_t count = 0;
    for (auto _ : state) {
      EDGE_CHECK_OK(log->Append(key, set).status());
      if (++count % state.range(0) != 0) continue;
      EDGE_CHECK_OK(log->WaitDurable(log->end(), Instant::Infinite()));
      EDGE_CHECK_OK(log->Trim(log->durable()));
    }
    state.counters["bytes"] = static_cast<double>(log->stats().bytes_appended) / static_cast<double>(count);
    EDGE_CHECK_OK(log->Close());
  });
}
BENCHMARK(BM_Append)->Arg(1)->Arg(32)->Arg(256)->Arg(4096);

// Records per second and processor time per record, with `range(0)` fibers each of which waits for its last record before the next.
void BM_Durable(benchmark::State& state) {
  parity::OsWorld world;
  HeardFailures heard;
  world.Run([&] {
    Scheduler& scheduler = world.scheduler();
    auto log = OpenLog(scheduler, world.disk(), heard);
    constexpr int64_t kChunk = 1000;
    int64_t durable = 0, wanted = 0;
    bool stop = false;
    Event reached(scheduler);
    TaskGroup clients(scheduler);
    for (int client = 0; client < state.range(0); ++client) {
      EDGE_CHECK_OK(clients.Spawn("client", [&, client] {
        const ObjectKey key = TestKey(client % 64);
        const PageSet set = SmallUpdate();
        while (!stop) {
          const auto position = log->Append(key, set);
          EDGE_CHECK_OK(position.status());
          EDGE_CHECK_OK(log->WaitDurable(*position, Instant::Infinite()));
          if (++durable >= wanted) reached.Set();
        }
      }));
    }
    for (auto _ : state) {
      wanted = durable + kChunk;
      reached.Reset();
      EDGE_CHECK_OK(reached.Wait());
      EDGE_CHECK_OK(log->Trim(log->durable()));
    }
    stop = true;
    clients.Wait();
    const LogStats& stats = log->stats();
    state.SetItemsProcessed(state.iterations() * kChunk);
    state.counters["records/batch"] = static_cast<double>(stats.records) / static_cast<double>(stats.batches);
    EDGE_CHECK_OK(log->Close());
  });
}
BENCHMARK(BM_Durable)->Arg(1)->Arg(32)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);

// Opening a log of 64 MiB that was not closed.
void BM_Recover(benchmark::State& state) {
  VirtualWorld world;
  MemoryDisk disk;
  HeardFailures heard;
  struct Counting final : LogVisitor {
    uint64_t records = 0;
    absl::Status OnRecord(Position, const ObjectKey&, const PageSet&) override {
      ++records;
      return absl::OkStatus();
    }
  } visitor;
  world.Run([&] {
    auto log = OpenLog(world.scheduler, disk, heard);
    const PageSet set = SmallUpdate();
    while (log->end() < (64u << 20)) {
      for (int i = 0; i < 256; ++i) EDGE_CHECK_OK(log->Append(TestKey(i % 64), set).status());
      EDGE_CHECK_OK(log->WaitDurable(log->end(), Instant::Infinite()));
    }
    EDGE_CHECK_OK(log->Close());
    for (auto _ : state) {
      visitor.records = 0;
      LogRecovery recovery;
      log = CommitLog::Open(world.scheduler, disk, "log", kOldestKept, {}, visitor, heard, &recovery).value();
      EDGE_CHECK_OK(log->Close());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(visitor.records));
  });
}
BENCHMARK(BM_Recover)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace edge::storage

BENCHMARK_MAIN();
