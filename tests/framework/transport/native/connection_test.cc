#include "framework/transport/native/connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/log.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/hooks.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/native/call_pool.h"
#include "framework/transport/native/host.h"
#include "framework/transport/native/socket.h"
#include "tests/faults/frames.h"

namespace rota::native {
namespace {

using std::chrono::seconds;

// The least that a server does for its connections.
class FakeHost final : public Host, private LoopHook {
 public:
  FakeHost(EventLoop& loop, const ServerOptions& options) : Host(loop, options) {
    read_buffer = buffer_;
    loop.prepare_hooks().Add(*this);
    loop.check_hooks().Add(*this);
  }
  ~FakeHost() {
    loop.prepare_hooks().Remove(*this);
    loop.check_hooks().Remove(*this);
  }
  void QueueCall(NativeCall& call) override { queued_.emplace_back(&call); }
  void DeliverQueued() override {
    for (const Ref<NativeCall>& call : std::exchange(queued_, {})) call->Deliver();
  }
  void QueueFlush(Connection& connection) override { to_flush_.emplace_back(&connection); }
  void OnClosed(Connection&) override { ++closed; }
  double random() override { return 0.5; }
  Ref<NativeCall> NewCall() override { return pool_->Take(); }

  int closed = 0;

 private:
  void RunHook() override {
    DeliverQueued();
    for (const Ref<Connection>& connection : std::exchange(to_flush_, {})) {
      connection->flush_queued = false;
      connection->Flush();
    }
  }
  bool IsDue() const override { return !queued_.empty() || !to_flush_.empty(); }

  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(64 << 10);
  Ref<CallPool> pool_ = MakeRef<CallPool>();
  std::vector<Ref<NativeCall>> queued_;
  std::vector<Ref<Connection>> to_flush_;
};

// Answers each call with its status.
class Answering final : public CallAcceptor, private CallSink {
 public:
  CallSink* OnCall(Call& call) override {
    ++calls;
    call.Finish(NotFoundError("nothing here"), Metadata());
    return this;
  }
  int calls = 0;
  std::vector<Status> ended;

 private:
  void OnMessage(Payload) override {}
  void OnHalfClose() override {}
  void OnWritable() override {}
  void OnDone(const Status& status) override { ended.push_back(status); }
};

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() { SetLogLevel(LogLevel::kOff); }
  ~ConnectionTest() override {
    connection_->Close();
    PeerCloses();
    connection_ = nullptr;
    loop_.Run();
    SetLogLevel(LogLevel::kInfo);
  }
  void Start(const ServerOptions& options = {}) {
    host_ = std::make_unique<FakeHost>(loop_, options);
    host_->acceptor = &acceptor_;
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
    for (const int fd : pair) {
      if (socket_buffer_ > 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &socket_buffer_, sizeof(socket_buffer_));
    }
    peer_ = pair[1];
    connection_ = MakeRef<Connection>(static_cast<Host&>(*host_), std::make_unique<Socket>(loop_, pair[0]), "peer");
    connection_->Start();
  }
  void Send(const std::string& bytes) { ASSERT_EQ(write(peer_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size())); }
  void PeerCloses() {
    if (peer_ >= 0) close(std::exchange(peer_, -1));
  }
  // A few iterations that do not wait.
  void Spin() {
    for (int i = 0; i < 5; ++i) {
      loop_.SetImmediate([] {});
      loop_.RunOnce();
    }
  }
  // The types of the frames that have come.
  std::vector<int> Frames() {
    std::array<char, 65536> bytes{};
    const ssize_t size = read(peer_, bytes.data(), bytes.size());
    if (size > 0) received_.append(bytes.data(), static_cast<size_t>(size));
    ended_ = size == 0;
    std::vector<int> types;
    for (size_t at = 0; at + 9 <= received_.size();) {
      const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(received_[at + i])); };
      types.push_back(static_cast<int>(byte(3)));
      at += 9 + (byte(0) << 16 | byte(1) << 8 | byte(2));
    }
    return types;
  }
  static bool Has(const std::vector<int>& types, int type) { return std::find(types.begin(), types.end(), type) != types.end(); }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Answering acceptor_;
  std::unique_ptr<FakeHost> host_;
  Ref<Connection> connection_;
  int peer_ = -1;
  int socket_buffer_ = 0;  // In each direction; zero: what the system has.
  std::string received_;
  bool ended_ = false;
};

