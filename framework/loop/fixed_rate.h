#ifndef ROTA_LOOP_FIXED_RATE_H_
#define ROTA_LOOP_FIXED_RATE_H_

#include <algorithm>
#include <cstdint>
#include <source_location>
#include <utility>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/loop/event_loop.h"

namespace rota {

// Calls back at start + period, start + 2 periods, ...: unlike an interval it does not drift when callbacks take long or the
// loop is late. Times that have passed meanwhile are not made up for: the next callback is told how many were missed.
// Thread: loop.
// Owner:  a value; must not outlive the loop. Destroying it ends the calls, also inside of one.
class FixedRate {
 public:
  // `period` is at least 1 ms. `on_time` runs in the context that is current here and gets the number of times that passed
  // since its last run without one, usually 0.
  FixedRate(EventLoop& loop, Duration period, UniqueFunction<void(uint64_t missed)> on_time,
            const std::source_location& where = std::source_location::current())
      : loop_(loop), period_(std::max<Duration>(period, std::chrono::milliseconds(1))), on_time_(std::move(on_time)), where_(where) {
    due_ = loop_.Now() + period_;
    Arm();
  }
  ~FixedRate() {
    timer_.Clear();
    if (running_ != nullptr) running_->self = nullptr;
  }
  FixedRate(const FixedRate&) = delete;
  FixedRate& operator=(const FixedRate&) = delete;

  void SetRef(bool has_ref) {
    has_ref_ = has_ref;
    timer_.SetRef(has_ref);
  }

 private:
  struct Running;

  void Arm() {
    timer_ = loop_.SetTimeout(due_ - loop_.Now(), [this] { OnTimer(); }, where_);
    timer_.SetRef(has_ref_);
  }
  void OnTimer() {
    const Duration late = loop_.Now() - due_;
    const uint64_t missed = late < Duration::zero() ? 0 : static_cast<uint64_t>(late / period_);
    due_ += period_ * static_cast<int64_t>(missed + 1);
    // First, so that a callback that throws does not end the calls.
    Arm();
    // Taken out while it runs: it may destroy this.
    Running running{.self = this, .on_time = std::move(on_time_)};
    running_ = &running;
    running.on_time(missed);
  }

  // Puts the callback back where it was, also when it has thrown.
  struct Running {
    ~Running() {
      if (self == nullptr) return;
      self->on_time_ = std::move(on_time);
      self->running_ = nullptr;
    }

    FixedRate* self;
    UniqueFunction<void(uint64_t)> on_time;
  };

  EventLoop& loop_;
  const Duration period_;
  UniqueFunction<void(uint64_t)> on_time_;
  const std::source_location where_;
  TimePoint due_{};
  Timer timer_;
  bool has_ref_ = true;
  Running* running_ = nullptr;
};

}  // namespace rota

#endif  // ROTA_LOOP_FIXED_RATE_H_
