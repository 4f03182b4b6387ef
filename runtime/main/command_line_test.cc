#include "runtime/main/command_line.h"

#include <gtest/gtest.h>

namespace edge::cli {
namespace {

TEST(CommandLine, ServesTheFolderTheUserStandsInByDefault) {
  const absl::StatusOr<Command> command = ParseCommandLine({});

  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->verb, Verb::kServe);
  EXPECT_EQ(command->directory, "");
  EXPECT_EQ(command->port, 8787);
  EXPECT_EQ(command->mode, Command::Mode::kProduction);
}

TEST(CommandLine, TakesAFolderWithoutTheVerb) {
  const absl::StatusOr<Command> command = ParseCommandLine({"my-app", "--port=9000", "--dev"});

  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->directory, "my-app");
  EXPECT_EQ(command->port, 9000);
  EXPECT_EQ(command->mode, Command::Mode::kDevelopment);
}

TEST(CommandLine, ReadsTheFlagsOfEachVerb) {
  const absl::StatusOr<Command> build = ParseCommandLine({"build", "app", "--out", "dist", "--env", "staging"});

  ASSERT_TRUE(build.ok());
  EXPECT_EQ(build->verb, Verb::kBuild);
  EXPECT_EQ(build->output, "dist");
  EXPECT_EQ(build->environment, "staging");
}

TEST(CommandLine, RecordsIntoAFileWithoutSecrets) {
  const absl::StatusOr<Command> plain = ParseCommandLine({"app"});
  const absl::StatusOr<Command> record = ParseCommandLine({"serve", "app", "--record", "traffic.jsonl"});
  const absl::StatusOr<Command> secrets = ParseCommandLine({"serve", "--record=t", "--record-secrets"});

  ASSERT_TRUE(plain.ok() && record.ok() && secrets.ok());
  EXPECT_EQ(plain->record, "");
  EXPECT_EQ(record->record, "traffic.jsonl");
  EXPECT_EQ(record->secrets, Command::Secrets::kRedacted);
  EXPECT_EQ(secrets->secrets, Command::Secrets::kRecorded);
}

TEST(CommandLine, SaysWhatIsWrong) {
  const auto message = [](std::vector<std::string> words) { return std::string(ParseCommandLine(words).status().message()); };

  EXPECT_NE(message({"--prot", "1"}).find("unknown flag --prot"), std::string::npos);
  EXPECT_NE(message({"serve", "--port", "many"}).find("0 to 65535"), std::string::npos);
  EXPECT_NE(message({"serve", "--port", "70000"}).find("0 to 65535"), std::string::npos);
  EXPECT_NE(message({"serve", "--host"}).find("--host needs a value"), std::string::npos);
  EXPECT_NE(message({"build", "--port", "1"}).find("unknown flag --port"), std::string::npos);
  EXPECT_NE(message({"serve", "--record"}).find("--record needs a value"), std::string::npos);
  EXPECT_NE(message({"serve", "--record="}).find("the name of a file"), std::string::npos);
  EXPECT_NE(message({"serve", "--record-secrets"}).find("goes with --record FILE"), std::string::npos);
  EXPECT_NE(message({"init"}).find("needs the folder"), std::string::npos);
  EXPECT_NE(message({"queues"}).find("not in this version yet"), std::string::npos);
  EXPECT_NE(message({"build", "a", "b"}).find("one folder at a time"), std::string::npos);
}

TEST(CommandLine, TakesSeveralWorkers) {
  const auto served = ParseCommandLine({"serve", "front", "back", "--port", "1"});
  const auto simulated = ParseCommandLine({"sim", "front", "back"});

  ASSERT_TRUE(served.ok() && simulated.ok()) << served.status() << simulated.status();
  EXPECT_EQ(served->directory, "front");
  EXPECT_EQ(served->directories, (std::vector<std::string>{"front", "back"}));
  EXPECT_EQ(simulated->sim.directories, (std::vector<std::string>{"front", "back"}));
}

TEST(CommandLine, HelpNamesEveryVerb) {
  for (const char* verb : {"serve", "build", "init", "help", "version"}) EXPECT_NE(HelpText("").find(verb), std::string::npos) << verb;
  EXPECT_NE(HelpText("serve").find("--dev"), std::string::npos);
}

TEST(CommandLine, OperatesOnState) {
  const auto list = ParseCommandLine({"objects"});
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->verb, Verb::kObjects);
  EXPECT_EQ(list->objects_verb, Command::ObjectsVerb::kList);

  const auto exported = ParseCommandLine({"objects", "export", "app", "--class", "Room", "--id", "ab", "--out", "f"});
  ASSERT_TRUE(exported.ok());
  EXPECT_EQ(exported->objects_verb, Command::ObjectsVerb::kExport);
  EXPECT_EQ(exported->directory, "app");
  EXPECT_EQ(exported->object_class, "Room");
  EXPECT_EQ(exported->object_id, "ab");
  EXPECT_EQ(exported->output, "f");

  const auto backup = ParseCommandLine({"backup", "--out", "b", "--state", "s"});
  ASSERT_TRUE(backup.ok());
  EXPECT_EQ(backup->verb, Verb::kBackup);
  EXPECT_EQ(backup->state, "s");

  const auto stats = ParseCommandLine({"objects", "stats", "app", "--json"});
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->objects_verb, Command::ObjectsVerb::kStats);
  EXPECT_TRUE(stats->json);
  EXPECT_FALSE(ParseCommandLine({"objects", "stats", "--class", "Room"}).ok());
  EXPECT_FALSE(ParseCommandLine({"objects", "list", "--json"}).ok());

  EXPECT_FALSE(ParseCommandLine({"objects", "export", "--class", "Room", "--id", "ab"}).ok());
  EXPECT_FALSE(ParseCommandLine({"objects", "delete"}).ok());
  EXPECT_FALSE(ParseCommandLine({"backup"}).ok());
  EXPECT_FALSE(ParseCommandLine({"restore", "--out", "x"}).ok());
  EXPECT_FALSE(ParseCommandLine({"check", "--out", "x"}).ok());
  EXPECT_TRUE(ParseCommandLine({"check", "app"}).ok());
}

}  // namespace
}  // namespace edge::cli
