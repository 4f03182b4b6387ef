#include "runtime/js/isolate.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/js/isolate_core.h"

namespace edge::js {
namespace {

// Once the memory limit is hit, error objects still have to be made: each failure gives a little more, a few times; then JavaScript ends.
constexpr size_t kMemoryGracePerFailure = 64 * 1024;
constexpr int kMemoryFailuresMax = 16;

constexpr size_t kSmallRequest = 64 * 1024;

// Stack that is not a fiber's is taken to have this much left.
constexpr size_t kUncheckedStack = 2 * 1024 * 1024;

int64_t Executed(const IsolateCore& core) { return core.cpu.granted - edge_get_counter(core.ctx); }

int64_t OnInterrupt(edge_host* host, int64_t extra) {
  IsolateCore& core = *static_cast<IsolateCore*>(host);
  core.cpu.granted += extra;
  const int64_t executed = core.cpu.granted;
  if (executed >= core.cpu.deadline) {
    core.condemned = Limit::kCpu;
    return 0;
  }
  const int64_t interval = core.limits.instructions_between_interrupts;
  if (executed - core.cpu.last_interrupt >= interval) {
    core.cpu.last_interrupt = executed;
    core.owner->Interrupt();
    if (core.condemned != Limit::kNone && edge_is_terminating(core.ctx)) return 0;
  }
  const int64_t next = std::min(core.cpu.deadline - executed, core.cpu.last_interrupt + interval - executed);
  core.cpu.granted += next;
  return next;
}

double OnNow(edge_host* host) { return static_cast<double>(static_cast<IsolateCore*>(host)->owner->WallNow().ToUnixMilliseconds()); }

double OnRandom(edge_host* host) { return static_cast<double>(static_cast<IsolateCore*>(host)->owner->RandomU64() >> 11) * 0x1.0p-53; }

int OnOutOfMemory(edge_host* host, size_t size) {
  IsolateCore& core = *static_cast<IsolateCore*>(host);
  // One giant request says nothing about the rest of the heap.
  if (size > kSmallRequest && core.arena.used_bytes() < core.limits.memory.bytes() / 2) return 0;
  core.condemned = Limit::kMemory;
  if (++core.memory_failures <= kMemoryFailuresMax) {
    core.arena.set_limit_bytes(core.arena.limit_bytes() + kMemoryGracePerFailure);
  } else if (core.ctx != nullptr) {
    edge_terminate(core.ctx);
  }
  return 0;
}

// Touching memory is work: large blocks cost an instruction per so many bytes. The kernel has to provide the pages of the largest each
// time.
constexpr size_t kChargedBlock = 4096;
constexpr size_t kPagedBlock = 256 * 1024;

void ChargeBlock(IsolateCore& core, size_t size) {
  if (size >= kChargedBlock && core.ctx != nullptr)
    edge_charge_quietly(core.ctx, static_cast<int64_t>(size / (size >= kPagedBlock ? 16 : 64)));
}

void* EngineAllocate(void* data, duk_size_t size) {
  IsolateCore& core = *static_cast<IsolateCore*>(static_cast<edge_host*>(data));
  ChargeBlock(core, size);
  return core.arena.Allocate(size);
}
void* EngineReallocate(void* data, void* block, duk_size_t size) {
  IsolateCore& core = *static_cast<IsolateCore*>(static_cast<edge_host*>(data));
  ChargeBlock(core, size);
  return core.arena.Reallocate(block, size);
}
void EngineFree(void* core, void* block) { static_cast<IsolateCore*>(static_cast<edge_host*>(core))->arena.Free(block); }

void OnFatal(void* core, const char* message) { EDGE_CHECK(false) << "the JavaScript engine gave up: " << (message ? message : ""); }

// Fills in the user's own file and line. False if the frame is not to be shown.
bool Locate(IsolateCore& core, const edge_frame& frame, std::string_view* file, int* line) {
  *file = frame.file;
  *line = static_cast<int>(frame.line);
  if (frame.is_native || file->substr(0, kLibraryFilePrefix.size()) == kLibraryFilePrefix) return false;
  for (MappedFile& mapped : core.mapped_files) {
    if (mapped.name != *file) continue;
    if (mapped.load != nullptr) {
      mapped.map = mapped.load();
      mapped.load = nullptr;
    }
    if (mapped.map != nullptr) {
      if (const auto position = mapped.map->Lookup(*line)) {
        *file = position->file;
        *line = position->line;
      }
    }
    break;
  }
  return true;
}

// A frame's line of error.stack in V8's form. Natives appear as V8 shows them, except for those through which lowered code calls.
size_t OnFormatFrame(edge_host* host, const edge_frame* frame, char* out, size_t size) {
  IsolateCore& core = *static_cast<IsolateCore*>(host);
  std::string_view file;
  int line = 0;
  const char* create = frame->is_construct ? "new " : "";
  int written = 0;
  if (Locate(core, *frame, &file, &line)) {
    const int file_size = static_cast<int>(file.size());
    // The engine calls a script's own level "global".
    if (frame->function[0] != '\0' && std::strcmp(frame->function, "global") != 0) {
      written = std::snprintf(out, size, "\n    at %s%s (%.*s:%d)", create, frame->function, file_size, file.data(), line);
    } else {
      written = std::snprintf(out, size, "\n    at %.*s:%d", file_size, file.data(), line);
    }
  } else if (frame->is_native && frame->function[0] != '\0') {
    for (const char* plumbing : {"construct", "apply", "call", "resume", "yield", "captureStackTrace"}) {
      if (std::strcmp(frame->function, plumbing) == 0) return 0;
    }
    written = std::snprintf(out, size, "\n    at %s%s (<anonymous>)", create, frame->function);
  }
  return std::min(static_cast<size_t>(written), size - 1);
}

struct FrameCollector {
  IsolateCore& core;
  std::vector<StackFrame> frames;
};

void CollectFrame(void* data, const edge_frame* frame) {
  auto& collector = *static_cast<FrameCollector*>(data);
  std::string_view file;
  int line = 0;
  if (!Locate(collector.core, *frame, &file, &line)) return;
  collector.frames.push_back({.function = frame->function, .file = std::string(file), .line = line});
}

// [ error ] -> [ error ].
duk_ret_t CollectFrames(duk_context* ctx, void* collector) {
  edge_for_each_frame(ctx, -1, CollectFrame, collector);
  return 1;
}

duk_ret_t RunBody(duk_context* ctx, void* body) {
  (*static_cast<absl::FunctionRef<void(duk_context*)>*>(body))(ctx);
  return 0;
}

// [ error ] -> [ name message stack ].
duk_ret_t PushDescription(duk_context* ctx, void*) {
  if (duk_is_error(ctx, -1)) {
    for (const char* key : {"name", "message", "stack"}) {
      duk_get_prop_string(ctx, -1, key);
      if (duk_is_null_or_undefined(ctx, -1)) {
        duk_push_string(ctx, "");
        duk_replace(ctx, -2);
      }
      duk_to_string(ctx, -1);
      duk_insert(ctx, -2);
    }
    duk_pop(ctx);
  } else {
    duk_push_string(ctx, "");
    duk_insert(ctx, -2);
    duk_safe_to_string(ctx, -1);
    duk_push_string(ctx, "");
  }
  return 3;
}

// [ error ] -> [ ].
JsError TakeError(duk_context* ctx) {
  JsError error;
  FrameCollector collector{.core = CoreOf(ctx), .frames = {}};
  duk_dup_top(ctx);
  (void)duk_safe_call(ctx, CollectFrames, &collector, 1, 1);
  duk_pop(ctx);
  error.frames = std::move(collector.frames);
  if (duk_safe_call(ctx, PushDescription, nullptr, 1, 3) == DUK_EXEC_SUCCESS) {
    // Reading a string that is on the stack does not throw; only its conversion may allocate.
    error.name = RequireUtf8(ctx, -3);
    error.message = RequireUtf8(ctx, -2);
    error.stack = RequireUtf8(ctx, -1);
  } else {
    error.message = "an error that could not be described";
  }
  duk_pop_3(ctx);
  return error;
}

void FixUp(duk_context* ctx) {
  duk_push_global_object(ctx);
  duk_get_prop_string(ctx, -1, "Reflect");
  constexpr struct {
    const char* name;
    int (*function)(duk_hthread*);
    int length;
  } kReflect[] = {{"construct", edge_reflect_construct, 2}, {"get", edge_reflect_get, 2}, {"set", edge_reflect_set, 3}};
  for (const auto& entry : kReflect) {
    duk_push_c_function(ctx, entry.function, DUK_VARARGS);
    duk_push_string(ctx, "name");
    duk_push_string(ctx, entry.name);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
    duk_push_string(ctx, "length");
    duk_push_int(ctx, entry.length);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
    duk_put_prop_string(ctx, -2, entry.name);
  }
  duk_pop(ctx);
  duk_del_prop_string(ctx, -1, "CBOR");

  // Not JavaScript's: a shim of another platform's class.
  duk_del_prop_string(ctx, -1, "Buffer");

  for (const char* constructor : {"Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError"}) {
    duk_get_prop_string(ctx, -1, constructor);
    duk_push_string(ctx, "length");
    duk_push_int(ctx, 1);
    duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_FORCE | DUK_DEFPROP_SET_CONFIGURABLE);
    edge_set_native_arguments(ctx, -1, 2);  // (message, options)
    duk_pop(ctx);
  }

