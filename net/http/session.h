// Session: what a connection needs while it is active: buffers, parser, decoder. Pooled by the server; a parked connection has none.
#ifndef EDGE_NET_HTTP_SESSION_H_
#define EDGE_NET_HTTP_SESSION_H_

#include "net/http/body_decoder.h"
#include "net/http/limits.h"
#include "net/http/request_parser.h"
#include "net/http/wire.h"
#include "runtime/fiber/scheduler.h"

namespace edge::http {

struct Session {
  Session(Scheduler& a_scheduler, const ServerLimits& a_limits)
      : scheduler(a_scheduler), limits(a_limits), wire(a_scheduler, a_limits), parser(a_limits), body(a_limits) {}

  Scheduler& scheduler;
  const ServerLimits& limits;
  Wire wire;
  RequestParser parser;
  BodyDecoder body;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_SESSION_H_
