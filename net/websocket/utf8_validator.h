// Utf8Validator: text that comes in pieces, refused at the first byte that cannot be part of UTF-8.
#ifndef EDGE_NET_WEBSOCKET_UTF8_VALIDATOR_H_
#define EDGE_NET_WEBSOCKET_UTF8_VALIDATOR_H_

#include <cstdint>
#include <string_view>

namespace edge::websocket {

class Utf8Validator {
 public:
  // False: no continuation makes this text valid. Not to be called again then.
  bool Add(std::string_view piece);
  // Whether the text may end here.
  bool complete() const { return missing_ == 0; }
  void Reset() { missing_ = 0; }

 private:
  uint8_t missing_ = 0;  // continuation bytes of the character that has begun
  uint8_t low_ = 0x80;   // bounds of the next one
  uint8_t high_ = 0xbf;
};

inline bool IsUtf8(std::string_view text) {
  Utf8Validator validator;
  return validator.Add(text) && validator.complete();
}

}  // namespace edge::websocket

#endif  // EDGE_NET_WEBSOCKET_UTF8_VALIDATOR_H_
