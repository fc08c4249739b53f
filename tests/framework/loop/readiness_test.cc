#include "framework/loop/readiness.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/ref.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/phase.h"
#include "framework/loop/refs.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class Context final : public ContextBase {};

class ReadinessTest : public testing::Test {
 protected:
  ReadinessTest() {
    std::array<int, 2> ends;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
    near_.emplace(loop_, ends[0]);
    far_ = ends[1];
  }
  ~ReadinessTest() override { close(far_); }

  void Send(const std::string& text) { ASSERT_EQ(write(far_, text.data(), text.size()), static_cast<ssize_t>(text.size())); }
  // What can be read, up to `most` bytes; nullopt at the end. Says when it has read all.
  std::optional<std::string> Receive(size_t most = 100) {
    std::string text(most, ' ');
    const ssize_t size = read(near_->fd(), text.data(), text.size());
    if (size < static_cast<ssize_t>(most)) near_->Drained();
    if (size == 0) return std::nullopt;
    return text.substr(0, size < 0 ? 0 : static_cast<size_t>(size));
  }
  // Sends until there is no room.
  void Fill() {
    const std::string text(64 * 1024, 'x');
    while (write(near_->fd(), text.data(), text.size()) > 0) {
    }
  }
  void Drain() {
    std::string text(64 * 1024, ' ');
    while (read(far_, text.data(), text.size()) > 0) {
    }
  }

  SteadyClock clock_;
  EventLoop loop_{clock_};
  std::optional<Readiness> near_;
  int far_ = -1;
};

TEST_F(ReadinessTest, AWaitIsARefAndRunsUnderTheContextOfItsCaller) {
  const auto context = MakeRef<Context>();
  int ran = 0;
  {
    const ContextScope scope(context.get());
    near_->WaitReadable([&] {
      EXPECT_EQ(CurrentContext(), context.get());
      EXPECT_EQ(loop_.refs().count(RefKind::kIo), 0u);
      EXPECT_EQ(Receive(), "hello");
      ++ran;
    });
  }
  EXPECT_EQ(loop_.refs().count(RefKind::kIo), 1u);
  loop_.SetImmediate([&] {
    EXPECT_EQ(ran, 0);
    Send("hello");
  });
  loop_.Run();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(context->references(), 1u);
}

// The bytes and the end have one edge together, and the read that takes the bytes is short.
TEST_F(ReadinessTest, TheEndIsToldThoughItCameWithBytesThatWereReadAlone) {
  std::vector<std::optional<std::string>> received;
  auto wait = [&](auto& self) -> void {
    near_->WaitReadable([&] {
      received.push_back(Receive());
      if (received.back()) self(self);
    });
  };
  Send("last words");
  shutdown(far_, SHUT_WR);
  wait(wait);
  loop_.Run();
  EXPECT_EQ(received, (std::vector<std::optional<std::string>>{"last words", std::nullopt}));
}

// The edge is told before the end has come, and the read is after it.
TEST_F(ReadinessTest, TheEndIsToldThoughItCameBetweenTheEventAndTheRead) {
  std::vector<std::optional<std::string>> received;
  auto wait = [&](auto& self) -> void {
    near_->WaitReadable([&] {
      if (received.empty()) shutdown(far_, SHUT_WR);
      received.push_back(Receive());
      if (received.back()) self(self);
    });
  };
  Send("last words");
  wait(wait);
  loop_.Run();
  EXPECT_EQ(received, (std::vector<std::optional<std::string>>{"last words", std::nullopt}));
}

TEST_F(ReadinessTest, AfterAllWasReadAWaitSleepsUntilMoreComes) {
  std::vector<std::optional<std::string>> received;
  uint64_t before = 0;
  near_->WaitReadable([&] {
    received.push_back(Receive());
    near_->WaitReadable([&] { received.push_back(Receive()); });
    loop_.SetTimeout(std::chrono::milliseconds(20), [&] {
      before = loop_.stats().iterations;
      Send("b");
    });
  });
  Send("a");
  loop_.Run();
  EXPECT_EQ(received, (std::vector<std::optional<std::string>>{"a", "b"}));
  EXPECT_LT(before, 10u);
}

