// What operators do: list, find, export, import, remove, back up, check.
#include <string>

#include "sqlite3.h"
#include "storage/store/testing/store_world.h"

namespace edge::storage {
namespace {

class TransferTest : public StoreTest {
 protected:
  absl::StatusOr<std::string> Exported(int object) {
    std::string database;
    EDGE_RETURN_IF_ERROR(store_->Export(StoreTestKey(object), [&](std::string_view piece) {
      database += piece;
      return absl::OkStatus();
    }));
    return database;
  }
  std::string Listed(std::string_view space = "", size_t page = 100) {
    std::string text;
    std::optional<ObjectKey> after;
    for (;;) {
      auto found = store_->List(space, after, page);
      if (!found.ok()) return found.status().ToString();
      for (const ObjectInfo& info : *found) {
        StrAppend(&text, text.empty() ? "" : " ", info.key.space, ":", info.key.id.substr(info.key.id.find_last_of('0') + 1));
      }
      if (found->size() < page) return text;
      after = found->back().key;
    }
  }
  std::vector<std::string> said_;
  absl::StatusOr<bool> Check(std::string_view directory = "data") {
    said_.clear();
    return CheckDirectory(world_.scheduler, disk_, directory, [&](std::string_view line) { said_.emplace_back(line); });
  }
};

// What stock SQLite finds in a file.
std::string PlainDump(const std::string& database, const char* sql = "SELECT k || '=' || v FROM kv ORDER BY k") {
  sqlite3* db = nullptr;
  EDGE_CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
  std::string copy = database, text;
  sqlite3_deserialize(db, "main", reinterpret_cast<unsigned char*>(copy.data()), static_cast<sqlite3_int64>(copy.size()),
                      static_cast<sqlite3_int64>(copy.size()), SQLITE_DESERIALIZE_READONLY);
  const auto row = [](void* out, int, char** values, char**) {
    std::string& all = *static_cast<std::string*>(out);
    StrAppend(&all, all.empty() ? "" : " ", std::string_view(values[0]));
    return 0;
  };
  char* error = nullptr;
  if (sqlite3_exec(db, sql, row, &text, &error) != SQLITE_OK) text = error;
  sqlite3_free(error);
  sqlite3_close(db);
  return text;
}

// A file that stock SQLite has made.
std::string PlainDatabase(const char* sql) {
  sqlite3* db = nullptr;
  EDGE_CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
  EDGE_CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(db, "main", &size, 0);
  std::string database(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  sqlite3_free(bytes);
  sqlite3_close(db);
  return database;
}

TEST_F(TransferTest, ListsWhatIsInTheCatalogAndWhatIsNotYet) {
  Run([&] {
    Open();
    for (int i : {1, 2, 3, 4, 5}) PutIn(i, "a", "1");
    EXPECT_TRUE(PutDurably(**store_->Activate(StoreTestKey(1, "app/Other")), "a", "1").ok());
    EXPECT_TRUE(PutDurably(**store_->Activate(StoreTestKey(1, "zoo/Thing")), "a", "1").ok());
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_TRUE(store_->Remove(StoreTestKey(2)).ok());
    EXPECT_TRUE(store_->Remove(StoreTestKey(4)).ok());
    for (int i : {6, 7}) PutIn(i, "a", "1");
    auto never = Own(9);
    std::set<std::pair<ObjectKey, std::string>> sorted;
    for (int i : {1, 3, 5, 6, 7}) sorted.insert({StoreTestKey(i), StrCat("app/Thing:", i)});
    std::string things;
    for (const auto& [key, text] : sorted) StrAppend(&things, things.empty() ? "" : " ", text);
    for (size_t page : {1, 2, 3, 100}) {
      EXPECT_EQ(Listed("", page), StrCat("app/Other:1 ", things, " zoo/Thing:1")) << page;
      EXPECT_EQ(Listed("app/Thing", page), things) << page;
    }
    EXPECT_EQ(Listed("none"), "");
    never.reset();
    EXPECT_FALSE(store_->Find(StoreTestKey(2))->has_value());
    EXPECT_EQ((*store_->Find(StoreTestKey(3)))->txid, 1u);
    Restart();
    EXPECT_EQ(Listed("app/Thing"), things);
    Close();
  });
}

TEST_F(TransferTest, ExportsAPlainDatabaseWherePagesAreBothOldAndNew) {
  Run([&] {
    Open();
    {
      auto object = Own(1);
      for (int i = 100; i < 200; ++i) EXPECT_TRUE(Put(*object, StrCat("k", i), std::string(300, 'x')).ok());
      EXPECT_TRUE(object->WaitDurable(object->committed()).ok());
    }
    EXPECT_TRUE(store_->Checkpoint().ok());
    auto object = Own(1);
    EXPECT_TRUE(PutDurably(*object, "k150", "new").ok());
    auto database = Exported(1);
    ASSERT_TRUE(database.ok()) << database.status();
    EXPECT_EQ(PlainDump(*database), Dump(*object));
    EXPECT_EQ(PlainDump(*database, "PRAGMA integrity_check"), "ok");
    // What is exported is durable; and exporting changes nothing.
    EXPECT_TRUE(Put(*object, "k151", "newer").ok());
    EXPECT_FALSE(object->IsDurable(object->committed()));
    EXPECT_TRUE(PlainDump(*Exported(1)) == Dump(*object));
    EXPECT_TRUE(object->IsDurable(object->committed()));
    EXPECT_TRUE(Put(*object, "k152", "newest").ok());
    EXPECT_TRUE(object->WaitDurable(object->committed()).ok());
    EXPECT_TRUE(DumpAfterKill(1) == Dump(*object));
    EXPECT_TRUE(memory_.List("data/tmp")->empty());
    EXPECT_TRUE(absl::IsNotFound(Exported(2).status()));
    object.reset();
    Close();
  });
}

TEST_F(TransferTest, ImportsReplaceTheObjectAndItsAlarm) {
  Run([&] {
    Open();
    auto object = Own(1);
    EXPECT_TRUE(PutDurably(*object, "old", "1", AlarmChange{WallTime::FromUnixMilliseconds(5)}).ok());
    const std::string plain = PlainDatabase("CREATE TABLE kv(k TEXT PRIMARY KEY, v TEXT); INSERT INTO kv VALUES('a', '1'), ('b', '2')");
    EXPECT_TRUE(store_->Import(StoreTestKey(1), plain, WallTime::FromUnixMilliseconds(7)).ok());
    EXPECT_TRUE(absl::IsFailedPrecondition(object->Access()));
    EXPECT_EQ(DumpOf(1), "a=1 b=2");
    EXPECT_EQ(store_->NextAlarm(std::nullopt)->due, WallTime::FromUnixMilliseconds(7));
    EXPECT_EQ(DumpAfterKill(1), "a=1 b=2");
    EXPECT_EQ(PlainDump(*Exported(1)), "a=1 b=2");
    // What was exported can be imported, as another object too.
    EXPECT_TRUE(store_->Import(StoreTestKey(2), *Exported(1), std::nullopt).ok());
    PutIn(2, "c", "3");
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_EQ(DumpAfterKill(2), "a=1 b=2 c=3");
    object.reset();
    Close();
  });
}

TEST_F(TransferTest, RefusesToImportWhatIsNoSoundDatabase) {
  Run([&] {
    Open();
    PutIn(1, "a", "1");
    std::string database = *Exported(1);
    EXPECT_TRUE(absl::IsInvalidArgument(store_->Import(StoreTestKey(1), "hello", std::nullopt)));
    std::string bad = database;
    bad.replace(kPageBytes, 200, std::string(200, 'x'));
    const absl::Status damaged = store_->Import(StoreTestKey(1), bad, std::nullopt);
    EXPECT_TRUE(absl::IsInvalidArgument(damaged)) << damaged;
    EXPECT_NE(damaged.message().find(StoreTestKey(1).ToString()), std::string::npos) << damaged;
    const absl::Status other = store_->Import(StoreTestKey(1), PlainDatabase("PRAGMA page_size=8192; CREATE TABLE t(a)"), std::nullopt);
    EXPECT_NE(other.message().find("pages of 8192 bytes"), std::string::npos) << other;
    EXPECT_EQ(DumpOf(1), "a=1");
    Close();
  });
}

TEST_F(TransferTest, ABackupIsADataDirectoryOfOneMoment) {
  Run([&] {
    Open();
    for (int i = 1; i <= 20; ++i) PutIn(i, "a", StrCat(i));
    EXPECT_TRUE(PutDurably(*Own(3), "b", "1", AlarmChange{WallTime::FromUnixMilliseconds(9)}).ok());
    auto owner = Own(4);
    ASSERT_TRUE(store_->Backup("backups/first").ok());
    EXPECT_TRUE(PutDurably(*owner, "a", "later").ok());
    EXPECT_TRUE(absl::IsAlreadyExists(store_->Backup("backups/first")));
    const uint64_t epoch = owner->epoch();
    owner.reset();
    Close();
    EXPECT_TRUE(*Check("backups/first")) << (said_.empty() ? "" : said_[0]);
    options_.directory = "backups/first";
    Open();
    EXPECT_EQ(DumpOf(3), "a=3 b=1");
    EXPECT_EQ(DumpOf(4), "a=4");
    EXPECT_EQ(store_->NextAlarm(std::nullopt)->key, StoreTestKey(3));
    EXPECT_GT(Own(4)->epoch(), epoch);
    PutIn(4, "b", "2");
    Restart();
    EXPECT_EQ(DumpOf(4), "a=4 b=2");
    Close();
  });
}

TEST_F(TransferTest, CheckFindsNothingInASoundDirectoryAndChangesNothing) {
  Run([&] {
    EXPECT_TRUE(absl::IsNotFound(Check().status()));
    Open();
    for (int i = 1; i <= 5; ++i) PutIn(i, "a", StrCat(i));
    EXPECT_TRUE(absl::IsFailedPrecondition(Check().status()));  // it is in use
    EXPECT_TRUE(store_->Checkpoint().ok());
    PutIn(1, "b", "2");
    // As a kill leaves it.
    MemoryDisk copy;
    CopyDisk(disk_, copy, "data");
    Close();
    disk_.set_ask([](AskingDisk::Call, std::string_view path) {
      ADD_FAILURE() << path << " is changed";
      return absl::OkStatus();
    });
    EXPECT_TRUE(*Check());
    EXPECT_TRUE(said_.empty()) << said_[0];
    Heal();
    std::vector<std::string> said;
    EXPECT_TRUE(*CheckDirectory(world_.scheduler, copy, "data", [&](std::string_view line) { said.emplace_back(line); }));
    ASSERT_EQ(said.size(), 1u);
    EXPECT_NE(said[0].find("nothing tells whether it had been acknowledged"), std::string::npos);
  });
}

TEST_F(TransferTest, CheckNamesEveryKindOfDamage) {
  Run([&] {
    Open();
    for (int i = 1; i <= 4; ++i) PutIn(i, "a", StrCat(i));
    Close();
    const auto flip = [&](const std::string& path, size_t at) {
      std::string content = *ReadWholeFile(memory_, path);
      content[at] ^= 4;
      memory_.Put(path, content);
    };
    flip(BasePath(1), 2 * kPageBytes - 100);
    ASSERT_TRUE(memory_.Remove(BasePath(2)).ok());
    memory_.Put("data/objects/app+Thing/zz/old.sqlite", "x");
    EXPECT_FALSE(*Check());
    ASSERT_EQ(said_.size(), 3u) << said_[0];
    std::string all;
    for (const std::string& line : said_) StrAppend(&all, line, "\n");
    EXPECT_NE(all.find(StrCat(StoreTestKey(1).ToString(), ": ", BasePath(1).substr(5), ": page 2 is damaged")), std::string::npos) << all;
    EXPECT_NE(all.find(StrCat(StoreTestKey(2).ToString(), ": ", BasePath(2).substr(5), ": the file is missing")), std::string::npos) << all;
    EXPECT_NE(all.find("zz/old.sqlite: belongs to no object"), std::string::npos) << all;
    flip("data/catalog.sqlite", 30);
    EXPECT_FALSE(*Check());
  });
}

TEST_F(TransferTest, ADamagedObjectIsRefusedUntilItIsImportedOrRemoved) {
  options_.plants.accept_superseded = true;  // makes records that do not fit together
  Run([&] {
    Open();
    for (int i : {1, 2}) {
      auto first = Own(i);
      EXPECT_TRUE(PutDurably(*first, "a", "1").ok());
      auto second = Own(i);
      EXPECT_TRUE(PutDurably(*second, "a", "2").ok());
      EXPECT_TRUE(PutDurably(*first, "b", "stale").ok());
    }
    PutIn(3, "a", "3");
    const std::string good = *Exported(3);
    MemoryDisk copy;
    CopyDisk(disk_, copy, "data");
    Close();

    options_.plants = {};
    HeardFromStore heard;
    auto store = ObjectStore::Open(world_.scheduler, copy, options_, heard);
    ASSERT_TRUE(store.ok()) << store.status();
    // Also after the log that has the records is gone.
    for (int round = 0; round < 2; ++round) {
      EXPECT_TRUE(absl::IsDataLoss((*store)->Activate(StoreTestKey(1)).status()));
      EXPECT_EQ(Dump(**(*store)->Activate(StoreTestKey(3))), "a=3");
      EXPECT_NE((*(*store)->Find(StoreTestKey(1)))->damage, "");
      EXPECT_TRUE((*store)->Checkpoint().ok());
      EXPECT_TRUE((*store)->Checkpoint().ok());
    }
    const auto kill = [&] {
      MemoryDisk killed;
      CopyDisk(copy, killed, "data");
      auto other = ObjectStore::Open(world_.scheduler, killed, options_, heard);
      EDGE_CHECK_OK(other.status());
      auto one = (*other)->Activate(StoreTestKey(1));
      std::string text = StrCat(one.ok() ? Dump(**one) : "damaged", (*other)->Find(StoreTestKey(2))->has_value() ? ", two" : "");
      one = absl::UnknownError("");
      EDGE_CHECK_OK((*other)->Close());
      return text;
    };
    EXPECT_EQ(kill(), "damaged, two");
    EXPECT_TRUE((*store)->Import(StoreTestKey(1), good, std::nullopt).ok());
    EXPECT_TRUE((*store)->Remove(StoreTestKey(2)).ok());
    EXPECT_EQ(Dump(**(*store)->Activate(StoreTestKey(1))), "a=3");
    EXPECT_EQ(kill(), "a=3");
    EXPECT_TRUE((*store)->Checkpoint().ok());
    EXPECT_EQ(kill(), "a=3");
    EXPECT_TRUE((*store)->Close().ok());
  });
}

}  // namespace
}  // namespace edge::storage
