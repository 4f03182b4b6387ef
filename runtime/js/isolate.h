// Isolate: one JavaScript heap with its memory, its limits and its owner.
//
// The owner (runtime/worker) enters with Run; JavaScript and natives run on the calling fiber until the body returns or throws.
// Instructions are counted exactly; about every millisecond of them the owner's Interrupt is called, in which the fiber may be switched
// while this isolate stays entered. Going over a limit condemns the isolate: it is to be dropped and made anew.
//
//      owner --Run(options, body)--> body(ctx) --duk_call--> JavaScript --256 Ki instructions--> IsolateHost::Interrupt (yields the fiber)
//        ^                                                        |
//        '---- nothing | JsError {name, message, stack, limit} <--' throws, CPU or memory limit
//
// One fiber at a time is inside. Nothing in here is shared between isolates.
#ifndef EDGE_RUNTIME_JS_ISOLATE_H_
#define EDGE_RUNTIME_JS_ISOLATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "duktape.h"
#include "runtime/base/byte_count.h"
#include "runtime/base/time.h"
#include "runtime/js/source_map.h"

namespace edge::js {

// What an isolate needs from its owner. Borrowed; outlives the isolate, or its time with this owner (Adopt).
class IsolateHost {
 public:
  virtual ~IsolateHost() = default;
  // What Date shows. Asked each time; the owner keeps it constant while JavaScript runs.
  virtual WallTime WallNow() = 0;
  // Math.random.
  virtual uint64_t RandomU64() = 0;
  // Called about every IsolateLimits::instructions_between_interrupts, with the isolate entered. MAY SUSPEND. Must not enter the isolate.
  virtual void Interrupt() = 0;
};

struct IsolateLimits {
  ByteCount memory = ByteCount::MiB(128);
  int64_t instructions_between_interrupts = 256 * 1024;
};

enum class Limit : uint8_t { kNone, kCpu, kMemory };

// A call in a stack trace, innermost first. File and line are the user's own where a source map knows them.
struct StackFrame {
  std::string function;  // empty if it has no name
  std::string file;
  int line = 0;
};

// An error that left JavaScript.
struct JsError {
  std::string name;                // "TypeError"; empty if what was thrown is not an error object
  std::string message;             // or the thrown value as text
  std::string stack;               // as error.stack; may be empty
  std::vector<StackFrame> frames;  // without natives and edge's own library
  Limit limit = Limit::kNone;      // kCpu, kMemory: the isolate is condemned
};

// Instructions that may still be executed; shared by all entries made on behalf of one event.
struct CpuBudget {
  int64_t instructions = INT64_MAX;
};

struct EnterOptions {
  // The lowest address that JavaScript may use of the running fiber's stack is somewhat above this (Isolate::kStackReserve).
  // Null: the stack is as large as a thread's usual one and is not checked: for tools and tests on the main thread.
  char* stack_low = nullptr;
  CpuBudget* budget = nullptr;  // null: unlimited; otherwise it is reduced by what is used
};

// State that other layers keep for each isolate.
enum class AttachmentKind : uint8_t { kLanguage, kWeb, kRpc, kWebSocket, kDurable, kWorker, kTest };
inline constexpr size_t kAttachmentKinds = 7;

struct IsolateCore;  // isolate_core.h

class Isolate {
 public:
  // Stack that natives may use below the point where JavaScript stops recursing.
  static constexpr size_t kStackReserve = 40 * 1024;

  // Null if the memory limit is too small for a bare heap (1 MiB is enough). Applies the engine fix-ups; the language runtime and the web
  // platform are installed by their own functions (InstallLanguage ...) inside Run.
  static std::unique_ptr<Isolate> Create(IsolateHost& host, const IsolateLimits& limits = {});
  // Releases all native objects, then the attachments (last kind first), then drops the memory. REQUIRES: nobody is inside.
  ~Isolate();
  Isolate(const Isolate&) = delete;
  Isolate& operator=(const Isolate&) = delete;

  // The isolate of a heap; any context of it will do.
  static Isolate& From(duk_context* ctx);

  // Runs `body` on the heap's main context, protected. On success nothing is returned and the value stack is as before. A JavaScript error
  // that leaves the body, or a limit, is returned; a condemned isolate runs nothing and returns its limit. May be called inside another Run
  // of the same fiber; then `options` are ignored. The body holds no object with a destructor across engine calls. MAY SUSPEND (in
  // Interrupt).
  std::optional<JsError> Run(const EnterOptions& options, absl::FunctionRef<void(duk_context*)> body);

