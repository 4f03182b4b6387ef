// StoreTest: the fixture of the store's tests: virtual time, a disk in memory that fails when told, one store at a time.
#ifndef EDGE_STORAGE_STORE_TESTING_STORE_WORLD_H_
#define EDGE_STORAGE_STORE_TESTING_STORE_WORLD_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "runtime/fiber/virtual_time.h"
#include "storage/log/log_testing.h"
#include "storage/store/store_testing.h"
#include "storage/testing/memory_disk.h"

namespace edge::storage {

class StoreTest : public ::testing::Test {
 protected:
  void Run(absl::AnyInvocable<void()> body) { world_.Run(std::move(body)); }
  // Lets the store's own fibers do what they can do now.
  void Settle() { EDGE_CHECK_OK(world_.scheduler.SleepFor(Duration::Microseconds(1))); }

  absl::Status TryOpen() {
    auto store = ObjectStore::Open(world_.scheduler, disk_, options_, heard_);
    if (store.ok()) store_ = *std::move(store);
    return store.status();
  }
  void Open() { EDGE_CHECK_OK(TryOpen()); }
  void Close() {
    EDGE_CHECK_OK(store_->Close());
    store_.reset();
  }
  void Restart() {
    Close();
    Open();
  }
  std::unique_ptr<OwnedObject> Own(int object) {
    auto owned = store_->Activate(StoreTestKey(object));
    EDGE_CHECK_OK(owned.status());
    return *std::move(owned);
  }
  void PutIn(int object, std::string_view k, std::string v) { EDGE_CHECK_OK(PutDurably(*Own(object), k, std::move(v))); }
  std::string DumpOf(int object) {
    auto owned = store_->Activate(StoreTestKey(object));
    return owned.ok() ? Dump(**owned) : owned.status().ToString();
  }

  // The store as it would be found if the process were killed now.
  void AfterKill(absl::AnyInvocable<void(ObjectStore& store, HeardFromStore& heard)> look) {
    MemoryDisk copy;
    CopyDisk(disk_, copy, options_.directory);
    HeardFromStore heard;
    auto store = ObjectStore::Open(world_.scheduler, copy, options_, heard);
    ASSERT_TRUE(store.ok()) << store.status();
    Settle();
    look(**store, heard);
    EXPECT_TRUE((*store)->Close().ok());
  }
  std::string DumpAfterKill(int object) {
    std::string dump;
    AfterKill([&](ObjectStore& store, HeardFromStore&) {
      auto owned = store.Activate(StoreTestKey(object));
      dump = owned.ok() ? Dump(**owned) : owned.status().ToString();
    });
    return dump;
  }
  std::string BasePath(int object) {
    const ObjectKey key = StoreTestKey(object);
    return StrCat(options_.directory, "/objects/app+Thing/", key.id.substr(0, 2), "/", key.id, ".sqlite");
  }
  bool Exists(std::string_view path) { return memory_.Open(path, OpenMode::kReadOnly).ok(); }
  // Calls whose path has `part` in it fail from now on; empty: none.
  void FailCalls(AskingDisk::Call call, std::string_view part, absl::Status status, int times = 1'000'000) {
    disk_.set_ask([=, part = std::string(part), left = times](AskingDisk::Call c, std::string_view path) mutable {
      if (c != call || path.find(part) == std::string_view::npos || left == 0) return absl::OkStatus();
      --left;
      return status;
    });
  }
  void Heal() { disk_.set_ask(nullptr); }

  VirtualWorld world_;
  MemoryDisk memory_;
  AskingDisk disk_{memory_};
  StoreOptions options_ = SmallStore();
  HeardFromStore heard_;
  std::unique_ptr<ObjectStore> store_;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_TESTING_STORE_WORLD_H_
