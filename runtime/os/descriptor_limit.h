// The number of descriptors a process may have open: a shell's usual 1,024 would end a server at its thousandth connection.
#ifndef EDGE_RUNTIME_OS_DESCRIPTOR_LIMIT_H_
#define EDGE_RUNTIME_OS_DESCRIPTOR_LIMIT_H_

#include <cstdint>

namespace edge {

// Raises this process's soft limit to its hard one. Returns the limit in force; children inherit it.
uint64_t RaiseDescriptorLimit();

}  // namespace edge

#endif  // EDGE_RUNTIME_OS_DESCRIPTOR_LIMIT_H_
