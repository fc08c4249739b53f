// What schedules callbacks, and the handles of timers.

#include <algorithm>
#include <chrono>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "framework/base/log.h"
#include "framework/loop/event_loop.h"

namespace rota {

TimePoint EventLoop::TimerTime(TimePoint now) {
  timer_time_ = follows_node() ? TimePoint(std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch())) : now;
  return timer_time_;
}

Timer EventLoop::StartTimer(TimerNode& node) {
  timers_.Start(node, TimerNow());
  return Timer(this, Ref<TimerNode>::Adopt(&node));
}

Ref<Handle> EventLoop::OpenHandle(const std::source_location& where) { return Ref<Handle>(new Handle(*this, where)); }

std::vector<RefEntry> EventLoop::ListRefs() const {
  const TimePoint now = Now();
  std::vector<RefEntry> entries;
  timers_.ForEach([&](const TimerNode& timer) {
    if (timer.has_ref) entries.push_back({RefKind::kTimer, SourceName(timer.where), now - timer.start});
  });
  ledger_.ForEach([&](const RefLink& link) {
    if (link.has_ref || link.kind == RefKind::kClosing) entries.push_back({link.kind, SourceName(link.where), now - link.since});
  });
  if (const size_t immediates = refs_.count(RefKind::kImmediate); immediates > 0) {
    entries.push_back({RefKind::kImmediate, "", Duration::zero(), immediates});
  }
  std::sort(entries.begin(), entries.end(), [](const RefEntry& a, const RefEntry& b) {
    return a.age != b.age ? a.age > b.age : std::tie(a.kind, a.owner) < std::tie(b.kind, b.owner);
  });
  return entries;
}

// ---- Timer.

void Timer::Refresh() {
  // A timer that has fired belongs to who refreshes it.
  if (!node_ || node_->cleared) return;
  if (loop_->timers_.Arm(*node_, loop_->TimerNow())) node_->context = CaptureContext();
}

void Timer::SetRef(bool has_ref) {
  if (node_) loop_->timers_.SetRef(*node_, has_ref);
}

}  // namespace rota
