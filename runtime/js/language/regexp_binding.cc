// The RegExp class: constructor, exec, test, accessors, and the cache of compiled programs.
#include "runtime/js/language/regexp_binding.h"

#include <cmath>
#include <cstring>

#include "runtime/js/language/utf16.h"

namespace edge::js::language {
namespace {

void ReleaseRegExp(void* pointer) { delete static_cast<RegExp*>(pointer); }

regexp::StepHook::Decision OnSteps(void* context, uint64_t steps) {
  auto* state = static_cast<RegExpState*>(context);
  uint64_t units = steps;
  // The charge may throw the limit's error by longjmp; the matcher must be left in order first.
  const duk_int_t result = duk_safe_call(
      state->running,
      [](duk_context* ctx, void* udata) -> duk_ret_t {
        ChargeWork(ctx, *static_cast<uint64_t*>(udata));
        return 0;
      },
      &units, 0, 1);
  if (result == DUK_EXEC_SUCCESS) {
    duk_pop(state->running);
    return regexp::StepHook::Decision::kContinue;
  }
  state->stopped_with_error = true;  // the error stays on the stack
  return regexp::StepHook::Decision::kStop;
}

size_t HashOf(std::string_view key) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return (hash ^ hash >> 29) % RegExpState::kCacheSize;
}

// Compiles into the cache entry, or leaves the reason in state.message.
bool CompileInto(RegExpState& state, RegExpState::CacheEntry& entry, std::string_view pattern, std::string_view flags_text) {
  const auto flags = regexp::ParseFlags(flags_text);
  if (!flags.ok()) {
    state.message = std::string(flags.status().message());
    return false;
  }
  auto program = regexp::Program::Compile(ToUtf16(pattern), *flags, regexp::Limits());
  if (!program.ok()) {
    state.message = std::string(program.status().message());
    return false;
  }
  entry.program = *std::move(program);
  entry.key.assign(flags_text).append(1, '/').append(pattern);
  return true;
}

// [ ... pattern flags ] -> the same. The compiled program, which the cache keeps at least until the next call.
const std::shared_ptr<const regexp::Program>& Compile(duk_context* ctx) {
  RegExpState& state = RegExpStateOf(ctx);
  duk_size_t pattern_size;
  duk_size_t flags_size;
  const char* pattern = duk_require_lstring(ctx, -2, &pattern_size);
  const char* flags = duk_require_lstring(ctx, -1, &flags_size);
  state.text.assign(flags, flags_size).append(1, '/').append(pattern, pattern_size);
  RegExpState::CacheEntry& entry = state.cache[HashOf(state.text)];
  if (entry.program != nullptr && entry.key == state.text) return entry.program;
  ChargeWork(ctx, pattern_size * 16);
  if (!CompileInto(state, entry, {pattern, pattern_size}, {flags, flags_size})) {
    ThrowError(ctx, "SyntaxError", "%.*s", static_cast<int>(std::min<size_t>(state.message.size(), 1000)), state.message.data());
  }
  return entry.program;
}

// [ ... pattern flags ] -> [ ... ] with the RegExp object pushed. Inside a constructor the object gets new.target's prototype.
void Create(duk_context* ctx) {
  auto* regexp = new RegExp;
  PushNative(ctx, kRegExpType, regexp);
  duk_insert(ctx, -3);
  regexp->program = Compile(ctx);
  // [ ... regexp pattern flags ]
  duk_pop(ctx);
  SetSlot(ctx, -2, 0);
  Push(ctx, RegExpStateOf(ctx).last_index);
  duk_push_int(ctx, 0);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_HAVE_WEC | DUK_DEFPROP_WRITABLE);
}

bool IsRegExp(duk_context* ctx, duk_idx_t index) {
  if (!duk_is_object(ctx, index)) return false;
  duk_get_prop_string(ctx, index, DUK_WELLKNOWN_SYMBOL("Symbol.match"));
  const bool defined = !duk_is_undefined(ctx, -1);
  const bool truthy = duk_to_boolean(ctx, -1) != 0;
  duk_pop(ctx);
  return defined ? truthy : IsNative(ctx, index, kRegExpType);
}