TEST_F(ReadinessTest, TheTimeUntilItIsReadyIsIdleAndNoWork) {
  Readiness timer(loop_, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 20'000'000}};
  ASSERT_EQ(timerfd_settime(timer.fd(), 0, &soon, nullptr), 0);
  timer.WaitReadable([] {});
  loop_.Run();
  const LoopStats& stats = loop_.stats();
  EXPECT_GE(stats.idle, std::chrono::milliseconds(15));
  EXPECT_LT(stats.phase_duration[static_cast<size_t>(Phase::kPoll)].sum(), std::chrono::milliseconds(15));
  EXPECT_LT(stats.iteration_duration.sum(), std::chrono::milliseconds(15));
}

// Who reads nothing and does not say that it was all is called again, as often as it waits.
TEST_F(ReadinessTest, WhatNobodyHasReadIsToldAgain) {
  int told = 0;
  auto wait = [&](auto& self) -> void {
    near_->WaitReadable([&] {
      if (++told < 5) self(self);
    });
  };
  Send("x");
  wait(wait);
  loop_.Run();
  EXPECT_EQ(told, 5);
}

// A peer that writes and ends when it likes, and an owner that reads and waits when it likes: it gets every byte and the end.
TEST_F(ReadinessTest, NothingIsMissedInAnyOrder) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed);
    std::array<int, 2> ends;
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    near_.emplace(loop_, ends[0]);
    close(std::exchange(far_, ends[1]));
    size_t to_send = random() % 40, sent = 0, received = 0;
    bool has_ended = false, is_waiting = false, got_end = false;
    Timer late;
    const auto act = [&] {
      const size_t step = std::min<size_t>(random() % 8, to_send - sent);
      if (step > 0) Send(std::string(step, 'x'));
      sent += step;
      if (sent == to_send && random() % 2 == 0 && !std::exchange(has_ended, true)) shutdown(far_, SHUT_WR);
    };
    const auto read = [&] {
      if (got_end) return;
      const std::optional<std::string> text = Receive(1 + random() % 5);
      got_end = !text;
      if (got_end) late.Clear();
      received += text ? text->size() : 0;
    };
    auto wait = [&](auto& self) -> void {
      if (got_end || std::exchange(is_waiting, true)) return;
      near_->WaitReadable([&] {
        is_waiting = false;
        if (random() % 2 == 0) act();
        for (uint32_t reads = random() % 3; reads > 0; --reads) read();
        if (random() % 2 == 0) act();
        // Sometimes later than here.
        if (random() % 4 == 0) {
          loop_.SetImmediate([&] {
            act();
            self(self);
          });
        } else {
          self(self);
        }
      });
    };
    auto go_on = [&](auto& self) -> void {
      act();
      if (!has_ended) loop_.SetImmediate([&] { self(self); });
    };
    wait(wait);
    go_on(go_on);
    late = loop_.SetTimeout(std::chrono::seconds(10), [&] { loop_.Exit(1); });
    EXPECT_EQ(loop_.Run(), 0);
    EXPECT_TRUE(got_end);
    EXPECT_EQ(received, to_send);
  }
}

TEST_F(ReadinessTest, WhatWasNotReadIsToldAgain) {
  std::string received;
  auto wait = [&](auto& self) -> void {
    near_->WaitReadable([&] {
      received += *Receive(1) + ".";
      if (received.size() < 6) self(self);
    });
  };
  Send("abc");
  wait(wait);
  loop_.Run();
  EXPECT_EQ(received, "a.b.c.");
}

