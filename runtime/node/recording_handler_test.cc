#include "runtime/node/recording_handler.h"

#include <gtest/gtest.h>
#include <array>

#include "net/http/testing/http_world.h"

namespace edge {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
using Body = RecordedRequest::Body;

// Answers as the test says.
class Scripted final : public http::Handler {
 public:
  explicit Scripted(std::function<void(http::Exchange&)> answer) : answer_(std::move(answer)) {}
  void Handle(http::Exchange& exchange) override { answer_(exchange); }

 private:
  std::function<void(http::Exchange&)> answer_;
};

void ReadAll(http::Exchange& exchange) {
  std::array<char, 7> piece;
  for (;;) {
    const absl::StatusOr<size_t> n = exchange.ReadBody(piece);
    if (!n.ok() || *n == 0) return;
  }
}

void AnswerOk(http::Exchange& exchange) {
  ReadAll(exchange);
  exchange.Respond(http::ResponseHead(200), "fine").IgnoreError();
}

// A server whose handler is recorded.
struct RecordedServer {
  explicit RecordedServer(std::function<void(http::Exchange&)> answer, const RecordingOptions& options = {})
      : worker(std::move(answer)), world([this](http::Exchange& exchange) { recording->Handle(exchange); }) {
    recording.emplace(worker, world.scheduler().clock(), options, [this](RecordedRequest request) { seen.push_back(std::move(request)); });
  }

  Scripted worker;
  std::optional<RecordingHandler> recording;
  std::vector<RecordedRequest> seen;
  http::HttpWorld world;
};

TEST(RecordingHandler, KeepsWhatMakesTheRequestAgain) {
  RecordedServer server(AnswerOk);

  const std::string answer = server.world.Ask(
      "POST /notes?x=1 HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\nX-One: 2\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\nhello "
      "hello hello 42");

  EXPECT_TRUE(answer.ends_with("fine")) << answer;
  ASSERT_EQ(server.seen.size(), 1u);
  const RecordedRequest& request = server.seen[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/notes?x=1");
  EXPECT_EQ(request.headers, (Headers{{"Host", "a.test"}, {"X-One", "1"}, {"X-One", "2"}, {"Content-Type", "text/plain"}}));
  EXPECT_EQ(request.body, "hello hello hello 42");
  EXPECT_EQ(request.body_is, Body::kWhole);
  EXPECT_EQ(request.status, 200);
}

TEST(RecordingHandler, LeavesOutWhatBelongsToOneConnection) {
  RecordedServer server(AnswerOk);

  server.world.Ask(
      "PUT / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\nTE: trailers\r\nProxy-Authorization: "
      "x\r\n"
      "CF-Ray: 7\r\nTransfer-Encoding: chunked\r\nX-Stays: 1\r\n\r\n3\r\nabc\r\n0\r\n\r\n");

  ASSERT_EQ(server.seen.size(), 1u);
  EXPECT_EQ(server.seen[0].headers, (Headers{{"Host", "a"}, {"X-Stays", "1"}}));
  EXPECT_EQ(server.seen[0].body, "abc");
  EXPECT_EQ(server.seen[0].body_is, Body::kWhole);
}

TEST(RecordingHandler, KeepsSecretsToItself) {
  constexpr char kRequest[] = "GET / HTTP/1.1\r\nHost: a\r\nauthorization: Bearer s3cret\r\nCOOKIE: id=s3cret\r\n\r\n";
  RecordedServer redacted(AnswerOk);
  RecordedServer recorded(AnswerOk, {.secrets = RecordingOptions::Secrets::kRecorded});

  redacted.world.Ask(kRequest);
  recorded.world.Ask(kRequest);

  EXPECT_EQ(redacted.seen.at(0).headers, (Headers{{"Host", "a"}, {"authorization", "<redacted>"}, {"COOKIE", "<redacted>"}}));
  EXPECT_EQ(RequestLogLine(redacted.seen[0]).find("s3cret"), std::string::npos);
  EXPECT_EQ(recorded.seen.at(0).headers[1].second, "Bearer s3cret");
}

TEST(RecordingHandler, CutsLongBodies) {
  RecordedServer server(AnswerOk, {.body_bytes_max = 10});

  server.world.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789");
  server.world.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n0123456789a");

  ASSERT_EQ(server.seen.size(), 2u);
  EXPECT_EQ(server.seen[0].body_is, Body::kWhole);
  EXPECT_EQ(server.seen[1].body, "0123456789");
  EXPECT_EQ(server.seen[1].body_is, Body::kCut);
}

TEST(RecordingHandler, ABodyThatNobodyReadsIsCut) {
  RecordedServer server([](http::Exchange& exchange) { exchange.Respond(http::ResponseHead(413), "").IgnoreError(); });

  server.world.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  server.world.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");

  ASSERT_EQ(server.seen.size(), 2u);
  EXPECT_EQ(server.seen[0].body_is, Body::kCut);
  EXPECT_EQ(server.seen[0].status, 413);
  EXPECT_EQ(server.seen[1].body_is, Body::kWhole) << "there is none";
}

TEST(RecordingHandler, SaysHowLongAfterTheOneBefore) {
  RecordedServer server(AnswerOk);

  server.world.Ask("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  server.world.Advance(Duration::Milliseconds(1250));
  server.world.Ask("GET /b HTTP/1.1\r\nHost: a\r\n\r\n");

  ASSERT_EQ(server.seen.size(), 2u);
  EXPECT_EQ(server.seen[0].gap, Duration::Zero());
  EXPECT_EQ(server.seen[1].gap, Duration::Milliseconds(1250));
}

TEST(RecordingHandler, NotesHowItEnded) {
  RecordedServer streamed([](http::Exchange& exchange) {
    exchange.Start(http::ResponseHead(206)).IgnoreError();
    exchange.Write("piece").IgnoreError();
    exchange.Finish().IgnoreError();
  });
  RecordedServer silent([](http::Exchange&) {});

  streamed.world.Ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = silent.world.Ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

  EXPECT_EQ(streamed.seen.at(0).status, 206);
  EXPECT_EQ(silent.seen.at(0).status, 500);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500")) << "the server's business, after the handler";
}

TEST(RecordingHandler, ARequestWhoseClientLeftHasNoStatus) {
  RecordedServer server([](http::Exchange& exchange) { ReadAll(exchange); });
  const auto client = server.world.Connect();

  client->Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  server.world.Run();
  client->Reset();
  server.world.Run();

  ASSERT_EQ(server.seen.size(), 1u);
  EXPECT_EQ(server.seen[0].status, 0);
  EXPECT_EQ(server.seen[0].body, "abc");
  EXPECT_EQ(server.seen[0].body_is, Body::kCut);
}

TEST(RecordingHandler, WhatItKeepsCanAlwaysBeReadAgain) {
  RecordedServer server(AnswerOk);

  server.world.Ask("GET http://a.test?q HTTP/1.1\r\nHost: a.test\r\n\r\n");
  server.world.Ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  server.world.Ask("GET /\xc3\xa4\"<> HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n");

  ASSERT_GE(server.seen.size(), 2u);
  EXPECT_EQ(server.seen[0].target, "/?q");
  EXPECT_EQ(server.seen[1].target, "*");
  for (const RecordedRequest& request : server.seen) {
    const auto read = ParseRequestLog(RequestLogLine(request), "f");
    EXPECT_TRUE(read.ok()) << read.status();
  }
}

}  // namespace
}  // namespace edge
