// Which connection serves a request, and what is sent again on another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http/client.h"
#include "net/http/testing/client_fixture.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

using ::testing::StartsWith;

class ClientPoolTest : public ClientTest {
 protected:
  // Answers each request with "<connection>/<request>".
  static void Number(Peer& peer) {
    for (int i = 0; !peer.ReadRequest().empty(); ++i) AnswerWith(peer, StrCat(peer.index(), "/", i));
  }
  static void AnswerWith(Peer& peer, std::string body) {
    peer.Say(StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
  }
  void Sleep(Duration duration) { world_.scheduler().SleepFor(duration).IgnoreError(); }
};

TEST_F(ClientPoolTest, AConnectionServesOneRequestAfterAnother) {
  With(Number, [&](Client& client) {
    EXPECT_EQ(Fetch(client), "200 0/0");
    EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 0/1");
    EXPECT_EQ(Fetch(client, Request("POST"), Stream({"body"})), "200 0/2");
    EXPECT_EQ(Fetch(client, Request("PUT"), Text("")), "200 0/3");
  });
}

TEST_F(ClientPoolTest, EveryResponseThatEndsByItselfLeavesItsConnectionFree) {
  const std::vector<std::string> answers = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                                            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
                                            "HTTP/1.1 204 No Content\r\n\r\n",
                                            "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
                                            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi"};
  With(
      [&](Peer& peer) {
        for (const std::string& answer : answers) {
          peer.ReadRequest();
          peer.Say(answer);
        }
        peer.Hang();
      },
      [&](Client& client) {
        for (const std::string& answer : answers) {
          Fetch(client);
          EXPECT_EQ(peers_->connections(), 1) << "after " << answer;
        }
      });
}

TEST_F(ClientPoolTest, AConnectionThatTheServerClosesIsNotKept) {
  for (std::string answer :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nConnection: foo, CLOSE\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"}) {
    With(
        [&](Peer& peer) {
          peer.ReadRequest();
          peer.Say(answer);
          EXPECT_TRUE(peer.ReadToEnd().ok());  // a regular end, no reset
        },
        [&](Client& client) {
          EXPECT_EQ(Fetch(client), "200 hi");
          EXPECT_EQ(Fetch(client), "200 hi");
          EXPECT_EQ(peers_->connections(), 2) << answer;
          Sleep(Duration::Milliseconds(1));
        });
  }
}

TEST_F(ClientPoolTest, RequestsAtTheSameTimeHaveConnectionsOfTheirOwn) {
  With(Number, [&](Client& client) {
    auto first = client.Send(Request(), nullptr, Soon());
    auto second = client.Send(Request(), nullptr, Soon());
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(ReadWholeBody(**second).value(), "1/0");
    EXPECT_EQ(ReadWholeBody(**first).value(), "0/0");
    EXPECT_EQ(Fetch(client), "200 0/1");  // the one that came back last
  });
}

TEST_F(ClientPoolTest, HostsDoNotShareConnections) {
  With(Number, [&](Client& client) {
    PeerScript other(world_, {.host = "peer", .port = 81}, [](Peer& peer) {
      while (!peer.ReadRequest().empty()) AnswerWith(peer, "other");
    });
    ClientRequest to_other = Request();
    to_other.host.port = 81;

    EXPECT_EQ(Fetch(client), "200 0/0");
    EXPECT_EQ(Fetch(client, to_other), "200 other");
    EXPECT_EQ(Fetch(client), "200 0/1");
    EXPECT_EQ(Fetch(client, to_other), "200 other");
    EXPECT_EQ(other.connections(), 1);
  });
}

TEST_F(ClientPoolTest, AResponseLeftUnreadCostsItsConnection) {
  absl::Status first_saw;
  With(
      [&](Peer& peer) {
        peer.ReadRequest();
        AnswerWith(peer, "hello");
        if (peer.index() == 0) first_saw = peer.ReadToEnd();
      },
      [&](Client& client) {
        {
          auto exchange = client.Send(Request(), nullptr, Soon());
          ASSERT_TRUE(exchange.ok());
          std::string piece(4, '\0');
          EXPECT_EQ((*exchange)->ReadBody(piece).value(), 4u);
        }
        EXPECT_EQ(Fetch(client), "200 hello");
        EXPECT_EQ(peers_->connections(), 2);
      });
  EXPECT_EQ(first_saw.ToString(), "UNAVAILABLE: connection reset by the peer");
}

TEST_F(ClientPoolTest, TheLastByteFreesTheConnectionWithoutAnotherCall) {
  With(Number, [&](Client& client) {
    auto exchange = client.Send(Request(), nullptr, Soon());
    ASSERT_TRUE(exchange.ok());
    std::string piece(3, '\0');
    EXPECT_EQ((*exchange)->ReadBody(piece).value(), 3u);
    EXPECT_EQ(Fetch(client), "200 0/1");
    EXPECT_EQ((*exchange)->ReadBody(piece).value(), 0u);
    EXPECT_EQ((*exchange)->ReadBody(piece).value(), 0u);
  });
}

TEST_F(ClientPoolTest, TheEndOfAChunkedBodyThatIsHereAlreadyNeedsNoCallEither) {
  With(
      [](Peer& peer) {
        for (int i = 0; !peer.ReadRequest().empty(); ++i)
          peer.Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
      },
      [&](Client& client) {
        auto exchange = client.Send(Request(), nullptr, Soon());
        ASSERT_TRUE(exchange.ok());
        std::string piece(2, '\0');
        EXPECT_EQ((*exchange)->ReadBody(piece).value(), 2u);
        EXPECT_EQ(Fetch(client), "200 hi");
        EXPECT_EQ(peers_->connections(), 1);
      });
}

// --- stale connections ---

TEST_F(ClientPoolTest, AnEndThatTheNetworkHasNotToldYetIsSeen) {
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        AnswerWith(peer, StrCat(peer.index()));
        peer.Sleep(Duration::Seconds(1));
        if (peer.index() == 0) peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
      },
      [&](Client& client) {
        world_.network().HoldReadiness();
        EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 0");
        Sleep(Duration::Seconds(2));
        EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 1");
      });
}

