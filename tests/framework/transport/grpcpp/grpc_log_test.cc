#include "framework/transport/grpcpp/grpc_log.h"

#include <gmock/gmock.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <string>

#include "framework/base/log.h"

namespace rota::grpcpp {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GrpcLogTest : public testing::Test {
 protected:
  GrpcLogTest() {
    RouteGrpcLog();
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);
  }
  ~GrpcLogTest() override { SetLogLevel(LogLevel::kInfo); }

  // What is written when gRPC says this.
  static std::string Lines(gpr_log_severity severity) {
    testing::internal::CaptureStderr();
    gpr_log("folder/some.cc", 42, severity, "it has %s", "failed");
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(GrpcLogTest, AnErrorOfGrpcIsAWarning) {
  EXPECT_THAT(Lines(GPR_LOG_SEVERITY_ERROR),
              HasSubstr("level=warn event=grpc file=some.cc line=42 message=\"it has failed\"\n"));
  SetLogLevel(LogLevel::kError);
  EXPECT_THAT(Lines(GPR_LOG_SEVERITY_ERROR), IsEmpty());
}

TEST_F(GrpcLogTest, TheRestIsForDebugging) {
  for (const gpr_log_severity severity : {GPR_LOG_SEVERITY_INFO, GPR_LOG_SEVERITY_DEBUG}) {
    SetLogLevel(LogLevel::kInfo);
    EXPECT_THAT(Lines(severity), IsEmpty());
    SetLogLevel(LogLevel::kDebug);
    EXPECT_THAT(Lines(severity), HasSubstr("level=debug event=grpc"));
  }
}

TEST_F(GrpcLogTest, ItMayBeAskedForAgain) {
  RouteGrpcLog();
  const std::string lines = Lines(GPR_LOG_SEVERITY_ERROR);
  EXPECT_EQ(lines.find("event=grpc"), lines.rfind("event=grpc")) << lines;
  EXPECT_THAT(lines, HasSubstr("event=grpc"));
}

}  // namespace
}  // namespace rota::grpcpp
