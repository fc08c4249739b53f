#include "framework/loop/timer_lists.h"

#include <cstdint>
#include <vector>

#include "framework/base/clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

// Where delays lie in one page, in others, and beyond those that have a place of their own.
const std::vector<int32_t> kDelays = {1, 2, 63, 64, 65'535, 65'536, 100'000, 2'147'483'647};

TEST(TimerListsTest, EachDelayHasAListThatStaysWhereItIs) {
  TimerLists lists;
  std::vector<TimerList*> found;
  for (const int32_t delay_ms : kDelays) {
    found.push_back(&lists.Get(delay_ms));
    found.back()->key.id = static_cast<uint64_t>(delay_ms);
  }
  for (int32_t delay_ms = 200'000; delay_ms < 210'000; ++delay_ms) lists.Get(delay_ms);
  for (size_t i = 0; i < kDelays.size(); ++i) {
    EXPECT_EQ(&lists.Get(kDelays[i]), found[i]);
    EXPECT_EQ(&lists.Find(kDelays[i]), found[i]);
    EXPECT_EQ(found[i]->key.id, static_cast<uint64_t>(kDelays[i]));
  }
}

TEST(TimerListsTest, NewListsAreNotInUseNorInTheHeap) {
  TimerLists lists;
  for (const int32_t delay_ms : kDelays) {
    EXPECT_FALSE(lists.Get(delay_ms).in_use());
    EXPECT_TRUE(lists.Get(delay_ms).empty());
    EXPECT_EQ(lists.HeapIndex(delay_ms), TimerLists::kNotInHeap);
  }
}

TEST(TimerListsTest, AListThatWasDroppedIsAsNew) {
  TimerLists lists;
  for (const int32_t delay_ms : kDelays) {
    lists.Get(delay_ms).key.expiry = TimePoint{};
    lists.HeapIndex(delay_ms) = 7;
    lists.Drop(delay_ms);
    EXPECT_EQ(lists.Get(delay_ms).key.expiry, kNoDeadline);
    EXPECT_EQ(lists.HeapIndex(delay_ms), TimerLists::kNotInHeap);
  }
}

TEST(TimerListsTest, AListIsHalfALineOfTheCache) { EXPECT_EQ(sizeof(TimerList), 32u); }

}  // namespace
}  // namespace rota
