// StorePlants: known bugs that a store can be told to have, so that it can be shown that our checkers and tests would see them.
//
// For tests and the simulator's bug bench only; nothing in production sets them. All off: the store as it is.
#ifndef EDGE_STORAGE_STORE_STORE_PLANTS_H_
#define EDGE_STORAGE_STORE_STORE_PLANTS_H_

namespace edge::storage {

struct StorePlants {
  // An activation gets the epoch of the one before it.
  bool keep_epoch = false;
  // Activating supersedes nobody: what an older activation writes is taken (P6).
  bool accept_superseded = false;
  // An alarm is not in the record of its transaction but in one of its own, later (P8).
  bool alarm_apart = false;
  // A checkpoint forgets its log before the base files are synced.
  bool trim_before_sync = false;
  // Base files are not synced (P2), or a failed sync of one is tried again and believed (P3), or new names are not (P5).
  bool no_base_sync = false;
  bool base_sync_retried = false;
  bool no_folder_sync = false;
  // "First change" of a page counts from a checkpoint's end, not from its start: the whole-page rule has a hole.
  bool whole_pages_from_end = false;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_STORE_PLANTS_H_
