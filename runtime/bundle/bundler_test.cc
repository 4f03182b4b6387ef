// The bundler against a disk of strings and a scripted Node: what is cached, what makes it build again, and what each failure says.
#include "runtime/bundle/bundler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>

#include "runtime/base/str_cat.h"
#include "runtime/bundle/sha256.h"
#include "storage/testing/memory_disk.h"

namespace edge::bundle {
namespace {

using ::testing::HasSubstr;

class StillClock : public Clock {
 public:
  Instant Now() const override { return Instant::FromNanoseconds(0); }
  WallTime WallNow() const override { return WallTime(); }
};

class ScriptedProcess : public Process {
 public:
  const ProcessIdentity& Self() const override { return identity_; }
  absl::StatusOr<ChildResult> Spawn(const ChildOptions& options, Instant) override {
    ++spawns;
    last = options;
    return script(options);
  }
  void Exit(int) override {}
  std::optional<std::string> Environment(std::string_view name) const override {
    if (name == "HOME" && !home.empty()) return home;
    return std::nullopt;
  }

  std::function<absl::StatusOr<ChildResult>(const ChildOptions&)> script;
  int spawns = 0;
  ChildOptions last;
  std::string home = "/home/user";

 private:
  ProcessIdentity identity_{.name = "edge", .incarnation = 7, .executable = "", .working_directory = "/"};
};

class BundlerTest : public ::testing::Test {
 protected:
  BundlerTest() {
    disk_.Put("/app/index.ts", "export default 1");
    process_.script = [this](const ChildOptions&) { return Built("code 1"); };
  }

  // Plays the tool: writes a bundle made from index.ts, with `shadow.ts` as a name that must stay free.
  ChildResult Built(std::string_view code) {
    const std::string head =
        R"({"format_version":1,"compatibility_date":"2026-01-01","compatibility_flags":[],"main":"index.ts","exports":["default"]})";
    const std::string hash = Sha256Hex(StrCat(head, "\n", Sha256Hex(code), "\n", Sha256Hex("{}")));
    const std::string directory = StrCat("/app/.edge/cache/bundles/", hash);
    disk_.Put(StrCat(directory, "/worker.js"), code);
    disk_.Put(StrCat(directory, "/worker.js.map"), "{}");
    boost::json::object metadata = boost::json::parse(head).as_object();
    metadata["content_hash"] = hash;
    metadata["inputs"] = boost::json::array{
        boost::json::object{{"path", "index.ts"}, {"sha256", Sha256Hex(*ReadWholeFile(disk_, "/app/index.ts"))}},
        boost::json::object{{"path", "shadow.ts"}, {"sha256", nullptr}},
    };
    disk_.Put(StrCat(directory, "/bundle.json"), boost::json::serialize(metadata));
    return ChildResult{.exit_code = 0, .out = StrCat(directory, "\n"), .err = ""};
  }

  absl::StatusOr<BuildResult> Build() {
    Bundler bundler(clock_, disk_, process_, {.lower_cjs = "tool", .esbuild = "program"}, {});
    return bundler.Build(request_);
  }

  StillClock clock_;
  MemoryDisk disk_;
  ScriptedProcess process_;
  BundleRequest request_{.root = "/app", .main = "index.ts", .compatibility_date = "2026-01-01"};
};

TEST_F(BundlerTest, RunsTheUnpackedToolOnTheFirstBuild) {
  const absl::StatusOr<BuildResult> result = Build();

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->origin, BundleOrigin::kBuilt);
  EXPECT_EQ(result->bundle.code, "code 1");
  EXPECT_EQ(process_.last.arguments[0], "node");
  EXPECT_EQ(*ReadWholeFile(disk_, process_.last.arguments[1]), "tool");
  EXPECT_THAT(process_.last.arguments[1], HasSubstr("/home/user/.cache/edge/toolchain-"));
}

TEST_F(BundlerTest, AnUnchangedApplicationNeedsNoNode) {
  ASSERT_TRUE(Build().ok());

  const absl::StatusOr<BuildResult> again = Build();

  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->origin, BundleOrigin::kCache);
  EXPECT_EQ(process_.spawns, 1);
}

