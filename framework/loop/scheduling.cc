// What schedules callbacks, and the handles of timers and immediates.

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
  const TimePoint now = clock_.Now();
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

void EventLoop::SetImmediateRef(QueuedImmediate& immediate, bool has_ref) {
  if (immediate.has_ref == has_ref) return;
  immediate.has_ref = has_ref;
  if (has_ref) {
    refs_.Add(RefKind::kImmediate);
  } else {
    refs_.Remove(RefKind::kImmediate);
  }
}

// ---- Timer and Immediate.

void Timer::Clear() {
  if (node_) loop_->timers_.Clear(*node_);
}

void Timer::Refresh() {
  // A timer that has fired belongs to who refreshes it.
  if (!node_ || node_->cleared) return;
  if (loop_->timers_.Arm(*node_, loop_->TimerNow())) node_->context = CaptureContext();
}

void Timer::SetRef(bool has_ref) {
  if (node_) loop_->timers_.SetRef(*node_, has_ref);
}

void Immediate::Clear() {
  EventLoop::QueuedImmediate* queued = loop_ == nullptr ? nullptr : loop_->FindImmediate(position_);
  if (queued == nullptr || !queued->callback) return;
  loop_->SetImmediateRef(*queued, false);
  // Destroyed at the end, after the slot is empty: a destructor may schedule again.
  const EventLoop::QueuedImmediate taken = std::exchange(*queued, {Callback(), nullptr, false});
}

void Immediate::SetRef(bool has_ref) {
  EventLoop::QueuedImmediate* queued = loop_ == nullptr ? nullptr : loop_->FindImmediate(position_);
  if (queued != nullptr && queued->callback) loop_->SetImmediateRef(*queued, has_ref);
}

bool Immediate::has_ref() const {
  const EventLoop::QueuedImmediate* queued = loop_ == nullptr ? nullptr : loop_->FindImmediate(position_);
  return queued != nullptr && queued->has_ref;
}

}  // namespace rota
