#include "framework/loop/young_timers.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "framework/base/ref.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/refs.h"
#include "framework/loop/timer_queue.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;

class YoungTimersTest : public testing::Test {
 protected:
  // One that is armed `at` so many milliseconds; its id is how many there were before.
  TimerNode& Add(int64_t delay_ms, int64_t at = 0) {
    TimerNode& node = *nodes_.emplace_back(maker_.Make([] {}, nullptr, delay_ms, false));
    node.start = Ms(at);
    node.id = nodes_.size();
    EXPECT_TRUE(young_.HasRoomFor(node.delay_ms));
    young_.Add(node);
    return node;
  }
  void LeaveAKeyThatDoesNotCount(int64_t delay_ms) {
    TimerNode& first = Add(delay_ms);
    TimerNode& second = Add(delay_ms);
    young_.Remove(first);
    young_.Remove(second);
  }
  static TimePoint Ms(int64_t at) { return TimePoint(milliseconds(at)); }
  // Their lists begin with the ids of these keys, and then join the timers with these ids.
  struct Taken {
    std::vector<uint64_t> keys;
    std::vector<uint64_t> joined;
    bool operator==(const Taken&) const = default;
  };
  Taken TakeAll() {
    Taken taken;
    young_.TakeAll(
        [&](int32_t delay_ms, const TimerKey& key) {
          EXPECT_EQ(key.expiry, nodes_[key.id - 1]->due());
          taken.keys.push_back(key.id);
          young_.SetListInUse(delay_ms, true);
        },
        [&](TimerNode& node) {
          EXPECT_EQ(node.list, nullptr);
          taken.joined.push_back(node.id);
          young_.SetListInUse(node.delay_ms, true);
        });
    return taken;
  }

  RefCounts refs_;
  // Of the nodes, which it does not arm.
  TimerQueue maker_{refs_, Compatibility::kRota};
  std::vector<Ref<TimerNode>> nodes_;
  YoungTimers young_{true};
};

TEST_F(YoungTimersTest, TakesTimersOfATenthOfASecondToAMinute) {
  for (int32_t delay_ms : {100, 1000, 65'535}) EXPECT_TRUE(young_.Takes(delay_ms)) << delay_ms;
  for (int32_t delay_ms : {1, 99, 65'536, 2'147'483'647}) EXPECT_FALSE(young_.Takes(delay_ms)) << delay_ms;
  const YoungTimers none(false);
  for (int32_t delay_ms : {1, 100, 65'535, 2'147'483'647}) EXPECT_FALSE(none.Takes(delay_ms)) << delay_ms;
}

TEST_F(YoungTimersTest, AreTakenInTheOrderInWhichTheyWereAdded) {
  Add(200);
  Add(100);
  Add(200);
  EXPECT_EQ(TakeAll(), (Taken{{}, {1, 2, 3}}));
  EXPECT_TRUE(young_.empty());
}

TEST_F(YoungTimersTest, AListHasTheKeyOfTheTimerThatBeganItAlsoWhenThatIsGone) {
  TimerNode& first = Add(100);
  Add(100, 5);
  young_.Remove(first);
  Add(100, 7);
  EXPECT_EQ(TakeAll(), (Taken{{1}, {2, 3}}));
}

TEST_F(YoungTimersTest, AListEndsWithItsLastTimer) {
  TimerNode& first = Add(100);
  TimerNode& second = Add(100);
  young_.Remove(first);
  young_.Remove(second);
  TimerNode& third = Add(100);
  Add(100);
  EXPECT_TRUE(third.begins_list);
  young_.Remove(third);
  EXPECT_EQ(TakeAll(), (Taken{{3}, {4}}));
}

TEST_F(YoungTimersTest, OneThatIsRefreshedBecomesTheLastAndItsListStays) {
  TimerNode& first = Add(100);
  Add(200);
  young_.Refresh(first, Ms(9));
  EXPECT_EQ(first.start, Ms(9));
  nodes_[0]->start = Ms(0);  // As TakeAll() expects it of the key.
  EXPECT_EQ(TakeAll(), (Taken{{1}, {2, 1}}));
}

TEST_F(YoungTimersTest, AreOfNoDelayWhoseListIsInUse) {
  Add(100);
  TakeAll();
  EXPECT_FALSE(young_.Takes(100));
  EXPECT_FALSE(young_.HasRoomFor(100));
  young_.SetListInUse(100, false);
  EXPECT_TRUE(young_.HasRoomFor(100));
}

TEST_F(YoungTimersTest, AreABoundedNumberOfADelay) {
  for (int i = 0; i < YoungTimers::kMostOfADelay; ++i) Add(100);
  EXPECT_TRUE(young_.Takes(100));
  EXPECT_FALSE(young_.HasRoomFor(100));
  EXPECT_TRUE(young_.HasRoomFor(101));
  young_.Remove(*nodes_.front());
  EXPECT_TRUE(young_.HasRoomFor(100));
}

TEST_F(YoungTimersTest, AreABoundedNumber) {
  for (size_t i = 0; i < YoungTimers::kMost; ++i) Add(static_cast<int64_t>(100 + i % 10'000));
  EXPECT_TRUE(young_.Takes(50'000));
  EXPECT_FALSE(young_.HasRoomFor(50'000));
}

TEST_F(YoungTimersTest, NoneIsDueBeforeTheWake) {
  EXPECT_EQ(young_.wake(), kNoDeadline);
  TimerNode& first = Add(300);
  TimerNode& second = Add(100);
  EXPECT_EQ(young_.wake(), Ms(100));
  young_.Remove(second);
  EXPECT_LE(young_.wake(), Ms(300));
  young_.Remove(first);
  EXPECT_EQ(young_.wake(), kNoDeadline);
}

// Keys are dropped in between that count no more, and none that counts.
TEST_F(YoungTimersTest, KeepsTheKeysThatCountAmongManyThatDoNot) {
  std::vector<uint64_t> keys;
  for (int64_t delay_ms = 100; delay_ms < 200; ++delay_ms) {
    TimerNode& first = Add(delay_ms);
    Add(delay_ms);
    young_.Remove(first);
    keys.insert(keys.begin(), first.id);
  }
  for (int i = 0; i < 10'000; ++i) LeaveAKeyThatDoesNotCount(1000 + i % 50);
  EXPECT_LE(young_.room_for_keys(), 512u);
  EXPECT_EQ(TakeAll().keys, keys);
}

TEST_F(YoungTimersTest, OfTheKeysOfADelayTheNewestCounts) {
  LeaveAKeyThatDoesNotCount(100);
  TimerNode& first = Add(100);
  Add(100);
  young_.Remove(first);
  // Until the old ones are dropped.
  for (int i = 0; i < 1000; ++i) LeaveAKeyThatDoesNotCount(1000 + i % 50);
  EXPECT_EQ(TakeAll(), (Taken{{first.id}, {first.id + 1}}));
}

}  // namespace
}  // namespace rota
