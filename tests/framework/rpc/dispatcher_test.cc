#include "framework/rpc/dispatcher.h"

#include <string>

#include "tests/framework/rpc/echo_actor.h"
#include "tests/framework/rpc/rpc_test_base.h"

namespace rota {
namespace {

class DispatcherTest : public WithProbe, public RpcTestBase {
 protected:
  DispatcherTest() { Serve<EchoActor>(Kind<EchoActor>(probe_)); }
  Status StatusOf(const std::string& path) {
    const auto call = Start(path);
    call->Send("");
    call->HalfClose();
    Settle();
    return call->status().value_or(UnknownError("no status"));
  }
};

TEST_F(DispatcherTest, AnUnknownServiceIsUnimplementedByName) {
  EXPECT_EQ(StatusOf("/echo.v2.Echo/Say"), UnimplementedError("unknown service 'echo.v2.Echo'"));
}

TEST_F(DispatcherTest, AnUnknownMethodIsUnimplementedByName) {
  EXPECT_EQ(StatusOf("/echo.v1.Echo/say"), UnimplementedError("service 'echo.v1.Echo' has no method 'say'"));
}

TEST_F(DispatcherTest, AMalformedPathIsUnimplemented) {
  for (const std::string path : {"", "/", "//", "/echo.v1.Echo", "/echo.v1.Echo/", "//Say", "echo.v1.Echo/Say"}) {
    EXPECT_EQ(StatusOf(path), UnimplementedError("path '" + path + "' is not of the form '/package.Service/Method'")) << path;
  }
}

TEST_F(DispatcherTest, ALongPathIsShownByItsBeginning) {
  EXPECT_EQ(StatusOf("/" + std::string(5000, 'x') + "/Say"), UnimplementedError("unknown service '" + std::string(200, 'x') + "...'"));
}

TEST_F(DispatcherTest, CallsThatFindNoMethodCountUnderOneName) {
  EXPECT_FALSE(StatusOf("/a/b").ok());
  EXPECT_FALSE(StatusOf("/c/d").ok());
  EXPECT_EQ(registry_.unknown().started, 2u);
  EXPECT_EQ(Handled(registry_.unknown(), StatusCode::kUnimplemented), 2u);
  EXPECT_EQ(registry_.unknown().in_flight, 0u);
}

TEST_F(DispatcherTest, ARefusedCallMayBeCancelledBeforeItsEnd) {
  const auto call = Start("/a/b");
  call->Cancel();
  Settle();
  EXPECT_TRUE(call->done());
}

}  // namespace
}  // namespace rota
