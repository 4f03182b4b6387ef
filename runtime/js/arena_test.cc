#include "runtime/js/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
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

}  // namespace
}  // namespace edge::js
