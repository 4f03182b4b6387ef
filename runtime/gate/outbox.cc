#include "runtime/gate/outbox.h"

#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace edge::gate {

Outbox::~Outbox() { EDGE_CHECK(held_.empty() && waiter_.size() == 0) << "an outbox died with effects in it"; }

void Outbox::Push(uint64_t key, Effect effect) { held_.push_back({.key = key, .position = {}, .effect = std::move(effect)}); }

void Outbox::Seal(uint64_t position) {
  for (; sealed_ < held_.size(); ++sealed_) held_[sealed_].position = position;
}

void Outbox::RunFront(const absl::Status& status) {
  Held front = std::move(held_.front());
  held_.pop_front();
  if (sealed_ > 0) --sealed_;
  front.effect(status);
}

void Outbox::Flush() {
  while (sealed_ > 0) {
    if (broken_.has_value()) {
      RunFront(*broken_);
    } else if (durability_.IsDurable(*held_.front().position)) {
      RunFront(absl::OkStatus());
    } else {
      break;
    }
  }
  if (sealed_ == 0 || waiting_) return;
  // Named by what it waits for first. Where no fiber can be had nothing can be told to be durable either.
  waiting_ = true;
  const absl::Status spawned =
      waiter_.SpawnKeyed(CombineHash(held_.front().key, StableHash("outbox")), scheduler_.CurrentDomain(), "outbox", [this] { Wait(); });
  if (spawned.ok()) return;
  waiting_ = false;
  durability_.OnNotDurable(spawned);
}

void Outbox::Wait() {
  while (sealed_ > 0 && !broken_.has_value()) {
    const absl::Status durable = durability_.WaitDurable(*held_.front().position);
    if (!durable.ok() && !broken_.has_value()) {
      waiting_ = false;
      return durability_.OnNotDurable(durable);
    }
    // Others may be waiting for the same position; all of this turn's go out together.
    while (sealed_ > 0 && !broken_.has_value() && durability_.IsDurable(*held_.front().position)) RunFront(absl::OkStatus());
  }
  waiting_ = false;
}

void Outbox::Break(const absl::Status& why) {
  if (broken_.has_value()) return;
  broken_ = why;
  while (!held_.empty()) RunFront(why);
  waiter_.Cancel();
}

void Outbox::Close() {
  Break(absl::CancelledError("closed"));
  while (!held_.empty()) RunFront(*broken_);
  waiter_.Wait();
}

}  // namespace edge::gate
