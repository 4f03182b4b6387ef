#include "sim/scenario/caller.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "sim/fault/model.h"
#include "sim/scenario/request_parts.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kBackoffPoint("client.backoff", DecisionKind::kDelay);
constexpr Duration kFirstBackoff = Duration::Milliseconds(100);
constexpr Duration kLongestBackoff = Duration::Seconds(10);
// A client in a hurry, or one that leaves, waits no longer than this.
constexpr Duration kShortPatience = Duration::Seconds(2);
constexpr size_t kBodyBytesMax = 1u << 20;

class FixedBody final : public http::RequestBody {
 public:
  explicit FixedBody(const std::string& bytes) : bytes_(bytes), length_(bytes.size()) {}
  absl::StatusOr<std::string> Read() override { return std::exchange(bytes_, {}); }
  std::optional<uint64_t> Length() const override { return length_; }

 private:
  std::string bytes_;
  const uint64_t length_;
};

}  // namespace

Caller::Caller(World& world, Network& network, ActorId actor, const Scenario& scenario, const std::vector<Endpoint>& nodes,
               History& history)
    : world_(world),
      actor_(actor),
      scenario_(scenario),
      nodes_(nodes),
      history_(history),
      client_(world.scheduler(), network, {.counts_unasked_for = true}) {}

