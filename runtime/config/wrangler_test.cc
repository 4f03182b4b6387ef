#include "runtime/config/wrangler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"
#include "storage/testing/memory_disk.h"

namespace edge::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// 2026-06-15T12:00:00Z.
constexpr int64_t kNowMs = 1'781'524'800'000;

class Wrangler : public testing::Test {
 protected:
  Wrangler() { disk_.Put("src/index.ts", "export default {}"); }

  absl::StatusOr<LoadedWorkerConfig> Load(std::string environment = "") {
    return LoadWorkerConfig(disk_, "", {.environment = std::move(environment), .now = WallTime::FromUnixMilliseconds(kNowMs)});
  }
  // The text of the wrangler file; name, main and date are added.
  void Toml(std::string_view top, std::string_view sections = "") {
    disk_.Put("wrangler.toml",
              StrCat("name = \"app\"\nmain = \"src/index.ts\"\ncompatibility_date = \"2025-01-01\"\n", top, "\n", sections));
  }
  std::vector<std::string> Notices(std::string environment = "") {
    const auto loaded = Load(std::move(environment));
    if (!loaded.ok()) return {std::string(loaded.status().ToString())};
    std::vector<std::string> out;
    for (const Notice& notice : loaded->notices) out.push_back(notice.ToString());
    return out;
  }
  std::string ErrorOf(std::string environment = "") {
    const auto loaded = Load(std::move(environment));
    return loaded.ok() ? "no error" : std::string(loaded.status().message());
  }

  MemoryDisk disk_;
};

std::vector<std::string> Texts(const std::vector<Variable>& variables) {
  std::vector<std::string> out;
  for (const Variable& v : variables) out.push_back(StrCat(v.name, v.kind == Variable::Kind::kJson ? ":" : "=", v.value));
  return out;
}

TEST_F(Wrangler, ReadsEveryKeyOfAWorkerThatUsesThemAll) {
  disk_.Put("wrangler.toml", R"(
name = "my-app_2"
main = "./src/index.ts"
compatibility_date = "2025-06-01"
compatibility_flags = ["nodejs_compat", "url_standard"]
tsconfig = "./tsconfig.app.json"
jsx_factory = "h"
jsx_fragment = "Fragment"
no_bundle = true
alias = { "a" = "./b.ts", "react" = "preact/compat" }
define = { DEBUG = "false" }
rules = [{ type = "Text", globs = ["**/*.html", "*.md"], fallthrough = true }, { type = "Data", globs = [] }]
limits = { cpu_ms = 50 }

[vars]
TEXT = "x"
NUMBER = 3
OBJECT = { a = [1, 2.5, "y", true] }
)");

  const auto loaded = Load();

  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const WorkerConfig& config = loaded->config;
  EXPECT_EQ(config.name, "my-app_2");
  EXPECT_EQ(config.environment, "");
  EXPECT_EQ(config.file, "wrangler.toml");
  EXPECT_EQ(config.base_dir, "");
  EXPECT_EQ(config.main, "src/index.ts");
  EXPECT_EQ(config.compatibility_date, "2025-06-01");
  EXPECT_THAT(config.compatibility_flags, ElementsAre("nodejs_compat", "url_standard"));
  EXPECT_EQ(config.tsconfig, "tsconfig.app.json");
  EXPECT_EQ(config.jsx_factory, "h");
  EXPECT_EQ(config.jsx_fragment, "Fragment");
  EXPECT_EQ(config.bundling, Bundling::kTakeAsIs);
  EXPECT_THAT(config.alias, ElementsAre(Pair("a", "./b.ts"), Pair("react", "preact/compat")));
  EXPECT_THAT(config.define, ElementsAre(Pair("DEBUG", "false")));
  EXPECT_THAT(config.rules, ElementsAre(ModuleRule{ModuleRule::Type::kText, {"**/*.html", "*.md"}, ModuleRule::Then::kFallThrough},
                                        ModuleRule{ModuleRule::Type::kData, {}, ModuleRule::Then::kStop}));
  EXPECT_EQ(config.cpu_ms_max, 50);
  EXPECT_EQ(config.subrequests_max, std::nullopt);
  EXPECT_THAT(Texts(config.vars), ElementsAre("TEXT=x", "NUMBER:3", R"(OBJECT:{"a":[1,2.5,"y",true]})"));
  EXPECT_EQ(config.vars[1].line, 17);
  EXPECT_THAT(config.secrets, IsEmpty());
}

TEST_F(Wrangler, TomlAndJsonSayTheSame) {
  Toml("", "[vars]\nA = \"x\"\nB = [1]\n[limits]\ncpu_ms = 7");
  const auto toml = Load();
  disk_.Put("wrangler.json", R"({"name": "app", "main": "src/index.ts", "compatibility_date": "2025-01-01", // JSONC in .json
    "vars": {"A": "x", "B": [1],}, "limits": {"cpu_ms": 7.0}})");
  ASSERT_TRUE(disk_.Remove("wrangler.toml").ok());
  const auto json = Load();

  ASSERT_TRUE(toml.ok()) << toml.status();
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(Texts(toml->config.vars), Texts(json->config.vars));
  EXPECT_EQ(toml->config.name, json->config.name);
  EXPECT_EQ(toml->config.main, json->config.main);
  EXPECT_EQ(toml->config.cpu_ms_max, json->config.cpu_ms_max);
}

