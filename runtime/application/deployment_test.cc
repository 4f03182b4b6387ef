#include "runtime/application/deployment.h"

#include <gtest/gtest.h>

#include "rapidcheck/gtest.h"

namespace edge::cli {
namespace {

using Kind = worker::WorkerCode::Variable::Kind;

TEST(Deployment, ReadsWhatItWrote) {
  worker::WorkerCode code;
  code.name = "shop";
  code.limits.cpu = Duration::Milliseconds(50);
  code.variables["A"] = {Kind::kText, "x\n\"y\" \xc3\xa9"};
  code.variables["B"] = {Kind::kJson, R"({"n":1.50})"};

  worker::WorkerCode read;
  ASSERT_TRUE(ReadDeployment(WriteDeployment(code), read).ok());

  EXPECT_EQ(read.name, "shop");
  EXPECT_EQ(read.limits.cpu, Duration::Milliseconds(50));
  EXPECT_EQ(read.variables.at("A").value, "x\n\"y\" \xc3\xa9");
  EXPECT_EQ(read.variables.at("B").kind, Kind::kJson);
  EXPECT_EQ(read.variables.at("B").value, R"({"n":1.50})");
}

TEST(Deployment, KeepsDurableObjects) {
  worker::WorkerCode code;
  code.object_classes = {{"Room", "chat/Room", worker::ObjectClass::Storage::kSqlite},
                         {"Old", "chat/Old", worker::ObjectClass::Storage::kKeyValue}};
  code.object_bindings = {{"ROOMS", "Room", ""}};
  code.deleted_spaces = {"chat/Gone"};

  worker::WorkerCode read;
  ASSERT_TRUE(ReadDeployment(WriteDeployment(code), read).ok());

  EXPECT_EQ(read.object_classes, code.object_classes);
  EXPECT_EQ(read.object_bindings, code.object_bindings);
  EXPECT_EQ(read.deleted_spaces, code.deleted_spaces);
  EXPECT_FALSE(ReadDeployment(R"({"format":1,"variables":{},"object_classes":[{"name":"A"}]})", read).ok());
}

TEST(Deployment, KeepsQueues) {
  worker::WorkerCode code;
  code.queue_bindings = {{.name = "Q", .queue = "orders", .delivery_delay = Duration::Seconds(7)}};
  code.queue_consumers = {{.queue = "orders",
                           .batch_size_max = 20,
                           .batch_timeout = Duration::Zero(),
                           .retries_max = 0,
                           .dead_letter_queue = "dead",
                           .concurrency_max = 2,
                           .retry_delay = Duration::Seconds(5)},
                          {.queue = "outside", .type = worker::QueueConsumer::Type::kPull, .visibility = Duration::Milliseconds(1500)}};

  worker::WorkerCode read;
  ASSERT_TRUE(ReadDeployment(WriteDeployment(code), read).ok());

  EXPECT_EQ(read.queue_bindings, code.queue_bindings);
  EXPECT_EQ(read.queue_consumers, code.queue_consumers);
  EXPECT_FALSE(ReadDeployment(R"({"format":1,"variables":{},"queue_bindings":[{"name":"A","queue":"No Good"}]})", read).ok());
  EXPECT_FALSE(ReadDeployment(R"({"format":1,"variables":{},"queue_consumers":[{"queue":"a"}]})", read).ok());
}

TEST(Deployment, RefusesAnotherFormat) {
  worker::WorkerCode code;

  EXPECT_FALSE(ReadDeployment("", code).ok());
  EXPECT_FALSE(ReadDeployment("[]", code).ok());
  EXPECT_FALSE(ReadDeployment(R"({"format":2,"variables":{}})", code).ok());
  EXPECT_FALSE(ReadDeployment(R"({"format":1})", code).ok());
  EXPECT_FALSE(ReadDeployment(R"({"format":1,"variables":{"A":{"number":1}}})", code).ok());
}

RC_GTEST_PROP(Deployment, AnyTextGivesAStatus, (const std::string& text)) {
  worker::WorkerCode code;
  ReadDeployment(text, code).IgnoreError();
}

}  // namespace
}  // namespace edge::cli
