#include "runtime/js/language/ordered_table.h"

#include <bit>

namespace edge::js::language {

TableKey KeyOf(duk_context* ctx, duk_idx_t index) {
  TableKey key;
  key.tag = static_cast<uint32_t>(duk_get_type(ctx, index));
  switch (key.tag) {
    case DUK_TYPE_NUMBER: {
      double number = duk_get_number(ctx, index);
      if (number == 0) number = 0;
      key.bits = number != number ? 0x7FF8000000000000u : std::bit_cast<uint64_t>(number);
      break;
    }
    case DUK_TYPE_BOOLEAN:
      key.bits = duk_get_boolean(ctx, index) ? 1 : 0;
      break;
    case DUK_TYPE_UNDEFINED:
    case DUK_TYPE_NULL:
      break;
    case DUK_TYPE_POINTER:
      key.bits = reinterpret_cast<uint64_t>(duk_get_pointer(ctx, index));
      break;
    case DUK_TYPE_LIGHTFUNC:
      key.bits = reinterpret_cast<uint64_t>(duk_get_c_function(ctx, index));
      break;
    default:
      key.bits = reinterpret_cast<uint64_t>(duk_get_heapptr(ctx, index));
      break;
  }
  return key;
}

uint64_t OrderedTable::Hash(const TableKey& key) {
  uint64_t hash = (key.bits ^ (static_cast<uint64_t>(key.tag) << 56)) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 32);
}

uint32_t OrderedTable::Find(const TableKey& key) const {
  if (buckets_.empty()) return kNone;
  for (uint32_t entry = buckets_[Hash(key) & (buckets_.size() - 1)]; entry != kNone; entry = entries_[entry].chain) {
    if (entries_[entry].key == key && entries_[entry].live) return entry;
  }
  return kNone;
}

uint32_t OrderedTable::Append(const TableKey& key) {
  if (entries_.size() >= buckets_.size()) Rehash(buckets_.empty() ? 8 : buckets_.size() * 2);
  const uint32_t entry = static_cast<uint32_t>(entries_.size());
  uint32_t& bucket = buckets_[Hash(key) & (buckets_.size() - 1)];
  entries_.push_back({key, bucket, true});
  bucket = entry;
  ++size_;
  return entry;
}

uint32_t OrderedTable::Remove(const TableKey& key) {
  if (buckets_.empty()) return kNone;
  uint32_t* link = &buckets_[Hash(key) & (buckets_.size() - 1)];
  while (*link != kNone) {
    Entry& entry = entries_[*link];
    if (entry.key == key) {
      const uint32_t found = *link;
      *link = entry.chain;
      entry.live = false;
      --size_;
      return found;
    }
    link = &entry.chain;
  }
  return kNone;
}

void OrderedTable::Clear() {
  entries_.clear();
  buckets_.clear();
  size_ = 0;
  for (Cursor* cursor = cursors_; cursor != nullptr; cursor = cursor->next) cursor->position = 0;
}

void OrderedTable::PrepareSqueeze() { to_of_.assign(entries_.size(), kNone); }

void OrderedTable::FinishSqueeze(uint32_t live) {
  const uint32_t old_count = static_cast<uint32_t>(entries_.size());
  for (Cursor* cursor = cursors_; cursor != nullptr; cursor = cursor->next) {
    // The first live entry at or after the old position.
    uint32_t position = cursor->position;
    while (position < old_count && to_of_[position] == kNone) ++position;
    cursor->position = position < old_count ? to_of_[position] : live;
  }
  entries_.resize(live);
  to_of_.clear();
  to_of_.shrink_to_fit();
  size_t bucket_count = 8;
  while (bucket_count < live) bucket_count *= 2;
  Rehash(bucket_count);
}

void OrderedTable::Rehash(size_t bucket_count) {
  buckets_.assign(bucket_count, kNone);
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].live) continue;
    uint32_t& bucket = buckets_[Hash(entries_[i].key) & (bucket_count - 1)];
    entries_[i].chain = bucket;
    bucket = i;
  }
}

uint32_t OrderedTable::Advance(Cursor& cursor) const {
  while (cursor.position < entries_.size()) {
    const uint32_t entry = cursor.position++;
    if (entries_[entry].live) return entry;
  }
  return kNone;
}

void OrderedTable::Attach(Cursor& cursor) {
  cursor.next = cursors_;
  cursor.previous = nullptr;
  if (cursors_ != nullptr) cursors_->previous = &cursor;
  cursors_ = &cursor;
}

void OrderedTable::Detach(Cursor& cursor) {
  if (cursor.previous != nullptr) {
    cursor.previous->next = cursor.next;
  } else {
    cursors_ = cursor.next;
  }
  if (cursor.next != nullptr) cursor.next->previous = cursor.previous;
  cursor.previous = cursor.next = nullptr;
}

}  // namespace edge::js::language
