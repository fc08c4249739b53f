#ifndef ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_
#define ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "framework/base/ref.h"
#include "framework/rpc/call_slot.h"

namespace rota::grpcpp {

// Gives each call of a server its slot. gRPC shows no connections, only the address of the peer of each call, which names one.
// Thread: loop.
// Owner:  the server, and the slots, which may outlive it.
class CallsByPeer final : public RefCounted {
 public:
  // A connection may have `most_of_peer` calls.
  explicit CallsByPeer(size_t most_of_peer) : most_of_peer_(most_of_peer) {}

  // A place for one more call of the connection that the address of its peer names; the call and its handler hold it. Null: the
  // connection has all that it may. Peers over Unix domain sockets have no addresses of their own, so those have no limit here.
  Ref<CallSlot> Begin(const std::string& address);
  size_t calls() const { return calls_->count(); }
  size_t peers() const { return peers_.size(); }

 private:
  class Peer;

  const size_t most_of_peer_;
  const Ref<CallCount> calls_ = MakeRef<CallCount>();
  // Those that have a call.
  std::unordered_map<std::string, Peer*> peers_;
};

// Takes itself off the list when its last call is over.
class CallsByPeer::Peer final : public CallCount {
 public:
  Peer(Ref<CallsByPeer> list, std::string address) : list_(std::move(list)), address_(std::move(address)) {
    list_->peers_.emplace(address_, this);
  }

 private:
  ~Peer() override { list_->peers_.erase(address_); }

  const Ref<CallsByPeer> list_;
  const std::string address_;
};

inline Ref<CallSlot> CallsByPeer::Begin(const std::string& address) {
  if (std::string_view(address).substr(0, 4) == "unix") return MakeRef<CallSlot>(calls_, MakeRef<CallCount>());
  const auto found = peers_.find(address);
  if (found == peers_.end()) return MakeRef<CallSlot>(calls_, MakeRef<Peer>(Ref<CallsByPeer>(this), address));
  if (found->second->count() >= most_of_peer_) return nullptr;
  return MakeRef<CallSlot>(calls_, Ref<CallCount>(found->second));
}

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_
