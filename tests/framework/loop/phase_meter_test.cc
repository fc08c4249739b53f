#include "framework/loop/phase_meter.h"

#include <chrono>
#include <vector>

#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;

constexpr auto kTimers = static_cast<size_t>(Phase::kTimers);
constexpr auto kPoll = static_cast<size_t>(Phase::kPoll);

class PhaseMeterTest : public ::testing::Test {
 protected:
  // A callback of `phase` that takes `time`.
  void RunCallback(PhaseMeter& meter, Phase phase, Duration time) {
    ++stats_.callbacks[static_cast<size_t>(phase)];
    meter.LetTimePass();
    clock_.Advance(time);
  }

  ManualClock clock_;
  LoopStats stats_;
};

TEST_F(PhaseMeterTest, ReadsTheClockOnlyWhenTimeHasPassed) {
  PhaseMeter meter(clock_, stats_, {});
  const TimePoint first = meter.Time();
  clock_.Advance(milliseconds(5));
  EXPECT_EQ(meter.Time(), first);
  meter.LetTimePass();
  EXPECT_EQ(meter.Time(), first + milliseconds(5));
}

TEST_F(PhaseMeterTest, RecordsTheTimeOfAPhaseThatHadSomethingToDo) {
  PhaseMeter meter(clock_, stats_, {});
  meter.BeginIteration();
  meter.BeginWork();
  meter.EndPhase(Phase::kPoll, stats_.callbacks[kPoll]);
  EXPECT_EQ(stats_.phase_duration[kPoll].count(), 0u);
  meter.BeginWork();
  RunCallback(meter, Phase::kTimers, milliseconds(3));
  meter.EndPhase(Phase::kTimers, 0);
  meter.EndIteration();
  EXPECT_EQ(stats_.phase_duration[kTimers].count(), 1u);
  EXPECT_EQ(stats_.phase_duration[kTimers].sum(), milliseconds(3));
  EXPECT_EQ(stats_.iterations, 1u);
  EXPECT_EQ(stats_.iteration_duration.sum(), milliseconds(3));
}

TEST_F(PhaseMeterTest, IdleTimeEndsWithTheFirstCallbackAfterTheWaitAndIsNoWork) {
  PhaseMeter meter(clock_, stats_, {});
  meter.BeginIteration();
  meter.BeginWork();
  meter.BeginWait();
  meter.SetWaiting(true);
  clock_.Advance(milliseconds(40));
  EXPECT_EQ(meter.Waited(), milliseconds(40));
  EXPECT_EQ(stats_.idle, Duration::zero());
  meter.BeginWork();
  EXPECT_FALSE(meter.waiting());
  EXPECT_EQ(stats_.idle, milliseconds(40));
  RunCallback(meter, Phase::kPoll, milliseconds(2));
  meter.EndPhase(Phase::kPoll, 0);
  meter.EndIteration();
  EXPECT_EQ(stats_.phase_duration[kPoll].sum(), milliseconds(2));
  EXPECT_EQ(stats_.iteration_duration.sum(), milliseconds(2));
  // The next one has waited for nothing.
  meter.BeginIteration();
  meter.BeginWork();
  EXPECT_EQ(stats_.idle, milliseconds(40));
}

TEST_F(PhaseMeterTest, OfTwoWaitsInARowBothAreIdle) {
  PhaseMeter meter(clock_, stats_, {});
  meter.BeginIteration();
  for (int i = 0; i < 2; ++i) {
    meter.BeginWait();
    meter.SetWaiting(true);
    clock_.Advance(milliseconds(3));
  }
  meter.BeginWork();
  EXPECT_EQ(stats_.idle, milliseconds(6));
}

TEST_F(PhaseMeterTest, AnIterationEndsWhereTheNextBegins) {
  PhaseMeter meter(clock_, stats_, {});
  for (const int us : {1, 3000}) {
    meter.BeginIteration();
    const uint64_t before = stats_.callbacks[kTimers];
    meter.BeginWork();
    RunCallback(meter, Phase::kTimers, std::chrono::microseconds(us));
    meter.EndPhase(Phase::kTimers, before);
    // What runs between the phases is part of the iteration.
    meter.LetTimePass();
    clock_.Advance(milliseconds(1));
  }
  EXPECT_EQ(stats_.iteration_duration.sum(), std::chrono::microseconds(1001));
  meter.EndIteration();
  EXPECT_EQ(stats_.iteration_duration.sum(), std::chrono::microseconds(5001));
  // It has ended already, and what happens outside belongs to none.
  meter.LetTimePass();
  clock_.Advance(milliseconds(1));
  meter.EndIteration();
  meter.BeginIteration();
  meter.EndIteration();
  EXPECT_EQ(stats_.iteration_duration.count(), 3u);
  EXPECT_EQ(stats_.iteration_duration.sum(), std::chrono::microseconds(5001));
  EXPECT_EQ(stats_.phase_duration[kTimers].bucket(0), 1u);
}

TEST_F(PhaseMeterTest, CountsPhasesThatWorkForLongerThanTheBudget) {
  PhaseMeter meter(clock_, stats_, {.poll_budget_time = milliseconds(10)});
  for (const int ms : {10, 11}) {
    const uint64_t before = stats_.callbacks[kTimers];
    meter.BeginWork();
    RunCallback(meter, Phase::kTimers, milliseconds(ms));
    EXPECT_EQ(meter.AtWork(), milliseconds(ms));
    meter.EndPhase(Phase::kTimers, before);
  }
  EXPECT_EQ(stats_.overruns[kTimers], 1u);
}

TEST_F(PhaseMeterTest, TellsTheObserver) {
  struct Observer final : LoopObserver {
    void OnPhase(Phase phase, Duration at_work, uint64_t callbacks) override {
      EXPECT_EQ(phase, Phase::kTimers);
      EXPECT_EQ(at_work, milliseconds(1));
      EXPECT_EQ(callbacks, 1u);
      ++phases;
    }
    void OnIteration(uint64_t iteration) override { iterations.push_back(iteration); }
    int phases = 0;
    std::vector<uint64_t> iterations;
  } observer;
  PhaseMeter meter(clock_, stats_, {});
  meter.SetObserver(&observer);
  meter.BeginIteration();
  meter.BeginWork();
  RunCallback(meter, Phase::kTimers, milliseconds(1));
  meter.EndPhase(Phase::kTimers, 0);
  meter.EndIteration();
  EXPECT_EQ(observer.phases, 1);
  EXPECT_EQ(observer.iterations, std::vector<uint64_t>{1});
}

TEST_F(PhaseMeterTest, WithoutMeasuringOnlyCountsAndIdleTimeStand) {
  PhaseMeter meter(clock_, stats_, {.measure = false});
  meter.BeginIteration();
  meter.BeginWork();
  meter.BeginWait();
  meter.SetWaiting(true);
  clock_.Advance(milliseconds(4));
  meter.LetTimePass();
  meter.BeginWork();
  RunCallback(meter, Phase::kTimers, milliseconds(1));
  meter.RecordLag(milliseconds(1));
  meter.EndPhase(Phase::kTimers, 0);
  meter.EndIteration();
  EXPECT_EQ(stats_.iterations, 1u);
  EXPECT_EQ(stats_.idle, milliseconds(4));
  EXPECT_EQ(stats_.timer_lag.count(), 0u);
  EXPECT_EQ(stats_.phase_duration[kTimers].count(), 0u);
  EXPECT_EQ(stats_.iteration_duration.count(), 0u);
}

}  // namespace
}  // namespace rota
