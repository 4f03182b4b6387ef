#include "sim/disk/platter.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "sim/disk/crash_points.h"
#include "sim/disk/crash_strategy_testing.h"

namespace edge::sim {
namespace {

using Names = std::map<std::string, Key>;

class PlatterTest : public ::testing::Test {
 protected:
  void Put(std::string_view path, std::string_view content) {
    auto node = platter.Open(path, OpenMode::kCreate);
    ASSERT_TRUE(node.ok()) << node.status();
    (*node)->content.Resize(0);
    (*node)->content.Write(0, content);
    (*node)->content.BeginSync();
    (*node)->content.EndSync();
  }
  std::string Get(std::string_view path) {
    auto node = platter.Open(path, OpenMode::kReadOnly);
    if (!node.ok()) return absl::IsNotFound(node.status()) ? "absent" : node.status().ToString();
    std::string all((*node)->content.size(), '?');
    (*node)->content.Read(0, all);
    return all;
  }
  void SyncDirectory(std::string_view path) {
    const PlatterNodePtr folder = *platter.Folder(path);
    platter.SyncNames(*folder, platter.LastOperation(*folder));
  }
  void LoseAll() {
    world.strategy.Say(kCrashNames, static_cast<int64_t>(NamesFate::kLost));
    platter.PowerLoss(world.oracle, ActorId::kWorld);
  }
  // Of the folder's operations that wait, the last `lost` are lost.
  void LoseLast(int64_t lost) {
    world.strategy.Say(kCrashNames, static_cast<int64_t>(NamesFate::kCut));
    world.strategy.Say(kCrashNamesCut, lost - 1);
    platter.PowerLoss(world.oracle, ActorId::kWorld);
  }

  CrashWorld world;
  Platter platter;
};

TEST_F(PlatterTest, ANameIsDurableOnlyAfterItsFolderWasSynced) {
  Put("kept", "1");
  SyncDirectory("/");
  Put("lost", "2");

  LoseAll();

  EXPECT_EQ(Get("kept"), "1");
  EXPECT_EQ(Get("lost"), "absent");
  EXPECT_TRUE(platter.clean());
}

TEST_F(PlatterTest, AFolderNeedsItsOwnNameToBeDurableToo) {
  Put("a/b", "1");
  SyncDirectory("a");

  LoseAll();

  EXPECT_TRUE(absl::IsNotFound(platter.List("a").status()));
}

TEST_F(PlatterTest, ARemovedNameComesBackUntilItsFolderWasSynced) {
  Put("f", "1");
  SyncDirectory(".");
  ASSERT_TRUE(platter.Remove("f").ok());
  EXPECT_EQ(Get("f"), "absent");

  LoseAll();

  EXPECT_EQ(Get("f"), "1");
}

TEST_F(PlatterTest, AReplacingRenameIsOldOrNewButNeverNeither) {
  Put("f", "old");
  SyncDirectory("/");
  Put("f.tmp", "new");
  ASSERT_TRUE(platter.Rename("f.tmp", "f").ok());

  LoseLast(1);  // the rename

  EXPECT_EQ(Get("f"), "old");
  EXPECT_EQ(Get("f.tmp"), "new");
}

TEST_F(PlatterTest, ARenameBetweenFoldersHappensInBothOrInNeither) {
  Put("a/f", "1");
  Put("b/g", "2");
  for (const char* folder : {"/", "a", "b"}) SyncDirectory(folder);
  ASSERT_TRUE(platter.Rename("a/f", "b/f").ok());
  Put("b/later", "3");
  // "a" keeps what it has, "b" loses all of it.
  int asked = 0;
  world.strategy.Ask(kCrashNames, [&] { return static_cast<int64_t>(asked++ == 0 ? NamesFate::kKept : NamesFate::kLost); });

  platter.PowerLoss(world.oracle, ActorId::kWorld);

  EXPECT_EQ(Get("a/f"), "1");
  EXPECT_EQ(Get("b/f"), "absent");
  EXPECT_EQ(Get("b/later"), "absent");
}

TEST_F(PlatterTest, SyncingOneEndOfARenameSyncsTheOther) {
  Put("a/f", "1");
  Put("b/g", "2");
  for (const char* folder : {"/", "a", "b"}) SyncDirectory(folder);
  ASSERT_TRUE(platter.Rename("a/f", "b/f").ok());
  SyncDirectory("a");

  LoseAll();

  EXPECT_EQ(Get("a/f"), "absent");
  EXPECT_EQ(Get("b/f"), "1");
}

TEST_F(PlatterTest, AFolderIsRemovedPieceByPiece) {
  Put("a/1", "x");
  Put("a/2", "y");
  for (const char* folder : {"/", "a"}) SyncDirectory(folder);
  ASSERT_TRUE(platter.Remove("a").ok());

  LoseLast(1);  // of "a" the second removal, of the root that of "a"

  EXPECT_EQ(Get("a/1"), "absent");
  EXPECT_EQ(Get("a/2"), "y");
}

TEST_F(PlatterTest, AProcessCrashLosesNothing) {
  Put("a/f", "1");
  (*platter.Open("a/f", OpenMode::kReadWrite))->content.Write(0, "2");
  world.strategy.Say(kCrashNames, static_cast<int64_t>(NamesFate::kLost));

  platter.ProcessCrash(world.oracle, ActorId::kWorld);

  EXPECT_EQ(Get("a/f"), "2");
}

TEST_F(PlatterTest, AProcessCrashMayTakeWhatAFailedSyncForgot) {
  Put("f", "old");
  auto node = *platter.Open("f", OpenMode::kReadWrite);
  node->content.Write(0, "new");
  node->content.BeginSync();
  node->content.FailSync(0);
  world.strategy.Say(kCrashEvict, 1);

  platter.ProcessCrash(world.oracle, ActorId::kWorld);

  EXPECT_EQ(Get("f"), "old");
}

TEST_F(PlatterTest, RefusesWhatADiskRefuses) {
  Put("folder/file", "x");
  Put("file", "x");

  EXPECT_TRUE(absl::IsInvalidArgument(platter.Open("folder", OpenMode::kReadOnly).status()));
  EXPECT_TRUE(absl::IsAlreadyExists(platter.Open("folder", OpenMode::kCreateNew).status()));
  EXPECT_TRUE(absl::IsAlreadyExists(platter.Open("file", OpenMode::kCreateNew).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.Open("file/below", OpenMode::kCreate).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.Open(std::string(300, 'n'), OpenMode::kCreate).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.Open(std::string("a\0b", 3), OpenMode::kCreate).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.List("file").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.Rename("folder", "folder/inner")));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.Rename("folder", "file")));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.Rename("file", "folder")));
  EXPECT_TRUE(absl::IsNotFound(platter.Rename("file", "nowhere/file")));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.Rename("file", "/")));
  EXPECT_TRUE(absl::IsInvalidArgument(platter.Remove(".")));
  EXPECT_TRUE(platter.Remove("file/below").ok());
  ASSERT_TRUE(platter.Open("other/file", OpenMode::kCreate).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(platter.Rename("folder", "other")));
  ASSERT_TRUE(platter.Remove("other/file").ok());
  EXPECT_TRUE(platter.Rename("folder", "other").ok());
  EXPECT_EQ(Get("/x/../other/./file"), "x");
}

