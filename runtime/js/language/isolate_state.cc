// Where the language runtime's state hangs on an isolate.
#include <utility>

#include "absl/functional/any_invocable.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/regexp_binding.h"
#include "runtime/js/language/state.h"

namespace edge::js::language {

State& StateOf(duk_context* ctx) { return *static_cast<State*>(GetAttachment(ctx, AttachmentKind::kLanguage)); }

namespace {

// The hooks are the owner's; the regular expressions' scratch memory is made anew.
absl::AnyInvocable<void()> KeepState(void* value) {
  auto* state = static_cast<State*>(value);
  State saved = *state;
  saved.hooks = {};
  saved.regexp = nullptr;
  return [state, saved = std::move(saved), regexp = static_cast<const RegExpData&>(*state->regexp)] {
    *state = saved;
    state->regexp = std::make_shared<RegExpState>(regexp);
  };
}

}  // namespace

State& MakeState(duk_context* ctx) {
  auto* state = new State;
  SetAttachment(
      ctx, AttachmentKind::kLanguage, state, [](void* value) { delete static_cast<State*>(value); }, KeepState);
  return *state;
}

void ChargeWork(duk_context* ctx, size_t units) { ChargeCpu(ctx, static_cast<int64_t>(units)); }

}  // namespace edge::js::language
