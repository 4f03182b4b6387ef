// WorkerCode: everything that is the same for all isolates of one worker: its lowered code, source map, variables and limits.
#ifndef EDGE_RUNTIME_WORKER_WORKER_CODE_H_
#define EDGE_RUNTIME_WORKER_WORKER_CODE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/byte_count.h"
#include "runtime/base/time.h"
#include "runtime/websocket/web_socket_options.h"

namespace edge::worker {

// Limits of one worker; defaults are the platform's (contract sheet 1.3).
struct WorkerLimits {
  ByteCount memory = ByteCount::MiB(128);       // of one isolate
  Duration cpu = Duration::Seconds(30);         // of one event, counted in instructions
  Duration startup_cpu = Duration::Seconds(1);  // of the module's evaluation
  // What the counted instructions of a millisecond are: CPU limits are counts, so that they do not depend on the machine.
  int64_t instructions_per_ms = 200'000;
  Duration wait_until = Duration::Seconds(30);           // after the response is sent
  uint32_t stuck_after_interrupts = 50;                  // about 50 ms of JavaScript without a break
  size_t isolates_max = 4;                               // of one worker, beside condemned ones
  size_t isolates_alone_max = 64;                        // ... and beside those that an adversary gives to single objects
  size_t timers_max = 10'000;                            // running timers of one isolate
  uint32_t subrequests_max = 10'000;                     // of one event, redirects counted
  uint32_t worker_depth_max = 32;                        // calls of a worker or an object by another, one inside of the other
  uint32_t connections_max = 6;                          // of one event, that wait for response headers at a time; further ones queue
  size_t tasks_max = 10'000;                             // waiting operations of one isolate
  Duration scheduled_wall = Duration::Seconds(15 * 60);  // of one run of scheduled(), waitUntil included
  Duration scheduled_cpu = Duration::Seconds(15 * 60);   // of one whose cron is due every hour at most, unless `cpu` was chosen
  Duration queue_wall = Duration::Seconds(15 * 60);      // of one batch of a queue, waitUntil included
  uint32_t service_operations_max = 1'000;               // of one event, of the node's own services: KV, queues

  // Of one Durable Object (contract sheet 3.8 to 3.10).
  size_t object_events_max = 20'000;                        // events that wait or run; more are refused as overload
  ByteCount object_events_bytes_max = ByteCount::MiB(32);   // ... and what they carry
  Duration object_wait_max = Duration::Seconds(40);         // an event waits in line this long at most; a section ends before
  Duration object_hibernate_after = Duration::Seconds(10);  // idle, and nothing would be lost
  Duration object_evict_after = Duration::Seconds(70);      // idle otherwise, and up to object_evict_spread longer
  Duration object_evict_spread = Duration::Seconds(70);
  Duration object_sweep_interval = Duration::Seconds(1);
  Duration object_database_idle = Duration::Seconds(10);  // a live object's database is closed when nothing has run for so long
  size_t object_databases_max = 10'000;                   // open at a time, of one worker; then the least recently used is closed
  // An isolate of objects gets no further one when it has so many, or its heap is this full: what they grow by, and garbage, needs room
  // too.
  size_t object_isolate_objects_max = 1'000;
  ByteCount object_isolate_fill = ByteCount::MiB(48);
  size_t object_isolates_max = 64;                   // then the fullest ones are filled further
  Duration alarm_wall = Duration::Seconds(15 * 60);  // of one run of alarm()
  size_t alarms_max = 1'000;                         // alarms that run at a time, of one worker; further ones are late
  Duration alarm_retry = Duration::Seconds(2);       // before the first retry; doubled with each
  uint32_t alarm_retries_max = 6;

