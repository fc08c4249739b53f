// Certificates that are renewed while the server runs, on every transport: new connections see the new ones, and who is
// connected stays so.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "grpc/testing/test.grpc.pb.h"
#include "tests/framework/runtime/service_process.h"
#include "tests/integration/service_under_test.h"

namespace rota {
namespace {

using Stub = grpc::testing::TestService::Stub;

class CertificateReloadTest : public testing::TestWithParam<std::string> {
 protected:
  CertificateReloadTest() {
    Renew();
    process_ = std::make_unique<ServiceProcess>(
        "tests/conformance/interop/interop_server",
        std::vector<std::string>{"--transport=" + GetParam(), "--listen=127.0.0.1:0", "--admin=off", "--tls-cert=" + File("server.pem"), "--tls-key=" + File("server.key")});
    address_ = process_->Address("grpc");
  }

  std::string File(const std::string& name) const { return (folder_.path() / name).string(); }
  // Everything anew, also the authority: one that trusts the old one does not trust the new certificate.
  void Renew() { ASSERT_EQ(std::system(("tests/conformance/certificates/make.sh " + folder_.path().string()).c_str()), 0); }
  std::string Authority() const {
    std::ifstream file(File("ca.pem"));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  // A connection of its own that trusts `authority` alone.
  std::unique_ptr<Stub> Connect(const std::string& authority) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    return grpc::testing::TestService::NewStub(
        grpc::CreateCustomChannel(address_, grpc::SslCredentials({.pem_root_certs = authority, .pem_private_key = "", .pem_cert_chain = ""}), arguments));
  }
  // With `wait_for_ready`, once there is a connection.
  static bool Works(Stub& stub, bool wait_for_ready = false) {
    LimitedContext context;
    context.set_wait_for_ready(wait_for_ready);
    grpc::testing::Empty response;
    return stub.EmptyCall(&context, {}, &response).ok();
  }

  TemporaryFolder folder_;
  std::unique_ptr<ServiceProcess> process_;
  std::string address_;
};

TEST_P(CertificateReloadTest, NewConnectionsGetTheNewCertificateAndOldOnesGoOn) {
  const std::string old_authority = Authority();
  const std::unique_ptr<Stub> connected = Connect(old_authority);
  ASSERT_TRUE(Works(*connected));
  Renew();
  const std::string new_authority = Authority();
  ASSERT_NE(old_authority, new_authority);
  // Both transports look at the files every few seconds; until then the channel is told by each handshake that it may not trust
  // the server, and connects again.
  EXPECT_TRUE(Works(*Connect(new_authority), /*wait_for_ready=*/true));
  EXPECT_FALSE(Works(*Connect(old_authority)));
  EXPECT_TRUE(Works(*connected));
}

INSTANTIATE_TEST_SUITE_P(Transports, CertificateReloadTest, testing::ValuesIn(Transports()), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace rota
