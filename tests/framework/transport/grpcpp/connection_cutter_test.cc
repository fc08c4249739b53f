#include "framework/transport/grpcpp/connection_cutter.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "framework/observe/open_files.h"

namespace rota::grpcpp {
namespace {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) { EXPECT_GE(fd, 0); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }

  int fd() const { return fd_; }
  uint16_t port() const { return ntohs(Name().sin6_port); }
  std::string address(const std::string& host) const { return host + ":" + std::to_string(port()); }
  sockaddr_in6 Name() const {
    sockaddr_in6 name{};
    socklen_t size = sizeof(name);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size), 0);
    return name;
  }
  // Waits for something to read: the errno of it, or 0.
  int Read() const {
    const timeval limit{.tv_sec = 30, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    char byte = 0;
    return recv(fd_, &byte, 1, 0) < 0 ? errno : 0;
  }
  void Write() const { EXPECT_EQ(send(fd_, "x", 1, MSG_NOSIGNAL), 1); }

 private:
  int fd_;
};

sockaddr_in6 ToV6(const char* host, uint16_t port = 0) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET6, host, &address.sin6_addr), 1);
  return address;
}

// Both ends of a connection, as they are when the server's is a socket of IPv4 or IPv6.
struct Connection {
  Socket client, server;
};

class Listener {
 public:
  explicit Listener(int family) : socket_(socket(family, SOCK_STREAM, 0)) {
    const sockaddr_in v4{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    const sockaddr_in6 v6 = ToV6("::");
    EXPECT_EQ(family == AF_INET ? bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&v4), sizeof(v4))
                                : bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&v6), sizeof(v6)),
              0);
    EXPECT_EQ(listen(socket_.fd(), 10), 0);
  }

  uint16_t port() const { return socket_.port(); }
  // By IPv6, or by IPv4, also to a socket that listens to both.
  Connection Connect(int family) const {
    Socket client(socket(family, SOCK_STREAM, 0));
    const sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(port()), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    const sockaddr_in6 v6 = ToV6("::1", port());
    EXPECT_EQ(family == AF_INET ? connect(client.fd(), reinterpret_cast<const sockaddr*>(&v4), sizeof(v4))
                                : connect(client.fd(), reinterpret_cast<const sockaddr*>(&v6), sizeof(v6)),
              0);
    return {std::move(client), Accept()};
  }
  Socket Accept() const { return Socket(accept(socket_.fd(), nullptr, nullptr)); }

 private:
  const Socket socket_;
};

TEST(ConnectionCutterTest, OneConnectionIsEndedAndNoOther) {
  const Listener listener(AF_INET);
  const Connection cut = listener.Connect(AF_INET), other = listener.Connect(AF_INET);
  ConnectionCutter cutter({listener.port()});
  cutter.Cut(cut.client.address("127.0.0.1"), "test");
  EXPECT_EQ(cut.client.Read(), ECONNRESET);
  other.server.Write();
  EXPECT_EQ(other.client.Read(), 0);
}

TEST(ConnectionCutterTest, WhatWasNotReadIsGone) {
  const Listener listener(AF_INET);
  const Connection cut = listener.Connect(AF_INET);
  cut.client.Write();
  ConnectionCutter cutter({listener.port()});
  cutter.Cut(cut.client.address("127.0.0.1"), "test");
  EXPECT_EQ(cut.client.Read(), ECONNRESET);
  EXPECT_NE(cut.server.Read(), 0);
}

TEST(ConnectionCutterTest, PeersOfIpV6AndOfIpV4OnASocketThatListensToBothAreFound) {
  const Listener listener(AF_INET6);
  ConnectionCutter cutter({1, listener.port()});
  const Connection v6 = listener.Connect(AF_INET6), v4 = listener.Connect(AF_INET);
  cutter.Cut(v6.client.address("[::1]"), "test");
  EXPECT_EQ(v6.client.Read(), ECONNRESET);
  cutter.Cut(v4.client.address("127.0.0.1"), "test");
  EXPECT_EQ(v4.client.Read(), ECONNRESET);
}

