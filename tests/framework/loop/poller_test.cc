#include "framework/loop/poller.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "framework/base/clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

constexpr bool kGoOn = false;

TEST(PollerTest, OnePollRunsAllThatIsReadyAndWhatThatMakesReady) {
  Poller poller;
  std::string ran;
  for (int i = 0; i < 3; ++i) {
    boost::asio::post(poller.io_context(), [&] {
      ran += "a";
      boost::asio::post(poller.io_context(), [&] { ran += "b"; });
    });
  }
  EXPECT_EQ(ran, "");
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 6u);
  EXPECT_EQ(ran, "aaabbb");
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

TEST(PollerTest, APollThatIsStoppedLeavesTheRest) {
  Poller poller;
  bool stop = false;
  int ran = 0;
  for (int i = 0; i < 3; ++i) boost::asio::post(poller.io_context(), [&] { stop = ++ran == 2; });
  EXPECT_EQ(poller.Poll(Duration::zero(), stop), 2u);
  // With something left there is no wait.
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 1u);
}

TEST(PollerTest, AllConnectionsThatAreReadyRunInOnePollAndOnlyOnce) {
  Poller poller;
  std::vector<boost::asio::posix::stream_descriptor> ends;
  int ready = 0;
  for (int i = 0; i < 20; ++i) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ends.emplace_back(poller.io_context(), pipe[0]).async_wait(boost::asio::posix::descriptor_base::wait_read, [&](auto) { ++ready; });
    ends.emplace_back(poller.io_context(), pipe[1]);
    ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  }
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 20u);
  EXPECT_EQ(ready, 20);
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

// A pipe that is watched for reading, as long as it is waited for.
class Pipe final : public PollSource {
 public:
  explicit Pipe(Poller& poller) : poller_(poller) {
    if (::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    poller_.BeginWait();
  }
  ~Pipe() {
    Unwatch();
    for (const int end : ends_) ::close(end);
  }
  int Watch(uint32_t events = EPOLLIN | EPOLLET) { return poller_.Watch(ends_[0], events, *this); }
  void Unwatch() {
    if (std::exchange(is_waiting_, false)) poller_.EndWait();
    poller_.Unwatch(ends_[0], *this);
  }
  void Write() { ASSERT_EQ(::write(ends_[1], "x", 1), 1); }

  std::function<void()> on_events = [] {};
  std::string told;

 private:
  void OnEvents(uint32_t events) override {
    told += (events & EPOLLIN) != 0 ? "i" : "?";
    on_events();
  }
  void OnDue() override {
    told += "d";
    on_events();
  }
  void OnEnd() override { told += "e"; }

  Poller& poller_;
  std::array<int, 2> ends_{};
  bool is_waiting_ = true;
};

TEST(PollerTest, ASourceIsToldOfItsEvents) {
  Poller poller;
  Pipe pipe(poller);
  EXPECT_EQ(pipe.Watch(), 0);
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
  pipe.Write();
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 1u);
  // An edge comes once.
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
  pipe.Write();
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 1u);
  pipe.Unwatch();
  pipe.Write();
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
  EXPECT_EQ(pipe.told, "ii");
}

TEST(PollerTest, OfWhatComesNoMoreNothingIsToldThoughItWasFound) {
  Poller poller;
  std::array<std::optional<Pipe>, 3> pipes;
  size_t told = 0;
  for (std::optional<Pipe>& pipe : pipes) {
    pipe.emplace(poller);
    ASSERT_EQ(pipe->Watch(), 0);
    pipe->Write();
    // The others go, whichever is the first.
    pipe->on_events = [&pipes, &told, self = &pipe] {
      ++told;
      for (std::optional<Pipe>& other : pipes) {
        if (&other != self) other.reset();
      }
    };
  }
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 1u);
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
  EXPECT_EQ(told, 1u);
}

TEST(PollerTest, APollThatIsStoppedLeavesEventsForTheNext) {
  Poller poller;
  bool stop = false;
  std::vector<std::unique_ptr<Pipe>> pipes;
  for (int i = 0; i < 4; ++i) {
    pipes.push_back(std::make_unique<Pipe>(poller));
    ASSERT_EQ(pipes.back()->Watch(), 0);
    pipes.back()->Write();
    pipes.back()->on_events = [&] { stop = true; };
  }
  for (int i = 0; i < 4; ++i) {
    stop = false;
    EXPECT_EQ(poller.Poll(Duration::zero(), stop), 1u);
  }
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

TEST(PollerTest, WhatIsDueIsToldOnceAndEndsAWait) {
  Poller poller;
  Pipe pipe(poller);
  pipe.on_events = [&] {
    if (pipe.told.size() == 1) poller.MakeDue(pipe);
  };
  poller.MakeDue(pipe);
  poller.MakeDue(pipe);
  EXPECT_TRUE(poller.has_due());
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 1u);
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 1u);
  EXPECT_FALSE(poller.has_due());
  EXPECT_EQ(pipe.told, "dd");
}