// [ ... value ] -> [ ... string ]; undefined is "".
void ToStringOrEmpty(duk_context* ctx) {
  if (duk_is_undefined(ctx, -1)) {
    duk_pop(ctx);
    duk_push_string(ctx, "");
  } else {
    if (duk_is_symbol(ctx, -1)) ThrowError(ctx, "TypeError", "Cannot convert a Symbol value to a string");
    duk_to_string(ctx, -1);
  }
}

duk_ret_t Construct(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const bool is_regexp = IsRegExp(ctx, 0);
  if (!IsConstructing(ctx) && is_regexp && duk_is_undefined(ctx, 1)) {
    Push(ctx, StateOf(ctx).roots.constructor);
    duk_get_prop(ctx, 0);
    if (duk_get_heapptr(ctx, -1) == RegExpStateOf(ctx).constructor) {
      duk_dup(ctx, 0);
      return 1;
    }
    duk_pop(ctx);
  }
  if (auto* other = static_cast<RegExp*>(GetNative(ctx, 0, kRegExpType))) {
    if (duk_is_undefined(ctx, 1)) {
      RegExpStateOf(ctx).text = regexp::FlagsToString(other->program->flags());
      duk_push_lstring(ctx, RegExpStateOf(ctx).text.data(), RegExpStateOf(ctx).text.size());
      duk_replace(ctx, 1);
    }
    PushSlot(ctx, 0, 0);
  } else if (is_regexp) {
    if (duk_is_undefined(ctx, 1)) {
      duk_get_prop_string(ctx, 0, "flags");
      duk_replace(ctx, 1);
    }
    duk_get_prop_string(ctx, 0, "source");
  } else {
    duk_dup(ctx, 0);
  }
  ToStringOrEmpty(ctx);
  duk_dup(ctx, 1);
  ToStringOrEmpty(ctx);
  Create(ctx);
  return 1;
}

// edge.regexp(source, flags).
duk_ret_t EdgeRegExp(duk_context* ctx) {
  duk_set_top(ctx, 2);
  PushRegExp(ctx);
  return 1;
}

RegExp& ThisRegExp(duk_context* ctx, const char* method) {
  duk_push_this(ctx);
  auto* regexp = static_cast<RegExp*>(GetNative(ctx, -1, kRegExpType));
  if (regexp == nullptr) ThrowError(ctx, "TypeError", "Method RegExp.prototype.%s called on incompatible receiver", method);
  return *regexp;
}

// The match of RegExpBuiltinExec: [ string ... this ] with the string at 0 and the RegExp on top; updates lastIndex.
bool ExecBuiltin(duk_context* ctx, const RegExp& regexp, Subject& subject) {
  const duk_idx_t self = duk_get_top_index(ctx);
  const regexp::Flags& flags = regexp.program->flags();
  const bool uses_last_index = flags.global || flags.sticky;
  double last_index = uses_last_index ? GetLastIndex(ctx, self) : 0;
  subject = LoadSubject(ctx, 0);
  if (last_index > static_cast<double>(subject.length) ||
      !Match(ctx, *regexp.program, subject, static_cast<size_t>(last_index), regexp::ModeOf(flags))) {
    if (uses_last_index) SetLastIndex(ctx, self, 0);
    return false;
  }
  if (uses_last_index) SetLastIndex(ctx, self, static_cast<size_t>(RegExpStateOf(ctx).captures[1]));
  return true;
}

duk_ret_t Exec(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const RegExp& regexp = ThisRegExp(ctx, "exec");
  if (duk_is_symbol(ctx, 0)) ThrowError(ctx, "TypeError", "Cannot convert a Symbol value to a string");
  duk_to_string(ctx, 0);
  Subject subject;
  if (!ExecBuiltin(ctx, regexp, subject)) {
    duk_push_null(ctx);
    return 1;
  }
  PushMatchArray(ctx, *regexp.program, 0, subject);
  return 1;
}

