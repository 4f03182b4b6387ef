// worker.json in a built bundle: what of the configuration a deployed worker needs (name, variables, limits), never a secret.
#ifndef EDGE_RUNTIME_APPLICATION_DEPLOYMENT_H_
#define EDGE_RUNTIME_APPLICATION_DEPLOYMENT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/worker/worker_code.h"

namespace edge::cli {

std::string WriteDeployment(const worker::WorkerCode& code);

// Fills name, variables and limits. kInvalidArgument: not such a file; the text says what is wrong.
absl::Status ReadDeployment(std::string_view json, worker::WorkerCode& code);

}  // namespace edge::cli

#endif  // EDGE_RUNTIME_APPLICATION_DEPLOYMENT_H_