TEST_F(Wrangler, TheFirstFileOfWranglersOrderIsReadAndTheOthersGetAWarning) {
  const auto content = [](std::string_view name) {
    return StrCat("{\"name\": \"", name, "\", \"main\": \"src/index.ts\", \"compatibility_date\": \"2025-01-01\"}");
  };
  Toml("");
  EXPECT_EQ(Load()->config.name, "app");

  disk_.Put("wrangler.jsonc", content("jsonc"));
  EXPECT_EQ(Load()->config.name, "jsonc");
  EXPECT_THAT(Notices(), ElementsAre("wrangler.toml: warning: is not read: wrangler.jsonc comes first"));

  disk_.Put("wrangler.json", content("json"));
  EXPECT_EQ(Load()->config.name, "json");
}

TEST_F(Wrangler, PathsBeginWithTheFolderThatWasAskedFor) {
  disk_.Put("apps/a/wrangler.toml", "name = 'a'\nmain = 'worker.js'\ncompatibility_date = '2025-01-01'\ntsconfig = 'ts.json'");
  disk_.Put("apps/a/worker.js", "");

  for (const char* directory : {"apps/a", "apps/a/", "./apps/a"}) {
    const auto loaded = LoadWorkerConfig(disk_, directory, {});
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(loaded->config.main, JoinPath(directory, "worker.js"));
    EXPECT_EQ(loaded->config.tsconfig, JoinPath(directory, "ts.json"));
    EXPECT_EQ(loaded->config.file, JoinPath(directory, "wrangler.toml"));
    EXPECT_TRUE(ReadWholeFile(disk_, loaded->config.main).ok());
  }
  EXPECT_EQ(JoinPath("d", "/abs/x"), "/abs/x");
  EXPECT_EQ(JoinPath("d", ".//./x"), "d/x");
  EXPECT_EQ(JoinPath(".", "./x"), "x");
  EXPECT_EQ(JoinPath("/", "x"), "/x");
}

TEST_F(Wrangler, WithoutAFileTheErrorSaysWhatToDo) {
  const absl::Status status = LoadWorkerConfig(disk_, "src", {}).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(status.message(),
            "no wrangler.json, wrangler.jsonc or wrangler.toml in src; name the folder of a worker, or make one with: edge init DIR");
}

TEST_F(Wrangler, ErrorsOfTheDiskAreNoMissingFile) {
  Toml("");
  disk_.FailWith("wrangler.jsonc", absl::DataLossError("EIO"));
  EXPECT_TRUE(absl::IsDataLoss(Load().status()));

  disk_.FailWith("wrangler.jsonc", absl::OkStatus());
  disk_.FailWith(".dev.vars", absl::PermissionDeniedError("EACCES"));
  EXPECT_TRUE(absl::IsPermissionDenied(Load().status()));

  disk_.FailWith(".dev.vars", absl::OkStatus());
  disk_.FailWith("src/index.ts", absl::PermissionDeniedError("EACCES"));
  EXPECT_EQ(ErrorOf(), "wrangler.toml:2: main is src/index.ts, which cannot be read (EACCES)");
}

TEST_F(Wrangler, AFileOverTheLimitIsRefused) {
  Toml(StrCat("# ", std::string(2000, 'x')));
  EXPECT_TRUE(absl::IsResourceExhausted(LoadWorkerConfig(disk_, "", {.limits = {.file_bytes_max = 1000}}).status()));
}

// ---- Environments.

TEST_F(Wrangler, AnEnvironmentInheritsWhatIsInheritableAndNothingElse) {
  Toml("compatibility_flags = [\"url_standard\"]\nlimits = { cpu_ms = 10 }",
       "[vars]\nA = \"top\"\n[define]\nX = \"1\"\n[env.production]\ncompatibility_date = \"2025-02-02\"\nvars = { A = \"production\" }\n");

  const auto loaded = Load("production");

  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.name, "app-production");
  EXPECT_EQ(loaded->config.environment, "production");
  EXPECT_EQ(loaded->config.main, "src/index.ts");
  EXPECT_EQ(loaded->config.compatibility_date, "2025-02-02");
  EXPECT_THAT(loaded->config.compatibility_flags, ElementsAre("url_standard"));
  EXPECT_EQ(loaded->config.cpu_ms_max, 10);
  EXPECT_THAT(Texts(loaded->config.vars), ElementsAre("A=production"));
  EXPECT_THAT(loaded->config.define, IsEmpty());
}

TEST_F(Wrangler, AnEnvironmentMayHaveItsOwnNameAndMain) {
  disk_.Put("other.js", "");
  Toml("", "[env.x]\nname = \"own\"\nmain = \"other.js\"");
  EXPECT_EQ(Load("x")->config.name, "own");
  EXPECT_EQ(Load("x")->config.main, "other.js");
}

