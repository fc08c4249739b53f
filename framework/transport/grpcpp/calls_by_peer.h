#ifndef ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_
#define ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "framework/base/ref.h"

namespace rota::grpcpp {

// How many calls a server and each of its connections have that are open or have a handler that runs: for gRPC a call that was reset
// is over, so one connection that opens and resets calls without end (CVE-2023-44487) would take the places of all others.
// Thread: loop.
// Owner:  the server, and the slots, which may outlive it.
class CallsByPeer final : public RefCounted {
 public:
  class Slot;

  // A connection may have `most_of_peer` calls.
  explicit CallsByPeer(size_t most_of_peer) : most_of_peer_(most_of_peer) {}

  // A place for one more call of the connection that the address of its peer names; the call and its handler hold it. Null: the
  // connection has all that it may. Peers over Unix domain sockets have no addresses of their own, so those have no limit here.
  Ref<Slot> Begin(const std::string& address);
  size_t calls() const { return calls_; }
  size_t peers() const { return peers_.size(); }

 private:
  using Peer = std::pair<const std::string, size_t>;

  const size_t most_of_peer_;
  size_t calls_ = 0;
  // A peer stays where it is while it has a call.
  std::unordered_map<std::string, size_t> peers_;
};

// The place of one call.
class CallsByPeer::Slot final : public RefCounted {
 public:
  // `peer` is null where connections cannot be told apart.
  Slot(Ref<CallsByPeer> calls, Peer* peer) : calls_(std::move(calls)), peer_(peer) { ++calls_->calls_; }

 private:
  ~Slot() override {
    --calls_->calls_;
    if (peer_ != nullptr && --peer_->second == 0) calls_->peers_.erase(calls_->peers_.find(peer_->first));
  }

  const Ref<CallsByPeer> calls_;
  Peer* const peer_;
};

inline Ref<CallsByPeer::Slot> CallsByPeer::Begin(const std::string& address) {
  if (std::string_view(address).substr(0, 4) == "unix") return MakeRef<Slot>(Ref<CallsByPeer>(this), nullptr);
  Peer& peer = *peers_.try_emplace(address, 0).first;
  if (peer.second >= most_of_peer_) return nullptr;
  ++peer.second;
  return MakeRef<Slot>(Ref<CallsByPeer>(this), &peer);
}

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_
