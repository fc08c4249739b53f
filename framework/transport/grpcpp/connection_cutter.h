#ifndef ROTA_TRANSPORT_GRPCPP_CONNECTION_CUTTER_H_
#define ROTA_TRANSPORT_GRPCPP_CONNECTION_CUTTER_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota::grpcpp {

// Ends connections that gRPC has. It shows neither them nor their sockets, only the address of the peer of a call, so the socket is looked for
// among the descriptors of the process. That takes a microsecond for each, so a thread of its own does it, which the first Cut() starts.
// Thread: that of the server.
// Owner:  the server. The destructor waits for a search that is under way, and drops what waits for the next one.
// Bound:  one search at a time, for all that have come by then, each once.
class ConnectionCutter {
 public:
  // Of connections that were accepted on one of these `ports`, so that none that the process itself opened is taken for one of them.
  explicit ConnectionCutter(std::vector<uint16_t> ports) : ports_(std::move(ports)) {}

  // Ends the connection of `peer`, "127.0.0.1:50412" or "[::1]:50412", soon; each of them, where it has one to more than one address of
  // this host. Its peer sees a reset; what it sent and gRPC has not read is gone, or gRPC would go through all of it first. The log has
  // connection_ended, with the peer and the reason `why`, a literal. Nothing happens if there is none.
  // Errors: logged as cut_failed, with the peer. It takes two free descriptors.
  void Cut(std::string peer, const char* why);

 private:
  struct Order {
    std::string peer;
    const char* why;
  };

  void Start();
  void Run(const std::stop_token& stop);
  // For all of them at once.
  void Search(const std::vector<Order>& orders) const;

  const std::vector<uint16_t> ports_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Order> orders_;  // Guarded by mutex_.
  std::jthread thread_;
};

}  // namespace rota::grpcpp

#endif  // ROTA_TRANSPORT_GRPCPP_CONNECTION_CUTTER_H_