duk_ret_t Test(duk_context* ctx) {
  duk_set_top(ctx, 1);
  duk_push_this(ctx);
  if (!duk_is_object(ctx, 1)) ThrowError(ctx, "TypeError", "RegExp.prototype.test called on incompatible receiver");
  duk_to_string(ctx, 0);
  if (const RegExp* regexp = PristineRegExp(ctx, 1)) {
    Subject subject;
    duk_push_boolean(ctx, ExecBuiltin(ctx, *regexp, subject) ? 1 : 0);
    return 1;
  }
  Push(ctx, RegExpStateOf(ctx).exec_name);
  duk_get_prop(ctx, 1);
  duk_dup(ctx, 1);
  duk_dup(ctx, 0);
  if (duk_is_callable(ctx, -3)) {
    duk_call_method(ctx, 1);
    if (!duk_is_object(ctx, -1) && !duk_is_null(ctx, -1)) ThrowError(ctx, "TypeError", "object null is not a function");
    duk_push_boolean(ctx, duk_is_null(ctx, -1) ? 0 : 1);
    return 1;
  }
  const RegExp& regexp = ThisRegExp(ctx, "test");
  Subject subject;
  duk_push_boolean(ctx, ExecBuiltin(ctx, regexp, subject) ? 1 : 0);
  return 1;
}

template <bool regexp::Flags::*flag>
duk_ret_t GetFlag(duk_context* ctx) {
  duk_push_this(ctx);
  if (auto* regexp = static_cast<RegExp*>(GetNative(ctx, -1, kRegExpType))) {
    duk_push_boolean(ctx, regexp->program->flags().*flag ? 1 : 0);
    return 1;
  }
  if (duk_get_heapptr(ctx, -1) == RegExpStateOf(ctx).prototype) return 0;
  ThrowError(ctx, "TypeError", "RegExp flag getter called on incompatible receiver");
}

duk_ret_t GetFlags(duk_context* ctx) {
  duk_push_this(ctx);
  if (!duk_is_object(ctx, -1)) ThrowError(ctx, "TypeError", "RegExp.prototype.flags getter called on non-object");
  if (const RegExp* regexp = PristineRegExp(ctx, -1)) {
    RegExpState& state = RegExpStateOf(ctx);
    state.text = regexp::FlagsToString(regexp->program->flags());
    duk_push_lstring(ctx, state.text.data(), state.text.size());
    return 1;
  }
  static constexpr struct {
    const char* name;
    char letter;
  } kFlags[] = {{"hasIndices", 'd'}, {"global", 'g'},  {"ignoreCase", 'i'},  {"multiline", 'm'},
                {"dotAll", 's'},     {"unicode", 'u'}, {"unicodeSets", 'v'}, {"sticky", 'y'}};
  char text[9];
  duk_size_t size = 0;
  for (const auto& flag : kFlags) {
    duk_get_prop_string(ctx, -1, flag.name);
    if (duk_to_boolean(ctx, -1)) text[size++] = flag.letter;
    duk_pop(ctx);
  }
  duk_push_lstring(ctx, text, size);
  return 1;
}

