#include "framework/runtime/process.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "framework/base/log.h"
#include "framework/base/status.h"
#include "framework/rpc/health.h"
#include "framework/runtime/settings.h"

namespace rota {
namespace {

class ProcessTest : public testing::TestWithParam<std::string> {
 protected:
  ProcessTest() {
    SetLogLevel(LogLevel::kOff);
    settings_.transport = GetParam();
    settings_.listen = {"127.0.0.1:0"};
    settings_.admin = "127.0.0.1:0";
    settings_.notice = Duration::zero();
  }
  ~ProcessTest() override { SetLogLevel(LogLevel::kInfo); }

  Settings settings_;
};
INSTANTIATE_TEST_SUITE_P(Transports, ProcessTest, testing::Values("native", "grpcpp"), [](const auto& info) { return info.param; });

TEST_P(ProcessTest, ServesUntilItIsToldToStopAndEndsWithZero) {
  Process process("probe", settings_);
  ASSERT_TRUE(process.Start({}).ok());
  // Heard by the loop once it runs.
  ASSERT_EQ(kill(getpid(), SIGTERM), 0);
  EXPECT_EQ(process.Run(), 0);
}

TEST_P(ProcessTest, AnAddressThatCannotBeBoundIsNamed) {
  settings_.listen = {"127.0.0.1:0", "no.such.host.invalid:1"};
  Process process("probe", settings_);
  const Status status = process.Start({});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("no.such.host.invalid:1"), std::string::npos) << status.ToString();
}

TEST_P(ProcessTest, AnAddressOfTheAdminThatCannotBeBoundIsNamed) {
  settings_.admin = "no.such.host.invalid:1";
  Process process("probe", settings_);
  const Status status = process.Start({});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("no.such.host.invalid:1"), std::string::npos) << status.ToString();
}

TEST_P(ProcessTest, WithoutAnAdminAddressThereIsNoAdminPage) {
  settings_.admin.clear();
  Process process("probe", settings_);
  ASSERT_TRUE(process.Start({}).ok());
  ASSERT_EQ(kill(getpid(), SIGINT), 0);
  EXPECT_EQ(process.Run(), 0);
}

TEST_P(ProcessTest, AServiceThatIsThereAlreadyIsNamed) {
  Process process("probe", settings_);
  Health health;
  std::vector<ServedService> services;
  services.push_back({&Health::Table(), health.Kind()});
  const Status status = process.Start(std::move(services));
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
  EXPECT_NE(std::string(status.message()).find("ealth"), std::string::npos) << status.ToString();
}

TEST_P(ProcessTest, OneThatWasNeverStartedGoesQuietly) { const Process process("probe", settings_); }

}  // namespace
}  // namespace rota