  duk_get_prop_string(ctx, -1, "Error");
  duk_push_string(ctx, "captureStackTrace");
  duk_push_c_function(ctx, edge_capture_stack_trace, DUK_VARARGS);
  duk_push_string(ctx, "name");
  duk_push_string(ctx, "captureStackTrace");
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_CONFIGURABLE);
  duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE);
  duk_get_prop_string(ctx, -1, "prototype");
  duk_del_prop_string(ctx, -1, "fileName");
  duk_del_prop_string(ctx, -1, "lineNumber");
  duk_pop_2(ctx);
  duk_pop(ctx);
}

}  // namespace

std::unique_ptr<Isolate> Isolate::Create(IsolateHost& host, const IsolateLimits& limits) {
  EDGE_CHECK(limits.instructions_between_interrupts > 0 && limits.instructions_between_interrupts < INT32_MAX);
  auto core = std::make_unique<IsolateCore>(host, limits);
  core->interrupt = OnInterrupt;
  core->now_ms = OnNow;
  core->random = OnRandom;
  core->out_of_memory = OnOutOfMemory;
  core->format_frame = OnFormatFrame;
  core->stack_limit = nullptr;
  core->ctx = duk_create_heap(EngineAllocate, EngineReallocate, EngineFree, static_cast<edge_host*>(core.get()), OnFatal);
  if (core->ctx == nullptr) return nullptr;
  std::unique_ptr<Isolate> isolate(new Isolate(std::move(core)));
  if (isolate->Run({}, FixUp).has_value()) return nullptr;
  return isolate;
}