bool Caller::MayRetry(const Operation& operation) {
  switch (operation.retry) {
    case Operation::Retry::kNever:
      return false;
    case Operation::Retry::kAlways:
      return true;
    case Operation::Retry::kIdempotentMethods:
      break;
  }
  const std::string& method = operation.method;
  return operation.idempotency_key || method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

bool Caller::WorthAnotherTry(const Answer& answer) {
  if (!answer.error.ok()) return absl::IsUnavailable(answer.error) || absl::IsDeadlineExceeded(answer.error);
  return answer.status == 502 || answer.status == 503 || answer.status == 504;
}

size_t Caller::Perform(size_t operation_index, Key key, Call::Phase phase) {
  const Operation& operation = scenario_.operations[operation_index];
  const size_t index = history_.size();
  http::ClientRequest request;
  request.method = operation.method;
  request.target = FillTemplate(world_, actor_, operation.target, CombineHash(key, 1));
  for (const auto& [name, value] : operation.headers)
    request.fields.emplace_back(name, FillTemplate(world_, actor_, value, CombineHash(key, StableHash(name))));
  if (operation.idempotency_key) request.fields.emplace_back("Idempotency-Key", Uuid(MixHash(key), MixHash(key + 1)));
  const std::string body = FillTemplate(world_, actor_, operation.body, CombineHash(key, 2));
  request.fields.emplace_back("CF-Ray", "");
  const size_t ray_field = request.fields.size() - 1;
  {
    Call call;
    call.key = key;
    call.client = actor_;
    call.operation = operation_index;
    call.method = request.method;
    call.target = request.target;
    call.phase = phase;
    history_.push_back(std::move(call));
  }
  // Other clients append to the history while this one waits: no reference into it is kept across a suspension.
  const auto call = [&]() -> Call& { return history_[index]; };

  for (uint32_t number = 0;; ++number) {
    Attempt attempt;
    attempt.ray = CombineHash(key, 100 + number);
    attempt.begin = world_.now();
    const size_t node = DrawNode(world_, actor_, attempt.ray, nodes_.size());
    request.host = nodes_[node];
    request.authority = "app.test";
    attempt.node = request.host.host;
    request.fields[ray_field].second = RayHeader(attempt.ray);
    Instant deadline = attempt.begin + scenario_.limits.request_time;
    bool leaves = false;
    if (phase == Call::Phase::kSafety) {
      if (world_.faults().Strikes(kClientDisconnect, actor_, attempt.ray)) {
        leaves = true;
        deadline = attempt.begin + world_.faults().LengthOf(kClientDisconnect, actor_, attempt.ray, kShortPatience);
      } else if (world_.faults().Strikes(kClientImpatient, actor_, attempt.ray)) {
        deadline = attempt.begin + world_.faults().LengthOf(kClientImpatient, actor_, attempt.ray, kShortPatience);
      }
    }
    world_.recorder().Record({.kind = EventKind::kRequest,
                              .actor = actor_,
                              .label = "http.request",
                              .key = key,
                              .message = attempt.ray,
                              .value = number,
                              .text = request.target,
                              .note = request.method});
    Answer answer = Try(request, body, deadline, attempt.ray);
    attempt.end = world_.now();
    attempt.status = answer.status;
    attempt.sent = answer.sent;
    attempt.error = std::string(answer.error.message());
    world_.recorder().Record(
        {.kind = EventKind::kResponse,
         .actor = actor_,
         .label = "http.response",
         .key = key,
         .message = attempt.ray,
         .value = answer.status,
         .text = leaves && !answer.error.ok() ? std::string_view("went away without waiting") : std::string_view(attempt.error)});
    call().attempts.push_back(std::move(attempt));
    if (answer.error.ok()) {
      call().status = answer.status;
      call().body = std::move(answer.body);
    }
    call().walked_away = leaves && !answer.error.ok();
    // An answer that is lost between the client and its user.
    const bool loses = answer.error.ok() && phase == Call::Phase::kSafety && MayRetry(operation) &&
                       world_.faults().Strikes(kClientDuplicate, actor_, call().attempts.back().ray);
    const bool again =
        !call().walked_away && (loses || (WorthAnotherTry(answer) && MayRetry(operation))) && number < scenario_.limits.retries_max;
    if (!again) {
      bool sent = false;
      for (const Attempt& made : call().attempts) sent = sent || made.sent;
      if (answer.error.ok()) {
        call().outcome = answer.status < 400 ? Call::Outcome::kAcknowledged : Call::Outcome::kAnswered;
      } else {
        call().outcome = sent ? Call::Outcome::kUnknown : Call::Outcome::kNotSent;
      }
      return index;
    }
    Duration backoff = kFirstBackoff;
    for (uint32_t doubled = 0; doubled < number && backoff < kLongestBackoff; ++doubled) backoff = backoff + backoff;
    backoff = backoff + world_.oracle().DrawDuration(kBackoffPoint, actor_, call().attempts.back().ray,
                                                     Distribution::Uniform(0, backoff.ToNanoseconds()));
    if (!world_.scheduler().SleepFor(std::min(backoff, kLongestBackoff)).ok()) return index;
  }
}

// The deadline covers the body too: whoever waits longer goes away, and the node sees that.
Caller::Answer Caller::Try(const http::ClientRequest& request, const std::string& body, Instant deadline, Key ray) {
  Answer answer;
  TaskGroup attempt(world_.scheduler());
  edge::Event done(world_.scheduler());
  // Named by the attempt: the client's own count of fibers would tie its connections to the requests before.
  const absl::Status spawned = attempt.SpawnKeyed(ray, world_.scheduler().CurrentDomain(), "attempt", [&] {
    answer = Exchange(request, body, deadline);
    done.Set();
  });
  if (!spawned.ok()) {
    answer.error = spawned;
    answer.sent = false;
    return answer;
  }
  const absl::Status waited = done.Wait(deadline);
  if (!waited.ok()) attempt.Cancel();
  attempt.Wait();
  if (absl::IsDeadlineExceeded(waited) && absl::IsCancelled(answer.error)) {
    answer.error = absl::DeadlineExceededError("no answer within the client's patience");
  }
  return answer;
}

Caller::Answer Caller::Exchange(const http::ClientRequest& request, const std::string& body, Instant deadline) {
  Answer answer;
  std::shared_ptr<http::RequestBody> source;
  if (!body.empty()) source = std::make_shared<FixedBody>(body);
  absl::StatusOr<std::unique_ptr<http::ClientExchange>> exchange = client_.Send(request, std::move(source), deadline);
  if (!exchange.ok()) {
    answer.error = exchange.status();
    return answer;
  }
  absl::StatusOr<std::string> whole = http::ReadBodyKeeping(**exchange, kBodyBytesMax);
  if (!whole.ok()) {
    answer.error = whole.status();
    return answer;
  }
  answer.status = (*exchange)->head().status;
  answer.body = *std::move(whole);
  return answer;
}

}  // namespace edge::sim
