#include "framework/loop/signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <stdexcept>
#include <vector>

#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/phase.h"

namespace rota {
namespace {

class SignalWatcherTest : public ::testing::Test {
 protected:
  void Watch(std::initializer_list<int> signals) {
    watcher_.emplace(loop_, signals, [this](int number) { heard_.push_back(number); });
  }
  // Delivery goes through a pipe to this thread itself, so it is there when raise() has returned.
  void Poll() { loop_.RunOnce(); }

  SteadyClock clock_;
  EventLoop loop_{clock_};
  std::vector<int> heard_;
  std::optional<SignalWatcher> watcher_;
};

TEST_F(SignalWatcherTest, ASignalIsACallbackOfPoll) {
  Watch({SIGUSR1, SIGUSR2});
  raise(SIGUSR2);
  EXPECT_TRUE(heard_.empty());
  Poll();
  EXPECT_EQ(heard_, std::vector<int>{SIGUSR2});
  EXPECT_EQ(loop_.stats().callbacks[static_cast<size_t>(Phase::kPoll)], 1u);
}

TEST_F(SignalWatcherTest, EverySignalIsHeardNotOnlyTheFirst) {
  Watch({SIGUSR1});
  for (int i = 0; i < 3; ++i) {
    raise(SIGUSR1);
    Poll();
  }
  EXPECT_EQ(heard_.size(), 3u);
}

TEST_F(SignalWatcherTest, ItDoesNotKeepTheLoopAlive) {
  Watch({SIGUSR1});
  EXPECT_FALSE(loop_.alive());
  EXPECT_EQ(loop_.Run(), 0);
}

TEST_F(SignalWatcherTest, RefedItKeepsTheLoopAliveAndIsToldAsTheReason) {
  SignalWatcher watcher(loop_, {SIGUSR1}, [](int) {});
  EXPECT_FALSE(watcher.has_ref());
  watcher.SetRef(true);
  EXPECT_TRUE(loop_.alive());
  ASSERT_EQ(loop_.ListRefs().size(), 1u);
  EXPECT_NE(loop_.ListRefs()[0].owner.find("signals_test.cc"), std::string::npos);
  watcher.SetRef(false);
  EXPECT_EQ(loop_.Run(), 0);
}

TEST_F(SignalWatcherTest, ItIsStillHeardAfterAHandlerThatThrows) {
  loop_.SetUncaughtHandler([](std::exception_ptr) {});
  int calls = 0;
  watcher_.emplace(loop_, std::initializer_list<int>{SIGUSR1}, [&](int) {
    if (++calls == 1) throw std::runtime_error("broken");
  });
  raise(SIGUSR1);
  Poll();
  raise(SIGUSR1);
  Poll();
  EXPECT_EQ(calls, 2);
}

TEST_F(SignalWatcherTest, DestroyedItLeavesTheDefaultActionBehind) {
  Watch({SIGUSR1});
  raise(SIGUSR1);
  watcher_.reset();
  Poll();
  EXPECT_TRUE(heard_.empty());
  struct sigaction action {};
  ASSERT_EQ(sigaction(SIGUSR1, nullptr, &action), 0);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace rota
