// ServiceOperation: what an operator asks of the services beside objects: KV pairs, a run of a cron trigger now.
//
// As Operation: the same in the process that serves, asked over its control socket, or in the command itself; cron only in the former.
#ifndef EDGE_RUNTIME_OPERATE_SERVICE_OPERATION_H_
#define EDGE_RUNTIME_OPERATE_SERVICE_OPERATION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/base/time.h"
#include "runtime/worker/kv_store.h"

namespace edge::operate {

struct ServiceOperation {
  enum class Verb : uint8_t { kKvGet, kKvPut, kKvDelete, kKvList, kCronRun } verb = Verb::kKvList;
  std::string name;   // the identifier of the KV namespace; of cron the worker, empty: the only one with cron expressions
  std::string key;    // of KV; list: the prefix; of cron the expression, empty: the only one
  std::string value;  // put
  int64_t ttl_s = 0;  // put: expires then; 0: never
  enum class Format : uint8_t { kText, kJson } format = Format::kText;  // list

  std::string Encode() const;  // for the control socket
  static absl::StatusOr<ServiceOperation> Decode(std::string_view text);
  bool operator==(const ServiceOperation&) const = default;
};

// Carries out what is about KV and returns what the operator reads; of get the value as it is. kNotFound, kInvalidArgument: the operator's
// to mend. Others as KvStore. MAY SUSPEND.
absl::StatusOr<std::string> OperateKv(worker::KvStore& kv, WallTime now, const ServiceOperation& operation);

}  // namespace edge::operate

#endif  // EDGE_RUNTIME_OPERATE_SERVICE_OPERATION_H_
