// HttpFront: the door between the HTTP server and a worker. One request becomes one invocation; its Response becomes the answer.
//
// The body of the request is read only when the worker asks for it; the body of the response is sent while the worker makes it, at the
// client's pace. When the answer is sent, waitUntil tasks go on elsewhere and the connection is free.
#ifndef EDGE_RUNTIME_WORKER_HTTP_FRONT_H_
#define EDGE_RUNTIME_WORKER_HTTP_FRONT_H_

#include <memory>

#include "net/http/exchange.h"
#include "runtime/worker/worker.h"

namespace edge::worker {

// What a client sees of a worker's error: a developer the error with its stack, everybody else that there was one.
enum class ErrorDetail : uint8_t { kHidden, kShown };

class HttpFront final : public http::Handler {
 public:
  // `worker` is borrowed and outlives the front.
  HttpFront(Worker& worker, ErrorDetail detail) : worker_(worker), detail_(detail) {}

  void Handle(http::Exchange& exchange) override;

 private:
  class ServedBody;
  class Disconnect;
  struct Upgraded;

  void Serve(http::Exchange& exchange, web::IncomingHead& head, const std::shared_ptr<ServedBody>& body);
  http::ResponseHead HeadOf(const web::OutgoingResponse& response);
  // Not null: the connection is a WebSocket from now on.
  std::shared_ptr<Upgraded> Answer(http::Exchange& exchange, WorkerIsolate& isolate, Invocation& invocation, Disconnect& disconnect);
  void Stream(http::Exchange& exchange, WorkerIsolate& isolate, Invocation& invocation, Disconnect& disconnect,
              const http::ResponseHead& head);
  // Hands the connection to the response's WebSocket. What is returned says when it is over; null: it was refused, and that is the answer.
  std::shared_ptr<Upgraded> Upgrade(http::Exchange& exchange, Invocation& invocation);
  // Goes on until the WebSocket is over, and what JavaScript hears of that; or until nothing runs that could use it, because its end has
  // gone elsewhere. MAY SUSPEND.
  static void WaitForWebSocket(WorkerIsolate& isolate, Invocation& invocation, Upgraded& upgraded);
  void AnswerFailure(http::Exchange& exchange, const Failure& failure);

  Worker& worker_;
  const ErrorDetail detail_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_HTTP_FRONT_H_
