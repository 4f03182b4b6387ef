// Properties of every URL, looked for with inputs that are made of the characters and words the parser treats specially.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"
#include "runtime/url/url.h"

namespace edge::url {
namespace {

rc::Gen<std::string> Token() {
  return rc::gen::map(rc::gen::elementOf(std::vector<std::string>{"http",
                                                                  "https",
                                                                  "file",
                                                                  "foo",
                                                                  "blob",
                                                                  "data",
                                                                  "ws",
                                                                  ":",
                                                                  ":",
                                                                  "//",
                                                                  "//",
                                                                  "/",
                                                                  "/",
                                                                  "/",
                                                                  "\\",
                                                                  "?",
                                                                  "#",
                                                                  "@",
                                                                  "[",
                                                                  "]",
                                                                  "[::1]",
                                                                  ".",
                                                                  "..",
                                                                  "/../",
                                                                  "/./",
                                                                  "%2e",
                                                                  "%2E%2e",
                                                                  "%",
                                                                  "%00",
                                                                  "%41",
                                                                  "C:",
                                                                  "c|",
                                                                  "/C:/",
                                                                  "/.//",
                                                                  "a",
                                                                  "B",
                                                                  "0",
                                                                  "0x7f",
                                                                  "127.1",
                                                                  "256",
                                                                  ":80",
                                                                  ":8",
                                                                  "99999",
                                                                  "localhost",
                                                                  "example.com",
                                                                  "xn--",
                                                                  "\xc3\xbc",
                                                                  "\xc2\xad",
                                                                  "\xe3\x80\x82",
                                                                  "\xf0\x9f\x98\x80",
                                                                  "\xff",
                                                                  " ",
                                                                  "  ",
                                                                  "\t",
                                                                  "\n",
                                                                  "'",
                                                                  "\"",
                                                                  "<",
                                                                  "^",
                                                                  "|",
                                                                  "{",
                                                                  "`",
                                                                  "+",
                                                                  "-",
                                                                  "_"}),
                      [](const std::string& token) { return token; });
}

rc::Gen<std::string> Text() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(Token()), [](const std::vector<std::string>& tokens) {
    std::string text;
    for (const std::string& token : tokens) text += token;
    return text;
  });
}

rc::Gen<std::string> UrlText() {
  const auto prefix =
      rc::gen::elementOf(std::vector<std::string>{"", "http://", "http://h", "http://h/", "file:", "file:///", "file:///C:/",
                                                  "foo:", "foo:/", "foo://", "foo://h", "foo:/.//", "data:x"});
  return rc::gen::map(rc::gen::pair(prefix, Text()),
                      [](const std::pair<std::string, std::string>& parts) { return parts.first + parts.second; });
}

// What holds for every URL: it parses to itself, and its getters are its text.
void CheckUrl(const Url& url) {
  const absl::StatusOr<Url> again = Url::Parse(url.href(), nullptr);
  RC_ASSERT(again.ok());
  RC_ASSERT(again->href() == url.href());
  RC_ASSERT(again->protocol() == url.protocol());
  RC_ASSERT(again->username() == url.username());
  RC_ASSERT(again->password() == url.password());
  RC_ASSERT(again->host() == url.host());
  RC_ASSERT(again->hostname() == url.hostname());
  RC_ASSERT(again->port() == url.port());
  RC_ASSERT(again->pathname() == url.pathname());
  RC_ASSERT(again->search() == url.search());
  RC_ASSERT(again->hash() == url.hash());
  RC_ASSERT(again->origin() == url.origin());
  RC_ASSERT(again->HasOpaquePath() == url.HasOpaquePath());
  for (const char c : url.href()) RC_ASSERT(c >= 0x20 && c < 0x7f);
}

RC_GTEST_PROP(UrlProperty, SerializedUrlParsesToItself, ()) {
  const absl::StatusOr<Url> url = Url::Parse(*UrlText(), nullptr);
  RC_PRE(url.ok());
  CheckUrl(*url);
}

RC_GTEST_PROP(UrlProperty, JoinedUrlParsesToItself, ()) {
  const absl::StatusOr<Url> base = Url::Parse(*UrlText(), nullptr);
  RC_PRE(base.ok());
  const absl::StatusOr<Url> url = Url::Parse(*Text(), &*base);
  RC_PRE(url.ok());
  CheckUrl(*url);
}

RC_GTEST_PROP(UrlProperty, EverySetterLeavesAUrlThatParsesToItself, ()) {
  const absl::StatusOr<Url> parsed = Url::Parse(*UrlText(), nullptr);
  RC_PRE(parsed.ok());
  Url url = *parsed;
  using Setter = void (Url::*)(std::string_view);
  const auto setters =
      rc::gen::elementOf(std::vector<Setter>{&Url::SetProtocol, &Url::SetUsername, &Url::SetPassword, &Url::SetHost, &Url::SetHostname,
                                             &Url::SetPort, &Url::SetPathname, &Url::SetSearch, &Url::SetHash});
  for (int i = 0; i < 4; ++i) {
    const std::string value = *Text();
    (url.*(*setters))(value);
    CheckUrl(url);
  }
}

RC_GTEST_PROP(UrlProperty, AnyBytesAreReadWithoutHarm, (const std::string& bytes)) {
  const absl::StatusOr<Url> base = Url::Parse("http://h/", nullptr);
  const absl::StatusOr<Url> url = Url::Parse(bytes, &*base);
  RC_PRE(url.ok());
  CheckUrl(*url);
}

}  // namespace
}  // namespace edge::url