TEST_F(Wrangler, WhatAnEnvironmentDoesNotInheritGetsAWarning) {
  Toml("kv_namespaces = [{ binding = \"KV\" }]", "[vars]\nA = \"1\"\nB = \"2\"\n[define]\nX = \"1\"\n[env.x.vars]\nA = \"1\"\n");
  EXPECT_THAT(
      Notices("x"),
      ElementsAre("wrangler.toml:4: warning: kv_namespaces is set at the top level but not in env.x, and environments do not inherit "
                  "it; add env.x.kv_namespaces",
                  "wrangler.toml:7: warning: vars.B is set at the top level but not in env.x.vars, and environments do not inherit "
                  "it; add env.x.vars.B",
                  "wrangler.toml:8: warning: define is set at the top level but not in env.x, and environments do not inherit it; "
                  "add env.x.define"));
}

TEST_F(Wrangler, AnUnknownEnvironmentIsAnErrorThatListsThoseThereAre) {
  Toml("", "[env.staging]\n[env.production]\n");
  EXPECT_EQ(ErrorOf("prod"), "wrangler.toml:5: there is no environment \"prod\"; there are: staging, production");

  Toml("");
  EXPECT_EQ(ErrorOf("prod"),
            "wrangler.toml: there is no environment \"prod\"; the file has none, leave the option out or add a section env.prod");
}

TEST_F(Wrangler, EnvironmentsThatAreNotChosenAreNotChecked) {
  Toml("", "[env.other]\nmain = 3\nd1_databases = [{ binding = \"DB\" }]\nnonsense = 1\n[env.x]\n");
  EXPECT_THAT(Notices(), IsEmpty());
  EXPECT_THAT(Notices("x"), IsEmpty());
  EXPECT_THAT(ErrorOf("other"), HasSubstr("env.other.main must be a string, is a number"));
}

TEST_F(Wrangler, TopLevelKeysWithinAnEnvironmentGetAWarning) {
  Toml("", "[env.x]\nalias = { a = \"b\" }\nkeep_vars = true\nvarz = 1\n");
  EXPECT_THAT(
      Notices("x"),
      ElementsAre("wrangler.toml:6: warning: \"env.x.alias\" is ignored: alias is read at the top level only; move it there",
                  "wrangler.toml:7: warning: \"env.x.keep_vars\" is ignored: keep_vars is read at the top level only; move it there",
                  "wrangler.toml:8: warning: unknown key \"env.x.varz\", ignored; did you mean \"vars\"?"));
}

// ---- Secrets.

TEST_F(Wrangler, SecretsWinOverVariablesOfTheSameName) {
  Toml("", "[vars]\nA = \"open\"\nB = \"b\"");
  disk_.Put(".dev.vars", "A=\"secret\"\nC=c\n");

  const auto loaded = Load();

  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT(Texts(loaded->config.vars), ElementsAre("B=b"));
  EXPECT_THAT(Texts(loaded->config.secrets), ElementsAre("A=secret", "C=c"));
}

TEST_F(Wrangler, AnEnvironmentsOwnSecretsTakeThePlaceOfTheGeneralOnes) {
  Toml("", "[env.x]\n[env.y]\n");
  disk_.Put(".dev.vars", "A=general\nB=general");
  disk_.Put(".dev.vars.x", "A=x");

  EXPECT_THAT(Texts(Load()->config.secrets), ElementsAre("A=general", "B=general"));
  EXPECT_THAT(Texts(Load("x")->config.secrets), ElementsAre("A=x"));
  EXPECT_THAT(Texts(Load("y")->config.secrets), ElementsAre("A=general", "B=general"));
}

TEST_F(Wrangler, RequiredSecretsThatAreMissingGetAWarning) {
  Toml("secrets = { required = [\"A\", \"B\"] }");
  disk_.Put(".dev.vars", "A=1");
  EXPECT_THAT(Notices(), ElementsAre("wrangler.toml:4: warning: the required secret \"B\" is not set; add it to .dev.vars"));
}

TEST_F(Wrangler, AnEnvFileThatIsNotReadGetsANote) {
  Toml("");
  disk_.Put(".env", "A=1");
  EXPECT_THAT(Notices(), ElementsAre(".env: note: is not read; edge takes secrets from .dev.vars, which has the same format"));
  disk_.Put(".dev.vars", "A=1");
  EXPECT_THAT(Notices(), IsEmpty());
}

// ---- Notices.

TEST_F(Wrangler, UnknownKeysGetOneWarningEachWithTheNearestName) {
  Toml("compatability_flags = []\nfrobnicate = { a = 1, b = 2 }\nlimits = { cpu_mss = 1 }");
  EXPECT_THAT(Notices(),
              ElementsAre("wrangler.toml:4: warning: unknown key \"compatability_flags\", ignored; did you mean \"compatibility_flags\"?",
                          "wrangler.toml:5: warning: unknown key \"frobnicate\", ignored",
                          "wrangler.toml:6: warning: unknown key \"limits.cpu_mss\", ignored; did you mean \"cpu_ms\"?"));
}

