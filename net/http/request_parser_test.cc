#include "net/http/request_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

// Everything a parse decides, as text: two parses are the same if this is.
std::string Describe(const RequestParser& parser, RequestParser::Result result) {
  if (result == RequestParser::Result::kRefused) return StrCat(parser.refusal().status, " ", parser.refusal().reason);
  if (result == RequestParser::Result::kNeedMore) return parser.idle() ? "idle" : "need more";
  const RequestHead& head = parser.head();
  std::string out =
      StrCat(head.method(), "|", head.target(), "|", head.path_and_query(), "|", head.authority(), "|",
             head.version() == Version::kHttp11 ? "1.1" : "1.0", "|", parser.head_size(), "|", static_cast<int>(parser.framing()), "|",
             parser.content_length(), "|", parser.keep_alive() ? "keep" : "close", parser.expects_continue() ? "|continue" : "");
  for (const Field& field : head.fields()) StrAppend(&out, "|", field.name, "=", field.value);
  return out;
}

std::string ParseWhole(std::string_view input, const ServerLimits& limits = {}) {
  RequestParser parser(limits);
  return Describe(parser, parser.Parse(input));
}

// Hands over ever longer prefixes, ending at `cuts`, each in memory of its own.
std::string ParseInPieces(std::string_view input, std::vector<size_t> cuts, const ServerLimits& limits = {}) {
  std::sort(cuts.begin(), cuts.end());
  cuts.push_back(input.size());
  RequestParser parser(limits);
  for (size_t cut : cuts) {
    std::string prefix(input.substr(0, cut));
    RequestParser::Result result = parser.Parse(prefix);
    if (result != RequestParser::Result::kNeedMore) return Describe(parser, result);
  }
  return parser.idle() ? "idle" : "need more";
}

int StatusOf(std::string_view input, const ServerLimits& limits = {}) {
  RequestParser parser(limits);
  switch (parser.Parse(input)) {
    case RequestParser::Result::kNeedMore:
      return 0;
    case RequestParser::Result::kDone:
      return 200;
    case RequestParser::Result::kRefused:
      return parser.refusal().status;
  }
  return -1;
}

TEST(RequestParser, TakesAHeadApart) {
  EXPECT_EQ(
      ParseWhole("POST /a/b?c=d HTTP/1.1\r\nHost: example.com:80\r\nX-Empty:\r\nX-Spaces: \t a b \t\r\nContent-Length: 12\r\n\r\nbody"),
      "POST|/a/b?c=d|/a/b?c=d|example.com:80|1.1|97|1|12|keep|Host=example.com:80|X-Empty=|X-Spaces=a b|Content-Length=12");
}

TEST(RequestParser, CopiesOutliveTheInput) {
  std::string input = "GET http://h/p HTTP/1.1\r\nHost: other\r\nA: b\r\n\r\n";
  ServerLimits limits;
  RequestParser parser(limits);
  ASSERT_EQ(parser.Parse(input), RequestParser::Result::kDone);

  RequestHead copy = parser.head().Copy();
  RequestHead again = copy.Copy();
  copy = RequestHead();
  std::fill(input.begin(), input.end(), '?');

  EXPECT_EQ(again.method(), "GET");
  EXPECT_EQ(again.target(), "http://h/p");
  EXPECT_EQ(again.path_and_query(), "/p");
  EXPECT_EQ(again.authority(), "h");
  EXPECT_EQ(again.Find("a"), "b");
  EXPECT_EQ(again.Find("HOST"), "other");
  EXPECT_EQ(again.Find("b"), std::nullopt);
}

struct Case {
  std::string name;
  std::string input;
  int status;
};

std::string Get(std::string_view fields) { return StrCat("GET / HTTP/1.1\r\nHost: a\r\n", fields, "\r\n"); }
std::string Nul() { return std::string(1, '\0'); }

