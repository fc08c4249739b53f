#include "framework/transport/native/tls_context.h"

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
