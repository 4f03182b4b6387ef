// What the files of WorkerIsolate share.
#ifndef EDGE_RUNTIME_WORKER_ISOLATE_INTERNAL_H_
#define EDGE_RUNTIME_WORKER_ISOLATE_INTERNAL_H_

#include <cstdint>

namespace edge::worker {

// Keys of the heap stash: readers of streamed bodies by invocation number.
inline constexpr char kReadersKey[] = "workerReaders";
inline constexpr char kSignalsKey[] = "workerSignals";  // of incoming requests, likewise; used with enable_request_signal only

inline constexpr char kStartCancelled[] = "the start of the isolate was cancelled";

// Numbers instead of pointers as the data of native reactions.
inline void* AsData(uint64_t id) { return reinterpret_cast<void*>(static_cast<uintptr_t>(id)); }
inline uint64_t AsId(void* data) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(data)); }

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_ISOLATE_INTERNAL_H_
