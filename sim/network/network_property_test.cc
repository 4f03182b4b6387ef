// Whatever is drawn and whatever strikes: what arrives is a prefix of what was sent, an end comes only after all of it, nobody waits
// longer than the world needs to heal, and nothing is left behind.
#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"
#include "runtime/base/hash.h"
#include "runtime/base/str_cat.h"
#include "sim/fault/model.h"
#include "sim/network/network_fixture.h"

namespace edge::sim {
namespace {

struct Conversation {
  std::vector<size_t> up;  // bytes of each write
  std::vector<size_t> down;
  bool client_aborts = false;
  bool server_destroys_early = false;
};

// One side dies in the middle of it all.
struct Crash {
  enum class Whose : uint8_t { kNobodys, kClients, kServers } whose = Whose::kNobodys;
  HostDeath how = HostDeath::kProcess;
  Duration when;
};

// Bytes that tell where they belong.
std::string Text(uint64_t key, size_t bytes) {
  std::string text;
  while (text.size() < bytes) StrAppend(&text, text.size(), ":", key % 97, ";");
  text.resize(bytes);
  return text;
}

struct Flow {
  std::string sent;  // handed to Write, whatever came of it
  std::string got;
  bool closed = false;  // the sender closed its direction after the last write, all of which succeeded
  absl::Status status = absl::UnknownError("not read");
  bool end = false;
  bool late = false;  // a read lasted until its deadline
};

void Send(NetworkWorld& w, Connection& connection, const std::vector<size_t>& writes, uint64_t key, Flow& flow) {
  const std::string all = Text(key, 101'000);
  for (const size_t bytes : writes) {
    const std::string piece = all.substr(flow.sent.size() % 1000, bytes);
    flow.sent += piece;
    if (!connection
             .Write(std::array{std::string_view(piece).substr(0, bytes / 2), std::string_view(piece).substr(bytes / 2)},
                    w.In(Duration::Seconds(40)))
             .ok())
      return;
    if (bytes % 3 == 0) w.Sleep(Duration::Milliseconds(static_cast<int64_t>(bytes % 2000)));
  }
  flow.closed = connection.CloseWrite().ok();
}

void Receive(NetworkWorld& w, Connection& connection, Flow& flow) {
  char buffer[3000];
  for (;;) {
    // Longer than the safety phase: only a world that does not heal lets this pass.
    const Instant deadline = w.In(Duration::Seconds(200));
    const auto got = connection.Read(buffer, deadline);
    flow.late = w.world.now() >= deadline;
    flow.status = got.status();
    flow.end = got.ok() && *got == 0;
    if (!got.ok() || *got == 0) return;
    flow.got.append(buffer, *got);
  }
}

struct Outcome {
  std::vector<Flow> flows;
  uint64_t hash = 0;
  uint64_t faults = 0;
  size_t left = 0;
};

Outcome Play(uint64_t seed, const std::vector<Conversation>& conversations, const Crash& crash, const WorldOptions& options) {
  SeededStrategy strategy(seed);
  NetworkWorld w(strategy, options);
  Outcome outcome;
  outcome.flows.resize(conversations.size() * 2);
  w.Run([&] {
    auto listener = w.Listen();
    TaskGroup group(w.world.scheduler());
    std::vector<std::pair<uint16_t, size_t>> of_port;
    for (size_t i = 0; i < conversations.size(); ++i) {
      EDGE_CHECK_OK(group.Spawn("client", [&, i] {
        w.Sleep(Duration::Milliseconds(static_cast<int64_t>(700 * i)));
        auto connection = w.client.network.Connect({"server1", 80}, w.In(Duration::Seconds(90)));
        if (!connection.ok()) return;
        // The first write names the conversation.
        Flow& up = outcome.flows[2 * i];
        up.sent = std::string(1, static_cast<char>('A' + i));
        if (!w.Write(**connection, up.sent).ok()) return;
        TaskGroup both(w.world.scheduler());
        EDGE_CHECK_OK(both.Spawn("send", [&] {
          Send(w, **connection, conversations[i].up, i, up);
          if (conversations[i].client_aborts) {
            up.closed = false;
            (*connection)->Abort();
          }
        }));
        EDGE_CHECK_OK(both.Spawn("receive", [&] { Receive(w, **connection, outcome.flows[2 * i + 1]); }));
        both.Wait();
      }));
    }
    EDGE_CHECK_OK(group.Spawn("accept", [&] {
      for (;;) {
        auto accepted = listener->Accept(w.In(Duration::Seconds(200)));
        if (!accepted.ok()) return;
        EDGE_CHECK_OK(group.Spawn("server", [&, connection = *std::move(accepted)]() mutable {
          const auto name = w.ReadUntil(*connection, w.In(Duration::Seconds(200)), 1);
          if (name.bytes.size() != 1) return;
          const size_t i = static_cast<size_t>(name.bytes[0] - 'A');
          EDGE_CHECK(i < conversations.size());
          Flow& up = outcome.flows[2 * i];
          up.got = name.bytes;
          TaskGroup both(w.world.scheduler());
          EDGE_CHECK_OK(both.Spawn("send", [&] { Send(w, *connection, conversations[i].down, i + 50, outcome.flows[2 * i + 1]); }));
          if (!conversations[i].server_destroys_early) {
            EDGE_CHECK_OK(both.Spawn("receive", [&] { Receive(w, *connection, up); }));
          }
          both.Wait();
        }));
      }
    }));
    // The episodes of the plan, then healing.
    for (const Episode& episode : w.world.faults().episodes()) {
      w.world.At(episode.begin, episode.key, [&w, &episode] {
        if (!w.world.faults().healed()) w.fabric.Begin(episode);
      });
      w.world.At(episode.end, CombineHash(episode.key, 1), [&w, &episode] { w.fabric.End(episode); });
    }
    if (crash.whose != Crash::Whose::kNobodys) {
      w.world.After(crash.when, 4711, [&w, &crash] {
        Domain& domain = crash.whose == Crash::Whose::kClients ? w.client.domain : w.server.domain;
        w.fabric.HostDied(domain, crash.how);
        domain.Crash();
      });
    }
    w.Sleep(Duration::Seconds(61));
    w.world.faults().Heal();
    w.fabric.Heal();
    group.Wait();
    listener.reset();
    w.Sleep(Duration::Seconds(60));
    outcome.left = w.fabric.connections();
  });
  outcome.hash = w.world.recorder().hash();
  for (const uint64_t injected : w.world.faults().injected()) outcome.faults += injected;
  return outcome;
}

std::vector<Conversation> Conversations() {
  const auto writes = rc::gen::container<std::vector<size_t>>(
      rc::gen::weightedOneOf<size_t>({{6, rc::gen::inRange<size_t>(1, 300)}, {1, rc::gen::inRange<size_t>(1, 100'000)}}));
  const auto one = rc::gen::build<Conversation>(
      rc::gen::set(&Conversation::up, writes), rc::gen::set(&Conversation::down, writes),
      rc::gen::set(&Conversation::client_aborts, rc::gen::weightedElement<bool>({{4, false}, {1, true}})),
      rc::gen::set(&Conversation::server_destroys_early, rc::gen::weightedElement<bool>({{4, false}, {1, true}})));
  return *rc::gen::resize(12, rc::gen::container<std::vector<Conversation>>(one));
}

RC_GTEST_PROP(NetworkProperty, WhatArrivesIsAPrefixAndTheEndComesAfterAll, ()) {
  auto conversations = Conversations();
  if (conversations.size() > 20) conversations.resize(20);
  const uint64_t seed = *rc::gen::arbitrary<uint64_t>();
  WorldOptions options;
  options.faults.plan = FaultOptions::Plan::kOnly;
  for (const FaultSite* const site : AllFaultSites()) {
    if (site->family == FaultFamily::kNetwork && *rc::gen::arbitrary<bool>()) options.faults.only.push_back(site);
  }
  const Crash crash = {.whose = *rc::gen::weightedElement<Crash::Whose>(
                           {{4, Crash::Whose::kNobodys}, {1, Crash::Whose::kClients}, {1, Crash::Whose::kServers}}),
                       .how = *rc::gen::element(HostDeath::kProcess, HostDeath::kPower),
                       .when = Duration::Milliseconds(*rc::gen::inRange(0, 9'000))};
  const Outcome outcome = Play(seed, conversations, crash, options);
  for (size_t i = 0; i < outcome.flows.size(); ++i) {
    const Flow& flow = outcome.flows[i];
    RC_ASSERT(flow.sent.starts_with(flow.got));
    if (flow.end && flow.closed) RC_ASSERT(flow.got == flow.sent);
    // A world that heals lets nobody wait.
    RC_ASSERT(!flow.late);
    if (options.faults.only.empty() && crash.whose == Crash::Whose::kNobodys && !conversations[i / 2].client_aborts &&
        !conversations[i / 2].server_destroys_early) {
      RC_ASSERT(flow.end);
      RC_ASSERT(flow.closed);
    }
  }
  RC_ASSERT(outcome.left == 0u);
  RC_CLASSIFY(outcome.faults > 0, "faults struck");
  RC_CLASSIFY(crash.whose != Crash::Whose::kNobodys, "somebody crashed");
  RC_ASSERT(Play(seed, conversations, crash, options).hash == outcome.hash);
}

}  // namespace
}  // namespace edge::sim
