// DateCache: the Date header's text, made once per second.
#ifndef EDGE_NET_HTTP_DATE_CACHE_H_
#define EDGE_NET_HTTP_DATE_CACHE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/time.h"

namespace edge::http {

// "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate of RFC 9110).
std::string FormatHttpDate(WallTime time);

class DateCache {
 public:
  // Valid until the next call.
  std::string_view Get(WallTime now) {
    int64_t second = now.ToUnixSeconds();
    if (text_.empty() || second != second_) {
      second_ = second;
      text_ = FormatHttpDate(now);
    }
    return text_;
  }

 private:
  int64_t second_ = 0;
  std::string text_;
};

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_DATE_CACHE_H_