TEST_F(ClientPoolTest, AnIdleConnectionThatTheServerHasClosedIsNotUsed) {
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        AnswerWith(peer, StrCat(peer.index()));
        peer.Sleep(Duration::Seconds(1));
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client), "200 0");
        Sleep(Duration::Seconds(2));
        EXPECT_EQ(world_.network().ends_alive(), 0u);  // closed on this side too
        EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 1");
      });
}

TEST_F(ClientPoolTest, UnaskedBytesAreNeverTheNextAnswer) {
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        AnswerWith(peer, StrCat(peer.index()));
        if (peer.index() == 1) peer.Sleep(Duration::Seconds(1));
        if (peer.index() < 2) AnswerWith(peer, "evil");
        peer.ReadRequest();
        AnswerWith(peer, "second");
        peer.Hang();
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client), "200 0");  // the second answer is in the same read, or on its heels
        EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 1");
        Sleep(Duration::Seconds(2));  // it comes while the connection is idle
        EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 2");
        EXPECT_EQ(Fetch(client, Request("POST"), Text("body")), "200 second");
      });
}

TEST_F(ClientPoolTest, BytesBehindAnAnswerWithoutABodyAreNeverTheNextAnswer) {
  for (std::string method : {"HEAD", "GET"}) {
    With(
        [&](Peer& peer) {
          peer.ReadRequest();
          peer.Say(StrCat(method == "GET" ? "HTTP/1.1 204 No Content\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", kHello));
          peer.ReadRequest();
          AnswerWith(peer, "second");
        },
        [&](Client& client) {
          EXPECT_EQ(Fetch(client, Request(method)), method == "GET" ? "204 " : "200 ");
          Fetch(client, Request(method));
          EXPECT_EQ(peers_->connections(), 2);
        });
  }
}

TEST_F(ClientPoolTest, ConnectionsIdleForLongAreNotUsedAgain) {
  ClientLimits limits;
  limits.idle_time = Duration::Seconds(30);
  With(
      Number,
      [&](Client& client) {
        EXPECT_EQ(Fetch(client), "200 0/0");
        Sleep(Duration::Seconds(29));
        EXPECT_EQ(Fetch(client), "200 0/1");
        Sleep(Duration::Seconds(31));
        EXPECT_EQ(Fetch(client), "200 1/0");
        Sleep(Duration::Milliseconds(1));
        EXPECT_EQ(world_.network().ends_alive(), 2u);
      },
      limits);
}

TEST_F(ClientPoolTest, TheOldestIdleConnectionMakesRoom) {
  ClientLimits limits;
  limits.idle_connections_per_host_max = 2;
  limits.idle_connections_max = 3;
  With(
      Number,
      [&](Client& client) {
        PeerScript other(world_, {.host = "peer", .port = 81}, Number);
        auto burst = [&](uint16_t port, int count) {
          std::vector<std::unique_ptr<ClientExchange>> exchanges;
          ClientRequest request = Request();
          request.host.port = port;
          for (int i = 0; i < count; ++i) exchanges.push_back(client.Send(request, nullptr, Soon()).value());
          for (auto& exchange : exchanges) EXPECT_TRUE(ReadWholeBody(*exchange).ok());
          Sleep(Duration::Milliseconds(1));
        };
        burst(80, 3);
        EXPECT_EQ(world_.network().ends_alive(), 4u);
        burst(81, 2);
        EXPECT_EQ(world_.network().ends_alive(), 6u);
        EXPECT_EQ(Fetch(client), "200 2/1");
      },
      limits);
}

