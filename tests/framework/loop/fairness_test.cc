// Poll is fair: a flood on one socket keeps neither timers nor another socket waiting.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <string>
#include <vector>

#include "framework/loop/asio.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/operation.h"
#include "framework/loop/refs.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using Socket = boost::asio::local::stream_protocol::socket;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration kBudget = milliseconds(10);
constexpr size_t kBudgetCallbacks = 64;

class FairnessTest : public testing::Test {
 protected:
  FairnessTest() {
    boost::asio::local::connect_pair(flooded_, flooder_);
    boost::asio::local::connect_pair(quiet_, peer_);
    boost::asio::write(flooder_, boost::asio::buffer(std::string(64 * 1024, 'x')));
  }
  // Reads a byte at a time for as long as there is one and `more`; each takes `work`.
  void ReadFlood(Duration work) {
    flooded_.async_read_some(boost::asio::buffer(byte_), OnLoop(loop_, [this, work](boost::system::error_code error, size_t size) {
                               if (error || size == 0) return;
                               ++reads_;
                               clock_.Advance(work);
                               if (more_) ReadFlood(work);
                             }));
  }

  ManualClock clock_;
  EventLoop loop_{clock_, {.poll_budget_callbacks = kBudgetCallbacks, .poll_budget_time = kBudget}};
  Socket flooded_{IoContext(loop_)}, flooder_{IoContext(loop_)}, quiet_{IoContext(loop_)}, peer_{IoContext(loop_)};
  std::array<char, 1> byte_{}, quiet_byte_{};
  int reads_ = 0;
  bool more_ = true;
};

TEST_F(FairnessTest, TimerIsLateByAtMostOneBudgetOfTime) {
  // So slow that time is used up before the callbacks are.
  ReadFlood(microseconds(900));
  const TimePoint due = clock_.Now() + milliseconds(25);
  TimePoint fired{};
  loop_.SetTimeout(milliseconds(25), [&] {
    fired = clock_.Now();
    more_ = false;
  });
  loop_.Run();
  EXPECT_GE(fired, due);
  // Every eighth callback looks at the clock, so the budget may be passed by that much.
  EXPECT_LE(fired - due, kBudget + 8 * microseconds(900));
  EXPECT_GT(reads_, 20);
}

TEST_F(FairnessTest, ImmediateComesAfterAtMostOneBudgetOfCallbacks) {
  ReadFlood(Duration(1));
  int most = 0, last = 0;
  std::function<void()> immediate = [&] {
    most = std::max(most, reads_ - last);
    last = reads_;
    if (reads_ < 2000) {
      loop_.SetImmediate(immediate);
    } else {
      more_ = false;
    }
  };
  loop_.SetImmediate(immediate);
  loop_.Run();
  EXPECT_GE(reads_, 2000);
  // The budget of poll, and what it has put off to the pending phase before.
  EXPECT_LE(most, static_cast<int>(kBudgetCallbacks) + 1);
}

TEST_F(FairnessTest, ByteOnAnotherSocketIsReadWithinTwoBudgets) {
  ReadFlood(microseconds(100));
  int written_at = 0, read_at = -1;
  quiet_.async_read_some(boost::asio::buffer(quiet_byte_), OnLoop(loop_, [&](boost::system::error_code, size_t size) {
                           EXPECT_EQ(size, 1u);
                           read_at = reads_;
                           more_ = false;
                         }));
  loop_.SetTimeout(milliseconds(30), [&] {
    written_at = reads_;
    boost::asio::write(peer_, boost::asio::buffer("q", 1));
  });
  loop_.SetTimeout(milliseconds(1000), [&] { more_ = false; }).SetRef(false);
  loop_.Run();
  ASSERT_GE(read_at, written_at) << "the byte was not read while the flood went on";
  EXPECT_LE(read_at - written_at, 2 * static_cast<int>(kBudgetCallbacks));
}

TEST_F(FairnessTest, AFloodOfPostsKeepsATimerWaitingForTwoBudgetsAtMost) {
  int ran = 0;
  for (int i = 0; i < 2000; ++i) {
    loop_.Post([&] {
      clock_.Advance(microseconds(900));
      ++ran;
    });
  }
  const TimePoint due = clock_.Now() + milliseconds(25);
  TimePoint fired{};
  loop_.SetTimeout(milliseconds(25), [&] { fired = clock_.Now(); });
  loop_.Run();
  EXPECT_EQ(ran, 2000);
  EXPECT_GE(fired, due);
  // That of poll and that of pending.
  EXPECT_LE(fired - due, 2 * (kBudget + 8 * microseconds(900)));
}

TEST_F(FairnessTest, PartsOfACallbackCountInTheBudgetOfItsPhase) {
  size_t ran = 0;
  for (int i = 0; i < 3; ++i) {
    loop_.Post([&] {
      ++ran;
      for (size_t part = 0; part < kBudgetCallbacks / 2; ++part) loop_.ChargeBudget();
    });
  }
  // Two are more than the budget, with the callbacks themselves; the second is not cut short.
  loop_.RunOnce();
  EXPECT_EQ(ran, 2u);
  loop_.RunOnce();
  EXPECT_EQ(ran, 3u);
}

TEST_F(FairnessTest, PartsOfACallbackThatTakeTooLongPutTheNextOff) {
  size_t ran = 0;
  for (int i = 0; i < 2; ++i) {
    loop_.Post([&] {
      ++ran;
      clock_.Advance(kBudget);
      for (int part = 0; part < 8; ++part) loop_.ChargeBudget();
    });
  }
  loop_.RunOnce();
  EXPECT_EQ(ran, 1u);
  loop_.RunOnce();
  EXPECT_EQ(ran, 2u);
}

TEST_F(FairnessTest, APendingPhaseRunsOneBudgetOfCallbacks) {
  size_t ran = 0;
  for (size_t i = 0; i < 10 * kBudgetCallbacks; ++i) loop_.Post([&] { ++ran; });
  for (size_t iterations = 1; iterations <= 10; ++iterations) {
    loop_.RunOnce();
    EXPECT_EQ(ran, iterations * kBudgetCallbacks);
  }
}

TEST_F(FairnessTest, WhatIsPutOffOverSeveralBudgetsRunsInTheOrderInWhichItCame) {
  std::vector<int> ran, expected;
  const int count = 5 * static_cast<int>(kBudgetCallbacks);
  // A completion that comes while what was posted before it is put off, and one that comes while that one is, too.
  const auto complete = [&](int number) {
    loop_.RunCompletion(Operation(loop_, RefKind::kIo), [&ran, number] { ran.push_back(number); });
  };
  for (int i = 0; i < count; ++i) {
    expected.push_back(i);
    loop_.Post([&, i] {
      ran.push_back(i);
      if (i == 2 * static_cast<int>(kBudgetCallbacks)) complete(count);
      if (i == count - 1) complete(count + 1);
    });
  }
  expected.push_back(count);
  expected.push_back(count + 1);
  loop_.Run();
  EXPECT_EQ(ran, expected);
}

}  // namespace
}  // namespace rota
