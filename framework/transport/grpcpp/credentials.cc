#include "framework/transport/grpcpp/credentials.h"

#include <fcntl.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace rota::grpcpp {
namespace {

constexpr unsigned kRefreshSeconds = 5;

Status CheckReadable(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, "open " + path);
  close(fd);
  return OkStatus();
}

}  // namespace

StatusOr<std::shared_ptr<grpc::ServerCredentials>> NewCredentials(const TlsFiles& tls) {
  if (!tls.enabled()) return grpc::InsecureServerCredentials();
  if (tls.certificate.empty() || tls.key.empty()) return InvalidArgumentError("TLS needs both a certificate and its key");
  for (const std::string& path : {tls.certificate, tls.key, tls.client_ca}) {
    if (path.empty()) continue;
    if (Status status = CheckReadable(path); !status.ok()) return status;
  }
  grpc::experimental::TlsServerCredentialsOptions options(std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.key, tls.certificate, tls.client_ca, kRefreshSeconds));
  options.watch_identity_key_cert_pairs();
  if (!tls.client_ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace rota::grpcpp
