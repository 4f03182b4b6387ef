#include "net/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "net/http/testing/http_world.h"
#include "runtime/base/str_cat.h"

namespace edge::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
// Virtual time begins one second after the epoch.
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\nContent-Length: 5\r\n\r\nhello";

int Count(std::string_view text, std::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// --- connections ---

TEST(Server, AnswersAndKeepsTheConnection) {
  HttpWorld world;
  auto client = world.Connect();

  EXPECT_EQ(world.Ask(*client, kGet), kHello);
  EXPECT_EQ(world.Ask(*client, kGet), kHello);

  EXPECT_FALSE(client->end_received());
  EXPECT_EQ(world.server().stats().requests, 2u);
}

TEST(Server, AnIdleConnectionIsParkedWithoutAFiber) {
  HttpWorld world;
  auto client = world.Connect();
  EXPECT_EQ(world.connection_fibers(), 0u);

  world.Ask(*client, kGet);

  EXPECT_EQ(world.connection_fibers(), 0u);
  EXPECT_TRUE(client->parked());
  EXPECT_EQ(world.server().parked_connections(), 1u);
}

TEST(Server, PipelinedRequestsAreAnsweredInOrderByOneWrite) {
  HttpWorld world([](Exchange& exchange) { EXPECT_TRUE(exchange.Respond(ResponseHead(200), exchange.head().target()).ok()); });
  auto client = world.Connect();
  std::string requests;
  for (int i = 0; i < 16; ++i) StrAppend(&requests, "GET /", i, " HTTP/1.1\r\nHost: a\r\n\r\n");

  std::string answers = world.Ask(*client, requests);

  EXPECT_EQ(client->writes(), 1);
  EXPECT_EQ(Count(answers, "HTTP/1.1 200 OK\r\n"), 16);
  EXPECT_LT(answers.find("\r\n\r\n/3"), answers.find("\r\n\r\n/12"));
  EXPECT_THAT(answers, EndsWith("\r\n\r\n/15"));
}

}  // namespace
}  // namespace edge::http
