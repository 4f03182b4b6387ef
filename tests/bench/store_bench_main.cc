// What a data directory of many objects costs on a real disk: `bazel run -c opt //tests/bench:store_bench -- [OBJECTS] [FOLDER]`.
//
// Makes OBJECTS (default 100,000) small objects in a new folder below FOLDER (default /tmp), 64 at a time, and shows what that takes, what
// a start takes, with the log full and after a checkpoint, and what an object costs in memory: idle, activated, with its database open.
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/task_group.h"
#include "runtime/os/blocking_pool.h"
#include "runtime/os/clock.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/seam/ready_order.h"
#include "storage/os/disk.h"
#include "storage/store/object_store.h"

namespace edge {
namespace {

using storage::ObjectKey;
using storage::ObjectStore;
using storage::OwnedObject;

constexpr int kClients = 64;

ObjectKey KeyOf(uint64_t number) {
  std::string id;
  for (uint64_t part = 0; part < 4; ++part) {
    uint64_t hash = CombineHash(number, part);
    for (int i = 0; i < 16; ++i, hash >>= 4) id += "0123456789abcdef"[hash & 15];
  }
  return {"bench/Thing", id};
}

// Of this process; the helper threads that sync are in it.
double CpuSeconds() {
  rusage usage;
  EDGE_CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double ResidentMiB() {
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

class Bench : public storage::StoreObserver {
 public:
  Bench(uint64_t objects, std::string root) : objects_(objects), disk_(std::move(root), scheduler_, pool_) {}

  enum class Part { kMake, kUse };
  void Run(Part part) {
    EDGE_CHECK_OK(scheduler_.Spawn("bench", [this, part] { part == Part::kMake ? MakeAll() : UseAll(); }));
    scheduler_.Run();
  }

 private:
  void OnDead(const absl::Status& why) override { EDGE_CHECK(false) << why; }

  double Seconds(absl::FunctionRef<void()> what) {
    clock_.Refresh();
    const Instant begin = clock_.Now();
    what();
    clock_.Refresh();
    return static_cast<double>((clock_.Now() - begin).ToMicroseconds()) / 1e6;
  }

  void Open() {
    storage::StoreOptions options{
        .directory = "data",
        .services = {.fill_random = [](std::span<std::byte> out) { std::fill(out.begin(), out.end(), std::byte{1}); },
                     .wall_now = [this] { return clock_.WallNow(); }},
        .log = {.size_max = ByteCount::GiB(4)},
        .overlay_max = ByteCount::GiB(4),
        .log_checkpoint_bytes = ByteCount::GiB(4),
        .checkpoint_interval = Duration::Infinite()};
    auto opened = ObjectStore::Open(scheduler_, disk_, std::move(options), *this);
    EDGE_CHECK_OK(opened.status());
    store_ = *std::move(opened);
  }
  void Close() {
    EDGE_CHECK_OK(store_->Close());
    store_.reset();
  }
  std::unique_ptr<OwnedObject> Own(uint64_t number) {
    auto owned = store_->Activate(KeyOf(number));
    EDGE_CHECK_OK(owned.status());
    return *std::move(owned);
  }

  void Make(uint64_t number) {
    auto owned = Own(number);
    storage::ObjectImage& image = **owned->Image();
    EDGE_CHECK_OK(image.Begin());
    EDGE_CHECK_OK(
        image.Execute(StrCat("CREATE TABLE kv(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO kv VALUES('counter', ", number, ")")));
    const std::optional<storage::AlarmChange> alarm =
        number % 100 == 0 ? std::optional(storage::AlarmChange{WallTime::FromUnixMilliseconds(static_cast<int64_t>(number))})
                          : std::nullopt;
    EDGE_CHECK_OK(image.Commit(alarm).status());
    EDGE_CHECK_OK(owned->WaitDurable(owned->committed()));
  }

  // What it was when it was made.
  void Reset(uint64_t number) {
    auto owned = Own(number);
    EDGE_CHECK_OK((*owned->Image())->Execute(StrCat("UPDATE kv SET v = ", number)));
    EDGE_CHECK_OK(owned->WaitDurable(owned->committed()));
  }

  void Read(OwnedObject& owned, uint64_t number) {
    std::string_view tail;
    auto statement = (*owned.Image())->Prepare("SELECT v FROM kv WHERE k = 'counter'", &tail, storage::SqlAuthor::kPlatform);
    EDGE_CHECK_OK(statement.status());
    EDGE_CHECK_OK((*statement)->Step().status());
    EDGE_CHECK(static_cast<uint64_t>((*statement)->ColumnInteger(0)) == number);
  }

  // Clients that each change a row of one of some objects, durably, again and again.
  void Update(int objects, int clients, uint64_t updates) {
    struct Updated {
      std::unique_ptr<OwnedObject> owned;
      std::unique_ptr<storage::Statement> update;
    };
    std::vector<Updated> all;
    for (int i = 0; i < objects; ++i) {
      Updated one{.owned = Own(static_cast<uint64_t>(i))};
      std::string_view tail;
      auto prepared = (*one.owned->Image())->Prepare("UPDATE kv SET v = v + 1 WHERE k = 'counter'", &tail, storage::SqlAuthor::kPlatform);
      EDGE_CHECK_OK(prepared.status());
      one.update = *std::move(prepared);
      all.push_back(std::move(one));
    }
    const uint64_t syncs = store_->log_stats().syncs;
    uint64_t left = updates;
    const double cpu = CpuSeconds();
    const double took = Seconds([&] {
      TaskGroup group(scheduler_);
      for (int client = 0; client < clients; ++client) {
        EDGE_CHECK_OK(group.Spawn("client", [&, client] {
          Updated& mine = all[static_cast<size_t>(client % objects)];
          for (; left > 0;) {
            --left;
            storage::ObjectImage& image = **mine.owned->Image();
            EDGE_CHECK_OK(image.Begin());
            EDGE_CHECK_OK(mine.update->Step().status());
            mine.update->Reset();
            EDGE_CHECK_OK(image.Commit(std::nullopt).status());
            EDGE_CHECK_OK(mine.owned->WaitDurable(mine.owned->committed()));
          }
        }));
      }
      group.Wait();
    });
    std::printf("%2d objects, %3d clients           %8.0f durable updates a second, %.1f us of CPU each, %.1f a sync\n", objects, clients,
                static_cast<double>(updates) / took, (CpuSeconds() - cpu) * 1e6 / static_cast<double>(updates),
                static_cast<double>(updates) / static_cast<double>(store_->log_stats().syncs - syncs));
  }

  void MakeAll() {
    std::printf("%llu objects, one table and one row each\n", static_cast<unsigned long long>(objects_));
    Open();
    const double made = Seconds([&] {
      uint64_t next = 0;
      TaskGroup clients(scheduler_);
      for (int i = 0; i < kClients; ++i) {
        EDGE_CHECK_OK(clients.Spawn("client", [&] {
          while (next < objects_) Make(next++);
        }));
      }
      clients.Wait();
    });
    std::printf("made durably by %d clients       %8.2f s  %8.0f a second, %.1f commits a sync\n", kClients, made,
                static_cast<double>(objects_) / made,
                static_cast<double>(store_->log_stats().records) / 2 / static_cast<double>(store_->log_stats().syncs));
    std::printf("memory, all of it in the log      %8.1f MiB, %.1f MiB of pages\n", ResidentMiB(),
                static_cast<double>(store_->overlay_bytes()) / (1 << 20));
    Update(1, 32, 100'000);
    Update(std::min(64, static_cast<int>(objects_)), 256, 200'000);
    for (uint64_t i = 0; i < std::min<uint64_t>(64, objects_); ++i) Reset(i);
    const double checkpoint = Seconds([&] { EDGE_CHECK_OK(store_->Checkpoint()); });
    std::printf("checkpoint                        %8.2f s\n", checkpoint);
    Close();
  }

  void UseAll() {
    const double before = ResidentMiB();
    std::printf("start                             %8.3f s\n", Seconds([&] { Open(); }));
    const double idle = ResidentMiB();
    std::printf("memory, nothing activated         %8.1f MiB (%.1f before the start), %.0f B an object\n", idle, before,
                (idle - before) * (1 << 20) / static_cast<double>(objects_));

    const uint64_t active = std::min<uint64_t>(objects_, 10'000);
    std::vector<std::unique_ptr<OwnedObject>> owned;
    const double activated = Seconds([&] {
      for (uint64_t i = 0; i < active; ++i) owned.push_back(Own(i * (objects_ / active)));
    });
    const double with = ResidentMiB();
    std::printf("activation                        %8.1f us, %.0f B each\n", activated * 1e6 / static_cast<double>(active),
                (with - idle) * (1 << 20) / static_cast<double>(active));
    const double read = Seconds([&] {
      for (uint64_t i = 0; i < active; ++i) Read(*owned[i], i * (objects_ / active));
    });
    const double open = ResidentMiB();
    std::printf("first read, database opened       %8.1f us, %.0f B each\n", read * 1e6 / static_cast<double>(active),
                (open - with) * (1 << 20) / static_cast<double>(active));
    for (auto& object : owned) (*object->Image())->ReleaseMemory();
    std::printf("memory after ReleaseMemory        %8.1f MiB\n", ResidentMiB());
    owned.clear();
    std::printf("list of all                       %8.3f s\n", Seconds([&] {
                  std::optional<ObjectKey> after;
                  uint64_t found = 0;
                  for (;;) {
                    auto listed = store_->List("", after, 1000);
                    EDGE_CHECK_OK(listed.status());
                    found += listed->size();
                    if (listed->size() < 1000) break;
                    after = listed->back().key;
                  }
                  EDGE_CHECK(found == objects_) << found;
                }));
    Close();
  }

  const uint64_t objects_;
  OsClock clock_;
  EpollLoop loop_{clock_};
  BlockingPool pool_{loop_};
  FifoOrder order_;
  Scheduler scheduler_{clock_, order_, loop_};
  OsDisk disk_;
  std::unique_ptr<ObjectStore> store_;
};

}  // namespace
}  // namespace edge

int main(int argc, char** argv) {
  const uint64_t objects = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const std::string folder = argc > 2 ? argv[2] : std::filesystem::temp_directory_path().string();
  std::string root = folder + "/store_bench_XXXXXX";
  if (objects == 0 || mkdtemp(root.data()) == nullptr) {
    std::fprintf(stderr, "usage: store_bench [OBJECTS] [FOLDER]\n");
    return 2;
  }
  // Two processes, so that the memory of the one is not that of the other.
  for (const edge::Bench::Part part : {edge::Bench::Part::kMake, edge::Bench::Part::kUse}) {
    std::fflush(stdout);
    const pid_t child = fork();
    EDGE_CHECK(child >= 0);
    if (child == 0) {
      edge::Bench(objects, root).Run(part);
      std::fflush(stdout);
      _exit(0);
    }
    int status = 0;
    EDGE_CHECK(waitpid(child, &status, 0) == child);
    if (status != 0) return 1;
  }
  std::filesystem::remove_all(root);
  return 0;
}
