#include "framework/rpc/reflection.h"

#include <set>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "tests/framework/rpc/rpc_test_base.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {
namespace {

using Request = grpc::reflection::v1::ServerReflectionRequest;
using Response = grpc::reflection::v1::ServerReflectionResponse;

constexpr char kInfo[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr char kEchoFile[] = "tests/framework/rpc/testdata/echo.proto";

class ReflectionTest : public RpcTestBase {
 protected:
  ReflectionTest() {
    Serve<echo::v1::EchoActor>(Kind<echo::v1::EchoActor>());
    Register(ReflectionKind(registry_), ReflectionTable());
    Register(ReflectionAlphaKind(registry_), ReflectionAlphaTable());
  }
  void Register(KindOptions kind, const ServiceTable& table) {
    const std::string name = kind.name;
    EXPECT_TRUE(system_.RegisterKind(std::move(kind)).ok());
    EXPECT_TRUE(registry_.Register(table, *system_.FindKind(name)).ok());
  }
  Response Ask(const Request& request) {
    const auto call = Call(kInfo, request);
    EXPECT_EQ(call->status(), OkStatus());
    EXPECT_EQ(call->messages().size(), 1u);
    Response response;
    if (!call->messages().empty()) EXPECT_TRUE(response.ParseFromString(call->messages().front()));
    return response;
  }
  static std::vector<std::string> FileNames(const Response& response) {
    std::vector<std::string> names;
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }
  static Status ErrorOf(const Response& response) {
    return Status(static_cast<StatusCode>(response.error_response().error_code()), response.error_response().error_message());
  }
};

const std::vector<std::string> kEchoFiles = {kEchoFile, "protos/rota/v1/options.proto", "google/protobuf/descriptor.proto"};

TEST_F(ReflectionTest, ListsTheRegisteredServices) {
  Request request;
  request.set_host("somewhere");
  request.set_list_services("*");
  const Response response = Ask(request);
  EXPECT_EQ(response.valid_host(), "somewhere");
  EXPECT_EQ(response.original_request().list_services(), "*");
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
  EXPECT_EQ(names, (std::vector<std::string>{"echo.v1.Echo", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}));
}

TEST_F(ReflectionTest, TellsAFileAndAllThatItImports) {
  Request request;
  request.set_file_by_filename(kEchoFile);
  EXPECT_EQ(FileNames(Ask(request)), kEchoFiles);
}

TEST_F(ReflectionTest, TellsWhereASymbolIs) {
  for (const char* const symbol : {"echo.v1.Echo", "echo.v1.Echo.Say", "echo.v1.EchoRequest", "echo.v1.EchoRequest.text"}) {
    Request request;
    request.set_file_containing_symbol(symbol);
    EXPECT_EQ(FileNames(Ask(request)), kEchoFiles) << symbol;
  }
}

TEST_F(ReflectionTest, TellsAboutExtensions) {
  Request request;
  request.set_all_extension_numbers_of_type("google.protobuf.FieldOptions");
  const Response numbers = Ask(request);
  EXPECT_EQ(numbers.all_extension_numbers_response().base_type_name(), "google.protobuf.FieldOptions");
  ASSERT_EQ(numbers.all_extension_numbers_response().extension_number_size(), 1);
  request.mutable_file_containing_extension()->set_containing_type("google.protobuf.FieldOptions");
  request.mutable_file_containing_extension()->set_extension_number(numbers.all_extension_numbers_response().extension_number(0));
  EXPECT_EQ(FileNames(Ask(request)).front(), "protos/rota/v1/options.proto");
}

TEST_F(ReflectionTest, WhatIsNotThereIsAnErrorResponse) {
  Request request;
  request.set_file_by_filename("no.proto");
  EXPECT_EQ(ErrorOf(Ask(request)), NotFoundError("no file 'no.proto'"));
  request.set_file_containing_symbol("no.Symbol");
  EXPECT_EQ(ErrorOf(Ask(request)), NotFoundError("no symbol 'no.Symbol'"));
  request.mutable_file_containing_extension()->set_containing_type("echo.v1.EchoRequest");
  request.mutable_file_containing_extension()->set_extension_number(7);
  EXPECT_EQ(ErrorOf(Ask(request)), NotFoundError("no extension 7 of 'echo.v1.EchoRequest'"));
  request.set_all_extension_numbers_of_type("no.Type");
  EXPECT_EQ(ErrorOf(Ask(request)), NotFoundError("no message type 'no.Type'"));
}

TEST_F(ReflectionTest, ARequestThatAsksForNothingIsAnErrorResponse) {
  EXPECT_EQ(ErrorOf(Ask(Request())).code(), StatusCode::kInvalidArgument);
}

TEST_F(ReflectionTest, WhatIsLinkedInButNotServedIsNotTold) {
  // The file of the health service is part of the process.
  Request request;
  request.set_file_containing_symbol("grpc.health.v1.Health");
  EXPECT_EQ(ErrorOf(Ask(request)), NotFoundError("no symbol 'grpc.health.v1.Health'"));
  request.set_file_by_filename("google/protobuf/empty.proto");
  EXPECT_EQ(ErrorOf(Ask(request)), NotFoundError("no file 'google/protobuf/empty.proto'"));
}

TEST_F(ReflectionTest, OneStreamAnswersManyRequestsAlsoAfterAnError) {
  const auto call = Start(kInfo);
  Request request;
  request.set_file_by_filename("no.proto");
  call->Send(request.SerializeAsString());
  request.set_file_by_filename(kEchoFile);
  call->Send(request.SerializeAsString());
  Settle();
  ASSERT_EQ(call->messages().size(), 2u);
  EXPECT_FALSE(call->status());
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), OkStatus());
}

TEST_F(ReflectionTest, OlderToolsGetTheSameAnswers) {
  grpc::reflection::v1alpha::ServerReflectionRequest request;
  request.set_file_containing_symbol("echo.v1.Echo");
  const auto call = Call("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", request);
  ASSERT_EQ(call->messages().size(), 1u);
  Response response;  // the same on the wire
  ASSERT_TRUE(response.ParseFromString(call->messages().front()));
  EXPECT_EQ(FileNames(response), kEchoFiles);
}

}  // namespace
}  // namespace rota
