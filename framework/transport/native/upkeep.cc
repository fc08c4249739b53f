#include "framework/transport/native/upkeep.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace rota::native {
namespace {

// How long the first GOAWAY waits for the answer of the peer.
constexpr Duration kDrainNotice = std::chrono::seconds(1);

// A peer without calls has no reason for more than this.
constexpr Duration kIdlePingInterval = std::chrono::hours(2);
constexpr int kMaxStrikes = 2;

TimePoint Spread(TimePoint now, Duration age, double spread) {
  if (age == kForever) return kNoDeadline;
  return After(now, std::chrono::duration_cast<Duration>(age * (0.9 + 0.2 * spread)));
}

}  // namespace

Upkeep::Upkeep(const ConnectionOptions& options, TimePoint now, double spread)
    : options_(options),
      ready_by_(After(now, options.handshake_timeout)),
      old_at_(Spread(now, options.max_age, spread)),
      read_at_(now),
      idle_since_(now),
      last_ping_(now) {
  SetDue();
}

void Upkeep::OnBlock(bool open, TimePoint now) {
  block_by_ = open ? After(now, options_.handshake_timeout) : kNoDeadline;
  SetDue();
}

// Bytes do not put due_ off: it comes early, finds nothing to do and is set anew. So a byte costs no timer; but the end of the time-out
// of a ping that is answered may be later than the next ping.
void Upkeep::OnRead(TimePoint now) {
  read_at_ = now;
  if (std::exchange(ping_open_, false)) SetDue();
}

void Upkeep::OnCalls(bool any, TimePoint now) {
  if (any == calls_) return;
  calls_ = any;
  if (any) return;
  idle_since_ = now;
  SetDue();
}

void Upkeep::OnDrain(TimePoint now) {
  if (draining_) return;
  draining_ = true;
  drain_at_ = now;
  SetDue();
}

bool Upkeep::OnPing(TimePoint now, bool sent) {
  if (sent) {
    strikes_ = 0;
  } else if (had_ping_) {
    const Duration least = calls_ || options_.pings_without_calls ? options_.min_ping_interval
                                                                  : std::max(options_.min_ping_interval, kIdlePingInterval);
    if (now < After(last_ping_, least)) ++strikes_;
  }
  had_ping_ = true;
  last_ping_ = now;
  return strikes_ <= kMaxStrikes;
}

Upkeep::Action Upkeep::Next(TimePoint now) {
  if (now < due_) return Action::kNone;
  if ((!ready_ && now >= ready_by_) || now >= block_by_) return Action::kClose;
  if (ping_open_ && now >= After(pinged_at_, options_.keepalive_timeout)) return Action::kClose;
  if (draining_) {
    if (!cancelled_ && now >= After(drain_at_, options_.max_age_grace)) {
      cancelled_ = true;
      SetDue();
      return Action::kCancel;
    }
    if (!drain_ended_ && now >= drain_at_ + kDrainNotice) {
      drain_ended_ = true;
      SetDue();
      return Action::kEndDrain;
    }
  } else if (now >= old_at_ || (IsIdle() && now >= After(idle_since_, options_.max_idle))) {
    OnDrain(now);
    return Action::kDrain;
  }
  if (ready_ && !ping_open_ && now >= After(read_at_, options_.keepalive_time)) {
    ping_open_ = true;
    pinged_at_ = now;
    SetDue();
    return Action::kPing;
  }
  SetDue();
  return Action::kNone;
}

void Upkeep::SetDue() {
  TimePoint due = std::min(block_by_, ready_ ? kNoDeadline : ready_by_);
  if (ping_open_) {
    due = std::min(due, After(pinged_at_, options_.keepalive_timeout));
  } else if (ready_) {
    due = std::min(due, After(read_at_, options_.keepalive_time));
  }
  if (draining_) {
    if (!cancelled_) due = std::min(due, After(drain_at_, options_.max_age_grace));
    if (!drain_ended_) due = std::min(due, drain_at_ + kDrainNotice);
  } else {
    due = std::min(due, old_at_);
    if (IsIdle()) due = std::min(due, After(idle_since_, options_.max_idle));
  }
  due_ = due;
}

}  // namespace rota::native
