#include "net/http/response_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "net/http/testing/client_fixture.h"
#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

// Everything a parse decides, as text: two parses are the same if this is.
std::string Describe(const ResponseParser& parser, ResponseParser::Result result) {
  if (result == ResponseParser::Result::kFailed) return parser.status().ToString();
  if (result == ResponseParser::Result::kNeedMore) return "need more";
  const char* framing[] = {"none", "length", "chunked", "until close"};
  std::string out =
      StrCat(parser.head().status, "|", parser.head().reason, "|", parser.head_size(), "|", framing[static_cast<int>(parser.framing())],
             "|", parser.content_length() ? StrCat(*parser.content_length()) : "unknown", "|", parser.keep_alive() ? "keep" : "close");
  for (const auto& [name, value] : parser.head().fields) StrAppend(&out, "|", name, "=", value);
  return out;
}

std::string ParseWhole(std::string_view input, std::string_view method = "GET", const ClientLimits& limits = {}) {
  ResponseParser parser(limits, method);
  return Describe(parser, parser.Parse(input));
}

// Hands over ever longer prefixes, ending at `cuts`, each in memory of its own.
std::string ParseInPieces(std::string_view input, std::vector<size_t> cuts) {
  std::sort(cuts.begin(), cuts.end());
  cuts.push_back(input.size());
  const ClientLimits limits;
  ResponseParser parser(limits, "GET");
  for (size_t cut : cuts) {
    const std::string prefix(input.substr(0, cut));
    const ResponseParser::Result result = parser.Parse(prefix);
    if (result != ResponseParser::Result::kNeedMore) return Describe(parser, result);
  }
  return "need more";
}

std::string Ok(std::string_view fields) { return StrCat("HTTP/1.1 200 OK\r\n", fields, "\r\n"); }

TEST(ResponseParser, TakesAHeadApart) {
  EXPECT_EQ(ParseWhole("HTTP/1.1 200 Very Well\r\nServer: a b \r\nX-Empty:\r\nContent-Length: 12\r\n\r\nbody"),
            "200|Very Well|70|length|12|keep|Server=a b|X-Empty=|Content-Length=12");
}

TEST(ResponseParser, ChoosesTheFraming) {
  EXPECT_EQ(ParseWhole(Ok("")), "200|OK|19|until close|unknown|close");
  EXPECT_EQ(ParseWhole(Ok("Content-Length: 0\r\n")), "200|OK|38|none|0|keep|Content-Length=0");
  EXPECT_EQ(ParseWhole(Ok("Transfer-Encoding: Chunked\r\n")), "200|OK|47|chunked|unknown|keep|Transfer-Encoding=Chunked");
  EXPECT_EQ(ParseWhole(Ok("Content-Length: 7\r\n"), "HEAD"), "200|OK|38|none|0|keep|Content-Length=7");
  EXPECT_EQ(ParseWhole(Ok(""), "HEAD"), "200|OK|19|none|0|keep");
  EXPECT_EQ(ParseWhole(Ok("Transfer-Encoding: gzip, chunked\r\n"), "HEAD"), "200|OK|53|none|0|keep|Transfer-Encoding=gzip, chunked");
  EXPECT_EQ(ParseWhole("HTTP/1.1 204 \r\nContent-Length: 7\r\n\r\n"), "204||36|none|0|keep|Content-Length=7");
  EXPECT_EQ(ParseWhole("HTTP/1.1 304 Not Modified\r\n\r\n"), "304|Not Modified|29|none|0|keep");
  EXPECT_EQ(ParseWhole("HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n\r\n"), "103|Early Hints|47|none|0|keep|Content-Length=7");
}

