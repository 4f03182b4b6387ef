// The hash table of Map and Set: insertion-ordered, with iterators that survive deletion, clearing and growth.
//
// A key is reduced to {tag, 64 bits}: strings and symbols are interned by the engine, objects never move, numbers are their bits. So
// comparing keys never enters the engine. Hashes come from addresses; no order follows from them, because iteration walks the entries in
// insertion order.
//
//      buckets[hash] -> entry -> entry (chain)       entries: 0 1 x 3 4 ...   (x: deleted; squeezed out when most are)
//
// The engine's values live in the native object's slots: key (and value) of entry i in slots i*stride (and i*stride + 1).
#ifndef EDGE_RUNTIME_JS_LANGUAGE_ORDERED_TABLE_H_
#define EDGE_RUNTIME_JS_LANGUAGE_ORDERED_TABLE_H_

#include <cstdint>
#include <vector>

#include "duktape.h"

namespace edge::js::language {

struct TableKey {
  uint64_t bits = 0;
  uint32_t tag = 0;  // DUK_TYPE_*
  bool operator==(const TableKey&) const = default;
};

// The key of the value at `index`: SameValueZero, so -0 is 0 and every NaN is one.
TableKey KeyOf(duk_context* ctx, duk_idx_t index);

class OrderedTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Where an iteration stands; registered so that squeezing moves it along.
  struct Cursor {
    uint32_t position = 0;
    Cursor* previous = nullptr;
    Cursor* next = nullptr;
  };

  uint32_t size() const { return size_; }
  // Entries including deleted ones.
  uint32_t entry_count() const { return static_cast<uint32_t>(entries_.size()); }
  bool IsLive(uint32_t entry) const { return entries_[entry].live; }

  // The entry of the key, or kNone.
  uint32_t Find(const TableKey& key) const;
  // Adds a key that is not there. Returns its entry.
  uint32_t Append(const TableKey& key);
  // The entry that was deleted, or kNone.
  uint32_t Remove(const TableKey& key);
  void Clear();

  // True when squeezing is due: then the caller moves the slots of each live entry `from` to `to` as Squeeze says, in order.
  bool WantsSqueeze() const { return entries_.size() >= 16 && size_ < entries_.size() / 2; }
  template <typename Move>
  void Squeeze(Move move) {
    uint32_t to = 0;
    for (uint32_t from = 0; from < entries_.size(); ++from) {
      if (!entries_[from].live) continue;
      if (from != to) {
        entries_[to] = entries_[from];
        move(from, to);
      }
      to_of_[from] = to++;
    }
    FinishSqueeze(to);
  }
  void PrepareSqueeze();

  // The next live entry at or after the cursor, which then stands behind it; kNone at the end.
  uint32_t Advance(Cursor& cursor) const;
  void Attach(Cursor& cursor);
  void Detach(Cursor& cursor);

  // The table outlives its Map while iterators refer to it.
  void Retain() { ++references_; }
  void Release() {
    if (--references_ == 0) delete this;
  }

 private:
  struct Entry {
    TableKey key;
    uint32_t chain = kNone;
    bool live = true;
  };

 public:
  // What is in the table, without iterators and references.
  struct Content {
    std::vector<Entry> entries;
    std::vector<uint32_t> buckets;  // size is a power of two, or 0
    uint32_t size = 0;
  };
  Content content() const { return {entries_, buckets_, size_}; }
  void set_content(const Content& content) {
    entries_ = content.entries;
    buckets_ = content.buckets;
    size_ = content.size;
  }

 private:
  static uint64_t Hash(const TableKey& key);
  void Rehash(size_t bucket_count);
  void FinishSqueeze(uint32_t live);

  std::vector<Entry> entries_;
  std::vector<uint32_t> buckets_;  // size is a power of two, or 0
  std::vector<uint32_t> to_of_;    // during a squeeze
  uint32_t size_ = 0;
  uint32_t references_ = 1;
  Cursor* cursors_ = nullptr;
};

}  // namespace edge::js::language

#endif  // EDGE_RUNTIME_JS_LANGUAGE_ORDERED_TABLE_H_
