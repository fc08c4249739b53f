#include "framework/transport/grpcpp/listen_address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "framework/base/status.h"

namespace rota::grpcpp {
namespace {

using ::testing::HasSubstr;

TEST(ListenAddressTest, AddressesThatCanBeBoundAreFine) {
  for (const char* address : {"127.0.0.1:0", "localhost:0", "0.0.0.0:0"}) {
    EXPECT_TRUE(CheckListenAddress(address).ok()) << CheckListenAddress(address).ToString();
  }
}

TEST(ListenAddressTest, WhatIsNoAddressIsSaidWithTheAddress) {
  for (const char* address : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[]:80", "[::1:80",
                              "unix:/tmp/x"}) {
    const Status status = CheckListenAddress(address);
    EXPECT_EQ(status, InvalidArgumentError("cannot listen on " + std::string(address) + ": an address is HOST:PORT or [IPV6]:PORT"));
  }
}

TEST(ListenAddressTest, AnAddressOfAnotherMachineIsNamed) {
  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
  const Status status = CheckListenAddress("192.0.2.1:0");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot listen on 192.0.2.1:0: "));
}

TEST(ListenAddressTest, APortInUseIsNamed) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  EXPECT_EQ(CheckListenAddress("127.0.0.1:" + port),
            AlreadyExistsError("cannot listen on 127.0.0.1:" + port + ": port " + port + " of 127.0.0.1 is in use"));
  close(fd);
}

TEST(ListenAddressTest, APortTakesThePlaceOfTheOneInTheAddress) {
  EXPECT_EQ(WithPort("127.0.0.1:0", 80), "127.0.0.1:80");
  EXPECT_EQ(WithPort("[::1]:0", 8080), "[::1]:8080");
}

}  // namespace
}  // namespace rota::grpcpp
