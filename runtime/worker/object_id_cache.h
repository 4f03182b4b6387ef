// Ids that one namespace has lately made of names, or found valid: hashing them again is most of what `get(idFromName(name))` costs.
//
// A table of fixed size in which a new entry takes the place of an older one. What it answers is a pure function of what it is asked.
#ifndef EDGE_RUNTIME_WORKER_OBJECT_ID_CACHE_H_
#define EDGE_RUNTIME_WORKER_OBJECT_ID_CACHE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
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
    // Two places for each, the later used one first: names that are asked for in turn would drive each other out of one.
    Named& first = SlotOf(names_, name);
    if (!first.id.empty() && first.name == name) return first.id;
    Named& second = names_[SlotNumber(name) ^ 1];
    std::swap(first, second);
    if (first.id.empty() || first.name != name) {
      first.id = make();
      first.name.assign(name);
      NoteValid(first.id);
    }
    return first.id;
  }
  // Whether the id is known to be valid.
  bool IsValid(std::string_view id) const { return !valid_.empty() && valid_[SlotNumber(id)] == id; }
  void NoteValid(std::string_view id) { SlotOf(valid_, id).assign(id); }

 private:
  static constexpr size_t kSlots = 512;
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
