#ifndef ROTA_TRANSPORT_NATIVE_TLS_CONTEXT_H_
#define ROTA_TRANSPORT_NATIVE_TLS_CONTEXT_H_

#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>
#include <memory>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/rpc/transport.h"

namespace rota::native {

// What a server shows and asks for in TLS: its certificate and key, and who signs the certificates of clients. Takes up new
// files without a restart: for connections that begin kRefresh after the change or later.
// Thread: loop. Reads files there: a few when they change, and otherwise their times.
// Owner:  the server.
// Source: RFC 9113, section 9.2 (HTTP/2 over TLS 1.2 and 1.3); RFC 7301 (ALPN).
class TlsContext {
 public:
  static constexpr Duration kRefresh = std::chrono::seconds(5);

  // Errors: INVALID_ARGUMENT or that of the file, which is named.
  static StatusOr<std::unique_ptr<TlsContext>> Load(const TlsFiles& files, TimePoint now);

  // A new connection of a server. Null when memory is short. The caller frees it.
  SSL* NewConnection(TimePoint now);

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;
  // Which version of the files this is: inode, size and time of each.
  struct Stamp {
    ino_t inode = 0;
    off_t size = 0;
    timespec modified{};
  };
  using Stamps = std::array<Stamp, 3>;

  TlsContext(const TlsFiles& files, TimePoint now) : files_(files), checked_(now) {}
  Status Reload();
  void RefreshIfDue(TimePoint now);
  static StatusOr<Context> Build(const TlsFiles& files);
  static Stamps StampsOf(const TlsFiles& files);

  const TlsFiles files_;
  Context context_;
  Stamps stamps_{};
  TimePoint checked_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_TLS_CONTEXT_H_
