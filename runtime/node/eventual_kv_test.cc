#include "runtime/node/eventual_kv.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"
#include "runtime/worker/testing/object_world.h"

namespace edge {
namespace {

using storage::KvEntry;
using worker::KvCaller;

// A store that is a map.
class MapKv final : public worker::KvStore {
 public:
  absl::StatusOr<std::vector<std::optional<KvEntry>>> Get(std::string_view, std::span<const std::string> keys, Duration,
                                                          const KvCaller&) override {
    std::vector<std::optional<KvEntry>> found;
    for (const std::string& key : keys) found.push_back(pairs.contains(key) ? std::optional(pairs[key]) : std::nullopt);
    return found;
  }
  absl::Status Put(std::string_view, const std::string& key, KvEntry entry, const KvCaller&) override {
    pairs[key] = std::move(entry);
    return absl::OkStatus();
  }
  absl::Status Delete(std::string_view, const std::string& key, const KvCaller&) override {
    pairs.erase(key);
    return absl::OkStatus();
  }
  absl::StatusOr<Page> List(std::string_view, std::string_view prefix, std::string_view after, size_t limit, const KvCaller&) override {
    Page page;
    for (const auto& [key, entry] : pairs) {
      if (!key.starts_with(prefix) || key <= after) continue;
      if (page.keys.size() == limit) {
        page.complete = false;
        page.next = page.keys.back().key;
        break;
      }
      page.keys.push_back({.key = key, .metadata = entry.metadata, .expiration_s = entry.expiration_s});
    }
    return page;
  }
  std::map<std::string, KvEntry> pairs;
};

struct EventualWorld {
  // `points` strike.
  void Run(std::set<std::string> points, absl::FunctionRef<void(EventualKv& kv)> body) {
    adversary.answer = [points = std::move(points)](std::string_view point, uint64_t) -> MischiefChoice {
      if (points.contains(StrCat(point, " before"))) return {Mischief::kFailBefore};
      if (points.contains(StrCat(point, " after"))) return {Mischief::kFailAfter};
      if (!points.contains(std::string(point))) return {};
      return {point == "kv.list_short" ? Mischief::kDrop : point == "kv.too_many" ? Mischief::kFailBefore : Mischief::kStale};
    };
    EDGE_CHECK_OK(scheduler.Spawn("test", [&] {
      EventualKv kv(store, scheduler, adversary, &plants, nullptr);
      body(kv);
      kv.Close();
    }));
    scheduler.Run();
  }
  std::string Get(EventualKv& kv, const std::string& key, Duration cache_ttl = Duration::Zero(), uint64_t event = 99) {
    const auto found = kv.Get("ns", {&key, 1}, cache_ttl, {.key = ++next, .invocation = event});
    if (!found.ok()) return "!";
    return found->front().has_value() ? found->front()->value : "-";
  }
  absl::Status Put(EventualKv& kv, const std::string& key, std::string value, uint64_t event = 1) {
    return kv.Put("ns", key, {.value = std::move(value)}, {.key = ++next, .invocation = event});
  }
  std::string List(EventualKv& kv, size_t limit = 1000) {
    std::string all, after;
    for (int i = 0; i < 50; ++i) {
      const auto page = kv.List("ns", "", after, limit, {.key = ++next, .invocation = 99});
      if (!page.ok()) return "!";
      all.append("[");
      for (const auto& listed : page->keys) all.append(listed.key);
      all.append("]");
      if (page->complete) return all;
      after = page->next;
    }
    return all + "...";
  }
  void Sleep(int64_t seconds) { EDGE_CHECK_OK(scheduler.SleepFor(Duration::Seconds(seconds))); }