TEST_F(ReadinessTest, WhatNobodyWaitsForDoesNotKeepTheLoopBusyAndIsThereLater) {
  std::string received;
  near_->WaitReadable([&] { received += *Receive(1); });
  Send("ab");
  shutdown(far_, SHUT_RDWR);
  // Bytes and the end are there, and nobody waits for them until the timer.
  uint64_t before = 0;
  loop_.SetTimeout(std::chrono::milliseconds(20), [&] {
    before = loop_.stats().iterations;
    near_->WaitReadable([&] { received += *Receive(1); });
  });
  loop_.Run();
  EXPECT_EQ(received, "ab");
  EXPECT_LT(before, 10u);
}

TEST_F(ReadinessTest, ACallbackThatThrowsLeavesTheLoopAsQuietAsOneThatReturns) {
  int uncaught = 0;
  loop_.SetUncaughtHandler([&](std::exception_ptr) { ++uncaught; });
  near_->WaitReadable([] { throw std::runtime_error("boom"); });
  Send("a");
  uint64_t before = 0;
  loop_.SetTimeout(std::chrono::milliseconds(20), [&] { before = loop_.stats().iterations; });
  loop_.Run();
  EXPECT_EQ(uncaught, 1);
  EXPECT_LT(before, 10u);
}

TEST_F(ReadinessTest, WritableIsToldWhenThereIsRoomAgain) {
  Fill();
  int ran = 0;
  near_->WaitWritable([&] { ++ran; });
  loop_.SetTimeout(std::chrono::milliseconds(1), [&] {
    EXPECT_EQ(ran, 0);
    Drain();
  });
  loop_.Run();
  EXPECT_EQ(ran, 1);
  // There is room: told at once, and again.
  near_->WaitWritable([&] { near_->WaitWritable([&] { ran = 3; }); });
  loop_.Run();
  EXPECT_EQ(ran, 3);
}

TEST_F(ReadinessTest, BothDirectionsWaitByThemselves) {
  std::string ran;
  Fill();
  near_->WaitWritable([&] { ran += "w"; });
  near_->WaitReadable([&] {
    ran += "r" + *Receive();
    near_->WaitReadable([&] { ran += "R" + *Receive(); });
    Drain();
  });
  loop_.SetImmediate([&] { Send("1"); });
  loop_.SetTimeout(std::chrono::milliseconds(5), [&] { Send("2"); });
  loop_.Run();
  EXPECT_EQ(ran, "r1wR2");
}

TEST_F(ReadinessTest, CloseCallsWhatWaitsAndWhatWaitsAfterwards) {
  std::string ran;
  near_->WaitReadable([&] { ran += "r"; });
  Fill();
  near_->WaitWritable([&] {
    ran += "w";
    near_->WaitReadable([&] { ran += "R"; });
  });
  loop_.SetImmediate([&] {
    near_->Close();
    near_->Close();
    EXPECT_EQ(near_->fd(), -1);
    EXPECT_EQ(ran, "");
  });
  loop_.Run();
  EXPECT_EQ(ran, "rwR");
}

TEST_F(ReadinessTest, TheOwnerMayGoInsideOfItsCallback) {
  int ran = 0;
  near_->WaitReadable([&] {
    near_.reset();
    ++ran;
  });
  Send("x");
  loop_.Run();
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(loop_.alive());
}

TEST_F(ReadinessTest, AResetPeerIsToldToWhoReads) {
  int ran = 0;
  near_->WaitReadable([&] {
    EXPECT_EQ(Receive(), std::nullopt);
    ++ran;
  });
  close(std::exchange(far_, -1));
  loop_.Run();
  EXPECT_EQ(ran, 1);
}

// A regular file is what epoll refuses at any time (EPERM in epoll_ctl(2)); for want of memory it refuses sockets.
int OpenRegularFile() { return open("/proc/self/exe", O_RDONLY | O_CLOEXEC); }