TEST_F(Wrangler, HarmlessKeysGetOneNoteEach) {
  Toml("workers_dev = true\nroutes = [\"example.com/*\"]\naccount_id = \"x\"\nminify = false", "[observability]\nenabled = true\n");
  EXPECT_THAT(Notices(), ElementsAre("wrangler.toml:4: note: workers_dev is ignored here: edge answers on its own address",
                                     "wrangler.toml:5: note: routes is ignored here: edge answers for every host and path",
                                     "wrangler.toml:6: note: account_id is ignored here: it names an account of the hosted platform",
                                     "wrangler.toml:8: note: observability is ignored here: logs go to the terminal"));
}

TEST_F(Wrangler, MigrationsLeaveTheClassesThatAreBound) {
  Toml("", R"([[durable_objects.bindings]]
name = "ROOMS"
class_name = "Room"
[[durable_objects.bindings]]
name = "LOOSE"
class_name = "Loose"
[[migrations]]
tag = "v1"
new_classes = ["Old", "Gone"]
new_sqlite_classes = ["Chat"]
[[migrations]]
tag = "v2"
renamed_classes = [{ from = "Chat", to = "Room" }]
deleted_classes = ["Gone"]
[[migrations]]
tag = "v3"
new_sqlite_classes = ["Gone"]
transferred_classes = [{ from = "Shop", from_script = "other", to = "Store" }]
)");
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const WorkerConfig& config = loaded->config;
  using Storage = ObjectClass::Storage;
  EXPECT_THAT(config.object_classes,
              ElementsAre(ObjectClass{"Old", "app/Old", Storage::kKeyValue}, ObjectClass{"Room", "app/Chat", Storage::kSqlite},
                          ObjectClass{"Gone", "app/Gone.2", Storage::kSqlite}, ObjectClass{"Store", "other/Shop", Storage::kSqlite},
                          ObjectClass{"Loose", "app/Loose", Storage::kKeyValue}));
  EXPECT_THAT(config.deleted_spaces, ElementsAre("app/Gone"));
  ASSERT_EQ(config.object_bindings.size(), 2u);
  EXPECT_EQ(config.object_bindings[0].name, "ROOMS");
  EXPECT_EQ(config.object_bindings[0].class_name, "Room");
  EXPECT_THAT(Notices(), ElementsAre(testing::HasSubstr("no migration creates the class Loose; it gets key-value storage here")));
}

TEST_F(Wrangler, QueuesAreRead) {
  Toml(R"([[queues.producers]]
binding = "Q"
queue = "orders"
delivery_delay = 7
[[queues.consumers]]
queue = "orders"
max_batch_size = 20
max_batch_timeout = 0
max_retries = 0
max_concurrency = 2
retry_delay = 5
dead_letter_queue = "dead"
[[queues.consumers]]
queue = "slow"
[[queues.consumers]]
queue = "outside"
type = "http_pull"
visibility_timeout_ms = 5000
[env.test]
name = "other"
[[env.test.queues.producers]]
binding = "R"
queue = "tests"
)");
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const WorkerConfig& config = loaded->config;
  ASSERT_EQ(config.queue_producers.size(), 1u);
  EXPECT_EQ(config.queue_producers[0], (QueueProducer{.name = "Q", .queue = "orders", .delivery_delay_s = 7, .line = 4}));
  ASSERT_EQ(config.queue_consumers.size(), 3u);
  EXPECT_EQ(config.queue_consumers[0], (QueueConsumer{.queue = "orders",
                                                      .max_batch_size = 20,
                                                      .max_batch_timeout_s = 0,
                                                      .max_retries = 0,
                                                      .dead_letter_queue = "dead",
                                                      .max_concurrency = 2,
                                                      .retry_delay_s = 5,
                                                      .line = 8}));
  EXPECT_EQ(config.queue_consumers[1], (QueueConsumer{.queue = "slow", .line = 16}));
  EXPECT_EQ(config.queue_consumers[2],
            (QueueConsumer{.queue = "outside", .type = QueueConsumer::Type::kPull, .visibility_timeout_ms = 5000, .line = 18}));
  const auto test = Load("test");
  ASSERT_TRUE(test.ok()) << test.status();
  ASSERT_EQ(test->config.queue_producers.size(), 1u);
  EXPECT_EQ(test->config.queue_producers[0].queue, "tests");
  EXPECT_TRUE(test->config.queue_consumers.empty());
}

TEST_F(Wrangler, ACustomBuildIsAWarningThatNamesItsCommand) {
  Toml("", "[build]\ncommand = \"npm run build\"\n");
  EXPECT_THAT(Notices(),
              ElementsAre("wrangler.toml:6: warning: build.command is not run: edge runs no custom build; run its command before "
                          "edge starts (npm run build)"));
}

TEST_F(Wrangler, EmptyUnsupportedKeysAreFine) {
  Toml("kv_namespaces = []\ntriggers = { crons = [] }\nqueues = { producers = [], consumers = [] }\nassets = {}\nnode_compat = false");
  EXPECT_THAT(Notices(), IsEmpty());
}

