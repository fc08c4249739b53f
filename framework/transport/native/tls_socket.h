#ifndef ROTA_TRANSPORT_NATIVE_TLS_SOCKET_H_
#define ROTA_TRANSPORT_NATIVE_TLS_SOCKET_H_

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/transport/native/socket.h"

namespace rota::native {

// A socket that speaks TLS, on the side of the server. OpenSSL reads from the socket itself; what it writes is gathered and
// sent with one system call.
// Thread: loop.
class TlsSocket final : public Socket {
 public:
  // Takes `fd` and `ssl`.
  TlsSocket(EventLoop& loop, int fd, SSL* ssl);

  Result Read(std::span<uint8_t> buffer) override;
  Result Write(std::span<const iovec> pieces) override;
  void EndOutput() override;
  bool IsReady() const override { return ready_; }
  bool HoldsInput() const override { return SSL_has_pending(ssl_.get()) == 1; }

 private:
  struct Bio;
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  void Encrypt(const uint8_t* bytes, size_t size);
  // Sends what OpenSSL has written. False: the connection is broken.
  bool Send();

  const std::unique_ptr<SSL, Free> ssl_;
  std::vector<uint8_t> encrypted_;
  size_t sent_ = 0;  // Of encrypted_.
  bool ready_ = false;  // The handshake is done.
  bool failed_ = false;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_TLS_SOCKET_H_
