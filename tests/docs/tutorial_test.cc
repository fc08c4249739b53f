// The service of docs/tutorial.md, started and called as the tutorial says.

#include <gtest/gtest.h>
#include <signal.h>

#include "docs/tutorial/greeter.grpc.pb.h"
#include "tests/framework/runtime/service_process.h"
#include "tests/integration/service_under_test.h"

namespace greeter::v1 {
namespace {

TEST(TutorialTest, TheServiceGreetsRefusesAndDrains) {
  rota::ServiceProcess process("docs/tutorial/greeter", {"--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
  const auto stub = Greeter::NewStub(rota::ChannelTo(process.Address("grpc")));
  HelloRequest request;
  HelloResponse response;
  {
    rota::LimitedContext context;
    EXPECT_EQ(stub->Hello(&context, request, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  request.set_name("you");
  for (const char* text : {"Hello, you! You are caller 1.", "Hello, you! You are caller 2."}) {
    rota::LimitedContext context;
    ASSERT_TRUE(stub->Hello(&context, request, &response).ok());
    EXPECT_EQ(response.text(), text);
  }
  EXPECT_NE(rota::HttpGet(process.Address("admin"), "/readyz").find("200 OK"), std::string::npos);
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
}

}  // namespace
}  // namespace greeter::v1