TEST_F(Wrangler, RepeatedMembersOfJsonGetAWarning) {
  disk_.Put("wrangler.json", "{\"main\": \"x\",\n\"name\": \"a\", \"compatibility_date\": \"2025-01-01\", \"main\": \"src/index.ts\"}");
  EXPECT_THAT(Notices(), ElementsAre("wrangler.json:1: warning: \"main\" is set again below; the last one counts"));
}

TEST_F(Wrangler, MissingNameAndDateGetANote) {
  disk_.Put("wrangler.toml", "main = 'src/index.ts'");
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.name, "worker");
  EXPECT_EQ(loaded->config.compatibility_date, "2026-08-22");
  EXPECT_EQ(loaded->notices.size(), 2u);
}

TEST_F(Wrangler, OldAndNewDatesAndFlagsSayWhatToExpect) {
  disk_.Put("wrangler.toml", R"(name = "app"
main = "src/index.ts"
compatibility_date = "2022-01-01"
compatibility_flags = ["url_original", "url_standart", "enhanced_error_serialization", "enable_request_signal", "fetch_standard_url"]
)");
  EXPECT_THAT(
      Notices(),
      ElementsAre(
          "wrangler.toml:3: note: compatibility_date is 2022-01-01; edge behaves as of 2024-09-23 at least",
          "wrangler.toml:4: warning: compatibility flag \"url_original\" is without effect: edge always behaves as with \"url_standard\"",
          "wrangler.toml:4: warning: unknown compatibility flag \"url_standart\", without effect; did you mean \"url_standard\"?",
          "wrangler.toml:4: note: compatibility flag \"enhanced_error_serialization\" is known; what it turns on may be missing in this "
          "version of edge"));

  disk_.Put("wrangler.toml", "name = 'a'\nmain = 'src/index.ts'\ncompatibility_date = '2026-09-01'");
  EXPECT_THAT(ErrorOf(), HasSubstr("in the future"));
  const auto without_clock = LoadWorkerConfig(disk_, "", {});
  ASSERT_TRUE(without_clock.ok());
  EXPECT_THAT(without_clock->notices[0].text, HasSubstr("knows the platform up to 2026-08-22"));
}

TEST_F(Wrangler, TomorrowIsNotYetTheFuture) {
  const auto with_date = [&](std::string_view date) {
    disk_.Put("wrangler.toml", StrCat("name = 'a'\nmain = 'src/index.ts'\ncompatibility_date = '", date, "'"));
    return ErrorOf();
  };
  EXPECT_EQ(with_date("2026-06-16"), "no error");
  EXPECT_THAT(with_date("2026-06-17"), HasSubstr("is in the future"));
}

// ---- Errors: each table line is a file (after three good lines in TOML) and all that is said about it.

struct BadFile {
  const char* text;
  std::vector<std::string> errors;
};

