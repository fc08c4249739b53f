#include "framework/loop/timer_heap.h"

#include <cstdint>
#include <map>
#include <random>

#include "framework/loop/timer_lists.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

TimerKey Key(int64_t expiry, uint64_t id) { return {TimePoint(Duration(expiry)), id}; }

class TimerHeapTest : public testing::Test {
 protected:
  void Put(int32_t delay_ms, const TimerKey& key) {
    lists_.Get(delay_ms);
    heap_.Put(key, delay_ms);
  }
  TimerLists lists_;
  TimerHeap heap_{lists_};
};

TEST_F(TimerHeapTest, TheTopIsWhatExpiresFirstAndTheOldestOfThose) {
  Put(1, Key(20, 1));
  Put(2, Key(10, 3));
  Put(100'000, Key(10, 2));
  EXPECT_EQ(heap_.top().delay_ms, 100'000);
}

TEST_F(TimerHeapTest, AnEarlierKeyMovesAListAndALaterOneDoesNot) {
  Put(1, Key(10, 1));
  Put(2, Key(20, 2));
  Put(2, Key(5, 3));
  EXPECT_EQ(heap_.top().delay_ms, 2);
  Put(2, Key(30, 4));
  EXPECT_EQ(heap_.top().key, Key(5, 3));
  EXPECT_EQ(heap_.size(), 2u);
}

TEST_F(TimerHeapTest, RandomStepsAgainstASortedMap) {
  std::mt19937_64 random(11);
  std::map<int32_t, TimerKey> expected;
  const auto first = [&] {
    auto best = expected.begin();
    for (auto i = expected.begin(); i != expected.end(); ++i) {
      if (i->second < best->second) best = i;
    }
    return best;
  };
  for (uint64_t step = 1; step < 20'000; ++step) {
    const TimerKey key = Key(static_cast<int64_t>(random() % 100), step);
    const auto delay_ms = static_cast<int32_t>(1 + random() % 64 + (random() % 2) * 70'000);
    const uint64_t choice = random() % 8;
    if (choice < 4) {
      Put(delay_ms, key);
      const auto [at, is_new] = expected.try_emplace(delay_ms, key);
      if (!is_new && key < at->second) at->second = key;
    } else if (choice == 7 && step % 50 == 0) {
      heap_.DropIf([&](const TimerHeap::Entry& entry) {
        if (entry.delay_ms % 3 != 0) return false;
        lists_.Drop(entry.delay_ms);
        expected.erase(entry.delay_ms);
        return true;
      });
    } else if (!expected.empty()) {
      const auto top = first();
      if (choice < 6) {
        const TimerKey later = Key(key.expiry.time_since_epoch().count() + 100, step);
        heap_.PutOffTop(later);
        top->second = later;
      } else {
        lists_.Drop(top->first);
        expected.erase(top);
        heap_.PopTop();
      }
    }
    ASSERT_EQ(heap_.size(), expected.size());
    if (expected.empty()) continue;
    ASSERT_EQ(heap_.top().delay_ms, first()->first);
    ASSERT_EQ(heap_.top().key, first()->second);
  }
}

}  // namespace
}  // namespace rota
