// ConfigReader: checks the values of a wrangler file against the table of keys and fills a WorkerConfig from them.
//
// It works on the document alone; whether the files that it names exist is for wrangler.cc. Problems are collected, not returned at the
// first: `errors` stop the start, `notices` do not.
#ifndef EDGE_RUNTIME_CONFIG_CONFIG_READER_H_
#define EDGE_RUNTIME_CONFIG_CONFIG_READER_H_

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/config/config_keys.h"
#include "runtime/config/document.h"
#include "runtime/config/notice.h"
#include "runtime/config/worker_config.h"

namespace edge::config {

class ConfigReader {
 public:
  struct Options {
    std::string file;      // for messages
    std::string base_dir;  // what relative paths are joined to
    std::string environment;
    std::optional<WallTime> now;
    std::string default_main;  // relative to base_dir: what starts the worker when `main` is missing; empty: nothing does
  };
  struct Problem {
    int line = 0;  // 0: about the file as a whole
    std::string text;
  };

  // `root` outlives the reader.
  ConfigReader(const Value& root, Options options);

  // Fills config(), errors(), notices(). To be called once.
  void Read();

  WorkerConfig& config() { return config_; }
  std::vector<Problem>& errors() { return errors_; }
  std::vector<Notice>& notices() { return notices_; }
  // Line of the `main` that counts; 0 if there is none.
  int main_line() const { return main_line_; }
  // secrets.required, with the line of each.
  const std::vector<std::pair<std::string, int>>& required_secrets() const { return required_secrets_; }

 private:
  bool ChooseEnvironment();
  void CheckKeys(const Value& section);
  void CheckKinds();
  void WarnOfMissing(const ConfigKey& key, const Value& top);
  // The value that counts for this environment, nullptr if there is none.
  const Value* Effective(const ConfigKey& key) const;
  // As above for a supported key; an error and nullptr if its type is wrong.
  const Value* Get(std::string_view name);

  void ReadName();
  void ReadMain();
  void ReadCompatibility();
  void ReadFlags();
  void ReadVars();
  void ReadSecrets();
  void ReadLimits();
  void ReadRules();
  void ReadRule(const Value& value);
  void ReadBuildOptions();
  // Durable Objects (object_reader.cc).
  void ReadMigrations();
  void ReadMigration(const Value& migration, std::set<std::string_view>& tags);
  void CreateClass(const Value& name, ObjectClass::Storage storage);
  void DeleteClass(const Value& name);
  void RenameClass(const Value& rename);
  void TransferClass(const Value& transfer);
  void AddClass(int line, std::string_view name, std::string space, ObjectClass::Storage storage);
  std::vector<ObjectClass>::iterator FindClass(std::string_view name);
  void ReadObjectBindings();
  void ReadObjectBinding(const Value& binding);
  // Service bindings (service_reader.cc).
  void ReadServices();
  void ReadService(const Value& binding);
  // The name of the worker that a binding means: `name`, and the binding's `environment` behind it.
  std::string WorkerOf(const Value& binding, const Value& name);
  // Cron (cron_reader.cc).
  void ReadTriggers();
  // KV (kv_reader.cc).
  void ReadKvNamespaces();
  void ReadKvNamespace(const Value& item);
  // Queues (queue_reader.cc).
  void ReadQueues();
  void ReadQueueProducer(const Value& item);
  void ReadQueueConsumer(const Value& item);
  // The name of a queue; null after an error.
  const Value* RequireQueue(const Value& item, std::string_view member);
  // A whole number in the range; none: it is not there, or wrong, which is said.
  std::optional<int64_t> ReadWhole(const Value& object, std::string_view member, int64_t min, int64_t max);
  const Value* RequireText(const Value& object, std::string_view member, std::string_view example);
  std::optional<std::string> ReadText(std::string_view name);
  std::vector<std::pair<std::string, std::string>> ReadTextMap(std::string_view name);
  std::optional<int64_t> ReadPositive(const Value& value, int64_t max);
  void WarnOfUnknownMembers(const Value& object, std::span<const std::string_view> known);

  void Error(int line, std::string text) { errors_.push_back({line, std::move(text)}); }
  void Warn(int line, std::string text) { Notify(Notice::Severity::kWarning, line, std::move(text)); }
  void Note(int line, std::string text) { Notify(Notice::Severity::kNote, line, std::move(text)); }
  void Notify(Notice::Severity severity, int line, std::string text);
  void TypeError(const Value& value, std::string_view wanted);

  const Value& root_;
  const Options options_;
  const Value* env_ = nullptr;  // the chosen environment's section; null at the top level
  WorkerConfig config_;
  std::vector<Problem> errors_;
  std::vector<Notice> notices_;
  int main_line_ = 0;
  std::vector<std::pair<std::string, int>> required_secrets_;
};

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_CONFIG_READER_H_
