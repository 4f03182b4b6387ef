#include "net/http/request_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "net/http/request_parser.h"
#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

ClientRequest Request() { return {.method = "GET", .authority = "a", .target = "/"}; }

std::string Format(const ClientRequest& request, RequestFraming framing = RequestFraming::kNoBody, uint64_t length = 0) {
  absl::StatusOr<std::string> text = FormatRequestHead(request, framing, length);
  return text.ok() ? *text : text.status().ToString();
}

std::string WithMethod(std::string method, RequestFraming framing = RequestFraming::kNoBody) {
  ClientRequest request = Request();
  request.method = std::move(method);
  return Format(request, framing, 5);
}
std::string WithTarget(std::string target, std::string method = "GET") {
  ClientRequest request = Request();
  request.method = std::move(method);
  request.target = std::move(target);
  return Format(request);
}
std::string WithAuthority(std::string authority) {
  ClientRequest request = Request();
  request.authority = std::move(authority);
  return Format(request);
}
std::string WithField(std::string name, std::string value) {
  ClientRequest request = Request();
  request.fields = {{std::move(name), std::move(value)}};
  return Format(request);
}

TEST(RequestWriter, SaysHowTheBodyEnds) {
  EXPECT_EQ(WithMethod("GET"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(WithMethod("DELETE"), "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(WithMethod("POST"), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(WithMethod("GET", RequestFraming::kLength), "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(WithMethod("POST", RequestFraming::kChunked), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(RequestWriter, RefusesWhatWouldWriteMoreThanOneRequest) {
  for (std::string method : {"", "GET /x HTTP/1.1\r\nA:", "G\r\nE", "G T", "GET\t", "G\xc3\xa9T"}) {
    EXPECT_EQ(WithMethod(method), "INVALID_ARGUMENT: malformed request method") << method;
  }
  for (std::string target : {"", "x", "http://a/", "*", "/a b", "/a\r\nB: c", "/a\n", "/a\tb", "/a#b", "/\xc3\xa9", "/\x7f"}) {
    EXPECT_EQ(WithTarget(target), "INVALID_ARGUMENT: malformed request target") << target;
  }
  EXPECT_EQ(WithTarget(StrCat("/", std::string(1, '\0'))), "INVALID_ARGUMENT: malformed request target");
  for (std::string authority : {"", "a b", "a\r\nB: c", "a/b", "user@a", "a:b", "a:99999"}) {
    EXPECT_EQ(WithAuthority(authority), "INVALID_ARGUMENT: malformed host") << authority;
  }
  for (std::string name : {"", "A B", "A:", "A\r\nB", "\xc3\xa9"}) {
    EXPECT_EQ(WithField(name, "v"), "INVALID_ARGUMENT: malformed header name") << name;
  }
  for (std::string value : {"a\r\nB: c", "a\n", "\r", "a\x01", "\x7f"}) {
    EXPECT_EQ(WithField("A", value), "INVALID_ARGUMENT: the value of the header A has a byte that is not allowed") << value;
  }
  // A field that is left out is still looked at.
  EXPECT_EQ(WithField("Host", "a\r\nB: c"), "INVALID_ARGUMENT: the value of the header Host has a byte that is not allowed");
}

TEST(RequestWriter, RefusesConnect) { EXPECT_EQ(WithMethod("CONNECT"), "INVALID_ARGUMENT: CONNECT is not supported"); }

TEST(RequestWriter, KeepsWhatIsAllowed) {
  EXPECT_EQ(WithTarget("*", "OPTIONS"), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(WithTarget("/a?b=c&d=%20|{}\"<>^`"), "GET /a?b=c&d=%20|{}\"<>^` HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(WithAuthority("[::1]:8080"), "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
  EXPECT_EQ(WithField("A", "b\tc \xff"), "GET / HTTP/1.1\r\nHost: a\r\nA: b\tc \xff\r\n\r\n");
}

TEST(RequestWriter, LeavesOutTheFieldsThatAreTheClientsOwn) {
  for (std::string name :
       {"host", "CONTENT-LENGTH", "Transfer-Encoding", "connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"}) {
    EXPECT_EQ(WithField(name, "7"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n") << name;
  }
}

RC_GTEST_PROP(RequestWriterProperty, WhatIsWrittenReadsAsOneRequest, ()) {
  ClientRequest request = Request();
  request.target = "/" + *rc::gen::arbitrary<std::string>();
  const std::string name = *rc::gen::arbitrary<std::string>();
  request.fields = {{name, *rc::gen::arbitrary<std::string>()}};

  const absl::StatusOr<std::string> text = FormatRequestHead(request, RequestFraming::kLength, 5);

  if (!text.ok()) return;
  const ServerLimits limits;
  RequestParser parser(limits);
  const RequestParser::Result result = parser.Parse(*text);
  // Expect is looked at by our server alone.
  RC_PRE(result != RequestParser::Result::kRefused || parser.refusal().status != 417);
  RC_ASSERT(result == RequestParser::Result::kDone);
  RC_ASSERT(parser.head_size() == text->size());
  RC_ASSERT(parser.head().target() == request.target);
  RC_ASSERT(parser.content_length() == 5u);
}

}  // namespace
}  // namespace edge::http
