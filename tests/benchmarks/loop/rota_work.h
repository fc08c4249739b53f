#ifndef ROTA_BENCHMARKS_LOOP_ROTA_WORK_H_
#define ROTA_BENCHMARKS_LOOP_ROTA_WORK_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "framework/base/clock.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/deadline_queue.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/readiness.h"
#include "framework/loop/timer.h"
#include "tests/benchmarks/loop/subject.h"

// Work for Rota's loop, through its public interface. Each Run() does so many operations, checks that it did, and may be called
// again.
namespace rota::bench {

struct Subject {
  explicit Subject(bool measures = true) : loop(clock, {.measure = measures}) {}
  SteadyClock clock;
  EventLoop loop;
};

// What every server has, and what makes poll ask the operating system.
class Listener {
 public:
  explicit Listener(EventLoop& loop) : readiness_(loop, ListeningSocket()) {
    readiness_.WaitReadable([] { Fail("somebody connects"); });
  }

 private:
  Readiness readiness_;
};

// Immediates, each queued by the one before.
class ImmediateChain {
 public:
  explicit ImmediateChain(EventLoop& loop) : loop_(loop) {}
  void Run(uint64_t count);

 private:
  void Next() {
    if (++ran_ == wanted_) return loop_.Stop();
    loop_.SetImmediate([this] { Next(); });
  }
  EventLoop& loop_;
  uint64_t wanted_ = 0;
  uint64_t ran_ = 0;
};

// The same in the loop of a server.
class ListeningImmediateChain : public ImmediateChain {
 public:
  explicit ListeningImmediateChain(EventLoop& loop) : ImmediateChain(loop), listener_(loop) {}

 private:
  const Listener listener_;
};

// Ticks, kTicksPerCallback queued by one callback. The count is a multiple of that.
class TickRounds {
 public:
  explicit TickRounds(EventLoop& loop) : loop_(loop) {}
  void Run(uint64_t count);

 private:
  void Round() {
    for (uint64_t i = 0; i < kTicksPerCallback; ++i) loop_.NextTick([this] { ++ran_; });
    if (ran_ + kTicksPerCallback < wanted_) loop_.SetImmediate([this] { Round(); });
  }
  EventLoop& loop_;
  uint64_t wanted_ = 0;
  uint64_t ran_ = 0;
};

// Timers that are all started in a row, and fire.
class FiringTimers {
 public:
  explicit FiringTimers(EventLoop& loop) : loop_(loop) {}
  void Run(uint64_t count);

 private:
  EventLoop& loop_;
  Random random_{};
  uint64_t wanted_ = 0;
  uint64_t fired_ = 0;
};

// A Deadline, as calls have.
class OpenDeadline final : public Deadline {
 public:
  OpenDeadline(EventLoop& loop, uint64_t& fired) : Deadline(loop.deadlines()), loop_(loop), fired_(fired) {}
  void Start(Duration delay) { Arm(loop_.Now() + delay); }

 private:
  void OnDeadline() override { ++fired_; }

  EventLoop& loop_;
  uint64_t& fired_;
};

// The same by a timer of the application.
class OpenTimeout {
 public:
  OpenTimeout(EventLoop& loop, uint64_t& fired) : loop_(loop), fired_(fired) {}
  void Start(Duration delay) {
    timer_ = loop_.SetTimeout(delay, [this] { ++fired_; });
  }
  bool is_armed() const { return timer_.is_armed(); }
  void Clear() { timer_.Clear(); }

 private:
  EventLoop& loop_;
  uint64_t& fired_;
  Timer timer_;
};

// Deadlines that are started, most of which are cancelled later on.
template <typename Open>
class Deadlines {
 public:
  explicit Deadlines(EventLoop& loop) : loop_(loop) {
    for (uint64_t i = 0; i < kOpenDeadlines; ++i) open_.emplace_back(loop, fired_);
  }
  // Starts `count`, a multiple of kStartsPerCallback, and cancels as many that were open, less those that are to fire.
  void Run(uint64_t count) {
    wanted_ += count;
    loop_.SetImmediate([this] { Round(); });
    loop_.Run();
    Check(started_ == wanted_, "some deadlines were not started");
  }
  // Cancels what is open, and waits for the others.
  void Finish() {
    for (Open& deadline : open_) Cancel(deadline);
    loop_.Run();
    Check(fired_ >= started_ / kStartsPerExpiry, "deadlines that nobody cancelled did not fire");
    Check(fired_ + cancelled_ == started_, "some deadlines neither fired nor were cancelled");
  }

 private:
  void Round() {
    for (uint64_t i = 0; i < kStartsPerCallback; ++i, ++started_) {
      if (started_ % kStartsPerExpiry == 0) {
        loop_.SetTimeout(std::chrono::milliseconds(ExpiryDelay(random_)), [this] { ++fired_; });
        continue;
      }
      Open& deadline = open_[started_ % kOpenDeadlines];
      Cancel(deadline);
      deadline.Start(std::chrono::milliseconds(DeadlineDelay(random_)));
    }
    if (started_ < wanted_) {
      loop_.SetImmediate([this] { Round(); });
    } else {
      loop_.Stop();
    }
  }
  void Cancel(Open& deadline) {
    if (!deadline.is_armed()) return;
    deadline.Clear();
    ++cancelled_;
  }

  EventLoop& loop_;
  Random random_{};
  std::deque<Open> open_;
  uint64_t wanted_ = 0;
  uint64_t started_ = 0;
  uint64_t fired_ = 0;
  uint64_t cancelled_ = 0;
};

// The messages that went back, over all connections. Stops the loop at `stop_at`.
class EchoCount {
 public:
  explicit EchoCount(EventLoop& loop) : loop_(loop) {}
  void Add(size_t bytes) {
    bytes_ += bytes;
    if (messages() >= stop_at) loop_.Stop();
  }
  uint64_t messages() const { return bytes_ / kMessageBytes; }

  uint64_t stop_at = UINT64_MAX;

 private:
  EventLoop& loop_;
  uint64_t bytes_ = 0;
};

// Sends back what comes over the socket `fd`, which it closes with its peer.
class EchoConnection {
 public:
  EchoConnection(EventLoop& loop, int fd, EchoCount& echoed) : echoed_(echoed), readiness_(loop, fd) {}
  void Wait() {
    readiness_.WaitReadable([this] { Echo(); });
  }

 private:
  void Echo();

  EchoCount& echoed_;
  Readiness readiness_;
  std::array<std::byte, kBufferBytes> buffer_;
};

}  // namespace rota::bench

#endif  // ROTA_BENCHMARKS_LOOP_ROTA_WORK_H_
