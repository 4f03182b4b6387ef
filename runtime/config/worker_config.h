// WorkerConfig: what a wrangler file says about one worker in one environment, checked and with the defaults filled in.
#ifndef EDGE_RUNTIME_CONFIG_WORKER_CONFIG_H_
#define EDGE_RUNTIME_CONFIG_WORKER_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace edge::config {

// A member of `env`: of `vars`, or a secret.
struct Variable {
  enum class Kind : uint8_t {
    kText,  // the JavaScript string `value`
    kJson,  // what JSON.parse makes of `value`
  };
  std::string name;
  Kind kind = Kind::kText;
  std::string value;
  int line = 0;  // in the wrangler file or the secrets file
  bool operator==(const Variable&) const = default;
};

// Files whose path matches one of `globs` are imported as `type`.
struct ModuleRule {
  enum class Type : uint8_t { kEsModule, kCommonJs, kCompiledWasm, kText, kData };
  enum class Then : uint8_t {
    kStop,         // later rules of the same type, the built-in ones included, no longer apply
    kFallThrough,  // they apply as well
  };
  Type type = Type::kText;
  std::vector<std::string> globs;
  Then then = Then::kStop;
  bool operator==(const ModuleRule&) const = default;
};

// A member of `env`: the namespace of a class of Durable Objects.
struct ObjectBinding {
  std::string name;
  std::string class_name;   // as it is exported now
  std::string script_name;  // of the worker that exports it; empty: this one
  int line = 0;
  bool operator==(const ObjectBinding&) const = default;
};

// A member of `env`: another worker, or this one.
struct ServiceBinding {
  std::string name;
  std::string service;     // the worker's name, with the environment behind it if the binding names one
  std::string entrypoint;  // the exported class; empty: the default export
  std::string props;       // JSON text; empty: none
  int line = 0;
  bool operator==(const ServiceBinding&) const = default;
};

// A class of Durable Objects of this worker, as the migrations leave it.
struct ObjectClass {
  enum class Storage : uint8_t { kKeyValue /* new_classes */, kSqlite /* new_sqlite_classes */ };
  std::string name;   // as it is exported now
  std::string space;  // where its objects are kept: "chat/ChatRoom", by the name it was created with, so that renaming moves nothing
  Storage storage = Storage::kSqlite;
  bool operator==(const ObjectClass&) const = default;
};

// A member of `env`: a KV namespace.
struct KvBinding {
  std::string name;
  std::string id;  // data is kept under it
  int line = 0;
  bool operator==(const KvBinding&) const = default;
};

// A member of `env`: a queue that the worker sends to.
struct QueueProducer {
  std::string name;
  std::string queue;
  int64_t delivery_delay_s = 0;
  int line = 0;
  bool operator==(const QueueProducer&) const = default;
};

// A queue whose messages the worker gets, or lets be pulled over HTTP.
struct QueueConsumer {
  enum class Type : uint8_t { kPush, kPull };
  std::string queue;
  Type type = Type::kPush;
  int64_t max_batch_size = 10;
  int64_t max_batch_timeout_s = 5;
  int64_t max_retries = 3;
  std::string dead_letter_queue;  // empty: none
  int64_t max_concurrency = 250;
  int64_t retry_delay_s = 0;
  int64_t visibility_timeout_ms = 30'000;
  int line = 0;
  bool operator==(const QueueConsumer&) const = default;
};

enum class Bundling : uint8_t { kBundle, kTakeAsIs };

// Paths are openable through the Disk that the configuration was read from: they begin with base_dir unless they were absolute.
struct WorkerConfig {
  std::string name;         // with "-ENVIRONMENT" unless the environment sets a name of its own
  std::string environment;  // empty: the top level
  std::string file;         // the wrangler file
  std::string base_dir;     // its folder, as it was given to LoadWorkerConfig

  std::string main;  // exists
  std::optional<std::string> tsconfig;
  std::optional<std::string> jsx_factory, jsx_fragment;
  std::vector<std::pair<std::string, std::string>> alias;   // module -> module or path relative to base_dir
  std::vector<std::pair<std::string, std::string>> define;  // name -> expression
  std::vector<ModuleRule> rules;
  Bundling bundling = Bundling::kBundle;

  std::string compatibility_date;                // valid; kNewestKnownDate where the file has none
  std::vector<std::string> compatibility_flags;  // no contradictions; unknown ones included

  std::vector<Variable> vars;     // without those that a secret replaces
  std::vector<Variable> secrets;  // of .dev.vars; never to be logged

  std::vector<ObjectBinding> object_bindings;
  std::vector<ObjectClass> object_classes;  // bound ones without a migration included
  std::vector<std::string> deleted_spaces;  // of classes that a migration deleted: their objects are to go
  std::vector<ServiceBinding> service_bindings;

  std::vector<KvBinding> kv_bindings;
  std::vector<QueueProducer> queue_producers;
  std::vector<QueueConsumer> queue_consumers;  // each of another queue
  std::vector<std::string> crons;              // valid cron expressions, as they are written

  std::optional<int64_t> cpu_ms_max;       // limits.cpu_ms
  std::optional<int64_t> subrequests_max;  // limits.subrequests
};

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_WORKER_CONFIG_H_