Isolate::Isolate(std::unique_ptr<IsolateCore> core) : core_(std::move(core)) { core_->isolate = this; }

Isolate::~Isolate() {
  EDGE_CHECK(core_->depth == 0) << "an isolate is destroyed while somebody is inside";
  edge_release_natives(core_->ctx);
  for (size_t i = kAttachmentKinds; i-- > 0;) {
    const Attachment attachment = core_->attachments[i];
    core_->attachments[i] = {};
    if (attachment.destroy != nullptr) attachment.destroy(attachment.value);
  }
}

Isolate& Isolate::From(duk_context* ctx) { return *CoreOf(ctx).isolate; }

std::optional<JsError> Isolate::Run(const EnterOptions& options, absl::FunctionRef<void(duk_context*)> body) {
  IsolateCore& core = *core_;
  duk_context* ctx = core.ctx;
  if (core.condemned != Limit::kNone && (core.depth == 0 || edge_is_terminating(ctx))) {
    return JsError{.name = "RangeError",
                   .message = core.condemned == Limit::kCpu ? "CPU time limit exceeded" : "Memory limit exceeded",
                   .limit = core.condemned};
  }
  const bool outermost = core.depth == 0;
  int64_t executed_before = 0;
  if (outermost) {
    char* here = static_cast<char*>(__builtin_frame_address(0));
    core.stack_limit = options.stack_low != nullptr ? options.stack_low + kStackReserve : here - kUncheckedStack;
    executed_before = Executed(core);
    int64_t allowed = INT64_MAX;
    if (options.budget != nullptr) allowed = std::max<int64_t>(options.budget->instructions, 0);
    core.cpu.deadline = allowed > INT64_MAX - executed_before ? INT64_MAX : executed_before + allowed;
    // Interrupts are counted from here: where one comes depends on this stretch alone, not on what ran in this isolate before.
    const int64_t until_interrupt = std::min(allowed, core.limits.instructions_between_interrupts);
    core.cpu.last_interrupt = executed_before;
    core.cpu.granted += until_interrupt - edge_get_counter(ctx);
    edge_set_counter(ctx, static_cast<int32_t>(until_interrupt));
  }
  ++core.depth;
  std::optional<JsError> error;
  if (duk_safe_call(ctx, RunBody, &body, 0, 1) == DUK_EXEC_SUCCESS) {
    duk_pop(ctx);
  } else {
    error = TakeError(ctx);
  }
  --core.depth;
  if (outermost) {
    if (options.budget != nullptr) options.budget->instructions -= Executed(core) - executed_before;
    core.cpu.deadline = INT64_MAX;
    // Whatever was caught on the way, the owner hears of the limit.
    if (core.condemned != Limit::kNone && !error.has_value()) {
      error = JsError{.name = "RangeError", .message = core.condemned == Limit::kCpu ? "CPU time limit exceeded" : "Memory limit exceeded"};
    }
  }
  if (error.has_value()) error->limit = core.condemned;
  return error;
}

