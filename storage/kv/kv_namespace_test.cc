#include "storage/kv/kv_namespace.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "runtime/fiber/task_group.h"
#include "storage/store/testing/store_world.h"

namespace edge::storage {
namespace {

using Call = AskingDisk::Call;

constexpr int64_t kStart = 1'700'000'000;
WallTime At(int64_t second) { return WallTime::FromUnixMilliseconds((kStart + second) * 1000); }

class KvNamespaceTest : public StoreTest {
 protected:
  std::unique_ptr<KvNamespace> Make() { return Over(*store_); }
  std::unique_ptr<KvNamespace> Over(ObjectStore& store) {
    return std::make_unique<KvNamespace>(world_.scheduler, store, *KvNamespace::KeyOf("one"));
  }
  static std::optional<KvEntry> GetOne(KvNamespace& kv, std::string key, WallTime now = At(0)) {
    const auto got = kv.Get(std::vector<std::string>{std::move(key)}, now);
    EDGE_CHECK_OK(got.status());
    return got->front();
  }
  static std::string ValueOf(KvNamespace& kv, std::string key, WallTime now = At(0)) {
    const std::optional<KvEntry> entry = GetOne(kv, std::move(key), now);
    return entry.has_value() ? entry->value : "(none)";
  }
  static std::string Names(const KvPage& page) {
    std::string names;
    for (const KvListed& listed : page.keys) names.append(listed.key).append(" ");
    return names + (page.complete ? "." : "...");
  }
  static std::string ListOf(KvNamespace& kv, std::string_view prefix, std::string_view after = "", size_t limit = 1000,
                            WallTime now = At(0)) {
    const absl::StatusOr<KvPage> page = kv.List(prefix, after, limit, now);
    return page.ok() ? Names(*page) : page.status().ToString();
  }
};

TEST_F(KvNamespaceTest, GivesBackWhatWasPutAlsoAfterAKill) {
  Run([&] {
    Open();
    {
      const auto kv = Make();
      const KvEntry entry = {.value = std::string("a\0b", 3), .metadata = "{\"m\":1}", .expiration_s = kStart + 100};
      EXPECT_EQ(GetOne(*kv, "k"), std::nullopt);
      EXPECT_TRUE(kv->Put("k", entry, At(0)).ok());
      EXPECT_EQ(GetOne(*kv, "k"), entry);
      EXPECT_TRUE(kv->Put("k2", {.value = "old", .metadata = "1", .expiration_s = kStart + 100}, At(0)).ok());
      EXPECT_TRUE(kv->Put("k2", {.value = "new"}, At(0)).ok());
      EXPECT_TRUE(kv->Put("gone", {.value = "x"}, At(0)).ok());
      EXPECT_TRUE(kv->Delete("gone", At(0)).ok());
      EXPECT_TRUE(kv->Delete("never", At(0)).ok());
      AfterKill([&](ObjectStore& store, HeardFromStore&) {
        const auto again = Over(store);
        EXPECT_EQ(GetOne(*again, "k"), entry);
        EXPECT_EQ(GetOne(*again, "k2"), KvEntry{.value = "new"});
        EXPECT_EQ(GetOne(*again, "gone"), std::nullopt);
      });
    }
    Close();
  });
}

TEST_F(KvNamespaceTest, LongValuesAreKeptInPiecesAndReplacedWhole) {
  options_.overlay_max = ByteCount::MiB(128);
  options_.log = {.segment = ByteCount::MiB(4), .size_max = ByteCount::MiB(256)};
  options_.log_checkpoint_bytes = ByteCount::MiB(64);
  Run([&] {
    Open();
    {
      const auto kv = Make();
      std::string longest(25u * 1024 * 1024, '.');
      for (size_t i = 0; i < longest.size(); i += 4099) longest[i] = static_cast<char>('a' + i % 23);
      EXPECT_TRUE(kv->Put("k", {.value = longest}, At(0)).ok());
      EXPECT_TRUE(ValueOf(*kv, "k") == longest);
      const std::string shorter(2u * 1024 * 1024 + 1, 'y');
      EXPECT_TRUE(kv->Put("k", {.value = shorter}, At(0)).ok());
      EXPECT_TRUE(ValueOf(*kv, "k") == shorter);
      EXPECT_TRUE(kv->Put("k", {.value = ""}, At(0)).ok());
      EXPECT_EQ(ValueOf(*kv, "k"), "");
      for (const size_t edge : {1024u * 1024 - 1, 1024u * 1024, 1024u * 1024 + 1}) {
        EXPECT_TRUE(kv->Put("edge", {.value = std::string(edge, 'e')}, At(0)).ok());
        EXPECT_EQ(ValueOf(*kv, "edge").size(), edge);
      }
      EXPECT_TRUE(kv->Delete("edge", At(0)).ok());
      // Nothing of it is left that a new pair of the same number could take for its own.
      EXPECT_TRUE(kv->Put("edge2", {.value = std::string(1024u * 1024 + 1, 'f')}, At(0)).ok());
      EXPECT_EQ(ValueOf(*kv, "edge2").size(), 1024u * 1024 + 1);
    }
    Close();
  });
}

TEST_F(KvNamespaceTest, ExpiredPairsAreInvisibleAtOnceAndRemovedByLaterWrites) {
  Run([&] {
    Open();
    {
      const auto kv = Make();
      for (int i = 0; i < 40; ++i) {
        EXPECT_TRUE(kv->Put(StrCat("k", i), {.value = "x", .expiration_s = kStart + 60}, At(0)).ok());
      }
      EXPECT_TRUE(kv->Put("stays", {.value = "y"}, At(0)).ok());
      EXPECT_EQ(ValueOf(*kv, "k1", At(59)), "x");
      EXPECT_EQ(ValueOf(*kv, "k1", At(60)), "(none)");
      EXPECT_EQ(ListOf(*kv, "", "", 1000, At(60)), "stays .");
      EXPECT_EQ(*kv->KeptPairs(), 41);
      EXPECT_TRUE(kv->Put("stays", {.value = "z"}, At(61)).ok());
      EXPECT_EQ(*kv->KeptPairs(), 25);
      for (int i = 0; i < 3; ++i) EXPECT_TRUE(kv->Delete("nothing", At(61)).ok());
      EXPECT_EQ(*kv->KeptPairs(), 1);
    }
    Close();
  });
}

TEST_F(KvNamespaceTest, ListsByBytesInPages) {
  Run([&] {
    Open();
    {
      const auto kv = Make();
      for (const char* key : {"b", "a", "a/2", "a/1", "\xc3\xa4", "a/\xff", "Z"}) EXPECT_TRUE(kv->Put(key, {.value = "x"}, At(0)).ok());
      EXPECT_TRUE(kv->Put("\xff\xff", {.value = "x"}, At(0)).ok());
      EXPECT_EQ(ListOf(*kv, ""), "Z a a/1 a/2 a/\xff b \xc3\xa4 \xff\xff .");
      EXPECT_EQ(ListOf(*kv, "a/"), "a/1 a/2 a/\xff .");
      EXPECT_EQ(ListOf(*kv, "a/", "", 2), "a/1 a/2 ...");
      EXPECT_EQ(ListOf(*kv, "a/", "a/2", 2), "a/\xff .");
      EXPECT_EQ(ListOf(*kv, "a/", "", 3), "a/1 a/2 a/\xff .");
      EXPECT_EQ(ListOf(*kv, "\xff"), "\xff\xff .");
      EXPECT_EQ(ListOf(*kv, "nothing"), ".");
    }
    Close();
  });
}

TEST_F(KvNamespaceTest, NamespacesOfDifferentIdentifiersAreApart) {
  EXPECT_EQ(KvNamespace::KeyOf("0123abc_-Z")->space, "edge/kv/0123abc_-Z");
  EXPECT_EQ(KvNamespace::KeyOf("a.b/c")->space, "edge/kv/a.2eb.2fc");
  EXPECT_TRUE(absl::IsInvalidArgument(KvNamespace::KeyOf("").status()));
  EXPECT_TRUE(KvNamespace::KeyOf(std::string(64, '/')).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(KvNamespace::KeyOf(std::string(65, 'x')).status()));
  Run([&] {
    Open();
    {
      KvNamespace one(world_.scheduler, *store_, *KvNamespace::KeyOf("<id>"));
      KvNamespace two(world_.scheduler, *store_, *KvNamespace::KeyOf(std::string(64, '/')));
      EXPECT_TRUE(one.Put("k", {.value = "1"}, At(0)).ok());
      EXPECT_TRUE(two.Put("k", {.value = "2"}, At(0)).ok());
      EXPECT_EQ(ValueOf(one, "k"), "1");
      EXPECT_EQ(ValueOf(two, "k"), "2");
    }
    Close();
  });
}

TEST_F(KvNamespaceTest, AReaderIsNotToldOfWhatAFailedSyncTakesBack) {
  Run([&] {
    Open();
    {
      const auto kv = Make();
      EXPECT_TRUE(kv->Put("k", {.value = "one"}, At(0)).ok());
      FailCalls(Call::kSync, "log/", absl::DataLossError("EIO"), 1);
      TaskGroup group(world_.scheduler);
      absl::Status put;
      std::string read;
      EDGE_CHECK_OK(group.Spawn("put", [&] { put = kv->Put("k", {.value = "two"}, At(0)); }));
      EDGE_CHECK_OK(group.Spawn("get", [&] { read = ValueOf(*kv, "k"); }));
      group.Wait();
      EXPECT_TRUE(absl::IsUnavailable(put)) << put;
      EXPECT_EQ(read, "one");
      Heal();
      EXPECT_TRUE(kv->Put("k", {.value = "three"}, At(0)).ok());
      EXPECT_EQ(ValueOf(*kv, "k"), "three");
    }
    Close();
  });
}

// Against a map; a sync may fail, and the process may be killed after any step.
RC_GTEST_FIXTURE_PROP(KvNamespaceTest, IsAMapWhateverFails, ()) {
  struct Step {
    int kind, key, size, ttl;
  };
  const auto steps = *rc::gen::container<std::vector<Step>>(rc::gen::construct<Step>(rc::gen::inRange(0, 12), rc::gen::inRange(0, 8),
                                                                                     rc::gen::inRange(0, 5000), rc::gen::inRange(-1, 20)))
                          .as("steps");
  std::string broken;  // the first thing that does not hold: an exception may not leave a fiber
  const auto hold = [&](bool holds, std::string_view what) {
    if (!holds && broken.empty()) broken = what;
  };
  Run([&] {
    Open();
    {
      auto kv = Make();
      std::map<std::string, KvEntry> model;
      int64_t second = 0;
      bool shaken = false;  // the step before made a sync fail
      const auto live = [&](const KvEntry& entry) { return !entry.expiration_s.has_value() || *entry.expiration_s > kStart + second; };
      const auto check = [&](KvNamespace& looked) {
        std::string expected;
        for (const auto& [key, entry] : model) {
          if (live(entry)) expected.append(key).append(" ");
          hold(GetOne(looked, key, At(second)) == (live(entry) ? std::optional(entry) : std::nullopt),
               "GetOne(looked, key, At(second)) == (live(entry) ? std::optional(entry) : std::nullopt)");
        }
        // In pages of three.
        std::string listed, after;
        for (;;) {
          const auto page = looked.List("k", after, 3, At(second));
          hold(page.ok(), "page.ok()");
          if (!page.ok()) return;
          for (const KvListed& one : page->keys) listed.append(one.key).append(" ");
          if (page->complete) break;
          after = page->keys.back().key;
        }
        hold(listed == expected, "listed == expected");
      };
      for (const Step& step : steps) {
        const std::string key = StrCat("k", step.key);
        const bool fails = step.kind >= 9 && step.kind < 11;
        if (fails) FailCalls(Call::kSync, "log/", absl::DataLossError("EIO"), 1);
        if (step.kind < 5 || step.kind == 9) {
          KvEntry entry = {.value = std::string(static_cast<size_t>(step.size), static_cast<char>('a' + step.key)), .metadata = "1"};
          if (step.ttl >= 0) entry.expiration_s = kStart + second + step.ttl;
          const absl::Status put = kv->Put(key, entry, At(second));
          // While a sync fails and while the log begins anew after it, a write may be refused: it is then not there.
          hold(put.ok() || fails || shaken, "a put succeeds");
          if (put.ok()) model[key] = entry;
        } else if (step.kind < 7) {
          const bool deleted = kv->Delete(key, At(second)).ok();
          hold(deleted || shaken, "a delete succeeds");
          if (deleted) model.erase(key);
        } else if (step.kind == 7) {
          second += step.ttl + 1;
        } else if (step.kind == 8) {
          AfterKill([&](ObjectStore& store, HeardFromStore&) { check(*Over(store)); });
        } else if (step.kind == 10) {
          // A delete of what is not there need not write anything.
          const absl::Status deleted = kv->Delete(key, At(second));
          if (deleted.ok()) model.erase(key);
        } else {
          kv.reset();
          Restart();
          kv = Make();
        }
        Heal();
        shaken = fails;
        check(*kv);
      }
    }
    Close();
  });
  RC_ASSERT(broken == "");
}

}  // namespace
}  // namespace edge::storage
