#include "framework/transport/native/tls_socket.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/log.h"

namespace rota::native {
namespace {

constexpr size_t kRecordBytes = 16 << 10;  // The most that one record of TLS holds (RFC 8446, section 5.1).

// An idle connection keeps no more memory than this for what it sends.
constexpr size_t kKeptBytes = 4 << 10;

}  // namespace

// What OpenSSL reads from and writes to.
struct TlsSocket::Bio {
  static TlsSocket& Of(BIO* bio) { return *static_cast<TlsSocket*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* buffer, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t count = recv(Of(bio).fd(), buffer, static_cast<size_t>(size), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    if (count < 0 ? errno == EAGAIN : count < size) Of(bio).Drained();
    return static_cast<int>(count);
  }
  static int Write(BIO* bio, const char* bytes, int size) {
    std::vector<uint8_t>& encrypted = Of(bio).encrypted_;
    encrypted.insert(encrypted.end(), bytes, bytes + size);
    return size;
  }
  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static int Create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "rota");
      ROTA_CHECK(made != nullptr, "out of memory");
      BIO_meth_set_read(made, &Read);
      BIO_meth_set_write(made, &Write);
      BIO_meth_set_ctrl(made, &Control);
      BIO_meth_set_create(made, &Create);
      return made;
    }();
    return method;
  }
};

TlsSocket::TlsSocket(EventLoop& loop, int fd, SSL* ssl) : Socket(loop, fd), ssl_(ssl) {
  BIO* const bio = BIO_new(Bio::Method());
  ROTA_CHECK(bio != nullptr, "out of memory");
  BIO_set_data(bio, this);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_accept_state(ssl);
  // As many records as have come with one system call.
  SSL_set_read_ahead(ssl, 1);
}

Socket::Result TlsSocket::Read(std::span<uint8_t> buffer) {
  if (failed_) return {.ended = true, .drained = true};
  ERR_clear_error();
  size_t size = 0;
  const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size);
  if (!ready_ && SSL_is_init_finished(ssl_.get()) == 1) {
    const unsigned char* protocol = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &length);
    // RFC 9113, section 3.2: HTTP/2 over TLS is agreed on by ALPN.
    if (length == 0) failed_ = true;
    ready_ = true;
  }
  // Of the handshake, its alerts, and answers to messages of TLS.
  if (!Send() || failed_) return {.ended = true, .drained = true};
  if (result == 1) return {.bytes = size};
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return {.drained = true};
  failed_ = true;
  if (const unsigned long error = ERR_peek_error(); error != 0) {
    const char* const reason = ERR_reason_error_string(error);
    Log(LogLevel::kDebug, "tls_failed", {{"what", reason == nullptr ? "unknown reason" : reason}});
  }
  return {.ended = true, .drained = true};
}

Socket::Result TlsSocket::Write(std::span<const iovec> pieces) {
  if (failed_) return {.ended = true};
  // First what is left; new records wait, so that there is a bound.
  if (!Send()) return {.ended = true};
  if (sent_ < encrypted_.size()) return {.full = true};
  size_t total = 0;
  std::array<uint8_t, kRecordBytes> record;
  size_t filled = 0;
  for (const iovec& piece : pieces) {
    const auto* bytes = static_cast<const uint8_t*>(piece.iov_base);
    for (size_t left = piece.iov_len; left > 0;) {
      const size_t step = std::min(left, kRecordBytes - filled);
      if (step == kRecordBytes) {
        Encrypt(bytes, step);
      } else {
        std::memcpy(record.data() + filled, bytes, step);
        filled += step;
        if (filled == kRecordBytes) Encrypt(record.data(), std::exchange(filled, 0));
      }
      bytes += step;
      left -= step;
      total += step;
    }
  }
  Encrypt(record.data(), filled);
  if (failed_ || !Send()) return {.ended = true};
  return {.bytes = total, .full = sent_ < encrypted_.size()};
}

void TlsSocket::Encrypt(const uint8_t* bytes, size_t size) {
  if (size == 0 || failed_) return;
  ERR_clear_error();
  size_t written = 0;
  // The memory behind it takes everything.
  failed_ = SSL_write_ex(ssl_.get(), bytes, size, &written) != 1 || written != size;
}

bool TlsSocket::Send() {
  while (sent_ < encrypted_.size()) {
    const ssize_t count = send(fd(), encrypted_.data() + sent_, encrypted_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<size_t>(count);
  }
  sent_ = 0;
  encrypted_.clear();
  if (encrypted_.capacity() > kKeptBytes) encrypted_.shrink_to_fit();
  return true;
}

void TlsSocket::EndOutput() {
  if (ready_ && !failed_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    Send();
  }
  Socket::EndOutput();
}

}  // namespace rota::native
