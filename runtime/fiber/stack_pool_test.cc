#include "runtime/fiber/stack_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <set>
#include <vector>

namespace edge {
namespace {

constexpr size_t kPage = 4096;

size_t ResidentPages(char* low, size_t bytes) {
  std::vector<unsigned char> pages(bytes / kPage);
  EXPECT_EQ(mincore(low, bytes, pages.data()), 0);
  size_t resident = 0;
  for (unsigned char page : pages) resident += page & 1;
  return resident;
}

TEST(StackPool, HandsOutTheWarmestFirst) {
  StackPool pool(ByteCount::KiB(64), 10);
  ASSERT_TRUE(pool.Reserve(3));
  char* a = pool.Take();
  char* b = pool.Take();
  pool.Release(a);
  pool.Release(b);
  EXPECT_EQ(pool.Take(), b);
  EXPECT_EQ(pool.Take(), a);
  pool.Release(a);
  pool.Release(b);
}

TEST(StackPool, StacksAreDistinctAndWritableFromEndToEnd) {
  StackPool pool(ByteCount::KiB(32), 4);
  ASSERT_TRUE(pool.Reserve(200));
  std::set<char*> stacks;
  for (int i = 0; i < 200; ++i) {
    char* low = pool.Take();
    std::memset(low, 1, pool.stack_bytes());
    stacks.insert(low);
  }
  EXPECT_EQ(stacks.size(), 200u);
  for (auto it = stacks.begin(); std::next(it) != stacks.end(); ++it) {
    EXPECT_GE(static_cast<size_t>(*std::next(it) - *it), pool.stack_bytes() + StackPool::kGuardBytes);
  }
  for (char* low : stacks) pool.Release(low);
  EXPECT_EQ(pool.out(), 0u);
}

TEST(StackPool, AWarmStackKeepsItsMemory) {
  StackPool pool(ByteCount::KiB(256), 10);
  ASSERT_TRUE(pool.Reserve(1));
  char* low = pool.Take();
  std::memset(low + pool.stack_bytes() - 3 * kPage, 1, 3 * kPage);
  pool.Release(low);
  EXPECT_EQ(ResidentPages(low + pool.stack_bytes() - 3 * kPage, 3 * kPage), 3u);
}

TEST(StackPool, ADeeplyUsedStackGivesItsMemoryBack) {
  StackPool pool(ByteCount::KiB(256), 10);
  ASSERT_TRUE(pool.Reserve(1));
  char* low = pool.Take();
  std::memset(low, 1, pool.stack_bytes());
  pool.Release(low);
  EXPECT_LE(ResidentPages(low, pool.stack_bytes()), 4u);
}

TEST(StackPool, WhatExceedsThePoolGivesItsMemoryBack) {
  StackPool pool(ByteCount::KiB(256), 1);
  ASSERT_TRUE(pool.Reserve(2));
  char* a = pool.Take();
  char* b = pool.Take();
  for (char* low : {a, b}) std::memset(low + pool.stack_bytes() - kPage, 1, kPage);
  pool.Release(a);
  pool.Release(b);
  EXPECT_EQ(ResidentPages(a + pool.stack_bytes() - kPage, kPage), 1u);
  EXPECT_EQ(ResidentPages(b + pool.stack_bytes() - kPage, kPage), 0u);
}

class StackPoolGuardDeathTest : public ::testing::TestWithParam<StackPool::Guards> {};

TEST_P(StackPoolGuardDeathTest, TheGuardIsDeadly) {
  StackPool pool(ByteCount::KiB(64), 1, GetParam());
  ASSERT_TRUE(pool.Reserve(1));
  char* low = pool.Take();
  for (size_t below : {size_t{1}, StackPool::kGuardBytes}) {
    EXPECT_DEATH(*static_cast<volatile char*>(low - below) = 1, "");
  }
  pool.Release(low);
  // Still there when the stack comes out again.
  low = pool.Take();
  EXPECT_DEATH(*static_cast<volatile char*>(low - 1) = 1, "");
  pool.Release(low);
}

INSTANTIATE_TEST_SUITE_P(EveryKind, StackPoolGuardDeathTest,
                         ::testing::Values(StackPool::Guards::kBest, StackPool::Guards::kProtectedPages));

TEST(StackPool, RefusesMoreWhenAGuardIsNotToBeHad) {
  StackPool pool(ByteCount::KiB(16), 1, StackPool::Guards::kProtectedPages);
  const size_t granted = StackPool::kProtectedPagesMax + 10;
  ASSERT_TRUE(pool.Reserve(granted));
  std::vector<char*> stacks;
  while (stacks.size() < StackPool::kProtectedPagesMax) stacks.push_back(pool.Take());
  EXPECT_TRUE(pool.Reserve(granted));
  // What was granted is still served, without a guard.
  while (stacks.size() < granted) stacks.push_back(pool.Take());
  *(stacks.back() - 1) = 1;
  EXPECT_FALSE(pool.Reserve(granted));
  for (char* low : stacks) pool.Release(low);
  // There is room again for what has guards.
  EXPECT_TRUE(pool.Reserve(StackPool::kProtectedPagesMax));
  EXPECT_FALSE(pool.Reserve(granted));
}

}  // namespace
}  // namespace edge
