// Capture, Rewind, Adopt. The language's and the web platform's own objects are tested in runtime/worker/warm_start_test.cc.
#include <string>
#include <utility>
#include <vector>

#include "runtime/js/isolate_testing.h"

namespace edge::js {
namespace {

int g_live = 0;  // of all boxes; the tests of this file run one after the other

struct Box {
  Box() { ++g_live; }
  Box(const Box& other) : value(other.value) { ++g_live; }
  ~Box() { --g_live; }
  int value = 0;
};
void ReleaseBox(void* box) { delete static_cast<Box*>(box); }
const NativeType kBoxType = {"Box", ReleaseBox, 1, KeepCopy<Box>};
const NativeType kStrangerType = {"Stranger", ReleaseBox, 0};
const NativeType kForeignerType = {"Foreigner", ReleaseBox, 0, [](void*) -> NativeMaker { return nullptr; }};

template <const NativeType& type>
duk_ret_t Construct(duk_context* ctx) {
  PushNative(ctx, type, new Box);
  return 1;
}

duk_ret_t Add(duk_context* ctx) {
  duk_push_int(ctx, This<Box>(ctx, kBoxType).value += duk_require_int(ctx, 0));
  return 1;
}

class RewindTest : public IsolateTest {
 protected:
  void SetUp() override {
    if (!Isolate::SupportsCapture()) GTEST_SKIP() << "blocks are in malloc";
    Define();
  }

  void Define() {
    g_live = 0;
    const auto error = isolate_->Run({}, [](duk_context* ctx) {
      static constexpr Method kMethods[] = {{"add", Add, 1}};
      DefineClass(ctx, {.type = &kBoxType, .name = "Box", .construct = Construct<kBoxType>, .methods = kMethods});
      duk_put_global_string(ctx, "Box");
      DefineClass(ctx, {.type = &kStrangerType, .name = "Stranger", .construct = Construct<kStrangerType>});
      duk_put_global_string(ctx, "Stranger");
      DefineClass(ctx, {.type = &kForeignerType, .name = "Foreigner", .construct = Construct<kForeignerType>});
      duk_put_global_string(ctx, "Foreigner");
    });
    ASSERT_FALSE(error.has_value());
  }

  void Rewind() {
    isolate_->Rewind();
    isolate_->Adopt(host_);
  }

