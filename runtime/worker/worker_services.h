// WorkerServices: what a Worker and its isolates use of their node, all borrowed and outliving them.
#ifndef EDGE_RUNTIME_WORKER_WORKER_SERVICES_H_
#define EDGE_RUNTIME_WORKER_WORKER_SERVICES_H_

#include <cstdint>
#include <string_view>

#include "runtime/fiber/scheduler.h"
#include "runtime/seam/adversary.h"
#include "runtime/seam/random.h"
#include "runtime/worker/http_sender.h"
#include "runtime/worker/invocation.h"
#include "runtime/worker/log.h"

namespace edge::worker {

// Told how far JavaScript has come: a simulation's fingerprint of an execution.
class ExecutionObserver {
 public:
  virtual ~ExecutionObserver() = default;
  // An isolate was entered and left. `key` names the invocation (0: global scope); the counts are the isolate's since its start.
  virtual void OnLeft(uint64_t key, int64_t executed_instructions, size_t memory_used_bytes) = 0;
  // JavaScript has run for IsolateLimits::instructions_between_interrupts more and goes on.
  virtual void OnInterrupt(uint64_t key) {}
  // The `number`-th of the requests and calls that one sender has sent through one stub (named by `line`) has begun over there.
  virtual void OnCallBegan(uint64_t line, uint64_t number) {}
  // An event's handler has ended. `message` is empty if it went well.
  virtual void OnOutcome(uint64_t key, Outcome outcome, std::string_view message) = 0;
};

class IsolateNursery;  // isolate_nursery.h
class KvStore;         // kv_store.h
class QueueStore;      // queue_store.h
class ObjectObserver;  // object_observer.h
struct Plants;         // plants.h
class WorkerSet;       // worker_set.h

struct WorkerServices {
  Scheduler& scheduler;
  Random& random;
  Adversary& adversary;
  Log& log;
  ExecutionObserver* observer = nullptr;  // null: nobody
  IsolateNursery* nursery = nullptr;      // null: every isolate is started from its code
  HttpSender* sender = nullptr;           // who sends what fetch() asks for; null: fetch() is refused
  KvStore* kv = nullptr;                  // null: bindings of KV are refused when they are used
  QueueStore* queues = nullptr;           // null: bindings of queues are refused when they are used
  const Plants* plants = nullptr;         // null, but in tests of the simulation
  ObjectObserver* objects = nullptr;      // null: nobody watches Durable Objects
  WorkerSet* workers = nullptr;           // whom bindings to other workers reach; null: there are no others
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_WORKER_SERVICES_H_
