// ObjectReader: reads the members of one JSON object of a scenario; every error names the path of the key and what is expected there.
#ifndef EDGE_SIM_SCENARIO_OBJECT_READER_H_
#define EDGE_SIM_SCENARIO_OBJECT_READER_H_

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/str_cat.h"
#include "runtime/base/time.h"

namespace edge::sim {

namespace json = boost::json;

inline std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

// The first error stays in `status` (borrowed), and nothing is read any more.
class ObjectReader {
 public:
  ObjectReader(const json::object& object, std::string path, absl::Status& status)
      : object_(object), path_(std::move(path)), status_(status) {}

  void Text(const char* key, std::string& out) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    if (!value->is_string()) return Complain(key, "a string");
    out = std::string(View(value->get_string()));
  }
  void Number(const char* key, int64_t low, int64_t high, auto& out) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    int64_t number = 0;
    if (value->is_int64()) {
      number = value->get_int64();
    } else if (value->is_uint64() && value->get_uint64() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      number = static_cast<int64_t>(value->get_uint64());
    } else {
      return Complain(key, "a whole number");
    }
    if (number < low || number > high) return Complain(key, StrCat("between ", low, " and ", high));
    out = static_cast<std::remove_reference_t<decltype(out)>>(number);
  }
  void Time(const char* key, int64_t nanoseconds_per_unit, int64_t high, Duration& out) {
    int64_t units = -1;
    Number(key, 0, high, units);
    if (units >= 0) out = Duration::Nanoseconds(units * nanoseconds_per_unit);
  }
  void Texts(const char* key, std::vector<std::string>& out) {
    Array(key, [&](const json::value& value, const std::string&) {
      if (!value.is_string()) return Complain(key, "an array of strings");
      out.emplace_back(View(value.get_string()));
    });
  }
  void Flag(const char* key, bool& out) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    if (!value->is_bool()) return Complain(key, "true or false");
    out = value->get_bool();
  }
  void Fields(const char* key, std::vector<std::pair<std::string, std::string>>& out) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    if (!value->is_object()) return Complain(key, "an object of strings");
    for (const auto& [name, text] : value->get_object()) {
      if (!text.is_string()) return Complain(key, "an object of strings");
      out.emplace_back(std::string(name.data(), name.size()), std::string(View(text.get_string())));
    }
  }
  template <typename Each>
  void Array(const char* key, Each each) {
    const json::value* const value = Find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return Complain(key, "an array");
    size_t index = 0;
    for (const json::value& element : value->get_array()) {
      each(element, StrCat(path_, key, "[", index++, "]"));
      if (!status_.ok()) return;
    }
  }
  template <typename Each>
  void Objects(const char* key, Each each) {
    Array(key, [&](const json::value& element, const std::string& path) {
      if (!element.is_object()) {
        status_ = absl::InvalidArgumentError(StrCat(path, ": must be an object"));
        return;
      }
      ObjectReader reader(element.get_object(), path + ".", status_);
      each(reader);
      reader.RefuseOthers();
    });
  }
  // What nobody asked for is a slip of the pen.
  void RefuseOthers() {
    if (!status_.ok()) return;
    for (const auto& member : object_) {
      const std::string_view name(member.key().data(), member.key().size());
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      std::string all;
      for (const std::string& key : known_) all += (all.empty() ? "" : ", ") + key;
      status_ = absl::InvalidArgumentError(StrCat(path_, std::string(name), ": no such key; here there may be ", all));
      return;
    }
  }
  void Complain(const char* key, std::string_view expected) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(StrCat(path_, key, ": must be ", std::string(expected)));
  }
  bool Has(const char* key) { return Find(key) != nullptr; }

 private:
  const json::value* Find(const char* key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
    return status_.ok() ? object_.if_contains(key) : nullptr;
  }

  const json::object& object_;
  const std::string path_;
  absl::Status& status_;
  std::vector<std::string> known_;
};

inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000 * kMillisecond;
inline constexpr int64_t kDaySeconds = 86'400;

// A name out of a list, or an error that lists them.
template <typename Enum, size_t N>
void Choice(ObjectReader& reader, const char* key, const std::pair<const char*, Enum> (&names)[N], Enum& out) {
  std::string text;
  reader.Text(key, text);
  if (text.empty()) return;
  std::string all;
  for (const auto& [name, value] : names) {
    if (text == name) {
      out = value;
      return;
    }
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  reader.Complain(key, StrCat("one of ", all));
}

template <typename Enum, size_t N>
const char* NameIn(const std::pair<const char*, Enum> (&names)[N], Enum value) {
  for (const auto& [name, candidate] : names) {
    if (candidate == value) return name;
  }
  return "";
}

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_OBJECT_READER_H_