const std::string kHello = std::string(faults::kPreface) + faults::SettingsFrame();

TEST_F(ConnectionTest, SaysWhatItAllowsBeforeThePeerHasSpoken) {
  Start();
  EXPECT_TRUE(Frames().empty());
  Spin();
  ASSERT_FALSE(Frames().empty());
  EXPECT_EQ(Frames().front(), faults::kSettings);
  EXPECT_FALSE(ended_);
}

TEST_F(ConnectionTest, ACallInPiecesIsAnsweredOnceItIsThere) {
  Start();
  const std::string bytes = kHello + faults::HeadersFrames(1, faults::Block(faults::CallFields("/a.B/C")), faults::kEndStream);
  Send(bytes.substr(0, bytes.size() - 1));
  Spin();
  EXPECT_FALSE(Has(Frames(), faults::kHeaders));
  EXPECT_EQ(acceptor_.calls, 0);
  Send(bytes.substr(bytes.size() - 1));
  Spin();
  EXPECT_TRUE(Has(Frames(), faults::kHeaders));
  EXPECT_EQ(acceptor_.calls, 1);
  ASSERT_EQ(acceptor_.ended.size(), 1u);
  EXPECT_TRUE(acceptor_.ended.front().ok());
}

TEST_F(ConnectionTest, ACallWhoseHeadersComeByteByByteIsCutOff) {
  Start();
  Send(kHello);
  Spin();
  const std::string head = faults::CallFrames(1, "/a.B/C");
  // A block has begun when its frame header, of nine bytes, is whole.
  constexpr size_t kBegun = 8, kLast = kBegun + 20;
  ASSERT_GT(head.size(), kLast);
  for (size_t i = 0; i <= kLast; ++i) {
    Send(head.substr(i, 1));
    Spin();
    ASSERT_EQ(host_->closed, i < kLast ? 0 : 1) << "after " << i << " s";
    clock_.Advance(seconds(1));
  }
  EXPECT_EQ(acceptor_.calls, 0);
}

TEST_F(ConnectionTest, WhatIsNoHttpEndsIt) {
  Start();
  Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Spin();
  EXPECT_EQ(host_->closed, 1);
  connection_->Close();
  EXPECT_EQ(host_->closed, 1) << "it was told twice";
}

TEST_F(ConnectionTest, APeerThatGoesTakesItsCallsAlong) {
  Start();
  // Its answer waits for nothing, but its stream stays open on the side of the peer.
  Send(kHello + faults::CallFrames(1, "/a.B/C"));
  Spin();
  PeerCloses();
  Spin();
  EXPECT_EQ(host_->closed, 1);
  EXPECT_EQ(acceptor_.ended.size(), 1u);
}

// A socket for which the system has no watch left, though it could be read and written.
class UnwatchedSocket final : public Socket {
 public:
  UnwatchedSocket(EventLoop& loop) : Socket(loop, open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) {}
  Result Read(std::span<uint8_t>) override { return {.drained = true}; }
  Result Write(std::span<const iovec> pieces) override {
    size_t bytes = 0;
    for (const iovec& piece : pieces) bytes += piece.iov_len;
    return {.bytes = bytes};
  }
};

