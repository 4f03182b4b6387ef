// SearchParams: an ordered list of name/value pairs and its application/x-www-form-urlencoded form: what URLSearchParams is made of,
// and what a form body is parsed with.
//
// Names and values are UTF-8 and well formed: Parse repairs what it decodes, and the caller of the other methods replaces lone
// surrogates by U+FFFD, as Web IDL's USVString does. The list knows no URL. Whoever joins the two calls `url.SetSearch(params.ToString())`
// after each change, which is exactly the standard's "update" (ToString never starts with '?' and needs no further encoding), and parses
// anew after the URL's search or href was set.
#ifndef EDGE_RUNTIME_URL_SEARCH_PARAMS_H_
#define EDGE_RUNTIME_URL_SEARCH_PARAMS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edge::url {

class SearchParams {
 public:
  using Pair = std::pair<std::string, std::string>;

  SearchParams() = default;
  explicit SearchParams(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {}

  // Parses `input` as form-urlencoded bytes. Never fails. A leading '?' is part of the first name: see ParseQuery.
  static SearchParams Parse(std::string_view input);

  // As Parse, with one leading '?' left out: what `new URLSearchParams(string)` does.
  static SearchParams ParseQuery(std::string_view input);

  void Append(std::string_view name, std::string_view value);

  // Removes every pair with this name (and this value, where one is given).
  void Delete(std::string_view name, std::optional<std::string_view> value = std::nullopt);

  // The first value under `name`, borrowed until the next change; null where there is none.
  const std::string* Get(std::string_view name) const;

  // All values under `name` in list order, borrowed until the next change.
  std::vector<std::string_view> GetAll(std::string_view name) const;

  bool Has(std::string_view name, std::optional<std::string_view> value = std::nullopt) const;

  // Replaces the first value under `name` and removes the others; appends where there is none.
  void Set(std::string_view name, std::string_view value);

  // Sorts by name in the order of UTF-16 code units; pairs of one name keep their order.
  void Sort();

  // The form-urlencoded form, without '?'.
  std::string ToString() const;

  size_t size() const { return pairs_.size(); }
  bool empty() const { return pairs_.empty(); }

  // The list in order, for iteration by index: borrowed until the next change.
  const std::vector<Pair>& pairs() const { return pairs_; }

 private:
  std::vector<Pair> pairs_;
};

}  // namespace edge::url

#endif  // EDGE_RUNTIME_URL_SEARCH_PARAMS_H_
