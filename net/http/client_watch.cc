#include "net/http/client_watch.h"

#include "absl/status/status.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace edge::http {

ClientWatch::ClientWatch(Scheduler& scheduler, Wire& wire, ByteCount read_ahead_max)
    : scheduler_(scheduler), wire_(wire), read_ahead_max_(read_ahead_max.bytes()) {}

ClientWatch::~ClientWatch() { EDGE_CHECK(!registered_ && (!readers_.has_value() || readers_->size() == 0)); }

void ClientWatch::Start(ClientWatcher& watcher, uint64_t key) {
  EDGE_CHECK(watcher_ == nullptr);
  watcher_ = &watcher;
  told_ = false;
  key_ = key;
  domain_ = scheduler_.CurrentDomain();
  readers_.emplace(scheduler_);
  if (lost_ || !wire_.status().ok()) return Tell();
  if (!paused_) Register();
}

void ClientWatch::Register() {
  if (watcher_ == nullptr || lost_ || wire_.unread().size() >= read_ahead_max_) return;
  registered_ = true;
  wire_.NotifyReadable(this);
}

void ClientWatch::Pause() {
  paused_ = true;
  if (registered_) wire_.NotifyReadable(nullptr);
  registered_ = false;
  if (readers_.has_value()) readers_->Wait();
}

void ClientWatch::Resume() {
  paused_ = false;
  Register();
}

void ClientWatch::Stop() {
  Pause();
  paused_ = false;
  watcher_ = nullptr;
}

void ClientWatch::OnReadable() {
  registered_ = false;
  // Without a fiber the client's going shows when it is written to.
  readers_->SpawnKeyed(CombineHash(key_, reads_++), domain_, "http watch", [this] { ReadAhead(); }).IgnoreError();
}

void ClientWatch::ReadAhead() {
  const absl::StatusOr<size_t> read = wire_.ReadAhead();
  if (read.ok() && *read == 0) wire_.Fail(absl::UnavailableError("the client has closed the connection"));
  if (!wire_.status().ok()) return Lose();
  if (!paused_ && (read.ok() || absl::IsDeadlineExceeded(read.status()))) Register();
}

void ClientWatch::Lose() {
  lost_ = true;
  Tell();
}

void ClientWatch::Tell() {
  if (told_ || watcher_ == nullptr) return;
  told_ = true;
  watcher_->OnClientGone();
}

}  // namespace edge::http
