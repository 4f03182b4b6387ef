#include "runtime/application/link.h"

#include <algorithm>
#include <string>

#include "runtime/base/str_cat.h"

namespace edge::cli {
namespace {

using worker::WorkerCode;

const WorkerCode* Find(std::span<WorkerCode* const> codes, std::string_view name) {
  const auto found = std::find_if(codes.begin(), codes.end(), [&](const WorkerCode* code) { return code->name == name; });
  return found == codes.end() ? nullptr : *found;
}

std::string Where(const WorkerCode& code, std::string_view origin) { return StrCat(origin.empty() ? code.name : origin, ": "); }

std::string NoSuchWorker(std::string_view binding, std::string_view name) {
  return StrCat("the binding ", binding, " names the worker \"", name,
                "\", which is not served here; name its folder too: edge serve DIR DIR");
}

}  // namespace

absl::Status LinkWorkers(std::span<WorkerCode* const> codes) {
  std::string errors;
  const auto report = [&](std::string error) { StrAppend(&errors, errors.empty() ? "" : "\n", error); };
  for (size_t i = 0; i < codes.size(); ++i) {
    if (Find(codes, codes[i]->name) != codes[i]) {
      report(StrCat("two workers are called \"", codes[i]->name, "\"; give each a name of its own"));
    }
    for (worker::ObjectBinding& binding : codes[i]->object_bindings) {
      if (binding.script_name.empty()) continue;
      const WorkerCode* const other = Find(codes, binding.script_name);
      if (other == nullptr) {
        report(StrCat(Where(*codes[i], binding.origin), NoSuchWorker(binding.name, binding.script_name)));
        continue;
      }
      const auto found = std::find_if(other->object_classes.begin(), other->object_classes.end(),
                                      [&](const worker::ObjectClass& object) { return object.name == binding.class_name; });
      if (found == other->object_classes.end()) {
        report(StrCat(Where(*codes[i], binding.origin), "the binding ", binding.name, " names the class ", binding.class_name,
                      ", which is no class of Durable Objects of the worker \"", other->name, "\"; create it there: a migration with ",
                      "new_sqlite_classes = [\"", binding.class_name, "\"]"));
        continue;
      }
      binding.other = *found;
    }
    for (const worker::ServiceBinding& binding : codes[i]->service_bindings) {
      if (Find(codes, binding.service) == nullptr) {
        report(StrCat(Where(*codes[i], binding.origin), NoSuchWorker(binding.name, binding.service)));
      }
    }
  }
  return errors.empty() ? absl::OkStatus() : absl::InvalidArgumentError(errors);
}

}  // namespace edge::cli
