// Where servers listen: several addresses at once, of every family that the machine has.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/framework/transport/client_call.h"
#include "tests/framework/transport/server_test_base.h"

namespace rota {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// False only where the kernel says so: a server that fails to listen is no reason.
bool HasIpv6() {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno != EAFNOSUPPORT;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool missing = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno == EADDRNOTAVAIL;
  close(fd);
  return !missing;
}

class AddressesTest : public ServerTestBase {
 protected:
  AddressesTest() {
    // Not TempDir(), which may be too long for a socket.
    std::string name = "/tmp/rota-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~AddressesTest() override { std::filesystem::remove_all(folder_); }

  // Each answers with what it was asked.
  void ExpectAllServe(const std::vector<std::string>& addresses) {
    OnEachCall(Echo);
    server_ = GetParam().make(loop_, ServerOptions());
    const auto bound = server_->Listen(addresses, *this);
    ASSERT_TRUE(bound.ok()) << bound.status().ToString();
    ASSERT_EQ(bound->size(), addresses.size());
    std::vector<ClientCall::Answer> answers;
    RunWith([&] {
      for (const std::string& address : *bound) answers.push_back(ClientCall(Connect(address), "/a.B/C").Exchange({address}));
    });
    for (size_t i = 0; i < answers.size(); ++i) EXPECT_THAT(answers[i].messages, ElementsAre((*bound)[i])) << answers[i].status.error_message();
  }

  std::string folder_;
};
INSTANTIATE_TEST_SUITE_P(Transports, AddressesTest, ::testing::ValuesIn(kTransports), TransportName);

TEST_P(AddressesTest, SeveralAreServedAtOnceAlsoOfIpv6) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no IPv6";
  ExpectAllServe({"127.0.0.1:0", "[::1]:0", "localhost:0"});
}

TEST_P(AddressesTest, AUnixDomainSocketIsServedBesideTcp) {
  const std::string socket = "unix:" + folder_ + "/socket";
  if (GetParam().native()) return ExpectAllServe({"127.0.0.1:0", socket, "127.0.0.1:0"});
  // gRPC would take the place of another server there without a word.
  server_ = GetParam().make(loop_, ServerOptions());
  const auto bound = server_->Listen({"127.0.0.1:0", socket}, *this);
  EXPECT_THAT(bound.status().ToString(), HasSubstr("cannot listen on " + socket + ": an address is HOST:PORT or [IPV6]:PORT"));
}

}  // namespace
}  // namespace rota
