#include "runtime/operate/metrics_text.h"

#include <gtest/gtest.h>

namespace edge::operate {
namespace {

TEST(MetricsText, SaysHelpAndTypeThenSamplesWithEscapedLabels) {
  MetricsText text;

  text.Counter("edge_things_total", "Things.");
  text.Sample(7);
  text.Sample(18446744073709551615u, {{"worker", "a\"b\\c\nd"}, {"handler", "fetch"}});
  text.Gauge("edge_time_seconds", "Time.");
  text.SampleSeconds(0.25);

  EXPECT_EQ(text.text(),
            "# HELP edge_things_total Things.\n"
            "# TYPE edge_things_total counter\n"
            "edge_things_total 7\n"
            "edge_things_total{worker=\"a\\\"b\\\\c\\nd\",handler=\"fetch\"} 18446744073709551615\n"
            "# HELP edge_time_seconds Time.\n"
            "# TYPE edge_time_seconds gauge\n"
            "edge_time_seconds 0.25\n");
}

TEST(MetricsText, BucketsOfAHistogramCountWhatIsBelowThem) {
  MetricsText text;

  text.Histogram("edge_wait_seconds", "Waiting.");
  text.Buckets({0.01, 1}, {3, 0, 2}, 12.5);

  EXPECT_EQ(text.text(),
            "# HELP edge_wait_seconds Waiting.\n"
            "# TYPE edge_wait_seconds histogram\n"
            "edge_wait_seconds_bucket{le=\"0.01\"} 3\n"
            "edge_wait_seconds_bucket{le=\"1\"} 3\n"
            "edge_wait_seconds_bucket{le=\"+Inf\"} 5\n"
            "edge_wait_seconds_sum 12.5\n"
            "edge_wait_seconds_count 5\n");
}

}  // namespace
}  // namespace edge::operate
