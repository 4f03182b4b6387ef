#include "runtime/node/request_log.h"

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge {
namespace {

std::string ErrorOf(std::string_view text, const RequestLogLimits& limits = {}) {
  return std::string(ParseRequestLog(text, "traffic.jsonl", limits).status().message());
}

TEST(RequestLog, ALineIsReadAsItWasWritten) {
  RecordedRequest request;
  request.method = "POST";
  request.target = "/notes?x=%20";
  request.headers = {{"Content-Type", "text/plain"}, {"X-Quote", "a \"b\" \\ \xc3\xa9"}, {"x-quote", ""}};
  request.body = "line\nline \xe2\x82\xac \x01";
  request.body_is = RecordedRequest::Body::kCut;
  request.gap = Duration::Milliseconds(12);
  request.status = 201;

  const std::string line = RequestLogLine(request);
  const auto read = ParseRequestLog(RequestLogHeading() + line, "traffic.jsonl");

  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line: " << line;
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 1u);
  const RecordedRequest& back = read->front();
  EXPECT_EQ(back.method, request.method);
  EXPECT_EQ(back.target, request.target);
  EXPECT_EQ(back.headers, request.headers);
  EXPECT_EQ(back.body, request.body);
  EXPECT_EQ(back.body_is, request.body_is);
  EXPECT_EQ(back.gap, request.gap);
  EXPECT_EQ(back.status, 201);
  EXPECT_EQ(back.line, 2u);
}

TEST(RequestLog, IsMadeForPeopleToWriteToo) {
  const auto read =
      ParseRequestLog("\xEF\xBB\xBF\n  \n{\"method\": \"GET\", \"target\": \"/\"}\r\n\n{\"target\":\"*\",\"method\":\"OPTIONS\"}", "f");

  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].line, 3u);
  EXPECT_EQ((*read)[0].status, 0);
  EXPECT_EQ((*read)[1].line, 5u);
}

TEST(RequestLog, NamesTheLineThatIsWrong) {
  const std::string good = "{\"method\":\"GET\",\"target\":\"/\"}\n";

  EXPECT_TRUE(ErrorOf(good + "{\"method\":\"GET\",").starts_with("traffic.jsonl:2: not a JSON object")) << ErrorOf(good + "{");
  EXPECT_TRUE(ErrorOf(good + good + "[]").starts_with("traffic.jsonl:3: not a JSON object"));
  EXPECT_EQ(ErrorOf("{\"edge_requests\":2}"), "traffic.jsonl:1: a recording of another version of edge; this one reads version 1");
  EXPECT_EQ(ErrorOf("{\"target\":\"/\"}"), "traffic.jsonl:1: \"method\" must be an HTTP method, such as \"GET\"");
  EXPECT_EQ(ErrorOf("{\"method\":\"G T\",\"target\":\"/\"}"), "traffic.jsonl:1: \"method\" must be an HTTP method, such as \"GET\"");
  EXPECT_EQ(ErrorOf("{\"method\":\"GET\"}"), "traffic.jsonl:1: \"target\" must be a path, such as \"/notes?x=1\"");
  EXPECT_NE(ErrorOf("{\"method\":\"GET\",\"target\":\"http://a/\"}").find("must be a path that begins with"), std::string::npos);
  EXPECT_NE(ErrorOf("{\"method\":\"GET\",\"target\":\"/a b\"}").find("without spaces"), std::string::npos);
  EXPECT_NE(ErrorOf("{\"method\":\"GET\",\"target\":\"/\\n\"}").find("without spaces"), std::string::npos);
}

TEST(RequestLog, NamesTheKeyThatIsWrong) {
  const auto with = [](std::string_view more) { return ErrorOf("{\"method\":\"GET\",\"target\":\"/\"," + std::string(more) + "}"); };

  EXPECT_EQ(with("\"boddy\":\"\""), "traffic.jsonl:1: there is no key \"boddy\"");
  EXPECT_EQ(with("\"headers\":{}"), "traffic.jsonl:1: \"headers\" must be a list of [name, value] pairs");
  EXPECT_EQ(with("\"headers\":[[\"a\"]]"), "traffic.jsonl:1: \"headers\" must be a list of [name, value] pairs");
  EXPECT_EQ(with("\"headers\":[[\"a b\",\"\"]]"), "traffic.jsonl:1: \"a b\" is no name of a header");
  EXPECT_EQ(with("\"headers\":[[\"a\",\"x\\r\\ny: z\"]]"), "traffic.jsonl:1: the value of the header \"a\" has a control character");
  EXPECT_EQ(with("\"body\":1"), "traffic.jsonl:1: \"body\" must be text; other bytes go into \"body_base64\"");
  EXPECT_EQ(with("\"body_base64\":\"?\""), "traffic.jsonl:1: \"body_base64\" is no base64");
  EXPECT_EQ(with("\"body\":\"\",\"body_base64\":\"\""), "traffic.jsonl:1: \"body\" and \"body_base64\" exclude each other");
  EXPECT_EQ(with("\"body_cut\":1"), "traffic.jsonl:1: \"body_cut\" must be true or false");
  EXPECT_EQ(with("\"status\":1000"), "traffic.jsonl:1: \"status\" must be a whole number from 0 to 999");
  EXPECT_EQ(with("\"gap_ms\":-1"), "traffic.jsonl:1: \"gap_ms\" must be a whole number from 0 to 1099511627776");
  EXPECT_EQ(with("\"gap_ms\":1.5"), "traffic.jsonl:1: \"gap_ms\" must be a whole number from 0 to 1099511627776");
}

TEST(RequestLog, HasLimits) {
  const std::string good = "{\"method\":\"GET\",\"target\":\"/\"}\n";

  EXPECT_EQ(ErrorOf(good + good + good, {.requests_max = 2}), "traffic.jsonl:3: more than 2 requests");
  EXPECT_EQ(ErrorOf(good, {.line_bytes_max = 10}), "traffic.jsonl:1: the line is longer than 10 bytes");
  EXPECT_FALSE(ErrorOf(std::string(100'000, '[')).empty()) << "nesting is no way to the end of the stack";
}

TEST(RequestLog, HeadersThatAreNotUtf8AreWrittenAsLatin1) {
  RecordedRequest request;
  request.method = "GET";
  request.target = "/";
  request.headers = {{"X", "caf\xe9"}};

  const auto read = ParseRequestLog(RequestLogLine(request), "f");

  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->front().headers[0].second, "caf\xc3\xa9");
}

RC_GTEST_PROP(RequestLogProperty, AnyBodySurvives, ()) {
  RecordedRequest request;
  request.method = "PUT";
  request.target = "/";
  request.body = *rc::gen::arbitrary<std::string>();
  if (*rc::gen::arbitrary<bool>())
    request.body += *rc::gen::element<std::string>("\xff", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xe2\x82");

  const auto read = ParseRequestLog(RequestLogLine(request), "f");

  RC_ASSERT(read.ok());
  RC_ASSERT(read->front().body == request.body);
}

RC_GTEST_PROP(RequestLogProperty, AnyTextIsReadOrRefused, (std::string text)) {
  const auto read = ParseRequestLog(text, "f");
  RC_ASSERT((read.ok() || std::string(read.status().message()).starts_with("f:")));
}

}  // namespace
}  // namespace edge