// --- once more ---

// The first connection answers once, then takes the next request and drops it, as a server does whose idle time ends at that moment.
class ResendTest : public ClientPoolTest {
 protected:
  // What a client makes of it that sends `request` second; `requests` are all that have arrived from then on.
  std::string Second(const ClientRequest& request, std::shared_ptr<RequestBody> body, std::string partial_answer = "") {
    std::string result;
    requests_.clear();
    With(
        [&](Peer& peer) {
          if (peer.index() == 0) {
            peer.ReadRequest();
            AnswerWith(peer, "first");
          }
          requests_.push_back(peer.ReadRequest());
          if (peer.index() == 0) {
            peer.Say(partial_answer);
            return;
          }
          AnswerWith(peer, "again");
        },
        [&](Client& client) {
          EXPECT_EQ(Fetch(client), "200 first");
          result = Fetch(client, request, std::move(body));
        });
    return result;
  }

  std::vector<std::string> requests_;
};

TEST_F(ResendTest, AnIdempotentRequestWithoutABodyIsSentOnceMore) {
  for (std::string method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(Second(Request(method), nullptr), method == "HEAD" ? "200 " : "200 again") << method;
    ASSERT_EQ(requests_.size(), 2u) << method;
    EXPECT_EQ(requests_[0], requests_[1]);
  }
}

TEST_F(ResendTest, AnEmptyBodyIsNoBody) { EXPECT_EQ(Second(Request("PUT"), Text("")), "200 again"); }

TEST_F(ResendTest, APostIsNot) {
  for (std::string method : {"POST", "PATCH", "get"}) {
    EXPECT_THAT(Second(Request(method), nullptr), StartsWith("UNAVAILABLE: the server closed the connection without an answer")) << method;
    EXPECT_EQ(requests_.size(), 1u) << method;
  }
}

TEST_F(ResendTest, ARequestWhoseBodyWasTakenIsNot) {
  for (std::string method : {"POST", "PUT"}) {
    EXPECT_THAT(Second(Request(method), Text("body")), StartsWith("UNAVAILABLE")) << method;
    EXPECT_THAT(Second(Request(method), Stream({"body"})), StartsWith("UNAVAILABLE")) << method;
    EXPECT_EQ(requests_.size(), 1u) << method;
  }
}

TEST_F(ResendTest, AfterAByteOfTheAnswerNothingIs) {
  EXPECT_THAT(Second(Request(), nullptr, "H"), StartsWith("UNAVAILABLE"));
  EXPECT_EQ(requests_.size(), 1u);
  EXPECT_THAT(Second(Request(), nullptr, "HTTP/1.1 100 Continue\r\n\r\n"), StartsWith("UNAVAILABLE"));
  EXPECT_EQ(requests_.size(), 1u);
}

TEST_F(ResendTest, NorOnAConnectionThatWasNew) {
  With([](Peer& peer) { peer.ReadRequest(); },
       [&](Client& client) {
         EXPECT_THAT(Fetch(client), StartsWith("UNAVAILABLE"));
         EXPECT_EQ(peers_->connections(), 1);
       });
}

TEST_F(ResendTest, OnceMoreIsOnceMore) {
  With(
      [](Peer& peer) {
        if (peer.index() == 0) {
          peer.ReadRequest();
          AnswerWith(peer, "first");
        }
        peer.ReadRequest();
        peer.Reset();
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client), "200 first");
        EXPECT_THAT(Fetch(client), StartsWith("UNAVAILABLE: connection reset"));
        EXPECT_EQ(peers_->connections(), 2);
      });
}

TEST_F(ResendTest, AServerThatDoesNotAnswerInTimeIsNotAskedAgain) {
  With(
      [](Peer& peer) {
        peer.ReadRequest();
        AnswerWith(peer, "first");
        peer.ReadRequest();
        peer.Hang();
      },
      [&](Client& client) {
        EXPECT_EQ(Fetch(client), "200 first");
        EXPECT_THAT(Fetch(client), StartsWith("DEADLINE_EXCEEDED"));
        EXPECT_EQ(peers_->connections(), 1);
      });
}

}  // namespace
}  // namespace edge::http