void Isolate::Compile(duk_context* ctx, std::string_view source, std::string_view file_name) {
  PushUtf8(ctx, source);
  PushUtf8(ctx, file_name);
  duk_compile(ctx, 0);
}

void Isolate::Evaluate(duk_context* ctx, std::string_view source, std::string_view file_name) {
  Compile(ctx, source, file_name);
  duk_call(ctx, 0);
}

void Isolate::LoadLibrary(duk_context* ctx, std::span<const unsigned char> bytecode) {
  void* copy = duk_push_fixed_buffer(ctx, bytecode.size());
  std::copy(bytecode.begin(), bytecode.end(), static_cast<unsigned char*>(copy));
  duk_load_function(ctx);
}

void Isolate::ForbidCodeGeneration(duk_context* ctx) { edge_forbid_codegen(ctx); }

void Isolate::SetSourceMap(std::string file_name, SourceMapLoader load) {
  core_->mapped_files.push_back({.name = std::move(file_name), .load = std::move(load), .map = nullptr});
}

Limit Isolate::condemned() const { return core_->condemned; }
int64_t Isolate::executed_instructions() const { return Executed(*core_); }
size_t Isolate::memory_used_bytes() const { return core_->arena.used_bytes(); }
size_t Isolate::memory_peak_bytes() const { return core_->arena.peak_bytes(); }
duk_context* Isolate::context() { return core_->ctx; }

void Isolate::CollectGarbage() {
  EDGE_CHECK(core_->depth == 0);
  edge_collect_garbage(core_->ctx);
}

void Isolate::Condemn(Limit limit) {
  EDGE_CHECK(limit != Limit::kNone);
  core_->condemned = limit;
  edge_terminate(core_->ctx);
}

bool Isolate::SupportsCapture() { return Arena::HasImages(); }

bool Isolate::captured() const { return core_->captured != nullptr; }

