#include "runtime/url/url.h"

#include <gtest/gtest.h>

namespace edge::url {
namespace {

constexpr char kInvalid[] = "(invalid)";

Url MustParse(std::string_view input) {
  absl::StatusOr<Url> url = Url::Parse(input, nullptr);
  EXPECT_TRUE(url.ok()) << input;
  return url.ok() ? *std::move(url) : *Url::Parse("error:", nullptr);
}

std::string Href(std::string_view input) {
  const absl::StatusOr<Url> url = Url::Parse(input, nullptr);
  return url.ok() ? url->href() : kInvalid;
}

std::string Join(std::string_view input, std::string_view base_text) {
  const Url base = MustParse(base_text);
  const absl::StatusOr<Url> url = Url::Parse(input, &base);
  return url.ok() ? url->href() : kInvalid;
}

// The href of `input` after one setter.
template <typename Setter>
std::string After(std::string_view input, Setter setter, std::string_view value) {
  Url url = MustParse(input);
  (url.*setter)(value);
  EXPECT_EQ(Href(url.href()), url.href());
  return url.href();
}

TEST(Url, ReadsEveryPart) {
  const Url url = MustParse("https://user:pass@example.com:8080/a/b?x=1#top");
  EXPECT_EQ(url.protocol(), "https:");
  EXPECT_EQ(url.username(), "user");
  EXPECT_EQ(url.password(), "pass");
  EXPECT_EQ(url.host(), "example.com:8080");
  EXPECT_EQ(url.hostname(), "example.com");
  EXPECT_EQ(url.port(), "8080");
  EXPECT_EQ(url.pathname(), "/a/b");
  EXPECT_EQ(url.search(), "?x=1");
  EXPECT_EQ(url.hash(), "#top");
  EXPECT_EQ(url.origin(), "https://example.com:8080");
  EXPECT_EQ(url.href(), "https://user:pass@example.com:8080/a/b?x=1#top");
}

TEST(Url, ReadsMissingAndEmptyPartsAsEmpty) {
  const Url url = MustParse("http://h?#");
  EXPECT_EQ(url.href(), "http://h/?#");
  for (const std::string_view part : {url.username(), url.password(), url.port(), url.search(), url.hash()}) EXPECT_EQ(part, "");

  const Url mail = MustParse("mailto:a@b");
  EXPECT_TRUE(mail.HasOpaquePath());
  EXPECT_EQ(mail.pathname(), "a@b");
  for (const std::string_view part : {mail.username(), mail.password(), mail.host(), mail.hostname(), mail.port()}) EXPECT_EQ(part, "");
}

TEST(Url, TrimsTheInputAndDropsTabsAndNewlines) {
  EXPECT_EQ(Href(" \x01 ht\ttp:\n//h/\ra b \x1f"), "http://h/a%20b");
  EXPECT_EQ(Href(std::string_view("\0http://h\0", 10)), "http://h/");
}

TEST(Url, ResolvesDotSegments) {
  EXPECT_EQ(Href("http://h/a/./b/../c/"), "http://h/a/c/");
  EXPECT_EQ(Href("http://h/a/%2e%2E/b/.%2e"), "http://h/");
  EXPECT_EQ(Href("http://h/../../a/%2e"), "http://h/a/");
  EXPECT_EQ(Href("http://h/.../a..b/..c"), "http://h/.../a..b/..c");
  EXPECT_EQ(Href("http:\\\\h\\a\\..\\b"), "http://h/b");
  EXPECT_EQ(Href("foo://h/a\\..\\b"), "foo://h/a\\..\\b");
}

TEST(Url, ReadsCredentialsUpToTheLastAtSign) {
  EXPECT_EQ(Href("http://a@b:c:d@h/"), "http://a%40b:c%3Ad@h/");
  EXPECT_EQ(Href("http://:@h/"), "http://h/");
  EXPECT_EQ(Href("http://:p@h/"), "http://:p@h/");
  EXPECT_EQ(Href("http://u:@h/"), "http://u@h/");
  EXPECT_EQ(MustParse("http://:p@h/").password(), "p");
  EXPECT_EQ(Href("http://u@"), kInvalid);
  EXPECT_EQ(Href("foo://u@/"), kInvalid);
}

TEST(Url, ChecksPortsAndLeavesTheDefaultOut) {
  EXPECT_EQ(Href("http://h:80/"), "http://h/");
  EXPECT_EQ(Href("http://h:0000000000000000000000081"), "http://h:81/");
  EXPECT_EQ(Href("foo://h:80"), "foo://h:80");
  EXPECT_EQ(Href("http://h:/"), "http://h/");
  EXPECT_EQ(Href("http://h:65535"), "http://h:65535/");
  EXPECT_EQ(Href("http://h:65536"), kInvalid);
  EXPECT_EQ(Href("http://h:99999999999999999999"), kInvalid);
  EXPECT_EQ(Href("http://h:8x"), kInvalid);
  EXPECT_EQ(Href("http://:8"), kInvalid);
  EXPECT_EQ(Href("http://[::1]:8/"), "http://[::1]:8/");
}

TEST(Url, SaysWhyAnInputIsInvalidWithoutRepeatingIt) {
  const auto message = [](std::string_view input) { return std::string(Url::Parse(input, nullptr).status().message()); };
  EXPECT_EQ(message("secret"), "Invalid URL: it is relative and there is no base");
  EXPECT_EQ(message("http://"), "Invalid URL: its host is empty");
  EXPECT_EQ(message("http://h:x"), "Invalid URL: its port is not a number below 65536");
  EXPECT_EQ(message("http://a b"), "Invalid URL: its host is invalid");
  EXPECT_EQ(message("http://u@/"), "Invalid URL: it has credentials but no host");
}

TEST(Url, JoinsWithItsBase) {
  constexpr std::string_view kBase = "http://u:p@h:8/a/b?q#f";
  EXPECT_EQ(Join("", kBase), "http://u:p@h:8/a/b?q");
  EXPECT_EQ(Join("#g", kBase), "http://u:p@h:8/a/b?q#g");
  EXPECT_EQ(Join("?r", kBase), "http://u:p@h:8/a/b?r");
  EXPECT_EQ(Join("c", kBase), "http://u:p@h:8/a/c");
  EXPECT_EQ(Join("/c", kBase), "http://u:p@h:8/c");
  EXPECT_EQ(Join("//i/c", kBase), "http://i/c");
  EXPECT_EQ(Join("/\\i", kBase), "http://i/");
  EXPECT_EQ(Join("../../c", kBase), "http://u:p@h:8/c");
  EXPECT_EQ(Join("http:c", kBase), "http://u:p@h:8/a/c");
  EXPECT_EQ(Join("https:c", kBase), "https://c/");
  EXPECT_EQ(Join("#g", "data:x y"), "data:x y#g");
  EXPECT_EQ(Join("x", "data:x"), kInvalid);
}

TEST(Url, KeepsAPathThatLooksLikeAHostApartFromOne) {
  EXPECT_EQ(Href("web+demo:/.//not-a-host/"), "web+demo:/.//not-a-host/");
  EXPECT_EQ(Href("web+demo:/a/..//not-a-host/"), "web+demo:/.//not-a-host/");
  EXPECT_EQ(MustParse("web+demo:/.//p").pathname(), "//p");
  EXPECT_EQ(Join("x", "web+demo:/.//p"), "web+demo:/.//x");
  EXPECT_EQ(Join("..", "web+demo:/.//p"), "web+demo:/");
  EXPECT_EQ(Join("?q", "web+demo:/.//p"), "web+demo:/.//p?q");
  EXPECT_EQ(Join("/x", "web+demo:/.//p"), "web+demo:/x");
  EXPECT_EQ(After("web+demo:/.//p?q#f", &Url::SetHost, "h"), "web+demo://h//p?q#f");
  EXPECT_EQ(After("web+demo:/.//p?q#f", &Url::SetPathname, "/x"), "web+demo:/x?q#f");
  EXPECT_EQ(After("web+demo:/x?q#f", &Url::SetPathname, "//p"), "web+demo:/.//p?q#f");
}

TEST(Url, TreatsFileUrlsAndDriveLetters) {
  EXPECT_EQ(Href("file:"), "file:///");
  EXPECT_EQ(Href("file://localhost/x"), "file:///x");
  EXPECT_EQ(Href("file:c|/x/../.."), "file:///c:/");
  EXPECT_EQ(Href("file://c:/x"), "file:///c:/x");
  EXPECT_EQ(Href("file://h:8/x"), kInvalid);
  EXPECT_EQ(Join("/x", "file:///c:/a/b"), "file:///c:/x");
  EXPECT_EQ(Join("d:/x", "file:///c:/a/b"), "d:/x");
  EXPECT_EQ(Join("d|/x", "file:///c:/a/b"), "file:///d:/x");
  EXPECT_EQ(Join("x?y", "file://h/a/b"), "file://h/a/x?y");
  EXPECT_EQ(Join("//i/x", "file://h/a/b"), "file://i/x");
  EXPECT_EQ(Join("file:", "file://h/a/b?q#f"), "file://h/a/b?q");
}

TEST(Url, KeepsSpacesOfOpaquePathsButForTheLastBeforeQueryOrFragment) {
  EXPECT_EQ(Href("data:a b  ?q"), "data:a b %20?q");
  EXPECT_EQ(Href("data:a b  #f"), "data:a b %20#f");
  EXPECT_EQ(Href("data:a b  "), "data:a b");
  EXPECT_EQ(After("data:a  #f", &Url::SetHash, ""), "data:a %20");
}

TEST(Url, HasAnOriginForWebSchemesAndTheirBlobs) {
  EXPECT_EQ(MustParse("wss://u@h:443/x").origin(), "wss://h");
  EXPECT_EQ(MustParse("file:///x").origin(), "null");
  EXPECT_EQ(MustParse("foo://h/x").origin(), "null");
  EXPECT_EQ(MustParse("blob:https://h:8/x").origin(), "https://h:8");
  EXPECT_EQ(MustParse("blob:ftp://h/x").origin(), "null");
  EXPECT_EQ(MustParse("blob:x").origin(), "null");
}

TEST(UrlSetters, ChangeTheProtocolWithinItsKind) {
  EXPECT_EQ(After("http://h:443/", &Url::SetProtocol, "https"), "https://h/");
  EXPECT_EQ(After("http://h/", &Url::SetProtocol, "WSS:rest"), "wss://h/");
  EXPECT_EQ(After("http://h/", &Url::SetProtocol, "foo"), "http://h/");
  EXPECT_EQ(After("foo://h/", &Url::SetProtocol, "http"), "foo://h/");
  EXPECT_EQ(After("http://u@h/", &Url::SetProtocol, "file"), "http://u@h/");
  EXPECT_EQ(After("http://h:8/", &Url::SetProtocol, "file"), "http://h:8/");
  EXPECT_EQ(After("file:///x", &Url::SetProtocol, "http"), "file:///x");
  EXPECT_EQ(After("http://h/", &Url::SetProtocol, "1"), "http://h/");
}

TEST(UrlSetters, ChangeCredentialsWhereThereIsAHost) {
  EXPECT_EQ(After("http://h/", &Url::SetUsername, "a:b@c"), "http://a%3Ab%40c@h/");
  EXPECT_EQ(After("http://u:p@h/", &Url::SetUsername, ""), "http://:p@h/");
  EXPECT_EQ(After("http://h/", &Url::SetPassword, "p"), "http://:p@h/");
  EXPECT_EQ(After("http://:p@h/", &Url::SetPassword, ""), "http://h/");
  EXPECT_EQ(After("file://h/", &Url::SetUsername, "u"), "file://h/");
  EXPECT_EQ(After("mailto:x", &Url::SetPassword, "p"), "mailto:x");
}

TEST(UrlSetters, ChangeHostAndPort) {
  EXPECT_EQ(After("http://u@h:8/x?q", &Url::SetHost, "EXAMPLE:9/ignored"), "http://u@example:9/x?q");
  EXPECT_EQ(After("http://h:8/", &Url::SetHost, "i"), "http://i:8/");
  EXPECT_EQ(After("http://h:8/", &Url::SetHost, "i:99999"), "http://i:8/");
  EXPECT_EQ(After("http://h:8/", &Url::SetHost, "i:80"), "http://i/");
  EXPECT_EQ(After("http://h/", &Url::SetHost, "a b"), "http://h/");
  EXPECT_EQ(After("http://h/", &Url::SetHost, ""), "http://h/");
  EXPECT_EQ(After("foo://u@h/", &Url::SetHost, ""), "foo://u@h/");
  EXPECT_EQ(After("foo:/x", &Url::SetHost, "h"), "foo://h/x");
  EXPECT_EQ(After("file:///x", &Url::SetHost, "localhost"), "file:///x");
  EXPECT_EQ(After("file:///x", &Url::SetHost, "a b"), "file:///x");
  EXPECT_EQ(After("http://h:8/", &Url::SetHostname, "i:9"), "http://h:8/");
  EXPECT_EQ(After("http://h:8/", &Url::SetHostname, "[::1]"), "http://[::1]:8/");
  EXPECT_EQ(After("mailto:x", &Url::SetHostname, "h"), "mailto:x");
  EXPECT_EQ(After("http://h/", &Url::SetPort, "90abc"), "http://h:90/");
  EXPECT_EQ(After("http://h:8/", &Url::SetPort, ""), "http://h/");
  EXPECT_EQ(After("http://h:8/", &Url::SetPort, "80"), "http://h/");
  EXPECT_EQ(After("http://h:8/", &Url::SetPort, "65536"), "http://h:8/");
  EXPECT_EQ(After("file://h/", &Url::SetPort, "8"), "file://h/");
}

TEST(UrlSetters, ChangePathQueryAndFragment) {
  EXPECT_EQ(After("http://h/x?q#f", &Url::SetPathname, "a/../b?#"), "http://h/b%3F%23?q#f");
  EXPECT_EQ(After("foo://h/x", &Url::SetPathname, ""), "foo://h");
  EXPECT_EQ(After("foo:/x", &Url::SetPathname, ""), "foo:/");
  EXPECT_EQ(After("mailto:x", &Url::SetPathname, "y"), "mailto:x");
  EXPECT_EQ(After("http://h/?q#f", &Url::SetSearch, "?a='b#c"), "http://h/?a=%27b%23c#f");
  EXPECT_EQ(After("foo://h/", &Url::SetSearch, "'"), "foo://h/?'");
  EXPECT_EQ(After("http://h/?q#f", &Url::SetSearch, ""), "http://h/#f");
  EXPECT_EQ(After("http://h/?q#f", &Url::SetSearch, "?"), "http://h/?#f");
  EXPECT_EQ(After("http://h/#f", &Url::SetHash, "#a b`"), "http://h/#a%20b%60");
  EXPECT_EQ(After("http://h/#f", &Url::SetHash, ""), "http://h/");
}

TEST(UrlSetters, HrefReplacesAllOrNothing) {
  Url url = MustParse("http://h/x");
  EXPECT_TRUE(url.SetHref("foo:bar").ok());
  EXPECT_EQ(url.href(), "foo:bar");
  EXPECT_EQ(url.SetHref("/relative").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(url.href(), "foo:bar");
}

TEST(UrlSetters, TakeAViewOfTheUrlItself) {
  Url url = MustParse("http://user@host/path?query#fragment");
  url.SetHash(url.search());
  url.SetSearch(url.pathname());
  url.SetPathname(url.hostname());
  url.SetHost(url.username());
  EXPECT_TRUE(url.SetHref(url.href()).ok());
  EXPECT_EQ(url.href(), "http://user@user/host?/path#?query");
}

}  // namespace
}  // namespace edge::url
