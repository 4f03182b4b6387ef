// RegExp objects over runtime/regexp: what the class, its fast loops and the clone share.
#ifndef EDGE_RUNTIME_JS_LANGUAGE_REGEXP_BINDING_H_
#define EDGE_RUNTIME_JS_LANGUAGE_REGEXP_BINDING_H_

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/js/language/state.h"
#include "runtime/regexp/matcher.h"
#include "runtime/regexp/program.h"

namespace edge::js::language {

// Slot 0: the pattern as given; slot 1: its `source`, once asked for.
extern const NativeType kRegExpType;

struct RegExp {
  std::shared_ptr<const regexp::Program> program;
};

// A subject as the matcher wants it. Valid until the next LoadSubject or until the string leaves the value stack.
struct Subject {
  bool is_ascii = true;
  std::string_view bytes;
  const std::u16string* units = nullptr;           // of a string that is not ASCII
  const std::vector<uint32_t>* offsets = nullptr;  // unit -> byte
  size_t length = 0;                               // UTF-16 code units
};

// Programs and the latest subject that needed conversion.
struct RegExpData {
  static constexpr size_t kCacheSize = 128;
  struct CacheEntry {
    std::string key;  // flags '/' pattern
    std::shared_ptr<const regexp::Program> program;
  };
  // By hash of the key: what is cached depends on the program's texts, never on addresses.
  std::array<CacheEntry, kCacheSize> cache;

  void* subject_holder = nullptr;  // slot 0: the converted string
  void* subject = nullptr;
  std::u16string units;
  std::vector<uint32_t> offsets;

  std::string text;     // builds results; never across a call of user code
  std::string message;  // of an error about to be thrown

  void* prototype = nullptr;  // %RegExp.prototype%
  void* constructor = nullptr;
  void* exec = nullptr;  // %RegExp.prototype.exec%
  void* last_index = nullptr;
  void* exec_name = nullptr;
  void* index = nullptr;
  void* input = nullptr;
  void* groups = nullptr;
  void* symbol_match = nullptr;
  void* symbol_replace = nullptr;
  void* symbol_split = nullptr;
  void* engine_match = nullptr;  // the engine's own String methods, for arguments that are no objects
  void* engine_replace = nullptr;
  void* engine_split = nullptr;
  void* slow = nullptr;  // glue: the generic algorithms, for patched or subclassed RegExps
};

// The same with the memory that matching uses; one per heap.
struct RegExpState : RegExpData {
  explicit RegExpState(const RegExpData& data = {});

  regexp::Matcher matcher;
  std::vector<int32_t> captures;
  duk_context* running = nullptr;  // the context of the match that is going on
  bool stopped_with_error = false;
};

RegExpState& RegExpStateOf(duk_context* ctx);

// [ ... pattern flags ] -> [ ... regexp ]. Both strings. Throws SyntaxError.
void PushRegExp(duk_context* ctx);

// The string at `index` (of the value stack) as a subject.
Subject LoadSubject(duk_context* ctx, duk_idx_t index);
void PushPiece(duk_context* ctx, const Subject& subject, size_t start, size_t end);
std::string_view BytesOf(const Subject& subject, size_t start, size_t end);

// Runs the program. True on a match, with its captures in RegExpState::captures. Throws RangeError when a limit is reached.
bool Match(duk_context* ctx, const regexp::Program& program, const Subject& subject, size_t start, regexp::SearchMode mode);

// [ ... ] -> [ ... result ]. The array exec returns, from RegExpState::captures. `input` is the index of the subject string.
void PushMatchArray(duk_context* ctx, const regexp::Program& program, duk_idx_t input, const Subject& subject);

// The position after an empty match at `position`.
size_t AdvanceIndex(const Subject& subject, size_t position, bool full_unicode);

// Sets `lastIndex` of the RegExp at `index`; throws TypeError when it is frozen.
void SetLastIndex(duk_context* ctx, duk_idx_t index, size_t value);
// ToLength(lastIndex). May run user code.
double GetLastIndex(duk_context* ctx, duk_idx_t index);

// The RegExp at `index` when nobody changed how it works (its prototype and exec are the built-in ones), else null.
RegExp* PristineRegExp(duk_context* ctx, duk_idx_t index);

std::span<const Method> RegExpFastMethods();
// String.prototype.match, replace and split.
void InstallStringDispatch(duk_context* ctx);

}  // namespace edge::js::language

#endif  // EDGE_RUNTIME_JS_LANGUAGE_REGEXP_BINDING_H_
