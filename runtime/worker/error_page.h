// The page that `serve --dev` shows for an error in the worker.
#ifndef EDGE_RUNTIME_WORKER_ERROR_PAGE_H_
#define EDGE_RUNTIME_WORKER_ERROR_PAGE_H_

#include <string>
#include <string_view>

#include "runtime/worker/invocation.h"

namespace edge::worker {

// HTML; everything that comes from the request or the error is escaped.
std::string ErrorPage(std::string_view method, std::string_view target, const Failure& failure);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_ERROR_PAGE_H_