TEST(ResponseParser, DecidesWhetherTheConnectionStays) {
  auto stays = [](std::string_view version, std::string_view connection) {
    const std::string text = ParseWhole(StrCat(version, " 200 OK\r\nContent-Length: 1\r\n", connection, "\r\n"));
    return text.find("|keep|") != std::string::npos;
  };
  EXPECT_TRUE(stays("HTTP/1.1", ""));
  EXPECT_TRUE(stays("HTTP/1.1", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(stays("HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(stays("HTTP/1.1", "Connection: keep-alive\r\nConnection: x, close\r\n"));
  EXPECT_FALSE(stays("HTTP/1.0", ""));
  EXPECT_TRUE(stays("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(stays("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(ResponseParser, AcceptsWhatIsOnlyUgly) {
  EXPECT_EQ(ParseWhole("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n"), "200||35|length|1|keep|Content-Length=1");
  EXPECT_EQ(ParseWhole(Ok("Content-Length: 5\r\ncontent-length: 5\r\n")), "200|OK|57|length|5|keep|Content-Length=5|content-length=5");
  EXPECT_EQ(ParseWhole(Ok("Content-Length: 5, 5\r\n")), "200|OK|41|length|5|keep|Content-Length=5, 5");
  EXPECT_EQ(ParseWhole(Ok("A: one\r\n \t two\r\nContent-Length: 1\r\n")), "200|OK|54|length|1|keep|A=one two|Content-Length=1");
  EXPECT_EQ(ParseWhole("HTTP/1.1 299 caf\xc3\xa9\r\nContent-Length: 1\r\nA: \xff\r\n\r\n"),
            "299|caf\xc3\xa9|47|length|1|keep|Content-Length=1|A=\xff");
}

struct Case {
  std::string name;
  std::string input;
};

const std::vector<Case>& Malformed() {
  static const std::vector<Case>* const cases = new std::vector<Case>{
      // Where the body ends: what two readers could see differently.
      {"lengths that differ", Ok("Content-Length: 5\r\nContent-Length: 6\r\n")},
      {"a list of lengths that differ", Ok("Content-Length: 5, 6\r\n")},
      {"a list with nothing", Ok("Content-Length: 5,\r\n")},
      {"length then coding", Ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
      {"coding then length", Ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")},
      {"length beside an unknown coding", Ok("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n")},
      {"signed length", Ok("Content-Length: +5\r\n")},
      {"negative length", Ok("Content-Length: -5\r\n")},
      {"hexadecimal length", Ok("Content-Length: 0x5\r\n")},
      {"empty length", Ok("Content-Length:\r\n")},
      {"length with inner space", Ok("Content-Length: 1 2\r\n")},
      {"folded length", Ok("Content-Length: 1\r\n 2\r\n")},
      {"length of 2^64 + 5", Ok("Content-Length: 18446744073709551621\r\n")},
      {"coding twice", Ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
      {"chunked twice in a list", Ok("Transfer-Encoding: chunked, chunked\r\n")},
      {"identity", Ok("Transfer-Encoding: identity\r\n")},
      {"gzip", Ok("Transfer-Encoding: gzip, chunked\r\n")},
      {"chunked is not last", Ok("Transfer-Encoding: chunked, gzip\r\n")},
      {"a word like chunked", Ok("Transfer-Encoding: xchunked\r\n")},
      {"folded coding", Ok("Transfer-Encoding:\r\n chunked, x\r\n")},
      {"coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
      // The status line.
      {"another protocol", "SSH-2.0-x\r\n\r\n"},
      {"one letter of another protocol", "S"},
      {"an empty line first", StrCat("\r\n", Ok(""))},
      {"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"},
      {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"},
      {"HTTP/1.", "HTTP/1. 200 OK\r\n\r\n"},
      {"lower case", "http/1.1 200 OK\r\n\r\n"},
      {"two spaces", "HTTP/1.1  200 OK\r\n\r\n"},
      {"a tab", "HTTP/1.1\t200 OK\r\n\r\n"},
      {"two digits", "HTTP/1.1 20 OK\r\n\r\n"},
      {"four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"no status", "HTTP/1.1\r\n\r\n"},
      {"status 099", "HTTP/1.1 099 OK\r\n\r\n"},
      {"NUL in the reason", StrCat("HTTP/1.1 200 O", std::string(1, '\0'), "K\r\n\r\n")},
      {"switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"},
      // Lines.
      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 1\n\n"},
      {"bare LF in the fields", "HTTP/1.1 200 OK\r\nContent-Length: 1\n\r\n"},
      {"bare CR in a value", Ok("A: b\rContent-Length: 3\r\n")},
      {"fold before the first field", Ok(" A: b\r\n")},
      {"no colon", Ok("Content-Length 5\r\n")},
      {"space before the colon", Ok("Content-Length : 5\r\n")},
      {"empty name", Ok(": b\r\n")},
      {"NUL in a value", Ok(StrCat("A: b", std::string(1, '\0'), "c\r\n"))},
      {"control in a value", Ok("A: b\x01\r\n")},
  };
  return *cases;
}

TEST(ResponseParser, RefusesWhatTwoReadersCouldSeeDifferently) {
  for (const Case& c : Malformed()) {
    const std::string result = ParseWhole(c.input);
    EXPECT_TRUE(result.starts_with("INVALID_ARGUMENT: the answer is not valid HTTP: ")) << c.name << ": " << result;
  }
}

TEST(ResponseParser, AppliesLimitsToWhatHasCome) {
  ClientLimits limits;
  limits.head_bytes = ByteCount::Bytes(100);
  limits.fields_max = 2;
  const std::string fitting = StrCat("HTTP/1.1 200 OK\r\nA: ", std::string(100 - 22, 'x'));
  EXPECT_EQ(ParseWhole(fitting, "GET", limits), "need more");
  EXPECT_EQ(ParseWhole(fitting + "xxx", "GET", limits), "RESOURCE_EXHAUSTED: the response head is too large");
  EXPECT_EQ(ParseWhole(Ok("A:\r\nB:\r\n"), "GET", limits), "200|OK|27|until close|unknown|close|A=|B=");
  EXPECT_EQ(ParseWhole(Ok("A:\r\nB:\r\nC:\r\n"), "GET", limits), "RESOURCE_EXHAUSTED: the response has too many header fields");
}

TEST(ResponseParser, AResetParserHasForgottenEverything) {
  const ClientLimits limits;
  ResponseParser parser(limits, "GET");
  ASSERT_EQ(parser.Parse("HTTP/1.1 103 Early\r\nContent-Length: 5\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ResponseParser::Result::kFailed);
  parser.Reset();
  ASSERT_EQ(parser.Parse("HTTP/1.1 103 Early\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"), ResponseParser::Result::kDone);
  parser.Reset();
  EXPECT_EQ(Describe(parser, parser.Parse(Ok("Content-Length: 7\r\n"))), "200|OK|38|length|7|keep|Content-Length=7");
}

RC_GTEST_PROP(ResponseParserProperty, AHeadParsesAlikeHoweverItIsCut, ()) {
  std::vector<std::string> inputs = {Ok(""), Ok("Content-Length: 5\r\nA: b\r\n c\r\n"), Ok("Transfer-Encoding: chunked\r\n"),
                                     "HTTP/1.0 404\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\nrest"};
  for (const Case& c : Malformed()) inputs.push_back(c.input);
  std::string input = *rc::gen::elementOf(inputs);
  // Sometimes one byte is another.
  if (*rc::gen::inRange(0, 2) == 1)
    input[*rc::gen::inRange<size_t>(0, input.size())] = *rc::gen::element('\r', '\n', ' ', ':', ',', '0', 'x');
  const auto cuts = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(0, input.size() + 1));

  RC_ASSERT(ParseInPieces(input, cuts) == ParseWhole(input));
}

// --- whole responses, through a client ---

std::string RandomText(size_t max) {
  return *rc::gen::resize(static_cast<int>(max), rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
}

// A response with this body in a framing of the generator's choice, and perhaps with a mistake.
std::string RandomResponse(const std::string& body) {
  std::string text = *rc::gen::element<std::string>("", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Hints\r\nA: b\r\n\r\n");
  text += "HTTP/1.1 200 OK\r\n";
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) StrAppend(&text, "X-", i, ": value ", i, "\r\n");
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      StrAppend(&text, "Content-Length: ", body.size(), "\r\n\r\n", body);
      break;
    case 1:
      StrAppend(&text, "\r\n", body);
      break;
    default:
      text += "Transfer-Encoding: chunked\r\n\r\n";
      for (size_t at = 0; at < body.size();) {
        const size_t n = std::min(body.size() - at, *rc::gen::inRange<size_t>(1, 40));
        StrAppend(&text, absl::Hex(n), *rc::gen::element<std::string>("", ";a=b"), "\r\n", body.substr(at, n), "\r\n");
        at += n;
      }
      StrAppend(&text, "0\r\n", *rc::gen::element<std::string>("", "Trailer: x\r\n"), "\r\n");
  }
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      text[*rc::gen::inRange<size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
      break;
    case 1:
      text.resize(*rc::gen::inRange<size_t>(0, text.size()));
      break;
    default:
      break;
  }
  return text;
}

// What a client makes of these bytes, which come in pieces, followed by the end of the connection. With `read_size` bytes per ReadBody.
std::string FetchInPieces(const std::string& text, std::vector<size_t> cuts, size_t read_size) {
  std::string result;
  std::sort(cuts.begin(), cuts.end());
  cuts.push_back(text.size());
  PipeWorld world;
  world.Run([&] {
    PeerScript peers(world, [&](Peer& peer) {
      peer.ReadRequest();
      size_t at = 0;
      for (size_t cut : cuts) {
        peer.Say(std::string_view(text).substr(at, cut - at));
        at = cut;
        peer.Sleep(Duration::Milliseconds(1));
      }
    });
    Client client(world.scheduler(), world.network());
    auto exchange = client.Send({.host = {.host = "peer", .port = 80}, .authority = "a"}, nullptr, Instant::Infinite());
    if (!exchange.ok()) {
      result = exchange.status().ToString();
      return;
    }
    result = StrCat((*exchange)->head().status, " ", (*exchange)->head().reason);
    for (const auto& [name, value] : (*exchange)->head().fields) StrAppend(&result, "|", name, "=", value);
    std::string piece(read_size, '\0');
    for (;;) {
      const absl::StatusOr<size_t> n = (*exchange)->ReadBody(piece);
      if (!n.ok()) StrAppend(&result, "[", n.status().ToString(), "]");
      if (!n.ok() || *n == 0) break;
      result.append(piece, 0, *n);
    }
  });
  return result;
}

RC_GTEST_PROP(ResponseProperty, AResponseReadsAlikeHoweverItIsCut, ()) {
  const std::string text = RandomResponse(RandomText(300));
  const auto cuts = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(0, text.size() + 1));

  const std::string whole = FetchInPieces(text, {}, 4096);

  RC_ASSERT(FetchInPieces(text, cuts, *rc::gen::inRange<size_t>(1, 100)) == whole);
}

RC_GTEST_PROP(ResponseProperty, ALargeBodyReadsAlikeHoweverItIsCut, ()) {
  // Large enough for reads that bypass the buffer.
  std::string body(*rc::gen::inRange<size_t>(8 << 10, 80 << 10), '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  const size_t chunk = *rc::gen::inRange<size_t>(8 << 10, 40 << 10);
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0; at < body.size(); at += chunk) {
    const std::string part = body.substr(at, chunk);
    StrAppend(&text, absl::Hex(part.size()), "\r\n", part, "\r\n");
  }
  text += "0\r\n\r\n";
  const auto cuts = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(0, text.size() + 1));

  RC_ASSERT(FetchInPieces(text, cuts, *rc::gen::inRange<size_t>(1000, 70'000)) == StrCat("200 OK|Transfer-Encoding=chunked", body));
}

}  // namespace
}  // namespace edge::http