TEST_F(BundlerTest, AChangedInputBuildsAgain) {
  ASSERT_TRUE(Build().ok());
  disk_.Put("/app/index.ts", "export default 2");
  process_.script = [this](const ChildOptions&) { return Built("code 2"); };

  const absl::StatusOr<BuildResult> again = Build();

  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->bundle.code, "code 2");
  EXPECT_EQ(process_.spawns, 2);
}

TEST_F(BundlerTest, TheBundleThatANewOneReplacesIsRemoved) {
  const absl::StatusOr<BuildResult> first = Build();
  ASSERT_TRUE(first.ok());
  disk_.Put("/app/index.ts", "export default 2");
  process_.script = [this](const ChildOptions&) { return Built("code 2"); };

  ASSERT_TRUE(Build().ok());

  EXPECT_TRUE(absl::IsNotFound(LoadBundle(disk_, first->bundle.directory).status()));
}

TEST_F(BundlerTest, AFileThatWouldShadowAnInputBuildsAgain) {
  ASSERT_TRUE(Build().ok());
  disk_.Put("/app/shadow.ts", "");

  ASSERT_TRUE(Build().ok());

  EXPECT_EQ(process_.spawns, 2);
}

TEST_F(BundlerTest, OtherFlagsAreAnotherBundle) {
  ASSERT_TRUE(Build().ok());
  request_.compatibility_flags = {"nodejs_compat"};

  ASSERT_TRUE(Build().ok());

  EXPECT_EQ(process_.spawns, 2);
}

TEST_F(BundlerTest, ADamagedCacheIsBuiltAgain) {
  const absl::StatusOr<BuildResult> first = Build();
  ASSERT_TRUE(first.ok());
  disk_.Put(StrCat(first->bundle.directory, "/worker.js"), "cut o");

  const absl::StatusOr<BuildResult> again = Build();

  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->origin, BundleOrigin::kBuilt);
}

TEST_F(BundlerTest, DiagnosticsOfTheCodeAreTheMessage) {
  process_.script = [](const ChildOptions&) { return ChildResult{.exit_code = 2, .out = "", .err = "error: no\n  --> index.ts:1:1\n"}; };

  const absl::Status status = Build().status();

  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(status.message(), "error: no\n  --> index.ts:1:1");
}

TEST_F(BundlerTest, AMissingNodeIsExplained) {
  process_.script = [](const ChildOptions&) { return absl::NotFoundError("node"); };

  const absl::Status status = Build().status();

  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("apt install nodejs"));
}

TEST_F(BundlerTest, AnOldNodeIsExplained) {
  process_.script = [](const ChildOptions&) { return ChildResult{.exit_code = 4, .out = "", .err = "error: needs Node.js 18\n"}; };

  EXPECT_TRUE(absl::IsFailedPrecondition(Build().status()));
}

TEST_F(BundlerTest, ACrashOfTheToolIsAnInternalErrorWithItsOutput) {
  process_.script = [](const ChildOptions&) { return ChildResult{.exit_code = 139, .out = "", .err = "stack"}; };

  const absl::Status status = Build().status();

  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("stack"));
}

TEST_F(BundlerTest, WithoutAHomeTheToolIsUnpackedBesideTheApplication) {
  process_.home.clear();

  ASSERT_TRUE(Build().ok());

  EXPECT_THAT(process_.last.arguments[1], HasSubstr("/app/.edge/cache/toolchain-"));
}

TEST_F(BundlerTest, AnExportedBundleLoadsByItself) {
  Bundler bundler(clock_, disk_, process_, {.lower_cjs = "tool", .esbuild = "program"}, {});
  const absl::StatusOr<BuildResult> built = bundler.Build(request_);
  ASSERT_TRUE(built.ok());

  ASSERT_TRUE(bundler.Export(built->bundle, "/deploy").ok());

  const absl::StatusOr<Bundle> loaded = LoadBundle(disk_, "/deploy");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->metadata.content_hash, built->bundle.metadata.content_hash);
}

TEST(EmbeddedToolchain, HoldsTheToolAndAnElfProgram) {
  const ToolchainFiles files = EmbeddedToolchain();

  EXPECT_THAT(std::string(files.lower_cjs.substr(0, 400)), HasSubstr("Node.js 18"));
  EXPECT_EQ(files.esbuild.substr(0, 4),
            "\x7f"
            "ELF");
}

}  // namespace
}  // namespace edge::bundle
