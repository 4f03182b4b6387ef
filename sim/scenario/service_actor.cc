#include "sim/scenario/service_actor.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"

namespace edge::sim {
namespace {

constexpr DecisionPoint kLatencyPoint("service.latency", DecisionKind::kDelay);
constexpr DecisionPoint kNeverPoint("service.never_answers", DecisionKind::kValue);
constexpr size_t kBodyBytesMax = 1u << 20;
// How long a service that hangs, hangs at most; a healed world ends it sooner.
constexpr Duration kHangLook = Duration::Seconds(1);
constexpr Duration kSlowLongest = Duration::Seconds(20);
constexpr int kErrorStatuses[] = {500, 502, 503, 429};

std::string ReadBody(http::Exchange& exchange) {
  std::string body;
  char piece[4096];
  for (;;) {
    const absl::StatusOr<size_t> read = exchange.ReadBody(piece);
    if (!read.ok() || *read == 0 || body.size() > kBodyBytesMax) return body;
    body.append(piece, *read);
  }
}

}  // namespace

ServiceActor::ServiceActor(World& world, Fabric& fabric, const Service& service)
    : world_(world),
      service_(service),
      actor_(world.recorder().AddActor(service.name, ActorKind::kService)),
      domain_(world.scheduler(), service.name),
      network_(fabric, service.name, actor_, &domain_) {
  world_.Announce(&domain_, actor_);
}

ServiceActor::~ServiceActor() { world_.Retire(&domain_); }

absl::Status ServiceActor::Start() {
  absl::StatusOr<std::unique_ptr<Listener>> listener = network_.Listen({service_.name, service_.port});
  if (!listener.ok()) return listener.status();
  server_ = std::make_unique<http::Server>(world_.scheduler(), *std::move(listener), *this, http::ServerLimits{});
  absl::Status started;
  // The server's fibers belong to this actor.
  EDGE_CHECK_OK(
      world_.scheduler().SpawnKeyed(StableHash(service_.name), &domain_, "service", [this, &started] { started = server_->Start(); }));
  EDGE_CHECK_OK(world_.scheduler().Yield());
  while (domain_.size() > 0 && server_ == nullptr) EDGE_CHECK_OK(world_.scheduler().Yield());
  return started;
}

void ServiceActor::Stop() {
  domain_.Crash();
  EDGE_CHECK_OK(domain_.Wait());
  server_.reset();
}

const ServiceRoute* ServiceActor::Find(std::string_view method, std::string_view path) const {
  path = path.substr(0, path.find('?'));
  for (const ServiceRoute& route : service_.routes) {
    if (!route.method.empty() && route.method != method) continue;
    const bool prefix = route.path.ends_with('*');
    if (prefix ? path.starts_with(std::string_view(route.path).substr(0, route.path.size() - 1)) : path == route.path) return &route;
  }
  return nullptr;
}

void ServiceActor::Handle(http::Exchange& exchange) {
  const http::RequestHead& request = exchange.head();
  const std::string method(request.method());
  const std::string target(request.path_and_query());
  const Key key = world_.scheduler().NewChildKey("service request");
  Effect effect = {.time = {}, .route = "", .target = target, .headers = {}, .body = ""};
  for (const http::Field& field : request.fields()) effect.headers.emplace_back(std::string(field.name), std::string(field.value));
  effect.body = ReadBody(exchange);
  world_.recorder().Record(
      {.kind = EventKind::kRequest, .actor = actor_, .label = "service.request", .key = key, .text = target, .note = method});
  const auto answered = [&](int status, std::string_view how) {
    world_.recorder().Record(
        {.kind = EventKind::kResponse, .actor = actor_, .label = "service.response", .key = key, .value = status, .text = how});
  };
  Faults& faults = world_.faults();
  const ServiceRoute* const route = Find(method, target);
  const Duration latency_max = route != nullptr ? route->latency_max : Duration::Milliseconds(50);
  const Duration latency = world_.oracle().DrawDuration(
      kLatencyPoint, actor_, key, Distribution::Tail(100'000, std::max<int64_t>(100'000, latency_max.ToNanoseconds())));
  if (!world_.scheduler().SleepFor(latency).ok()) return exchange.Fail();

  if (route != nullptr && route->never_answers_percent > 0 &&
      world_.oracle().Chance(kNeverPoint, actor_, key, {route->never_answers_percent, 100})) {
    answered(0, "never answers");
    static_cast<void>(world_.scheduler().SleepUntil(Instant::Infinite()).ok());
    return exchange.Fail();
  }
  if (faults.Strikes(kServiceHang, actor_, key)) {
    answered(0, "never sends headers");
    while (!faults.healed()) {
      if (!world_.scheduler().SleepFor(kHangLook).ok()) break;
    }
    return exchange.Fail();
  }
  if (faults.Strikes(kServiceSlow, actor_, key)) {
    if (!world_.scheduler().SleepFor(faults.LengthOf(kServiceSlow, actor_, key, kSlowLongest)).ok()) return exchange.Fail();
  }
  if (faults.Strikes(kServiceErrorStatus, actor_, key)) {
    const int status = kErrorStatuses[faults.ShapeOf(kServiceErrorStatus, actor_, key, std::size(kErrorStatuses))];
    exchange.Respond(http::ResponseHead(status), "the service is out of order").IgnoreError();
    return answered(status, "out of order");
  }
  if (route == nullptr) {
    exchange.Respond(http::ResponseHead(404), "no such route").IgnoreError();
    return answered(404, "no such route");
  }
  effect.time = world_.now();
  effect.route = method + " " + route->path;
  ledger_.push_back(std::move(effect));
  if (faults.Strikes(kServiceResetAfterEffect, actor_, key)) {
    answered(0, "done, but the answer is lost");
    return exchange.Fail();
  }
  http::ResponseHead head(route->status);
  for (const auto& [name, value] : route->headers) head.Add(name, value).IgnoreError();
  if (route->body.size() > 1 && faults.Strikes(kServiceCutBody, actor_, key)) {
    const size_t bytes = faults.ShapeOf(kServiceCutBody, actor_, key, route->body.size());
    if (exchange.Start(head, route->body.size()).ok() && exchange.Write(std::string_view(route->body).substr(0, bytes)).ok()) {
      exchange.Flush().IgnoreError();
    }
    answered(route->status, "the body is cut off");
    return exchange.Fail();
  }
  exchange.Respond(head, route->body).IgnoreError();
  answered(route->status, "");
}

}  // namespace edge::sim
