// Url: the WHATWG URL standard's URL class in C++, without a JavaScript engine: parser, serialiser, getters and setters.
//
// Text in and out is UTF-8. Strings that come from JavaScript may hold lone surrogates: the caller replaces them by U+FFFD first (Web
// IDL's USVString conversion). Bytes that are not UTF-8 do no harm: they are percent-encoded, or make a host invalid. The length of the
// input is the caller's to limit; time and memory are linear in it (an escape takes three bytes).
//
// A Url is a value. Its getters return views of its one string, good until it is assigned, moved or set. A part that is null in the
// standard's terms reads as the empty string, as it does in JavaScript.
#ifndef EDGE_RUNTIME_URL_URL_H_
#define EDGE_RUNTIME_URL_URL_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/url/url_record.h"

namespace edge::url {

class Url {
 public:
  // Parses `utf8_input`, relative to `*base` where `base` is not null (borrowed for the call). kInvalidArgument with the reason, and
  // without the input, where it is not a valid URL.
  static absl::StatusOr<Url> Parse(std::string_view utf8_input, const Url* base);

  // The serialized URL.
  const std::string& href() const { return record_.href; }
  std::string_view protocol() const { return record_.Slice(0, record_.scheme_end + 1); }  // "https:"
  std::string_view username() const { return record_.username(); }
  std::string_view password() const { return record_.password(); }
  std::string_view host() const;  // With the port, where there is one.
  std::string_view hostname() const { return record_.host(); }
  std::string_view port() const { return record_.port(); }
  std::string_view pathname() const { return record_.path(); }
  std::string_view search() const;  // With the '?'; empty where the query is null or empty.
  std::string_view hash() const;    // With the '#'; empty where the fragment is null or empty.

  // "https://example.com:8080", or "null" for an opaque origin (file, data and most others). blob: URLs have the origin of the
  // http, https or file URL in their path.
  std::string origin() const;

  bool IsSpecial() const { return url::IsSpecial(record_.scheme_type); }
  bool HasOpaquePath() const { return record_.path_kind == PathKind::kOpaque; }

  // Replaces the whole URL. kInvalidArgument, and no change, where `value` is not a valid URL.
  absl::Status SetHref(std::string_view value);

  // The other setters ignore a value that is not allowed here, as the standard wants it, and never fail. `value` may point into this
  // URL. Whoever keeps a SearchParams beside the URL parses search() anew after SetHref and SetSearch.
  void SetProtocol(std::string_view value);
  void SetUsername(std::string_view value);
  void SetPassword(std::string_view value);
  void SetHost(std::string_view value);
  void SetHostname(std::string_view value);
  void SetPort(std::string_view value);
  void SetPathname(std::string_view value);
  void SetSearch(std::string_view value);
  void SetHash(std::string_view value);

  friend bool operator==(const Url& a, const Url& b) { return a.record_.href == b.record_.href; }

 private:
  explicit Url(UrlRecord record) : record_(std::move(record)) {}

  bool CannotHaveCredentialsOrPort() const;

  UrlRecord record_;
};

}  // namespace edge::url

#endif  // EDGE_RUNTIME_URL_URL_H_
