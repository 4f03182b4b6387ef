#include "runtime/node/node.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {
namespace {

constexpr std::string_view kSource = "edge";

}  // namespace

// Hears what the store finds out by itself.
class Node::Keeper final : public storage::StoreObserver {
 public:
  Keeper(Process& process, worker::Log& log, worker::ObjectObserver* objects) : process_(process), log_(log), objects_(objects) {}

  void SetWorkers(worker::WorkerSet* workers) { workers_ = workers; }
  bool dead() const { return dead_; }

  void OnActivated(const storage::ObjectKey& key, uint64_t epoch, uint64_t txid, uint32_t pages, std::optional<WallTime> alarm) override {
    if (objects_ != nullptr) objects_->OnActivated(key, epoch, {.txid = txid, .pages = pages, .alarm = alarm});
  }
  void OnCommitted(const storage::ObjectKey& key, const storage::PageSet& set) override {
    if (objects_ != nullptr) objects_->OnCommitted(key, set);
  }
  void OnRolledBack(const storage::ObjectKey& key, uint64_t txid) override {
    if (objects_ != nullptr) objects_->OnRolledBack(key, txid);
  }
  void OnAlarmsChanged() override {
    if (workers_ != nullptr) workers_->OnAlarmsChanged();
  }
  void OnLost(const storage::ObjectKey& key, uint64_t epoch, const absl::Status& why) override {
    if (workers_ != nullptr) workers_->OnLost(key, epoch, why);
  }
  void OnDead(const absl::Status& why) override {
    dead_ = true;
    log_.Write(worker::Severity::kError, kSource, StrCat("nothing can be made durable any more: ", std::string(why.message())));
    process_.Exit(3);
  }
  void OnNotice(std::string_view text) override { log_.Write(worker::Severity::kWarning, kSource, text); }

 private:
  Process& process_;
  worker::Log& log_;
  worker::ObjectObserver* const objects_;  // null: nobody
  worker::WorkerSet* workers_ = nullptr;
  bool dead_ = false;
};

Node::Node(const Seams& seams, worker::Log& log, worker::WorkerCodes codes, NodeOptions options)
    : seams_(seams),
      log_(log),
      codes_(std::move(codes)),
      options_(std::move(options)),
      client_(seams.scheduler, seams.network, options_.client),
      sender_(client_, seams.random),
      kv_(seams.scheduler, seams.clock, log),
      queues_({.scheduler = seams.scheduler,
               .adversary = seams.adversary,
               .log = log,
               .observer = options_.queues,
               .plants = options_.plants != nullptr ? options_.plants->queues : storage::QueuePlants()},
              seams.random),
      anywhere_(options_.kv_places == NodeOptions::KvPlaces::kAnywhere
                    ? std::make_unique<EventualKv>(kv_, seams.scheduler, seams.adversary, options_.plants, options_.kv)
                    : nullptr),
      workers_(ServicesOf(), codes_),
      front_(workers_.front(), options_.detail) {
  if (options_.decorate) decorator_ = options_.decorate(front_);
}

worker::WorkerServices Node::ServicesOf() {
  return {.scheduler = seams_.scheduler,
          .random = seams_.random,
          .adversary = seams_.adversary,
          .log = log_,
          .observer = options_.observer,
          .nursery = options_.nursery,
          .sender = &sender_,
          .kv = anywhere_ != nullptr ? static_cast<worker::KvStore*>(anywhere_.get()) : &kv_,
          .queues = &queues_,
          .plants = options_.plants,
          .objects = options_.objects};
}

Node::~Node() = default;

absl::Status Node::StartWorkers() {
  absl::Status status = OpenStore();
  if (status.ok()) status = workers_.Start();
  if (status.ok()) status = StartCrons();
  if (status.ok()) status = StartQueues();
  if (!status.ok()) Close().IgnoreError();
  return status;
}

