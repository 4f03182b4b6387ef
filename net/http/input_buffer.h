// InputBuffer: bytes read from a connection and not consumed yet.
#ifndef EDGE_NET_HTTP_INPUT_BUFFER_H_
#define EDGE_NET_HTTP_INPUT_BUFFER_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "net/network.h"
#include "runtime/base/check.h"

namespace edge::http {

class InputBuffer {
 public:
  std::string_view unread() const { return std::string_view(bytes_).substr(begin_, end_ - begin_); }
  bool empty() const { return begin_ == end_; }

  // REQUIRES: n <= unread().size().
  void Consume(size_t n) {
    EDGE_CHECK(n <= end_ - begin_);
    begin_ += n;
  }

  // Reads more behind unread(), which may move; 0 at the end of the input. Errors of Connection::Read. MAY SUSPEND.
  absl::StatusOr<size_t> Fill(Connection& connection, Instant deadline) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (bytes_.size() - end_ < kRoomMin) {
      bytes_.erase(0, begin_);
      end_ -= begin_;
      begin_ = 0;
      if (bytes_.size() - end_ < kRoomMin) bytes_.resize(end_ < kFirst ? kFirst : 2 * end_);
    }
    absl::StatusOr<size_t> n = connection.Read(std::span<char>(bytes_.data() + end_, bytes_.size() - end_), deadline);
    if (n.ok()) {
      EDGE_CHECK(*n <= bytes_.size() - end_);
      end_ += *n;
    }
    return n;
  }

 private:
  static constexpr size_t kFirst = 16 << 10;
  static constexpr size_t kRoomMin = 2 << 10;  // below this a read is not worth its system call

  std::string bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_INPUT_BUFFER_H_
