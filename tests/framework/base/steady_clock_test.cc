#include "framework/base/steady_clock.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SteadyClockTest, NobodyMovesIt) {
  SteadyClock clock;
  const TimePoint first = clock.Now();
  EXPECT_FALSE(clock.SkipTo(first + seconds(1000)));
  EXPECT_FALSE(clock.IsManual());
  EXPECT_LT(clock.Now(), first + seconds(1000));
}

// Whether every reading of `clock` for 50 ms lies between the readings of the system before and after it, but for two microseconds.
bool AgreesWithTheSystem(const Clock& clock) {
  TimePoint last{};
  const TimePoint end = std::chrono::steady_clock::now() + milliseconds(50);
  for (TimePoint before = std::chrono::steady_clock::now(); before < end; before = std::chrono::steady_clock::now()) {
    const TimePoint now = clock.Now();
    const TimePoint after = std::chrono::steady_clock::now();
    if (now < last || now < before - microseconds(2) || now > after + microseconds(2)) return false;
    last = now;
  }
  return true;
}

TEST(SteadyClockTest, IsTheClockOfTheSystem) { EXPECT_TRUE(AgreesWithTheSystem(SteadyClock(SteadyClock::Source::kSystem))); }

TEST(SteadyClockTest, KeepsToTheClockOfTheSystemByCountingCycles) { EXPECT_TRUE(AgreesWithTheSystem(SteadyClock())); }

TEST(SteadyClockTest, ThreadsThatReadAtTheSameTimeAgreeAndNoneSeesItGoBack) {
  const SteadyClock clock;
  std::vector<int> agree(4);
  std::vector<std::thread> threads;
  for (int& one : agree) {
    threads.emplace_back([&clock, &one] { one = AgreesWithTheSystem(clock) ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(agree.begin(), agree.end(), 1), 4);
}

TEST(SteadyClockTest, TellsWhereItsTimeComesFrom) { EXPECT_FALSE(SteadyClock(SteadyClock::Source::kSystem).counts_cycles()); }

}  // namespace
}  // namespace rota