  // [ ... ] -> [ ... value ]. Compiles and runs a script. Inside Run. Throws SyntaxError, and what the script throws.
  static void Evaluate(duk_context* ctx, std::string_view source, std::string_view file_name);
  // [ ... ] -> [ ... function ]. Calling the function runs the script.
  static void Compile(duk_context* ctx, std::string_view source, std::string_view file_name);
  // The same for what the bytecode tool (compile_library) made with this very engine build. REQUIRES: trusted bytes.
  static void LoadLibrary(duk_context* ctx, std::span<const unsigned char> bytecode);

  // From now on `eval` and `new Function` throw EvalError. Called when start-up is over. Inside Run.
  static void ForbidCodeGeneration(duk_context* ctx);

  // Stack traces show the lines of `file_name` by the map that `load` gives (null: none). Called at most once, when a trace is first looked
  // at.
  using SourceMapLoader = absl::AnyInvocable<std::shared_ptr<const SourceMap>()>;
  void SetSourceMap(std::string file_name, SourceMapLoader load);

  Limit condemned() const;
  // Instructions executed since creation.
  int64_t executed_instructions() const;
  size_t memory_used_bytes() const;
  size_t memory_peak_bytes() const;
  // Frees garbage cycles. REQUIRES: nobody is inside.
  void CollectGarbage();

  // Condemns the isolate, for an owner that wants it gone: JavaScript that is running ends at its next instruction with an uncatchable
  // error.
  void Condemn(Limit limit);

  duk_context* context();

  // ---- Warm start: an isolate that was started once is rewound to that moment, instead of being started again ----

  // Remembers the isolate as it is now, for Rewind: memory, counters, native objects, attachments. Changes nothing that JavaScript could
  // notice. kFailedPrecondition with the reason if that cannot be done: the isolate is condemned, an attachment or a native object cannot
  // be kept, or the build keeps blocks in malloc (AddressSanitizer). REQUIRES: nobody is inside; not captured yet.
  absl::Status Capture();
  // False in builds in which Capture never succeeds.
  static bool SupportsCapture();
  bool captured() const;
  // Makes the isolate what it was at Capture, whatever happened since, at the same addresses; native objects made since are released.
  // Afterwards it has no owner and no source maps: Adopt and SetSourceMap, and what attachments borrow, come before the next Run. Runs no
  // JavaScript. REQUIRES: captured; nobody is inside.
  void Rewind();
  // The owner from now on. REQUIRES: rewound.
  void Adopt(IsolateHost& host);

 private:
  explicit Isolate(std::unique_ptr<IsolateCore> core);
  std::unique_ptr<IsolateCore> core_;
};

// ---- For natives ----

// Names of library files begin with this; their frames are left out of stack traces.
inline constexpr std::string_view kLibraryFilePrefix = "edge:";

// Per-isolate state by kind: a few nanoseconds. Null if none was set.
void* GetAttachment(duk_context* ctx, AttachmentKind kind);
// For Isolate::Capture: a function that makes the value, in place, what it is now; pointers to the owner's world become null. When it is
// called all native objects have been released; those of the capture are made afterwards.
using AttachmentKeeper = absl::AnyInvocable<void()> (*)(void* value);
// Takes ownership: `destroy` is called with the value when the isolate dies, after all native objects were released. May be null. Without
// `keep` the isolate is never captured.
void SetAttachment(duk_context* ctx, AttachmentKind kind, void* value, void (*destroy)(void* value), AttachmentKeeper keep = nullptr);

// Counts work done by a native as executed instructions (1 is about 5 ns). Throws the CPU limit error. MAY SUSPEND.
void ChargeCpu(duk_context* ctx, int64_t instructions);
// The same from code that may neither throw nor suspend; the cost shows at the next instruction.
void ChargeCpuLater(duk_context* ctx, int64_t instructions);
// The isolate is over a limit and no more JavaScript will run.
bool IsTerminated(duk_context* ctx);
// The thrown value at `index` as text; never throws. The stack is as it was.
JsError DescribeError(duk_context* ctx, duk_idx_t index);
// Throws RangeError unless the fiber's stack has this many bytes left (for natives that use much: SQLite, ICU, OpenSSL).
void RequireNativeStack(duk_context* ctx, ByteCount bytes);

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_ISOLATE_H_
