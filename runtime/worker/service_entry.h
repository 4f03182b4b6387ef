// ServiceEntry: which entrypoint of a worker a binding means, and what it hands over as ctx.props.
#ifndef EDGE_RUNTIME_WORKER_SERVICE_ENTRY_H_
#define EDGE_RUNTIME_WORKER_SERVICE_ENTRY_H_

#include <cstdint>
#include <string>

namespace edge::worker {

struct ServiceEntry {
  std::string entrypoint;  // an exported name; empty: the default export
  struct Props {
    enum class Form : uint8_t { kNone, kJson, kSerialized /* js::SerializeValue */ } form = Form::kNone;
    std::string bytes;
  } props;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_SERVICE_ENTRY_H_
