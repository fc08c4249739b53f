#include "framework/transport/native/socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota::native {
namespace {

class SocketTest : public testing::Test {
 protected:
  SocketTest() {
    std::array<int, 2> pair{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
    peer_ = pair[1];
    socket_.emplace(loop_, pair[0]);
  }
  ~SocketTest() override {
    if (peer_ >= 0) close(peer_);
  }
  void PeerSends(const std::string& text) { ASSERT_EQ(write(peer_, text.data(), text.size()), static_cast<ssize_t>(text.size())); }
  void PeerCloses() {
    close(peer_);
    peer_ = -1;
  }
  size_t PeerReads() {
    std::array<char, 65536> bytes{};
    const ssize_t size = read(peer_, bytes.data(), bytes.size());
    return size < 0 ? 0 : static_cast<size_t>(size);
  }
  std::string Text(size_t size) const { return {buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(size)}; }

  ManualClock clock_;
  EventLoop loop_{clock_};
  int peer_ = -1;
  std::array<uint8_t, 8> buffer_{};
  std::optional<Socket> socket_;
};

TEST_F(SocketTest, WithoutBytesItIsTimeToWaitAndNothingHasEnded) {
  const Socket::Result result = socket_->Read(buffer_);
  EXPECT_EQ(result.bytes, 0u);
  EXPECT_TRUE(result.drained);
  EXPECT_FALSE(result.ended);
}

TEST_F(SocketTest, AFullBufferMeansThatThereMayBeMore) {
  PeerSends("0123456789");
  Socket::Result result = socket_->Read(buffer_);
  EXPECT_EQ(Text(result.bytes), "01234567");
  EXPECT_FALSE(result.drained);
  result = socket_->Read(buffer_);
  EXPECT_EQ(Text(result.bytes), "89");
  EXPECT_TRUE(result.drained);
}

TEST_F(SocketTest, TheEndComesAfterTheLastBytes) {
  PeerSends("bye");
  PeerCloses();
  Socket::Result result = socket_->Read(buffer_);
  EXPECT_EQ(Text(result.bytes), "bye");
  EXPECT_FALSE(result.ended);
  EXPECT_TRUE(socket_->Read(buffer_).ended);
}

TEST_F(SocketTest, PiecesAreWrittenTogetherUntilTheSocketIsFull) {
  std::string a = "ab", b = "cde";
  const std::vector<iovec> pieces = {{a.data(), a.size()}, {b.data(), b.size()}};
  Socket::Result result = socket_->Write(pieces);
  EXPECT_EQ(result.bytes, 5u);
  EXPECT_FALSE(result.full || result.ended);
  EXPECT_EQ(PeerReads(), 5u);
  std::string much(8 << 20, 'x');
  const std::vector<iovec> one = {{much.data(), much.size()}};
  result = socket_->Write(one);
  EXPECT_LT(result.bytes, much.size());
  EXPECT_TRUE(result.full);
  result = socket_->Write(one);
  EXPECT_EQ(result.bytes, 0u);
  EXPECT_TRUE(result.full);
  EXPECT_FALSE(result.ended);
}

TEST_F(SocketTest, WritingToAPeerThatIsGoneIsTheEndAndNoSignal) {
  PeerCloses();
  std::string text = "ab";
  const std::vector<iovec> pieces = {{text.data(), text.size()}};
  EXPECT_TRUE(socket_->Write(pieces).ended);
}

TEST_F(SocketTest, AnEndedOutputIsHeardAndInputGoesOn) {
  socket_->EndOutput();
  char byte = 0;
  EXPECT_EQ(read(peer_, &byte, 1), 0);
  PeerSends("x");
  EXPECT_EQ(socket_->Read(buffer_).bytes, 1u);
}

TEST_F(SocketTest, AWaitEndsInThePollPhaseWhenThereIsSomething) {
  bool read = false, written = false;
  socket_->WaitReadable([&] { read = true; });
  socket_->WaitWritable([&] {
    written = true;
    EXPECT_FALSE(read) << "there is nothing to read yet";
    PeerSends("x");
  });
  EXPECT_FALSE(written);
  loop_.Run();
  EXPECT_TRUE(written);
  EXPECT_TRUE(read);
}

TEST_F(SocketTest, AWaitThatIsUnderWayEndsWhenItIsClosed) {
  bool ended = false;
  socket_->WaitReadable([&] { ended = true; });
  socket_->Close();
  EXPECT_FALSE(ended) << "in the midst of Close()";
  loop_.Run();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace rota::native
