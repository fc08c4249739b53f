#include "framework/rpc/service_registry.h"

#include "framework/actor/actor_system.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {
namespace {

class ServiceRegistryTest : public testing::Test {
 protected:
  ServiceRegistryTest() {
    KindOptions kind;
    kind.name = "echo";
    kind.factory = [](const std::string&) { return std::make_unique<echo::v1::EchoActor>(); };
    EXPECT_TRUE(system_.RegisterKind(std::move(kind)).ok());
  }
  ActorKind& kind() { return *system_.FindKind("echo"); }

  ManualClock clock_;
  EventLoop loop_{clock_};
  ActorSystem system_{loop_, nullptr};
  ServiceRegistry registry_;
};

TEST_F(ServiceRegistryTest, FindsEveryMethodOfARegisteredServiceByItsPath) {
  EXPECT_EQ(registry_.Find("/echo.v1.Echo/Say"), nullptr);
  ASSERT_EQ(registry_.Register(echo::v1::EchoActor::Table(), kind()), OkStatus());
  for (const MethodInfo& method : echo::v1::EchoActor::Table().methods) {
    RegisteredMethod* const found = registry_.Find("/" + std::string(method.full_name));
    ASSERT_NE(found, nullptr) << method.full_name;
    EXPECT_EQ(found->info, &method);
    EXPECT_EQ(found->kind, &kind());
  }
  EXPECT_EQ(registry_.Find("/echo.v1.Rooms/Enter"), nullptr);
}

TEST_F(ServiceRegistryTest, MethodsStayWhereTheyAreWhenMoreAreRegistered) {
  ASSERT_TRUE(registry_.Register(echo::v1::EchoActor::Table(), kind()).ok());
  const RegisteredMethod* const before = registry_.Find("/echo.v1.Echo/Say");
  ASSERT_TRUE(registry_.Register(echo::v1::RoomsActor::Table(), kind()).ok());
  EXPECT_EQ(registry_.Find("/echo.v1.Echo/Say"), before);
  ASSERT_EQ(registry_.services().size(), 2u);
  EXPECT_EQ(registry_.services()[1]->name, "echo.v1.Rooms");
  EXPECT_EQ(registry_.methods().size(), 10u);
}

TEST_F(ServiceRegistryTest, AServiceIsRegisteredOnce) {
  ASSERT_TRUE(registry_.Register(echo::v1::EchoActor::Table(), kind()).ok());
  EXPECT_EQ(registry_.Register(echo::v1::EchoActor::Table(), kind()), AlreadyExistsError("there is a service 'echo.v1.Echo' already"));
  EXPECT_EQ(registry_.methods().size(), 5u);
}

}  // namespace
}  // namespace rota
