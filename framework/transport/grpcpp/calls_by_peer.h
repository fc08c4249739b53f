#ifndef ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_
#define ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/call_slot.h"
#include "framework/rpc/reset_budget.h"
#include "framework/transport/coding/coding_queue.h"
#include "framework/transport/grpcpp/completions.h"

namespace rota::grpcpp {

// Knows whose calls are whose. gRPC shows no connections, only the address of the peer of each call, which names one, or one to each address of
// this host: those count as one.
// Thread: loop.
// Owner:  the server, and the slots, which may outlive it.
class CallsByPeer final : public RefCounted {
 public:
  // A connection may have `most_of_peer` calls that are served, and `most_known` in all. `loop` outlives the calls.
  CallsByPeer(const EventLoop& loop, size_t most_of_peer, size_t most_known) : loop_(loop), most_of_peer_(most_of_peer), most_known_(most_known) {}

  class Peer;
  class Resets;

  // The connection that the address of its peer names. Peers over Unix domain sockets have no addresses of their own: there each call
  // has a peer to itself, and so no limit here.
  Ref<Peer> Find(const std::string& address);
  // A place for one more call of `peer`; the call and its handler hold it. Null: the peer has all that it may.
  Ref<CallSlot> Begin(const Ref<Peer>& peer);
  size_t calls() const { return calls_->count(); }
  size_t peers() const { return peers_.size(); }

 private:
  const EventLoop& loop_;
  const size_t most_of_peer_;
  const size_t most_known_;
  const Ref<CallCount> calls_ = MakeRef<CallCount>();
  // Those that have an address and a call.
  std::unordered_map<std::string, Peer*> peers_;
};

// One connection, while it has calls.
// Owner: its calls, from when they are known, and their handlers; Resets.
class CallsByPeer::Peer final : public CallCount {
 public:
  // In the list under `address`, unless that is empty.
  Peer(Ref<CallsByPeer> list, std::string address) : list_(std::move(list)), address_(std::move(address)), resets_(list_->loop_.Now()) {
    if (!address_.empty()) list_->peers_.emplace(address_, this);
  }

  const std::string& address() const { return address_; }

  // A call of it has come. False: more of them than may be are known, served or not, and not over.
  bool OnArrival() { return ++known_ <= list_->most_known_; }
  // A call that had come is over. False: one too many that was `reset`.
  bool OnEnd(bool reset) {
    --known_;
    return !reset || resets_.Take(list_->loop_);
  }
  // It has done what it may not. True: its connection is to be ended; once in a second, should that fail.
  bool OnFault();

  // Of its messages that wait to be unpacked or packed.
  coding::CodingQueue::Peer coding;
  // Of what has completed for it and waits for its turn.
  Completions::Peer completions;

 private:
  ~Peer() override {
    if (!address_.empty()) list_->peers_.erase(address_);
  }

  const Ref<CallsByPeer> list_;
  const std::string address_;
  size_t known_ = 0;
  ResetBudget resets_;
  std::optional<TimePoint> ended_;

  // Of Resets.
  friend class Resets;
  bool kept_ = false;
  TimePoint kept_at_, last_reset_;
};

// Holds on to peers whose calls are reset until their ResetBudget is full again. Without it one that waits for the end of its calls between two
// bursts would have a new budget for each.
// Thread: loop.
// Owner:  the server.
// Bound:  kMost peers; beyond that those of longest ago are let go. None is let go before the next reset of any, and then two at a time, so that
//         the loop does not stand still where thousands are due.
class CallsByPeer::Resets {
 public:
  static constexpr size_t kMost = 16384;
  // A call of `peer` was reset.
  void Add(const Ref<Peer>& peer);
  size_t peers() const { return kept_.size(); }

 private:
  void LetGo(TimePoint now);

  std::deque<Ref<Peer>> kept_;  // By kept_at_.
};

inline Ref<CallsByPeer::Peer> CallsByPeer::Find(const std::string& address) {
  if (std::string_view(address).substr(0, 4) == "unix") return MakeRef<Peer>(Ref<CallsByPeer>(this), "");
  const auto found = peers_.find(address);
  return found != peers_.end() ? Ref<Peer>(found->second) : MakeRef<Peer>(Ref<CallsByPeer>(this), address);
}

inline bool CallsByPeer::Peer::OnFault() {
  constexpr Duration kPause = std::chrono::seconds(1);
  const TimePoint now = list_->loop_.Now();
  if (ended_ && now - *ended_ < kPause) return false;
  ended_ = now;
  return true;
}

inline void CallsByPeer::Resets::Add(const Ref<Peer>& peer) {
  const TimePoint now = peer->list_->loop_.Now();
  peer->last_reset_ = now;
  LetGo(now);
  if (peer->kept_) return;
  peer->kept_ = true;
  peer->kept_at_ = now;
  kept_.push_back(peer);
}

inline void CallsByPeer::Resets::LetGo(TimePoint now) {
  for (int i = 0; i < 2 && !kept_.empty() && (kept_.size() >= kMost || now - kept_.front()->kept_at_ >= ResetBudget::kFills); ++i) {
    Ref<Peer> first = std::move(kept_.front());
    kept_.pop_front();
    if (kept_.size() + 1 < kMost && now - first->last_reset_ < ResetBudget::kFills) {
      first->kept_at_ = now;
      kept_.push_back(std::move(first));
    } else {
      first->kept_ = false;
    }
  }
}

inline Ref<CallSlot> CallsByPeer::Begin(const Ref<Peer>& peer) {
  if (peer->count() >= most_of_peer_) return nullptr;
  return MakeRef<CallSlot>(calls_, peer);
}

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_
