#include "net/websocket/handshake.h"

#include <gtest/gtest.h>

#include "net/http/request_parser.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge::websocket {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

// "400 why" or "ok" for a request with these fields.
std::string Check(std::string_view request_line, std::string_view fields) {
  const http::ServerLimits limits;
  http::RequestParser parser(limits);
  const std::string text = StrCat(request_line, "\r\nHost: x\r\n", fields, "\r\n");
  EDGE_CHECK(parser.Parse(text) == http::RequestParser::Result::kDone) << parser.refusal().reason;
  if (!AsksForWebSocket(parser.head())) return "no";
  const std::optional<http::Refusal> refusal = CheckRequest(parser.head());
  return refusal ? StrCat(refusal->status, " ", refusal->reason) : "ok";
}

constexpr std::string_view kGood =
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

std::string Without(std::string_view field) {
  std::string fields(kGood);
  const size_t at = fields.find(field);
  EDGE_CHECK(at != std::string::npos);
  return fields.erase(at, fields.find("\r\n", at) + 2 - at);
}

TEST(Handshake, AcceptsTheKeyAsTheStandardsExampleDoes) { EXPECT_EQ(AcceptOf(kKey), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); }

TEST(Handshake, OfAServerRefusesWhatIsIncomplete) {
  EXPECT_EQ(Check("GET / HTTP/1.1", kGood), "ok");
  EXPECT_EQ(Check("GET / HTTP/1.1", StrCat(Without("Upgrade: w"), "Upgrade: h2c, WebSocket\r\n")), "ok");
  EXPECT_EQ(Check("GET / HTTP/1.1", Without("Upgrade: w")), "no");
  EXPECT_EQ(Check("POST / HTTP/1.1", kGood), "400 WebSocket must be initiated with a GET request.");
  EXPECT_EQ(Check("GET / HTTP/1.0", kGood), "400 WebSocket needs HTTP/1.1.");
  EXPECT_EQ(Check("GET / HTTP/1.1", Without("Connection")), "400 A request for a WebSocket needs \"Connection: Upgrade\".");
  EXPECT_EQ(Check("GET / HTTP/1.1", Without("Sec-WebSocket-Version")), "400 Missing Sec-WebSocket-Version");
  EXPECT_EQ(Check("GET / HTTP/1.1", StrCat(Without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8\r\n")),
            "426 The requested WebSocket version is not supported.");
  EXPECT_EQ(Check("GET / HTTP/1.1", Without("Sec-WebSocket-Key")), "400 Missing Sec-WebSocket-Key");
  EXPECT_EQ(Check("GET / HTTP/1.1", StrCat(Without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: short==\r\n")),
            "400 Malformed Sec-WebSocket-Key");
  EXPECT_EQ(Check("GET / HTTP/1.1", StrCat(kGood, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")), "400 Malformed Sec-WebSocket-Key");
}

std::string Answer(std::vector<std::pair<std::string, std::string>> fields) {
  http::ClientResponseHead head;
  head.status = 101;
  head.fields = std::move(fields);
  return std::string(CheckAnswer(head, kKey).message());
}

TEST(Handshake, OfAClientRefusesAnAnswerThatIsNone) {
  const std::string accept = AcceptOf(kKey);
  EXPECT_EQ(Answer({{"upgrade", "WebSocket"}, {"connection", "upgrade"}, {"sec-websocket-accept", accept}}), "");
  EXPECT_EQ(Answer({{"Connection", "Upgrade"}}), "Server failed WebSocket handshake: missing Upgrade header.");
  EXPECT_EQ(Answer({{"Upgrade", "h2c"}}), "Server failed WebSocket handshake: incorrect Upgrade header: expected 'websocket', got 'h2c'.");
  EXPECT_EQ(Answer({{"Upgrade", "websocket"}}), "Server failed WebSocket handshake: missing \"Connection: Upgrade\".");
  EXPECT_EQ(Answer({{"Upgrade", "websocket"}, {"Connection", "Upgrade"}}),
            "Server failed WebSocket handshake: missing Sec-WebSocket-Accept header.");
  EXPECT_EQ(Answer({{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", "x"}}),
            StrCat("Server failed WebSocket handshake: incorrect Sec-WebSocket-Accept header: expected '", accept, "', got 'x'."));
  EXPECT_EQ(Answer({{"Upgrade", "websocket"},
                    {"Connection", "Upgrade"},
                    {"Sec-WebSocket-Accept", accept},
                    {"Sec-WebSocket-Extensions", "permessage-deflate"}}),
            "Server failed WebSocket handshake: it uses an extension that was not offered: permessage-deflate");
}

}  // namespace
}  // namespace edge::websocket
