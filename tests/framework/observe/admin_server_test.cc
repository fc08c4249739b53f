#include "framework/observe/admin_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace rota {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Sends `request` to 127.0.0.1:`port` and returns all that comes back.
std::string Exchange(int port, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<uint16_t>(port));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char bytes[4096];
    for (ssize_t n; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;) answer.append(bytes, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServer::Pages Pages() {
    return {.metrics = [] { return std::string("rota_up 1\n"); },
            .healthz = [] { return OkStatus(); },
            .readyz = [this] { return ready_ ? OkStatus() : UnavailableError("draining"); }};
  }
  StatusOr<std::unique_ptr<AdminServer>> Listen(const std::string& address) {
    return AdminServer::Listen(loop_, address, Pages(), AdminServer::Options());
  }
  // Serves `request` on a fresh server and returns the answer.
  std::string Serve(const std::string& request) {
    auto server = Listen("127.0.0.1:0");
    EXPECT_TRUE(server.ok()) << server.status().ToString();
    const int port = std::stoi((*server)->address().substr((*server)->address().rfind(':') + 1));
    const Ref<Handle> keep_alive = loop_.OpenHandle();
    std::string answer;
    std::thread client([&] {
      answer = Exchange(port, request);
      loop_.Post([&] { keep_alive->Close(); });
    });
    loop_.Run();
    client.join();
    return answer;
  }
  std::string Get(const std::string& target) { return Serve("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"); }

  SteadyClock clock_;
  EventLoop loop_{clock_};
  bool ready_ = true;
};

TEST_F(AdminServerTest, MetricsComeInTheTextFormatOfPrometheus) {
  const std::string answer = Get("/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nrota_up 1\n"));
}

TEST_F(AdminServerTest, ReadinessTurnsTo503WhileHealthStays) {
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200 "));
  ready_ = false;
  const std::string answer = Get("/readyz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\ndraining\n"));
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(AdminServerTest, WhatIsNotServedIsRefusedWithASentence) {
  EXPECT_THAT(Get("/admin"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Get("/admin"), HasSubstr("no page '/admin'"));
  const std::string post = Serve("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(post, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(post, HasSubstr("Allow: GET"));
  EXPECT_THAT(Serve("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminServerTest, AHeaderOverTheLimitIsRefused) {
  const std::string header = "X-Long: " + std::string(9 * 1024, 'a') + "\r\n";
  EXPECT_THAT(Serve("GET /metrics HTTP/1.1\r\n" + header + "\r\n"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(AdminServerTest, ItDoesNotKeepTheLoopAlive) {
  const auto server = Listen("127.0.0.1:0");
  ASSERT_TRUE(server.ok());
  EXPECT_FALSE(loop_.alive());
  EXPECT_EQ(loop_.Run(), 0);
}

TEST_F(AdminServerTest, APortInUseIsAnErrorThatNamesTheAddress) {
  auto first = Listen("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  auto second = Listen((*first)->address());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr((*first)->address()));
}

TEST_F(AdminServerTest, AnAddressThatIsNoneIsInvalid) {
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "nowhere.invalid:1"}) {
    EXPECT_EQ(Listen(address).status().code(), StatusCode::kInvalidArgument) << address;
  }
}

}  // namespace
}  // namespace rota
