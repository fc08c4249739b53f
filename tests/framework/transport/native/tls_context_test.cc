#include "framework/transport/native/tls_context.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/rpc/transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

using ::testing::HasSubstr;

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() {
    std::string name = testing::TempDir() + "/rota-XXXXXX";
    folder_ = mkdtemp(name.data());
    MakeCertificates();
  }
  ~TlsContextTest() override { std::filesystem::remove_all(folder_); }

  void MakeCertificates() { ASSERT_EQ(std::system(("tests/conformance/certificates/make.sh " + folder_).c_str()), 0); }
  TlsFiles Files() const { return {.certificate = folder_ + "/server.pem", .key = folder_ + "/server.key", .client_ca = {}}; }
  std::unique_ptr<TlsContext> Load(const TlsFiles& files) {
    StatusOr<std::unique_ptr<TlsContext>> context = TlsContext::Load(files, now_);
    EXPECT_TRUE(context.ok()) << context.status().ToString();
    return context.ok() ? *std::move(context) : nullptr;
  }
  // What a new connection shows.
  std::string Shown(TlsContext& context) {
    SSL* const ssl = context.NewConnection(now_);
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(SSL_get_certificate(ssl), &bytes);
    const std::string certificate(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
    OPENSSL_free(bytes);
    SSL_free(ssl);
    return certificate;
  }

  std::string folder_;
  TimePoint now_ = TimePoint() + std::chrono::hours(1000);
};

TEST_F(TlsContextTest, NewFilesAreTakenUpAfterAWhileAndNotBefore) {
  const std::unique_ptr<TlsContext> context = Load(Files());
  const std::string first = Shown(*context);
  MakeCertificates();
  now_ += TlsContext::kRefresh - std::chrono::milliseconds(1);
  EXPECT_EQ(Shown(*context), first);
  now_ += std::chrono::milliseconds(1);
  EXPECT_NE(Shown(*context), first);
}

// The authority of clients may be renewed when nothing else is.
TEST_F(TlsContextTest, ANewAuthorityOfClientsIsTakenUpAlone) {
  TlsFiles files = Files();
  files.client_ca = folder_ + "/clients.pem";
  std::filesystem::copy_file(folder_ + "/ca.pem", files.client_ca);
  const std::unique_ptr<TlsContext> context = Load(files);
  // Of a client whose certificate `authority` has signed.
  const auto trusts = [&](const std::string& authority) {
    SSL* const ssl = context->NewConnection(now_);
    EXPECT_EQ(SSL_get_verify_mode(ssl), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
    X509_STORE* const store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
    BIO* const file = BIO_new_file(authority.c_str(), "r");
    X509* const certificate = PEM_read_bio_X509(file, nullptr, nullptr, nullptr);
    X509_STORE_CTX* const check = X509_STORE_CTX_new();
    X509_STORE_CTX_init(check, store, certificate, nullptr);
    const bool trusted = X509_verify_cert(check) == 1;
    X509_STORE_CTX_free(check);
    X509_free(certificate);
    BIO_free(file);
    SSL_free(ssl);
    return trusted;
  };
  const std::string old_client = folder_ + "/old-client.pem", certificate = Shown(*context);
  std::filesystem::copy_file(folder_ + "/client.pem", old_client);
  EXPECT_TRUE(trusts(old_client));
  // The renewed certificate of the server goes elsewhere.
  const std::string elsewhere = folder_ + "/new";
  std::filesystem::create_directory(elsewhere);
  ASSERT_EQ(std::system(("tests/conformance/certificates/make.sh " + elsewhere).c_str()), 0);
  EXPECT_FALSE(trusts(elsewhere + "/client.pem"));
  std::filesystem::copy_file(elsewhere + "/ca.pem", files.client_ca, std::filesystem::copy_options::overwrite_existing);
  now_ += TlsContext::kRefresh - std::chrono::milliseconds(1);
  EXPECT_FALSE(trusts(elsewhere + "/client.pem"));
  now_ += std::chrono::milliseconds(1);
  EXPECT_TRUE(trusts(elsewhere + "/client.pem"));
  EXPECT_FALSE(trusts(old_client));
  EXPECT_EQ(Shown(*context), certificate);
}

TEST_F(TlsContextTest, FilesThatAreNoGoodAnyMoreChangeNothing) {
  const std::unique_ptr<TlsContext> context = Load(Files());
  const std::string first = Shown(*context);
  std::ofstream(Files().key) << "no key";
  now_ += TlsContext::kRefresh;
  EXPECT_EQ(Shown(*context), first);
  MakeCertificates();
  now_ += TlsContext::kRefresh;
  EXPECT_NE(Shown(*context), first);
}

TEST_F(TlsContextTest, WhatIsWrongWithAFileIsNamed) {
  TlsFiles files = Files();
  files.key = folder_ + "/client.key";
  EXPECT_THAT(TlsContext::Load(files, now_).status().ToString(), HasSubstr("key " + files.key));
  files = Files();
  files.certificate = files.key;
  EXPECT_THAT(TlsContext::Load(files, now_).status().ToString(), HasSubstr("certificate " + files.certificate));
  files = Files();
  files.client_ca = folder_ + "/none.pem";
  EXPECT_EQ(TlsContext::Load(files, now_).status().code(), StatusCode::kNotFound);
  files = Files();
  files.key.clear();
  EXPECT_EQ(TlsContext::Load(files, now_).status(), InvalidArgumentError("TLS needs both a certificate and its key"));
}

}  // namespace
}  // namespace rota::native