  int64_t InstructionsOf(Duration time) const { return time.ToMilliseconds() * instructions_per_ms; }
};

// Whether the signal of an incoming request fires when its client goes: the compatibility flag enable_request_signal.
enum class RequestSignal : uint8_t { kSilent, kFires };

// A class of Durable Objects that the worker exports.
struct ObjectClass {
  enum class Storage : uint8_t { kKeyValue /* new_classes */, kSqlite /* new_sqlite_classes */ };
  std::string name;   // as it is exported now
  std::string space;  // where its objects are kept, whatever it is called now; names the namespace: ids derive from it
  Storage storage = Storage::kSqlite;
  bool operator==(const ObjectClass&) const = default;
};

// A member of `env`: the namespace of a class.
struct ObjectBinding {
  std::string name;
  std::string class_name;
  std::string script_name;  // of the worker that exports the class; empty: this one
  // Of another worker: the class there, as LinkWorkers finds it (runtime/application).
  std::optional<ObjectClass> other = std::nullopt;
  std::string origin = "";  // where it was written down, for messages: "wrangler.toml:12"; may be empty
  bool operator==(const ObjectBinding&) const = default;
};

// A member of `env`: another worker, or this one.
struct ServiceBinding {
  std::string name;
  std::string service;      // its name
  std::string entrypoint;   // the class that it exports under that name; empty: its default export
  std::string props;        // JSON text of what ctx.props is there; empty: nothing
  std::string origin = "";  // as above
  bool operator==(const ServiceBinding&) const = default;
};

// Whether ctx.exports is there: the compatibility flag enable_ctx_exports.
enum class ContextExports : uint8_t { kAbsent, kPresent };

// A member of `env`: a KV namespace, by its identifier.
struct KvBinding {
  std::string name;
  std::string id;
  bool operator==(const KvBinding&) const = default;
};

// A member of `env`: a queue that the worker sends to.
struct QueueBinding {
  std::string name;
  std::string queue;
  Duration delivery_delay = Duration::Zero();  // of messages that say nothing of it
  bool operator==(const QueueBinding&) const = default;
};

// A queue whose messages the worker gets, or lets be pulled. Defaults are the platform's (contract sheet 7.2).
struct QueueConsumer {
  enum class Type : uint8_t { kPush, kPull };
  std::string queue;
  Type type = Type::kPush;
  uint32_t batch_size_max = 10;
  Duration batch_timeout = Duration::Seconds(5);
  uint32_t retries_max = 3;
  std::string dead_letter_queue = "";  // empty: what was tried too often is deleted
  uint32_t concurrency_max = 250;      // batches at a time
  Duration retry_delay = Duration::Zero();
  Duration visibility = Duration::Seconds(30);  // of a pulled message
  bool operator==(const QueueConsumer&) const = default;
};

// Of messages and batches that are sent, in bytes of bodies.
inline constexpr double kQueueMessageBytesMax = 128'000;
inline constexpr double kQueueBatchBytesMax = 256'000;

// Whether errors of sending tell the platform's number: the compatibility flag queue_expose_error_codes.
enum class QueueErrorCodes : uint8_t { kHidden, kExposed };
// Whether a batch is over only when its waitUntil tasks are: not with the compatibility flag queue_consumer_no_wait_for_wait_until.
enum class QueueWaitUntil : uint8_t { kAwaited, kDetached };

// What deleteAll() does to the alarm: the compatibility flag delete_all_deletes_alarm.
enum class DeleteAllAlarm : uint8_t { kKept, kDeleted };

struct WorkerCode {
  std::string name;
  std::string script;  // the lowered bundle
  std::string script_name = "worker.js";
  std::string source_map;  // its source map (JSON); may be empty
  // A variable is text, or JSON (from wrangler's vars) given as JSON text.
  struct Variable {
    enum class Kind : uint8_t { kText, kJson } kind = Kind::kText;
    std::string value;
  };
  std::map<std::string, Variable> variables;
  std::vector<ObjectClass> object_classes;
  std::vector<ObjectBinding> object_bindings;  // each names a class of object_classes, or has one of another worker
  std::vector<ServiceBinding> service_bindings;
  ContextExports context_exports = ContextExports::kAbsent;
  std::vector<std::string> deleted_spaces;  // of classes that a migration deleted: their objects go when the worker starts
  std::vector<KvBinding> kv_bindings;
  std::vector<std::string> crons;  // cron expressions, each checked and only once
  std::vector<QueueBinding> queue_bindings;
  std::vector<QueueConsumer> queue_consumers;  // each of another queue
  QueueErrorCodes queue_error_codes = QueueErrorCodes::kHidden;
  QueueWaitUntil queue_wait_until = QueueWaitUntil::kAwaited;
  DeleteAllAlarm delete_all_alarm = DeleteAllAlarm::kKept;
  WorkerLimits limits;
  RequestSignal request_signal = RequestSignal::kSilent;
  websocket::WebSocketOptions web_sockets;
};

// The workers of one node; the first gets the HTTP traffic.
using WorkerCodes = std::vector<std::shared_ptr<const WorkerCode>>;

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_WORKER_CODE_H_
