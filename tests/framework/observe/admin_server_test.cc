#include "framework/observe/admin_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/steady_clock.h"

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

int PortOf(const AdminServer& server) { return std::stoi(server.address().substr(server.address().rfind(':') + 1)); }

// A client on the thread of the loop, which therefore must never wait for the server.
class Client {
 public:
  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(static_cast<uint16_t>(port));
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)), 0);
  }
  ~Client() { Close(); }
  Client(const Client&) = delete;

  void Send(const std::string& bytes) {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  // Takes what has arrived; true once the server has closed the connection.
  bool Ended() {
    char bytes[4096];
    ssize_t n;
    while ((n = recv(fd_, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) received_.append(bytes, static_cast<size_t>(n));
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  const std::string& received() const { return received_; }

 private:
  int fd_;
  std::string received_;
};

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServer::Pages Pages() {
    return {.metrics = [this] { return Steps(); },
            .healthz = [] { return OkStatus(); },
            .readyz = [this] { return ready_ ? OkStatus() : UnavailableError("draining"); }};
  }
  // Three parts, each of which takes as long as all that may be done in an iteration, and the iterations in which they are asked for.
  MetricsPage::Steps Steps() {
    return [this](std::string& text) {
      for (const TimePoint end = loop_.Now() + std::chrono::microseconds(200); loop_.Now() < end;) {
      }
      iterations_.push_back(loop_.stats().iterations);
      text += "rota_up " + std::to_string(iterations_.size()) + "\n";
      return iterations_.size() < 3;
    };
  }
  StatusOr<std::unique_ptr<AdminServer>> Listen(const std::string& address,
                                                AdminServer::Options options = AdminServer::Options()) {
    return AdminServer::Listen(loop_, address, Pages(), options);
  }
  // Runs the loop until `condition`, for 10 s at most.
  template <typename F>
  bool RunUntil(F condition) {
    const TimePoint limit = loop_.Now() + std::chrono::seconds(10);
    while (!condition()) {
      if (loop_.Now() > limit) return false;
      loop_.RunOnce();
    }
    return true;
  }
  // Serves `request` on a fresh server and returns the answer.
  std::string Serve(const std::string& request) {
    auto server = Listen("127.0.0.1:0");
    EXPECT_TRUE(server.ok()) << server.status().ToString();
    const int port = PortOf(**server);
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
  std::vector<uint64_t> iterations_;
};

TEST_F(AdminServerTest, MetricsComeInTheTextFormatOfPrometheus) {
  const std::string answer = Get("/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nrota_up 1\nrota_up 2\nrota_up 3\n"));
}

TEST_F(AdminServerTest, MetricsAreWrittenInStepsWithPauses) {
  Get("/metrics");
  // Not one iteration after the other, which would keep the loop awake for all of the page.
  EXPECT_EQ(loop_.stats().callbacks[static_cast<size_t>(Phase::kCheck)], 0u);
  EXPECT_GE(loop_.stats().callbacks[static_cast<size_t>(Phase::kTimers)], 3u);
  ASSERT_EQ(iterations_.size(), 3u);
  EXPECT_LT(iterations_[0], iterations_[1]);
  EXPECT_LT(iterations_[1], iterations_[2]);
}

TEST_F(AdminServerTest, AScrapeThatTheLoopHasNoTimeForIsGivenUp) {
  auto server = Listen("127.0.0.1:0", {.request_timeout = std::chrono::milliseconds(20)});
  ASSERT_TRUE(server.ok());
  Client client(PortOf(**server));
  client.Send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(RunUntil([&] { return !iterations_.empty(); }));
  // An iteration that takes too long.
  for (const TimePoint end = loop_.Now() + std::chrono::milliseconds(25); loop_.Now() < end;) {
  }
  EXPECT_TRUE(RunUntil([&] { return client.Ended(); }));
  EXPECT_THAT(client.received(), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(client.received(), HasSubstr("too busy"));
  EXPECT_LT(iterations_.size(), 3u);
}

TEST_F(AdminServerTest, NothingIsReadForAScrapeThatTheEndOfTheServerOvertakes) {
  auto server = Listen("127.0.0.1:0");
  ASSERT_TRUE(server.ok());
  Client client(PortOf(**server));
  client.Send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(RunUntil([&] { return !iterations_.empty(); }));
  const size_t read = iterations_.size();
  ASSERT_LT(read, 3u);
  server->reset();
  // The next step is queued.
  for (int i = 0; i < 3; ++i) loop_.RunOnce();
  EXPECT_TRUE(client.Ended());
  EXPECT_EQ(iterations_.size(), read);
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

TEST_F(AdminServerTest, ABodyOverTheLimitIsRefused) {
  const std::string body(2 * 1024, 'a');
  const std::string answer = Serve("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 2048\r\n\r\n" + body);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("the request body is too large"));
}

TEST_F(AdminServerTest, AConnectionOverTheLimitWaitsUntilAnotherEnds) {
  const auto server = Listen("127.0.0.1:0", {.max_connections = 1});
  ASSERT_TRUE(server.ok());
  Client idle(PortOf(**server));
  for (int i = 0; i < 10; ++i) loop_.RunOnce();
  Client waiting(PortOf(**server));
  waiting.Send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  for (int i = 0; i < 100; ++i) loop_.RunOnce();
  EXPECT_FALSE(waiting.Ended());
  EXPECT_EQ(waiting.received(), "");
  idle.Close();
  EXPECT_TRUE(RunUntil([&] { return waiting.Ended(); }));
  EXPECT_THAT(waiting.received(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(AdminServerTest, AConnectionThatSaysNothingIsClosedInTime) {
  const auto server = Listen("127.0.0.1:0", {.request_timeout = std::chrono::milliseconds(50)});
  ASSERT_TRUE(server.ok());
  Client silent(PortOf(**server));
  Client slow(PortOf(**server));
  slow.Send("GET /healthz HT");
  EXPECT_TRUE(RunUntil([&] { return silent.Ended() && slow.Ended(); }));
  EXPECT_EQ(silent.received() + slow.received(), "");
}

TEST_F(AdminServerTest, DestroyedItClosesTheConnectionsThatAreOpen) {
  auto server = Listen("127.0.0.1:0");
  ASSERT_TRUE(server.ok());
  const int port = PortOf(**server);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(std::make_unique<Client>(port));
  clients[0]->Send("GET /metrics HT");
  for (int i = 0; i < 20; ++i) loop_.RunOnce();
  EXPECT_FALSE(clients[0]->Ended());
  server->reset();
  for (const auto& client : clients) EXPECT_TRUE(RunUntil([&] { return client->Ended(); }));
}

TEST_F(AdminServerTest, ConnectionsMayOutliveTheServerUntilTheLoopEnds) {
  auto server = Listen("127.0.0.1:0");
  ASSERT_TRUE(server.ok());
  Client client(PortOf(**server));
  client.Send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  loop_.RunOnce();
  // No iteration follows: what the operating system still completes goes with the loop.
  server->reset();
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
