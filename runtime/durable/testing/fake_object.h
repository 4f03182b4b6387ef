// FakeOwnedObject: one object in memory, and FakeHooks: one live instance without fibers.
//
// Turns are what Drive() runs, one after the other: events of the innermost open section first, then the others in order. A turn ends with
// ObjectStorage::EndTurn, as the real owner does it.
#ifndef EDGE_RUNTIME_DURABLE_TESTING_FAKE_OBJECT_H_
#define EDGE_RUNTIME_DURABLE_TESTING_FAKE_OBJECT_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/durable/durable.h"
#include "runtime/js/language/language.h"
#include "storage/image/image_testing.h"

namespace edge::durable {

class FakeOwnedObject final : public storage::OwnedObject {
 public:
  const storage::ObjectKey& key() const override { return key_; }
  uint64_t epoch() const override { return 1; }
  uint64_t txid() const override { return pages.log.size(); }
  absl::StatusOr<storage::ObjectImage*> Image() override {
    if (!lost.ok()) return lost;
    if (image_ == nullptr) {
      auto image = storage::ObjectImage::Open(pages, pages, key_.ToString(), storage::TestServices(), limits);
      if (!image.ok()) return image.status();
      image_ = *std::move(image);
    }
    return image_.get();
  }
  storage::Position committed() const override { return pages.log.size(); }
  bool IsDurable(storage::Position position) const override { return position <= durable; }
  absl::Status WaitDurable(storage::Position, Instant) override { return absl::OkStatus(); }
  absl::Status Access() const override { return lost; }
  void CloseImage() override { image_.reset(); }

  bool is_open() const { return image_ != nullptr; }

  storage::TestObject pages;  // its log is a list of what was committed
  storage::ImageLimits limits;
  storage::Position durable = 0;
  absl::Status lost;

 private:
  storage::ObjectKey key_ = storage::TestObject::Key();
  std::unique_ptr<storage::ObjectImage> image_;
};

class FakeHooks final : public ObjectHooks {
 public:
  explicit FakeHooks(FakeOwnedObject& object) : storage(std::make_unique<ObjectStorage>(object)) {}

  std::string_view IdHex() const override { return hex; }
  std::string_view Name() const override { return name; }
  absl::Status Access() const override { return reset.value_or(absl::OkStatus()); }
  ObjectStorage& Storage() override { return *storage; }
  bool HasAlarmHandler() const override { return has_alarm_handler; }

  absl::StatusOr<uint64_t> OpenSection() override {
    if (open_sections.size() >= 4) return absl::ResourceExhaustedError("too deep");
    outer_of_[++last_section_] = section;
    return last_section_;
  }
  void RunInSection(uint64_t opened, absl::AnyInvocable<void(duk_context*)> body) override {
    waiting.push_back({opened, std::make_shared<absl::AnyInvocable<void(duk_context*)>>(std::move(body))});
  }
  void CloseSection(uint64_t closed) override {
    closed_sections.push_back(closed);
    std::erase(open_sections, closed);
    section = outer_of_[closed];
  }
  void LimitSection(uint64_t limited, Duration time, absl::AnyInvocable<void(duk_context*)> timed_out) override {
    limits.push_back({limited, time, std::make_shared<absl::AnyInvocable<void(duk_context*)>>(std::move(timed_out))});
  }

  bool SettleLater(std::string_view operation, Concurrency concurrency, absl::AnyInvocable<void(duk_context*)>& settle) override {
    operations.push_back(std::string(operation) + (concurrency == Concurrency::kAllowed ? "+" : ""));
    if (!settle_later) return false;
    events.push_back({section, std::make_shared<absl::AnyInvocable<void(duk_context*)>>(std::move(settle))});
    return true;
  }
  void WhenDurable(absl::AnyInvocable<void(duk_context*, const absl::Status&)> done) override {
    auto shared = std::make_shared<absl::AnyInvocable<void(duk_context*, const absl::Status&)>>(std::move(done));
    events.push_back({section, std::make_shared<absl::AnyInvocable<void(duk_context*)>>(
                                   [this, shared](duk_context* ctx) { (*shared)(ctx, durability); })});
  }
  void DoNotRetryAlarm() override { retry_alarm = false; }
  void Reset(absl::Status why) override {
    if (!reset.has_value()) reset = std::move(why);
  }
  void WaitUntil(duk_context*) override { ++waits; }

  // The next turn, if there is one to run.
  std::optional<std::function<void(duk_context*)>> NextTurn() {
    const uint64_t inner = open_sections.empty() ? 0 : open_sections.back();
    for (auto event = events.begin(); event != events.end(); ++event) {
      if (event->section != inner) continue;
      auto body = event->body;
      events.erase(event);
      return [this, inner, body](duk_context* ctx) { Turn(ctx, inner, *body); };
    }
    for (auto next = waiting.begin(); next != waiting.end(); ++next) {
      if (outer_of_[next->section] != inner) continue;
      const Event event = *next;
      waiting.erase(next);
      open_sections.push_back(event.section);
      return [this, event](duk_context* ctx) { Turn(ctx, event.section, *event.body); };
    }
    return std::nullopt;
  }
  void Turn(duk_context* ctx, uint64_t in, absl::AnyInvocable<void(duk_context*)>& body) {
    section = in;
    body(ctx);
    js::RunMicrotasks(ctx);
  }
  void EndTurn() {
    section = 0;
    const absl::Status status = storage->EndTurn();
    if (!status.ok()) Reset(status);
  }

  struct Event {
    uint64_t section;
    std::shared_ptr<absl::AnyInvocable<void(duk_context*)>> body;
  };
  struct TimeLimit {
    uint64_t section;
    Duration time;
    std::shared_ptr<absl::AnyInvocable<void(duk_context*)>> timed_out;
  };

  std::unique_ptr<ObjectStorage> storage;
  std::string hex = std::string(64, 'a');
  std::string name = "test";
  bool has_alarm_handler = true;
  bool settle_later = false;
  absl::Status durability;
  bool retry_alarm = true;
  int waits = 0;
  std::optional<absl::Status> reset;
  std::vector<std::string> operations;
  uint64_t section = 0;
  std::vector<uint64_t> open_sections, closed_sections;
  std::vector<TimeLimit> limits;
  std::deque<Event> events, waiting;

 private:
  uint64_t last_section_ = 0;
  std::map<uint64_t, uint64_t> outer_of_;
};

}  // namespace edge::durable

#endif  // EDGE_RUNTIME_DURABLE_TESTING_FAKE_OBJECT_H_
