// Snippets of modern JavaScript, lowered at build time and run in an isolate, against the values that Node computed for them.
//
// testdata/js-semantics.txt is the project's yardstick; testdata/js-lowering.txt goes after what lowering could get wrong. The list of
// known failures must be exact: a snippet that begins to work has to leave it. docs/javascript.md gives the reason of each.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/js/isolate.h"
#include "runtime/js/language/language.h"
#include "runtime/js/native.h"
#include "tests/conformance/snippet_host.h"

namespace edge {
namespace {

namespace json = boost::json;

constexpr char kFolder[] = "tests/conformance/";

std::string ReadFile(const std::string& name) {
  std::ifstream file(kFolder + name);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

// name -> reason
std::map<std::string, std::string> KnownFailures() {
  std::map<std::string, std::string> known;
  std::istringstream lines(ReadFile("testdata/known_failures.txt"));
  for (std::string line; std::getline(lines, line);) {
    const size_t bar = line.find('|');
    if (bar != std::string::npos) known.emplace(line.substr(0, bar), line.substr(bar + 1));
  }
  return known;
}

struct Tally {
  int total = 0;
  int right = 0;
};

Tally RunSuite(const std::string& suite) {
  const json::value lowered = json::parse(ReadFile("lowered_snippets.json"));
  const json::value expected = json::parse(ReadFile("testdata/" + suite + ".expected.json"));
  const std::map<std::string, std::string> known = KnownFailures();
  Tally tally;
  for (const auto& [name, value] : expected.as_object()) {
    const std::string full = suite + "/" + std::string(name);
    const json::object* entry = lowered.as_object().contains(full) ? &lowered.as_object().at(full).as_object() : nullptr;
    EXPECT_NE(entry, nullptr) << full << " was not lowered";
    if (entry == nullptr) continue;
    const std::string actual = entry->contains("error") ? "not lowered: " + std::string(entry->at("error").as_string())
                                                        : conformance::RunSnippet(std::string(entry->at("code").as_string()));
    const std::string wanted(value.as_string());
    ++tally.total;
    const bool right = actual == wanted;
    if (right) ++tally.right;
    if (known.contains(full)) {
      EXPECT_FALSE(right) << full << " is right now: take it out of known_failures.txt and docs/javascript.md";
    } else {
      EXPECT_EQ(actual, wanted) << full;
    }
  }
  std::cout << suite << ": " << tally.right << " of " << tally.total << " right\n";
  return tally;
}

TEST(JavaScriptSemantics, TheYardstickGivesWhatNodeGives) {
  const Tally tally = RunSuite("js-semantics");

  EXPECT_EQ(tally.total, 97);
  EXPECT_GE(tally.right, 95);
}

TEST(JavaScriptSemantics, LoweredCodeGivesWhatNodeGives) { RunSuite("js-lowering"); }

TEST(JavaScriptSemantics, EveryKnownFailureIsExplainedInTheGuide) {
  const std::string guide = ReadFile("../../docs/javascript.md");
  for (const auto& [name, reason] : KnownFailures()) {
    EXPECT_FALSE(reason.empty()) << name;
    EXPECT_NE(guide.find("`" + name.substr(name.find('/') + 1) + "`"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace edge
