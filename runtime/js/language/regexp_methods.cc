// RegExp.prototype[Symbol.match, replace, search, split]: native loops for RegExps that nobody patched or subclassed. Everything else takes
// the generic algorithms of runtime/js/lib/regexp.js, which call `exec` as the language says. The results are the same; only the loops
// differ.
#include <algorithm>
#include <cstring>

#include "runtime/js/language/regexp_binding.h"
#include "runtime/js/language/utf16.h"

namespace edge::js::language {
namespace {

// [ arguments... ] with `count` arguments -> calls slow[name](this, arguments...) and returns its result.
duk_ret_t CallSlow(duk_context* ctx, const char* name, duk_idx_t count) {
  duk_set_top(ctx, count);
  Push(ctx, RegExpStateOf(ctx).slow);
  duk_get_prop_string(ctx, -1, name);
  duk_remove(ctx, -2);
  duk_insert(ctx, 0);
  duk_push_this(ctx);
  duk_insert(ctx, 1);
  duk_call(ctx, count + 1);
  return 1;
}

// The pristine RegExp `this` that the fast loops take: not sticky, and lastIndex not watched. Pushes `this`. Null: take the generic way.
const RegExp* PushFastThis(duk_context* ctx) {
  duk_push_this(ctx);
  const RegExp* regexp = PristineRegExp(ctx, -1);
  return regexp == nullptr || regexp->program->flags().sticky ? nullptr : regexp;
}

void ToStringArgument(duk_context* ctx, duk_idx_t index) {
  if (duk_is_symbol(ctx, index)) ThrowError(ctx, "TypeError", "Cannot convert a Symbol value to a string");
  duk_to_string(ctx, index);
}

duk_ret_t FastMatch(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const RegExp* regexp = PushFastThis(ctx);
  if (regexp == nullptr) return CallSlow(ctx, "match", 1);
  ToStringArgument(ctx, 0);
  const regexp::Program& program = *regexp->program;
  const RegExpState& state = RegExpStateOf(ctx);
  const Subject subject = LoadSubject(ctx, 0);
  if (!program.flags().global) {
    if (Match(ctx, program, subject, 0, regexp::SearchMode::kSearch)) {
      PushMatchArray(ctx, program, 0, subject);
    } else {
      duk_push_null(ctx);
    }
    return 1;
  }
  SetLastIndex(ctx, 1, 0);
  duk_push_array(ctx);
  duk_uarridx_t count = 0;
  for (size_t position = 0; position <= subject.length && Match(ctx, program, subject, position, regexp::SearchMode::kSearch);) {
    const auto start = static_cast<size_t>(state.captures[0]);
    const auto end = static_cast<size_t>(state.captures[1]);
    PushPiece(ctx, subject, start, end);
    duk_put_prop_index(ctx, 2, count++);
    position = end == start ? AdvanceIndex(subject, end, program.flags().full_unicode()) : end;
  }
  if (count == 0) duk_push_null(ctx);
  return 1;
}

duk_ret_t FastSearch(duk_context* ctx) {
  duk_set_top(ctx, 1);
  const RegExp* regexp = PushFastThis(ctx);
  if (regexp == nullptr) return CallSlow(ctx, "search", 1);
  ToStringArgument(ctx, 0);
  const Subject subject = LoadSubject(ctx, 0);
  const bool found = Match(ctx, *regexp->program, subject, 0, regexp::SearchMode::kSearch);
  duk_push_int(ctx, found ? RegExpStateOf(ctx).captures[0] : -1);
  return 1;
}

// Appends what `replacement` ($$ $& $` $' $n $<name>) means for the current match.
void AppendSubstitution(std::string& out, const regexp::Program& program, const RegExpState& state, const Subject& subject,
                        std::string_view replacement) {
  const auto group = [&](uint32_t i) {
    if (state.captures[2 * i] < 0) return std::string_view();
    return BytesOf(subject, static_cast<size_t>(state.captures[2 * i]), static_cast<size_t>(state.captures[2 * i + 1]));
  };
  const uint32_t groups = program.capture_count();
  const auto digit = [&](size_t i) {
    return i < replacement.size() && replacement[i] >= '0' && replacement[i] <= '9' ? replacement[i] - '0' : -1;
  };
  for (size_t i = 0; i < replacement.size();) {
    const size_t dollar = replacement.find('$', i);
    if (dollar == std::string_view::npos || dollar + 1 >= replacement.size()) {
      out.append(replacement.substr(i));
      return;
    }
    out.append(replacement.substr(i, dollar - i));
    i = dollar + 2;
    const char kind = replacement[dollar + 1];
    if (kind == '$') {
      out.push_back('$');
    } else if (kind == '&') {
      out.append(group(0));
    } else if (kind == '`') {
      out.append(BytesOf(subject, 0, static_cast<size_t>(state.captures[0])));
    } else if (kind == '\'') {
      out.append(BytesOf(subject, static_cast<size_t>(state.captures[1]), subject.length));
    } else if (digit(dollar + 1) >= 0) {
      const uint32_t one = static_cast<uint32_t>(digit(dollar + 1));
      const uint32_t two = digit(i) >= 0 ? one * 10 + static_cast<uint32_t>(digit(i)) : 0;
      if (two >= 1 && two < groups) {
        out.append(group(two));
        ++i;
      } else if (one >= 1 && one < groups) {
        out.append(group(one));
      } else {
        out.append(replacement.substr(dollar, 2));
      }
    } else if (kind == '<' && !program.group_names().empty()) {
      const size_t close = replacement.find('>', i);
      if (close == std::string_view::npos) {
        out.append("$<");
        continue;
      }
      const std::u16string name = ToUtf16(replacement.substr(i, close - i));
      for (const auto& named : program.group_names()) {
        if (named.name != name) continue;
        for (const uint32_t index : named.indices) out.append(group(index));
      }
      i = close + 1;
    } else {
      out.push_back('$');
      i = dollar + 1;
    }
  }
}

// Stack of a running replace: [ string replacement this ... ].
duk_ret_t ReplaceWithText(duk_context* ctx, const regexp::Program& program) {
  RegExpState& state = RegExpStateOf(ctx);
  duk_size_t replacement_size;
  const char* replacement = duk_require_lstring(ctx, 1, &replacement_size);
  const bool plain = std::string_view(replacement, replacement_size).find('$') == std::string_view::npos;
  const Subject subject = LoadSubject(ctx, 0);
  std::string& out = state.text;
  out.clear();
  size_t copied = 0;
  bool found = false;
  for (size_t position = 0; position <= subject.length && Match(ctx, program, subject, position, regexp::SearchMode::kSearch);) {
    found = true;
    const auto start = static_cast<size_t>(state.captures[0]);
    const auto end = static_cast<size_t>(state.captures[1]);
    out.append(BytesOf(subject, copied, start));
    if (plain) {
      out.append(replacement, replacement_size);
    } else {
      AppendSubstitution(out, program, state, subject, {replacement, replacement_size});
    }
    copied = end;
    if (out.size() > kStringBytesMax) ThrowError(ctx, "RangeError", "Invalid string length");
    if (!program.flags().global) break;
    position = end == start ? AdvanceIndex(subject, end, program.flags().full_unicode()) : end;
  }
  if (!found) {
    duk_dup(ctx, 0);
    return 1;
  }
  out.append(BytesOf(subject, copied, subject.length));
  duk_push_lstring(ctx, out.data(), out.size());
  return 1;
}

// [ ... pieces ] with `count` pieces on top -> [ ... one piece ] when there are many, so that the value stack stays small.
void JoinIfMany(duk_context* ctx, duk_idx_t base) {
  constexpr duk_idx_t kPiecesMax = 256;
  if (duk_get_top(ctx) - base < kPiecesMax) return;
  duk_concat(ctx, duk_get_top(ctx) - base);
}

duk_ret_t ReplaceWithFunction(duk_context* ctx, const regexp::Program& program) {
  const RegExpState& state = RegExpStateOf(ctx);
  const bool named = !program.group_names().empty();
  const duk_idx_t base = duk_get_top(ctx);
  duk_push_string(ctx, "");
  size_t copied = 0;
  size_t position = 0;
  for (;;) {
    // The function may have matched other things: the subject is loaded and matched again from where we stand.
    Subject subject = LoadSubject(ctx, 0);
    if (position > subject.length || !Match(ctx, program, subject, position, regexp::SearchMode::kSearch)) break;
    const auto start = static_cast<size_t>(state.captures[0]);
    const auto end = static_cast<size_t>(state.captures[1]);
    PushPiece(ctx, subject, copied, start);
    duk_require_stack(ctx, static_cast<duk_idx_t>(program.capture_count()) + 16);
    duk_dup(ctx, 1);
    if (named) {
      PushMatchArray(ctx, program, 0, subject);
      duk_get_prop_string(ctx, -1, "groups");
      duk_remove(ctx, -2);
      duk_insert(ctx, -2);
    }
    // [ ... piece (groups) function ]
    for (uint32_t i = 0; i < program.capture_count(); ++i) {
      if (state.captures[2 * i] < 0) {
        duk_push_undefined(ctx);
      } else {
        PushPiece(ctx, subject, static_cast<size_t>(state.captures[2 * i]), static_cast<size_t>(state.captures[2 * i + 1]));
      }
    }
    duk_push_number(ctx, static_cast<double>(start));
    duk_dup(ctx, 0);
    duk_idx_t count = static_cast<duk_idx_t>(program.capture_count()) + 2;
    if (named) {
      duk_pull(ctx, -count - 2);
      ++count;
    }
    copied = end;
    position = end == start ? AdvanceIndex(subject, end, program.flags().full_unicode()) : end;
    duk_call(ctx, count);
    ToStringArgument(ctx, -1);
    JoinIfMany(ctx, base);
    if (!program.flags().global) break;
  }
  const Subject subject = LoadSubject(ctx, 0);
  PushPiece(ctx, subject, copied, subject.length);
  duk_concat(ctx, duk_get_top(ctx) - base);
  return 1;
}

duk_ret_t FastReplace(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const RegExp* regexp = PushFastThis(ctx);
  if (regexp == nullptr) return CallSlow(ctx, "replace", 2);
  ToStringArgument(ctx, 0);
  const bool with_function = duk_is_callable(ctx, 1) != 0;
  if (!with_function) ToStringArgument(ctx, 1);
  if (regexp->program->flags().global) SetLastIndex(ctx, 2, 0);
  // The RegExp is `this` on the stack, so its program lives on whatever the callback does.
  return with_function ? ReplaceWithFunction(ctx, *regexp->program) : ReplaceWithText(ctx, *regexp->program);
}

duk_ret_t FastSplit(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const RegExp* regexp = PushFastThis(ctx);
  if (regexp == nullptr) return CallSlow(ctx, "split", 2);
  ToStringArgument(ctx, 0);
  const uint32_t limit = duk_is_undefined(ctx, 1) ? UINT32_MAX : duk_to_uint32(ctx, 1);
  const regexp::Program& program = *regexp->program;
  const RegExpState& state = RegExpStateOf(ctx);
  const Subject subject = LoadSubject(ctx, 0);
  duk_push_array(ctx);
  duk_uarridx_t count = 0;
  if (limit == 0) return 1;
  if (subject.length == 0) {
    if (!Match(ctx, program, subject, 0, regexp::SearchMode::kAtStart)) {
      duk_dup(ctx, 0);
      duk_put_prop_index(ctx, 3, 0);
    }
    return 1;
  }
  size_t piece_start = 0;
  size_t position = 0;
  while (position < subject.length && Match(ctx, program, subject, position, regexp::SearchMode::kSearch)) {
    const auto start = static_cast<size_t>(state.captures[0]);
    const auto end = static_cast<size_t>(state.captures[1]);
    if (start >= subject.length) break;
    if (end == piece_start) {
      position = AdvanceIndex(subject, std::max(position, start), program.flags().full_unicode());
      continue;
    }
    PushPiece(ctx, subject, piece_start, start);
    duk_put_prop_index(ctx, 3, count++);
    if (count == limit) return 1;
    for (uint32_t i = 1; i < program.capture_count(); ++i) {
      if (state.captures[2 * i] < 0) {
        duk_push_undefined(ctx);
      } else {
        PushPiece(ctx, subject, static_cast<size_t>(state.captures[2 * i]), static_cast<size_t>(state.captures[2 * i + 1]));
      }
      duk_put_prop_index(ctx, 3, count++);
      if (count == limit) return 1;
    }
    piece_start = end;
    position = end == start ? AdvanceIndex(subject, end, program.flags().full_unicode()) : end;
  }
  PushPiece(ctx, subject, piece_start, subject.length);
  duk_put_prop_index(ctx, 3, count);
  return 1;
}

// ---- String.prototype.match, replace, split ------------------------------------------------------------------------------------------

// The String side: `symbol` of an object argument decides; strings take the engine's own method.
// [ argument (second) ] with `this` a value that is not null or undefined.
duk_ret_t Dispatch(duk_context* ctx, const char* name, duk_idx_t count, void* symbol, void* own) {
  duk_set_top(ctx, count);
  duk_push_this(ctx);
  if (duk_is_null_or_undefined(ctx, count)) ThrowError(ctx, "TypeError", "String.prototype.%s called on null or undefined", name);
  if (duk_is_object(ctx, 0)) {
    Push(ctx, symbol);
    duk_get_prop(ctx, 0);
    if (!duk_is_null_or_undefined(ctx, -1)) {
      // [ argument (second) this method ] -> [ method argument this (second) ]
      duk_insert(ctx, 0);
      duk_insert(ctx, 2);
      duk_call_method(ctx, count);
      return 1;
    }
    duk_pop(ctx);
  }
  duk_insert(ctx, 0);
  Push(ctx, own);
  duk_insert(ctx, 0);
  // The engine's method would take an object for one of its own RegExps.
  if (duk_is_object(ctx, 2)) duk_to_string(ctx, 2);
  duk_call_method(ctx, count);
  return 1;
}

duk_ret_t StringReplace(duk_context* ctx) {
  const RegExpState& state = RegExpStateOf(ctx);
  return Dispatch(ctx, "replace", 2, state.symbol_replace, state.engine_replace);
}

// `this`.split(separator) of two strings. False, and no change: something is special.
bool SplitPlain(duk_context* ctx) {
  if (duk_get_top(ctx) == 0 || (duk_get_top(ctx) > 1 && !duk_is_undefined(ctx, 1))) return false;
  duk_push_this(ctx);
  duk_size_t text_size = 0;
  duk_size_t separator_size = 0;
  const char* const text = duk_is_symbol(ctx, -1) ? nullptr : duk_get_lstring(ctx, -1, &text_size);
  const char* const separator = duk_is_symbol(ctx, 0) ? nullptr : duk_get_lstring(ctx, 0, &separator_size);
  if (text == nullptr || separator_size == 0) {
    duk_pop(ctx);
    return false;
  }
  ChargeWork(ctx, text_size / 16);
  duk_push_array(ctx);
  std::string_view left(text, text_size);
  for (duk_uarridx_t i = 0;; ++i) {
    // A code unit begins where no other one goes on, so that the bytes decide. (Linear, unlike std::string_view::find.)
    const void* const found = memmem(left.data(), left.size(), separator, separator_size);
    const size_t end = found == nullptr ? left.size() : static_cast<size_t>(static_cast<const char*>(found) - left.data());
    duk_push_lstring(ctx, left.data(), end);
    duk_put_prop_index(ctx, -2, i);
    if (found == nullptr) return true;
    left.remove_prefix(end + separator_size);
  }
}

duk_ret_t StringSplit(duk_context* ctx) {
  if (SplitPlain(ctx)) return 1;
  const RegExpState& state = RegExpStateOf(ctx);
  return Dispatch(ctx, "split", 2, state.symbol_split, state.engine_split);
}

// The generic match of lib/regexp.js makes a RegExp of what is none.
duk_ret_t StringMatch(duk_context* ctx) {
  const RegExpState& state = RegExpStateOf(ctx);
  duk_set_top(ctx, 1);
  if (!duk_is_object(ctx, 0)) {
    // An undefined pattern is the empty one to the constructor too.
    Push(ctx, state.constructor);
    duk_insert(ctx, 0);
    duk_new(ctx, 1);
  }
  return Dispatch(ctx, "match", 1, state.symbol_match, state.engine_match);
}

constexpr Method kMethods[] = {
    {"match", FastMatch, 1},
    {"replace", FastReplace, 2},
    {"search", FastSearch, 1},
    {"split", FastSplit, 2},
};

}  // namespace

void InstallStringDispatch(duk_context* ctx) {
  RegExpState& state = RegExpStateOf(ctx);
  const auto intern = [&](const char* text) {
    duk_push_string(ctx, text);
    return KeepRoot(ctx);
  };
  state.symbol_match = intern(DUK_WELLKNOWN_SYMBOL("Symbol.match"));
  state.symbol_replace = intern(DUK_WELLKNOWN_SYMBOL("Symbol.replace"));
  state.symbol_split = intern(DUK_WELLKNOWN_SYMBOL("Symbol.split"));
  duk_get_global_string(ctx, "String");
  duk_get_prop_string(ctx, -1, "prototype");
  const auto keep = [&](const char* name) {
    duk_get_prop_string(ctx, -1, name);
    return KeepRoot(ctx);
  };
  state.engine_match = keep("match");
  state.engine_replace = keep("replace");
  state.engine_split = keep("split");
  PutHiddenMethod(ctx, {"match", StringMatch, 1});
  PutHiddenMethod(ctx, {"replace", StringReplace, 2});
  PutHiddenMethod(ctx, {"split", StringSplit, 2});
  duk_pop_2(ctx);
}

std::span<const Method> RegExpFastMethods() { return kMethods; }

}  // namespace edge::js::language
