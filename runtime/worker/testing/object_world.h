// ObjectWorld: a worker with Durable Objects over a real store on a disk in memory, in virtual time.
#ifndef EDGE_RUNTIME_WORKER_TESTING_OBJECT_WORLD_H_
#define EDGE_RUNTIME_WORKER_TESTING_OBJECT_WORLD_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/worker/object_directory.h"
#include "runtime/worker/plants.h"
#include "runtime/worker/testing/world.h"
#include "storage/store/object_store.h"
#include "storage/testing/memory_disk.h"

namespace edge::worker {

// A disk whose syncs wait or fail when told.
class SlowSyncDisk final : public MemoryDisk {
 public:
  std::function<absl::Status()> before_sync = [] { return absl::OkStatus(); };
  std::function<absl::Status()> before_read = [] { return absl::OkStatus(); };

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override {
    absl::StatusOr<std::unique_ptr<File>> file = MemoryDisk::Open(path, mode);
    if (!file.ok()) return file.status();
    return std::make_unique<SlowFile>(*this, *std::move(file));
  }

 private:
  class SlowFile final : public File {
   public:
    SlowFile(SlowSyncDisk& disk, std::unique_ptr<File> file) : disk_(disk), file_(std::move(file)) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override {
      if (absl::Status status = disk_.before_read(); !status.ok()) return status;
      return file_->ReadAt(offset, buffer);
    }
    absl::Status WriteAt(uint64_t offset, std::string_view data) override { return file_->WriteAt(offset, data); }
    absl::Status Sync() override {
      if (absl::Status status = disk_.before_sync(); !status.ok()) return status;
      return file_->Sync();
    }
    absl::Status Truncate(uint64_t size) override { return file_->Truncate(size); }
    absl::StatusOr<uint64_t> Size() override { return file_->Size(); }

   private:
    SlowSyncDisk& disk_;
    const std::unique_ptr<File> file_;
  };
};

// Answers at named points; nothing by itself.
class ScriptedAdversary final : public Adversary {
 public:
  std::function<MischiefChoice(std::string_view point, uint64_t key)> answer;
  std::map<std::string, int, std::less<>> asked;

  MischiefChoice Consider(std::string_view point, uint64_t key, std::initializer_list<Mischief>) override {
    ++asked[std::string(point)];
    return answer ? answer(point, key) : MischiefChoice{};
  }
};

class ObjectWorld : private storage::StoreObserver {
 public:
  // `script` is ES5: the body of a function that has `exports` to fill and `modules` to use: "exports.Counter = ...; exports.default =
  // ...". `classes` are bound by their names in capitals: Counter as env.COUNTER.
  explicit ObjectWorld(std::string_view script, std::vector<std::string> classes = {"Counter"}, WorkerLimits limits = {})
      : scheduler_(clock_, order_, clock_) {
    auto code = std::make_shared<WorkerCode>();
    code->name = "test";
    code->script = "(function (edge) { var exports = {}, modules = edge.modules; " + std::string(script) + "; return exports; })";
    code->limits = limits;
    for (const std::string& name : classes) {
      std::string upper = name;
      for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
      code->object_classes.push_back({.name = name, .space = "test/" + name});
      code->object_bindings.push_back({.name = upper, .class_name = name, .script_name = ""});
    }
    code_ = std::move(code);
  }

  // A life of the process: opens the store, runs `body` on a fiber, stops, closes. May be called again: what is on the disk stays.
  void Run(absl::FunctionRef<void()> body) {
    EDGE_CHECK(scheduler_.Spawn("test", [&] { Live(body); }).ok());
    scheduler_.Run();
  }
  // For worlds whose disk is to be dead at the end.
  bool closes_cleanly = true;
  ByteCount overlay_max = ByteCount::MiB(128);  // as storage::StoreOptions

