#include "net/http/upgrade.h"

#include <utility>

#include "runtime/base/check.h"

namespace edge::http {

Upgrades::~Upgrades() {
  EDGE_CHECK(fibers_.size() == 0) << "drain the upgraded connections first";
  while (UpgradedConnection* const left = all_.PopFront()) delete left;
}

void Upgrades::Adopt(uint64_t key, std::unique_ptr<UpgradedConnection> upgraded, std::unique_ptr<Connection> connection,
                     std::string received) {
  if (domain_ == nullptr) domain_ = scheduler_.CurrentDomain();
  UpgradedConnection* const adopted = upgraded.release();
  all_.PushBack(adopted);
  // In this order: it may have ended when Start returns.
  if (going_away_) adopted->GoAway();
  adopted->Start(*this, key, std::move(connection), std::move(received));
}

absl::Status Upgrades::Spawn(uint64_t key, std::string_view label, absl::AnyInvocable<void()> body) {
  return fibers_.SpawnKeyed(key, domain_, label, std::move(body));
}

void Upgrades::ForgetDue(UpgradedConnection* connection) {
  if (!connection->due_.has_value()) return;
  due_.erase(*connection->due_);
  connection->due_.reset();
  if (due_.empty()) due_changed_.Set();
}

void Upgrades::WakeAt(uint64_t key, UpgradedConnection* connection, Instant at) {
  ForgetDue(connection);
  connection->due_ = due_.emplace(at, connection);
  if (*connection->due_ == due_.begin()) due_changed_.Set();
  if (watching_time_) return;
  watching_time_ = fibers_.SpawnKeyed(key, domain_, "upgrades.time", [this] { WatchTime(); }).ok();
}

void Upgrades::WatchTime() {
  while (!due_.empty()) {
    const auto [at, connection] = *due_.begin();
    if (at > scheduler_.clock().Now()) {
      due_changed_.Reset();
      const absl::Status waited = due_changed_.Wait(at);
      if (!waited.ok() && !absl::IsDeadlineExceeded(waited)) break;
      continue;
    }
    ForgetDue(connection);
    connection->OnDue();
  }
  watching_time_ = false;
}

void Upgrades::End(UpgradedConnection* connection) {
  ForgetDue(connection);
  all_.Remove(connection);
  delete connection;
  if (all_.empty()) all_gone_.Set();
}

void Upgrades::GoAway() {
  if (std::exchange(going_away_, true)) return;
  for (UpgradedConnection* one = all_.front(); one != nullptr; one = decltype(all_)::Next(one)) one->GoAway();
}

absl::Status Upgrades::Drain(Instant deadline) {
  GoAway();
  absl::Status status;
  while (!all_.empty() && status.ok()) {
    all_gone_.Reset();
    status = all_gone_.Wait(deadline);
  }
  for (UpgradedConnection* one = all_.front(); one != nullptr; one = decltype(all_)::Next(one)) one->Abort();
  fibers_.Cancel();
  fibers_.Wait();
  due_.clear();
  while (UpgradedConnection* const left = all_.PopFront()) delete left;
  return status;
}

}  // namespace edge::http
