#include "framework/actor/frame_pool.h"

#include <cstddef>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rota::internal {
namespace {

TEST(FramePoolTest, FramesThatAreInUseDoNotOverlap) {
  std::vector<std::pair<char*, size_t>> frames;
  for (size_t size = 1; size <= FramePool::kLargest + 100; size += 37) {
    auto* const frame = static_cast<char*>(FramePool::Allocate(size));
    std::memset(frame, static_cast<int>(size % 251), size);
    frames.emplace_back(frame, size);
  }
  for (const auto& [frame, size] : frames) {
    EXPECT_EQ(frame[0], static_cast<char>(size % 251));
    EXPECT_EQ(frame[size - 1], static_cast<char>(size % 251));
    FramePool::Free(frame, size);
  }
}

TEST(FramePoolTest, MoreThanItKeepsGoBackToTheHeap) {
  std::vector<void*> frames;
  for (size_t i = 0; i < FramePool::kKeep * 2; ++i) frames.push_back(FramePool::Allocate(100));
  EXPECT_EQ(std::set<void*>(frames.begin(), frames.end()).size(), frames.size());
  for (void* const frame : frames) FramePool::Free(frame, 100);
}

#ifndef ROTA_FRAME_POOL_OFF
TEST(FramePoolTest, AFrameIsUsedAgainForTheSameSizeUpToTheGrain) {
  void* const frame = FramePool::Allocate(FramePool::kGrain + 1);
  FramePool::Free(frame, FramePool::kGrain + 1);
  void* const smaller = FramePool::Allocate(FramePool::kGrain);
  EXPECT_NE(smaller, frame);
  FramePool::Free(smaller, FramePool::kGrain);
  EXPECT_EQ(FramePool::Allocate(2 * FramePool::kGrain), frame);
  FramePool::Free(frame, 2 * FramePool::kGrain);
}

TEST(FramePoolTest, EachThreadHasAPoolOfItsOwn) {
  void* const mine = FramePool::Allocate(64);
  FramePool::Free(mine, 64);
  std::thread([&] {
    void* const other = FramePool::Allocate(64);
    EXPECT_NE(other, mine);
    FramePool::Free(other, 64);
  }).join();
  EXPECT_EQ(FramePool::Allocate(64), mine);
  FramePool::Free(mine, 64);
}
#endif

}  // namespace
}  // namespace rota::internal
