#include "framework/transport/native/tls_socket.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/check.h"
#include "framework/base/clock.h"
#include "framework/base/log.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/native/tls_context.h"

namespace rota::native {
namespace {

// One for all tests: to make the certificates takes longer than they do.
TlsContext& Context() {
  static TlsContext& context = *[] {
    std::string folder = testing::TempDir() + "/rota-XXXXXX";
    ROTA_CHECK(mkdtemp(folder.data()) != nullptr, "no folder for certificates");
    ROTA_CHECK(std::system(("tests/conformance/certificates/make.sh " + folder).c_str()) == 0, "no certificates");
    auto loaded = TlsContext::Load({.certificate = folder + "/server.pem", .key = folder + "/server.key", .client_ca = {}}, TimePoint());
    ROTA_CHECK(loaded.ok(), "the certificates are no good");
    std::filesystem::remove_all(folder);
    return (*std::move(loaded)).release();
  }();
  return context;
}

// A client by OpenSSL alone, on the other end of a pair of sockets that do not block.
class TlsSocketTest : public testing::Test {
 protected:
  TlsSocketTest() {
    SetLogLevel(LogLevel::kOff);
    std::array<int, 2> pair{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
    peer_ = pair[1];
    socket_.emplace(loop_, pair[0], Context().NewConnection(TimePoint()));
    client_ = SSL_new(client_context_);
    SSL_set_fd(client_, peer_);
    SSL_set_connect_state(client_);
  }
  ~TlsSocketTest() override {
    SSL_free(client_);
    SSL_CTX_free(client_context_);
    PeerCloses();
    SetLogLevel(LogLevel::kInfo);
  }

  void OfferHttp2() {
    constexpr std::array<unsigned char, 3> kHttp2 = {2, 'h', '2'};
    ASSERT_EQ(SSL_set_alpn_protos(client_, kHttp2.data(), kHttp2.size()), 0);
  }
  // Reads as a connection does. What the client has sent by then is in `text_`.
  Socket::Result ReadAll() {
    for (;;) {
      const Socket::Result result = socket_->Read(buffer_);
      text_.append(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(result.bytes));
      if (result.drained || result.ended) return result;
    }
  }
  // False: it does not come about.
  bool ShakeHands() {
    for (int i = 0; i < 10; ++i) {
      const bool done = SSL_do_handshake(client_) == 1;
      if (ReadAll().ended) return false;
      if (done && socket_->IsReady()) return true;
    }
    return false;
  }
  void Connect() {
    OfferHttp2();
    ASSERT_TRUE(ShakeHands());
  }
  void ClientSends(const std::string& text) {
    size_t written = 0;
    ASSERT_EQ(SSL_write_ex(client_, text.data(), text.size(), &written), 1);
  }
  std::string ClientReads() {
    std::string text;
    std::array<char, 32768> bytes{};
    for (size_t size = 0; SSL_read_ex(client_, bytes.data(), bytes.size(), &size) == 1;) text.append(bytes.data(), size);
    return text;
  }
  Socket::Result Write(std::vector<std::string> pieces) {
    std::vector<iovec> vectors;
    for (std::string& piece : pieces) vectors.push_back({piece.data(), piece.size()});
    return socket_->Write(vectors);
  }
  void PeerCloses() {
    if (peer_ >= 0) close(std::exchange(peer_, -1));
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  int peer_ = -1;
  std::optional<TlsSocket> socket_;
  SSL_CTX* client_context_ = SSL_CTX_new(TLS_client_method());
  SSL* client_ = nullptr;
  std::array<uint8_t, 1000> buffer_{};
  std::string text_;
};

TEST_F(TlsSocketTest, ItIsReadyAfterTheHandshakeAndNotBefore) {
  OfferHttp2();
  EXPECT_FALSE(socket_->IsReady());
  EXPECT_FALSE(ReadAll().ended) << "the client has not spoken yet";
  EXPECT_FALSE(socket_->IsReady());
  EXPECT_TRUE(ShakeHands());
  EXPECT_TRUE(socket_->IsReady());
  EXPECT_EQ(text_, "");
}

TEST_F(TlsSocketTest, BytesGoBothWays) {
  Connect();
  ClientSends("question");
  EXPECT_FALSE(ReadAll().ended);
  EXPECT_EQ(text_, "question");
  const Socket::Result result = Write({"an", "", "swer"});
  EXPECT_EQ(result.bytes, 6u);
  EXPECT_FALSE(result.full || result.ended);
  EXPECT_EQ(ClientReads(), "answer");
}

TEST_F(TlsSocketTest, PiecesOfAnySizeKeepTheirOrder) {
  Connect();
  std::vector<std::string> pieces;
  std::string all;
  for (const size_t size : {size_t{16384}, size_t{1}, size_t{16383}, size_t{40000}, size_t{3}}) {
    pieces.emplace_back(size, static_cast<char>('a' + pieces.size()));
    all += pieces.back();
  }
  EXPECT_EQ(Write(pieces).bytes, all.size());
  EXPECT_TRUE(ClientReads() == all);
}

TEST_F(TlsSocketTest, WhatADecryptedRecordHoldsIsNotForgotten) {
  Connect();
  ClientSends(std::string(2500, 'x'));
  EXPECT_EQ(socket_->Read(buffer_).bytes, buffer_.size());
  // No readiness of the descriptor tells of the rest.
  EXPECT_TRUE(socket_->HoldsInput());
  EXPECT_EQ(socket_->Read(buffer_).bytes, buffer_.size());
  EXPECT_EQ(socket_->Read(buffer_).bytes, 500u);
  EXPECT_FALSE(socket_->HoldsInput());
  EXPECT_TRUE(socket_->Read(buffer_).drained);
}

TEST_F(TlsSocketTest, APeerThatDoesNotReadStopsTheWriterAndGetsAllOfIt) {
  Connect();
  const std::string much(1 << 20, 'x');
  Socket::Result result;
  size_t taken = 0;
  for (int i = 0; i < 100 && !result.full; ++i) {
    result = Write({much});
    taken += result.bytes;
    EXPECT_FALSE(result.ended);
  }
  ASSERT_TRUE(result.full);
  // Nothing more is taken meanwhile, so there is a bound.
  result = Write({much});
  EXPECT_TRUE(result.full);
  EXPECT_EQ(result.bytes, 0u);
  std::string got;
  for (int i = 0; i < 1000 && result.full; ++i) {
    got += ClientReads();
    // It is to write again, even with nothing to write.
    result = Write({});
    EXPECT_FALSE(result.ended);
  }
  got += ClientReads();
  EXPECT_FALSE(result.full);
  EXPECT_EQ(got.size(), taken);
}

TEST_F(TlsSocketTest, AClientThatDoesNotAskForHttp2IsTurnedAway) {
  EXPECT_FALSE(ShakeHands());
  EXPECT_TRUE(socket_->Read(buffer_).ended);
  EXPECT_TRUE(Write({"x"}).ended);
}

TEST_F(TlsSocketTest, WhatIsNoTlsEndsIt) {
  const std::string text = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  ASSERT_EQ(write(peer_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_TRUE(ReadAll().ended);
  EXPECT_EQ(text_, "");
  EXPECT_TRUE(socket_->Read(buffer_).ended) << "the second time as well";
}

TEST_F(TlsSocketTest, ThePeerMayGoWithoutAWord) {
  Connect();
  ClientSends("last");
  PeerCloses();
  EXPECT_TRUE(ReadAll().ended);
  EXPECT_EQ(text_, "last");
}

TEST_F(TlsSocketTest, TheEndOfTheOutputIsSaidInTlsAndInputGoesOn) {
  Connect();
  Write({"last"});
  socket_->EndOutput();
  EXPECT_EQ(ClientReads(), "last");
  EXPECT_EQ(SSL_get_shutdown(client_) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
  char byte = 0;
  EXPECT_EQ(read(peer_, &byte, 1), 0) << "and by the descriptor";
  ClientSends("x");
  EXPECT_FALSE(ReadAll().ended);
  EXPECT_EQ(text_, "x");
}

}  // namespace
}  // namespace rota::native
