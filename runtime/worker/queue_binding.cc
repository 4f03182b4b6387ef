#include "runtime/worker/queue_binding.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/str_cat.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/promise.h"
#include "runtime/js/language/serialize.h"
#include "runtime/js/native.h"
#include "runtime/web/remote_error.h"
#include "runtime/web/web.h"
#include "runtime/worker/queue_event.h"
#include "runtime/worker/queue_store.h"
#include "runtime/worker/worker_isolate.h"

namespace edge::worker {
namespace {

using storage::MessageFormat;

struct QueueState {
  std::string queue;
  Duration delay;
  QueueErrorCodes error_codes;
};
void ReleaseQueue(void* pointer) { delete static_cast<QueueState*>(pointer); }
const js::NativeType kQueueType = {"WorkerQueue", ReleaseQueue, 0, js::KeepCopy<QueueState>};

// One call, from its arguments to its result. Kept by whoever works at it.
struct Operation {
  std::string queue;
  std::string failed;  // how the texts of its errors begin
  bool codes = false;  // ... and whether they end with a number
  std::vector<OutgoingMessage> messages;
  std::optional<QueueMetrics> metrics;
};
using OperationPtr = std::shared_ptr<Operation>;

// Arguments while they are read, which may throw.
void ReleaseArguments(void* pointer) { delete static_cast<OperationPtr*>(pointer); }
const js::NativeType kArgumentsType = {"QueueArguments", ReleaseArguments};

// [ ... ] -> [ ... arguments ]. The queue is the native's first argument.
Operation& PushArguments(duk_context* ctx, const char* what) {
  web::RequireInvocation(ctx);
  const auto* state = static_cast<const QueueState*>(js::RequireNative(ctx, 0, kQueueType));
  auto* const arguments = new OperationPtr(std::make_shared<Operation>());
  js::PushNative(ctx, kArgumentsType, arguments);
  Operation& operation = **arguments;
  operation.queue = state->queue;
  operation.codes = state->error_codes == QueueErrorCodes::kExposed;
  operation.failed = operation.codes ? "Queue send failed: " : StrCat("Queue ", what, " failed: ");
  return operation;
}

// What the caller is told of it.
absl::Status ErrorOf(const Operation& operation, const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status) || absl::IsAborted(status) || absl::IsCancelled(status)) return status;
  std::string text(FromAbsl(status.message()));
  int code = 15000;
  if (absl::IsResourceExhausted(status)) {
    text = "Too Many Requests";
    code = 10250;
  } else if (!absl::IsUnimplemented(status)) {
    text = "Internal Server Error";
  }
  return web::RemoteErrorStatus(
      {.name = "Error", .message = operation.codes ? StrCat(operation.failed, text, " (", code, ")") : StrCat(operation.failed, text)});
}

using Work = absl::StatusOr<QueueMetrics> (*)(QueueStore& store, Operation& operation, const QueueCaller& caller);

// An array: messages, bytes, and when the oldest was sent or undefined.
void PushMetrics(duk_context* ctx, const QueueMetrics& metrics) {
  duk_push_array(ctx);
  duk_push_number(ctx, static_cast<double>(metrics.messages));
  duk_put_prop_index(ctx, -2, 0);
  duk_push_number(ctx, static_cast<double>(metrics.bytes));
  duk_put_prop_index(ctx, -2, 1);
  if (metrics.oldest.has_value()) {
    duk_push_number(ctx, static_cast<double>(metrics.oldest->ToUnixMilliseconds()));
  } else {
    duk_push_undefined(ctx);
  }
  duk_put_prop_index(ctx, -2, 2);
}

// Starts what the arguments at the top say. [ ... arguments ] -> [ ... arguments promise ]
void Start(duk_context* ctx, Work work) {
  const uint32_t promise = js::NewPromise(ctx);
  const OperationPtr operation = *static_cast<OperationPtr*>(js::GetNative(ctx, -2, kArgumentsType));
  WorkerIsolate& isolate = WorkerIsolate::Self(ctx);
  isolate.StartOperation({.label = "queue",
                          .work = [operation, work, store = isolate.queues()](uint64_t key, uint64_t invocation) -> absl::Status {
                            if (store == nullptr) {
                              return ErrorOf(*operation, absl::UnimplementedError("queues are not available: this node keeps no state."));
                            }
                            absl::StatusOr<QueueMetrics> metrics = work(*store, *operation, {.key = key, .invocation = invocation});
                            if (metrics.ok()) operation->metrics = *metrics;
                            return ErrorOf(*operation, metrics.status());
                          },
                          .finish =
                              [operation, promise](duk_context* c, const absl::Status& status) {
                                if (!status.ok()) {
                                  web::PushRemoteError(c, status);
                                  js::SettlePromise(c, promise, js::Settle::kReject);
                                  return;
                                }
                                PushMetrics(c, operation->metrics.value_or(QueueMetrics()));
                                js::SettlePromise(c, promise, js::Settle::kResolve);
                              }});
}

