#include "storage/image/page_set_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "rapidcheck/gtest.h"

namespace edge::storage {
namespace {

const ObjectKey kKey{"chat/ChatRoom", "00ff" + std::string(60, 'c')};

bool Same(const PageSet& a, const PageSet& b) {
  const auto due = [](const PageSet& set) { return set.alarm.has_value() ? set.alarm->due : std::nullopt; };
  return a.epoch == b.epoch && a.txid == b.txid && a.pages == b.pages && a.bytes == b.bytes && a.alarm.has_value() == b.alarm.has_value() &&
         due(a) == due(b) &&
         std::equal(a.ranges.begin(), a.ranges.end(), b.ranges.begin(), b.ranges.end(), [](const PageRange& x, const PageRange& y) {
           return x.page == y.page && x.offset == y.offset && x.length == y.length;
         });
}

PageSet AnySet() {
  PageSet set;
  set.epoch = *rc::gen::arbitrary<uint64_t>();
  set.txid = *rc::gen::inRange<uint64_t>(0, 1'000'000);
  set.pages = *rc::gen::inRange<uint32_t>(0, 100);
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      set.alarm = AlarmChange{std::nullopt};
      break;
    case 1:
      set.alarm = AlarmChange{WallTime::FromUnixNanoseconds(*rc::gen::arbitrary<int64_t>())};
      break;
    default:
      break;
  }
  uint32_t page = 1;
  size_t end = 0;
  while (page <= set.pages && *rc::gen::inRange(0, 10) != 0) {
    if (*rc::gen::arbitrary<bool>() || end == kPageBytes) {
      page += *rc::gen::inRange<uint32_t>(1, 20);
      end = 0;
      continue;
    }
    const size_t offset = end + (*rc::gen::arbitrary<bool>() ? 0 : *rc::gen::inRange<size_t>(0, kPageBytes - end));
    const size_t length = *rc::gen::weightedOneOf<size_t>(
        {{3, rc::gen::inRange<size_t>(1, kPageBytes - offset + 1)}, {1, rc::gen::just<size_t>(kPageBytes - offset)}});
    set.ranges.push_back({page, static_cast<uint16_t>(offset), static_cast<uint16_t>(length)});
    for (size_t i = 0; i < length; ++i) set.bytes.push_back(static_cast<char>(i * 7 + page));
    end = offset + length;
  }
  return set;
}

RC_GTEST_PROP(PageSetCodec, ReadsBackWhatItWrote, ()) {
  const PageSet set = AnySet();
  std::string bytes = "before";
  EncodePageSet(kKey, set, &bytes);
  const absl::StatusOr<KeyedPageSet> decoded = DecodePageSet(std::string_view(bytes).substr(6));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(decoded->key == kKey);
  RC_ASSERT(Same(decoded->set, set));
}

// A decoder that accepts something has understood it: written again it is the same bytes. So there is one form only.
RC_GTEST_PROP(PageSetCodec, TakesNothingElse, ()) {
  std::string bytes;
  EncodePageSet(kKey, AnySet(), &bytes);
  const int changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes && !bytes.empty(); ++i) {
    // The beginning is where the structure is.
    const size_t at = *rc::gen::inRange<size_t>(0, std::min<size_t>(bytes.size(), 120));
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        bytes[at] = *rc::gen::arbitrary<char>();
        break;
      case 1:
        bytes.erase(at, *rc::gen::inRange<size_t>(1, 20));
        break;
      case 2:
        bytes.insert(at, 1, *rc::gen::arbitrary<char>());
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  // On the heap and exactly as long, so that a sanitizer sees a read beyond it.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const absl::StatusOr<KeyedPageSet> decoded = DecodePageSet(std::string_view(exact.data(), exact.size()));
  if (!decoded.ok()) {
    RC_ASSERT(decoded.status().code() == absl::StatusCode::kDataLoss);
    return;
  }
  std::string again;
  EncodePageSet(decoded->key, decoded->set, &again);
  RC_ASSERT(again == bytes);
}

RC_GTEST_PROP(PageSetCodec, GarbageIsRefusedWithoutHarm, (const std::string& garbage)) {
  std::string bytes;
  EncodePageSet(kKey, PageSet(), &bytes);
  // Behind a good name, so that the rest is looked at.
  const std::string in = bytes.substr(0, 1 + kKey.space.size() + 32) + garbage;
  const absl::StatusOr<KeyedPageSet> decoded = DecodePageSet(in);
  if (decoded.ok()) {
    std::string again;
    EncodePageSet(decoded->key, decoded->set, &again);
    RC_ASSERT(again == in);
  }
}

TEST(PageSetCodec, ASmallUpdateIsSmall) {
  PageSet set;
  set.epoch = 3;
  set.txid = 1000;
  set.pages = 5;
  set.ranges = {{1, 24, 4}, {3, 100, 20}};
  set.bytes = std::string(24, 'x');
  std::string bytes;
  EncodePageSet(kKey, set, &bytes);
  EXPECT_EQ(bytes.size(), 1 + kKey.space.size() + 32 + 1 + 2 + 1 + 1 + 1 + 3 + 3 + 24);
}

TEST(PageSetCodec, AHugeNumberOfRangesIsNotBelieved) {
  std::string bytes;
  EncodePageSet(kKey, PageSet(), &bytes);
  bytes.pop_back();
  PutVarint(uint64_t{1} << 60, &bytes);
  EXPECT_FALSE(DecodePageSet(bytes).ok());
}

TEST(Varint, HasOneForm) {
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{1} << 32, UINT64_MAX}) {
    std::string bytes;
    PutVarint(value, &bytes);
    EXPECT_LE(bytes.size(), kVarintBytesMax);
    std::string_view in = bytes;
    EXPECT_EQ(TakeVarint(&in), value);
    EXPECT_TRUE(in.empty());
  }
  for (std::string_view bad :
       {std::string_view("\x80\x00", 2), std::string_view("\x80"), std::string_view(""),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}) {
    EXPECT_EQ(TakeVarint(&bad), std::nullopt);
  }
}

TEST(ObjectKey, NamesAreChecked) {
  EXPECT_TRUE(IsValid(kKey));
  for (const char* space : {"", "a b", "a/../b", "a\\b", "a:b"}) EXPECT_FALSE(IsValid({space, kKey.id})) << space;
  EXPECT_FALSE(IsValid({std::string(201, 'a'), kKey.id}));
  for (const std::string& id : {std::string(), std::string(63, 'a'), std::string(64, 'A'), std::string(64, 'g')})
    EXPECT_FALSE(IsValid({"a", id}));
}

}  // namespace
}  // namespace edge::storage