TEST(ConnectionCutterTest, ThoseThatComeTogetherAreAllEnded) {
  const Listener listener(AF_INET);
  std::vector<Connection> cut;
  for (int i = 0; i < 20; ++i) cut.push_back(listener.Connect(AF_INET));
  ConnectionCutter cutter({listener.port()});
  for (const Connection& connection : cut) cutter.Cut(connection.client.address("127.0.0.1"), "test");
  for (const Connection& connection : cut) EXPECT_EQ(connection.client.Read(), ECONNRESET);
}

// By one address and port, to two addresses of this host.
TEST(ConnectionCutterTest, APeerWithTwoConnectionsLosesBoth) {
  const Listener listener(AF_INET6);
  const auto connect_to = [&](const char* host, uint16_t from) {
    Socket client(socket(AF_INET6, SOCK_STREAM, 0));
    const int on = 1;
    setsockopt(client.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const sockaddr_in6 own = ToV6("::ffff:127.0.0.1", from), to = ToV6(host, listener.port());
    EXPECT_EQ(bind(client.fd(), reinterpret_cast<const sockaddr*>(&own), sizeof(own)), 0);
    EXPECT_EQ(connect(client.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    return client;
  };
  const Socket first = connect_to("::ffff:127.0.0.1", 0);
  const Socket second = connect_to("::ffff:127.0.0.2", first.port());
  const Socket first_end = listener.Accept(), second_end = listener.Accept();
  ConnectionCutter cutter({listener.port()});
  cutter.Cut(first.address("127.0.0.1"), "test");
  EXPECT_EQ(first.Read(), ECONNRESET);
  EXPECT_EQ(second.Read(), ECONNRESET);
}

// Returns when all that was ordered before has been looked for.
void AwaitSearch(ConnectionCutter& cutter, const Listener& listener) {
  // The first of them may be in the same search, the second one is in another.
  for (int i = 0; i < 2; ++i) {
    const Connection known = listener.Connect(AF_INET);
    cutter.Cut(known.client.address("127.0.0.1"), "test");
    EXPECT_EQ(known.client.Read(), ECONNRESET);
  }
}

// The end of a client, whose peer the server is, is a connection of the same process as well.
TEST(ConnectionCutterTest, AConnectionThatTheProcessOpenedIsNotTaken) {
  const Listener listener(AF_INET);
  const Connection own = listener.Connect(AF_INET);
  ConnectionCutter cutter({listener.port()});
  cutter.Cut("127.0.0.1:" + std::to_string(listener.port()), "test");
  AwaitSearch(cutter, listener);
  own.server.Write();
  EXPECT_EQ(own.client.Read(), 0);
}

TEST(ConnectionCutterTest, OneThatIsGoneOrHasNoAddressDoesNoHarm) {
  const Listener listener(AF_INET);
  const Connection other = listener.Connect(AF_INET);
  ConnectionCutter cutter({listener.port()});
  for (const char* peer : {"127.0.0.1:1", "[fe80::1%2]:1", "unix:", "", ":", "[::1", "no:port"}) cutter.Cut(peer, "test");
  AwaitSearch(cutter, listener);
  other.server.Write();
  EXPECT_EQ(other.client.Read(), 0);
}

TEST(ConnectionCutterTest, NoDescriptorIsLeft) {
  const Listener listener(AF_INET);
  ConnectionCutter cutter({listener.port()});
  AwaitSearch(cutter, listener);
  const size_t before = observe::ListOpenFiles().value();
  for (int i = 0; i < 10; ++i) AwaitSearch(cutter, listener);
  // The last search may have its own still.
  EXPECT_LE(observe::ListOpenFiles().value(), before + 2);
}

}  // namespace
}  // namespace rota::grpcpp
