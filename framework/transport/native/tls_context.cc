#include "framework/transport/native/tls_context.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "framework/base/log.h"

namespace rota::native {
namespace {

// Authenticated encryption with forward secrecy only (RFC 9113, section 9.2.2, forbids the rest); those of TLS 1.3 are all so.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// What OpenSSL says of the last failure.
std::string Reason() {
  std::string reason = "unknown reason";
  while (const unsigned long error = ERR_get_error()) {
    if (const char* text = ERR_reason_error_string(error)) reason = text;
  }
  return reason;
}

Status CheckReadable(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, "open " + path);
  close(fd);
  return OkStatus();
}

// Takes "h2" from what the client offers, and nothing else.
int SelectProtocol(SSL*, const unsigned char** selected, unsigned char* size, const unsigned char* offered, unsigned int length,
                   void*) {
  std::string_view list(reinterpret_cast<const char*>(offered), length);
  while (!list.empty()) {
    const size_t name = static_cast<unsigned char>(list.front());
    list.remove_prefix(1);
    if (list.substr(0, name) == "h2") {
      *selected = reinterpret_cast<const unsigned char*>(list.data());
      *size = 2;
      return SSL_TLSEXT_ERR_OK;
    }
    list.remove_prefix(std::min(name, list.size()));
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

StatusOr<std::unique_ptr<TlsContext>> TlsContext::Load(const TlsFiles& files, TimePoint now) {
  if (files.certificate.empty() || files.key.empty()) return InvalidArgumentError("TLS needs both a certificate and its key");
  std::unique_ptr<TlsContext> context(new TlsContext(files, now));
  ROTA_RETURN_IF_ERROR(context->Reload());
  return context;
}

Status TlsContext::Reload() {
  // Before the files are read: one that changes meanwhile is read again.
  const Stamps stamps = StampsOf(files_);
  StatusOr<Context> built = Build(files_);
  if (!built.ok()) return std::move(built).status();
  context_ = *std::move(built);
  stamps_ = stamps;
  return OkStatus();
}

SSL* TlsContext::NewConnection(TimePoint now) {
  RefreshIfDue(now);
  return SSL_new(context_.get());
}

void TlsContext::RefreshIfDue(TimePoint now) {
  if (now - checked_ < kRefresh) return;
  checked_ = now;
  const Stamps stamps = StampsOf(files_);
  if (std::memcmp(&stamps, &stamps_, sizeof(stamps)) == 0) return;
  if (Status status = Reload(); !status.ok()) {
    // Perhaps only one of them is new yet.
    Log(LogLevel::kWarn, "tls_reload_failed", {{"certificate", files_.certificate}, {"what", status.ToString()}});
    return;
  }
  Log(LogLevel::kInfo, "tls_reloaded", {{"certificate", files_.certificate}});
}

TlsContext::Stamps TlsContext::StampsOf(const TlsFiles& files) {
  Stamps stamps;
  // Also what is between the members is compared.
  std::memset(static_cast<void*>(&stamps), 0, sizeof(stamps));
  size_t i = 0;
  for (const std::string* path : {&files.certificate, &files.key, &files.client_ca}) {
    struct stat file {};
    if (!path->empty() && stat(path->c_str(), &file) == 0) {
      stamps[i].inode = file.st_ino;
      stamps[i].size = file.st_size;
      stamps[i].modified = file.st_mtim;
    }
    ++i;
  }
  return stamps;
}

StatusOr<TlsContext::Context> TlsContext::Build(const TlsFiles& files) {
  for (const std::string& path : {files.certificate, files.key, files.client_ca}) {
    if (!path.empty()) ROTA_RETURN_IF_ERROR(CheckReadable(path));
  }
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const ssl = context.get();
  if (ssl == nullptr) return InternalError("OpenSSL does not start: " + Reason());
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(ssl, kCiphers);
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(ssl, &SelectProtocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(ssl, files.certificate.c_str()) != 1) {
    return InvalidArgumentError("certificate " + files.certificate + ": " + Reason());
  }
  if (SSL_CTX_use_PrivateKey_file(ssl, files.key.c_str(), SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ssl) != 1) {
    return InvalidArgumentError("key " + files.key + ": " + Reason());
  }
  if (files.client_ca.empty()) return context;
  if (SSL_CTX_load_verify_locations(ssl, files.client_ca.c_str(), nullptr) != 1) {
    return InvalidArgumentError("CA " + files.client_ca + ": " + Reason());
  }
  SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(files.client_ca.c_str()));
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Every connection shows its certificate again: the CA may have changed since.
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(ssl, 0);
  return context;
}

}  // namespace rota::native
