// Runs the URL cases of the web platform tests (url/resources/*.json of web-platform-tests/wpt) against edge::url.
//
// The data is not part of this tree: EDGE_WPT_DIR names the folder that holds urltestdata.json, setters_tests.json and
// percent-encoding.json; without it every test is skipped. urltestdata-javascript-only.json is left alone: it holds lone surrogates,
// which do not exist in UTF-8.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "runtime/url/search_params.h"
#include "runtime/url/url.h"

namespace edge::url {
namespace {

namespace json = boost::json;

class WptUrl : public testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("EDGE_WPT_DIR");
    if (folder == nullptr || *folder == '\0') GTEST_SKIP() << "EDGE_WPT_DIR is unset: no web platform test data to run";
    folder_ = folder;
  }

  // The parsed file; a failed test and null where it cannot be read.
  json::value Load(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_TRUE(file.good()) << folder_ << "/" << name;
    try {
      return json::parse(text.str());
    } catch (const std::exception& error) {
      ADD_FAILURE() << name << ": " << error.what();
      return nullptr;
    }
  }

 private:
  std::string folder_;
};

std::string StringAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr || !value->is_string()) {
    ADD_FAILURE() << "no string \"" << key << "\" in " << json::serialize(object);
    return "";
  }
  return std::string(value->as_string().data(), value->as_string().size());
}

bool Has(const json::object& object, std::string_view key) { return object.contains(json::string_view(key.data(), key.size())); }

// Every attribute that a case may name.
const std::map<std::string_view, std::function<std::string(const Url&)>>& Getters() {
  static const auto* const getters = new std::map<std::string_view, std::function<std::string(const Url&)>>{
      {"href", [](const Url& url) { return url.href(); }},
      {"origin", [](const Url& url) { return url.origin(); }},
      {"protocol", [](const Url& url) { return std::string(url.protocol()); }},
      {"username", [](const Url& url) { return std::string(url.username()); }},
      {"password", [](const Url& url) { return std::string(url.password()); }},
      {"host", [](const Url& url) { return std::string(url.host()); }},
      {"hostname", [](const Url& url) { return std::string(url.hostname()); }},
      {"port", [](const Url& url) { return std::string(url.port()); }},
      {"pathname", [](const Url& url) { return std::string(url.pathname()); }},
      {"search", [](const Url& url) { return std::string(url.search()); }},
      {"hash", [](const Url& url) { return std::string(url.hash()); }},
      {"searchParams", [](const Url& url) { return SearchParams::ParseQuery(url.search()).ToString(); }},
  };
  return *getters;
}

// True where each attribute that `expected` names has the value it names, and the serialized URL parses to itself.
bool Matches(const Url& url, const json::object& expected) {
  bool matches = true;
  for (const auto& [name, getter] : Getters()) {
    if (!Has(expected, name)) continue;
    const std::string want = StringAt(expected, name);
    EXPECT_EQ(getter(url), want) << name << " of " << json::serialize(expected);
    matches = matches && getter(url) == want;
  }
  const auto again = Url::Parse(url.href(), nullptr);
  EXPECT_TRUE(again.ok() && *again == url) << url.href();
  return matches && again.ok() && *again == url;
}

void ApplySetter(std::string_view attribute, const std::string& value, Url* url) {
  if (attribute == "href") {
    EXPECT_TRUE(url->SetHref(value).ok()) << value;
  } else if (attribute == "protocol") {
    url->SetProtocol(value);
  } else if (attribute == "username") {
    url->SetUsername(value);
  } else if (attribute == "password") {
    url->SetPassword(value);
  } else if (attribute == "host") {
    url->SetHost(value);
  } else if (attribute == "hostname") {
    url->SetHostname(value);
  } else if (attribute == "port") {
    url->SetPort(value);
  } else if (attribute == "pathname") {
    url->SetPathname(value);
  } else if (attribute == "search") {
    url->SetSearch(value);
  } else if (attribute == "hash") {
    url->SetHash(value);
  } else {
    ADD_FAILURE() << "a setter this test does not know: " << attribute;
  }
}

// True where the case holds. ("relativeTo" says which bases would make a failing case valid; the case itself is run as it stands.)
bool RunParseCase(const json::object& test) {
  const std::string input = StringAt(test, "input");
  std::optional<Url> base;
  if (!test.at("base").is_null()) {
    absl::StatusOr<Url> parsed = Url::Parse(StringAt(test, "base"), nullptr);
    if (!parsed.ok()) {
      EXPECT_TRUE(Has(test, "failure")) << "base of " << json::serialize(test);
      return Has(test, "failure");
    }
    base = *std::move(parsed);
  }
  const absl::StatusOr<Url> url = Url::Parse(input, base.has_value() ? &*base : nullptr);
  EXPECT_EQ(url.ok(), !Has(test, "failure")) << json::serialize(test) << (url.ok() ? " gives " + url->href() : "");
  if (url.ok() == Has(test, "failure")) return false;
  return !url.ok() || Matches(*url, test);
}

TEST_F(WptUrl, ParsesUrlTestData) {
  const json::value data = Load("urltestdata.json");
  ASSERT_TRUE(data.is_array());
  int passed = 0;
  int run = 0;
  for (const json::value& entry : data.as_array()) {
    if (!entry.is_object()) continue;  // A string is a comment.
    ++run;
    if (RunParseCase(entry.as_object())) ++passed;
  }
  std::printf("urltestdata.json: %d of %d\n", passed, run);
  EXPECT_GT(run, 500);
  EXPECT_EQ(passed, run);
}

TEST_F(WptUrl, AppliesSetters) {
  const json::value data = Load("setters_tests.json");
  ASSERT_TRUE(data.is_object());
  int passed = 0;
  int run = 0;
  for (const auto& [key, cases] : data.as_object()) {
    if (key == "comment") continue;
    const std::string attribute(key.data(), key.size());
    for (const json::value& entry : cases.as_array()) {
      const json::object& test = entry.as_object();
      SCOPED_TRACE(attribute + " " + json::serialize(test).c_str());
      ++run;
      absl::StatusOr<Url> url = Url::Parse(StringAt(test, "href"), nullptr);
      EXPECT_TRUE(url.ok());
      if (!url.ok()) continue;
      ApplySetter(attribute, StringAt(test, "new_value"), &*url);
      if (Matches(*url, test.at("expected").as_object())) ++passed;
    }
  }
  std::printf("setters_tests.json: %d of %d\n", passed, run);
  EXPECT_GT(run, 150);
  EXPECT_EQ(passed, run);
}

TEST_F(WptUrl, PercentEncodesQueryAndFragment) {
  const json::value data = Load("percent-encoding.json");
  ASSERT_TRUE(data.is_array());
  int passed = 0;
  int run = 0;
  for (const json::value& entry : data.as_array()) {
    if (!entry.is_object()) continue;
    const json::object& test = entry.as_object();
    const std::string input = StringAt(test, "input");
    const std::string output = StringAt(test.at("output").as_object(), "utf-8");
    ++run;
    const absl::StatusOr<Url> url = Url::Parse("https://doesnotmatter.invalid/?" + input + "#" + input, nullptr);
    ASSERT_TRUE(url.ok()) << input;
    EXPECT_EQ(url->search(), "?" + output);
    EXPECT_EQ(url->hash(), "#" + output);
    if (url->search() == "?" + output && url->hash() == "#" + output) ++passed;
  }
  std::printf("percent-encoding.json, UTF-8: %d of %d\n", passed, run);
  EXPECT_GT(run, 0);
  EXPECT_EQ(passed, run);
}

}  // namespace
}  // namespace edge::url
