#include "runtime/js/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "rapidcheck/gtest.h"

namespace edge::js {
namespace {

// Blocks never overlap, keep their content through every operation, and the books balance.
RC_GTEST_PROP(Arena, KeepsBlocksApartAndIntact, ()) {
  Arena arena(ByteCount::MiB(4));
  struct Block {
    char* data;
    size_t size;
    unsigned char fill;
  };
  std::vector<Block> blocks;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, unsigned char>>>(
      400, rc::gen::tuple(rc::gen::inRange(0, 4),
                          rc::gen::oneOf(rc::gen::inRange(1, 300), rc::gen::inRange(300, 9000), rc::gen::inRange(9000, 300000)),
                          rc::gen::arbitrary<unsigned char>()));
  const auto intact = [](const Block& b, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      if (static_cast<unsigned char>(b.data[i]) != b.fill) return false;
    }
    return true;
  };
  for (const auto& [action, number, fill] : steps) {
    const auto size = static_cast<size_t>(number);
    if (action <= 1 || blocks.empty()) {
      auto* data = static_cast<char*>(arena.Allocate(size));
      if (data == nullptr) {
        RC_ASSERT(arena.used_bytes() + size + 16384 > arena.limit_bytes());
        continue;
      }
      RC_ASSERT(reinterpret_cast<uintptr_t>(data) % 16 == 0u);
      memset(data, fill, size);
      blocks.push_back({data, size, fill});
    } else {
      Block& block = blocks[size % blocks.size()];
      RC_ASSERT(intact(block, block.size));
      if (action == 2) {
        arena.Free(block.data);
        block = blocks.back();
        blocks.pop_back();
      } else {
        auto* data = static_cast<char*>(arena.Reallocate(block.data, size));
        if (data == nullptr) continue;
        block.data = data;
        RC_ASSERT(intact(block, std::min(size, block.size)));
        block.size = size;
        memset(block.data, block.fill, size);
      }
    }
  }
  std::map<char*, size_t> sorted;
  for (const Block& block : blocks) {
    RC_ASSERT(intact(block, block.size));
    sorted[block.data] = block.size;
  }
  char* end = nullptr;
  for (const auto& [data, size] : sorted) {
    RC_ASSERT(data >= end);
    end = data + size;
  }
  for (const Block& block : blocks) arena.Free(block.data);
  RC_ASSERT(arena.used_bytes() == 0u);
}

TEST(Arena, RefusesWhatIsOverTheLimitAndServesAgainAfterFrees) {
  Arena arena(ByteCount::MiB(1));
  EXPECT_EQ(arena.Allocate(0), nullptr);
  EXPECT_EQ(arena.Allocate(2 << 20), nullptr);
  std::vector<void*> blocks;
  while (void* block = arena.Allocate(1000)) blocks.push_back(block);
  EXPECT_EQ(blocks.size(), 1024u);
  for (void* block : blocks) arena.Free(block);
  EXPECT_EQ(arena.used_bytes(), 0u);
  EXPECT_EQ(arena.peak_bytes(), 1u << 20);
  // The space of one class serves every other: slabs go back.
  for (int round = 0; round < 100; ++round) {
    const size_t size = static_cast<size_t>(16 + round * 80);
    std::vector<void*> more;
    while (void* block = arena.Allocate(size)) more.push_back(block);
    EXPECT_GT(more.size() * (size + 1100), 900'000u) << size;
    for (void* block : more) arena.Free(block);
  }
}

// One allocation or release; what it gives, as an offset, and a fill for the block.
struct Step {
  int action;
  size_t size;
  unsigned char fill;
};

struct Live {
  char* data;
  size_t size;
  unsigned char fill;
};

// Offsets of what was allocated, to compare two courses of events in one arena.
std::vector<ptrdiff_t> Play(Arena& arena, const std::vector<Step>& steps, std::vector<Live>& blocks, const char* origin) {
  std::vector<ptrdiff_t> offsets;
  for (const Step& step : steps) {
    if (step.action > 0 || blocks.empty()) {
      auto* data = static_cast<char*>(arena.Allocate(step.size));
      offsets.push_back(data == nullptr ? -1 : data - origin);
      if (data == nullptr) continue;
      std::memset(data, step.fill, step.size);
      blocks.push_back({data, step.size, step.fill});
    } else {
      const size_t at = step.size % blocks.size();
      arena.Free(blocks[at].data);
      blocks.erase(blocks.begin() + static_cast<ptrdiff_t>(at));
    }
    offsets.push_back(static_cast<ptrdiff_t>(arena.used_bytes()));
  }
  return offsets;
}

// An image brings back content and books, and what follows is what followed the first time.
RC_GTEST_PROP(Arena, GoesBackToAnImage, ()) {
  if (!Arena::HasImages()) return;
  const auto steps = rc::gen::container<std::vector<Step>>(
      150,
      rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 3),
                                  rc::gen::oneOf(rc::gen::inRange(1, 300), rc::gen::inRange(300, 9000), rc::gen::inRange(9000, 300000)),
                                  rc::gen::inRange(1, 255)),
                   [](const std::tuple<int, int, int>& t) {
                     return Step{std::get<0>(t), static_cast<size_t>(std::get<1>(t)), static_cast<unsigned char>(std::get<2>(t))};
                   }));
  Arena arena(ByteCount::MiB(16));
  auto* const origin = static_cast<char*>(arena.Allocate(1));
  std::vector<Live> before;
  (void)Play(arena, *steps, before, origin);
  const Arena::Image image = arena.Save();
  const size_t used = arena.used_bytes(), peak = arena.peak_bytes();
  const auto continuation = *steps;
  std::vector<Live> first = before;
  const std::vector<ptrdiff_t> offsets = Play(arena, continuation, first, origin);
  for (int round = 0; round < 2; ++round) {
    arena.set_limit_bytes(1);
    arena.Restore(image);
    RC_ASSERT(arena.used_bytes() == used && arena.peak_bytes() == peak && arena.limit_bytes() == ByteCount::MiB(16).bytes());
    bool intact = true;
    for (const Live& block : before) {
      for (size_t i = 0; i < block.size; ++i) intact &= static_cast<unsigned char>(block.data[i]) == block.fill;
    }
    RC_ASSERT(intact);
    std::vector<Live> again = before;
    RC_ASSERT(Play(arena, continuation, again, origin) == offsets);
  }
}

TEST(Arena, MemoryBesideTheImageIsZeroAfterwards) {
  if (!Arena::HasImages()) GTEST_SKIP() << "blocks are in malloc";
  Arena arena(ByteCount::MiB(64));
  EXPECT_NE(arena.Allocate(48), nullptr);
  const Arena::Image image = arena.Save();
  auto* const small = static_cast<char*>(arena.Allocate(48));
  auto* const large = static_cast<char*>(arena.Allocate(8 << 20));
  std::memset(small, 1, 48);
  std::memset(large, 1, 8 << 20);
  arena.Restore(image);
  EXPECT_EQ(arena.Allocate(48), small);
  EXPECT_EQ(arena.Allocate(8 << 20), large);
  EXPECT_EQ(std::string(small, 48), std::string(48, '\0'));
  EXPECT_EQ(std::string(large, 8 << 20), std::string(8 << 20, '\0'));
}

}  // namespace
}  // namespace edge::js