TEST(PollerTest, SourcesAndAsioAreServedByOnePoll) {
  Poller poller;
  std::string ran;
  Pipe pipe(poller);
  ASSERT_EQ(pipe.Watch(), 0);
  pipe.on_events = [&] {
    ran += "p";
    boost::asio::post(poller.io_context(), [&] { ran += "a"; });
  };
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  boost::asio::posix::stream_descriptor reader(poller.io_context(), ends[0]);
  const boost::asio::posix::stream_descriptor writer(poller.io_context(), ends[1]);
  reader.async_wait(boost::asio::posix::descriptor_base::wait_read, [&](auto) { ran += "r"; });
  pipe.Write();
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 2u);
  EXPECT_EQ(ran, "pa");
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  pipe.Write();
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 3u);
  // In the order of the system, which may be either.
  std::sort(ran.begin(), ran.end());
  EXPECT_EQ(ran, "aappr");
}

TEST(PollerTest, TheEndIsToldToWhatIsWatchedOrDue) {
  auto poller = std::make_unique<Poller>();
  // The pipe goes later than the poller, so it is unwatched by hand.
  struct Source final : PollSource {
    void OnEvents(uint32_t) override {}
    void OnDue() override {}
    void OnEnd() override {
      ++ended;
      if (other != nullptr) poller->MakeDue(*std::exchange(other, nullptr));
    }
    int ended = 0;
    Poller* poller = nullptr;
    Source* other = nullptr;
  };
  Source watched, due, both, late;
  watched.poller = poller.get();
  watched.other = &late;
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  EXPECT_EQ(poller->Watch(pipe[0], EPOLLIN, watched), 0);
  EXPECT_EQ(poller->Watch(pipe[1], EPOLLOUT, both), 0);
  poller->MakeDue(due);
  poller->MakeDue(both);
  poller.reset();
  EXPECT_EQ(watched.ended, 1);
  EXPECT_EQ(due.ended, 1);
  EXPECT_EQ(both.ended, 1);
  EXPECT_EQ(late.ended, 1);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST(PollerTest, TheSystemsAnswerIsHandedOn) {
  Poller poller;
  Pipe pipe(poller);
  EXPECT_EQ(pipe.Watch(), 0);
  EXPECT_EQ(pipe.Watch(), EEXIST);
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(poller.Watch(file, EPOLLIN, pipe), EPERM);
  EXPECT_EQ(poller.ChangeWatch(file, EPOLLIN, pipe), EPERM);
  ::close(file);
}

// Nobody waits, so nothing is asked; what waits is found by the next look, also when it was ready before.
TEST(PollerTest, WhatBeginsToWaitAfterPollsWithoutAnyIsFound) {
  Poller poller;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  boost::asio::posix::stream_descriptor reader(poller.io_context(), pipe[0]);
  const boost::asio::posix::stream_descriptor writer(poller.io_context(), pipe[1]);
  bool ready = false;
  reader.async_wait(boost::asio::posix::descriptor_base::wait_read, [&](auto) { ready = true; });
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 1u);
  EXPECT_TRUE(ready);
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

TEST(PollerTest, TimersOfAsioAreFoundWithoutAWait) {
  Poller poller;
  boost::asio::steady_timer timer(poller.io_context(), std::chrono::nanoseconds(1));
  bool fired = false;
  timer.async_wait([&](auto) { fired = true; });
  while (!fired) poller.Poll(Duration::zero(), kGoOn);
  EXPECT_EQ(poller.Poll(Duration::zero(), kGoOn), 0u);
}

TEST(PollerTest, AnInterruptFromAnotherThreadEndsAWaitWithoutLimit) {
  Poller poller;
  std::thread other([&] { poller.Interrupt(); });
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 0u);
  other.join();
  // One that comes before the wait ends it, too.
  poller.Interrupt();
  EXPECT_EQ(poller.Poll(Poller::kForever, kGoOn), 0u);
}

TEST(PollerTest, AWaitEndsWithItsTimeAndNotBefore) {
  Poller poller;
  const TimePoint start = std::chrono::steady_clock::now();
  EXPECT_EQ(poller.Poll(std::chrono::microseconds(1500), kGoOn), 0u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::microseconds(1500));
}

}  // namespace
}  // namespace rota
