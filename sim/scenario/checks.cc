#include "sim/scenario/checks.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <map>

#include "runtime/base/str_cat.h"
#include "sim/scenario/socket_checks.h"

namespace edge::sim {
namespace {

namespace json = boost::json;

std::string At(const World& world, Instant when) {
  const int64_t ms = (when - world.start()).ToMilliseconds();
  return StrCat("+", ms / 1000, ".", (ms % 1000) / 100, (ms % 100) / 10, ms % 10, " s");
}

std::string Describe(const Evidence& evidence, const Call& call) {
  return StrCat(call.method, " ", call.target, " of ", evidence.world.NameOf(call.client));
}

Violation About(std::string check, const Evidence& evidence, const Call& call, std::string message) {
  return {.check = std::move(check),
          .subject = OperationName(evidence.scenario, call.operation),
          .message = std::move(message),
          .about_key = call.key,
          .about_message = call.attempts.empty() ? 0 : call.attempts.back().ray};
}

const Call* CallOfRay(const Evidence& evidence, uint64_t ray) {
  for (const Call& call : evidence.history) {
    for (const Attempt& attempt : call.attempts) {
      if (attempt.ray == ray) return &call;
    }
  }
  return nullptr;
}

// --- built in ---

std::optional<Violation> Hung(const Evidence& evidence) {
  for (const Incident& incident : evidence.nodes.incidents) {
    if (incident.outcome != worker::Outcome::kHung) continue;
    return Violation{.check = "request.hung",
                     .subject = "worker",
                     .message = StrCat("at ", At(evidence.world, incident.time), " a request on ", incident.node,
                                       " could never be answered: nothing that it waits for was still running"),
                     .about_key = incident.key};
  }
  return std::nullopt;
}

// A request that is no fault's and no retry's reaches the worker once.
std::optional<Violation> ExecutedTwice(const Evidence& evidence) {
  for (const auto& [ray, served] : evidence.nodes.served) {
    if (served.times < 2) continue;
    const Call* const call = CallOfRay(evidence, ray);
    if (call == nullptr || call->method == "GET" || call->method == "HEAD" || call->method == "PUT" || call->method == "DELETE" ||
        call->method == "OPTIONS") {
      continue;  // a client may send these again on a new connection
    }
    return About("request.twice", evidence, *call,
                 StrCat(Describe(evidence, *call), " was sent once and executed ", served.times, " times"));
  }
  return std::nullopt;
}

std::optional<Violation> AnsweredTwice(const Evidence& evidence) {
  if (evidence.answered_twice.empty()) return std::nullopt;
  return Violation{
      .check = "answer.twice",
      .subject = "client",
      .message = StrCat(evidence.answered_twice, " got an answer with something behind it on the connection that it had not asked for")};
}

// Whatever a client suffers has a cause among the faults that struck while it waited.
std::optional<Violation> Unexplained(const Evidence& evidence) {
  for (const Call& call : evidence.history) {
    for (const Attempt& attempt : call.attempts) {
      if (attempt.error.empty()) continue;
      const auto served = evidence.nodes.served.find(attempt.ray);
      const bool begun = served != evidence.nodes.served.end();
      const bool explained = std::any_of(evidence.troubles.begin(), evidence.troubles.end(), [&](const Trouble& trouble) {
        return trouble.begin <= attempt.end && trouble.end >= attempt.begin && (trouble.also_begun || !begun);
      });
      if (explained) continue;
      // A connection that the server closes while it is idle may be used by a client at that very moment: nothing was begun.
      if (!begun && evidence.stopping_from != Instant::Infinite() && attempt.end >= evidence.stopping_from) continue;
      Violation failure =
          About(begun ? "answer.lost" : "answer.unexplained", evidence, call,
                StrCat(Describe(evidence, call), " got no answer (", attempt.error, ") from ", attempt.node, " at ",
                       At(evidence.world, attempt.end), begun ? ", although the worker had begun it" : "", ", and no fault explains it"));
      failure.about_message = attempt.ray;
      return failure;
    }
  }
  return std::nullopt;
}

std::optional<Violation> Liveness(const Evidence& evidence) {
  if (!evidence.liveness_missed) return std::nullopt;
  return Violation{.check = "liveness.pending",
                   .subject = "after healing",
                   .message = StrCat("every fault was healed, but ", evidence.pending, " was still not over ",
                                     evidence.scenario.limits.liveness.ToSeconds(), " s later")};
}

// After healing every operation is answered, and none that used to work fails for good.
std::optional<Violation> Probes(const Evidence& evidence) {
  for (const Call& call : evidence.history) {
    if (call.phase != Call::Phase::kProbe) continue;
    if (call.outcome == Call::Outcome::kUnknown || call.outcome == Call::Outcome::kNotSent) {
      return About("probe.unanswered", evidence, call,
                   StrCat("every fault was healed, but ", Describe(evidence, call),
                          " got no answer: ", call.attempts.empty() ? std::string() : call.attempts.back().error));
    }
    if (call.status < 500) continue;
    const bool used_to_work = std::any_of(evidence.history.begin(), evidence.history.end(), [&](const Call& other) {
      return other.phase == Call::Phase::kSafety && other.method == call.method && other.target == call.target &&
             other.outcome == Call::Outcome::kAcknowledged;
    });
    if (!used_to_work) continue;
    return About(
        "probe.error", evidence, call,
        StrCat("every fault was healed, but ", Describe(evidence, call), " is answered with ", call.status, ", as it was not before"));
  }
  return std::nullopt;
}

std::optional<Violation> Stops(const Evidence& evidence) {
  if (evidence.nodes.problems.empty()) return std::nullopt;
  return Violation{.check = "node.stop", .subject = "node", .message = evidence.nodes.problems.front()};
}

// --- a scenario's own ---

// Scalar members as text; nullopt if the body is no such JSON.
std::optional<std::string> FieldsOf(const std::string& body, const std::vector<std::string>& fields) {
  json::error_code error;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  std::string text;
  for (const std::string& field : fields) {
    const json::value* const member = value.get_object().if_contains(field);
    if (member == nullptr) return std::nullopt;
    text += field + " " + json::serialize(*member) + " ";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

bool Is(const Evidence& evidence, const Call& call, const std::string& operation) {
  return OperationName(evidence.scenario, call.operation) == operation;
}

std::optional<Violation> CheckUnique(const Evidence& evidence, const CheckSpec& check) {
  std::map<std::string, const Call*> seen;
  for (const Call& call : evidence.history) {
    if (!Is(evidence, call, check.operation) || call.outcome != Call::Outcome::kAcknowledged) continue;
    const std::optional<std::string> value = FieldsOf(call.body, check.fields);
    if (!value.has_value()) continue;
    const auto [at, fresh] = seen.emplace(*value, &call);
    if (fresh) continue;
    return About(check.name, evidence, call,
                 StrCat("two acknowledged ", check.operation, " were answered alike (", *value, "): ", Describe(evidence, *at->second),
                        " at ", At(evidence.world, at->second->attempts.back().end), " and ", Describe(evidence, call), " at ",
                        At(evidence.world, call.attempts.back().end)));
  }
  return std::nullopt;
}

// The last answer of `operation` after healing.
const Call* LastProbe(const Evidence& evidence, const std::string& operation) {
  const Call* last = nullptr;
  for (const Call& call : evidence.history) {
    if (Is(evidence, call, operation) && call.phase == Call::Phase::kProbe && call.outcome == Call::Outcome::kAcknowledged) last = &call;
  }
  return last;
}

std::optional<Violation> CheckValue(const Evidence& evidence, const CheckSpec& check) {
  const Call* const last = LastProbe(evidence, check.operation);
  if (last == nullptr) return std::nullopt;
  const std::optional<int64_t> number = NumberIn(last->body, check.fields);
  if (number == check.equals) return std::nullopt;
  return About(check.name, evidence, *last,
               StrCat(check.operation, " says ", number.has_value() ? std::to_string(*number) : StrCat("no number (", last->body, ")"),
                      " at the end, not ", check.equals));
}

bool Same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number() && (a.is_double() || b.is_double())) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

// How often `what` is a value in `where`, or the name of a member.
size_t CountIn(const json::value& where, const json::value& what) {
  if (Same(where, what)) return 1;
  size_t count = 0;
  if (const json::array* const list = where.if_array()) {
    for (const json::value& each : *list) count += CountIn(each, what);
  } else if (const json::object* const members = where.if_object()) {
    for (const auto& [name, each] : *members) count += CountIn(each, what) + (what.is_string() && what.get_string() == name ? 1 : 0);
  }
  return count;
}

// An answer that is no JSON is searched as text.
size_t TimesIn(std::string_view body, std::string_view what) {
  json::error_code error;
  const json::value where = json::parse({body.data(), body.size()}, error);
  if (!error) return CountIn(where, json::parse({what.data(), what.size()}));
  size_t count = 0;
  for (size_t at = body.find(what); at != std::string_view::npos; at = body.find(what, at + what.size())) ++count;
  return count;
}

std::optional<Violation> CheckKept(const Evidence& evidence, const CheckSpec& check) {
  const Call* const last = LastProbe(evidence, check.operation);
  if (last == nullptr) return std::nullopt;
  for (const Call& call : evidence.history) {
    // What was acknowledged after the question is not in its answer.
    if (!Is(evidence, call, check.counts) || call.outcome != Call::Outcome::kAcknowledged) continue;
    if (call.attempts.back().end > last->attempts.back().begin) continue;
    const std::optional<std::string> field = FieldsOf(call.body, check.fields);
    if (!field.has_value()) continue;
    const std::string value = field->substr(check.fields.front().size() + 1);
    const size_t times = TimesIn(last->body, value);
    if (times == 1) continue;
    return About(check.name, evidence, call,
                 StrCat(Describe(evidence, call), " was acknowledged with ", check.fields.front(), " ", value, " at ",
                        At(evidence.world, call.attempts.back().end), ", and ", check.operation, " at the end has it ",
                        times == 0 ? std::string("not at all") : StrCat(times, " times")));
  }
  return std::nullopt;
}

std::optional<Violation> CheckCount(const Evidence& evidence, const CheckSpec& check) {
  const Call* const last = LastProbe(evidence, check.operation);
  if (last == nullptr) return std::nullopt;
  int64_t acknowledged = 0;
  int64_t sent = 0;
  for (const Call& call : evidence.history) {
    if (!Is(evidence, call, check.counts)) continue;
    // What was acknowledged after the question need not be in its answer.
    if (call.outcome == Call::Outcome::kAcknowledged && call.attempts.back().end <= last->attempts.back().begin) ++acknowledged;
    sent += std::count_if(call.attempts.begin(), call.attempts.end(), [](const Attempt& attempt) { return attempt.sent; });
  }
  const std::optional<int64_t> number = NumberIn(last->body, check.fields);
  if (!number.has_value() || (*number >= acknowledged && *number <= sent)) return std::nullopt;
  return About(check.name, evidence, *last,
               StrCat(check.operation, " says ", *number, " at the end, but ", acknowledged, " ", check.counts, " were acknowledged and ",
                      sent, " sent"));
}

std::optional<Violation> CheckStatus(const Evidence& evidence, const CheckSpec& check) {
  for (const Call& call : evidence.history) {
    if (!Is(evidence, call, check.operation) || call.status == 0) continue;
    if (std::find(check.statuses.begin(), check.statuses.end(), call.status) != check.statuses.end()) continue;
    return About(
        check.name, evidence, call,
        StrCat(Describe(evidence, call), " was answered with ", call.status, " at ", At(evidence.world, call.attempts.back().end)));
  }
  return std::nullopt;
}

// Windows are half open: an answer at t and one at t + within are not in one.
std::optional<Violation> CheckRate(const Evidence& evidence, const CheckSpec& check) {
  std::multimap<int64_t, const Call*> answers;
  for (const Call& call : evidence.history) {
    if (!Is(evidence, call, check.operation) || call.outcome != Call::Outcome::kAcknowledged) continue;
    if (const std::optional<int64_t> time = NumberIn(call.body, check.fields); time.has_value()) answers.emplace(*time, &call);
  }
  auto first = answers.begin();
  uint32_t count = 0;
  for (const auto& [time, call] : answers) {
    ++count;
    for (; first->first <= time - check.within.ToMilliseconds(); ++first) --count;
    if (count <= check.at_most) continue;
    return About(check.name, evidence, *call,
                 StrCat(count, " acknowledged ", check.operation, " have their ", check.fields.front(), " between ", first->first, " and ",
                        time, ", within ", time - first->first, " ms, the last one ", Describe(evidence, *call), "; at most ",
                        check.at_most, " may be within ", check.within.ToMilliseconds(), " ms"));
  }
  return std::nullopt;
}

bool SameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<Violation> CheckEffects(const Evidence& evidence, const CheckSpec& check) {
  for (const ServiceActor* service : evidence.services) {
    if (service->service().name != check.service) continue;
    std::map<std::string, uint32_t> effects;
    for (const Effect& effect : service->ledger()) {
      for (const auto& [name, value] : effect.headers) {
        if (!SameName(name, check.header)) continue;
        if (++effects[value] <= check.effects_max) continue;
        return Violation{.check = check.name,
                         .subject = check.service,
                         .message = StrCat(check.service, " did ", effect.route, " ", effects[value], " times for ", check.header, " ",
                                           value, ", the last time at ", At(evidence.world, effect.time))};
      }
    }
  }
  return std::nullopt;
}

std::optional<Violation> RunSpec(const Evidence& evidence, const CheckSpec& check) {
  switch (check.kind) {
    case CheckSpec::Kind::kUnique:
      return CheckUnique(evidence, check);
    case CheckSpec::Kind::kCount:
      return CheckCount(evidence, check);
    case CheckSpec::Kind::kStatus:
      return CheckStatus(evidence, check);
    case CheckSpec::Kind::kEffects:
      return CheckEffects(evidence, check);
    case CheckSpec::Kind::kValue:
    case CheckSpec::Kind::kSettles:
      return CheckValue(evidence, check);
    case CheckSpec::Kind::kKept:
      return CheckKept(evidence, check);
    case CheckSpec::Kind::kRate:
      return CheckRate(evidence, check);
    case CheckSpec::Kind::kDelivered:
      return CheckDelivered(evidence, check);
    case CheckSpec::Kind::kAnswered:
      return CheckAnswered(evidence, check);
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> NumberIn(const std::string& body, const std::vector<std::string>& fields) {
  std::string text = body;
  if (!fields.empty()) {
    const std::optional<std::string> found = FieldsOf(body, {fields.front()});
    if (!found.has_value()) return std::nullopt;
    text = found->substr(fields.front().size() + 1);
  }
  const size_t begin = text.find_first_of("-0123456789");
  if (begin == std::string::npos) return std::nullopt;
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data() + begin, text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

std::optional<Violation> RunChecks(const Evidence& evidence) {
  // If the platform is wrong, nothing else counts.
  if (const std::optional<ObjectLedger::Finding>& finding = evidence.nodes.objects.finding(); finding.has_value()) {
    return Violation{.check = finding->check, .subject = finding->subject, .message = finding->message};
  }
  if (!evidence.nodes.kv.problem().empty()) {
    return Violation{.check = "kv.read", .subject = "kv", .message = evidence.nodes.kv.problem()};
  }
  if (!evidence.nodes.crons.problem().empty()) {
    return Violation{.check = "cron.run", .subject = "cron", .message = evidence.nodes.crons.problem()};
  }
  if (const QueueLedger::Finding& finding = evidence.nodes.queues.finding(); !finding.check.empty()) {
    return Violation{.check = finding.check, .subject = "queue", .message = finding.message};
  }
  // Then what the scenario says: it is what its author wants to know.
  for (const CheckSpec& check : evidence.scenario.checks) {
    if (std::optional<Violation> failure = RunSpec(evidence, check)) return failure;
  }
  for (const auto check : {Hung, ExecutedTwice, AnsweredTwice, SocketBroken, Unexplained, SocketLost, Liveness, Probes, Stops}) {
    if (std::optional<Violation> failure = check(evidence)) return failure;
  }
  return std::nullopt;
}

}  // namespace edge::sim
