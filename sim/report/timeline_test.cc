#include "sim/report/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "runtime/base/str_cat.h"
#include "sim/report/testing/run_builder.h"

namespace edge::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

size_t CountOf(const std::string& text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

boost::json::value DataOf(const std::string& page) {
  constexpr std::string_view kBegin = "<script type=\"application/json\" id=\"data\">";
  const size_t begin = page.find(kBegin) + kBegin.size();
  return boost::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

TEST(Timeline, IsOneFileThatAsksNobody) {
  RunBuilder run;
  run.Record({.kind = EventKind::kTurn, .label = "main"});

  const std::string page = TimelineHtml({.journal = run.view()});

  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* const outside : {"http:", "https:", "src=", "href=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket",
                                    "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("}) {
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  }
  for (const char* const mark : {"/* STYLE */", "/* SCRIPT */", "/* DATA */"}) EXPECT_THAT(page, Not(HasSubstr(mark)));
}

TEST(Timeline, WhatAnApplicationPrintsStaysData) {
  constexpr std::string_view kHostile = "</script><script>alert(1)</script><!-- /* SCRIPT */ /* DATA */ \xE2\x80\xA8";
  RunBuilder run;
  const ActorId node = run.Node(kHostile);
  const size_t scripts = CountOf(TimelineHtml({.journal = run.view()}), "<script");
  run.Record({.kind = EventKind::kLog, .actor = node, .label = kHostile, .text = kHostile, .note = kHostile});

  const std::string page = TimelineHtml({.journal = run.view(),
                                         .failure = {.check = std::string(kHostile), .message = std::string(kHostile)},
                                         .title = {.application = std::string(kHostile), .seed = std::string(kHostile)}});

  EXPECT_EQ(CountOf(page, "<script"), scripts);
  EXPECT_EQ(CountOf(page, "</script"), scripts);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</")));
  EXPECT_EQ(std::string_view(DataOf(page).at("events").at(0).at(10).as_string()), kHostile);
  EXPECT_EQ(std::string_view(DataOf(page).at("application").as_string()), kHostile);
}

TEST(Timeline, TooManyEventsLoseTheirTurnsFirst) {
  RunBuilder run;
  const ActorId node = run.Node("node1");
  for (int i = 0; i < 100; ++i) {
    run.AtMs(i).Record({.kind = EventKind::kTurn, .actor = node, .label = "main"});
    if (i % 10 == 0) run.Record({.kind = EventKind::kFault, .actor = node, .label = "network.stall"});
  }
  run.Record({.kind = EventKind::kCheck, .label = "c", .value = 1});

  const boost::json::value data = DataOf(TimelineHtml({.journal = run.view()}, {.events_max = 20}));

  ASSERT_EQ(data.at("events").as_array().size(), 20u);
  EXPECT_EQ(data.at("eventsInRun"), 111);
  EXPECT_EQ(data.at("failure"), 19);
  size_t faults = 0;
  for (const boost::json::value& row : data.at("events").as_array()) faults += row.at(2) == static_cast<int>(EventKind::kFault) ? 1 : 0;
  EXPECT_EQ(faults, 10u);
}

TEST(Timeline, OfAnEmptyRunIsAPageToo) {
  const RunBuilder run;

  const boost::json::value data = DataOf(TimelineHtml({.journal = run.view(), .failure = {.check = "start"}}));

  EXPECT_EQ(data.at("events").as_array().size(), 0u);
  EXPECT_EQ(data.at("failure"), -1);
}

}  // namespace
}  // namespace edge::sim
