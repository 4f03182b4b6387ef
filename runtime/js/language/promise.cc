#include "runtime/js/language/promise.h"

#include "runtime/js/language/promise_core.h"
#include "runtime/js/language/state.h"

namespace edge::js {

using language::kPromiseType;
using language::Push;
using language::State;
using language::StateOf;
using language::ValueTable;

namespace {

// A number is generation << kIndexBits | index: a slot that is used again has another number.
constexpr uint32_t kIndexBits = 20;
constexpr uint32_t kIndexMask = (1u << kIndexBits) - 1;
constexpr uint32_t kGenerationMask = (1u << (32 - kIndexBits)) - 1;

// The slot of a number in use, or -1.
int64_t SlotOf(const ValueTable& table, uint32_t id) {
  const uint32_t index = id & kIndexMask;
  if (index >= table.generation.size() || table.generation[index] != id >> kIndexBits || (id >> kIndexBits) % 2 == 0) return -1;
  return index;
}

void Free(duk_context* ctx, ValueTable& table, uint32_t index) {
  Push(ctx, table.holder);
  duk_push_undefined(ctx);
  SetSlot(ctx, -2, index);
  duk_pop(ctx);
  table.generation[index] = (table.generation[index] + 1) & kGenerationMask;
  table.free.push_back(index);
  --table.used;
}

}  // namespace

PromiseState GetPromiseState(duk_context* ctx, duk_idx_t index) {
  auto* promise = static_cast<language::Promise*>(GetNative(ctx, index, kPromiseType));
  return promise == nullptr ? PromiseState::kNotAPromise : promise->state;
}

void PushPromiseResult(duk_context* ctx, duk_idx_t index) { PushSlot(ctx, index, 0); }

void MarkPromiseHandled(duk_context* ctx, duk_idx_t index) { language::MarkHandled(ctx, index); }

void PushResolvedPromise(duk_context* ctx) {
  language::PushPromise(ctx);
  duk_insert(ctx, -2);
  language::Resolve(ctx, -2);
}

void PushRejectedPromise(duk_context* ctx) {
  language::PushPromise(ctx);
  duk_insert(ctx, -2);
  language::Reject(ctx, -2);
}

void ToPromise(duk_context* ctx) { language::CoerceToPromise(ctx); }

uint32_t NewPromise(duk_context* ctx) {
  ValueTable& table = StateOf(ctx).deferred;
  language::PushPromise(ctx);
  if (table.free.empty()) {
    const uint32_t index = static_cast<uint32_t>(table.generation.size());
    if (index > kIndexMask) ThrowError(ctx, "RangeError", "Too many pending operations");
    Push(ctx, table.holder);
    if (index >= SlotCount(ctx, -1)) ResizeSlots(ctx, -1, index == 0 ? 8 : index * 2);
    duk_pop(ctx);
    table.generation.push_back(0);
    table.free.push_back(index);
  }
  const uint32_t index = table.free.back();
  table.free.pop_back();
  table.generation[index] = (table.generation[index] + 1) & kGenerationMask;
  ++table.used;
  Push(ctx, table.holder);
  duk_dup(ctx, -2);
  SetSlot(ctx, -2, index);
  duk_pop(ctx);
  return table.generation[index] << kIndexBits | index;
}

void SettlePromise(duk_context* ctx, uint32_t id, Settle how) {
  ValueTable& table = StateOf(ctx).deferred;
  const int64_t index = SlotOf(table, id);
  if (index < 0) return duk_pop(ctx);
  Push(ctx, table.holder);
  PushSlot(ctx, -1, static_cast<uint32_t>(index));
  duk_remove(ctx, -2);
  duk_insert(ctx, -2);
  Free(ctx, table, static_cast<uint32_t>(index));
  // [ ... promise value ]
  if (how == Settle::kResolve) {
    language::Resolve(ctx, -2);
  } else {
    language::Reject(ctx, -2);
  }
  duk_pop(ctx);
}

void DropPromise(duk_context* ctx, uint32_t id) {
  ValueTable& table = StateOf(ctx).deferred;
  const int64_t index = SlotOf(table, id);
  if (index >= 0) Free(ctx, table, static_cast<uint32_t>(index));
}

size_t PendingPromiseCount(duk_context* ctx) { return StateOf(ctx).deferred.used; }

void OnPromiseSettled(duk_context* ctx, duk_idx_t index, SettledCallback callback, void* data) {
  index = duk_normalize_index(ctx, index);
  for (uint32_t i = 0; i < language::kSlotsPerReaction; ++i) duk_push_undefined(ctx);
  language::AddReaction(ctx, index, {.kind = language::JobKind::kNative, .callback = callback, .data = data});
}

}  // namespace edge::js
