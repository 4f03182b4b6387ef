#include "net/http/body_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

struct Outcome {
  std::string body;
  size_t consumed = 0;
  int status = 0;  // 200 done, 0 needs more, else refused
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& o) {
  return out << o.status << " after " << o.consumed << " bytes: \"" << o.body << '"';
}

// Feeds the input in pieces of the given sizes (repeated) and takes the body out in pieces of `room`.
Outcome Decode(std::string_view input, const std::vector<size_t>& pieces, size_t room, const ServerLimits& limits = {},
               BodyFraming framing = BodyFraming::kChunked, uint64_t length = 0) {
  BodyDecoder decoder(limits);
  decoder.Start(framing, length);
  Outcome outcome;
  std::string out(room, '\0');
  for (size_t i = 0, at = 0; at < input.size() && !decoder.done() && !decoder.refused(); ++i) {
    std::string piece(input.substr(at, pieces[i % pieces.size()]));
    at += piece.size();
    std::string_view rest = piece;
    while (!rest.empty() && !decoder.done() && !decoder.refused()) {
      BodyDecoder::Step step = decoder.Decode(rest, out);
      EXPECT_GT(step.consumed, 0u);
      outcome.body.append(out, 0, step.produced);
      outcome.consumed += step.consumed;
      rest.remove_prefix(step.consumed);
    }
  }
  outcome.status = decoder.done() ? 200 : decoder.refused() ? decoder.refusal().status : 0;
  return outcome;
}

Outcome DecodeWhole(std::string_view input, const ServerLimits& limits = {}) { return Decode(input, {SIZE_MAX}, 4096, limits); }

TEST(BodyDecoder, JoinsChunksAndLeavesWhatFollows) {
  EXPECT_EQ(DecodeWhole("5\r\nhello\r\n1;a=b;c=\"d e\"\r\n,\r\n006\r\n world\r\n0\r\n\r\nGET"), (Outcome{"hello, world", 46, 200}));
}

TEST(BodyDecoder, ChecksAndDropsTrailers) { EXPECT_EQ(DecodeWhole("1\r\na\r\n0\r\nX-Sum: 1 2\r\nY:\r\n\r\n"), (Outcome{"a", 27, 200})); }

TEST(BodyDecoder, ADeclaredLengthEndsTheBody) {
  EXPECT_EQ(Decode("hello, world", {SIZE_MAX}, 3, {}, BodyFraming::kLength, 5), (Outcome{"hello", 5, 200}));
  EXPECT_EQ(Decode("hel", {SIZE_MAX}, 100, {}, BodyFraming::kLength, 5), (Outcome{"hel", 3, 0}));
}

const std::vector<std::pair<std::string, int>>& Cases() {
  static const auto* const cases = new std::vector<std::pair<std::string, int>>{
      {"\r\n", 400},
      {"g\r\n", 400},
      {"-1\r\n", 400},
      {"+1\r\na\r\n", 400},
      {"0x1\r\na\r\n", 400},
      {" 1\r\na\r\n", 400},
      {"1 \r\na\r\n", 400},
      {"1\t;a\r\na\r\n", 400},
      {"1\na\r\n", 400},
      {"1\r\r\n", 400},
      {"1\rX", 400},
      {"1;a\nb\r\n", 400},
      {"1;a\rb\r\n", 400},
      {std::string("1;a\0\r\n", 6), 400},
      {"1\r\nab\r\n", 400},
      {"1\r\na\n", 400},
      {"1\r\na\rb", 400},
      {"2\r\na\r\n0\r\n\r\n", 400},
      {"ffffffffffffffff\r\n", 413},
      {"10000000000000000\r\n", 413},
      {"100000000000000000000000005\r\n", 413},
      {"5f5e101\r\n", 413},  // 100,000,001
      {"0\r\n\r\n", 200},
      {"000\r\n\r\n", 200},
      {"0\r\n\n", 400},
      {"0\r\n\rX", 400},
      {"0\r\nA\r\n\r\n", 400},
      {"0\r\n: b\r\n\r\n", 400},
      {"0\r\nA : b\r\n\r\n", 400},
      {"0\r\n A: b\r\n\r\n", 400},
      {"0\r\nA: b\n\r\n", 400},
      {"0\r\nA: b\r\n c\r\n\r\n", 400},
      {"a\r\n0123456789\r\n0\r\n\r\n", 200},
      {"A\r\n0123456789\r\n0\r\n\r\n", 200},
      {"a\r\n01234", 0},
      {"0\r\n", 0},
  };
  return *cases;
}

