#include "framework/loop/post_watch.h"

#include <algorithm>
#include <chrono>

#include "framework/base/pause.h"

namespace rota {
namespace {

using std::chrono::microseconds;

// About what it costs to wake the loop. And what is soon.
constexpr Duration kLongestSpin = microseconds(20);
constexpr Duration kSoon = microseconds(100);

constexpr Duration kGatherStep = microseconds(1);
constexpr int kMostGatherSteps = 10;

}  // namespace

bool PostWatch::Spin(TimePoint now, TimePoint end) {
  // Without sched_yield(): to Linux that is a slice given away, and where a third thread wants the core it is back with the next tick only.
  end = std::min(end, now + kLongestSpin);
  for (int i = 1; inbox_.empty(); ++i) {
    PauseProcessor();
    if (i % 16 != 0) continue;
    if (clock_.Now() >= end) {
      jobs_end_soon_ = posts_come_soon_ = false;
      return false;
    }
  }
  return true;
}

void PostWatch::NoteWait(For what, Duration waited) {
  (what == For::kJob ? jobs_end_soon_ : posts_come_soon_) = waited < kSoon;
}

void PostWatch::Gather(TimePoint now) const {
  size_t before = 0;
  for (int step = 0; step < kMostGatherSteps && inbox_.size() > before; ++step) {
    before = inbox_.size();
    const TimePoint end = now + kGatherStep;
    for (; now < end; now = clock_.Now()) PauseProcessor();
  }
}

}  // namespace rota
