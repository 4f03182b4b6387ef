// The basic URL parser of the URL standard, without its state override. Internal to this package.
//
// The standard writes it as a machine of some twenty states over single code points. Here each group of states is a function over the
// rest of the input, in the order of the text, and the result is written straight into the record's href. Time is linear in the input
// and the base. The setters, which the standard defines by entering the machine in the middle, share the helpers below.
#ifndef EDGE_RUNTIME_URL_URL_PARSER_H_
#define EDGE_RUNTIME_URL_URL_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/url/url_record.h"

namespace edge::url {

// Parses `input` (UTF-8), relative to `base` where that is not null. kInvalidArgument with the reason where it is not a URL.
absl::StatusOr<UrlRecord> ParseRecord(std::string_view input, const UrlRecord* base);

// Returns `input` without tabs, line feeds and carriage returns; `*storage` holds the text where a copy was needed.
std::string_view WithoutTabsAndNewlines(std::string_view input, std::string* storage);

// The number of bytes before the ':' that ends the scheme `input` begins with; nothing where it does not begin with one.
std::optional<size_t> SchemeLength(std::string_view input);

// How long the part of `input` is that holds a host (and port, and credentials): up to '/', '?', '#' or, in special URLs, '\'.
size_t AuthorityLength(std::string_view input, SchemeType type);

// Where in `authority`, credentials left out, the host ends: at the first ':' outside of [], or at its end.
size_t HostLength(std::string_view authority);

// Reads the decimal digits `text` begins with. `value` is nothing where there is none or the number is above 65535.
struct PortDigits {
  size_t length;
  std::optional<uint16_t> value;
};
PortDigits ReadPort(std::string_view text);

// Resolves the segments in `text`, which follow a '/' that is not part of it, and appends them to the path that begins at `path_begin`
// in `*href`. Every byte of `text` belongs to the path, '?' and '#' included.
void AppendPathSegments(std::string_view text, SchemeType type, size_t path_begin, std::string* href);

inline bool IsPathSlash(char c, SchemeType type) { return c == '/' || (c == '\\' && IsSpecial(type)); }

}  // namespace edge::url

#endif  // EDGE_RUNTIME_URL_URL_PARSER_H_
