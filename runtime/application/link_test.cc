#include "runtime/application/link.h"

#include <gtest/gtest.h>

#include <vector>

namespace edge::cli {
namespace {

using worker::WorkerCode;

TEST(LinkWorkers, GivesABindingTheClassOfTheOtherWorker) {
  WorkerCode front{.name = "front"};
  front.object_bindings = {{.name = "ROOMS", .class_name = "Room", .script_name = "rooms"}};
  front.service_bindings = {{.name = "ROOMS_API", .service = "rooms"}, {.name = "SELF", .service = "front", .entrypoint = "Admin"}};
  WorkerCode rooms{.name = "rooms"};
  rooms.object_classes = {{.name = "Room", .space = "rooms/Room"}};
  WorkerCode* const codes[] = {&front, &rooms};

  ASSERT_TRUE(LinkWorkers(codes).ok()) << LinkWorkers(codes);

  ASSERT_TRUE(front.object_bindings[0].other.has_value());
  EXPECT_EQ(front.object_bindings[0].other->space, "rooms/Room");
}

TEST(LinkWorkers, NamesTheLineOfABindingToAWorkerThatIsNotThere) {
  WorkerCode front{.name = "front"};
  front.service_bindings = {{.name = "BILLING", .service = "billing", .origin = "front/wrangler.toml:7"}};
  front.object_bindings = {{.name = "ROOMS", .class_name = "Room", .script_name = "rooms"},
                           {.name = "DESKS", .class_name = "Desk", .script_name = "front"}};
  WorkerCode twin{.name = "front"};
  WorkerCode* const codes[] = {&front, &twin};

  EXPECT_EQ(
      LinkWorkers(codes).message(),
      "front: the binding ROOMS names the worker \"rooms\", which is not served here; name its folder too: edge serve DIR DIR\n"
      "front: the binding DESKS names the class Desk, which is no class of Durable Objects of the worker \"front\"; create it there: a "
      "migration with new_sqlite_classes = [\"Desk\"]\n"
      "front/wrangler.toml:7: the binding BILLING names the worker \"billing\", which is not served here; name its folder too: edge "
      "serve DIR DIR\n"
      "two workers are called \"front\"; give each a name of its own");
}

}  // namespace
}  // namespace edge::cli
