// Where the language runtime's state hangs on an isolate.
#include "runtime/js/isolate.h"
#include "runtime/js/language/regexp_binding.h"
#include "runtime/js/language/state.h"

namespace edge::js::language {

State& StateOf(duk_context* ctx) { return *static_cast<State*>(GetAttachment(ctx, AttachmentKind::kLanguage)); }

State& MakeState(duk_context* ctx) {
  auto* state = new State;
  SetAttachment(ctx, AttachmentKind::kLanguage, state, [](void* value) { delete static_cast<State*>(value); });
  return *state;
}

void ChargeWork(duk_context* ctx, size_t units) { ChargeCpu(ctx, static_cast<int64_t>(units)); }

}  // namespace edge::js::language
