#include "framework/rpc/descriptor_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "framework/actor/actor_system.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/reflection.h"
#include "framework/rpc/service_registry.h"
#include "framework/testing/manual_clock.h"
#include "google/protobuf/descriptor.pb.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kEchoFile[] = "tests/framework/rpc/testdata/echo.proto";

class DescriptorSourceTest : public testing::Test {
 protected:
  void Register(const ServiceTable& table) {
    KindOptions kind;
    kind.name = std::string(table.name);
    kind.factory = [](const std::string&) { return nullptr; };
    ASSERT_TRUE(system_.RegisterKind(std::move(kind)).ok());
    ASSERT_TRUE(registry_.Register(table, *system_.FindKind(table.name)).ok());
  }
  static std::vector<std::string> Names(const StatusOr<std::vector<std::string>>& files) {
    EXPECT_TRUE(files.ok()) << files.status().ToString();
    std::vector<std::string> names;
    for (const std::string& bytes : files.ok() ? *files : std::vector<std::string>()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  ActorSystem system_{loop_, nullptr};
  ServiceRegistry registry_;
  DescriptorSource source_{registry_};
};

TEST_F(DescriptorSourceTest, ServicesAreNamedInOrderWheneverTheyWereRegistered) {
  EXPECT_THAT(source_.Services(), IsEmpty());
  Register(ReflectionTable());
  Register(echo::v1::EchoActor::Table());
  EXPECT_THAT(source_.Services(), ElementsAre("echo.v1.Echo", "grpc.reflection.v1.ServerReflection"));
}

TEST_F(DescriptorSourceTest, AFileComesBeforeWhatItImportsAndNothingTwice) {
  Register(echo::v1::EchoActor::Table());
  const auto all = ElementsAre(kEchoFile, "protos/rota/v1/options.proto", "google/protobuf/descriptor.proto");
  EXPECT_THAT(Names(source_.FileByName(kEchoFile)), all);
  EXPECT_THAT(Names(source_.FileContainingSymbol("echo.v1.Echo")), all);
  EXPECT_THAT(Names(source_.FileContainingSymbol("echo.v1.EchoRequest.text")), all);
  EXPECT_THAT(Names(source_.FileByName("google/protobuf/descriptor.proto")), ElementsAre("google/protobuf/descriptor.proto"));
}

TEST_F(DescriptorSourceTest, WhatIsLinkedInButServedByNobodyIsNotTold) {
  // Both are in this program: one by the generated code, one by what that imports.
  EXPECT_EQ(source_.FileByName(kEchoFile).status(), NotFoundError("no file '" + std::string(kEchoFile) + "'"));
  EXPECT_EQ(source_.FileContainingSymbol("echo.v1.Echo").status(), NotFoundError("no symbol 'echo.v1.Echo'"));
  EXPECT_EQ(source_.ExtensionNumbers("google.protobuf.FieldOptions").status(),
            NotFoundError("no message type 'google.protobuf.FieldOptions'"));
  Register(ReflectionTable());
  EXPECT_EQ(source_.FileByName(kEchoFile).status().code(), StatusCode::kNotFound);
  Register(echo::v1::EchoActor::Table());
  EXPECT_TRUE(source_.FileByName(kEchoFile).ok());
}

TEST_F(DescriptorSourceTest, WhatIsNowhereIsNotFoundByName) {
  Register(echo::v1::EchoActor::Table());
  EXPECT_EQ(source_.FileByName("no/such.proto").status(), NotFoundError("no file 'no/such.proto'"));
  EXPECT_EQ(source_.FileContainingSymbol("echo.v1.Nothing").status(), NotFoundError("no symbol 'echo.v1.Nothing'"));
  EXPECT_EQ(source_.FileContainingExtension("google.protobuf.FieldOptions", 1).status(),
            NotFoundError("no extension 1 of 'google.protobuf.FieldOptions'"));
  EXPECT_EQ(source_.FileContainingExtension("no.Type", 1).status(), NotFoundError("no extension 1 of 'no.Type'"));
}

TEST_F(DescriptorSourceTest, AnExtensionLeadsToTheFileThatDefinesIt) {
  Register(echo::v1::EchoActor::Table());
  const StatusOr<std::vector<int>> numbers = source_.ExtensionNumbers("google.protobuf.FieldOptions");
  ASSERT_TRUE(numbers.ok()) << numbers.status().ToString();
  ASSERT_EQ(numbers->size(), 1u);
  EXPECT_THAT(Names(source_.FileContainingExtension("google.protobuf.FieldOptions", numbers->front())),
              ElementsAre("protos/rota/v1/options.proto", "google/protobuf/descriptor.proto"));
  // One that nobody extends has none, which is no error.
  EXPECT_THAT(*source_.ExtensionNumbers("echo.v1.EchoRequest"), IsEmpty());
}

}  // namespace
}  // namespace rota
