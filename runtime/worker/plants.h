// Plants: bugs of the platform that can be switched on, one at a time, to see that the simulation finds them (properties/bench). Null in
// production: nothing but tests sets it. Others are the store's own (storage/store/store_plants.h).
#ifndef EDGE_RUNTIME_WORKER_PLANTS_H_
#define EDGE_RUNTIME_WORKER_PLANTS_H_

#include "storage/queue/queue_plants.h"

namespace edge::worker {

struct Plants {
  storage::QueuePlants queues;           // of queues
  bool no_output_gate = false;           // P1: what an object says leaves before its writes are durable
  bool input_gate_hole = false;          // P7: a pending storage operation does not keep other events out
  bool stale_owner_resumes = false;      // P6: an activation that was reset goes on using its storage
  bool alarm_moves_early = false;        // P9: an alarm that was moved to later is forgotten at its earlier time
  bool attachment_lost_on_wake = false;  // P10: sockets of an object that has hibernated have no attachments
  bool message_twice_on_wake = false;    // P11: the message that wakes an object is delivered again
  bool message_lost_on_wake = false;     // P12: the message that wakes an object is not delivered
  bool calls_overtake = false;           // P20: calls of one stub may overtake each other
  bool cron_double_start = false;        // a restart runs what a cron trigger was last due for again
  bool kv_no_negative_cache = false;     // the model of KV forgets that absence is cached too
  bool kv_acknowledges_early = false;    // a put is acknowledged before it is durable
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_PLANTS_H_
