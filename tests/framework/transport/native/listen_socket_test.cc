#include "framework/transport/native/listen_socket.h"

#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "framework/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The bound address, or the error; closes what was opened.
std::string Listen(const std::string& address) {
  const StatusOr<ListenSockets> sockets = OpenListenSockets(address);
  if (!sockets.ok()) return sockets.status().ToString();
  for (const int fd : sockets->fds) close(fd);
  return sockets->address;
}

TEST(ListenSocketTest, PortZeroPicksAFreeOne) {
  EXPECT_THAT(Listen("127.0.0.1:0"), AllOf(StartsWith("127.0.0.1:"), Not(EndsWith(":0"))));
  EXPECT_THAT(Listen("localhost:0"), AllOf(StartsWith("localhost:"), Not(EndsWith(":0"))));
}

TEST(ListenSocketTest, Ipv6StandsInBrackets) {
  const std::string bound = Listen("[::1]:0");
  if (bound.find("bind") != std::string::npos) GTEST_SKIP() << "this machine has no IPv6: " << bound;
  EXPECT_THAT(bound, AllOf(StartsWith("[::1]:"), Not(EndsWith(":0"))));
  EXPECT_THAT(Listen("::1:0"), HasSubstr("an address is HOST:PORT, [IPV6]:PORT or unix:PATH"));
}

TEST(ListenSocketTest, MalformedAddressesAreNamed) {
  for (const char* address : {"", "here", ":80", "a:", "a:65536", "a:x", "[]:1", "[::1:1"}) {
    EXPECT_THAT(Listen(address), StartsWith("INVALID_ARGUMENT: cannot listen on " + std::string(address) + ": an address is")) << address;
  }
}

TEST(ListenSocketTest, APortThatIsTakenIsNamed) {
  const StatusOr<ListenSockets> first = OpenListenSockets("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const std::string port = first->address.substr(first->address.rfind(':') + 1);
  EXPECT_EQ(Listen(first->address), "ALREADY_EXISTS: cannot listen on " + first->address + ": port " + port + " of 127.0.0.1 is in use");
  for (const int fd : first->fds) close(fd);
  EXPECT_EQ(Listen(first->address), first->address);
}

TEST(ListenSocketTest, APathIsTakenOverOnlyWhenNobodyListens) {
  // Not TempDir(), whose path is too long for a socket.
  std::string folder = "/tmp/rota-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string address = "unix:" + folder + "/socket";
  const StatusOr<ListenSockets> first = OpenListenSockets(address);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_THAT(Listen(address), HasSubstr("is in use"));
  for (const int fd : first->fds) close(fd);
  EXPECT_EQ(Listen(address), address);
  unlink((folder + "/socket").c_str());
  rmdir(folder.c_str());
}

TEST(ListenSocketTest, APathThatIsTooLongIsRefused) {
  EXPECT_THAT(Listen("unix:" + std::string(200, 'x')), HasSubstr("has 1 to 107 bytes"));
  EXPECT_THAT(Listen("unix:"), HasSubstr("has 1 to 107 bytes"));
}

TEST(ListenSocketTest, PeersHaveNames) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0x7f000001);
  v4.sin_port = htons(50412);
  EXPECT_EQ(PeerName(address), "127.0.0.1:50412");
  address = {};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  v6.sin6_family = AF_INET6;
  v6.sin6_addr.s6_addr[15] = 1;
  v6.sin6_port = htons(80);
  EXPECT_EQ(PeerName(address), "[::1]:80");
  address = {};
  address.ss_family = AF_UNIX;
  EXPECT_EQ(PeerName(address), "unix:");
}

}  // namespace
}  // namespace rota::native