// EscapeRegExpPattern: what stands between the slashes of a literal.
duk_ret_t GetSource(duk_context* ctx) {
  duk_push_this(ctx);
  if (!IsNative(ctx, -1, kRegExpType)) {
    if (duk_get_heapptr(ctx, -1) != RegExpStateOf(ctx).prototype)
      ThrowError(ctx, "TypeError", "RegExp.prototype.source getter called on incompatible receiver");
    duk_push_string(ctx, "(?:)");
    return 1;
  }
  PushSlot(ctx, -1, 1);
  if (duk_is_string(ctx, -1)) return 1;
  duk_pop(ctx);
  PushSlot(ctx, -1, 0);
  duk_size_t size;
  const char* pattern = duk_get_lstring(ctx, -1, &size);
  std::string& text = RegExpStateOf(ctx).text;
  text.clear();
  bool in_class = false;
  for (size_t i = 0; i < size; ++i) {
    const char c = pattern[i];
    const std::string_view rest(pattern + i, size - i);
    if (c == '\n' || c == '\r') {
      // An escaped line break is the line break: drop the backslash in front.
      if (!text.empty() && text.back() == '\\') text.pop_back();
      text += c == '\n' ? "\\n" : "\\r";
    } else if (rest.substr(0, 3) == "\xE2\x80\xA8" || rest.substr(0, 3) == "\xE2\x80\xA9") {
      if (!text.empty() && text.back() == '\\') text.pop_back();
      text += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (c == '\\' && i + 1 < size && pattern[i + 1] != '\n' && pattern[i + 1] != '\r') {
      text += c;
      text += pattern[++i];
    } else if (c == '/' && !in_class) {
      text += "\\/";
    } else {
      in_class = c == '[' ? true : c == ']' ? false : in_class;
      text += c;
    }
  }
  if (text.empty()) text = "(?:)";
  duk_push_lstring(ctx, text.data(), text.size());
  duk_dup_top(ctx);
  SetSlot(ctx, -4, 1);
  return 1;
}

duk_ret_t ToString(duk_context* ctx) {
  duk_push_this(ctx);
  if (!duk_is_object(ctx, -1)) ThrowError(ctx, "TypeError", "RegExp.prototype.toString called on incompatible receiver");
  duk_push_string(ctx, "/");
  duk_get_prop_string(ctx, -2, "source");
  duk_push_string(ctx, "/");
  duk_get_prop_string(ctx, -4, "flags");
  duk_concat(ctx, 4);
  return 1;
}

duk_ret_t Compile_(duk_context* ctx) { ThrowError(ctx, "TypeError", "RegExp.prototype.compile is not supported by this runtime"); }

duk_ret_t Species(duk_context* ctx) {
  duk_push_this(ctx);
  return 1;
}

// (function): the generic algorithms, an object of functions.
duk_ret_t NativeSetSlow(duk_context* ctx) {
  duk_set_top(ctx, 1);
  RegExpStateOf(ctx).slow = KeepRoot(ctx);
  return 0;
}

// (value) -> is it a RegExp object made by this class (no Symbol.match involved).
duk_ret_t NativeIsRegExpObject(duk_context* ctx) {
  duk_push_boolean(ctx, IsNative(ctx, 0, kRegExpType) ? 1 : 0);
  return 1;
}

duk_ret_t NativeIsRegExp(duk_context* ctx) {
  duk_push_boolean(ctx, IsRegExp(ctx, 0) ? 1 : 0);
  return 1;
}

constexpr Method kMethods[] = {
    {"exec", Exec, 1},
    {"test", Test, 1},
    {"toString", ToString, 0},
    {"compile", Compile_, 2},
};

constexpr Accessor kAccessors[] = {
    {"dotAll", GetFlag<&regexp::Flags::dot_all>},
    {"flags", GetFlags},
    {"global", GetFlag<&regexp::Flags::global>},
    {"hasIndices", GetFlag<&regexp::Flags::has_indices>},
    {"ignoreCase", GetFlag<&regexp::Flags::ignore_case>},
    {"multiline", GetFlag<&regexp::Flags::multiline>},
    {"source", GetSource},
    {"sticky", GetFlag<&regexp::Flags::sticky>},
    {"unicode", GetFlag<&regexp::Flags::unicode>},
    {"unicodeSets", GetFlag<&regexp::Flags::unicode_sets>},
};

constexpr LibraryNative kNatives[] = {
    {"regexp", EdgeRegExp, 2},
    {"setRegExpSlow", NativeSetSlow, 1},
    {"isRegExpObject", NativeIsRegExpObject, 1},
    {"isRegExp", NativeIsRegExp, 1},
};

}  // namespace

const NativeType kRegExpType = {"RegExp", ReleaseRegExp, 2, KeepCopy<RegExp>};

RegExpState::RegExpState(const RegExpData& data) : RegExpData(data), matcher(regexp::MatchLimits(), regexp::StepHook{OnSteps, this}) {}

RegExpState& RegExpStateOf(duk_context* ctx) { return *StateOf(ctx).regexp; }

void PushRegExp(duk_context* ctx) { Create(ctx); }

Subject LoadSubject(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  Subject subject;
  duk_size_t size;
  const char* text = duk_require_lstring(ctx, index, &size);
  subject.bytes = {text, size};
  // The engine caches the length of a string in characters: ASCII is where it equals the length in bytes.
  if (duk_get_length(ctx, index) == size) {
    subject.length = size;
    return subject;
  }
  RegExpState& state = RegExpStateOf(ctx);
  void* address = duk_get_heapptr(ctx, index);
  if (state.subject != address) {
    ChargeWork(ctx, size);
    Push(ctx, state.subject_holder);
    duk_dup(ctx, index);
    SetSlot(ctx, -2, 0);
    duk_pop(ctx);
    state.subject = address;
    state.units = ToUtf16(subject.bytes);
    state.offsets.clear();
    state.offsets.reserve(state.units.size() + 1);
    for (size_t i = 0; i < size;) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      state.offsets.push_back(static_cast<uint32_t>(i));
      if (length == 4) state.offsets.push_back(static_cast<uint32_t>(i));
      i += length;
    }
    state.offsets.push_back(static_cast<uint32_t>(size));
  }
  subject.is_ascii = false;
  subject.units = &state.units;
  subject.offsets = &state.offsets;
  subject.length = state.units.size();
  return subject;
}

