#include "framework/runtime/idle_heap.h"

#include <gtest/gtest.h>

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

TEST(IdleHeapTest, GivesBackWhatABurstHasFreedOnceNothingGoesOn) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] {}};
  heap.Look(0);
  const size_t before = ResidentMib();
  const auto stays = TakeAndFree(64);
  EXPECT_GE(ResidentMib(), before + 48);
  EXPECT_TRUE(heap.Look(0));
  EXPECT_LE(ResidentMib(), before + 20);
}

TEST(IdleHeapTest, HasTheHeapsOfOthersFreedFirst) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  std::vector<std::unique_ptr<std::string>> kept;
  IdleHeap heap{[&] { kept.clear(); }};
  heap.Look(0);
  const size_t before = ResidentMib();
  for (int i = 0; i < 4096; ++i) kept.push_back(std::make_unique<std::string>(16 << 10, 'x'));
  // Not while calls come in.
  EXPECT_FALSE(heap.Look(1000));
  EXPECT_EQ(kept.size(), 4096u);
  EXPECT_TRUE(heap.Look(1000));
  EXPECT_TRUE(kept.empty());
  EXPECT_LE(ResidentMib(), before + 20);
}

TEST(IdleHeapTest, SeesWhatIsFreedAfterTheProcessHasStoppedGrowing) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] {}};
  heap.Look(0);
  const size_t before = ResidentMib();
  std::vector<std::unique_ptr<std::string>> goes;
  for (int i = 0; i < 4096; ++i) goes.push_back(std::make_unique<std::string>(16 << 10, 'x'));
  const std::string last(100, 'x');
  heap.Look(0);
  goes.clear();
  EXPECT_TRUE(heap.Look(0));
  EXPECT_LE(ResidentMib(), before + 20);
}

TEST(IdleHeapTest, WaitsWhileCallsComeIn) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] {}};
  heap.Look(0);
  const auto stays = TakeAndFree(64);
  uint64_t calls = 0;
  EXPECT_FALSE(heap.Look(calls += IdleHeap::kQuietCalls + 1));
  EXPECT_FALSE(heap.Look(calls += 1000));
  EXPECT_TRUE(heap.Look(calls));
}

TEST(IdleHeapTest, DoesNothingWhereThereIsNothingToGiveBack) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  IdleHeap heap{[] {}};
  heap.Look(0);
  EXPECT_FALSE(heap.Look(0));
  EXPECT_FALSE(heap.Look(0));
}

}  // namespace
}  // namespace rota
