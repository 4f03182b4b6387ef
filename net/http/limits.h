// ServerLimits: every bound of the HTTP server by name. Reaching one costs the request or the connection named beside it, nothing else.
#ifndef EDGE_NET_HTTP_LIMITS_H_
#define EDGE_NET_HTTP_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "runtime/base/byte_count.h"
#include "runtime/base/time.h"

namespace edge::http {

struct ServerLimits {
  // --- the request head ---
  ByteCount head_bytes = ByteCount::KiB(128);   // request line and fields; 431
  ByteCount target_bytes = ByteCount::KiB(16);  // 414
  uint32_t fields_max = 256;                    // 431
  Duration head_time = Duration::Seconds(15);   // from the first byte of a head to its last; 408

  // --- the request body ---
  uint64_t body_bytes = 100'000'000;                    // 413
  Duration body_idle_time = Duration::Seconds(30);      // without a byte while the handler waits for one; ReadBody fails
  ByteCount chunk_line_bytes = ByteCount::KiB(1);       // one chunk size with its extensions; 400
  ByteCount chunk_overhead_bytes = ByteCount::KiB(16);  // extensions of all chunks of a body; 400
  ByteCount trailer_bytes = ByteCount::KiB(16);         // 431
  ByteCount unread_body_bytes = ByteCount::KiB(256);    // read and dropped to keep the connection when a handler left the body unread
  Duration unread_body_time = Duration::Seconds(5);     // and for how long

  ByteCount watch_ahead_bytes = ByteCount::KiB(64);  // received while a handler waits; beyond it a client's going is not noticed

  // --- the response ---
  Duration write_time = Duration::Seconds(30);  // for each piece of write_piece_bytes; the connection is aborted
  ByteCount write_piece_bytes = ByteCount::KiB(256);
  ByteCount write_buffer_bytes = ByteCount::KiB(64);  // responses are collected up to here before they are sent

  // --- the connection ---
  Duration idle_time = Duration::Seconds(75);        // between requests, and before the first; closed
  uint32_t requests_per_connection_max = 1'000'000;  // the last one is answered with Connection: close
  uint32_t pipeline_max = 64;                        // requests answered in one go before responses are sent and other fibers run
  Duration linger_time = Duration::Seconds(2);       // how long a closing connection goes on reading so that its last response arrives
  ByteCount linger_bytes = ByteCount::MiB(16);       // enough for a client that sends a 10 MB header before it reads

  // --- the server ---
  uint32_t connections_max = 20'000;                         // the longest idle one is closed for a new one; when none is idle, 503
  uint32_t refusals_max = 64;                                // connections being told 503 at the same time; more are dropped
  Duration accept_retry_time = Duration::Milliseconds(100);  // after a failure, such as running out of descriptors
  uint32_t pooled_sessions_max = 256;                        // sets of buffers kept for reuse
  ByteCount read_buffer_bytes = ByteCount::KiB(16);          // first size; grows to head_bytes when a head needs it
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_LIMITS_H_