std::string_view BytesOf(const Subject& subject, size_t start, size_t end) {
  if (subject.is_ascii) return subject.bytes.substr(start, end - start);
  const size_t from = (*subject.offsets)[start];
  return subject.bytes.substr(from, (*subject.offsets)[end] - from);
}

void PushPiece(duk_context* ctx, const Subject& subject, size_t start, size_t end) {
  const std::string_view piece = BytesOf(subject, start, end);
  duk_push_lstring(ctx, piece.data(), piece.size());
}

bool Match(duk_context* ctx, const regexp::Program& program, const Subject& subject, size_t start, regexp::SearchMode mode) {
  RegExpState& state = RegExpStateOf(ctx);
  const size_t slots = 2 * program.capture_count();
  if (state.captures.size() < slots) state.captures.resize(slots);
  const absl::Span<int32_t> captures(state.captures.data(), slots);
  state.running = ctx;
  state.stopped_with_error = false;
  const regexp::MatchResult result = subject.is_ascii
                                         ? state.matcher.Match(program, subject.bytes, start, mode, captures)
                                         : state.matcher.Match(program, std::u16string_view(*subject.units), start, mode, captures);
  switch (result) {
    case regexp::MatchResult::kMatch:
      return true;
    case regexp::MatchResult::kNoMatch:
      return false;
    case regexp::MatchResult::kStopped:
      if (state.stopped_with_error) (void)duk_throw(ctx);
      ThrowError(ctx, "RangeError", "Regular expression match was stopped");
    case regexp::MatchResult::kOutOfSteps:
      ThrowError(ctx, "RangeError", "Regular expression match took too long");
    case regexp::MatchResult::kOutOfMemory:
      ThrowError(ctx, "RangeError", "Regular expression match needs too much memory");
  }
  return false;
}

void PushMatchArray(duk_context* ctx, const regexp::Program& program, duk_idx_t input, const Subject& subject) {
  const RegExpState& state = RegExpStateOf(ctx);
  const uint32_t count = program.capture_count();
  const duk_idx_t result = duk_push_array(ctx);
  for (uint32_t i = 0; i < count; ++i) {
    if (state.captures[2 * i] < 0) {
      duk_push_undefined(ctx);
    } else {
      PushPiece(ctx, subject, static_cast<size_t>(state.captures[2 * i]), static_cast<size_t>(state.captures[2 * i + 1]));
    }
    duk_put_prop_index(ctx, result, i);
  }
  Push(ctx, state.index);
  duk_push_int(ctx, state.captures[0]);
  duk_put_prop(ctx, result);
  Push(ctx, state.input);
  duk_dup(ctx, input);
  duk_put_prop(ctx, result);
  // The index of the group that a name stands for in this match.
  const auto index_of = [&](const auto& group) {
    for (const uint32_t index : group.indices) {
      if (state.captures[2 * index] >= 0) return index;
    }
    return static_cast<uint32_t>(group.indices.front());
  };
  const bool named = !program.group_names().empty();
  const auto push_name = [&](const auto& group) {
    std::string& text = RegExpStateOf(ctx).text;
    text = ToCesu8(group.name);
    duk_push_lstring(ctx, text.data(), text.size());
  };
  Push(ctx, state.groups);
  if (named) {
    duk_push_bare_object(ctx);
    for (const auto& group : program.group_names()) {
      push_name(group);
      duk_get_prop_index(ctx, result, index_of(group));
      duk_put_prop(ctx, -3);
    }
  } else {
    duk_push_undefined(ctx);
  }
  duk_put_prop(ctx, result);
  if (!program.flags().has_indices) return;
  const duk_idx_t indices = duk_push_array(ctx);
  for (uint32_t i = 0; i < count; ++i) {
    if (state.captures[2 * i] < 0) {
      duk_push_undefined(ctx);
    } else {
      duk_push_array(ctx);
      duk_push_int(ctx, state.captures[2 * i]);
      duk_put_prop_index(ctx, -2, 0);
      duk_push_int(ctx, state.captures[2 * i + 1]);
      duk_put_prop_index(ctx, -2, 1);
    }
    duk_put_prop_index(ctx, indices, i);
  }
  Push(ctx, state.groups);
  if (named) {
    duk_push_bare_object(ctx);
    for (const auto& group : program.group_names()) {
      push_name(group);
      duk_get_prop_index(ctx, indices, index_of(group));
      duk_put_prop(ctx, -3);
    }
  } else {
    duk_push_undefined(ctx);
  }
  duk_put_prop(ctx, indices);
  duk_put_prop_string(ctx, result, "indices");
}

