#include "runtime/web/fetch_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"

namespace edge::web {
namespace {

FetchRequest Request(std::string method) {
  FetchRequest request;
  request.method = std::move(method);
  request.url = "http://host:81/a/b?c#d";
  request.headers.Append("Authorization", "secret");
  request.headers.Append("Content-Type", "x/y");
  request.bytes = "body";
  return request;
}

TEST(FetchRules, AddressesThatCanBeAsked) {
  EXPECT_TRUE(CheckFetchUrl("http://host/").ok());
  EXPECT_EQ(CheckFetchUrl("gopher:x").message(), "Fetch API cannot load: gopher:x");
  EXPECT_EQ(CheckFetchUrl("data:text/plain,hi").message(), "Fetch API cannot load: data:text/plain,hi");
  EXPECT_TRUE(absl::StrContains(CheckFetchUrl("https://host/").message(), "https: addresses is not supported yet"));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckFetchUrl("nonsense")));
}

TEST(FetchRules, OnlyTheFiveStatusesRedirect) {
  for (int status = 200; status < 600; ++status) {
    EXPECT_EQ(IsRedirectStatus(status), status == 301 || status == 302 || status == 303 || status == 307 || status == 308) << status;
  }
}

TEST(FetchRules, ALocationIsRelativeToTheRequest) {
  for (const auto& [location, expected] : {std::pair{"x", "http://host:81/a/x"}, std::pair{"/x?y#z", "http://host:81/x?y"},
                                           std::pair{"//other", "http://other/"}, std::pair{"?q", "http://host:81/a/b?q"}}) {
    FetchRequest request = Request("GET");
    ASSERT_TRUE(FollowRedirect(302, location, request).ok());
    EXPECT_EQ(request.url, expected);
  }
}

TEST(FetchRules, TheMethodIsRewrittenWhereTheStandardSaysSo) {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
    for (const int status : {301, 302, 303, 307, 308}) {
      FetchRequest request = Request(method);
      ASSERT_TRUE(FollowRedirect(status, "/", request).ok());
      const bool rewritten = status == 303 || (status <= 302 && std::string(method) == "POST");
      EXPECT_EQ(request.method, rewritten && std::string(method) != "HEAD" ? "GET" : method) << status;
      EXPECT_EQ(request.bytes.has_value(), !rewritten) << status << method;
      EXPECT_TRUE(request.headers.Has("content-type"));
    }
  }
}

TEST(FetchRules, AuthorizationGoesNoFurtherThanItsOrigin) {
  for (const auto& [location, kept] : {std::pair{"/x", true}, std::pair{"http://host:81/x", true}, std::pair{"http://host/x", false},
                                       std::pair{"http://other:81/x", false}}) {
    FetchRequest request = Request("GET");
    ASSERT_TRUE(FollowRedirect(302, location, request).ok());
    EXPECT_EQ(request.headers.Has("authorization"), kept) << location;
  }
}

TEST(FetchRules, ALocationThatIsNoneAndOneThatCannotBeAsked) {
  FetchRequest request = Request("GET");
  EXPECT_EQ(FollowRedirect(302, "http://[", request).message(), "Invalid Location header; unable to follow redirect.");
  request = Request("GET");
  EXPECT_EQ(FollowRedirect(302, "ftp://host/", request).message(), "Fetch API cannot load: ftp://host/");
}

TEST(FetchRules, ATargetIsAskedUnderAnyWebAddressAndSeesNoCredentialsOrFragment) {
  EXPECT_TRUE(CheckFetchUrl("https://host/", Destination::kTarget).ok());
  EXPECT_EQ(CheckFetchUrl("ftp://host/", Destination::kTarget).message(), "Fetch API cannot load: ftp://host/");
  EXPECT_EQ(VisibleUrl("https://user:secret@host:8080/a?b#c"), "https://host:8080/a?b");
  EXPECT_EQ(VisibleUrl("https://host/a@b"), "https://host/a@b");
  FetchRequest request;
  request.url = "http://host/";
  ASSERT_TRUE(FollowRedirect(302, "https://other/", request, Destination::kTarget).ok());
  EXPECT_EQ(request.url, "https://other/");
}

}  // namespace
}  // namespace edge::web
