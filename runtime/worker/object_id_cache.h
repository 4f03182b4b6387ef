// Ids that one namespace has lately made of names, or found valid: hashing them again is most of what `get(idFromName(name))` costs.
//
// A table of fixed size in which a new entry takes the place of an older one. What it answers is a pure function of what it is asked.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_ID_CACHE_H_
#define EDGE_RUNTIME_WORKER_OBJECT_ID_CACHE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace edge::worker {

class ObjectIdCache {
 public:
  // The id of that name, made by `make` when it is not here. Valid until the next call. `make`: std::string().
  template <typename Make>
  const std::string& OfName(std::string_view name, Make make) {
    if (name.size() > kNameBytesMax) {
      made_ = make();
      return made_;
    }
    Named& entry = SlotOf(names_, name);
    if (entry.id.empty() || entry.name != name) {
      entry.id = make();
      entry.name.assign(name);
      NoteValid(entry.id);
    }
    return entry.id;
  }
  // Whether the id is known to be valid.
  bool IsValid(std::string_view id) const { return !valid_.empty() && valid_[SlotNumber(id)] == id; }
  void NoteValid(std::string_view id) { SlotOf(valid_, id).assign(id); }

 private:
  static constexpr size_t kSlots = 256;
  static constexpr size_t kNameBytesMax = 256;
  struct Named {
    std::string name;
    std::string id;  // empty: nothing here
  };

  static size_t SlotNumber(std::string_view key);
  template <typename Entry>
  static Entry& SlotOf(std::vector<Entry>& table, std::string_view key) {
    if (table.empty()) table.resize(kSlots);
    return table[SlotNumber(key)];
  }

  std::vector<Named> names_;
  std::vector<std::string> valid_;
  std::string made_;
};

}  // namespace edge::worker

#endif  // EDGE_RUNTIME_WORKER_OBJECT_ID_CACHE_H_