// Throws "Queue send failed: TEXT", with the number in brackets where those are exposed.
[[noreturn]] void Refuse(duk_context* ctx, const Operation& operation, const char* text, double number, const char* rest, int code) {
  if (operation.codes) js::ThrowError(ctx, "Error", "%s%s%.0f%s (%d)", operation.failed.c_str(), text, number, rest, code);
  js::ThrowError(ctx, "Error", "%s%s%.0f%s", operation.failed.c_str(), text, number, rest);
}

// native.send(queue, batch?, formats, bodies, delays) -> promise (PushMetrics). A format is a MessageFormat; a delay may be undefined.
duk_ret_t NativeSend(duk_context* ctx) {
  duk_set_top(ctx, 5);
  const bool batch = duk_to_boolean(ctx, 1) != 0;
  Operation& operation = PushArguments(ctx, batch ? "sendBatch" : "send");
  const Duration delay = static_cast<const QueueState*>(js::RequireNative(ctx, 0, kQueueType))->delay;
  const auto count = static_cast<duk_uarridx_t>(duk_get_length(ctx, 2));
  double total = 0;
  for (duk_uarridx_t i = 0; i < count; ++i) {
    operation.messages.emplace_back();
    OutgoingMessage& message = operation.messages.back();
    duk_get_prop_index(ctx, 2, i);
    message.format = static_cast<MessageFormat>(duk_get_int(ctx, -1));
    duk_pop(ctx);
    duk_get_prop_index(ctx, 4, i);
    message.delay = duk_is_undefined(ctx, -1) ? delay : Duration::Seconds(duk_get_int(ctx, -1));
    duk_pop(ctx);
    duk_get_prop_index(ctx, 3, i);
    if (message.format == MessageFormat::kV8) {
      js::SerializeValue(ctx, -1, message.body);
    } else if (message.format == MessageFormat::kBytes) {
      if (const std::optional<std::string_view> bytes = web::GetBytes(ctx, -1); bytes.has_value()) message.body.assign(*bytes);
    } else {
      const std::string_view text = js::RequireUtf8(ctx, -1);
      message.body.assign(text);
    }
    duk_pop(ctx);
    const auto size = static_cast<double>(message.body.size());
    if (size > kQueueMessageBytesMax) {
      Refuse(ctx, operation, "message length of ", size, " bytes exceeds limit of 128000", 10204);
    }
    total += size;
  }
  if (total > kQueueBatchBytesMax) Refuse(ctx, operation, "batch size of ", total, " bytes exceeds limit of 256000", 10205);
  Start(ctx,
        [](QueueStore& store, Operation& op, const QueueCaller& caller) { return store.Send(op.queue, std::move(op.messages), caller); });
  return 1;
}

// native.metrics(queue) -> promise (PushMetrics)
duk_ret_t NativeMetrics(duk_context* ctx) {
  duk_set_top(ctx, 1);
  PushArguments(ctx, "metrics");
  Start(ctx, [](QueueStore& store, Operation& op, const QueueCaller& caller) { return store.Metrics(op.queue, caller); });
  return 1;
}

// native.refuse(queue, batch?, text, number, rest, code): throws.
duk_ret_t NativeRefuse(duk_context* ctx) {
  duk_set_top(ctx, 6);
  const Operation& operation = PushArguments(ctx, duk_to_boolean(ctx, 1) != 0 ? "sendBatch" : "send");
  Refuse(ctx, operation, duk_require_string(ctx, 2), duk_require_number(ctx, 3), duk_require_string(ctx, 4), duk_require_int(ctx, 5));
}

