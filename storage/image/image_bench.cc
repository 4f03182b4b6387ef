// What a small commit costs, and its parts: bazel run -c opt //storage/image:image_bench
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>

#include "runtime/base/check.h"
#include "runtime/base/crc32c.h"
#include "storage/image/image_testing.h"
#include "storage/image/object_image.h"
#include "storage/image/page_diff.h"
#include "storage/image/page_set_codec.h"

namespace edge::storage {
namespace {

// Keeps the log short: a benchmark must not measure memory that grows.
class ShortLog : public TestObject {
 public:
  absl::Status Commit(PageSet set) override {
    absl::Status status = TestObject::Commit(std::move(set));
    log.clear();
    return status;
  }
};

struct Table {
  Table() {
    image = ObjectImage::Open(object, object, "bench", TestServices()).value();
    EDGE_CHECK_OK(image->Execute("CREATE TABLE kv(k INTEGER PRIMARY KEY, v TEXT)"));
    EDGE_CHECK_OK(
        image->Execute("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) INSERT INTO kv SELECT x, "
                       "hex(zeroblob(32)) FROM c"));
    object.log_bytes = 0;
  }
  ShortLog object;
  std::unique_ptr<ObjectImage> image;
};

// Update of one of 1000 rows by a prepared statement, from Begin until the page set has gone through the log's bytes into the overlay.
void BM_SmallCommit(benchmark::State& state) {
  Table table;
  auto update = table.image->Prepare("UPDATE kv SET v = ?2 WHERE k = ?1", nullptr, SqlAuthor::kUser).value();
  int64_t n = 0;
  std::string value(64, 'x');
  for (auto _ : state) {
    ++n;
    value.replace(0, 8, std::to_string(10'000'000 + n % 89'999'999));
    EDGE_CHECK_OK(table.image->Begin());
    EDGE_CHECK_OK(update->Bind(1, n * 7 % 1000 + 1));
    EDGE_CHECK_OK(update->Bind(2, value));
    EDGE_CHECK_OK(update->Step().status());
    update->Reset();
    EDGE_CHECK_OK(table.image->Commit(std::nullopt).status());
  }
  state.counters["log_bytes"] = static_cast<double>(table.object.log_bytes) / static_cast<double>(n);
}
BENCHMARK(BM_SmallCommit);

void BM_PreparedRead(benchmark::State& state) {
  Table table;
  auto query = table.image->Prepare("SELECT v FROM kv WHERE k = ?1", nullptr, SqlAuthor::kUser).value();
  int64_t n = 0;
  for (auto _ : state) {
    EDGE_CHECK_OK(query->Bind(1, ++n * 7 % 1000 + 1));
    EDGE_CHECK_OK(query->Step().status());
    benchmark::DoNotOptimize(query->ColumnBytes(0));
    query->Reset();
  }
}
BENCHMARK(BM_PreparedRead);

void BM_PrepareAndRead(benchmark::State& state) {
  Table table;
  for (auto _ : state) {
    auto query = table.image->Prepare("SELECT v FROM kv WHERE k = 500", nullptr, SqlAuthor::kUser).value();
    EDGE_CHECK_OK(query->Step().status());
  }
}
BENCHMARK(BM_PrepareAndRead);

void BM_OpenAndClose(benchmark::State& state) {
  Table table;
  for (auto _ : state) benchmark::DoNotOptimize(ObjectImage::Open(table.object, table.object, "bench", TestServices()).value());
}
BENCHMARK(BM_OpenAndClose);

void BM_PageDifference(benchmark::State& state) {
  std::array<char, kPageBytes> before{};
  std::array<char, kPageBytes> now{};
  for (int i = 0; i < 24; ++i) now[static_cast<size_t>(1000 + i)] = 'x';
  PageSet set;
  for (auto _ : state) {
    set.ranges.clear();
    set.bytes.clear();
    AppendDifference(1, before, now, &set);
    benchmark::DoNotOptimize(set.bytes.data());
  }
}
BENCHMARK(BM_PageDifference);

void BM_Crc32cOfAPage(benchmark::State& state) {
  const std::string page(kPageBytes, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Crc32c(page));
}
BENCHMARK(BM_Crc32cOfAPage);

}  // namespace
}  // namespace edge::storage

BENCHMARK_MAIN();
