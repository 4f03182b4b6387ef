#include "runtime/node/request_log_writer.h"

#include <gtest/gtest.h>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/virtual_time.h"
#include "storage/testing/memory_disk.h"

namespace edge {
namespace {

constexpr char kPath[] = "/home/traffic.jsonl";

class Lines final : public worker::Log {
 public:
  void Write(worker::Severity, std::string_view source, std::string_view text) override { all.push_back(StrCat(source, ": ", text)); }
  std::vector<std::string> all;
};

// A disk whose writes take time, or fail.
class SlowDisk final : public MemoryDisk {
 public:
  explicit SlowDisk(Scheduler& scheduler) : scheduler_(scheduler) {}

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override {
    absl::StatusOr<std::unique_ptr<File>> file = MemoryDisk::Open(path, mode);
    if (!file.ok()) return file.status();
    return std::make_unique<SlowFile>(*this, *std::move(file));
  }

  Duration write_time;
  absl::Status write_status;
  int writes = 0;

 private:
  class SlowFile final : public File {
   public:
    SlowFile(SlowDisk& disk, std::unique_ptr<File> file) : disk_(disk), file_(std::move(file)) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) override { return file_->ReadAt(offset, buffer); }
    absl::Status WriteAt(uint64_t offset, std::string_view data) override {
      ++disk_.writes;
      EDGE_CHECK_OK(disk_.scheduler_.SleepFor(disk_.write_time));
      if (disk_.write_status.ok()) return file_->WriteAt(offset, data);
      file_->WriteAt(offset, data.substr(0, data.size() / 2)).IgnoreError();
      return disk_.write_status;
    }
    absl::Status Sync() override { return file_->Sync(); }
    absl::Status Truncate(uint64_t size) override { return file_->Truncate(size); }
    absl::StatusOr<uint64_t> Size() override { return file_->Size(); }

   private:
    SlowDisk& disk_;
    const std::unique_ptr<File> file_;
  };

  Scheduler& scheduler_;
};

struct WriterWorld : VirtualWorld {
  WriterWorld() : disk(scheduler) {}

  std::unique_ptr<RequestLogWriter> Open(const RequestLogWriterLimits& limits = {}) {
    absl::StatusOr<std::unique_ptr<RequestLogWriter>> writer = RequestLogWriter::Open(scheduler, disk, log, kPath, limits);
    EDGE_CHECK_OK(writer.status());
    return *std::move(writer);
  }
  std::string Content() {
    const absl::StatusOr<std::string> content = ReadWholeFile(disk, kPath);
    return content.ok() ? *content : content.status().ToString();
  }

  SlowDisk disk;
  Lines log;
};

RecordedRequest Get(std::string target) {
  RecordedRequest request;
  request.method = "GET";
  request.target = std::move(target);
  request.status = 200;
  return request;
}

TEST(RequestLogWriter, WritesALineForEachRequest) {
  WriterWorld world;
  world.Run([&] {
    const auto writer = world.Open();
    writer->Append(Get("/a"));
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(1)));
    EXPECT_EQ(world.Content(), RequestLogHeading() + RequestLogLine(Get("/a"))) << "as they finish, not only at the end";
    writer->Append(Get("/b"));
    writer->Close();
    EXPECT_EQ(world.Content(), RequestLogHeading() + RequestLogLine(Get("/a")) + RequestLogLine(Get("/b")));
    EXPECT_EQ(writer->written(), 2u);
  });
  EXPECT_TRUE(world.log.all.empty());
}

TEST(RequestLogWriter, NobodyWaitsForTheDisk) {
  WriterWorld world;
  world.disk.write_time = Duration::Seconds(5);
  world.Run([&] {
    const auto writer = world.Open();
    const Instant before = world.time.Now();
    for (int i = 0; i < 100; ++i) writer->Append(Get("/a"));
    EXPECT_EQ(world.time.Now(), before);
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Seconds(1)));
    for (int i = 0; i < 100; ++i) writer->Append(Get("/b"));
    EXPECT_EQ(world.time.Now(), before + Duration::Seconds(1));
    writer->Close();
    EXPECT_EQ(writer->written(), 200u);
  });
  EXPECT_EQ(world.disk.writes, 2) << "what gathers goes out together";
}

TEST(RequestLogWriter, GoesOnWhereAnOlderRecordingEnds) {
  WriterWorld world;
  const std::string old = RequestLogHeading() + RequestLogLine(Get("/old"));
  world.disk.Put(kPath, old + "{\"method\":\"GE");
  world.Run([&] {
    const auto writer = world.Open();
    writer->Append(Get("/new"));
    writer->Close();
  });
  EXPECT_EQ(world.Content(), old + "{\"method\":\"GE\n" + RequestLogLine(Get("/new"))) << "the cut line stays alone";
}

TEST(RequestLogWriter, DoesNotSpoilAnotherFile) {
  WriterWorld world;
  world.disk.Put(kPath, "export default {}\n");
  world.Run([&] {
    const auto writer = RequestLogWriter::Open(world.scheduler, world.disk, world.log, kPath);
    EXPECT_TRUE(absl::IsFailedPrecondition(writer.status())) << writer.status();
  });
  EXPECT_EQ(world.Content(), "export default {}\n");
}

TEST(RequestLogWriter, SaysOnceThatTheDiskFails) {
  WriterWorld world;
  world.Run([&] {
    const auto writer = world.Open();
    writer->Append(Get("/a"));
    EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(1)));
    world.disk.write_status = absl::ResourceExhaustedError("the disk is full");
    for (int i = 0; i < 3; ++i) {
      writer->Append(Get("/lost"));
      EDGE_CHECK_OK(world.scheduler.SleepFor(Duration::Milliseconds(1)));
    }
    writer->Close();
    EXPECT_EQ(writer->dropped(), 3u);
  });
  EXPECT_EQ(world.Content(), RequestLogHeading() + RequestLogLine(Get("/a"))) << "no half of a line";
  EXPECT_EQ(world.log.all, (std::vector<std::string>{"edge: requests are no longer recorded in /home/traffic.jsonl: the disk is full",
                                                     "edge: 3 requests are missing in /home/traffic.jsonl"}));
}

TEST(RequestLogWriter, HasABoundedQueue) {
  WriterWorld world;
  world.disk.write_time = Duration::Seconds(5);
  world.Run([&] {
    const auto writer = world.Open({.queued = ByteCount::KiB(1)});
    for (int i = 0; i < 100; ++i) writer->Append(Get("/a"));
    writer->Close();
    EXPECT_GT(writer->written(), 5u);
    EXPECT_EQ(writer->written() + writer->dropped(), 100u);
  });
  ASSERT_EQ(world.log.all.size(), 2u);
  EXPECT_EQ(world.log.all[0], "edge: requests are missing in /home/traffic.jsonl: the disk does not keep up");
}

}  // namespace
}  // namespace edge
