#include "framework/runtime/idle_heap.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/glibc_heap.h"

namespace rota {
namespace {

size_t ResidentMib() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096 >> 20;
}

// As connections do: much that goes, with a little between it that stays.
std::vector<std::unique_ptr<std::string>> TakeAndFree(size_t mebibytes) {
  std::vector<std::unique_ptr<std::string>> stays, goes;
  for (size_t i = 0; i < mebibytes * 64; ++i) {
    goes.push_back(std::make_unique<std::string>(16 << 10, 'x'));
    stays.push_back(std::make_unique<std::string>(100, 'x'));
  }
  return stays;
}

// A look and all the steps that come of it. Whether it was quiet.
bool LookAndGiveBack(IdleHeap& heap, uint64_t calls = 0) {
  if (!heap.Look(calls)) return false;
  while (heap.Step()) {
  }
  return true;
}

TEST(IdleHeapTest, GivesBackWhatABurstHasFreedOnceNothingGoesOn) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] { return false; }};
  LookAndGiveBack(heap, 0);
  const size_t before = ResidentMib();
  const auto stays = TakeAndFree(64);
  EXPECT_GE(ResidentMib(), before + 48);
  EXPECT_TRUE(LookAndGiveBack(heap, 0));
  EXPECT_LE(ResidentMib(), before + 20);
}

// In the midst of a request it would take as long as a hundred others.
TEST(IdleHeapTest, FreeingALargeMessageDoesNotWaitForTheSystem) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] { return false; }};
  LookAndGiveBack(heap, 0);
  const size_t before = ResidentMib();
  for (int i = 0; i < 3; ++i) {
    std::make_unique<std::string>(16 << 20, 'x').reset();
    EXPECT_GE(ResidentMib(), before + 15);
  }
  EXPECT_TRUE(LookAndGiveBack(heap, 0));
  EXPECT_LE(ResidentMib(), before + 2);
}

TEST(IdleHeapTest, HasTheHeapsOfOthersFreedFirst) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  std::vector<std::unique_ptr<std::string>> kept;
  IdleHeap heap{[&] {
    if (kept.empty()) return false;
    kept.resize(kept.size() / 2);
    return true;
  }};
  LookAndGiveBack(heap, 0);
  const size_t before = ResidentMib();
  for (int i = 0; i < 4096; ++i) kept.push_back(std::make_unique<std::string>(16 << 10, 'x'));
  // Not while calls come in.
  EXPECT_FALSE(LookAndGiveBack(heap, 1000));
  EXPECT_EQ(kept.size(), 4096u);
  EXPECT_TRUE(LookAndGiveBack(heap, 1000));
  EXPECT_TRUE(kept.empty());
  EXPECT_LE(ResidentMib(), before + 20);
}

TEST(IdleHeapTest, SeesWhatIsFreedAfterTheProcessHasStoppedGrowing) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] { return false; }};
  LookAndGiveBack(heap, 0);
  const size_t before = ResidentMib();
  std::vector<std::unique_ptr<std::string>> goes;
  for (int i = 0; i < 4096; ++i) goes.push_back(std::make_unique<std::string>(16 << 10, 'x'));
  const std::string last(100, 'x');
  LookAndGiveBack(heap, 0);
  goes.clear();
  EXPECT_TRUE(LookAndGiveBack(heap, 0));
  EXPECT_LE(ResidentMib(), before + 20);
}

// Seven blocks of each short size stay with the thread that has freed them, counted as in use.
TEST(IdleHeapTest, GivesBackWhatGlibcKeepsForTheThread) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] { return false; }};
  LookAndGiveBack(heap, 0);
  const size_t before = mallinfo2().uordblks;
  std::vector<std::unique_ptr<char[]>> blocks;
  for (size_t size = 24; size <= 1032; size += 16) {
    for (int i = 0; i < 7; ++i) blocks.push_back(std::make_unique<char[]>(size));
    // So that it is worth it.
    blocks.push_back(std::make_unique<char[]>(64 << 10));
  }
  blocks.clear();
  EXPECT_GE(mallinfo2().uordblks, before + (200 << 10));
  EXPECT_TRUE(LookAndGiveBack(heap, 0));
  EXPECT_LE(mallinfo2().uordblks, before + (50 << 10));
}

TEST(IdleHeapTest, WaitsWhileCallsComeIn) {
  IdleHeap heap{[] { return false; }};
  EXPECT_TRUE(LookAndGiveBack(heap));
  uint64_t calls = 0;
  EXPECT_FALSE(heap.Look(calls += IdleHeap::kQuietCalls + 1));
  EXPECT_FALSE(heap.Look(calls += 1000));
  EXPECT_TRUE(heap.Look(calls));
}

TEST(IdleHeapTest, DoesNothingWhereThereIsNothingToGiveBack) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] { return false; }};
  LookAndGiveBack(heap, 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(heap.Look(0));
    // Frees what is kept, which is nothing, and finds that this is not worth more.
    EXPECT_TRUE(heap.Step());
    EXPECT_FALSE(heap.Step());
  }
}

TEST(IdleHeapTest, NoStepGivesBackMoreThanItsShare) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] { return false; }};
  LookAndGiveBack(heap, 0);
  const size_t before = ResidentMib();
  const auto stays = TakeAndFree(64);
  size_t last = ResidentMib();
  EXPECT_GE(last, before + 48);
  ASSERT_TRUE(heap.Look(0));
  // In the end malloc_trim() finds what lies between short blocks, here two pages of each 16 KiB. It has a thread of its own, so that a step
  // may see it in the midst of that.
  size_t steps = 0, by_trim = 0;
  for (bool more = true; more; ++steps) {
    more = heap.Step();
    const size_t now = ResidentMib();
    if (last > now + (FreePages::kStepBytes >> 20) + 1) by_trim += last - now;
    last = now;
  }
  EXPECT_LE(by_trim, 36u);
  EXPECT_GE(steps, 48 / (FreePages::kStepBytes >> 20));
  EXPECT_LE(last, before + 20);
}

TEST(IdleHeapTest, StopsWhenCallsComeInMeanwhileAndBeginsAnewWhenTheyHaveGone) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] { return false; }};
  LookAndGiveBack(heap, 0);
  const size_t before = ResidentMib();
  const auto stays = TakeAndFree(64);
  ASSERT_TRUE(heap.Look(0));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(heap.Step());
  EXPECT_FALSE(heap.Look(1000));
  while (heap.Step()) {
  }
  EXPECT_GE(ResidentMib(), before + 32);
  EXPECT_TRUE(LookAndGiveBack(heap, 1000));
  EXPECT_LE(ResidentMib(), before + 20);
}

}  // namespace
}  // namespace rota
