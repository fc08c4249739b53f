#ifndef ROTA_TESTS_SOCKET_CALLS_H_
#define ROTA_TESTS_SOCKET_CALLS_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace rota {

// Sees the system calls by which the native transport writes and reads plain text, sendmsg(2) and recv(2), of which a program that
// links this has its own; and answers them in the place of the system where a test says so. send(2), by which tests speak, is left
// alone.
// Thread: one; no other of the program may use these calls meanwhile.
// Owner:  the test, which has one at a time.
class SocketCalls {
 public:
  SocketCalls();
  ~SocketCalls();
  SocketCalls(const SocketCalls&) = delete;
  SocketCalls& operator=(const SocketCalls&) = delete;

  // One that has taken something.
  struct Write {
    uint16_t peer = 0;  // The port of the peer, by IPv4.
    size_t bytes = 0;
  };
  std::vector<Write> writes;
  // Called before each write.
  std::function<void(const msghdr& message)> on_write;

  // Waits until at least `bytes` of `peer` are there to be read, for ten seconds at most: whether they are. Something must have been
  // written to it before.
  bool AwaitFrom(uint16_t peer, size_t bytes) const;

  // Those to `peer`, the port of a client.
  size_t CountTo(uint16_t peer) const;
  size_t BytesTo(uint16_t peer) const;

  // From now on what is written to `peer` is taken as a whole and goes nowhere.
  void Swallow(uint16_t peer) { peers_[peer].swallows = true; }
  // From now on whoever reads what `peer` has sent gets `period` over and over, `bytes` of it in all. What it has really sent is left
  // unread meanwhile, and makes the descriptor readable.
  void Feed(uint16_t peer, std::string period, size_t bytes);
  size_t left(uint16_t peer) const { return peers_.at(peer).left; }

  // The port of this end of `fd`.
  static uint16_t PortOf(int fd);

  // For the system calls.
  ssize_t OnSend(int fd, const msghdr& message, int flags);
  ssize_t OnReceive(int fd, void* buffer, size_t size, int flags);

 private:
  struct Peer {
    int fd = -1;  // To which something was written.
    bool swallows = false;
    std::string period;
    size_t at = 0;
    size_t left = 0;
  };
  std::map<uint16_t, Peer> peers_;
};

}  // namespace rota

#endif  // ROTA_TESTS_SOCKET_CALLS_H_