TEST_F(ConnectionTest, OneThatTheSystemDoesNotWatchEndsAlone) {
  Start();
  const Ref<Connection> unwatched = MakeRef<Connection>(static_cast<Host&>(*host_), std::make_unique<UnwatchedSocket>(loop_), "unwatched");
  unwatched->Start();
  EXPECT_EQ(host_->closed, 0);
  Spin();
  EXPECT_EQ(host_->closed, 1);
  // The other one is served.
  Send(kHello + faults::CallFrames(1, "/a.B/C"));
  Spin();
  EXPECT_EQ(acceptor_.calls, 1);
}

TEST_F(ConnectionTest, AfterTheLastWordThePeerGetsTimeToReadIt) {
  Start();
  Send(kHello + faults::FrameBytes(faults::kData, 0, 0, "data on stream zero"));
  Spin();
  EXPECT_TRUE(Has(Frames(), faults::kGoAway));
  Frames();
  EXPECT_TRUE(ended_) << "no more is to come";
  EXPECT_EQ(host_->closed, 0) << "the kernel of the peer would drop what it has not read";
  Send("what it says is not looked at");
  Spin();
  EXPECT_EQ(host_->closed, 0);
  PeerCloses();
  Spin();
  EXPECT_EQ(host_->closed, 1);
}

TEST_F(ConnectionTest, APeerThatDoesNotCloseIsNotWaitedForLong) {
  Start();
  Send(kHello + faults::FrameBytes(faults::kData, 0, 0, "data on stream zero"));
  Spin();
  EXPECT_EQ(host_->closed, 0);
  clock_.Advance(seconds(1));
  Spin();
  EXPECT_EQ(host_->closed, 1);
}

TEST_F(ConnectionTest, APeerThatSendsAndDoesNotReadIsNotReadFurtherUntilItReads) {
  // So that the answers to a few frames fill the socket.
  socket_buffer_ = 4096;
  ServerOptions options;
  options.connections.min_ping_interval = Duration::zero();
  options.connections.pings_without_calls = true;
  Start(options);
  Send(kHello);
  Spin();
  std::string pings;
  for (int i = 0; i < 20; ++i) pings += faults::PingFrame("12345678");
  const size_t of_ping = pings.size() / 20;
  // What of them has not been sent yet.
  std::string rest;
  size_t sent = 0;
  const auto send_more = [&] {
    if (rest.empty()) rest = pings;
    const ssize_t written = send(peer_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (written < 0) return false;
    sent += static_cast<size_t>(written);
    rest.erase(0, static_cast<size_t>(written));
    return true;
  };
  // Fewer than a peer may send before it is told to be calm.
  constexpr size_t kMost = 8000;
  bool stuck = false;
  while (!stuck && sent < kMost * of_ping) {
    if (send_more()) continue;
    Spin();
    stuck = !send_more();
  }
  ASSERT_TRUE(stuck) << "all of it was read";
  ASSERT_EQ(host_->closed, 0) << "it was cut off";
  // And it stays so, though the loop goes on.
  for (int i = 0; i < 20; ++i) Spin();
  EXPECT_FALSE(send_more());
  EXPECT_EQ(host_->closed, 0);
  // That was a backlog in memory, and not the socket alone.
  EXPECT_GT(sent, 500 * of_ping);
  // Once it reads, it is read as well.
  while (!rest.empty() && !ended_) {
    Frames();
    Spin();
    send_more();
  }
  const std::string call = faults::HeadersFrames(1, faults::Block(faults::CallFields("/a.B/C")), faults::kEndStream);
  Send(call);
  for (int i = 0; i < 1000 && acceptor_.calls == 0; ++i) {
    Frames();
    Spin();
  }
  EXPECT_EQ(acceptor_.calls, 1);
  for (int i = 0; i < 1000 && !Has(Frames(), faults::kHeaders); ++i) Spin();
  const std::vector<int> types = Frames();
  EXPECT_EQ(static_cast<size_t>(std::count(types.begin(), types.end(), faults::kPing)), sent / of_ping);
  EXPECT_FALSE(Has(types, faults::kGoAway));
}

}  // namespace
}  // namespace rota::native
