// The interoperability cases, with gRPC's C++ library and with @grpc/grpc-js of Node as the client: on every transport, in plain text and
// over TLS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "tests/conformance/interop/cases.h"
#include "tests/framework/runtime/service_process.h"
#include "tests/integration/node_program.h"
#include "tests/integration/service_under_test.h"

namespace rota {
namespace {

enum class Security { kPlain, kTls, kMutualTls };

std::string Name(Security security) {
  return security == Security::kPlain ? "Plain" : security == Security::kTls ? "Tls" : "MutualTls";
}

// One for all tests.
const std::string& Certificates() {
  static const auto& folder = *new TemporaryFolder;
  static const auto& path = *new std::string([] {
    const std::string made = folder.path().string();
    EXPECT_EQ(std::system(("tests/conformance/certificates/make.sh " + made).c_str()), 0);
    return made + "/";
  }());
  return path;
}

std::unique_ptr<ServiceProcess> StartServer(const std::string& transport, Security security) {
  std::vector<std::string> flags{"--transport=" + transport, "--listen=127.0.0.1:0", "--admin=off"};
  if (security != Security::kPlain) flags.insert(flags.end(), {"--tls-cert=" + Certificates() + "server.pem", "--tls-key=" + Certificates() + "server.key"});
  if (security == Security::kMutualTls) flags.push_back("--tls-ca=" + Certificates() + "ca.pem");
  return std::make_unique<ServiceProcess>("tests/conformance/interop/interop_server", flags);
}

class InteropTest : public testing::TestWithParam<std::tuple<std::string, Security>> {
 protected:
  interop::Target Target(const std::string& name = "client") {
    interop::Target target{.address = process_->Address("grpc")};
    const Security security = std::get<1>(GetParam());
    if (security != Security::kPlain) target.ca = Certificates() + "ca.pem";
    if (security == Security::kMutualTls) {
      target.certificate = Certificates() + name + ".pem";
      target.key = Certificates() + name + ".key";
    }
    return target;
  }

  const std::unique_ptr<ServiceProcess> process_ = StartServer(std::get<0>(GetParam()), std::get<1>(GetParam()));
};

TEST_P(InteropTest, EveryCasePasses) {
  for (const interop::Case& one : interop::Cases()) EXPECT_EQ(interop::RunCase(one, Target()), "");
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), 0) << process_->log();
}

TEST_P(InteropTest, EveryCasePassesFromNode) {
  if (const std::string reason = NodeSkipReason(); !reason.empty()) GTEST_SKIP() << reason;
  const interop::Target target = Target();
  std::vector<std::string> arguments{"tests/conformance/interop/node/client.js", Variable("ROTA_NODE_MODULES"), target.address, "all"};
  if (!target.ca.empty()) arguments.push_back(target.ca);
  if (!target.key.empty()) arguments.insert(arguments.end(), {target.certificate, target.key});
  ServiceProcess node(Variable("ROTA_NODE"), arguments);
  EXPECT_EQ(node.Wait(), 0) << node.log();
  const std::string passed = node.output();
  for (const interop::Case& one : interop::Cases()) EXPECT_THAT(passed, testing::HasSubstr(std::string(one.name) + " ok\n"));
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), 0) << process_->log();
}

INSTANTIATE_TEST_SUITE_P(Transports, InteropTest,
                         testing::Combine(testing::ValuesIn(Transports()),
                                          testing::Values(Security::kPlain, Security::kTls, Security::kMutualTls)),
                         [](const auto& info) { return std::get<0>(info.param) + Name(std::get<1>(info.param)); });

class MutualTlsTest : public InteropTest {};

TEST_P(MutualTlsTest, AClientWithoutACertificateThatTheServerTrustsIsRefused) {
  const interop::Case& any = interop::Cases().front();
  EXPECT_EQ(interop::RunCase(any, Target("client")), "");
  EXPECT_THAT(interop::RunCase(any, Target("stranger")), testing::HasSubstr("status 14"));
  interop::Target nobody = Target();
  nobody.certificate.clear();
  nobody.key.clear();
  EXPECT_THAT(interop::RunCase(any, nobody), testing::HasSubstr("status 14"));
}

INSTANTIATE_TEST_SUITE_P(Transports, MutualTlsTest, testing::Combine(testing::ValuesIn(Transports()), testing::Values(Security::kMutualTls)),
                         [](const auto& info) { return std::get<0>(info.param); });

TEST(TlsFilesTest, AFileThatIsNotThereEndsTheStartAndIsNamed) {
  for (const std::string& transport : Transports()) {
    ServiceProcess process("tests/conformance/interop/interop_server",
                           {"--transport=" + transport, "--listen=127.0.0.1:0", "--admin=off", "--tls-cert=" + Certificates() + "server.pem",
                            "--tls-key=/there/is/no.key"});
    EXPECT_EQ(process.Wait(), 1);
    EXPECT_THAT(process.log(), testing::HasSubstr("/there/is/no.key"));
  }
}

TEST(TlsFilesTest, ACertificateWithoutAKeyEndsTheStart) {
  for (const std::string& transport : Transports()) {
    ServiceProcess process("tests/conformance/interop/interop_server",
                           {"--transport=" + transport, "--listen=127.0.0.1:0", "--admin=off", "--tls-cert=" + Certificates() + "server.pem"});
    EXPECT_EQ(process.Wait(), 1);
    EXPECT_THAT(process.log(), testing::HasSubstr("TLS needs both a certificate and its key"));
  }
}

}  // namespace
}  // namespace rota
