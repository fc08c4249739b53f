#include "framework/transport/grpcpp/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "framework/base/status.h"

namespace rota::grpcpp {
namespace {

using ::testing::HasSubstr;

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    std::string name = testing::TempDir() + "/rota-XXXXXX";
    folder_ = mkdtemp(name.data());
    for (const char* file : {"/cert", "/key", "/ca"}) std::ofstream(folder_ + file) << "not looked at";
  }
  ~CredentialsTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(CredentialsTest, WithoutFilesItIsPlainText) {
  const auto credentials = NewCredentials({});
  ASSERT_TRUE(credentials.ok());
  EXPECT_NE(*credentials, nullptr);
}

TEST_F(CredentialsTest, ACertificateNeedsItsKey) {
  for (const TlsFiles& files : {TlsFiles{.certificate = folder_ + "/cert", .key = {}, .client_ca = {}},
                                TlsFiles{.certificate = {}, .key = folder_ + "/key", .client_ca = {}},
                                TlsFiles{.certificate = {}, .key = {}, .client_ca = folder_ + "/ca"}}) {
    EXPECT_EQ(NewCredentials(files).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(CredentialsTest, AFileThatCannotBeReadIsNamed) {
  const TlsFiles good = {.certificate = folder_ + "/cert", .key = folder_ + "/key", .client_ca = folder_ + "/ca"};
  for (std::string TlsFiles::*const file : {&TlsFiles::certificate, &TlsFiles::key, &TlsFiles::client_ca}) {
    TlsFiles files = good;
    files.*file = folder_ + "/missing";
    const Status status = NewCredentials(files).status();
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << status.ToString();
    EXPECT_THAT(std::string(status.message()), HasSubstr(folder_ + "/missing"));
  }
}

TEST_F(CredentialsTest, WhatIsInTheFilesIsLeftToTheHandshake) {
  const auto credentials = NewCredentials({.certificate = folder_ + "/cert", .key = folder_ + "/key", .client_ca = folder_ + "/ca"});
  ASSERT_TRUE(credentials.ok()) << credentials.status().ToString();
  EXPECT_NE(*credentials, nullptr);
}

}  // namespace
}  // namespace rota::grpcpp
