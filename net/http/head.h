// RequestHead and ResponseHead: the part of a message before its body.
//
// A RequestHead is made of views into the connection's read buffer, which stays put while the request is being answered: parsing copies
// nothing. Whoever keeps a head longer takes a Copy, which owns its bytes. A ResponseHead is written the other way round: fields are
// checked and appended to one text in the form in which they go onto the wire. Headers that decide where a message ends or whether the
// connection stays (Content-Length, Transfer-Encoding, Connection, ...) belong to the server: a response head does not take them up.
#ifndef EDGE_NET_HTTP_HEAD_H_
#define EDGE_NET_HTTP_HEAD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "net/http/field.h"

namespace edge::http {

struct Field {
  std::string_view name;   // as sent; compare with EqualsIgnoreCase
  std::string_view value;  // without the white space around it
};

enum class Version : uint8_t { kHttp10, kHttp11 };

class RequestHead {
 public:
  RequestHead() = default;
  RequestHead(RequestHead&&) = default;
  RequestHead& operator=(RequestHead&&) = default;

  std::string_view method() const { return method_; }
  // As sent: "/a?b", "http://host/a?b" (absolute form) or "*" (OPTIONS).
  std::string_view target() const { return target_; }
  // The target without scheme and authority: begins with "/" or "?", or is empty (absolute form without a path), or "*".
  std::string_view path_and_query() const { return path_and_query_; }
  // Host and port the request is for: from an absolute-form target, else from Host; "" only in HTTP/1.0.
  std::string_view authority() const { return authority_; }
  Version version() const { return version_; }
  // In the order sent, repeated names as they came.
  const std::vector<Field>& fields() const { return fields_; }

  // The first field of that name (case-insensitive).
  std::optional<std::string_view> Find(std::string_view name) const;

  // A head that owns its bytes and outlives the request.
  RequestHead Copy() const;

 private:
  friend class RequestParser;

  std::string_view method_;
  std::string_view target_;
  std::string_view path_and_query_;
  std::string_view authority_;
  Version version_ = Version::kHttp11;
  std::vector<Field> fields_;
  std::string_view bytes_;         // everything above points in here
  std::unique_ptr<char[]> owned_;  // null while borrowed from a read buffer
};

class ResponseHead {
 public:
  ResponseHead() = default;
  explicit ResponseHead(int status) : status_(status) {}

  int status() const { return status_; }
  void set_status(int status) { status_ = status; }
  // Empty: the standard phrase. kInvalidArgument: not a field value.
  absl::Status SetReason(std::string_view reason);

  // Appends a field; repeated names stay separate fields. kInvalidArgument: the name is no token or the value has a byte that a field value
  // cannot have (nothing is appended). A field that the server controls is accepted and left out; of those, Content-Length is remembered
  // for responses whose body is not sent (HEAD, 304).
  absl::Status Add(std::string_view name, std::string_view value);

  // As set; "" stands for the standard phrase.
  std::string_view custom_reason() const { return reason_; }
  // "name: value\r\n" for each field.
  std::string_view wire_fields() const { return wire_fields_; }
  bool has_date() const { return has_date_; }
  std::optional<uint64_t> declared_length() const { return declared_length_; }

 private:
  int status_ = 200;
  std::string reason_;
  std::string wire_fields_;
  bool has_date_ = false;
  std::optional<uint64_t> declared_length_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_HEAD_H_
