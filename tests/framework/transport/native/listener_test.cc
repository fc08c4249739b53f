#include "framework/transport/native/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "framework/base/log.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/native/admission_queue.h"
#include "framework/transport/native/listen_socket.h"

namespace rota::native {
namespace {

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    StatusOr<ListenSockets> sockets = OpenListenSockets("127.0.0.1:0");
    EXPECT_TRUE(sockets.ok());
    port_ = static_cast<uint16_t>(std::stoi(sockets->address.substr(sockets->address.rfind(':') + 1)));
    listener_ = MakeRef<Listener>(loop_, admission_, sockets->fds.front(), [this](int fd, std::string peer) {
      accepted_.push_back(fd);
      peers_.push_back(std::move(peer));
      if (on_accepted_) on_accepted_();
    });
  }
  ~ListenerTest() override {
    listener_->Abandon();
    for (const int fd : accepted_) close(fd);
    for (const int fd : clients_) close(fd);
    loop_.Run();
  }
  int Connect() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    clients_.push_back(fd);
    return fd;
  }
  std::string NameOf(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  AdmissionQueue admission_{loop_};
  uint16_t port_ = 0;
  Ref<Listener> listener_;
  std::function<void()> on_accepted_;
  std::vector<int> accepted_, clients_;
  std::vector<std::string> peers_;
};

TEST_F(ListenerTest, AcceptsWhoeverHasComeAndNamesThem) {
  const int first = Connect(), second = Connect();
  on_accepted_ = [this] {
    if (accepted_.size() == 2) listener_->Close();
  };
  EXPECT_TRUE(accepted_.empty());
  listener_->Start();
  EXPECT_TRUE(accepted_.empty()) << "not before its turn";
  loop_.Run();
  EXPECT_EQ(peers_, (std::vector<std::string>{NameOf(first), NameOf(second)}));
  int on = 0;
  socklen_t size = sizeof(on);
  getsockopt(accepted_.front(), IPPROTO_TCP, TCP_NODELAY, &on, &size);
  EXPECT_NE(on, 0);
}

TEST_F(ListenerTest, OfACrowdItAcceptsAFewInAnIteration) {
  for (int i = 0; i < 100; ++i) Connect();
  on_accepted_ = [this] {
    if (accepted_.size() == 100) listener_->Close();
  };
  listener_->Start();
  size_t iterations = 0;
  for (bool alive = true; alive; ++iterations) {
    const size_t before = accepted_.size();
    alive = loop_.RunOnce();
    EXPECT_LE(accepted_.size() - before, AdmissionQueue::kTurns);
  }
  EXPECT_EQ(accepted_.size(), 100u);
  EXPECT_LE(iterations, 100 / AdmissionQueue::kTurns + 3) << "it rests in between";
}

TEST_F(ListenerTest, ClosingTakesThoseWhoWaitWithItAndTurnsAwayWhoComesLater) {
  Connect();
  listener_->Start();
  listener_->Close();
  EXPECT_EQ(accepted_.size(), 1u);
  const int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(connect(late, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(late);
  // The wait that is under way ends and touches nothing.
  loop_.Run();
  EXPECT_EQ(accepted_.size(), 1u);
}

TEST_F(ListenerTest, AbandoningCutsOffThoseWhoWait) {
  const int client = Connect();
  listener_->Start();
  listener_->Abandon();
  loop_.Run();
  EXPECT_TRUE(accepted_.empty());
  char byte = 0;
  EXPECT_LE(recv(client, &byte, 1, 0), 0);
}

TEST_F(ListenerTest, WithoutDescriptorsItTurnsAwayAndAcceptsAgainOnceThereAreSome) {
  SetLogLevel(LogLevel::kOff);
  const int turned_away = Connect();
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(turned_away) + 1, .rlim_max = old.rlim_max};
  // Whatever number is free below it is taken, so that there is no descriptor left.
  std::vector<int> fillers;
  for (int fd = dup(turned_away); fd >= 0 && fd < turned_away; fd = dup(turned_away)) fillers.push_back(fd);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  listener_->Start();
  // The clock stands: the listener rests until the test says so.
  loop_.SetImmediate([&] {
    loop_.SetImmediate([&] {
      EXPECT_TRUE(accepted_.empty());
      char byte = 0;
      EXPECT_EQ(recv(turned_away, &byte, 1, 0), 0) << "it is left to wait";
      setrlimit(RLIMIT_NOFILE, &old);
      Connect();
    });
  });
  on_accepted_ = [this] { listener_->Close(); };
  loop_.Run();
  setrlimit(RLIMIT_NOFILE, &old);
  for (const int fd : fillers) close(fd);
  EXPECT_EQ(accepted_.size(), 1u);
  EXPECT_EQ(peers_, (std::vector<std::string>{NameOf(clients_.back())}));
  SetLogLevel(LogLevel::kInfo);
}

TEST_F(ListenerTest, WhereTheSystemDoesNotWatchItTriesAgainInAWhile) {
  SetLogLevel(LogLevel::kOff);
  StatusOr<ListenSockets> sockets = OpenListenSockets("127.0.0.1:0");
  ASSERT_TRUE(sockets.ok());
  // Epoll refuses a regular file (EPERM in epoll_ctl(2)); the socket comes into its place later.
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  int accepted = 0;
  const Ref<Listener> listener = MakeRef<Listener>(loop_, admission_, fd, [&](int client, std::string) {
    close(client);
    ++accepted;
    listener_->Abandon();
    loop_.Stop();
  });
  listener->Start();
  for (int i = 0; i < 3; ++i) {
    loop_.SetImmediate([] {});
    loop_.RunOnce();
  }
  const TimePoint before = clock_.Now();
  ASSERT_EQ(dup2(sockets->fds.front(), fd), fd);
  port_ = static_cast<uint16_t>(std::stoi(sockets->address.substr(sockets->address.rfind(':') + 1)));
  Connect();
  loop_.Run();
  EXPECT_EQ(accepted, 1);
  EXPECT_GT(clock_.Now(), before) << "it has not rested";
  listener->Abandon();
  close(sockets->fds.front());
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace rota::native
