// MetricsText: numbers in Prometheus' text format, version 0.0.4: families of samples, each with its help and its type.
//
// Names follow Prometheus' conventions: base units (seconds, bytes), _total behind what only grows. A label's values must be few: names of
// code and of outcomes, never of what requests bring along.
#ifndef EDGE_RUNTIME_OPERATE_METRICS_TEXT_H_
#define EDGE_RUNTIME_OPERATE_METRICS_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edge::operate {

class MetricsText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  // The samples that follow belong to it. `help` is one line.
  void Counter(std::string_view name, std::string_view help) { Family(name, help, "counter"); }
  void Gauge(std::string_view name, std::string_view help) { Family(name, help, "gauge"); }
  void Histogram(std::string_view name, std::string_view help) { Family(name, help, "histogram"); }
  void Sample(uint64_t value, const Labels& labels = {}) { Add("", labels, std::to_string(value)); }
  void SampleSeconds(double value, const Labels& labels = {}) { Add("", labels, Seconds(value)); }
  // Of a histogram: `bounds` are upper ones in seconds; `counts` has one more, for what is above the last.
  void Buckets(const std::vector<double>& bounds, const std::vector<uint64_t>& counts, double sum);

  const std::string& text() const { return text_; }

 private:
  void Family(std::string_view name, std::string_view help, std::string_view type);
  void Add(std::string_view suffix, const Labels& labels, std::string_view value);
  static std::string Seconds(double value);

  std::string family_;
  std::string text_;
};

}  // namespace edge::operate

#endif  // EDGE_RUNTIME_OPERATE_METRICS_TEXT_H_
