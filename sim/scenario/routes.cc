#include "sim/scenario/routes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "runtime/base/str_cat.h"
#include "sim/scenario/example_path.h"
#include "sim/scenario/script_tokens.h"

namespace edge::sim {
namespace {

// Bounds for scripts that are made to be slow: what lies beyond is not found.
constexpr size_t kFoundMax = 4096;
constexpr size_t kDepthMax = 10'000;   // of brackets
constexpr size_t kMountsMax = 4;       // of one router
constexpr size_t kMountStepsMax = 64;  // of one route
constexpr size_t kLookAheadTokens = 64;
constexpr size_t kListMax = 32;

struct RouterMethod {
  std::string_view name;
  std::string_view method;
};
constexpr std::array<RouterMethod, 9> kRouterMethods = {{{"get", "GET"},
                                                         {"post", "POST"},
                                                         {"put", "PUT"},
                                                         {"delete", "DELETE"},
                                                         {"patch", "PATCH"},
                                                         {"head", "HEAD"},
                                                         {"options", "OPTIONS"},
                                                         {"all", ""},
                                                         {"any", ""}}};

bool IsKeyword(std::string_view word) {
  constexpr std::array<std::string_view, 18> kWords = {"return", "typeof",   "case", "in",  "of",     "delete",
                                                       "void",   "throw",    "else", "do",  "yield",  "await",
                                                       "const",  "function", "let",  "var", "export", "default"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

// Whether a variable or property of this name holds a request's path.
bool IsPathName(std::string_view word) {
  std::string lower;
  for (const char c : word) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower.find("path") != std::string::npos || lower == "route" || lower == "uri";
}

bool IsMethodName(std::string_view text) {
  return !text.empty() && text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// "/api/*" and "/" give "/api/".
std::string Join(std::string_view prefix, std::string_view path) {
  if (prefix.ends_with('*')) prefix.remove_suffix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (path == "/" && !prefix.empty()) path = "";
  const std::string_view between = path.empty() || path.starts_with('/') ? "" : "/";
  return StrCat(prefix, between, path);
}

class RouteFinder {
 public:
  explicit RouteFinder(std::string_view script) : script_(script), tokens_(Tokenize(script)) {}

  std::vector<RouteGuess> Run() {
    frames_.emplace_back();
    for (at_ = 0; at_ < tokens_.size() && found_.size() < kFoundMax && frames_.size() < kDepthMax; ++at_) Step();
    return Resolve();
  }

 private:
  using Kind = ScriptToken::Kind;

  // An open bracket, and what is known of the expression that is being read in it.
  struct Frame {
    bool of_a_call = false;    // or an index: what stood before goes on after it
    bool is_switch = false;    // switch (...)
    std::string mounts_on;     // within the arguments of .route(prefix, ...): what new routers are mounted on
    std::string mount_prefix;  // ... and where
    std::string switched_on;   // { } of a switch: the last word of what it switches on
    std::string router;        // which router the expression so far is; empty: none
    std::string assigned_to;   // "b" in b = a.basePath("/x"), until that makes a router
    std::string_view last_word;
    bool made_by_new = false;
    bool fresh = false;  // the router was made at the beginning of this very expression
  };
  struct Found {
    std::string method;
    std::string pattern;
    std::string router;
    size_t offset;
  };
  struct Mount {
    std::string on;
    std::string prefix;
  };

  const ScriptToken& Token(ptrdiff_t offset) const {
    static const ScriptToken kNone;
    const ptrdiff_t index = static_cast<ptrdiff_t>(at_) + offset;
    return index < 0 || index >= static_cast<ptrdiff_t>(tokens_.size()) ? kNone : tokens_[static_cast<size_t>(index)];
  }
  Frame& Here() { return frames_.back(); }

  void Step() {
    const ScriptToken& token = Token(0);
    switch (token.kind) {
      case Kind::kWord:
        return Word(token.text);
      case Kind::kString:
        String(token);
        Here().router.clear();
        return;
      case Kind::kOther:
        Here().router.clear();
        return;
      case Kind::kPunctuator:
        break;
    }
    if (token.Is("(") || token.Is("[") || token.Is("{")) return Open(token);
    if (token.Is(")") || token.Is("]") || token.Is("}")) return Close(token);
    if (token.Is(".") || token.Is("?.")) return;
    EndExpression();
  }

  void EndExpression() {
    Here().router.clear();
    Here().assigned_to.clear();
    Here().made_by_new = false;
    Here().fresh = false;
  }

  bool AfterDot() const { return Token(-1).Is(".") || Token(-1).Is("?."); }

  void Word(std::string_view word) {
    Frame& frame = Here();
    frame.last_word = word;
    if (AfterDot()) return;
    if (word == "new") {
      frame.made_by_new = true;
      return;
    }
    if (IsKeyword(word)) return EndExpression();
    const ptrdiff_t before = frame.made_by_new ? -2 : -1;
    const bool initializes = Token(before).Is("=") && Token(before - 1).kind == Kind::kWord && !Token(before - 2).Is(".");
    const bool fresh = frame.made_by_new || (initializes && Token(1).Is("("));
    frame.made_by_new = false;
    frame.assigned_to.clear();
    frame.fresh = fresh;
    if (fresh && initializes) {
      frame.router = std::string(Token(before - 1).text);
    } else if (fresh) {
      frame.router = Anonymous();
      if (!frame.mounts_on.empty()) AddMount(frame.router, frame.mounts_on, frame.mount_prefix);
    } else {
      frame.router = std::string(word);
      if (initializes) frame.assigned_to = std::string(Token(-2).text);
    }
    if (fresh && Token(1).Is("(")) ReadOptions(frame.router);
  }

  // A name that no variable can have.
  std::string Anonymous() { return StrCat("@", ++anonymous_); }

  // Router({ base: "/api" })
  void ReadOptions(const std::string& router) {
    if (!Token(2).Is("{")) return;
    for (ptrdiff_t i = 3; i < static_cast<ptrdiff_t>(kListMax); ++i) {
      if (Token(i).Is("}") || Token(i).Is("{") || Token(i).Is("(")) return;
      if (!Token(i).IsWord("base") || !Token(i + 1).Is(":") || Token(i + 2).kind != Kind::kString) continue;
      if (std::string base = StringValue(Token(i + 2)); base.starts_with('/')) bases_[router] = std::move(base);
      return;
    }
  }

  void Open(const ScriptToken& token) {
    Frame& frame = Here();
    const ScriptToken& before = Token(-1);
    const bool is_value = (before.kind == Kind::kWord && (AfterDotAt(-1) || !IsKeyword(before.text))) || before.Is(")") || before.Is("]");
    Frame inner;
    inner.of_a_call = is_value && !token.Is("{");
    inner.is_switch = token.Is("(") && before.IsWord("switch");
    if (token.Is("{")) inner.switched_on = std::exchange(switched_on_, {});
    if (token.Is("(") && before.kind == Kind::kWord && AfterDotAt(-1)) Call(before.text, frame, inner);
    if (token.Is("(") && before.IsWord("URLPattern")) PatternOf(1);
    if (!inner.of_a_call) EndExpression();
    frames_.push_back(std::move(inner));
  }

  bool AfterDotAt(ptrdiff_t offset) const { return Token(offset - 1).Is(".") || Token(offset - 1).Is("?."); }

  void Close(const ScriptToken& token) {
    if (frames_.size() == 1) return EndExpression();  // malformed
    const Frame closed = std::move(frames_.back());
    frames_.pop_back();
    if (closed.is_switch && token.Is(")")) switched_on_ = std::string(closed.last_word);
    if (closed.of_a_call) return;
    EndExpression();
    if (token.Is(")")) Here().router = closed.router;
  }

  // One string or a list of strings at `offset`, which then is the token behind; empty: something else.
  std::vector<std::string> Strings(ptrdiff_t& offset) const {
    std::vector<std::string> values;
    if (Token(offset).kind == Kind::kString) {
      values.push_back(StringValue(Token(offset++)));
      return values;
    }
    if (!Token(offset).Is("[")) return values;
    for (ptrdiff_t i = offset + 1; values.size() < kListMax; i += 2) {
      if (Token(i).kind != Kind::kString) return {};
      values.push_back(StringValue(Token(i)));
      if (Token(i + 1).Is("]")) {
        offset = i + 2;
        return values;
      }
      if (!Token(i + 1).Is(",")) return {};
    }
    return {};
  }

  static bool ArePaths(std::span<const std::string> values) {
    return !values.empty() && std::all_of(values.begin(), values.end(), [](const std::string& value) { return value.starts_with('/'); });
  }

  // At the parenthesis of `.name(`.
  void Call(std::string_view name, Frame& frame, Frame& arguments) {
    ptrdiff_t next = 1;
    const std::vector<std::string> first = Strings(next);
    if (first.empty()) return;
    const bool more = Token(next).Is(",");
    if (name == "startsWith") {
      if (Token(-3).kind == Kind::kWord && IsPathName(Token(-3).text) && first[0].starts_with('/')) {
        Compared(first[0].ends_with('/') ? first[0] + "*" : first[0]);
      }
      return;
    }
    if (more && std::all_of(first.begin(), first.end(), IsMethodName)) {
      // .on("PURGE", "/x", ...), .add(["GET", "HEAD"], ["/x", "/y"], ...)
      ptrdiff_t behind = next + 1;
      const std::vector<std::string> paths = Strings(behind);
      if (!ArePaths(paths)) return;
      for (const std::string& path : paths) {
        for (const std::string& method : first) Add(method, path, RouterOf(frame));
      }
      return;
    }
    if (!ArePaths(first)) return;
    if (name == "basePath") return BasePath(first[0], frame);
    if (name == "route" && more) return Route(first[0], next + 1, frame, arguments);
    if (name == "mount" || name == "route") return Add("", first[0], RouterOf(frame));
    for (const RouterMethod& known : kRouterMethods) {
      if (known.name != name || !more) continue;
      for (const std::string& path : first) Add(known.method, path, RouterOf(frame));
    }
  }

  // The router that the expression is; if it is also given a name, the name is good for it too.
  std::string RouterOf(Frame& frame) {
    if (!frame.assigned_to.empty() && frame.assigned_to != frame.router) {
      AddMount(frame.assigned_to, frame.router, "");
      frame.assigned_to.clear();
    }
    return frame.router;
  }

  // x.basePath("/v1"): a router of its own.
  void BasePath(const std::string& prefix, Frame& frame) {
    // var a = new Hono().basePath("/v1"): there is only the one, and it has the name already.
    if (frame.fresh) {
      bases_[frame.router] = Join(bases_[frame.router], prefix);
      return;
    }
    std::string made = frame.assigned_to.empty() ? Anonymous() : std::exchange(frame.assigned_to, {});
    AddMount(made, frame.router, prefix);
    frame.router = std::move(made);
  }

  // .route("/prefix", child) or .route("/prefix", new Router()...)
  void Route(const std::string& prefix, ptrdiff_t child, Frame& frame, Frame& arguments) {
    const std::string router = RouterOf(frame);
    if (Token(child).kind == Kind::kWord && !Token(child).IsWord("new") && !IsKeyword(Token(child).text)) {
      AddMount(std::string(Token(child).text), router, prefix);
      return;
    }
    arguments.mounts_on = router;
    arguments.mount_prefix = prefix;
  }

  void AddMount(const std::string& child, const std::string& on, std::string_view prefix) {
    if (child == on) return;
    std::vector<Mount>& mounts = mounts_[child];
    if (mounts.size() < kMountsMax) mounts.push_back({on, std::string(prefix)});
  }

  void Add(std::string_view method, const std::string& pattern, const std::string& router) {
    if (found_.size() < kFoundMax) found_.push_back({std::string(method), pattern, router, Token(0).offset});
  }

  static bool IsEquality(const ScriptToken& token) { return token.Is("===") || token.Is("==") || token.Is("!==") || token.Is("!="); }

  void String(const ScriptToken& token) {
    if (!token.text.substr(1).starts_with('/')) return;
    const std::string value = StringValue(token);
    // What every path is compared with, to leave out one, is no route.
    if (value == "/" && (Token(-1).Is("!==") || Token(-1).Is("!=") || Token(1).Is("!==") || Token(1).Is("!="))) return;
    const bool is_concrete = value.find('*') == std::string::npos && value.find("//") == std::string::npos;
    if (Token(-1).Is(":") && Token(-2).IsWord("pathname")) {
      // new URLPattern({ pathname: "/x/:id" })
      Add("", value, "");
    } else if (Token(-1).IsWord("case") && Token(1).Is(":")) {
      if (is_concrete && (value.size() > 1 || IsPathName(Here().switched_on))) Compared(value);
    } else if (IsEquality(Token(-1)) && Token(-2).kind == Kind::kWord) {
      if (is_concrete && IsPathName(Token(-2).text)) Compared(value);
    } else if (IsEquality(Token(1)) && Token(2).kind == Kind::kWord) {
      ptrdiff_t last = 2;
      while (last < 12 && Token(last + 1).Is(".") && Token(last + 2).kind == Kind::kWord) last += 2;
      if (is_concrete && IsPathName(Token(last).text)) Compared(value);
    }
  }

  void PatternOf(ptrdiff_t offset) {
    if (Token(offset).kind != Kind::kString) return;
    if (const std::string value = StringValue(Token(offset)); value.starts_with('/')) Add("", value, "");
  }

  // The path is compared with `pattern`: which methods go with it?
  void Compared(const std::string& pattern) {
    const std::set<std::string> methods = MethodsAround();
    if (methods.empty()) return Add("", pattern, "");
    for (const std::string& method : methods) Add(method, pattern, "");
  }

  // method === "POST", the other way round, or with a negation in front of a refusal.
  std::string MethodAt(ptrdiff_t offset) const {
    if (!IsEquality(Token(offset))) return "";
    for (const ptrdiff_t side : {offset - 1, offset + 1}) {
      const ScriptToken& string = Token(side);
      if (string.kind != Kind::kString) continue;
      ptrdiff_t word = side < offset ? offset + 1 : offset - 1;
      while (side < offset && word < offset + 8 && Token(word + 1).Is(".")) word += 2;
      if (!Token(word).IsWord("method")) continue;
      if (std::string value = StringValue(string); IsMethodName(value)) return value;
    }
    return "";
  }

  // In the same condition, else in what follows: up to the end of the block, or the next case.
  std::set<std::string> MethodsAround() const {
    for (ptrdiff_t i = -1; i > -static_cast<ptrdiff_t>(kLookAheadTokens) / 4; --i) {
      if (Token(i).Is("{") || Token(i).Is("}") || Token(i).Is(";") || Token(i).Is("||") || Token(i).IsWord("case")) break;
      if (std::string method = MethodAt(i); !method.empty()) return {method};
    }
    std::set<std::string> methods;
    const bool of_a_case = Token(-1).IsWord("case");
    bool in_condition = !of_a_case;
    ptrdiff_t depth = 0;
    for (ptrdiff_t i = 1; i < static_cast<ptrdiff_t>(kLookAheadTokens); ++i) {
      const ScriptToken& token = Token(i);
      if (token.text.empty() || token.IsWord("case") || (in_condition && token.Is("||"))) break;
      if (depth == 0 && token.IsWord("else") && !of_a_case) break;
      if (IsEquality(token) && Token(i - 1).kind == Kind::kWord && IsPathName(Token(i - 1).text)) break;
      if (std::string method = MethodAt(i); !method.empty()) {
        methods.insert(std::move(method));
        if (in_condition) break;
      }
      if (token.Is("{")) {
        ++depth;
        in_condition = false;
      }
      if (token.Is("}") && (--depth < 0 || (depth == 0 && !of_a_case))) break;
      if (token.Is(";") && depth == 0 && !Token(i + 1).IsWord("if")) break;
    }
    return methods;
  }

  // All that is before the paths of a router.
  std::vector<std::string> PrefixesOf(const std::string& router) const {
    std::vector<std::string> prefixes;
    struct Climb {
      std::string at;
      std::string below;
      size_t height;
    };
    std::vector<Climb> open = {{router, "", 0}};
    for (size_t steps = 0; !open.empty() && steps < kMountStepsMax && prefixes.size() < kMountsMax; ++steps) {
      Climb climb = std::move(open.back());
      open.pop_back();
      if (const auto base = bases_.find(climb.at); base != bases_.end()) climb.below = Join(base->second, climb.below);
      const auto mounts = mounts_.find(climb.at);
      if (mounts == mounts_.end()) {
        prefixes.push_back(std::move(climb.below));
        continue;
      }
      if (climb.height >= kMountsMax * 2) continue;  // a circle
      for (auto mount = mounts->second.rbegin(); mount != mounts->second.rend(); ++mount) {
        open.push_back({mount->on, Join(mount->prefix, climb.below), climb.height + 1});
      }
    }
    return prefixes;
  }

  std::vector<RouteGuess> Resolve() {
    std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.offset < b.offset; });
    std::vector<RouteGuess> guesses;
    std::set<std::pair<std::string, std::string>> known;  // path, method
    std::set<std::string> with_method;
    size_t line = 1;
    size_t counted = 0;
    for (const Found& found : found_) {
      line += static_cast<size_t>(
          std::count(script_.begin() + static_cast<ptrdiff_t>(counted), script_.begin() + static_cast<ptrdiff_t>(found.offset), '\n'));
      counted = found.offset;
      for (const std::string& prefix : PrefixesOf(found.router)) {
        std::string pattern = Join(prefix, found.pattern);
        std::string path = ExamplePath(pattern);
        if (path.empty() || !known.emplace(path, found.method).second) continue;
        if (!found.method.empty()) with_method.insert(path);
        guesses.push_back({.method = found.method,
                           .path = std::move(path),
                           .pattern = std::move(pattern),
                           .where = StrCat("line ", line, " of the script")});
      }
    }
    std::erase_if(guesses, [&](const RouteGuess& guess) { return guess.method.empty() && with_method.contains(guess.path); });
    if (guesses.size() > kRoutesMax) guesses.resize(kRoutesMax);
    return guesses;
  }

  const std::string_view script_;
  const std::vector<ScriptToken> tokens_;
  size_t at_ = 0;
  std::vector<Frame> frames_;
  std::string switched_on_;  // between switch (...) and its brace
  uint64_t anonymous_ = 0;
  std::vector<Found> found_;
  std::map<std::string, std::string> bases_;
  std::map<std::string, std::vector<Mount>> mounts_;
};

}  // namespace

std::vector<RouteGuess> FindRoutes(std::string_view script) { return RouteFinder(script).Run(); }

}  // namespace edge::sim
