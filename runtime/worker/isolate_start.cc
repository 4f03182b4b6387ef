// How an isolate starts: from the code, or from one that was started before.
#include "runtime/worker/worker_isolate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/js/language/language.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/native.h"
#include "runtime/js/source_map.h"
#include "runtime/websocket/web_socket.h"
#include "runtime/worker/isolate_internal.h"
#include "runtime/worker/object_sockets.h"

namespace edge::worker {
namespace {

// The lines of listEntryPoints (lib/worker.js).
EntryPoints ReadEntryPoints(std::string_view lines) {
  EntryPoints points;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const size_t space = std::min(line.find(' '), line.size());
    const std::string_view name = line.substr(std::min(space + 1, line.size()));
    if (line.starts_with("handler ")) points.handlers.emplace_back(name);
    if (line.starts_with("class ")) points.classes.emplace_back(name);
    if (!line.starts_with("handler ")) points.names.emplace_back(name);
  }
  return points;
}

}  // namespace

absl::Status WorkerIsolate::LoadModule() {
  std::optional<ParkedIsolate> parked;
  if (nursery_ != nullptr) parked = nursery_->Take(code_);
  EDGE_RETURN_IF_ERROR(parked.has_value() ? LoadWarm(*std::move(parked)) : LoadCold());
  starting_ = false;
  if (nursery_ != nullptr && !isolate_->captured()) {
    const absl::Status kept = impure_ == nullptr ? isolate_->Capture() : absl::FailedPreconditionError(impure_);
    if (!kept.ok()) nursery_->OnNotKept(code_, std::string(kept.message()));
  }
  return absl::OkStatus();
}

absl::Status WorkerIsolate::LoadWarm(ParkedIsolate parked) {
  isolate_ = std::move(parked.isolate);
  start_record_ = std::move(parked.record);
  isolate_->Adopt(*this);
  SetSourceMap();
  web::RebindWeb(isolate_->context(), *this);
  websocket::RebindWebSocket(isolate_->context(), scheduler_);
  rpc::RebindRpc(isolate_->context(), *this);
  durable::RebindDurable(isolate_->context(), *this);
  RebindWorkerApi(isolate_->context(), *this);
  js::SetErrorHooks(isolate_->context(), Hooks());
  // What each Enter of the cold start did beside running JavaScript.
  for (const StartRecord::Entry& entry : start_record_.entries) {
    if (const absl::Status locked = lock_.Lock(); !locked.ok()) return absl::InvalidArgumentError(locked.message());
    frozen_now_ = scheduler_.clock().Now();
    frozen_wall_ = scheduler_.clock().WallNow();
    for (uint32_t i = 0; i < entry.interrupts && !start_cancelled_; ++i) start_cancelled_ = !scheduler_.Yield().ok();
    if (!start_cancelled_ && observer_ != nullptr) observer_->OnLeft(key_, entry.executed_instructions, entry.memory_used_bytes);
    lock_.Unlock();
    if (start_cancelled_) return absl::InvalidArgumentError(kStartCancelled);
  }
  return absl::OkStatus();
}

void WorkerIsolate::SetSourceMap() {
  isolate_->SetSourceMap(code_.script_name, [this]() -> std::shared_ptr<const js::SourceMap> {
    if (code_.source_map.empty()) return nullptr;
    absl::StatusOr<js::SourceMap> map = js::SourceMap::Parse(code_.source_map);
    if (!map.ok()) {
      NoteImpure("its source map cannot be read");
      log_.Write(Severity::kWarning, code_.name, absl::StrCat("stack traces show the lowered code: ", std::string(map.status().message())));
      return nullptr;
    }
    return std::make_shared<const js::SourceMap>(*std::move(map));
  });
}

js::ErrorHooks WorkerIsolate::Hooks() {
  return {.data = this, .unhandled_rejection = OnUnhandledRejection, .uncaught_error = OnUncaughtError};
}

absl::Status WorkerIsolate::LoadCold() {
  js::IsolateLimits limits;
  limits.memory = code_.limits.memory;
  isolate_ = js::Isolate::Create(*this, limits);
  if (isolate_ == nullptr) return absl::ResourceExhaustedError("no memory for an isolate");
  SetSourceMap();

  Failure failure;
  const Entered entered = Enter(
      kGlobalScope,
      [&](duk_context* ctx) {
        js::InstallLanguage(ctx);
        web::InstallWeb(ctx, *this);
        websocket::InstallWebSocket(ctx, scheduler_, code_.web_sockets);
        rpc::InstallRpc(ctx, *this);
        durable::InstallDurable(ctx, *this);
        InstallObjectSockets(ctx);
        InstallWorkerApi(ctx, *this, code_);
        duk_push_heap_stash(ctx);
        duk_push_object(ctx);
        duk_put_prop_string(ctx, -2, kReadersKey);
        duk_push_object(ctx);
        duk_put_prop_string(ctx, -2, kSignalsKey);
        js::SetErrorHooks(ctx, Hooks());
        js::Isolate::Evaluate(ctx, code_.script, code_.script_name);  // [ stash function ]
        js::Isolate::ForbidCodeGeneration(ctx);
        js::PushEdgeObject(ctx);
        duk_call(ctx, 1);  // [ stash exports | promise of exports ]
        KeepExports(ctx);
        duk_pop(ctx);
      },
      failure);
  if (entered != Entered::kOk) {
    return absl::InvalidArgumentError(failure.stack.empty() ? failure.message : failure.stack);
  }

  // A module with top-level await gives a promise: nothing may be waited for at global scope, so it is settled by now or never.
  bool unsettled = false;
  std::string problem;
  std::string entry_points;
  const Entered checked = Enter(
      kGlobalScope,
      [&](duk_context* ctx) {
        PushExports(ctx);
        switch (js::GetPromiseState(ctx, -1)) {
          case js::PromiseState::kNotAPromise:
            break;
          case js::PromiseState::kPending:
            unsettled = true;
            return;
          case js::PromiseState::kRejected:
            js::MarkPromiseHandled(ctx, -1);
            js::PushPromiseResult(ctx, -1);
            duk_throw(ctx);
            return;
          case js::PromiseState::kFulfilled:
            js::PushPromiseResult(ctx, -1);
            duk_dup(ctx, -1);
            KeepExports(ctx);
            duk_remove(ctx, -2);
            break;
        }
        js::PushLibraryFunction(ctx, "checkExports");
        duk_dup(ctx, -2);
        duk_call(ctx, 1);
        if (duk_is_string(ctx, -1)) problem = js::RequireUtf8(ctx, -1);
        duk_pop(ctx);
        js::PushLibraryFunction(ctx, "listEntryPoints");
        duk_dup(ctx, -2);
        duk_call(ctx, 1);
        entry_points = js::RequireUtf8(ctx, -1);
        duk_pop_2(ctx);
      },
      failure);
  if (checked != Entered::kOk) return absl::InvalidArgumentError(failure.stack.empty() ? failure.message : failure.stack);
  if (unsettled) {
    return absl::InvalidArgumentError(
        "Top-level await in module is unresolved: nothing that needs input, output or a timer can be awaited at global scope.");
  }
  if (!problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the worker cannot answer requests: ", problem,
                                                   ". Its main module needs `export default { async fetch(request, env, ctx) { ... } }`; "
                                                   "service-worker syntax (addEventListener(\"fetch\")) is not supported."));
  }
  start_record_.entry_points = ReadEntryPoints(entry_points);
  return absl::OkStatus();
}

}  // namespace edge::worker
