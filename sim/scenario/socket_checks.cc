#include "sim/scenario/socket_checks.h"

#include <algorithm>
#include <map>

#include "runtime/base/str_cat.h"

namespace edge::sim {
namespace {

std::string At(const Evidence& evidence, Instant when) {
  const int64_t ms = (when - evidence.world.start()).ToMilliseconds();
  return StrCat("+", ms / 1000, ".", (ms % 1000) / 100, (ms % 100) / 10, ms % 10, " s");
}

std::string Describe(const Evidence& evidence, const SocketLife& life) {
  return StrCat("the socket of ", evidence.world.NameOf(life.client), " that was open from ", At(evidence, life.opened), " to ",
                At(evidence, life.end));
}

std::string Describe(const Evidence& evidence, const SentMessage& message) {
  const Call& call = evidence.history[message.call];
  return StrCat(call.method, " ", message.id, " of ", evidence.world.NameOf(call.client));
}

Violation About(const Evidence& evidence, const CheckSpec& check, const SentMessage& message, const SocketLife& life, std::string what) {
  return {.check = check.name,
          .subject = OperationName(evidence.scenario, evidence.history[message.call].operation),
          .message = std::move(what),
          .about_key = evidence.history[message.call].key,
          .about_message = life.ray};
}

bool Acknowledged(const Evidence& evidence, const SentMessage& message) {
  return evidence.history[message.call].outcome == Call::Outcome::kAcknowledged;
}

}  // namespace

std::optional<Violation> CheckDelivered(const Evidence& evidence, const CheckSpec& check) {
  const SocketHistory& sockets = *evidence.sockets;
  const auto checked = [&](size_t plan) { return evidence.scenario.sockets[plan].name == check.socket; };
  for (const SocketLife& life : sockets.lives) {
    if (!checked(life.plan)) continue;
    std::map<std::string_view, size_t> places;  // of the first arrival
    for (size_t i = 0; i < life.arrived.size(); ++i) {
      const auto [first, fresh] = places.emplace(life.arrived[i], i);
      if (fresh) continue;
      const SentMessage* const message = sockets.Find(life.group, life.arrived[i]);
      if (message == nullptr || message->ambiguous) continue;
      return About(evidence, check, *message, life, StrCat(Describe(evidence, *message), " has come twice to ", Describe(evidence, life)));
    }
    // The last that has come of what was said once on each connection, in the order of saying.
    std::map<size_t, std::pair<size_t, const SentMessage*>> last;
    for (const SentMessage& message : sockets.messages) {
      if (message.plan != life.plan || message.group != life.group || message.ambiguous || message.sends.empty()) continue;
      const Call& call = evidence.history[message.call];
      if (check.to == CheckSpec::To::kOthers && call.client == life.client) continue;
      const auto arrival = places.find(message.id);
      if (arrival == places.end()) {
        const bool should = Acknowledged(evidence, message) && life.opened < message.sends.front().when &&
                            life.ended == SocketLife::End::kClosed && call.attempts.back().end < life.closing;
        if (!should) continue;
        return About(evidence, check, message, life,
                     StrCat(Describe(evidence, message), " was acknowledged at ", At(evidence, call.attempts.back().end),
                            " and has never come to ", Describe(evidence, life)));
      }
      if (message.sends.size() != 1) continue;
      auto& [place, before] = last.try_emplace(message.sends.front().life, arrival->second, &message).first->second;
      if (arrival->second < place) {
        return About(
            evidence, check, message, life,
            StrCat(Describe(evidence, message), " was said after ", before->id, ", and has come before it to ", Describe(evidence, life)));
      }
      place = arrival->second;
      before = &message;
    }
    // A gap: something is missing although what the same sender said later has come.
    for (const SentMessage& message : sockets.messages) {
      if (message.plan != life.plan || message.group != life.group || message.ambiguous || message.sends.size() != 1) continue;
      if (places.contains(message.id) || !Acknowledged(evidence, message) || message.sends.front().when <= life.opened) continue;
      const Call& call = evidence.history[message.call];
      if (check.to == CheckSpec::To::kOthers && call.client == life.client) continue;
      const auto later = last.find(message.sends.front().life);
      if (later == last.end() || later->second.second <= &message) continue;
      return About(evidence, check, message, life,
                   StrCat(Describe(evidence, message), " was acknowledged and has never come to ", Describe(evidence, life), ", but ",
                          later->second.second->id, ", which was said later, has"));
    }
  }
  return std::nullopt;
}

std::optional<Violation> CheckAnswered(const Evidence& evidence, const CheckSpec& check) {
  const SocketHistory& sockets = *evidence.sockets;
  std::map<size_t, const SentMessage*> unanswered;  // the first of each connection
  for (const SentMessage& message : sockets.messages) {
    if (evidence.scenario.sockets[message.plan].name != check.socket || message.ambiguous || message.sends.size() != 1) continue;
    const SentMessage::Send& send = message.sends.front();
    if (!Acknowledged(evidence, message)) {
      unanswered.emplace(send.life, &message);
      continue;
    }
    const auto before = unanswered.find(send.life);
    if (before == unanswered.end()) continue;
    const SocketLife& life = sockets.lives[send.life];
    // Heard on a later connection: what the platform said in between may have gone to the one that was no more.
    if (life.ended != SocketLife::End::kOpen && evidence.history[message.call].attempts.back().end > life.end) continue;
    // Its handler may have met an error of the storage.
    const Instant said = before->second->sends.front().when;
    if (std::any_of(evidence.troubles.begin(), evidence.troubles.end(),
                    [&](const Trouble& trouble) { return trouble.of_disk && trouble.begin <= send.when && trouble.end >= said; })) {
      unanswered.erase(before);
      continue;
    }
    return About(evidence, check, *before->second, life,
                 StrCat(Describe(evidence, *before->second), " was said at ", At(evidence, before->second->sends.front().when), " on ",
                        Describe(evidence, life), ", and was never acknowledged, but ", message.id, ", which was said later, was"));
  }
  return std::nullopt;
}

std::optional<Violation> SocketBroken(const Evidence& evidence) {
  for (const SocketLife& life : evidence.sockets->lives) {
    if (life.ended != SocketLife::End::kBroken) continue;
    return Violation{.check = "socket.protocol",
                     .subject = evidence.scenario.sockets[life.plan].name,
                     .message = StrCat(Describe(evidence, life), " ended because the server broke the protocol: ", life.reason),
                     .about_key = life.key,
                     .about_message = life.ray};
  }
  return std::nullopt;
}

std::optional<Violation> SocketLost(const Evidence& evidence) {
  for (const SocketLife& life : evidence.sockets->lives) {
    // Who closes may have to wait in vain: the other side is the application's.
    if (life.ended != SocketLife::End::kLost || life.closing != Instant::Infinite()) continue;
    const bool explained = std::any_of(evidence.troubles.begin(), evidence.troubles.end(),
                                       [&](const Trouble& trouble) { return trouble.begin <= life.end && trouble.end >= life.opened; });
    const bool failed = std::any_of(evidence.nodes.incidents.begin(), evidence.nodes.incidents.end(),
                                    [&](const Incident& incident) { return incident.time >= life.opened && incident.time <= life.end; });
    if (explained || failed) continue;
    return Violation{.check = "socket.lost",
                     .subject = evidence.scenario.sockets[life.plan].name,
                     .message = StrCat(Describe(evidence, life), " was lost (", life.reason, "), and no fault explains it"),
                     .about_key = life.key,
                     .about_message = life.ray};
  }
  return std::nullopt;
}

}  // namespace edge::sim
