// What the log makes of bad input: damage, missing files, other versions, and disks that fail or are full.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/crc32c.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/virtual_time.h"
#include "storage/log/format.h"
#include "storage/log/log_testing.h"
#include "storage/log/testing/log_world.h"
#include "storage/testing/memory_disk.h"

namespace edge::storage {
namespace {

using Call = AskingDisk::Call;
using Stop = LogRecovery::Stop;

class LogDamageTest : public ::testing::Test, protected LogWorld {
 protected:
  enum class End : uint8_t { kClosed, kKilled };
  // A log over several files.
  void Write(End end, int records = 60) {
    RunAndKill([&] {
      EDGE_CHECK_OK(Open());
      for (int i = 0; i < records; ++i) AppendDurably(std::string(static_cast<size_t>(i % 9) * 1000, static_cast<char>('a' + i % 26)));
      if (end == End::kClosed) EDGE_CHECK_OK(Close());
    });
  }
  // The file whose header has the largest number.
  std::string Newest() {
    std::string path;
    uint64_t newest = 0;
    for (const std::string& file : Files()) {
      SegmentHeader header;
      uint32_t version = 0;
      if (DecodeSegmentHeader(Content(file), &header, &version) == HeaderState::kValid && header.number > newest) {
        newest = header.number;
        path = file;
      }
    }
    return path;
  }
};

TEST_F(LogDamageTest, ANewerFormatIsRefusedByName) {
  world.Run([&] {
    Write(End::kClosed);
    const std::string path = Newest();
    std::string content = Content(path);
    content[8] = 2;
    const uint32_t sum = Crc32c(std::string_view(content).substr(0, kSegmentHeaderBytes - 4));
    std::memcpy(content.data() + kSegmentHeaderBytes - 4, &sum, sizeof sum);
    memory.Put(path, content);
    const absl::Status status = Open();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_NE(status.message().find("format version 2, this edge knows version 1"), absl::string_view::npos) << status;
  });
}

TEST_F(LogDamageTest, AFileThatWasCutIsDamage) {
  world.Run([&] {
    Write(End::kKilled);
    for (const std::string& path : Files()) {
      SegmentHeader header;
      uint32_t version = 0;
      const std::string content = Content(path);
      if (DecodeSegmentHeader(content, &header, &version) != HeaderState::kValid) continue;
      for (const size_t left : {size_t{512}, size_t{8192}, content.size() - 1}) {
        memory.Put(path, content.substr(0, left));
        const absl::Status status = Open(0);
        EXPECT_TRUE(absl::IsDataLoss(status)) << path << " cut to " << left << ": " << status;
        EXPECT_NE(status.message().find(ToAbsl(path)), absl::string_view::npos) << status;
      }
      memory.Put(path, content);
    }
    EXPECT_TRUE(Open(0).ok());
    ExpectAllTold();
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(LogDamageTest, AFileThatIsMissingIsDamage) {
  world.Run([&] {
    Write(End::kKilled);
    for (const std::string& path : Files()) {
      SegmentHeader header;
      uint32_t version = 0;
      const std::string content = Content(path);
      if (DecodeSegmentHeader(content, &header, &version) != HeaderState::kValid) continue;
      EDGE_CHECK_OK(memory.Remove(path));
      const absl::Status status = Open(0);
      EXPECT_TRUE(absl::IsDataLoss(status)) << path << ": " << status;
      memory.Put("data/log/999999.log", content);
      EXPECT_TRUE(Open(0).ok()) << "names of files mean nothing";
      ExpectAllTold();
      EXPECT_TRUE(Close().ok());
      return;
    }
  });
}

TEST_F(LogDamageTest, AFileThatIsThereTwiceIsDamage) {
  world.Run([&] {
    Write(End::kClosed);
    memory.Put("data/log/999999.log", Content(Newest()));
    EXPECT_TRUE(absl::IsDataLoss(Open()));
  });
}

TEST_F(LogDamageTest, ATornLastBatchIsCutAndReported) {
  world.Run([&] {
    RunAndKill([&] {
      EDGE_CHECK_OK(Open());
      AppendDurably("one");
      AppendDurably(std::string(10'000, 'x'));
    });
    const std::string path = Newest();
    const std::string content = Content(path);
    // Its blocks are the third to the fifth of the file; a sector of each is what it was before.
    for (const size_t at : {4 * kBlockBytes + 512, 3 * kBlockBytes, 2 * kBlockBytes + 1024}) {
      std::string torn = content;
      std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(at), 512, '\0');
      memory.Put(path, torn);
      RunAndKill([&] { EXPECT_TRUE(Open(0).ok()); });
      EXPECT_EQ(recovery.stop, Stop::kTornTail) << at;
      ASSERT_EQ(told.records.size(), 1u);
      EXPECT_EQ(told.records[0], expected[0]);
      for (const std::string& file : Files()) {
        if (file != path) EDGE_CHECK_OK(memory.Remove(file));
      }
    }
    // Without its first sector nothing tells that there was one.
    std::string torn = content;
    std::fill_n(torn.begin() + 2 * kBlockBytes, 512, '\0');
    memory.Put(path, torn);
    ASSERT_TRUE(Open(0).ok());
    EXPECT_EQ(recovery.stop, Stop::kWholeTail);
    EXPECT_EQ(told.records.size(), 1u);
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(LogDamageTest, AClosedLogHasNoTornBatch) {
  world.Run([&] {
    Write(End::kClosed, 1);
    const std::string path = Newest();
    std::string content = Content(path);
    content[kBlockBytes + 200] ^= 1;
    memory.Put(path, content);
    EXPECT_TRUE(absl::IsDataLoss(Open(0)));
  });
}

TEST_F(LogDamageTest, OtherFilesAreLeftAlone) {
  world.Run([&] {
    memory.Put("data/log/notes.txt", "mine");
    memory.Put("data/log/12.log", "mine too");
    Write(End::kClosed);
    EXPECT_EQ(Content("data/log/notes.txt"), "mine");
    EXPECT_EQ(Content("data/log/12.log"), "mine too");
  });
}

// One bit, anywhere: noticed, or harmless. Only the last batch of an unclean stop may be cut for it.
RC_GTEST_FIXTURE_PROP(LogDamageTest, EveryFlippedBitIsNoticedOrHarmless, ()) {
  const End end = *rc::gen::element(End::kClosed, End::kKilled);
  const auto file_number = *rc::gen::inRange(0, 1000);
  // Headers and the first bytes of blocks are where it matters most.
  const auto block = *rc::gen::inRange(0, 16);
  const auto byte = *rc::gen::oneOf(rc::gen::inRange(0, 112), rc::gen::inRange(0, 4096));
  const auto bit = *rc::gen::inRange(0, 8);
  absl::Status status;
  world.Run([&] {
    Write(end, 40);
    const std::vector<std::string> files = Files();
    const std::string path = files[static_cast<size_t>(file_number) % files.size()];
    std::string content = Content(path);
    const size_t at = (static_cast<size_t>(block) * kBlockBytes + static_cast<size_t>(byte)) % content.size();
    content[at] = static_cast<char>(content[at] ^ (1 << bit));
    memory.Put(path, content);
    status = Open(0);
    if (status.ok()) (void)Close();
  });
  if (!status.ok()) {
    RC_ASSERT(absl::IsDataLoss(status));
    return;
  }
  if (end == End::kKilled && told.records.size() + 1 == expected.size()) expected.pop_back();
  RC_ASSERT(told.records == expected);
}

// --- disks that fail ---

TEST_F(LogDamageTest, AFailedSyncBeginsANewGenerationAndTakesBackWhatWasNotConfirmed) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    const Position confirmed = AppendDurably("confirmed");
    bool fail = true;
    disk.set_ask([&](Call call, std::string_view) {
      return call == Call::kSync && std::exchange(fail, false) ? absl::DataLossError("Input/output error") : absl::OkStatus();
    });
    const Position lost = Append("lost");
    expected.pop_back();
    EXPECT_TRUE(absl::IsDataLoss(log->WaitDurable(lost, Instant::Infinite())));
    ASSERT_EQ(heard.failures.size(), 1u);
    EXPECT_GE(heard.failures[0].confirmed, confirmed);
    EXPECT_LT(heard.failures[0].confirmed, lost);
    EXPECT_EQ(log->stats().generations, 1u);
    const Position next = AppendDurably("next");
    EXPECT_GT(next, lost);
    EXPECT_TRUE(absl::IsDataLoss(log->WaitDurable(lost, Instant::Infinite()))) << "durable() has passed it, it is still lost";
    EXPECT_TRUE(log->WaitDurable(confirmed, Instant::Infinite()).ok());
    EXPECT_TRUE(Close().ok());
    ASSERT_TRUE(Open(0).ok());
    ExpectAllTold();
    EXPECT_TRUE(log->Trim(log->durable()).ok());
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(LogDamageTest, AFailedSyncIsNeverTriedAgain) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    AppendDurably("x");
    std::string failed;
    int syncs_of_failed = 0;
    disk.set_ask([&](Call call, std::string_view path) {
      if (call != Call::kSync && call != Call::kWrite) return absl::OkStatus();
      if (failed.empty() && call == Call::kSync) {
        failed = std::string(path);
        return absl::DataLossError("Input/output error");
      }
      syncs_of_failed += path == failed;
      return absl::OkStatus();
    });
    Append("lost");
    expected.pop_back();
    (void)log->WaitDurable(log->end(), Instant::Infinite());
    AppendDurably("y");
    EXPECT_EQ(syncs_of_failed, 0);
    EXPECT_TRUE(log->Trim(log->durable()).ok());
    EXPECT_EQ(syncs_of_failed, 0) << "a file that has failed is removed, not recycled";
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(LogDamageTest, WhenNoGenerationCanBeBegunTheLogIsDead) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    AppendDurably("x");
    disk.set_ask(
        [&](Call call, std::string_view) { return call == Call::kSync ? absl::DataLossError("Input/output error") : absl::OkStatus(); });
    const Position lost = Append("lost");
    expected.pop_back();
    EXPECT_TRUE(absl::IsUnavailable(log->WaitDurable(lost, Instant::Infinite())));
    EXPECT_EQ(heard.deaths.size(), 1u);
    EXPECT_TRUE(heard.failures.empty());
    EXPECT_TRUE(absl::IsUnavailable(log->Append(TestKey(1), TestSet(1, "x")).status()));
    EXPECT_TRUE(absl::IsUnavailable(Close()));
    disk.set_ask(nullptr);
    ASSERT_TRUE(Open(0).ok());
    // Its bytes are in the file all the same: unknown means unknown.
    told.records.resize(1);
    ExpectAllTold();
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(LogDamageTest, AFullDiskRefusesAppendsUntilThereIsRoom) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    AppendDurably("the next file has been made meanwhile");
    EXPECT_TRUE(world.scheduler.SleepFor(Duration::Seconds(1)).ok());
    bool full = true;
    disk.set_ask([&](Call call, std::string_view) {
      return full && call == Call::kCreate ? absl::ResourceExhaustedError("No space left on device") : absl::OkStatus();
    });
    absl::Status refused;
    while (refused.ok()) {
      const auto position = log->Append(TestKey(1), TestSet(++txid, std::string(2000, 'x')));
      refused = position.status();
      if (!refused.ok()) break;
      expected.push_back({*position, TestKey(1), txid, std::string(2000, 'x')});
      EXPECT_TRUE(log->WaitDurable(*position, Instant::Infinite()).ok());
      ASSERT_LT(expected.size(), 1000u);
    }
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_NE(refused.message().find("No space left on device"), absl::string_view::npos) << refused;
    EXPECT_TRUE(heard.failures.empty()) << "nothing was written, nothing has failed";
    // Room made by trimming, without the disk's help.
    EXPECT_TRUE(log->Trim(log->durable()).ok());
    AppendDurably("after the trim");
    // Room made by somebody else is found as well.
    while (refused = log->Append(TestKey(1), TestSet(txid + 1, std::string(2000, 'x'))).status(), refused.ok()) {
      ++txid;
      ASSERT_TRUE(log->WaitDurable(log->end(), Instant::Infinite()).ok());
    }
    full = false;
    EXPECT_TRUE(world.scheduler.SleepFor(Duration::Seconds(2)).ok());
    EXPECT_TRUE(log->Append(TestKey(1), TestSet(txid + 1, std::string(2000, 'x'))).ok());
    EXPECT_TRUE(Close().ok());
    EXPECT_TRUE(heard.failures.empty());
  });
}

TEST_F(LogDamageTest, ATransactionThatFindsNoRoomTakesNothingElseAlong) {
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    AppendDurably("before");
    disk.set_ask([&](Call call, std::string_view) {
      return call == Call::kCreate ? absl::ResourceExhaustedError("No space left on device") : absl::OkStatus();
    });
    const Position large = Append(std::string(500'000, 'L'));
    expected.pop_back();
    EXPECT_TRUE(absl::IsDataLoss(log->WaitDurable(large, Instant::Infinite())));
    ASSERT_EQ(heard.failures.size(), 1u);
    EXPECT_TRUE(absl::IsResourceExhausted(heard.failures[0].why));
    EXPECT_EQ(log->stats().generations, 0u);
    AppendDurably("after");
    EXPECT_TRUE(Close().ok());
    ASSERT_TRUE(Open(0).ok());
    ExpectAllTold();
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(LogDamageTest, TheLogIsBounded) {
  options.size_max = ByteCount::KiB(256);
  world.Run([&] {
    ASSERT_TRUE(Open().ok());
    absl::Status refused;
    while ((refused = log->Append(TestKey(1), TestSet(++txid, std::string(2000, 'x'))).status()).ok()) {
      ASSERT_TRUE(log->WaitDurable(log->end(), Instant::Infinite()).ok());
      ASSERT_LE(log->size_bytes(), options.size_max.bytes());
    }
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_TRUE(log->Trim(log->durable()).ok());
    AppendDurably("again");
    EXPECT_TRUE(Close().ok());
  });
}

TEST_F(LogDamageTest, ADirectoryThatCannotBeWrittenIsRefused) {
  world.Run([&] {
    Write(End::kKilled);
    disk.set_ask([&](Call, std::string_view) { return absl::PermissionDeniedError("Read-only file system"); });
    EXPECT_TRUE(absl::IsPermissionDenied(Open()));
  });
}

// Whatever call fails, once or from then on: what was confirmed is there afterwards, nothing is invented, and the order holds.
RC_GTEST_FIXTURE_PROP(LogDamageTest, WhicheverCallFailsNothingConfirmedIsLost, ()) {
  const auto at = *rc::gen::inRange(0, 120);
  const auto length = *rc::gen::element(1, 2, 5, 1000);
  const auto code = *rc::gen::element(absl::StatusCode::kDataLoss, absl::StatusCode::kResourceExhausted);
  std::vector<ToldRecords::Record> confirmed, appended;
  bool dead = false;
  world.Run([&] {
    EDGE_CHECK_OK(Open());
    int call_number = 0;
    disk.set_ask([&](Call, std::string_view) {
      const int now = call_number++;
      return now >= at && now < at + length ? absl::Status(code, "planted") : absl::OkStatus();
    });
    for (int i = 0; i < 60; ++i) {
      const std::string bytes(static_cast<size_t>(i % 5) * 2500, 'x');
      const auto position = log->Append(TestKey(1), TestSet(++txid, bytes));
      if (position.ok()) {
        appended.push_back({*position, TestKey(1), txid, bytes});
        if (log->WaitDurable(*position, Instant::Infinite()).ok()) confirmed.push_back(appended.back());
      }
      if (i % 10 == 9 && !confirmed.empty() && confirmed.size() > 20) (void)log->Trim(confirmed[confirmed.size() - 20].position);
    }
    dead = !heard.deaths.empty();
    (void)Close();
    disk.set_ask(nullptr);
    EDGE_CHECK_OK(Open());
    EDGE_CHECK_OK(Close());
  });
  if (length == 1) RC_ASSERT(!dead);
  size_t next = 0;
  for (const ToldRecords::Record& record : told.records) {
    while (next < appended.size() && !(appended[next] == record)) ++next;
    RC_ASSERT(next < appended.size());
  }
  for (size_t i = confirmed.size() < 20 ? 0 : confirmed.size() - 19; i < confirmed.size(); ++i) {
    RC_ASSERT(std::find(told.records.begin(), told.records.end(), confirmed[i]) != told.records.end());
  }
}

}  // namespace
}  // namespace edge::storage
