// StrCat for std::string_view.
//
// Debian 12 builds Abseil with a string_view type of its own, so absl::StrCat and absl::StrAppend refuse a std::string_view. These take
// everything that Abseil's take, and std::string_view as well.
#ifndef EDGE_RUNTIME_BASE_STR_CAT_H_
#define EDGE_RUNTIME_BASE_STR_CAT_H_

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace edge {

inline absl::string_view ToAbsl(std::string_view text) { return absl::string_view(text.data(), text.size()); }
inline std::string_view FromAbsl(absl::string_view text) { return std::string_view(text.data(), text.size()); }

namespace str_cat_internal {

template <typename T>
decltype(auto) Part(const T& part) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return ToAbsl(part);
  } else {
    return (part);
  }
}

}  // namespace str_cat_internal

template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  return absl::StrCat(str_cat_internal::Part(parts)...);
}

template <typename... Parts>
void StrAppend(std::string* out, const Parts&... parts) {
  absl::StrAppend(out, str_cat_internal::Part(parts)...);
}

}  // namespace edge

#endif  // EDGE_RUNTIME_BASE_STR_CAT_H_