TEST_F(Wrangler, EveryErrorNamesFileLineAndRemedy) {
  constexpr char kRefused[] =
      " is not supported yet by this version of edge; remove it, or move it to an environment that is not served here";
  const BadFile kCases[] = {
      {"kv_namespaces = [{ binding = \"KV\", id = \"\" }, { id = \"x\" }, 7, { binding = \"A\", remote = true }]",
       {"4: kv_namespaces[0].id must be a string of 1 to 64 bytes; data is kept under it",
        "4: kv_namespaces[1].binding is missing; write for example binding = \"CACHE\"",
        "4: kv_namespaces[2] must be a table with binding and id, is a number",
        "4: kv_namespaces[3].remote: a namespace of the hosted platform cannot be used from here; remove it, data is kept locally"}},
      {"kv_namespaces = [{ binding = \"KV\", id = \"1\" }, { binding = \"KV\", id = \"2\" }]",
       {"4: kv_namespaces[1].binding: another binding is called \"KV\" already"}},
      {"[[r2_buckets]]\nbinding = \"B\"", {StrCat("4: r2_buckets (R2)", kRefused)}},
      {"[[d1_databases]]\nbinding = \"B\"", {StrCat("4: d1_databases (D1)", kRefused)}},
      {"[[queues.producers]]\nbinding = \"Q\"\n[[queues.producers]]\nbinding = \"R\"\nqueue = \"No Good\"\ndelivery_delay = 43201",
       {"4: queues.producers[0].queue is missing; write for example queue = \"orders\"",
        "8: queues.producers[1].queue is \"No Good\"; the name of a queue is 1 to 63 of a-z, 0-9, - and _",
        "9: queues.producers[1].delivery_delay is 43201; write a whole number from 0 to 43200"}},
      {"queues.producers = [{ binding = \"Q\", queue = \"a\" }, { binding = \"Q\", queue = \"b\" }, 7, { binding = \"R\", queue = \"a\", "
       "remote = true }]",
       {"4: queues.producers[1].binding: another binding is called \"Q\" already",
        "4: queues.producers[2] must be a table with binding and queue, is a number",
        "4: queues.producers[3].remote: a queue of the hosted platform cannot be used from here; remove it, messages are kept locally"}},
      {"[[queues.consumers]]\nqueue = \"a\"\nmax_batch_size = 101\nmax_batch_timeout = 61\nmax_retries = 101\nmax_concurrency = 0\n"
       "retry_delay = -1\ndead_letter_queue = \"a\"",
       {"6: queues.consumers[0].max_batch_size is 101; write a whole number from 1 to 100",
        "7: queues.consumers[0].max_batch_timeout is 61; write a whole number from 0 to 60",
        "8: queues.consumers[0].max_retries is 101; write a whole number from 0 to 100",
        "9: queues.consumers[0].max_concurrency is 0; write a whole number from 1 to 250",
        "10: queues.consumers[0].retry_delay is -1; write a whole number from 0 to 43200",
        "11: queues.consumers[0].dead_letter_queue is the queue itself; what is tried too often needs another queue"}},
      {"queues.consumers = [{ queue = \"a\" }, { queue = \"a\" }, { queue = \"b\", type = \"push\" }, {}]",
       {"4: queues.consumers[1].queue: \"a\" has a consumer already; a queue has one at most",
        "4: queues.consumers[2].type must be \"worker\" or \"http_pull\"",
        "4: queues.consumers[3].queue is missing; write for example queue = \"orders\""}},
      {"[durable_objects]\nbindings = [{ name = \"D\" }, 7]",
       {"5: durable_objects.bindings[0].class_name is missing; write for example class_name = \"ChatRoom\"",
        "5: durable_objects.bindings[1] must be a table with name and class_name, is a number"}},
      {"[[durable_objects.bindings]]\nname = \"D\"\nclass_name = \"D\"\nscript_name = 7",
       {"7: durable_objects.bindings[0].script_name must be the name of a worker, is a number"}},
      {"services = [{ binding = \"S\" }, 7, { binding = \"S\", service = \"a\", props = 1 }, { binding = \"T\", service = \"a\", remote = "
       "true }]",
       {"4: services[0].service is missing; write for example service = \"billing\"",
        "4: services[1] must be a table with binding and service, is a number", "4: services[2].props must be a table, is a number",
        "4: services[3].remote: workers that run elsewhere cannot be bound; serve them in this process"}},
      {"[[services]]\nbinding = \"S\"\nservice = \"a\"\n[[services]]\nbinding = \"S\"\nservice = \"b\"",
       {"8: services[1].binding: another binding is called \"S\" already"}},
      {"[[durable_objects.bindings]]\nname = \"D\"\nclass_name = \"A\"\n[[durable_objects.bindings]]\nname = \"D\"\nclass_name = \"A\"\n"
       "[[migrations]]\ntag = \"v1\"\nnew_classes = [\"A\"]",
       {"8: durable_objects.bindings[1].name: another binding is called \"D\" already"}},
      {"[[migrations]]\nnew_classes = [\"A\", 1, \"../x\"]",
       {"4: migrations[0].tag is missing; write for example tag = \"v1\"",
        "5: migrations[0].new_classes[1] must be the name of a class, is a number",
        "5: \"../x\" is no name of a class: letters, digits, _ and $, at most 128"}},
      {"[[migrations]]\ntag = \"v1\"\nnew_classes = [\"A\"]\n[[migrations]]\ntag = \"v1\"\nnew_sqlite_classes = [\"A\"]\ndeleted_classes = "
       "[\"B\"]\n"
       "renamed_classes = [{ from = \"C\", to = \"D\" }]",
       {"8: the tag \"v1\" is used by an earlier migration; each needs its own",
        "9: the class A exists already at this point of the migrations; remove it here, or delete or rename it in a migration before",
        "10: migrations[1].deleted_classes[0]: there is no class \"B\" at this point of the migrations",
        "11: migrations[1].renamed_classes[0].from: there is no class \"C\" at this point of the migrations"}},
      {"[vectorize]\nx = 1\n[ai]\nbinding = \"AI\"",
       {StrCat("4: vectorize (Vectorize)", kRefused), StrCat("6: ai (Workers AI)", kRefused)}},
      {"[triggers]\ncrons = [\"* * * * *\", 5, \"* * * *\", \"60 * * * *\", \"* * * * *\"]",
       {"5: triggers.crons[1] must be a cron expression, as \"*/5 * * * *\", is a number",
        "5: triggers.crons[2] is \"* * * *\": it has 4 fields; write five: minute, hour, day of the month, month, day of the week",
        "5: triggers.crons[3] is \"60 * * * *\": the minute \"60\" is out of range: 0 to 59",
        "5: triggers.crons[4]: \"* * * * *\" is there already"}},
      {"[[d1_databases]]\nbinding = \"S\"\n[ai]\nbinding = \"AI\"",
       {StrCat("4: d1_databases (D1)", kRefused), StrCat("6: ai (Workers AI)", kRefused)}},
      {"assets = { directory = \"public\" }\nsite = { bucket = \"public\" }",
       {StrCat("4: assets (static assets)", kRefused), StrCat("5: site (Workers Sites)", kRefused)}},
      {"compatibility_flags = \"nodejs_compat\"", {"4: compatibility_flags must be an array, is a string"}},
      {"compatibility_flags = [1, \"nodejs_compat\", \"no_nodejs_compat\"]",
       {"4: compatibility_flags[0] must be a string, is a number",
        "4: compatibility flags \"nodejs_compat\" and \"no_nodejs_compat\" contradict each other; remove one"}},
      {"vars = [1]", {"4: vars must be a table, is an array"}},
      {"[vars]\nD = 2024-01-01\nI = { x = [inf] }",
       {"5: vars.D is a date, which JSON cannot say; put it in quotes",
        "6: vars.I.x[0] is infinite or not a number, which JSON cannot say; put it in quotes"}},
      {"limits = { cpu_ms = 0 }", {"4: limits.cpu_ms is 0; write a whole number from 1 to 300000"}},
      {"limits = { cpu_ms = 1.5 }", {"4: limits.cpu_ms is 1.5; write a whole number from 1 to 300000"}},
      {"limits = { cpu_ms = nan }", {"4: limits.cpu_ms is nan; write a whole number from 1 to 300000"}},
      {"limits = { cpu_ms = \"1\", subrequests = false }",
       {"4: limits.cpu_ms must be a number, is a string", "4: limits.subrequests must be a number, is false"}},
      {"rules = [{ type = \"Txt\", globs = \"*\" }, 3]",
       {"4: rules[0].type is \"Txt\"; write ESModule, CommonJS, CompiledWasm, Text or Data",
        "4: rules[0].globs must be an array of strings, [\"**/*.html\"] for example",
        "4: rules[1] must be a table with type and globs, is a number"}},
      {"alias = { a = 1 }\ndefine = { b = true }", {"4: alias.a must be a string, is a number", "5: define.b must be a string, is true"}},
      {"no_bundle = \"yes\"", {"4: no_bundle must be true or false, is a string"}},
      {"secrets = { required = \"A\" }", {"4: secrets.required must be an array of names, is a string"}},
      {"env = 3", {"4: env must be a table of environments by name, is a number"}},
  };
  for (const BadFile& bad : kCases) {
    Toml(bad.text);
    std::string expected;
    for (const std::string& error : bad.errors) StrAppend(&expected, expected.empty() ? "" : "\n", "wrangler.toml:", error);
    EXPECT_EQ(ErrorOf(), expected) << bad.text;
    EXPECT_TRUE(absl::IsInvalidArgument(Load().status())) << bad.text;
  }
}

