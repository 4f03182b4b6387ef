#include "sim/scenario/caller.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/task_group.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kNodePoint("workload.node", DecisionKind::kWorkload);
constexpr DecisionPoint kValuePoint("workload.value", DecisionKind::kValue);
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

// The ray of an attempt as the platform's header shows it.
std::string RayHeader(uint64_t ray) { return absl::StrFormat("%016x-SIM", ray); }

std::string Uuid(uint64_t high, uint64_t low) {
  high = (high & ~uint64_t{0xf000}) | 0x4000;
  low = (low & ~(uint64_t{3} << 62)) | uint64_t{1} << 63;
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48, low & 0xffffffffffff);
}

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

std::string Caller::Fill(std::string_view text, Key key) const {
  std::string filled;
  uint64_t place = 0;
  for (;;) {
    const size_t open = text.find("${");
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return filled.append(text);
    filled.append(text.substr(0, open));
    std::string_view what = text.substr(open + 2, close - open - 2);
    const Key here = CombineHash(key, ++place);
    if (what == "client") {
      filled.append(world_.NameOf(actor_));
    } else if (what == "uuid") {
      filled.append(Uuid(MixHash(here), MixHash(here + 1)));
    } else if (what.starts_with("int:")) {
      what.remove_prefix(4);
      const size_t dots = what.find("..");
      int64_t low = 0;
      int64_t high = 0;
      if (dots != std::string_view::npos) {
        std::from_chars(what.data(), what.data() + dots, low);
        std::from_chars(what.data() + dots + 2, what.data() + what.size(), high);
      }
      filled.append(std::to_string(world_.oracle().Draw(kValuePoint, actor_, here, Distribution::Uniform(low, std::max(low, high)))));
    } else if (what.starts_with("pick:")) {
      what.remove_prefix(5);
      const int64_t choices = 1 + std::count(what.begin(), what.end(), '|');
      for (int64_t skip = world_.oracle().Draw(kValuePoint, actor_, here, Distribution::Uniform(0, choices - 1)); skip > 0; --skip) {
        what.remove_prefix(what.find('|') + 1);
      }
      filled.append(what.substr(0, what.find('|')));
    } else {
      filled.append(text.substr(open, close + 1 - open));
    }
    text.remove_prefix(close + 1);
  }
}

size_t Caller::Perform(size_t operation_index, Key key, Call::Phase phase) {
  const Operation& operation = scenario_.operations[operation_index];
  const size_t index = history_.size();
  http::ClientRequest request;
  request.method = operation.method;
  request.target = Fill(operation.target, CombineHash(key, 1));
  for (const auto& [name, value] : operation.headers) request.fields.emplace_back(name, Fill(value, CombineHash(key, StableHash(name))));
  if (operation.idempotency_key) request.fields.emplace_back("Idempotency-Key", Uuid(MixHash(key), MixHash(key + 1)));
  const std::string body = Fill(operation.body, CombineHash(key, 2));
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
    const size_t node = nodes_.size() < 2
                            ? 0
                            : static_cast<size_t>(world_.oracle().Draw(kNodePoint, actor_, attempt.ray,
                                                                       Distribution::Uniform(0, static_cast<int64_t>(nodes_.size()) - 1)));
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
  absl::StatusOr<std::string> whole = http::ReadWholeBody(**exchange, kBodyBytesMax);
  if (!whole.ok()) {
    answer.error = whole.status();
    return answer;
  }
  answer.status = (*exchange)->head().status;
  answer.body = *std::move(whole);
  return answer;
}

}  // namespace edge::sim
