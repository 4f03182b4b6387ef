#include "runtime/operate/metrics_text.h"

#include <array>
#include <cstdio>

#include "runtime/base/check.h"

namespace edge::operate {

std::string MetricsText::Seconds(double value) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

void MetricsText::Family(std::string_view name, std::string_view help, std::string_view type) {
  family_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::Add(std::string_view suffix, const Labels& labels, std::string_view value) {
  text_.append(family_).append(suffix);
  for (size_t i = 0; i < labels.size(); ++i) {
    text_.append(i == 0 ? "{" : ",").append(labels[i].first).append("=\"");
    for (const char c : labels[i].second) {
      if (c == '\n') {
        text_.append("\\n");
        continue;
      }
      if (c == '"' || c == '\\') text_.push_back('\\');
      text_.push_back(c);
    }
    text_.append("\"");
  }
  if (!labels.empty()) text_.append("}");
  text_.append(" ").append(value).append("\n");
}

void MetricsText::Buckets(const std::vector<double>& bounds, const std::vector<uint64_t>& counts, double sum) {
  EDGE_CHECK(counts.size() == bounds.size() + 1) << "one count more than bounds";
  uint64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const std::string bound = i < bounds.size() ? Seconds(bounds[i]) : "+Inf";
    Add("_bucket", {{"le", bound}}, std::to_string(total));
  }
  Add("_sum", {}, Seconds(sum));
  Add("_count", {}, std::to_string(total));
}

}  // namespace edge::operate