TEST_F(Wrangler, EveryErrorOfNameMainAndDateNamesFileLineAndRemedy) {
  const BadFile kCases[] = {
      {"name = 'a'\nmain = 3\n", {":2: main must be a string, is a number"}},
      {"name = 'a'\nmain = ''\n", {":2: main is empty; name the file that the worker starts with"}},
      {"name = 'a'\nmain = 'src/worker.py'\n", {":2: main names a Python file; edge runs JavaScript and TypeScript"}},
      {"name = 'a'\nmain = 'src/nope.ts'\n",
       {":2: main is src/nope.ts, and there is no such file; correct the path (from the folder of wrangler.toml) or create the file"}},
      {"name = 'a'\nmain = 'src'\n", {":2: main is src, a folder; name the file in it that the worker starts with"}},
      {"name = 'a'\n[vars]\nA = 1\nmain = 'src/index.ts'\n",
       {": main is missing; name the file that the worker starts with, main = \"src/index.ts\" (line 4 sets vars.main: move it above "
        "[vars])"}},
      {"name = 'My App'\nmain = 'src/index.ts'\n",
       {":1: name is \"My App\"; a name is made of a-z, 0-9, - and _, and does not begin with -"}},
      {"name = ''\nmain = 'src/index.ts'\n", {":1: name is \"\"; a name is made of a-z, 0-9, - and _, and does not begin with -"}},
      {"name = 1\nmain = 'src/index.ts'\n", {":1: name must be a string, is a number"}},
      {"name = 'a'\nmain = 'src/index.ts'\ncompatibility_date = 2024-01-01",
       {":3: compatibility_date must be a string, is a date; put it in quotes"}},
      {"name = 'a'\nmain = 'src/index.ts'\ncompatibility_date = '2024-02-30'",
       {":3: compatibility_date is \"2024-02-30\"; write a day of the calendar as YYYY-MM-DD"}},
      {"name = 'a'\nmain = 'src/index.ts'\ncompatibility_date = '2036-01-01'",
       {":3: compatibility_date is 2036-01-01, which is in the future; take today's date or an earlier one"}},
  };
  for (const BadFile& bad : kCases) {
    disk_.Put("wrangler.toml", bad.text);
    EXPECT_EQ(ErrorOf(), "wrangler.toml" + bad.errors.front()) << bad.text;
  }
}