absl::Status Node::StartCrons() {
  if (store_ == nullptr) return absl::OkStatus();
  for (const std::unique_ptr<worker::Worker>& worker : workers_.all()) {
    if (worker->code().crons.empty()) continue;
    const std::vector<std::string>& handlers = worker->entry_points().handlers;
    if (std::find(handlers.begin(), handlers.end(), "scheduled") == handlers.end()) {
      log_.Write(worker::Severity::kWarning, worker->code().name,
                 "triggers.crons has expressions, but the worker has no scheduled() handler");
    }
    crons_.push_back(std::make_unique<CronService>(*worker, *store_, options_.crons));
    EDGE_RETURN_IF_ERROR(crons_.back()->Start());
  }
  return absl::OkStatus();
}

absl::Status Node::StartQueues() {
  if (store_ == nullptr) return absl::OkStatus();
  std::vector<worker::Worker*> workers;
  for (const std::unique_ptr<worker::Worker>& worker : workers_.all()) workers.push_back(worker.get());
  return queues_.Start(workers);
}

absl::Status Node::OpenStore() {
  if (!worker::NeedStore(codes_) || options_.store.directory.empty()) return absl::OkStatus();
  keeper_ = std::make_unique<Keeper>(seams_.process, log_, options_.objects);
  options_.store.services.wall_now = [this] { return seams_.clock.WallNow(); };
  // Each time from a stream of its own, named by who asks: what one object draws moves nobody else's numbers.
  options_.store.services.fill_random = [this](std::span<std::byte> out) {
    seams_.random.Fork(StrCat("sql/", seams_.scheduler.NewChildKey("sql")))->Fill(out);
  };
  absl::StatusOr<std::unique_ptr<storage::ObjectStore>> opened =
      storage::ObjectStore::Open(seams_.scheduler, seams_.disk, options_.store, *keeper_);
  if (!opened.ok()) {
    return absl::Status(opened.status().code(), StrCat("its state cannot be used: ", std::string(opened.status().message())));
  }
  store_ = *std::move(opened);
  keeper_->SetWorkers(&workers_);
  kv_.Open(*store_);
  EDGE_RETURN_IF_ERROR(queues_.Open(*store_, codes_));
  workers_.UseStore(*store_);
  return absl::OkStatus();
}

absl::Status Node::Close() {
  // What has not begun yet does not begin any more; a run has the time that requests have had.
  for (const std::unique_ptr<CronService>& cron : crons_) cron->Stop(drain_until_);
  queues_.Stop(drain_until_);
  workers_.Shutdown();
  crons_.clear();
  if (anywhere_ != nullptr) anywhere_->Close();
  if (store_ == nullptr) return absl::OkStatus();
  keeper_->SetWorkers(nullptr);
  kv_.Close();
  queues_.Close();
  const absl::Status closed = store_->Close();
  if (!closed.ok() && !IsCrashed(closed) && !keeper_->dead()) {
    log_.Write(worker::Severity::kError, kSource, StrCat("the state was not closed cleanly: ", std::string(closed.message())));
  }
  return closed;
}

absl::Status Node::Listen() {
  EDGE_CHECK(server_ == nullptr) << "listens already";
  absl::StatusOr<std::unique_ptr<Listener>> listener = seams_.network.Listen(options_.listen);
  absl::Status status = listener.status();
  if (status.ok()) {
    local_ = (*listener)->Local();
    server_ = std::make_unique<http::Server>(seams_.scheduler, *std::move(listener), Handler(), options_.server);
    status = server_->Start();
  }
  if (!status.ok()) Close().IgnoreError();
  return status;
}

http::Handler& Node::Handler() {
  if (decorator_ != nullptr) return *decorator_;
  return front_;
}

absl::Status Node::Stop() {
  EDGE_CHECK(server_ != nullptr) << "stopped before it was started";
  drain_until_ = seams_.clock.Now() + options_.drain_time;
  const absl::Status drained = server_->Drain(drain_until_);
  const absl::Status closed = Close();
  // Outgoing WebSockets: whoever had them is gone.
  client_.Shutdown(seams_.clock.Now() + Duration::Seconds(1));
  return drained.ok() ? closed : drained;
}

}  // namespace edge