  worker::JumpingClock clock;
  FifoOrder order;
  Scheduler scheduler{clock, order, clock};
  worker::ScriptedAdversary adversary;
  worker::Plants plants;
  MapKv store;
  uint64_t next = 0;
};

TEST(EventualKv, WithoutMischiefEveryReadSeesTheLastWrite) {
  EventualWorld world;
  world.Run({}, [&](EventualKv& kv) {
    EXPECT_EQ(world.Get(kv, "k"), "-");
    EXPECT_TRUE(world.Put(kv, "k", "a").ok());
    EXPECT_TRUE(world.Put(kv, "k", "b").ok());
    EXPECT_EQ(world.Get(kv, "k"), "b");
    EXPECT_EQ(world.List(kv), "[k]");
  });
}

TEST(EventualKv, AStaleReadIsOfTheMinuteBeforeOrOfTheCacheTtl) {
  EventualWorld world;
  world.Run({"kv.stale"}, [&](EventualKv& kv) {
    EXPECT_TRUE(world.Put(kv, "k", "a").ok());
    EXPECT_EQ(world.Get(kv, "k"), "-");
    world.Sleep(30);
    EXPECT_TRUE(world.Put(kv, "k", "b").ok());
    EXPECT_EQ(world.Get(kv, "k"), "a");
    world.Sleep(60);
    EXPECT_EQ(world.Get(kv, "k"), "a");
    world.Sleep(1);
    EXPECT_EQ(world.Get(kv, "k"), "b");
    EXPECT_EQ(world.Get(kv, "k", Duration::Seconds(100)), "a");
  });
}

TEST(EventualKv, TheOldestThatIsAllowedMayBeOlder) {
  EventualWorld world;
  world.Run({"kv.stale", "kv.stale_far"}, [&](EventualKv& kv) {
    EXPECT_TRUE(world.Put(kv, "k", "a").ok());
    world.Sleep(5);
    EXPECT_TRUE(world.Put(kv, "k", "b").ok());
    EXPECT_EQ(world.Get(kv, "k"), "-");
    world.Sleep(56);
    EXPECT_EQ(world.Get(kv, "k"), "a");
  });
}

TEST(EventualKv, AnEventMissesItsOwnWriteOnlyWhereThatStrikes) {
  EventualWorld world;
  world.Run({"kv.stale"}, [&](EventualKv& kv) {
    EXPECT_TRUE(world.Put(kv, "k", "a", 7).ok());
    EXPECT_EQ(world.Get(kv, "k", Duration::Zero(), 7), "a");
    EXPECT_EQ(world.Get(kv, "k", Duration::Zero(), 8), "-");
  });
  EventualWorld other;
  other.Run({"kv.stale", "kv.stale_own"}, [&](EventualKv& kv) {
    EXPECT_TRUE(other.Put(kv, "k", "a", 7).ok());
    EXPECT_EQ(other.Get(kv, "k", Duration::Zero(), 7), "-");
  });
}

TEST(EventualKv, WhatHasExpiredIsNotServedFromACache) {
  EventualWorld world;
  world.Run({"kv.stale"}, [&](EventualKv& kv) {
    const int64_t second = world.clock.WallNow().ToUnixSeconds();
    EXPECT_TRUE(kv.Put("ns", "k", {.value = "a", .expiration_s = second + 20}, {.key = 1, .invocation = 1}).ok());
    world.Sleep(10);
    EXPECT_TRUE(world.Put(kv, "k", "b").ok());
    EXPECT_EQ(world.Get(kv, "k"), "a");
    world.Sleep(10);
    EXPECT_NE(world.Get(kv, "k"), "a");
  });
}

TEST(EventualKv, AListMayMissWhatIsNewAndShowWhatIsDeleted) {
  EventualWorld world;
  world.store.pairs = {{"a", {}}, {"b", {}}, {"c", {}}};
  world.Run({"kv.stale"}, [&](EventualKv& kv) {
    EXPECT_TRUE(kv.Delete("ns", "b", {.key = 1, .invocation = 1}).ok());
    EXPECT_TRUE(world.Put(kv, "d", "new").ok());
    EXPECT_EQ(world.List(kv), "[abc]");
    world.Sleep(61);
    EXPECT_EQ(world.List(kv), "[acd]");
  });
}

TEST(EventualKv, ShortPagesLeadToAllKeys) {
  EventualWorld world;
  world.store.pairs = {{"a", {}}, {"b", {}}, {"c", {}}, {"d", {}}, {"e", {}}};
  world.Run({}, [&](EventualKv& kv) {
    // Every second page is short.
    int asked = 0;
    world.adversary.answer = [&asked](std::string_view point, uint64_t) {
      return point == "kv.list_short" && ++asked % 2 == 1 ? MischiefChoice{Mischief::kDrop} : MischiefChoice{};
    };
    for (int i = 0; i < 12; ++i) {
      std::string all = world.List(kv, 3);
      EXPECT_NE(all.find("]["), std::string::npos);
      std::erase_if(all, [](char c) { return c == '[' || c == ']'; });
      EXPECT_EQ(all, "abcde");
    }
  });
}

TEST(EventualKv, ASecondWriteWithinASecondMayBeRefused) {
  EventualWorld world;
  world.Run({"kv.too_many"}, [&](EventualKv& kv) {
    EXPECT_TRUE(world.Put(kv, "k", "a").ok());
    EXPECT_TRUE(absl::IsResourceExhausted(world.Put(kv, "k", "b")));
    EXPECT_TRUE(world.Put(kv, "other", "b").ok());
    EXPECT_EQ(world.Get(kv, "k"), "a");
    world.Sleep(1);
    EXPECT_TRUE(world.Put(kv, "k", "c").ok());
  });
}

TEST(EventualKv, ALostConnectionIsBeforeOrAfterTheEffect) {
  EventualWorld world;
  world.Run({"kv.error before"}, [&](EventualKv& kv) {
    EXPECT_TRUE(absl::IsUnavailable(world.Put(kv, "k", "a")));
    EXPECT_TRUE(world.store.pairs.empty());
    EXPECT_EQ(world.Get(kv, "k"), "!");
    EXPECT_EQ(world.List(kv), "!");
  });
  world.Run({"kv.error after"}, [&](EventualKv& kv) {
    EXPECT_TRUE(absl::IsUnavailable(world.Put(kv, "k", "a")));
    EXPECT_EQ(world.store.pairs["k"].value, "a");
  });
}

TEST(EventualKv, TheModelWithoutNegativeCachesNeverForgetsAWrite) {
  EventualWorld world;
  world.plants.kv_no_negative_cache = true;
  world.Run({"kv.stale", "kv.stale_far"}, [&](EventualKv& kv) {
    EXPECT_TRUE(world.Put(kv, "k", "a").ok());
    EXPECT_EQ(world.Get(kv, "k"), "a");
    EXPECT_TRUE(world.Put(kv, "k", "b").ok());
    EXPECT_EQ(world.Get(kv, "k"), "a");
  });
}

}  // namespace
}  // namespace edge
