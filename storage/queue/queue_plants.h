// QueuePlants: known bugs that a queue can be told to have, so that it can be shown that our checkers and tests would see them.
//
// For tests and the simulator's bug bench only; nothing in production sets them. All off: the queue as it is.
#ifndef EDGE_STORAGE_QUEUE_QUEUE_PLANTS_H_
#define EDGE_STORAGE_QUEUE_QUEUE_PLANTS_H_

namespace edge::storage {

struct QueuePlants {
  // Whoever knows a message may ack it, also when its lease is over or somebody else has it.
  bool lease_without_token = false;
  // A message counts as acked as soon as it was handed out.
  bool ack_before_commit = false;
  // A delayed message is handed out up to two seconds early.
  bool delay_early = false;
  // What has been delivered too often is forgotten instead of being moved to the dead letters.
  bool dead_letter_dropped = false;
  // A restart forgets how often a message was delivered.
  bool attempts_reset = false;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_QUEUE_QUEUE_PLANTS_H_
