// A log on a disk in memory, in virtual time, and what it must tell at the next opening.
#ifndef EDGE_STORAGE_LOG_TESTING_LOG_WORLD_H_
#define EDGE_STORAGE_LOG_TESTING_LOG_WORLD_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/fiber/domain.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/virtual_time.h"
#include "storage/log/log_testing.h"
#include "storage/testing/memory_disk.h"

namespace edge::storage {

class LogWorld {
 protected:
  LogWorld() { options.segment = ByteCount::KiB(64); }

  absl::Status Open(Position from = kOldestKept) {
    told.records.clear();
    auto opened = CommitLog::Open(world.scheduler, disk, "data/log", from, options, told, heard, &recovery);
    if (!opened.ok()) return opened.status();
    log = *std::move(opened);
    return absl::OkStatus();
  }
  // Appends a record and remembers what recovery must tell.
  Position Append(std::string bytes) {
    const ObjectKey key = TestKey(static_cast<int>(++txid % 7));
    auto position = log->Append(key, TestSet(txid, bytes));
    EDGE_CHECK_OK(position.status());
    expected.push_back({*position, key, txid, bytes});
    return *position;
  }
  Position AppendDurably(std::string bytes) {
    const Position position = Append(std::move(bytes));
    EDGE_CHECK_OK(log->WaitDurable(position, Instant::Infinite()));
    return position;
  }
  absl::Status Close() {
    absl::Status status = log->Close();
    log = nullptr;
    return status;
  }
  // Runs `body` in a node of its own, which is killed when the body returns.
  void RunAndKill(absl::AnyInvocable<void()> body) {
    Domain domain(world.scheduler, "node");
    Event done(world.scheduler);
    EDGE_CHECK_OK(world.scheduler.SpawnIn(&domain, "node", [&] {
      body();
      done.Set();
      (void)world.scheduler.SleepUntil(Instant::Infinite());
      if (log != nullptr) (void)Close();
    }));
    EDGE_CHECK_OK(done.Wait());
    domain.Crash();
    EDGE_CHECK_OK(domain.Wait());
  }
  std::vector<std::string> Files() {
    std::vector<std::string> names;
    const auto entries = memory.List("data/log");
    for (const DirectoryEntry& entry : *entries) names.push_back("data/log/" + entry.name);
    return names;
  }
  std::string Content(const std::string& path) { return *ReadWholeFile(memory, path); }
  void ExpectAllTold() {
    ASSERT_EQ(told.records.size(), expected.size());
    EXPECT_TRUE(told.records == expected);
  }

  VirtualWorld world;
  MemoryDisk memory;
  AskingDisk disk{memory};
  LogOptions options;
  ToldRecords told;
  HeardFailures heard;
  LogRecovery recovery;
  std::unique_ptr<CommitLog> log;
  std::vector<ToldRecords::Record> expected;
  uint64_t txid = 0;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_LOG_TESTING_LOG_WORLD_H_