  // Runs a script and tells all that can be told of it.
  std::string Course(const std::string& source, const EnterOptions& options = {}) {
    std::string all = Eval(source, options);
    all += " executed " + std::to_string(isolate_->executed_instructions()) + " used " + std::to_string(isolate_->memory_used_bytes()) +
           " peak " + std::to_string(isolate_->memory_peak_bytes());
    return all;
  }
};

constexpr char kChurn[] = "var all = []; for (var i = 0; i < 30000; i++) { var o = {i: i}; o.self = o; all[i % 50] = o; } all.length";

TEST_F(RewindTest, BringsBackValuesCountsAndTheMomentOfCollections) {
  Eval("var box = new Box(); box.add(5); var list = [1, 2, 3], text = 'kept';");
  const std::string uncaptured = Course(kChurn);
  Make({});
  Define();
  Eval("var box = new Box(); box.add(5); var list = [1, 2, 3], text = 'kept';");
  ASSERT_TRUE(isolate_->Capture().ok());
  EXPECT_EQ(Course(kChurn), uncaptured);
  for (int round = 0; round < 3; ++round) {
    Rewind();
    EXPECT_EQ(Course(kChurn), uncaptured);
    EXPECT_EQ(Eval("box.add(1) + list.join() + text"), "61,2,3kept");
    Eval(
        "delete list; box = null; text = 7; Array.prototype.join = Object.keys = Math.max = null; leaked = [new Box(), new Box()]; delete "
        "this.Box");
  }
}

TEST_F(RewindTest, ReleasesWhatWasMadeSinceAndMakesAgainWhatIsGone) {
  Eval("var boxes = [new Box(), new Box(), new Box()];");
  ASSERT_TRUE(isolate_->Capture().ok());
  EXPECT_EQ(g_live, 6) << "each has a copy to be made from";
  for (int round = 0; round < 3; ++round) {
    Eval("boxes[0] = null; var more = []; for (var i = 0; i < 100; i++) { more.push(new Box()); more[i].self = more[i]; }");
    EXPECT_EQ(g_live, 105);
    Rewind();
    EXPECT_EQ(g_live, 6);
    EXPECT_EQ(Eval("boxes[0].add(0) + boxes[1].add(round = 1) + typeof more"), "1undefined");
  }
  isolate_.reset();
  EXPECT_EQ(g_live, 0);
}

TEST_F(RewindTest, ACondemnedIsolateIsAsNew) {
  Make({.memory = ByteCount::MiB(2)});
  Define();
  ASSERT_TRUE(isolate_->Capture().ok());
  CpuBudget first{.instructions = 100'000};
  const std::string loop = Course("for (;;) {}", {.budget = &first});
  EXPECT_EQ(loop.substr(0, 10), "RangeError");
  Rewind();
  EXPECT_EQ(isolate_->condemned(), Limit::kNone);
  const std::string full = Course("var all = []; for (;;) all.push({}, new Box());");
  EXPECT_EQ(isolate_->condemned(), Limit::kMemory);
  for (int round = 0; round < 2; ++round) {
    Rewind();
    EXPECT_EQ(Eval("1 + 1"), "2");
    Rewind();
    CpuBudget again{.instructions = 100'000};
    EXPECT_EQ(Course("for (;;) {}", {.budget = &again}), loop);
    Rewind();
    EXPECT_EQ(Course("var all = []; for (;;) all.push({}, new Box());"), full);
  }
}

TEST_F(RewindTest, AClassDefinedLaterIsUnknownAgain) {
  ASSERT_TRUE(isolate_->Capture().ok());
  static const NativeType kLateType = {"Late", nullptr};
  const auto has_prototype = [&] {
    bool has = false;
    isolate_->Run({}, [&](duk_context* ctx) {
      PushNative(ctx, kLateType, nullptr);
      duk_get_prototype(ctx, -1);
      has = duk_is_object(ctx, -1) != 0;
    });
    return has;
  };
  isolate_->Run({}, [](duk_context* ctx) { DefineClass(ctx, {.type = &kLateType, .name = "Late", .construct = nullptr}); });
  EXPECT_TRUE(has_prototype());
  Rewind();
  EXPECT_FALSE(has_prototype());
}

TEST_F(RewindTest, InterruptsComeAtTheSamePlacesAndGoToTheNewOwner) {
  ASSERT_TRUE(isolate_->Capture().ok());
  std::vector<int64_t> first, second;
  host_.on_interrupt = [&] { first.push_back(isolate_->executed_instructions()); };
  Eval("for (var i = 0; i < 1000000; i++) {}");
  EXPECT_GT(first.size(), 5u);
  TestHost other;
  other.on_interrupt = [&] { second.push_back(isolate_->executed_instructions()); };
  host_.on_interrupt = nullptr;
  const int heard = host_.interrupts;
  isolate_->Rewind();
  isolate_->Adopt(other);
  Eval("for (var i = 0; i < 1000000; i++) {}");
  EXPECT_EQ(second, first);
  EXPECT_EQ(host_.interrupts, heard);
  isolate_->Rewind();
  isolate_->Adopt(host_);
}

TEST_F(RewindTest, RefusesByNameWhatItCannotKeep) {
  for (const char* kind : {"Stranger", "Foreigner"}) {
    Eval(std::string("var strange = new ") + kind + "();");
    const absl::Status refused = isolate_->Capture();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(std::string(refused.message()).find(kind), std::string::npos) << refused;
    EXPECT_FALSE(isolate_->captured());
    EXPECT_EQ(Eval("strange = null; 'fine'"), "fine");
  }
  EXPECT_TRUE(isolate_->Capture().ok());
  Eval("var strange = new Stranger();");
  Rewind();
  EXPECT_EQ(g_live, 0) << "what is made later need not be kept";
}

TEST_F(RewindTest, RefusesACondemnedIsolate) {
  isolate_->Condemn(Limit::kCpu);
  EXPECT_FALSE(isolate_->Capture().ok());
}

TEST_F(RewindTest, AttachmentsAreRestoredInPlaceOrEndWithWhatTheyWereMadeFor) {
  static int destroyed;
  destroyed = 0;
  struct Counted {
    int value = 1;
  };
  Counted kept;
  const auto destroy = [](void*) { ++destroyed; };
  const AttachmentKeeper keep = [](void* value) -> absl::AnyInvocable<void()> {
    auto* counted = static_cast<Counted*>(value);
    return [counted, saved = *counted] { *counted = saved; };
  };
  isolate_->Run({}, [&](duk_context* ctx) { SetAttachment(ctx, AttachmentKind::kTest, &kept, destroy, keep); });
  ASSERT_TRUE(isolate_->Capture().ok());
  Counted later;
  isolate_->Run({}, [&](duk_context* ctx) { SetAttachment(ctx, AttachmentKind::kWorker, &later, destroy); });
  kept.value = 7;
  Rewind();
  EXPECT_EQ(kept.value, 1);
  EXPECT_EQ(destroyed, 1) << "the later one";
  EXPECT_EQ(GetAttachment(isolate_->context(), AttachmentKind::kWorker), nullptr);
  isolate_.reset();
  EXPECT_EQ(destroyed, 2);

  Make({});
  isolate_->Run({}, [&](duk_context* ctx) { SetAttachment(ctx, AttachmentKind::kTest, &kept, destroy); });
  EXPECT_FALSE(isolate_->Capture().ok());
}

}  // namespace
}  // namespace edge::js
