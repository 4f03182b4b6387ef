// The inside of an Isolate, shared by isolate.cc and native.cc.
#ifndef EDGE_RUNTIME_JS_ISOLATE_CORE_H_
#define EDGE_RUNTIME_JS_ISOLATE_CORE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "edge_engine.h"
#include "runtime/js/arena.h"
#include "runtime/js/isolate.h"
#include "runtime/js/native.h"

namespace edge::js {

// A defined class. The objects are kept alive by the heap stash.
struct ClassEntry {
  const NativeType* type = nullptr;
  void* prototype = nullptr;
  void* constructor = nullptr;
};

// Class entries by type address, never iterated.
class ClassTable {
 public:
  ClassTable() : entries_(64) {}
  ClassEntry* Find(const NativeType* type);
  void Insert(const ClassEntry& entry);

 private:
  size_t Start(const NativeType* type) const {
    return (reinterpret_cast<uintptr_t>(type) >> 4) * 0x9E3779B97F4A7C15u >> 32 & (entries_.size() - 1);
  }

  std::vector<ClassEntry> entries_;  // a power of two, at most half full
  size_t count_ = 0;
};

struct Attachment {
  void* value = nullptr;
  void (*destroy)(void*) = nullptr;
  AttachmentKeeper keep = nullptr;
};

struct MappedFile {
  std::string name;
  Isolate::SourceMapLoader load;  // null once called
  std::shared_ptr<const SourceMap> map;
};

// Instructions. Executed so far = granted - the engine's counter.
struct CpuAccount {
  int64_t granted = 0;
  int64_t deadline = INT64_MAX;  // in executed instructions; of the outermost entry
  int64_t last_interrupt = 0;
};

// An isolate at the moment of its capture. The engine's own state is all in the arena.
struct CapturedIsolate {
  struct Native {
    void* object;  // of the engine, at the same address in the image
    NativeMaker make;
  };

  Arena::Image arena;
  CpuAccount cpu;
  int memory_failures = 0;
  ClassTable classes;
  std::array<Attachment, kAttachmentKinds> attachments;
  std::vector<absl::AnyInvocable<void()>> restore_attachments;
  std::vector<Native> natives;
};

// The engine's heap has this as its user data.
struct IsolateCore : edge_host {
  IsolateCore(IsolateHost& owner_in, const IsolateLimits& limits_in) : owner(&owner_in), limits(limits_in), arena(limits_in.memory) {}

  IsolateHost* owner;  // null while rewound and not adopted
  const IsolateLimits limits;
  Arena arena;
  duk_context* ctx = nullptr;
  Isolate* isolate = nullptr;

  CpuAccount cpu;
  int depth = 0;  // nested Runs

  Limit condemned = Limit::kNone;
  int memory_failures = 0;

  std::array<Attachment, kAttachmentKinds> attachments;
  ClassTable classes;
  std::vector<MappedFile> mapped_files;
  std::unique_ptr<CapturedIsolate> captured;  // null: never captured
};

inline IsolateCore& CoreOf(duk_context* ctx) { return *static_cast<IsolateCore*>(edge_host_of(ctx)); }

}  // namespace edge::js

#endif  // EDGE_RUNTIME_JS_ISOLATE_CORE_H_