TEST_F(ReadinessTest, AWaitThatTheSystemRefusesEndsAndSaysWhy) {
  Readiness refused(loop_, OpenRegularFile());
  ASSERT_GE(refused.fd(), 0);
  int ran = 0, read = 0;
  refused.WaitReadable([&] {
    EXPECT_EQ(refused.error(), EPERM);
    ++ran;
    refused.WaitWritable([&] { ++ran; });
  });
  EXPECT_EQ(refused.error(), EPERM);
  EXPECT_EQ(ran, 0) << "not before the poll phase";
  // Others do not notice.
  near_->WaitReadable([&] {
    EXPECT_EQ(Receive(), "x");
    ++read;
  });
  Send("x");
  loop_.Run();
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(read, 1);
  EXPECT_EQ(near_->error(), 0);
}

TEST_F(ReadinessTest, AWaitThatWasRefusedMayBeTriedAgain) {
  std::array<int, 2> ends;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  Readiness refused(loop_, OpenRegularFile());
  int ran = 0;
  refused.WaitReadable([&] { ++ran; });
  EXPECT_EQ(refused.error(), EPERM);
  loop_.Run();
  EXPECT_EQ(ran, 1);
  // Now what epoll can watch is in its place.
  ASSERT_EQ(dup2(ends[0], refused.fd()), refused.fd());
  refused.WaitReadable([&] { ++ran; });
  EXPECT_EQ(refused.error(), 0);
  ASSERT_EQ(write(ends[1], "y", 1), 1);
  loop_.Run();
  EXPECT_EQ(ran, 2);
  for (const int end : ends) close(end);
}

TEST(ReadinessEndTest, ALoopThatEndsDropsWhatWaits) {
  const auto held = std::make_shared<int>(0);
  std::array<int, 2> ends;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  SteadyClock clock;
  auto loop = std::make_unique<EventLoop>(clock);
  auto owner = std::make_shared<std::unique_ptr<Readiness>>(std::make_unique<Readiness>(*loop, ends[0]));
  // The wait owns its descriptor, as a connection does.
  (*owner)->WaitReadable([owner, held] {});
  owner.reset();
  EXPECT_EQ(held.use_count(), 2);
  loop.reset();
  EXPECT_EQ(held.use_count(), 1);
  close(ends[1]);
}

TEST_F(ReadinessTest, ManyWaitsInOnePollRunWithinItsBudgetAndTheRestNext) {
  EventLoop loop(clock_, {.poll_budget_callbacks = 4});
  std::vector<std::unique_ptr<Readiness>> many;
  std::vector<int> peers;
  int ran = 0;
  for (int i = 0; i < 10; ++i) {
    std::array<int, 2> ends;
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    peers.push_back(ends[1]);
    many.push_back(std::make_unique<Readiness>(loop, ends[0]));
    many.back()->WaitReadable([&] { ++ran; });
    ASSERT_EQ(write(ends[1], "x", 1), 1);
  }
  loop.RunOnce();
  EXPECT_EQ(ran, 4);
  loop.Run();
  EXPECT_EQ(ran, 10);
  EXPECT_EQ(loop.stats().deferred, 6u);
  for (const int peer : peers) close(peer);
}

// As another process has it that was forked: close() ends no registration then.
TEST_F(ReadinessTest, AClosedDescriptorThatAnotherProcessHasAsWellIsToldOfNoMore) {
  const int elsewhere = dup(near_->fd());
  near_->WaitReadable([] {});
  near_.reset();
  Send("x");
  // Somebody waits, so that the loop looks.
  std::array<int, 2> ends;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  Readiness other(loop_, ends[0]);
  other.WaitReadable([] {});
  uint64_t before = 0;
  loop_.SetTimeout(std::chrono::milliseconds(20), [&] {
    before = loop_.stats().iterations;
    close(ends[1]);
  });
  loop_.Run();
  EXPECT_LT(before, 10u);
  close(elsewhere);
}

}  // namespace
}  // namespace rota
