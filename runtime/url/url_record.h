// UrlRecord: a parsed URL as its serialized text plus the places where its parts begin and end. Internal to this package.
//
//   https://user:pass@example.com:8080/a/b?x=1#top
//        |      |     |          |    |   |   |
//        |      |     |          |    |   |   fragment_begin
//        |      |     |          |    |   query_begin
//        |      |     |          |    path_begin
//        |      |     |          host_end
//        |      |     host_begin
//        |      username_end
//        scheme_end
//
// One string holds everything: the getters are views into it, a relative URL copies a prefix of its base, and the serialisation, which
// is what is asked for most, costs nothing. The parser writes it once from left to right; setters take it apart and put it together anew.
#ifndef EDGE_RUNTIME_URL_URL_RECORD_H_
#define EDGE_RUNTIME_URL_URL_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edge::url {

// The special schemes of the standard; kOther is every other one.
enum class SchemeType : uint8_t { kOther, kHttp, kHttps, kWs, kWss, kFtp, kFile };

// REQUIRES: `scheme` is lower-case.
SchemeType ClassifyScheme(std::string_view scheme);

inline bool IsSpecial(SchemeType type) { return type != SchemeType::kOther; }

// The port that is left out of URLs of this scheme; nothing where there is none.
std::optional<uint16_t> DefaultPort(SchemeType type);

// A path is a list of segments ("/a/b") or opaque ("mailto:" and its like): then it has no structure and cannot be set.
enum class PathKind : uint8_t { kSegments, kOpaque };

struct UrlRecord {
  std::string href;

  size_t scheme_end = 0;  // Of the ':'.
  // Without a host, these three and path_begin (less a "/.") are the same place, right after the scheme's ':'.
  size_t username_end = 0;
  size_t host_begin = 0;  // After "//", or after the '@' where there are credentials.
  size_t host_end = 0;
  size_t path_begin = 0;                      // After the port, and after the "/." of a path that begins with "//" without a host.
  size_t query_begin = std::string::npos;     // Of the '?'; npos: the query is null.
  size_t fragment_begin = std::string::npos;  // Of the '#'; npos: the fragment is null.

  SchemeType scheme_type = SchemeType::kOther;
  PathKind path_kind = PathKind::kSegments;
  bool has_host = false;  // An empty host is a host.

  // Parts without their delimiters, borrowed from href.
  std::string_view scheme() const { return Slice(0, scheme_end); }
  std::string_view username() const { return has_host ? Slice(scheme_end + 3, username_end) : std::string_view(); }
  std::string_view password() const;
  std::string_view host() const { return Slice(host_begin, host_end); }
  std::string_view port() const;  // Empty: null.
  std::string_view path() const { return Slice(path_begin, path_end()); }
  std::optional<std::string_view> query() const;
  std::optional<std::string_view> fragment() const;

  // Where the authority ends, which is before the "/." that path_begin may stand behind.
  size_t authority_end() const { return has_host ? path_begin : scheme_end + 1; }
  size_t path_end() const { return query_begin != std::string::npos ? query_begin : query_end(); }
  size_t query_end() const { return fragment_begin != std::string::npos ? fragment_begin : href.size(); }

  std::string_view Slice(size_t begin, size_t end) const { return std::string_view(href).substr(begin, end - begin); }

  // Puts "/." before a path that begins with "//" where there is no host (it would be read as one), and takes it away where it is not
  // needed. REQUIRES: href ends with the path.
  void FixPathPrefix();
};

// The parts of a URL one by one, for the setters. Everything is in its serialized form.
struct UrlParts {
  std::string_view scheme;
  std::optional<std::string_view> host;
  std::string_view username;
  std::string_view password;
  std::optional<uint16_t> port;
  std::string_view path;
  PathKind path_kind = PathKind::kSegments;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

// The views are borrowed from `record`.
UrlParts Split(const UrlRecord& record);

// The inverse of Split. Leaves the port out where it is the scheme's default.
UrlRecord Assemble(const UrlParts& parts);

}  // namespace edge::url

#endif  // EDGE_RUNTIME_URL_URL_RECORD_H_
