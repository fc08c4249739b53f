#include "framework/loop/deadline_queue.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;

class Noted final : public Deadline {
 public:
  Noted(DeadlineQueue& queue, std::function<void()> run) : Deadline(queue), run_(std::move(run)) {}
  Noted(DeadlineQueue& queue, std::vector<size_t>& ran, size_t name) : Noted(queue, [&ran, name] { ran.push_back(name); }) {}
  ~Noted() = default;

 private:
  void OnDeadline() override { run_(); }

  std::function<void()> run_;
};

class DeadlineQueueTest : public testing::Test {
 protected:
  Noted& New() { return *all_.emplace_back(std::make_unique<Noted>(queue_, ran_, all_.size())); }
  static TimePoint Ms(int64_t at) { return TimePoint(milliseconds(at)); }
  // Those that run at `now`.
  std::vector<size_t> RunAt(TimePoint now) {
    ran_.clear();
    queue_.Run(now, [](Duration lateness, auto run) {
      EXPECT_GE(lateness, Duration::zero());
      run();
      return true;
    });
    return ran_;
  }

  std::vector<size_t> ran_;
  DeadlineQueue queue_;
  std::vector<std::unique_ptr<Noted>> all_;
};

using Ran = std::vector<size_t>;

TEST_F(DeadlineQueueTest, RunsAtItsTimeOnceAndNotBefore) {
  for (const int64_t at : {1000, 1005, 5000}) {
    Noted& deadline = New();
    deadline.Arm(Ms(at));
    EXPECT_EQ(queue_.next_wake(), Ms(at));
    EXPECT_EQ(RunAt(Ms(at) - Duration(1)), Ran{});
    EXPECT_TRUE(deadline.is_armed());
    EXPECT_EQ(RunAt(Ms(at)), Ran{all_.size() - 1});
    EXPECT_FALSE(deadline.is_armed());
    EXPECT_EQ(queue_.next_wake(), kNoDeadline);
    EXPECT_EQ(RunAt(Ms(at)), Ran{});
    EXPECT_TRUE(queue_.empty());
  }
}

TEST_F(DeadlineQueueTest, OneThatIsArmedAgainCountsFromThen) {
  Noted& deadline = New();
  deadline.Arm(Ms(10));
  deadline.Arm(Ms(1000));
  EXPECT_EQ(RunAt(Ms(999)), Ran{});
  deadline.Arm(Ms(1001));
  EXPECT_EQ(RunAt(Ms(1000)), Ran{});
  EXPECT_EQ(RunAt(Ms(1001)), Ran{0});
}

TEST_F(DeadlineQueueTest, WithoutADeadlineItIsNotArmed) {
  Noted& deadline = New();
  deadline.Arm(Ms(10));
  deadline.Arm(kNoDeadline);
  EXPECT_FALSE(deadline.is_armed());
  EXPECT_TRUE(queue_.empty());
}

TEST_F(DeadlineQueueTest, RunByTimeAndThenByAge) {
  for (const int64_t at : {300, 200, 300, 100}) New().Arm(Ms(at));
  EXPECT_EQ(RunAt(Ms(300)), (Ran{3, 1, 0, 2}));
}

TEST_F(DeadlineQueueTest, OneThatIsArmedOrClearedByAnotherThatRuns) {
  Noted& cleared = New();
  Noted third(queue_, ran_, 3);
  Noted first(queue_, [&] {
    cleared.Clear();
    third.Arm(Ms(1));
    ran_.push_back(1);
  });
  first.Arm(Ms(1));
  cleared.Arm(Ms(2));
  EXPECT_EQ(RunAt(Ms(5)), Ran{1});
  EXPECT_EQ(queue_.next_wake(), Ms(1));
  EXPECT_EQ(RunAt(Ms(5)), Ran{3});
}

TEST_F(DeadlineQueueTest, OneThatDestroysItselfAndOthers) {
  auto other = std::make_unique<Noted>(queue_, ran_, 1);
  std::unique_ptr<Noted> self;
  self = std::make_unique<Noted>(queue_, [&] {
    other = nullptr;
    // As its last act.
    const auto ends_last = std::move(self);
  });
  self->Arm(Ms(1));
  other->Arm(Ms(2));
  EXPECT_EQ(RunAt(Ms(5)), Ran{});
  EXPECT_EQ(self, nullptr);
  EXPECT_EQ(other, nullptr);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(DeadlineQueueTest, MayOutliveTheQueueUnarmed) {
  std::vector<std::unique_ptr<Noted>> all;
  {
    DeadlineQueue queue;
    queue.Run(Ms(0), [](Duration, auto) { return true; });
    for (const int64_t at : {1, 1000}) all.emplace_back(std::make_unique<Noted>(queue, ran_, 0))->Arm(Ms(at));
  }
  for (const auto& deadline : all) EXPECT_FALSE(deadline->is_armed());
}

// More of them than may be young, of all lengths.
class DeadlineQueueSeedTest : public DeadlineQueueTest, public testing::WithParamInterface<uint64_t> {};

TEST_P(DeadlineQueueSeedTest, NoneIsLostEarlyOrOutOfOrder) {
  std::mt19937_64 random(GetParam());
  const size_t count = GetParam() == 1 ? 40'000 : 50;
  for (size_t i = 0; i < count; ++i) New();
  struct Due {
    TimePoint at = kNoDeadline;
    uint64_t age = 0;
  };
  std::vector<Due> due(count);
  TimePoint now = Ms(0);
  uint64_t age = 0;
  for (size_t step = 0; step < 3 * count + 3000; ++step) {
    const uint64_t choice = random() % 16;
    const size_t i = random() % count;
    if (choice < 9 || step < count) {
      due[i] = {now + milliseconds(random() % (choice < 3 ? 30 : 3000)), ++age};
      all_[i]->Arm(due[i].at);
    } else if (choice < 12) {
      all_[i]->Clear();
      due[i] = {};
    } else if (step % (count / 50) == 0) {
      now += Duration(random() % 40'000'000);
      std::vector<size_t> expected;
      for (size_t k = 0; k < count; ++k) {
        if (due[k].at <= now) expected.push_back(k);
      }
      std::sort(expected.begin(), expected.end(),
                [&](size_t a, size_t b) { return due[a].at != due[b].at ? due[a].at < due[b].at : due[a].age < due[b].age; });
      if (!expected.empty()) {
        ASSERT_LE(queue_.next_wake(), now);
      }
      ASSERT_EQ(RunAt(now), expected);
      ASSERT_GT(queue_.next_wake(), now);
      for (const size_t k : expected) due[k] = {};
    }
    ASSERT_EQ(all_[i]->is_armed(), due[i].at != kNoDeadline);
  }
  for (const auto& deadline : all_) deadline->Clear();
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.next_wake(), kNoDeadline);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeadlineQueueSeedTest, testing::Range<uint64_t>(1, 21));

}  // namespace
}  // namespace rota
