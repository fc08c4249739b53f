// Certificates that are renewed while the server runs, on every transport: new connections see the new ones, and who is
// connected stays so.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grpc/testing/test.grpc.pb.h"
#include "tests/framework/runtime/service_process.h"
#include "tests/integration/service_under_test.h"

namespace rota {
namespace {

using Stub = grpc::testing::TestService::Stub;

class CertificateReloadTest : public testing::TestWithParam<std::string> {
 protected:
  CertificateReloadTest() { Renew(folder_); }

  void Start(const std::vector<std::string>& more = {}) {
    const std::string files = folder_.path().string();
    std::vector<std::string> arguments{"--transport=" + GetParam(), "--listen=127.0.0.1:0", "--admin=off",
                                       "--tls-cert=" + files + "/server.pem", "--tls-key=" + files + "/server.key"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    process_ = std::make_unique<ServiceProcess>("tests/conformance/interop/interop_server", std::move(arguments));
    address_ = process_->Address("grpc");
  }
  // Everything in it anew, also the authority: one that trusts the old one does not trust the new certificate.
  static void Renew(const TemporaryFolder& folder) {
    ASSERT_EQ(std::system(("tests/conformance/certificates/make.sh " + folder.path().string()).c_str()), 0);
  }
  static std::string Text(const TemporaryFolder& folder, const std::string& name) {
    std::ifstream file(folder.path() / name);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::string Authority() const { return Text(folder_, "ca.pem"); }
  // A connection of its own that trusts `authority` alone, and shows a certificate if it has one.
  std::unique_ptr<Stub> Connect(const std::string& authority, const std::string& key = "", const std::string& certificate = "") const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    const auto credentials = grpc::SslCredentials({.pem_root_certs = authority, .pem_private_key = key, .pem_cert_chain = certificate});
    return grpc::testing::TestService::NewStub(grpc::CreateCustomChannel(address_, credentials, arguments));
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
  Start();
  const std::string old_authority = Authority();
  const std::unique_ptr<Stub> connected = Connect(old_authority);
  ASSERT_TRUE(Works(*connected));
  Renew(folder_);
  const std::string new_authority = Authority();
  ASSERT_NE(old_authority, new_authority);
  // Both transports look at the files every few seconds; until then the channel is told by each handshake that it may not trust
  // the server, and connects again.
  EXPECT_TRUE(Works(*Connect(new_authority), /*wait_for_ready=*/true));
  EXPECT_FALSE(Works(*Connect(old_authority)));
  EXPECT_TRUE(Works(*connected));
}

TEST_P(CertificateReloadTest, NewConnectionsAreJudgedByTheNewAuthorityOfClients) {
  const TemporaryFolder clients;
  Renew(clients);
  Start({"--tls-ca=" + (clients.path() / "ca.pem").string()});
  const auto connect = [&](const std::string& key, const std::string& certificate) { return Connect(Authority(), key, certificate); };
  const std::string old_key = Text(clients, "client.key"), old_certificate = Text(clients, "client.pem");
  const std::unique_ptr<Stub> connected = connect(old_key, old_certificate);
  ASSERT_TRUE(Works(*connected));
  EXPECT_FALSE(Works(*connect("", ""))) << "without a certificate";
  Renew(clients);
  EXPECT_TRUE(Works(*connect(Text(clients, "client.key"), Text(clients, "client.pem")), /*wait_for_ready=*/true));
  EXPECT_FALSE(Works(*connect(old_key, old_certificate)));
  EXPECT_TRUE(Works(*connected)) << "who is connected was judged before";
}

INSTANTIATE_TEST_SUITE_P(Transports, CertificateReloadTest, testing::ValuesIn(Transports()), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace rota