TEST_F(Wrangler, WithoutMainTheUsualFileIsTakenIfItIsThere) {
  disk_.Put("wrangler.toml", "name = 'a'\ncompatibility_date = '2025-01-01'\n");

  EXPECT_EQ(Load()->config.main, "src/index.ts");
  EXPECT_THAT(Notices(), ElementsAre(HasSubstr("no main; the worker starts with src/index.ts")));

  ASSERT_TRUE(disk_.Remove("src/index.ts").ok());
  EXPECT_EQ(ErrorOf(), "wrangler.toml: main is missing; name the file that the worker starts with, main = \"src/index.ts\"");

  disk_.Put("src/index.js", "export default {}");
  EXPECT_EQ(Load()->config.main, "src/index.js");
}

TEST_F(Wrangler, AllErrorsAreReportedTogetherByLineThenTheSecretsThenTheWarnings) {
  ASSERT_TRUE(disk_.Remove("src/index.ts").ok());
  disk_.Put("wrangler.jsonc", R"({
  "name": 7,
  "mian": "src/index.ts",
  "r2_buckets": [{"binding": "B"}],
  "vars": 1
})");
  disk_.Put(".dev.vars", "A=1\nnonsense\n");
  EXPECT_EQ(
      ErrorOf(),
      "wrangler.jsonc: main is missing; name the file that the worker starts with, \"main\": \"src/index.ts\"\n"
      "wrangler.jsonc:2: name must be a string, is a number\n"
      "wrangler.jsonc:4: r2_buckets (R2) is not supported yet by this version of edge; remove it, or move it to an environment that is "
      "not served here\n"
      "wrangler.jsonc:5: vars must be a table, is a number\n"
      ".dev.vars:2: expected NAME=value; start the line with # if it is a comment\n"
      "wrangler.jsonc:3: warning: unknown key \"mian\", ignored; did you mean \"main\"?");
}

TEST_F(Wrangler, SyntaxErrorsStopTheStartWithTheirPlace) {
  disk_.Put("wrangler.toml", "name = 'a'\nmain = src/index.ts\n");
  EXPECT_THAT(ErrorOf(), HasSubstr("wrangler.toml:2:8: "));
  disk_.Put("wrangler.json", "{\"name\": \"a\"\n\"main\": 1}");
  EXPECT_THAT(ErrorOf(), HasSubstr("wrangler.json:2:1: "));
}

// Valid syntax with values of any kind under every key: the checks above the parsers never crash either.
RC_GTEST_FIXTURE_PROP(Wrangler, AnyValuesUnderAnyKeysGiveAConfigurationOrAnError, ()) {
  const auto key = rc::gen::elementOf(std::vector<std::string>{"name",
                                                               "main",
                                                               "compatibility_date",
                                                               "compatibility_flags",
                                                               "vars",
                                                               "secrets",
                                                               "limits",
                                                               "rules",
                                                               "alias",
                                                               "define",
                                                               "env",
                                                               "prod",
                                                               "build",
                                                               "command",
                                                               "type",
                                                               "globs",
                                                               "fallthrough",
                                                               "required",
                                                               "cpu_ms",
                                                               "subrequests",
                                                               "triggers",
                                                               "crons",
                                                               "kv_namespaces",
                                                               "routes",
                                                               "x",
                                                               ""});
  const auto scalar =
      rc::gen::elementOf(std::vector<std::string>{"null", "true", "false", "0", "-1", "1e300", "\"\"", "\"src/index.ts\"", "\"Text\"",
                                                  "\"2025-01-01\"", "\"nodejs_compat\"", "\"no_nodejs_compat\"", "[]", "{}"});
  std::string text = "{";
  std::string closing = "}";
  const int count = *rc::gen::inRange(0, 30);
  for (int i = 0; i < count; ++i) {
    const int shape = *rc::gen::inRange(0, 6);
    const bool in_array = closing.front() == ']';
    if (shape == 0 && closing.size() > 1) {
      StrAppend(&text, closing.substr(0, 1), ",");
      closing.erase(0, 1);
      continue;
    }
    if (!in_array) StrAppend(&text, "\"", *key, "\":");
    if (shape == 1 || shape == 2) {
      text += shape == 1 ? "{" : "[";
      closing.insert(0, shape == 1 ? "}" : "]");
    } else {
      StrAppend(&text, *scalar, ",");
    }
  }
  disk_.Put("wrangler.json", text + closing);
  for (const char* environment : {"", "prod"}) {
    const auto loaded = Load(environment);
    if (!loaded.ok()) RC_ASSERT(absl::IsInvalidArgument(loaded.status()));
    if (!loaded.ok()) RC_ASSERT(loaded.status().message().find("wrangler.json:") == 0);
  }
}

RC_GTEST_FIXTURE_PROP(Wrangler, AnyBytesGiveAConfigurationOrAnError, (const std::string& toml, const std::string& secrets)) {
  disk_.Put("wrangler.toml", toml);
  disk_.Put(".dev.vars", secrets);
  const auto loaded = Load();
  if (!loaded.ok()) RC_ASSERT(absl::IsInvalidArgument(loaded.status()));
}

}  // namespace
}  // namespace edge::config
