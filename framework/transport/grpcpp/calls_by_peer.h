#ifndef ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_
#define ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "framework/rpc/transport.h"

namespace rota::grpcpp {

// How many calls each connection has, so that one that opens and resets calls faster than they end (CVE-2023-44487) does not take
// the calls of all others: for gRPC a call that was reset is over, while its handler may still run.
// Thread: loop.
class CallsByPeer {
 public:
  // The address of the peer, which names its connection, and its calls. Stays where it is while it has one.
  using Peer = std::pair<const std::string, size_t>;

  // One more. Null: the connection has kMaxCallsOfConnection. Peers over Unix domain sockets have no addresses of their own, so
  // those have no limit here.
  Peer* Begin(const std::string& address) {
    if (std::string_view(address).substr(0, 4) == "unix") return &nameless_;
    Peer& peer = *peers_.try_emplace(address, 0).first;
    if (peer.second >= kMaxCallsOfConnection) return nullptr;
    ++peer.second;
    return &peer;
  }
  void End(Peer& peer) {
    if (&peer != &nameless_ && --peer.second == 0) peers_.erase(peers_.find(peer.first));
  }
  size_t peers() const { return peers_.size(); }

 private:
  std::unordered_map<std::string, size_t> peers_;
  Peer nameless_{"", 0};
};

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_CALLS_BY_PEER_H_
