// DurableObjectNamespace: `env.COUNTER`: ids and stubs of the objects of one class.
//
// An id is 64 hexadecimal digits: 16 bytes that name the object, and 16 that tie them to the namespace, so that an id of another namespace
// is refused. Ids are made from the namespace's space, which does not change when the class is renamed. Contract: contract sheet 3.1, 3.2.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_NAMESPACE_H_
#define EDGE_RUNTIME_WORKER_OBJECT_NAMESPACE_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "duktape.h"
#include "runtime/worker/worker_code.h"

namespace edge::worker {

// Defines the class.
void DefineObjectNamespace(duk_context* ctx);
// [ ... ] -> [ ... namespace ]. REQUIRES: the class that the binding names is one of the code's, or is in the binding.
void PushObjectNamespace(duk_context* ctx, const WorkerCode& code, const ObjectBinding& binding);
// Of a class of the isolate's own code.
void PushObjectNamespace(duk_context* ctx, const ObjectClass& object_class);

// The id of the object of that name; always the same.
std::string ObjectIdFromName(std::string_view space, std::string_view jurisdiction, std::string_view name);
// REQUIRES: 16 random bytes.
std::string UniqueObjectId(std::string_view space, std::string_view jurisdiction, std::span<const std::byte> random);
// The id in lower case. kInvalidArgument: the text is none, or is another namespace's, with the platform's text.
absl::StatusOr<std::string> CheckObjectId(std::string_view space, std::string_view text);
// Of an id that was checked; empty: none.
std::string_view JurisdictionOf(std::string_view id);

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_NAMESPACE_H_
