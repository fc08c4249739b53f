#include "framework/base/settle_heap.h"

#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/glibc_heap.h"

namespace rota {
namespace {

TEST(SettleHeapTest, WhatWasFreedIsMergedBeforeAnybodyAsksForMore) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  std::vector<std::unique_ptr<std::string>> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(std::make_unique<std::string>(60, 'x'));
  // The list itself is large, and freeing it would settle the heap as well.
  for (auto& block : blocks) block.reset();
  // "smblks" in mallinfo(3): short blocks that are free and were not merged.
  EXPECT_GE(mallinfo2().smblks, 500u);
  SettleHeap();
  EXPECT_EQ(mallinfo2().smblks, 0u);
}

}  // namespace
}  // namespace rota
