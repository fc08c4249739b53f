#include "framework/loop/fixed_rate.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;

class FixedRateTest : public testing::Test {
 protected:
  int64_t ElapsedMs() const { return (clock_.Now() - begin_) / milliseconds(1); }

  ManualClock clock_;
  const TimePoint begin_ = clock_.Now();
  EventLoop loop_{clock_};
  std::optional<FixedRate> rate_;
  std::vector<int64_t> at_;
};

TEST_F(FixedRateTest, CallbacksThatTakeLongDoNotMakeItDrift) {
  rate_.emplace(loop_, milliseconds(10), [this](uint64_t missed) {
    EXPECT_EQ(missed, 0u);
    at_.push_back(ElapsedMs());
    clock_.Advance(milliseconds(7));
    if (at_.size() == 4) rate_.reset();
  });
  loop_.Run();
  EXPECT_EQ(at_, (std::vector<int64_t>{10, 20, 30, 40}));
}

TEST_F(FixedRateTest, MissedTimesAreCountedAndNotMadeUpFor) {
  std::vector<uint64_t> missed_each;
  rate_.emplace(loop_, milliseconds(10), [&](uint64_t missed) {
    at_.push_back(ElapsedMs());
    missed_each.push_back(missed);
    if (at_.size() == 1) clock_.Advance(milliseconds(35));
    if (at_.size() == 3) rate_.reset();
  });
  loop_.Run();
  EXPECT_EQ(at_, (std::vector<int64_t>{10, 45, 50}));
  EXPECT_EQ(missed_each, (std::vector<uint64_t>{0, 2, 0}));
}

TEST_F(FixedRateTest, CallbackThatThrowsDoesNotEndIt) {
  int runs = 0;
  loop_.SetUncaughtHandler([](std::exception_ptr) {});
  rate_.emplace(loop_, milliseconds(10), [&](uint64_t) {
    if (++runs == 3) rate_->SetRef(false);
    throw std::runtime_error("broken");
  });
  loop_.Run();
  EXPECT_EQ(runs, 3);
}

TEST_F(FixedRateTest, DestroyedInItsCallbackItsCallbackLivesToItsEnd) {
  auto owned = std::make_unique<int>(7);
  int seen = 0;
  rate_.emplace(loop_, milliseconds(1), [this, owned = std::move(owned), &seen](uint64_t) {
    rate_.reset();
    seen = *owned;
  });
  loop_.Run();
  EXPECT_EQ(seen, 7);
}

TEST_F(FixedRateTest, UnrefedItDoesNotKeepTheLoopAlive) {
  rate_.emplace(loop_, milliseconds(1), [](uint64_t) {});
  rate_->SetRef(false);
  EXPECT_FALSE(loop_.alive());
}

}  // namespace
}  // namespace rota
