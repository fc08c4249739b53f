// The service of docs/tutorial.md, started and called as the tutorial says.

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "docs/tutorial/greeter.grpc.pb.h"
#include "tests/framework/runtime/service_process.h"
#include "tests/integration/service_under_test.h"

namespace greeter::v1 {
namespace {

// The rest of the line of docs/tutorial.md that begins with `command`.
std::string ArgumentsOf(const std::string& command) {
  std::ifstream tutorial("docs/tutorial.md");
  for (std::string line; std::getline(tutorial, line);) {
    if (const std::string start = "    " + command + " "; line.rfind(start, 0) == 0) return line.substr(start.size());
  }
  ADD_FAILURE() << "docs/tutorial.md does not run " << command;
  return "";
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

TEST(TutorialTest, TheCommandsOfTheTutorialBuildTheServiceAndCallIt) {
  EXPECT_EQ(ArgumentsOf("tools/dev build"), "//docs/tutorial:greeter");
  rota::ServiceProcess process("docs/tutorial/greeter", Words(ArgumentsOf("bazel-bin/docs/tutorial/greeter")));
  // What grpcurl sends, taken from its command line.
  const std::string call = ArgumentsOf("grpcurl");
  const size_t json = call.find('{');
  HelloRequest request;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(call.substr(json, call.find('}') + 1 - json), &request).ok()) << call;
  EXPECT_EQ(Words(call).back(), "greeter.v1.Greeter/Hello");
  rota::LimitedContext context;
  HelloResponse response;
  ASSERT_TRUE(Greeter::NewStub(rota::ChannelTo(process.Address("grpc")))->Hello(&context, request, &response).ok());
  EXPECT_EQ(response.text(), "Hello, you! You are caller 1.");
  EXPECT_NE(process.Address("admin"), "");
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 0);
}

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