TEST(BodyDecoder, RefusesMalformedFraming) {
  for (const auto& [input, status] : Cases()) EXPECT_EQ(DecodeWhole(input).status, status) << input;
}

TEST(BodyDecoder, AnySplitGivesTheSameResult) {
  for (const auto& [input, status] : Cases()) {
    const Outcome whole = DecodeWhole(input);
    for (size_t room : {1, 2, 100}) {
      EXPECT_EQ(Decode(input, {1}, room), whole) << input;
      for (size_t cut = 1; cut < input.size(); ++cut) EXPECT_EQ(Decode(input, {cut, SIZE_MAX}, room), whole) << input << " cut at " << cut;
    }
  }
}

RC_GTEST_PROP(BodyDecoder, ReturnsWhatWasEncoded, (const std::vector<std::string>& chunks)) {
  std::string encoded;
  std::string body;
  for (const std::string& chunk : chunks) {
    if (chunk.empty()) continue;
    char size[20];
    snprintf(size, sizeof size, *rc::gen::arbitrary<bool>() ? "%zx" : "%04zX", chunk.size());
    StrAppend(&encoded, size, *rc::gen::arbitrary<bool>() ? ";x=y" : "", "\r\n", chunk, "\r\n");
    body += chunk;
  }
  encoded += "0\r\n\r\n";
  const auto pieces = *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 20)));
  const size_t room = *rc::gen::inRange<size_t>(1, 20);

  const Outcome outcome = Decode(encoded + "GET", pieces, room);

  RC_ASSERT(outcome == (Outcome{body, encoded.size(), 200}));
}

TEST(BodyDecoder, EveryPartHasALimit) {
  ServerLimits limits;
  limits.body_bytes = 10;
  limits.chunk_line_bytes = ByteCount::Bytes(20);
  limits.chunk_overhead_bytes = ByteCount::Bytes(30);
  limits.trailer_bytes = ByteCount::Bytes(40);

  EXPECT_EQ(DecodeWhole("a\r\n0123456789\r\n0\r\n\r\n", limits).status, 200);
  EXPECT_EQ(DecodeWhole("b\r\n", limits).status, 413);
  EXPECT_EQ(DecodeWhole("6\r\n012345\r\n5\r\n", limits).status, 413);
  EXPECT_EQ(DecodeWhole("1;" + std::string(40, 'a'), limits).status, 400);
  EXPECT_EQ(DecodeWhole(std::string(30, '0'), limits).status, 400);
  const std::string chunk = "1;" + std::string(16, 'a') + "\r\na\r\n";
  EXPECT_EQ(DecodeWhole(chunk, limits).status, 0);
  EXPECT_EQ(DecodeWhole(chunk + chunk, limits).status, 400);
  EXPECT_EQ(DecodeWhole("0\r\nA: " + std::string(50, 'a'), limits).status, 431);
  EXPECT_EQ(DecodeWhole("0\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n", limits).status, 431);
}

TEST(BodyDecoder, BytesReadPastItAreCounted) {
  ServerLimits limits;
  BodyDecoder decoder(limits);
  decoder.Start(BodyFraming::kChunked, 0);
  char out[10];
  EXPECT_EQ(decoder.DirectBytes(100'000), 0u);

  EXPECT_EQ(decoder.Decode("8000\r\n", out).consumed, 6u);
  EXPECT_EQ(decoder.DirectBytes(100'000), 0x8000u);
  EXPECT_EQ(decoder.DirectBytes(10), 0u);
  decoder.SkipDirect(0x8000);

  EXPECT_EQ(decoder.Decode("\r\n0\r\n\r\n", out).consumed, 7u);
  EXPECT_TRUE(decoder.done());
}

}  // namespace
}  // namespace edge::http
