#include "framework/loop/deadline_queue.h"

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
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
    EXPECT_EQ(deadline.due(), Ms(at));
    EXPECT_EQ(RunAt(Ms(at)), Ran{all_.size() - 1});
    EXPECT_FALSE(deadline.is_armed());
    EXPECT_EQ(deadline.due(), kNoDeadline);
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
    for (const int64_t at : {1, 2, 50, 1000}) all.emplace_back(std::make_unique<Noted>(queue, ran_, 0))->Arm(Ms(at));
    // The loop exits with the first, so that the second stays due.
    queue.Run(Ms(2), [](Duration, auto) { return false; });
    EXPECT_FALSE(all[0]->is_armed());
    EXPECT_TRUE(all[1]->is_armed());
  }
  for (const auto& deadline : all) EXPECT_FALSE(deadline->is_armed());
}

// Of all lengths, and with the first seed more than may be young; they arm and clear each other, too.
class DeadlineQueueSeedTest : public DeadlineQueueTest, public testing::WithParamInterface<uint64_t> {
 protected:
  // In the order in which they are to run.
  struct Due {
    TimePoint at{};  // The epoch where it is not armed.
    uint64_t age = 0;
    size_t i = 0;
    auto operator<=>(const Due&) const = default;
  };

  DeadlineQueueSeedTest() : due_(GetParam() == 1 ? 40'000 : 50) {
    for (size_t i = 0; i < due_.size(); ++i) all_.push_back(std::make_unique<Noted>(queue_, [this, i] { Ran(i); }));
  }
  size_t Any() { return random_() % all_.size(); }
  void Arm(size_t i, Duration after) {
    due_[i] = {now_ + after, ++age_, i};
    all_[i]->Arm(now_ + after);
    Forget(i);
  }
  void Clear(size_t i) {
    due_[i] = {};
    all_[i]->Clear();
    Forget(i);
  }
  // Runs what is due, and looks whether that was all of it, in order.
  void Run() {
    for (const Due& due : due_) {
      if (due.at != TimePoint{} && due.at <= now_) expected_.push_back(due);
    }
    std::sort(expected_.begin(), expected_.end());
    if (!expected_.empty()) {
      ASSERT_LE(queue_.next_wake(), now_);
    }
    any_is_late_ = false;
    RunAt(now_);
    ASSERT_TRUE(expected_.empty());
    if (!any_is_late_) {
      ASSERT_GT(queue_.next_wake(), now_);
    }
  }

  std::mt19937_64 random_{GetParam()};
  TimePoint now_ = Ms(1);
  std::vector<Due> due_;

 private:
  void Forget(size_t i) {
    std::erase_if(expected_, [i](const Due& due) { return due.i == i; });
  }
  void Ran(size_t i) {
    ASSERT_FALSE(expected_.empty());
    ASSERT_EQ(expected_.front().i, i);
    expected_.erase(expected_.begin());
    due_[i] = {};
    const uint64_t choice = random_() % 8;
    if (choice < 2) Arm(choice == 0 ? i : Any(), milliseconds(1 + random_() % 200));
    if (choice == 2) {
      Arm(Any(), -milliseconds(random_() % 2));
      any_is_late_ = true;
    }
    if (choice == 3) Clear(Any());
  }

  uint64_t age_ = 0;
  bool any_is_late_ = false;
  // What Run() has still to run.
  std::vector<Due> expected_;
};

TEST_P(DeadlineQueueSeedTest, NoneIsLostEarlyOrOutOfOrder) {
  const size_t count = due_.size();
  for (size_t step = 0; step < 3 * count + 3000; ++step) {
    const uint64_t choice = random_() % 16;
    const size_t i = step < count ? step : Any();
    if (choice < 9 || step < count) {
      Arm(i, milliseconds(random_() % (choice < 3 ? 30 : 3000)));
    } else if (choice < 12) {
      Clear(i);
    } else if (step % (count / 50) == 0) {
      now_ += Duration(random_() % 40'000'000);
      Run();
      if (HasFatalFailure()) return;
    }
    ASSERT_EQ(all_[i]->due(), due_[i].at == TimePoint{} ? kNoDeadline : due_[i].at);
    ASSERT_LE(queue_.next_wake(), all_[i]->due());
  }
  for (const auto& deadline : all_) deadline->Clear();
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.next_wake(), kNoDeadline);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeadlineQueueSeedTest, testing::Range<uint64_t>(1, 21));

}  // namespace
}  // namespace rota
