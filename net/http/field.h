// The small rules of HTTP text: tokens, field values, case-insensitive names, status lines.
//
// Everything here looks at bytes and allocates nothing. Two parties lean on it: the request parser, which must refuse what another server
// in the chain could read differently, and response heads, where a CR or LF let through from user code would let the user's data write
// headers of its own (response splitting).
#ifndef EDGE_NET_HTTP_FIELD_H_
#define EDGE_NET_HTTP_FIELD_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace edge::http {

// token of RFC 9110: what methods and field names are made of. Not empty.
bool IsToken(std::string_view text);

// A field value: HTAB, SP, visible ASCII and bytes from 0x80; no other control byte, no CR, LF or NUL. May be empty.
bool IsFieldValue(std::string_view text);

// `host [":" port]` as in a Host field: a name, an IPv4 address or an IP literal in brackets; not empty, no user information.
bool IsHost(std::string_view text);

// ASCII case-insensitive equality.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// Whether a comma-separated list such as Connection holds `token` (ASCII case-insensitive).
bool ListHasToken(std::string_view list, std::string_view token);

// Without the spaces and tabs at both ends.
std::string_view TrimWhitespace(std::string_view text);

// Digits only, no sign, no list; nullopt when malformed or above 2^63-1.
std::optional<uint64_t> ParseContentLength(std::string_view text);

// The standard phrase ("Not Found"), or "" for a status without one.
std::string_view ReasonPhrase(int status);

// Whether a response with this status has no body by definition (1xx, 204, 304).
bool StatusHasNoBody(int status);

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_FIELD_H_