TEST_F(PlatterTest, AFolderMovedIntoOneThatWasInItIsNoCircle) {
  Put("a/b/f", "x");
  for (const char* folder : {"/", "a", "a/b"}) SyncDirectory(folder);
  ASSERT_TRUE(platter.Rename("a/b", "b").ok());
  ASSERT_TRUE(platter.Rename("a", "b/a").ok());
  EXPECT_EQ(Get("b/f"), "x");

  LoseAll();

  EXPECT_EQ(Get("a/b/f"), "x");
}

// What must hold of names whatever is lost: each folder is as it was at some moment since its last sync, no file has two names, and a file
// whose name was durable and has not been touched since is there.
RC_GTEST_PROP(PlatterProperty, EveryCrashLeavesFoldersAsTheyOnceWere, (uint64_t seed)) {
  SeededStrategy strategy(seed);
  CrashWorld world(strategy);
  Platter platter;
  const std::vector<std::string> folders = {"a", "b", "a/c"};
  const auto names_of = [&](const std::string& path) {
    Names names;
    const auto folder = platter.Folder(path);
    if (!folder.ok()) return names;
    for (const auto& [name, node] : (*folder)->names) {
      if (node->kind == PlatterNode::Kind::kFile) names[name] = node->key;
    }
    return names;
  };
  const auto sync = [&](const std::string& path) {
    const PlatterNodePtr folder = *platter.Folder(path);
    platter.SyncNames(*folder, platter.LastOperation(*folder));
  };
  for (const std::string& folder : folders) (void)platter.Open(folder + "/first", OpenMode::kCreate);
  for (const char* folder : {"/", "a", "b", "a/c"}) sync(folder);

  for (int round = 0; round < 4; ++round) {
    std::map<std::string, std::vector<Names>> history;
    std::map<Key, int> touched;
    for (const std::string& folder : folders) history[folder] = {names_of(folder)};
    std::set<Key> durable;
    for (const std::string& folder : folders) {
      for (const auto& [name, key] : names_of(folder)) durable.insert(key);
    }
    const int steps = *rc::gen::inRange(0, 25);
    for (int step = 0; step < steps; ++step) {
      const auto path = [&] { return *rc::gen::elementOf(folders) + "/" + std::string(1, *rc::gen::elementOf(std::string("fgh"))); };
      const auto touch = [&](const std::string& name) {
        const auto node = platter.Open(name, OpenMode::kReadOnly);
        if (node.ok()) ++touched[(*node)->key];
      };
      switch (*rc::gen::inRange(0, 5)) {
        case 0:
          (void)platter.Open(path(), OpenMode::kCreate);
          break;
        case 1: {
          const std::string name = path();
          touch(name);
          (void)platter.Remove(name);
          break;
        }
        case 2:
        case 3: {
          const std::string from = path(), to = path();
          if (from == to) break;
          touch(from);
          touch(to);
          (void)platter.Rename(from, to);
          break;
        }
        default:
          sync(*rc::gen::elementOf(folders));
          break;
      }
      for (const std::string& folder : folders) history[folder].push_back(names_of(folder));
    }
    const bool power = *rc::gen::arbitrary<bool>();
    const std::map<std::string, Names> before = {{"a", names_of("a")}, {"b", names_of("b")}, {"a/c", names_of("a/c")}};
    if (power) {
      platter.PowerLoss(world.oracle, ActorId::kWorld);
    } else {
      platter.ProcessCrash(world.oracle, ActorId::kWorld);
    }
    std::set<Key> seen;
    for (const std::string& folder : folders) {
      const Names now = names_of(folder);
      if (!power) RC_ASSERT(now == before.at(folder));
      RC_ASSERT(std::find(history[folder].begin(), history[folder].end(), now) != history[folder].end());
      for (const auto& [name, key] : now) RC_ASSERT(seen.insert(key).second);
    }
    for (const Key key : durable) RC_ASSERT(touched.contains(key) || seen.contains(key));
    if (power) RC_ASSERT(platter.clean());
    for (const char* folder : {"/", "a", "b", "a/c"}) sync(folder);
  }
}

}  // namespace
}  // namespace edge::sim
