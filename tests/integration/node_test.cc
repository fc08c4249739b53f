// Both services, called by @grpc/grpc-js of Node; node/services.js makes the calls.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/framework/runtime/service_process.h"
#include "tests/integration/node_program.h"
#include "tests/integration/service_under_test.h"

namespace rota {
namespace {

void CallFromNode(const std::string& service, ServiceProcess& process) {
  ServiceProcess node(Variable("ROTA_NODE"), {"tests/integration/node/services.js", Variable("ROTA_NODE_MODULES"), service, process.Address("grpc")});
  EXPECT_EQ(node.Wait(), 0) << node.log();
}

TEST(NodeTest, CallsEveryMethodOfTheFilesService) {
  if (const std::string reason = NodeSkipReason(); !reason.empty()) GTEST_SKIP() << reason;
  const TemporaryFolder root;
  ServiceProcess process("services/files/files", {"--root=" + root.path().string(), "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
  CallFromNode("files", process);
}

TEST(NodeTest, CallsEveryMethodOfTheChatService) {
  if (const std::string reason = NodeSkipReason(); !reason.empty()) GTEST_SKIP() << reason;
  ServiceProcess process("services/chat/chat", {"--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
  CallFromNode("chat", process);
}

}  // namespace
}  // namespace rota