// native.judge(invocation, what, index, delay): what a consumer says; `what` as below, `index` of single messages, a delay may be
// undefined. After the end of the event it says nothing.
duk_ret_t NativeJudge(duk_context* ctx) {
  duk_set_top(ctx, 4);
  const auto what = static_cast<WorkerIsolate::Judgement>(duk_require_int(ctx, 1));
  BatchVerdicts::Delay delay;
  if (!duk_is_undefined(ctx, 3)) delay = Duration::Seconds(duk_require_int(ctx, 3));
  WorkerIsolate::Self(ctx).Judge(static_cast<uint64_t>(duk_require_number(ctx, 0)), what, static_cast<size_t>(duk_get_int(ctx, 2)), delay);
  return 0;
}

// A method: [ arguments ] -> what the function `name` of lib/queue.js returns for (this, how many, arguments...).
duk_ret_t Call(duk_context* ctx, const char* name, duk_idx_t arguments_max) {
  js::This<QueueState>(ctx, kQueueType);
  const duk_idx_t given = duk_get_top(ctx);
  duk_set_top(ctx, arguments_max);
  js::PushLibraryFunction(ctx, name);
  duk_insert(ctx, 0);
  duk_push_this(ctx);
  duk_insert(ctx, 1);
  duk_push_int(ctx, given);
  duk_insert(ctx, 2);
  duk_call(ctx, arguments_max + 2);
  return 1;
}

duk_ret_t Send(duk_context* ctx) { return Call(ctx, "queueSend", 2); }
duk_ret_t SendBatch(duk_context* ctx) { return Call(ctx, "queueSendBatch", 2); }
duk_ret_t Metrics(duk_context* ctx) { return Call(ctx, "queueMetrics", 0); }

const js::Method kMethods[] = {{"send", Send, 1}, {"sendBatch", SendBatch, 1}, {"metrics", Metrics, 0}};

// [ ... ] -> [ ... body ]
void PushBody(duk_context* ctx, const storage::QueuedMessage& message) {
  switch (message.format) {
    case MessageFormat::kText:
      js::PushUtf8(ctx, message.body);
      return;
    case MessageFormat::kBytes: {
      void* const buffer = duk_push_fixed_buffer(ctx, message.body.size());
      std::copy(message.body.begin(), message.body.end(), static_cast<char*>(buffer));
      duk_push_buffer_object(ctx, -1, 0, message.body.size(), DUK_BUFOBJ_UINT8ARRAY);
      duk_remove(ctx, -2);
      return;
    }
    case MessageFormat::kV8:
      js::DeserializeValue(ctx, message.body);
      return;
    case MessageFormat::kJson:
      break;
  }
  js::PushUtf8(ctx, message.body);
  duk_json_decode(ctx, -1);
}

}  // namespace

void DefineQueue(duk_context* ctx) {
  js::DefineClass(ctx, {.type = &kQueueType, .name = "WorkerQueue", .construct = nullptr, .methods = kMethods});
  duk_pop(ctx);
  js::DefineClass(ctx, {.type = &kArgumentsType, .name = "QueueArguments", .construct = nullptr});
  duk_pop(ctx);
}

std::span<const js::LibraryNative> QueueNatives() {
  static const js::LibraryNative kNatives[] = {
      {"send", NativeSend, 5}, {"metrics", NativeMetrics, 1}, {"refuse", NativeRefuse, 6}, {"judge", NativeJudge, 4}};
  return kNatives;
}

void PushQueue(duk_context* ctx, const QueueBinding& binding, QueueErrorCodes error_codes) {
  js::PushNative(ctx, kQueueType, new QueueState{binding.queue, binding.delivery_delay, error_codes});
}

void PushMessageBatch(duk_context* ctx, const QueueEvent& event, uint64_t invocation) {
  js::PushLibraryFunction(ctx, "makeBatch");
  js::PushUtf8(ctx, event.queue);
  duk_push_number(ctx, static_cast<double>(invocation));
  PushMetrics(ctx, event.metrics);
  // id, time, attempts and body of each
  duk_push_array(ctx);
  duk_uarridx_t index = 0;
  for (const storage::QueuedMessage& message : event.messages) {
    js::PushUtf8(ctx, message.id);
    duk_put_prop_index(ctx, -2, index++);
    duk_push_number(ctx, static_cast<double>(message.sent.ToUnixMilliseconds()));
    duk_put_prop_index(ctx, -2, index++);
    duk_push_number(ctx, static_cast<double>(message.attempts));
    duk_put_prop_index(ctx, -2, index++);
    PushBody(ctx, message);
    duk_put_prop_index(ctx, -2, index++);
  }
  duk_call(ctx, 4);
}

}  // namespace edge::worker
