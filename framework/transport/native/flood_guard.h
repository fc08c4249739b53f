#ifndef ROTA_TRANSPORT_NATIVE_FLOOD_GUARD_H_
#define ROTA_TRANSPORT_NATIVE_FLOOD_GUARD_H_

#include "framework/base/clock.h"
#include "framework/loop/budget.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/reset_budget.h"

namespace rota::native {

// Tells a peer that makes the server work for nothing from one that is only busy, by how much it sends of each kind of frame
// that costs much and carries nothing.
// Thread: loop.
// Owner:  the session.
// Source: RFC 9113, section 10.5; CVE-2019-9511 to CVE-2019-9518, CVE-2023-44487 (rapid reset), CVE-2025-8671 (MadeYouReset).
class FloodGuard {
 public:
  explicit FloodGuard(const EventLoop& loop) : FloodGuard(loop, loop.Now()) {}

  // A stream was reset, by the peer or because of what the peer did. False, here and below: the peer is to be told to be calm.
  bool OnReset() { return resets_.Take(loop_); }
  // A frame that asks for an answer or for nothing: PING, PRIORITY, empty DATA.
  bool OnControl() { return controls_.Take(loop_); }
  // SETTINGS, which cost several times as much and are rarely changed.
  bool OnSettings() { return settings_.Take(loop_); }
  // A WINDOW_UPDATE. Who gets much data sends many.
  bool OnWindowUpdate() { return updates_.Take(loop_); }
  void OnDataSent() { updates_.Add(kUpdatesPerData); }
  // The header fields of a call were too many. Decoding them costs the server more than writing them costs the peer.
  bool OnRefusedFields() { return refusals_.Take(loop_); }

 private:
  static constexpr double kUpdatesPerData = 4;

  FloodGuard(const EventLoop& loop, TimePoint now) : loop_(loop), resets_(now), controls_(now), settings_(now), updates_(now), refusals_(now) {}

  const EventLoop& loop_;
  ResetBudget resets_;
  Budget<1000, 10000> controls_;
  Budget<100, 1000> settings_;
  Budget<1000, 10000> updates_;
  Budget<20, 200> refusals_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_FLOOD_GUARD_H_
