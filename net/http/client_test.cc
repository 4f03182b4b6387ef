// Requests as they are written, responses as they are read, errors by code.
#include "net/http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http/testing/client_fixture.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/domain.h"

namespace edge::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

// --- requests ---

TEST_F(ClientTest, WritesARequestWithoutABody) {
  std::string received;
  With(
      [&](Peer& peer) {
        received = peer.ReadRequest();
        peer.Say(kHello);
      },
      [&](Client& client) {
        ClientRequest request = Request("GET", "/a/b?c=%20d");
        request.fields = {{"X-One", "1"}, {"x-two", ""}, {"Connection", "close"}, {"content-length", "7"}, {"Host", "evil"}};

        EXPECT_EQ(Fetch(client, request), "200 hello");
      });
  EXPECT_EQ(received, "GET /a/b?c=%20d HTTP/1.1\r\nHost: example.com\r\nX-One: 1\r\nx-two: \r\n\r\n");
}

TEST_F(ClientTest, SendsABodyOfKnownLengthTogetherWithItsHead) {
  std::string received;
  With(
      [&](Peer& peer) {
        received = peer.ReadRequest();
        peer.Say(kHello);
      },
      [&](Client& client) { EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 hello"); });
  EXPECT_EQ(received, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody");
}

TEST_F(ClientTest, SendsABodyOfUnknownLengthInChunks) {
  std::string received;
  With(
      [&](Peer& peer) {
        received = peer.ReadRequest();
        peer.Say(kHello);
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client, Request("PUT"), Stream({"one", std::string(20, 'x')})), "200 hello");
      });
  EXPECT_EQ(received, StrCat("PUT / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n14\r\n",
                             std::string(20, 'x'), "\r\n0\r\n\r\n"));
}

// --- responses ---

TEST_F(ClientTest, ReadsBodiesByLengthByChunksAndUntilClose) {
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "200 hello");
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: t\r\n\r\n"), "200 hello");
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\n\r\nhello"), "200 hello");
  EXPECT_EQ(Answer("HTTP/1.0 200 OK\r\n\r\nhello"), "200 hello");
}

TEST_F(ClientTest, AResponseHeadKeepsOrderAndNames) {
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Say("HTTP/1.1 404 No Such Thing\r\nB: 1\r\na: 2\r\nb: \t3 \r\nContent-Length: 0\r\n\r\n");
      },
      [&](Client& client) {
        auto exchange = client.Send(Request(), nullptr, Soon());
        ASSERT_TRUE(exchange.ok()) << exchange.status();
        const ClientResponseHead& head = (*exchange)->head();
        EXPECT_EQ(head.status, 404);
        EXPECT_EQ(head.reason, "No Such Thing");
        EXPECT_THAT(head.fields, ElementsAre(Pair("B", "1"), Pair("a", "2"), Pair("b", "3"), Pair("Content-Length", "0")));
        EXPECT_EQ(head.Find("A"), "2");
        EXPECT_EQ(head.Find("b"), "1");
        EXPECT_EQ(head.Find("c"), std::nullopt);
      });
}

