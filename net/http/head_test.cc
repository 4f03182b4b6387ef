#include "net/http/head.h"

#include <gtest/gtest.h>

#include <string>

#include "net/http/date_cache.h"
#include "rapidcheck/gtest.h"

namespace edge::http {
namespace {

TEST(ResponseHead, WritesFieldsAsTheyGoOut) {
  ResponseHead head(201);
  EXPECT_TRUE(head.Add("Set-Cookie", "a=b").ok());
  EXPECT_TRUE(head.Add("Set-Cookie", " c=d ").ok());
  EXPECT_TRUE(head.Add("X-Empty", "").ok());

  EXPECT_EQ(head.wire_fields(), "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-Empty: \r\n");
}

TEST(ResponseHead, AValueCannotWriteHeadersOfItsOwn) {
  ResponseHead head;
  EXPECT_EQ(head.Add("X", "a\r\nSet-Cookie: b").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(head.Add("X", "a\nb").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(head.Add("X", std::string_view("a\0b", 3)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(head.Add("X: y\r\nZ", "a").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(head.Add("", "a").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(head.Add("a b", "a").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(head.SetReason("OK\r\nX: y").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(head.wire_fields(), "");
}

TEST(ResponseHead, LeavesOutWhatTheServerDecides) {
  ResponseHead head;
  for (const char* name : {"Connection", "KEEP-ALIVE", "Transfer-Encoding", "te", "Trailer", "Upgrade", "Proxy-Connection"}) {
    EXPECT_TRUE(head.Add(name, "x").ok()) << name;
  }
  EXPECT_TRUE(head.Add("content-length", "12").ok());

  EXPECT_EQ(head.wire_fields(), "");
  EXPECT_EQ(head.declared_length(), 12u);
}

TEST(Field, HostsAreNamesOrAddressesWithAPort) {
  for (const char* good : {"a", "a:", "a:0", "a:65535", "a.b-c_d~e", "%41", "127.0.0.1", "[::1]", "[::ffff:1.2.3.4]:80"})
    EXPECT_TRUE(IsHost(good)) << good;
  for (const char* bad :
       {"", ":80", "a:65536", "a:-1", "a:000080", "a:b", "a@b", "a/b", "a b", "[]", "[::1", "[::1]a", "[g]", "a\\b", "a?b"}) {
    EXPECT_FALSE(IsHost(bad)) << bad;
  }
}

TEST(Field, StatusesHaveTheirStandardPhrases) {
  EXPECT_EQ(ReasonPhrase(100), "Continue");
  EXPECT_EQ(ReasonPhrase(201), "Created");
  EXPECT_EQ(ReasonPhrase(404), "Not Found");
  EXPECT_EQ(ReasonPhrase(511), "Network Authentication Required");
  for (int unknown : {0, 99, 299, 306, 419, 999}) EXPECT_EQ(ReasonPhrase(unknown), "");
  int known = 0;
  for (int status = 0; status < 1000; ++status) known += ReasonPhrase(status).empty() ? 0 : 1;
  EXPECT_EQ(known, 62);  // all entries are found, so the table is sorted
}

TEST(Field, ListsAreSearchedByWholeTokens) {
  EXPECT_TRUE(ListHasToken("close", "close"));
  EXPECT_TRUE(ListHasToken("a,\tClose , b", "close"));
  EXPECT_FALSE(ListHasToken("closed, not-close", "close"));
  EXPECT_FALSE(ListHasToken("", "close"));
}

TEST(DateCache, FormatsAndRefreshesEverySecond) {
  DateCache cache;
  EXPECT_EQ(cache.Get(WallTime::FromUnixMilliseconds(784'111'777'999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.Get(WallTime::FromUnixMilliseconds(784'111'778'000)), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(cache.Get(WallTime::FromUnixMilliseconds(951'782'400'000)), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(cache.Get(WallTime::FromUnixMilliseconds(4'107'542'399'000)), "Sun, 28 Feb 2100 23:59:59 GMT");
  EXPECT_EQ(cache.Get(WallTime::FromUnixMilliseconds(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(cache.Get(WallTime::FromUnixMilliseconds(1'735'603'200'000)), "Tue, 31 Dec 2024 00:00:00 GMT");
}

}  // namespace
}  // namespace edge::http