size_t AdvanceIndex(const Subject& subject, size_t position, bool full_unicode) {
  if (!full_unicode || subject.is_ascii || position + 1 >= subject.length) return position + 1;
  const char16_t first = (*subject.units)[position];
  const char16_t second = (*subject.units)[position + 1];
  const bool pair = first >= 0xD800 && first < 0xDC00 && second >= 0xDC00 && second < 0xE000;
  return position + (pair ? 2 : 1);
}

void SetLastIndex(duk_context* ctx, duk_idx_t index, size_t value) {
  index = duk_normalize_index(ctx, index);
  Push(ctx, RegExpStateOf(ctx).last_index);
  duk_push_number(ctx, static_cast<double>(value));
  duk_put_prop(ctx, index);
}

double GetLastIndex(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  Push(ctx, RegExpStateOf(ctx).last_index);
  duk_get_prop(ctx, index);
  const double value = duk_to_number(ctx, -1);
  duk_pop(ctx);
  if (!(value >= 1)) return 0;
  return std::min(std::floor(value), 9007199254740991.0);
}

RegExp* PristineRegExp(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  auto* regexp = static_cast<RegExp*>(GetNative(ctx, index, kRegExpType));
  if (regexp == nullptr) return nullptr;
  const RegExpState& state = RegExpStateOf(ctx);
  duk_get_prototype(ctx, index);
  Push(ctx, state.exec_name);
  duk_get_prop(ctx, index);
  const bool pristine = duk_get_heapptr(ctx, -2) == state.prototype && duk_get_heapptr(ctx, -1) == state.exec;
  duk_pop_2(ctx);
  return pristine ? regexp : nullptr;
}

void InstallRegExp(duk_context* ctx) {
  State& owner = StateOf(ctx);
  owner.regexp = std::make_shared<RegExpState>();
  RegExpState& state = *owner.regexp;
  state.subject_holder = NewHolder(ctx, 1);
  const auto intern = [&](const char* text) {
    duk_push_string(ctx, text);
    return KeepRoot(ctx);
  };
  state.last_index = intern("lastIndex");
  state.exec_name = intern("exec");
  state.index = intern("index");
  state.input = intern("input");
  state.groups = intern("groups");
  DefineClass(ctx, {.type = &kRegExpType,
                    .name = "RegExp",
                    .construct = Construct,
                    .construct_length = 2,
                    .methods = kMethods,
                    .accessors = kAccessors,
                    .members = Class::Members::kEcmaScriptHidden});
  duk_push_string(ctx, DUK_WELLKNOWN_SYMBOL("Symbol.species"));
  duk_push_c_function(ctx, Species, 0);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  PushPrototype(ctx, kRegExpType);
  for (const Method& method : RegExpFastMethods()) {
    duk_push_sprintf(ctx, "\x81Symbol.%s\xff", method.name);
    duk_push_c_function(ctx, method.function, DUK_VARARGS);
    duk_push_string(ctx, "name");
    duk_push_sprintf(ctx, "[Symbol.%s]", method.name);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
    duk_push_string(ctx, "length");
    duk_push_int(ctx, method.length);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_FORCE);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  }
  duk_get_prop_string(ctx, -1, "exec");
  state.exec = KeepRoot(ctx);
  state.prototype = KeepRoot(ctx);
  duk_dup_top(ctx);
  state.constructor = KeepRoot(ctx);
  duk_push_global_object(ctx);
  duk_insert(ctx, -2);
  duk_push_string(ctx, "RegExp");
  duk_insert(ctx, -2);
  duk_def_prop(
      ctx, -3,
      DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE | DUK_DEFPROP_FORCE);
  duk_pop(ctx);
  InstallStringDispatch(ctx);
}

std::span<const LibraryNative> RegExpNatives() { return kNatives; }

}  // namespace edge::js::language