  // One GET, from its head to the end. Inside Run. The body, or "!" and the failure.
  std::string Get(const std::string& path) {
    absl::StatusOr<WorkerIsolate*> isolate = worker_->Acquire();
    EDGE_CHECK_OK(isolate.status());
    Invocation& invocation = (*isolate)->NewInvocation();
    auto* const head = new TestHead("http://test" + path);
    (*isolate)->Fetch(invocation, head, nullptr, [] {});
    head->Unref();
    std::string answer;
    if (invocation.outcome != Outcome::kOk) answer = "!" + invocation.failure.message;
    answer += invocation.response.bytes;
    if (invocation.response.body == web::OutgoingResponse::Body::kStream) {
      while ((*isolate)->ReadChunk(invocation, [] {}) == Invocation::Chunk::kReady) answer += invocation.chunk;
      if (invocation.chunk_state == Invocation::Chunk::kFailed) answer += "!stream failed";
    }
    if (invocation.response.body == web::OutgoingResponse::Body::kSource) {
      for (;;) {
        absl::StatusOr<std::string> piece = invocation.response.source->Read();
        if (!piece.ok()) answer += "!" + std::string(piece.status().message());
        if (!piece.ok() || piece->empty()) break;
        answer += *piece;
      }
    }
    (*isolate)->Finish(invocation, worker_->code().limits.wait_until);
    (*isolate)->DeleteInvocation(invocation);
    worker_->Release(*isolate);
    return answer;
  }
  // The same beside others: the answer is in `*answer` when `group` has ended.
  void GetIn(TaskGroup& group, std::string path, std::string* answer) {
    EDGE_CHECK_OK(group.Spawn("client", [this, path = std::move(path), answer] { *answer = Get(path); }));
  }
  void Sleep(Duration time) { EDGE_CHECK_OK(scheduler_.SleepFor(time)); }

  // Before Run.
  void ChangeCode(absl::FunctionRef<void(WorkerCode& code)> change) {
    auto code = std::make_shared<WorkerCode>(*code_);
    change(*code);
    code_ = std::move(code);
  }
  KvStore* kv = nullptr;
  QueueStore* queues = nullptr;
  // Called with each store that is opened, and with null before it is closed.
  std::function<void(storage::ObjectStore*)> on_store = [](storage::ObjectStore*) {};

  Scheduler& scheduler() { return scheduler_; }
  JumpingClock& clock() { return clock_; }
  RememberingLog& log() { return log_; }
  ScriptedAdversary& adversary() { return adversary_; }
  FakeOrigin& origin() { return origin_; }
  SlowSyncDisk& disk() { return disk_; }
  Plants& plants() { return plants_; }
  storage::StorePlants& store_plants() { return store_plants_; }
  Worker& worker() { return *worker_; }
  ObjectDirectory& objects() { return *worker_->objects(); }
  storage::ObjectStore& store() { return *store_; }

 private:
  void Live(absl::FunctionRef<void()> body) {
    storage::StoreOptions options;
    options.directory = "/state";
    options.plants = store_plants_;
    options.overlay_max = overlay_max;
    options.services = {.fill_random = [this](std::span<std::byte> out) { random_.Fill(out); },
                        .wall_now = [this] { return clock_.WallNow(); }};
    absl::StatusOr<std::unique_ptr<storage::ObjectStore>> store = storage::ObjectStore::Open(scheduler_, disk_, options, *this);
    EDGE_CHECK_OK(store.status());
    store_ = *std::move(store);
    on_store(store_.get());
    const WorkerServices services = {.scheduler = scheduler_,
                                     .random = random_,
                                     .adversary = adversary_,
                                     .log = log_,
                                     .sender = &origin_,
                                     .kv = kv,
                                     .queues = queues,
                                     .plants = &plants_};
    worker_ = std::make_unique<Worker>(services, code_);
    worker_->UseStore(*store_);
    EDGE_CHECK_OK(worker_->Start());
    body();
    // What the body has set may refer to its variables.
    if (closes_cleanly) disk_.before_sync = [] { return absl::OkStatus(); };
    disk_.before_read = [] { return absl::OkStatus(); };
    worker_->Shutdown();
    on_store(nullptr);
    const absl::Status closed = store_->Close();
    EDGE_CHECK(closed.ok() || !closes_cleanly) << closed;
    worker_ = nullptr;
    store_ = nullptr;
  }

  // storage::StoreObserver
  void OnAlarmsChanged() override {
    if (worker_ != nullptr) worker_->objects()->OnAlarmsChanged();
  }
  void OnLost(const storage::ObjectKey& key, uint64_t epoch, const absl::Status& why) override {
    if (worker_ != nullptr) worker_->objects()->OnLost(key, epoch, why);
  }
  void OnNotice(std::string_view text) override { log_.Write(Severity::kWarning, "store", text); }

  JumpingClock clock_;
  FifoOrder order_;
  Scheduler scheduler_;
  CountingRandom random_;
  ScriptedAdversary adversary_;
  RememberingLog log_;
  FakeOrigin origin_{scheduler_};
  SlowSyncDisk disk_;
  Plants plants_;
  storage::StorePlants store_plants_;
  std::shared_ptr<const WorkerCode> code_;
  std::unique_ptr<storage::ObjectStore> store_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_TESTING_OBJECT_WORLD_H_