TEST_F(ClientTest, TellsTheLengthOfTheBodyWhereItIsKnown) {
  auto length = [&](std::string answer, std::string method = "GET") {
    std::optional<uint64_t> known;
    With(
        [&](Peer& peer) {
          peer.ReadRequest();
          peer.Say(answer);
        },
        [&](Client& client) {
          auto exchange = client.Send(Request(method), nullptr, Soon());
          ASSERT_TRUE(exchange.ok()) << exchange.status();
          known = (*exchange)->content_length();
        });
    return known;
  };
  EXPECT_EQ(length("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), 5);
  EXPECT_EQ(length("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"), 0);
  EXPECT_EQ(length("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), 0);
  EXPECT_EQ(length("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), std::nullopt);
  EXPECT_EQ(length("HTTP/1.1 200 OK\r\n\r\n"), std::nullopt);
}

TEST_F(ClientTest, SkipsInformationalResponses) {
  EXPECT_EQ(Answer(StrCat("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\nContent-Length: 9\r\n\r\n", kHello)),
            "200 hello");
  std::string many;
  for (int i = 0; i < 17; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_THAT(Answer(StrCat(many, kHello)), HasSubstr("RESOURCE_EXHAUSTED: too many informational responses"));
}

TEST_F(ClientTest, LargeBodiesArriveWhole) {
  std::string large;
  for (int i = 0; large.size() < (300 << 10); ++i) StrAppend(&large, i, ",");

  EXPECT_EQ(Answer(StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", large.size(), "\r\n\r\n", large)), StrCat("200 ", large));
  EXPECT_EQ(
      Answer(StrCat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", absl::Hex(large.size()), "\r\n", large, "\r\n0\r\n\r\n")),
      StrCat("200 ", large));
  EXPECT_EQ(Answer(StrCat("HTTP/1.1 200 OK\r\n\r\n", large)), StrCat("200 ", large));
}

// --- errors ---

TEST_F(ClientTest, ALostConnectionIsUnavailable) {
  EXPECT_EQ(Answer(""), "UNAVAILABLE: the server closed the connection without an answer");
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\nA: b"), "UNAVAILABLE: the server closed the connection inside of the response head");
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"),
            "200 UNAVAILABLE: the server closed the connection inside of the response body");
  EXPECT_EQ(Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"),
            "200 UNAVAILABLE: the server closed the connection inside of the response body");
}

TEST_F(ClientTest, AResetIsUnavailableAndSticky) {
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        if (peer.index() > 0) {
          peer.Say("HTTP/1.1 200 OK\r\n\r\nhel");
          peer.Sleep(Duration::Seconds(1));
        }
        peer.Reset();
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client), "UNAVAILABLE: connection reset by the peer");

        auto exchange = client.Send(Request(), nullptr, Soon());
        ASSERT_TRUE(exchange.ok());
        std::string piece(10, '\0');
        EXPECT_EQ((*exchange)->ReadBody(piece).value(), 3u);
        EXPECT_TRUE(absl::IsUnavailable((*exchange)->ReadBody(piece).status()));
        EXPECT_TRUE(absl::IsUnavailable((*exchange)->ReadBody(piece).status()));
      });
}

TEST_F(ClientTest, ARefusedConnectionIsUnavailable) {
  With(nullptr, [&](Client& client) {
    ClientRequest request = Request();
    request.host.port = 81;
    EXPECT_EQ(Fetch(client, request), "UNAVAILABLE: connection refused");
  });
}

TEST_F(ClientTest, WhatIsNotHttpIsInvalidWithoutWaitingForMore) {
  With(
      [](Peer& peer) {
        peer.Say("SSH-2.0-OpenSSH");
        peer.Hang();
      },
      [&](Client& client) {
        const Instant before = world_.now();
        EXPECT_THAT(Fetch(client), StartsWith("INVALID_ARGUMENT: the answer is not valid HTTP"));
        EXPECT_EQ(world_.now(), before);
      });
}

TEST_F(ClientTest, AMistakeInABodyComesAfterWhatPrecedesIt) {
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n");
        EXPECT_TRUE(absl::IsUnavailable(peer.ReadToEnd()));  // aborted at once
      },
      [&](Client& client) {
        auto exchange = client.Send(Request(), nullptr, Soon());
        ASSERT_TRUE(exchange.ok());
        std::string piece(10, '\0');
        EXPECT_EQ((*exchange)->ReadBody(piece).value(), 5u);
        EXPECT_EQ((*exchange)->ReadBody(piece).status().ToString(), "INVALID_ARGUMENT: malformed response body: malformed chunk size");
        EXPECT_TRUE(absl::IsInvalidArgument((*exchange)->ReadBody(piece).status()));
        world_.scheduler().Yield().IgnoreError();
      });
}

TEST_F(ClientTest, LimitsOfTheHeadAreResourceExhausted) {
  EXPECT_EQ(Answer(StrCat("HTTP/1.1 200 OK\r\nA: ", std::string(128 << 10, 'a'))), "RESOURCE_EXHAUSTED: the response head is too large");
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 257; ++i) many += "A: b\r\n";
  EXPECT_EQ(Answer(many), "RESOURCE_EXHAUSTED: the response has too many header fields");
}

TEST_F(ClientTest, NothingIsSentOfARequestThatCannotBe) {
  With(nullptr, [&](Client& client) {
    EXPECT_THAT(Fetch(client, Request("GET", "/a b")), StartsWith("INVALID_ARGUMENT: malformed request target"));
    EXPECT_EQ(peers_->connections(), 0);
  });
}

TEST_F(ClientTest, ReadWholeBodyStopsAtItsLimit) {
  auto read = [&](std::string framing, std::string body) {
    std::string result;
    With(
        [&](Peer& peer) {
          peer.ReadRequest();
          peer.Say(StrCat("HTTP/1.1 200 OK\r\n", framing, "\r\n", body));
        },
        [&](Client& client) {
          auto exchange = client.Send(Request(), nullptr, Soon());
          ASSERT_TRUE(exchange.ok());
          absl::StatusOr<std::string> text = ReadWholeBody(**exchange, 5);
          result = text.ok() ? *text : text.status().ToString();
        });
    return result;
  };
  EXPECT_EQ(read("", "hello"), "hello");
  EXPECT_EQ(read("", "hello!"), "RESOURCE_EXHAUSTED: the response body is too long");
  EXPECT_EQ(read("Content-Length: 6\r\n", "hello!"), "RESOURCE_EXHAUSTED: the response body is too long");
}

TEST_F(ClientTest, ReadBodyKeepingReadsToTheEnd) {
  With(
      [&](Peer& peer) {
        peer.ReadRequest();
        peer.Say(StrCat("HTTP/1.1 200 OK\r\n\r\n", std::string(10'000, 'x')));
      },
      [&](Client& client) {
        auto exchange = client.Send(Request(), nullptr, Soon());
        ASSERT_TRUE(exchange.ok());
        EXPECT_EQ(ReadBodyKeeping(**exchange, 5).value_or("an error"), "xxxxx");
      });
}

TEST_F(ClientTest, ReadWholeBodyReadsBodiesOfAnySize) {
  // Around the sizes at which it starts and grows, announced and not.
  for (const size_t size : {0, 1, 511, 512, 513, 1026, 16 << 10, (16 << 10) + 1, 100'000}) {
    std::string body;
    for (size_t i = 0; i < size; ++i) body += static_cast<char>('a' + i * 7 % 26);
    for (const std::string& framing : {std::string(), StrCat("Content-Length: ", size, "\r\n")}) {
      With(
          [&](Peer& peer) {
            peer.ReadRequest();
            peer.Say(StrCat("HTTP/1.1 200 OK\r\n", framing, "\r\n", body));
          },
          [&](Client& client) {
            auto exchange = client.Send(Request(), nullptr, Soon());
            ASSERT_TRUE(exchange.ok());
            EXPECT_EQ(ReadWholeBody(**exchange, 100'000).value_or("an error"), body) << size << " " << framing;
          });
    }
  }
}

TEST_F(ClientTest, ACrashEndsTheWaitAndAbortsTheConnection) {
  absl::Status peer_saw;
  With(
      [&](Peer& peer) {
        peer.ReadRequest();
        peer_saw = peer.ReadToEnd();
      },
      [&](Client& client) {
        Domain node(world_.scheduler(), "node");
        absl::Status status;
        ASSERT_TRUE(world_.scheduler()
                        .SpawnIn(&node, "sender",
                                 [&] {
                                   status = client.Send(Request("POST"), Stream({"a", "b"}), Instant::Infinite()).status();
                                 })
                        .ok());
        world_.scheduler().SleepFor(Duration::Seconds(1)).IgnoreError();
        node.Crash();
        ASSERT_TRUE(node.Wait().ok());
        EXPECT_EQ(status.ToString(), "ABORTED: crashed");
        world_.scheduler().SleepFor(Duration::Seconds(1)).IgnoreError();
      });
  EXPECT_TRUE(absl::IsUnavailable(peer_saw)) << peer_saw;
}

}  // namespace
}  // namespace edge::http