const std::vector<Case>& Cases() {
  static const std::vector<Case>* const cases = new std::vector<Case>{
      // Content-Length and Transfer-Encoding: what smuggling is made of.
      {"conflicting lengths", Get("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {"equal lengths", Get("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {"a list of lengths", Get("Content-Length: 5, 5\r\n"), 400},
      {"length then coding", Get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"coding then length", Get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {"length beside an unknown coding", Get("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), 400},
      {"signed length", Get("Content-Length: +5\r\n"), 400},
      {"negative length", Get("Content-Length: -5\r\n"), 400},
      {"hexadecimal length", Get("Content-Length: 0x5\r\n"), 400},
      {"empty length", Get("Content-Length:\r\n"), 400},
      {"length with inner space", Get("Content-Length: 1 2\r\n"), 400},
      {"length of 2^64", Get("Content-Length: 18446744073709551616\r\n"), 400},
      {"length of 2^64 + 5", Get("Content-Length: 18446744073709551621\r\n"), 400},
      {"length above the limit", Get("Content-Length: 100000001\r\n"), 413},
      {"length at the limit", Get("Content-Length: 100000000\r\n"), 200},
      {"leading zeros", Get("Content-Length: 0005\r\n"), 200},
      {"chunked", Get("Transfer-Encoding: chunked\r\n"), 200},
      {"chunked in capitals", Get("Transfer-Encoding: CHUNKED\r\n"), 200},
      {"chunked twice in a list", Get("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"chunked twice", Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"identity after chunked", Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
      {"gzip before chunked", Get("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"chunked is not last", Get("Transfer-Encoding: chunked, identity\r\n"), 400},
      {"identity", Get("Transfer-Encoding: identity\r\n"), 501},
      {"almost chunked", Get("Transfer-Encoding: xchunked\r\n"), 501},
      {"quoted chunked", Get("Transfer-Encoding: \"chunked\"\r\n"), 501},
      {"chunked with a parameter", Get("Transfer-Encoding: chunked;a=b\r\n"), 501},
      {"empty coding", Get("Transfer-Encoding:\r\n"), 501},
      {"vertical tab before chunked",
       Get("Transfer-Encoding: \x0b"
           "chunked\r\n"),
       400},
      {"space before the colon of a coding", Get("Transfer-Encoding : chunked\r\n"), 400},
      {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      // Lines.
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare CR in a value", Get("A: b\rc\r\n"), 400},
      {"bare CR in a name", Get("A\rB: c\r\n"), 400},
      {"CR CR LF", Get("A: b\r\r\n"), 400},
      {"NUL in a value", Get("A: b" + Nul() + "c\r\n"), 400},
      {"NUL in a name", Get("A" + Nul() + ": c\r\n"), 400},
      {"NUL in the target", "GET /" + Nul() + " HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"control in a value",
       Get("A: b\x01"
           "c\r\n"),
       400},
      {"DEL in a value",
       Get("A: b\x7f"
           "c\r\n"),
       400},
      {"tab in a value", Get("A: b\tc\r\n"), 200},
      {"bytes above ASCII in a value", Get("A: \xc3\xa4\r\n"), 200},
      {"bytes above ASCII in a name", Get("\xc3\xa4: a\r\n"), 400},
      {"folded line", Get("A: b\r\n c\r\n"), 400},
      {"folded with tab", Get("A: b\r\n\tc\r\n"), 400},
      {"folded after an empty value", Get("A:\r\n b\r\n"), 400},
      {"first field folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"space before a colon", Get("A : b\r\n"), 400},
      {"tab before a colon", Get("A\t: b\r\n"), 400},
      {"empty name", Get(": b\r\n"), 400},
      {"no colon", Get("A\r\n"), 400},
      {"separator in a name", Get("A(b): c\r\n"), 400},
      {"space in a name", Get("A b: c\r\n"), 400},
      {"malformed Connection", Get("Connection: a b\r\n"), 400},
      // The request line.
      {"plain", Get(""), 200},
      {"empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"too many empty lines before", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"LF before", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"space before", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"tab as separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"malformed method", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"absolute form", "GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"absolute form with user", "GET http://u@b/c HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"absolute form without host", "GET http:///c HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/2 request line", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
      {"HTTP/11", "GET / HTTP/11\r\nHost: a\r\n\r\n", 400},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
      {"http in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"TLS", "\x16\x03\x01\x02", 400},
      // Host.
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 200},
      {"two Hosts", Get("Host: a\r\n"), 400},
      {"three Hosts", Get("Host: b\r\nHost: c\r\n"), 400},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"Host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"Host with malformed port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
      {"Host with port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400},
      {"Host with two colons", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
      {"IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:8787\r\n\r\n", 200},
      {"unfinished IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      // Expect.
      {"100-continue", Get("Expect: 100-Continue\r\nContent-Length: 1\r\n"), 200},
      {"other expectation", Get("Expect: 200-maybe\r\n"), 417},
  };
  return *cases;
}

TEST(RequestParser, RefusesWhatAnotherServerCouldReadDifferently) {
  for (const Case& c : Cases()) EXPECT_EQ(StatusOf(c.input), c.status) << c.name;
}

TEST(RequestParser, AnyByteBoundaryGivesTheSameResult) {
  for (const Case& c : Cases()) {
    const std::string whole = ParseWhole(c.input);
    for (size_t cut = 0; cut <= c.input.size(); ++cut) EXPECT_EQ(ParseInPieces(c.input, {cut}), whole) << c.name << " cut at " << cut;
    std::vector<size_t> every;
    for (size_t cut = 0; cut < c.input.size(); ++cut) every.push_back(cut);
    EXPECT_EQ(ParseInPieces(c.input, every), whole) << c.name << " byte by byte";
  }
}

RC_GTEST_PROP(RequestParser, AnySplitOfAnyBytesGivesTheSameResult, ()) {
  // Valid requests with a few bytes replaced by others that matter.
  static const std::string kBytes = std::string("\r\n\t :,/*#?AHGx05") + '\0' + '\x7f' + '\xff';
  const std::vector<Case>& cases = Cases();
  std::string input = cases[*rc::gen::inRange<size_t>(0, cases.size())].input;
  const int edits = *rc::gen::inRange(0, 4);
  for (int i = 0; i < edits; ++i) input[*rc::gen::inRange<size_t>(0, input.size())] = *rc::gen::elementOf(kBytes);
  ServerLimits limits;
  limits.head_bytes = ByteCount::Bytes(*rc::gen::inRange<uint64_t>(1, 120));
  limits.target_bytes = ByteCount::Bytes(*rc::gen::inRange<uint64_t>(1, 20));
  limits.fields_max = *rc::gen::inRange<uint32_t>(0, 4);
  const auto cuts = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(0, input.size() + 1));

  RC_ASSERT(ParseInPieces(input, cuts, limits) == ParseWhole(input, limits));
}

TEST(RequestParser, LimitsApplyBeforeTheHeadIsComplete) {
  ServerLimits limits;
  limits.head_bytes = ByteCount::Bytes(1000);
  limits.target_bytes = ByteCount::Bytes(100);
  limits.fields_max = 3;

  EXPECT_EQ(StatusOf("GET /" + std::string(99, 'a'), limits), 0);
  EXPECT_EQ(StatusOf("GET /" + std::string(200, 'a'), limits), 414);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nA: " + std::string(900, 'a'), limits), 0);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nA: " + std::string(1000, 'a'), limits), 431);
  EXPECT_EQ(StatusOf(Get("A: b\r\nB: c\r\n"), limits), 200);
  EXPECT_EQ(StatusOf(Get("A: b\r\nB: c\r\nC: d\r\n"), limits), 431);
}

TEST(RequestParser, PersistenceFollowsVersionAndConnection) {
  auto keeps = [](std::string_view input) {
    ServerLimits limits;
    RequestParser parser(limits);
    EXPECT_EQ(parser.Parse(input), RequestParser::Result::kDone) << input;
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps(Get("")));
  EXPECT_TRUE(keeps(Get("Connection: keep-alive\r\n")));
  EXPECT_FALSE(keeps(Get("Connection: close\r\n")));
  EXPECT_FALSE(keeps(Get("Connection: foo, CLOSE\r\n")));
  EXPECT_FALSE(keeps(Get("Connection: foo\r\nConnection: close\r\n")));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
}

TEST(RequestParser, AnAbsoluteTargetOverridesHost) {
  ServerLimits limits;
  RequestParser parser(limits);
  std::string input = "GET HTTP://real:81?q HTTP/1.1\r\nHost: claimed\r\n\r\n";
  ASSERT_EQ(parser.Parse(input), RequestParser::Result::kDone);
  EXPECT_EQ(parser.head().authority(), "real:81");
  EXPECT_EQ(parser.head().path_and_query(), "?q");
}

}  // namespace
}  // namespace edge::http
