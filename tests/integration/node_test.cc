// Both services, called by @grpc/grpc-js of Node; node/services.js makes the calls.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/framework/runtime/service_process.h"
#include "tests/integration/service_under_test.h"

namespace rota {
namespace {

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Why Node cannot be used, or "".
std::string SkipReason() {
  if (const std::string reason = Variable("ROTA_NODE_SKIP_REASON"); !reason.empty()) return reason;
  return Variable("ROTA_NODE").empty() ? "ROTA_NODE is not set; tools/dev test sets it" : "";
}

void CallFromNode(const std::string& service, ServiceProcess& process) {
  ServiceProcess node(Variable("ROTA_NODE"), {"tests/integration/node/services.js", Variable("ROTA_NODE_MODULES"), service, process.Address("grpc")});
  EXPECT_EQ(node.Wait(), 0) << node.log();
}

TEST(NodeTest, CallsEveryMethodOfTheFilesService) {
  if (const std::string reason = SkipReason(); !reason.empty()) GTEST_SKIP() << reason;
  const TemporaryFolder root;
  ServiceProcess process("services/files/files", {"--root=" + root.path().string(), "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
  CallFromNode("files", process);
}

TEST(NodeTest, CallsEveryMethodOfTheChatService) {
  if (const std::string reason = SkipReason(); !reason.empty()) GTEST_SKIP() << reason;
  ServiceProcess process("services/chat/chat", {"--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
  CallFromNode("chat", process);
}

}  // namespace
}  // namespace rota
