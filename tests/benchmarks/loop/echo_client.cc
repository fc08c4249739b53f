// The client of the echo benchmarks, the same for each subject: CONNECTIONS sockets with one message of 64 bytes under way
// on each, COUNT round trips in all. `echo_client PORT CONNECTIONS COUNT` prints its result as a subject does.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/benchmarks/loop/subject.h"

namespace rota::bench {
namespace {

class EchoClient {
 public:
  EchoClient(uint16_t port, size_t connections) : received_(connections), epoll_(epoll_create1(0)) {
    for (size_t i = 0; i < connections; ++i) sockets_.push_back(Connect(port, i));
  }
  ~EchoClient() {
    for (const int socket : sockets_) close(socket);
    close(epoll_);
  }

  Result RoundTrips(uint64_t count) {
    const Stopwatch watch;
    uint64_t sent = 0;
    uint64_t done = 0;
    for (const int socket : sockets_) Send(socket, &sent);
    std::array<epoll_event, 128> events;
    while (done < sent) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      Check(ready > 0, "epoll_wait failed");
      for (int i = 0; i < ready; ++i) {
        const size_t index = events[static_cast<size_t>(i)].data.u64;
        if (!Receive(index)) continue;
        ++done;
        if (sent < count) Send(sockets_[index], &sent);
      }
    }
    return {done, watch.Seconds()};
  }

 private:
  int Connect(uint16_t port, size_t index) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Check(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "cannot connect");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
    Check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl failed");
    return fd;
  }
  void Send(int socket, uint64_t* sent) {
    std::array<char, kMessageBytes> message;
    std::memset(message.data(), static_cast<int>(*sent % 256), message.size());
    Check(send(socket, message.data(), message.size(), 0) == ssize_t{kMessageBytes}, "a send was short");
    ++*sent;
  }
  // True when the whole answer is there.
  bool Receive(size_t index) {
    std::array<char, kMessageBytes> answer;
    const ssize_t size = recv(sockets_[index], answer.data(), kMessageBytes - received_[index], 0);
    Check(size > 0, "the server closed a connection");
    received_[index] += static_cast<size_t>(size);
    if (received_[index] < kMessageBytes) return false;
    received_[index] = 0;
    return true;
  }

  std::vector<int> sockets_;
  // Bytes of the answer that is on its way, for each socket.
  std::vector<size_t> received_;
  const int epoll_;
};

}  // namespace
}  // namespace rota::bench

int main(int argc, char** argv) {
  using namespace rota::bench;
  if (argc != 4) Fail("usage: echo_client PORT CONNECTIONS COUNT");
  EchoClient client(static_cast<uint16_t>(std::atoi(argv[1])), std::strtoull(argv[2], nullptr, 10));
  const Result result = client.RoundTrips(std::strtoull(argv[3], nullptr, 10));
  std::printf("{\"operations\": %llu, \"amount\": %.9f}\n", static_cast<unsigned long long>(result.operations),
              result.amount);
  return 0;
}