absl::Status Isolate::Capture() {
  IsolateCore& core = *core_;
  EDGE_CHECK(core.depth == 0 && core.captured == nullptr);
  if (!Arena::HasImages()) return absl::FailedPreconditionError("this build has no images of memory");
  if (core.condemned != Limit::kNone) return absl::FailedPreconditionError("the isolate is condemned");
  auto captured = std::make_unique<CapturedIsolate>();
  for (const Attachment& attachment : core.attachments) {
    if (attachment.value == nullptr) continue;
    if (attachment.keep == nullptr) return absl::FailedPreconditionError("an attachment cannot be kept");
    captured->restore_attachments.push_back(attachment.keep(attachment.value));
  }
  struct Collector {
    std::vector<CapturedIsolate::Native>& natives;
    const NativeType* not_kept = nullptr;
  } collector = {captured->natives};
  edge_for_each_native(
      core.ctx,
      [](void* data, void* object, const edge_native_type* engine_type, void* pointer) {
        auto& out = *static_cast<Collector*>(data);
        const auto* type = reinterpret_cast<const NativeType*>(engine_type);
        if (type->keep == nullptr) {
          if (type->release != nullptr) out.not_kept = type;
          return;
        }
        out.natives.push_back({object, type->keep(pointer)});
        if (out.natives.back().make == nullptr) out.not_kept = type;
      },
      &collector);
  if (collector.not_kept != nullptr) {
    return absl::FailedPreconditionError(StrCat("an object of the kind \"", collector.not_kept->name, "\" cannot be kept"));
  }
  captured->arena = core.arena.Save();
  captured->cpu = core.cpu;
  captured->memory_failures = core.memory_failures;
  captured->classes = core.classes;
  captured->attachments = core.attachments;
  core.captured = std::move(captured);
  return absl::OkStatus();
}

void Isolate::Rewind() {
  IsolateCore& core = *core_;
  EDGE_CHECK(core.depth == 0 && core.captured != nullptr);
  CapturedIsolate& captured = *core.captured;
  edge_release_natives(core.ctx);
  for (size_t i = kAttachmentKinds; i-- > 0;) {
    // One that was not there at the capture.
    const Attachment attachment = core.attachments[i];
    EDGE_CHECK(captured.attachments[i].value == nullptr || captured.attachments[i].value == attachment.value);
    if (captured.attachments[i].value == nullptr && attachment.destroy != nullptr) attachment.destroy(attachment.value);
  }
  core.attachments = captured.attachments;
  core.arena.Restore(captured.arena);
  core.cpu = captured.cpu;
  core.memory_failures = captured.memory_failures;
  core.classes = captured.classes;
  core.condemned = Limit::kNone;
  core.stack_limit = nullptr;
  core.mapped_files.clear();
  core.owner = nullptr;
  for (absl::AnyInvocable<void()>& restore : captured.restore_attachments) restore();
  for (CapturedIsolate::Native& native : captured.natives) edge_put_native_pointer(native.object, native.make());
}

void Isolate::Adopt(IsolateHost& host) {
  EDGE_CHECK(core_->owner == nullptr);
  core_->owner = &host;
}

void* GetAttachment(duk_context* ctx, AttachmentKind kind) { return CoreOf(ctx).attachments[static_cast<size_t>(kind)].value; }

void SetAttachment(duk_context* ctx, AttachmentKind kind, void* value, void (*destroy)(void* value), AttachmentKeeper keep) {
  Attachment& attachment = CoreOf(ctx).attachments[static_cast<size_t>(kind)];
  EDGE_CHECK(attachment.value == nullptr) << "an attachment is set twice";
  attachment = {value, destroy, keep};
}

void ChargeCpu(duk_context* ctx, int64_t instructions) { edge_charge(ctx, instructions); }
JsError DescribeError(duk_context* ctx, duk_idx_t index) {
  duk_dup(ctx, index);
  return TakeError(ctx);
}

void ChargeCpuLater(duk_context* ctx, int64_t instructions) { edge_charge_quietly(ctx, instructions); }
bool IsTerminated(duk_context* ctx) { return edge_is_terminating(ctx) != 0; }
void RequireNativeStack(duk_context* ctx, ByteCount bytes) { edge_require_native_stack(ctx, bytes.bytes()); }

}  // namespace edge::js
