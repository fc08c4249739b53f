// What every service does on the wire, seen by the C++ library of gRPC: errors, metadata, health, reflection, addresses.

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/integration/service_under_test.h"

namespace rota {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ProtocolTest : public ::testing::Test {
 protected:
  // Sends raw bytes to a method.
  grpc::Status CallRaw(const std::string& method, const std::string& bytes, grpc::ClientContext& context) {
    grpc::GenericStub stub(channel_);
    grpc::CompletionQueue queue;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, this);
    void* tag = nullptr;
    bool ok = false;
    EXPECT_EQ(queue.AsyncNext(&tag, &ok, CallLimit()), grpc::CompletionQueue::GOT_EVENT);
    return status;
  }
  grpc::Status CallRaw(const std::string& method, const std::string& bytes) {
    LimitedContext context;
    return CallRaw(method, bytes, context);
  }

  TemporaryFolder root_;
  ServiceProcess process_{"services/files/files",
                          {"--root=" + root_.path().string(), "--listen=127.0.0.1:0", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"}};
  std::shared_ptr<grpc::Channel> channel_ = ChannelTo(process_.Address("grpc"));
};

TEST_F(ProtocolTest, AnUnknownMethodOrServiceIsNamed) {
  const grpc::Status method = CallRaw("/files.v1.Files/Dance", "");
  EXPECT_EQ(method.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(method.error_message(), HasSubstr("Dance"));
  const grpc::Status service = CallRaw("/no.such.Service/Stat", "");
  EXPECT_EQ(service.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(service.error_message(), HasSubstr("no.such.Service"));
}

TEST_F(ProtocolTest, BytesThatAreNoMessageAreAnInternalErrorAndTheTypeIsNamed) {
  const grpc::Status status = CallRaw("/files.v1.Files/Stat", "\xff\xff\xff");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), HasSubstr("StatRequest"));
}

TEST_F(ProtocolTest, ATraceOfTheCallerIsTakenAndABrokenOneDoesNoHarm) {
  for (const char* trace : {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "rubbish"}) {
    LimitedContext context;
    context.AddMetadata("traceparent", trace);
    context.AddMetadata("some-bin", std::string("\0\xff", 2));
    EXPECT_EQ(CallRaw("/files.v1.Files/List", "", context).error_code(), grpc::StatusCode::OK);
  }
}

TEST_F(ProtocolTest, HealthIsServingUntilItDrains) {
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  for (const char* service : {"", "files.v1.Files"}) {
    LimitedContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    ASSERT_TRUE(stub->Check(&context, request, &response).ok());
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  }
  LimitedContext unknown_context;
  grpc::health::v1::HealthCheckRequest unknown;
  unknown.set_service("no.such");
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_EQ(stub->Check(&unknown_context, unknown, &response).error_code(), grpc::StatusCode::NOT_FOUND);

  LimitedContext context;
  const auto reader = stub->Watch(&context, grpc::health::v1::HealthCheckRequest());
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  process_.Signal(SIGTERM);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  context.TryCancel();
  static_cast<void>(reader->Finish());
  EXPECT_EQ(process_.Wait(), 0);
}

TEST_F(ProtocolTest, ReflectionListsTheServices) {
  LimitedContext context;
  const auto stream = grpc::reflection::v1alpha::ServerReflection::NewStub(channel_)->ServerReflectionInfo(&context);
  grpc::reflection::v1alpha::ServerReflectionRequest request;
  request.set_list_services("");
  ASSERT_TRUE(stream->Write(request));
  grpc::reflection::v1alpha::ServerReflectionResponse response;
  ASSERT_TRUE(stream->Read(&response));
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
  EXPECT_THAT(names, ::testing::IsSupersetOf({"files.v1.Files", "grpc.health.v1.Health"}));
  request.set_file_containing_symbol("files.v1.Files");
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_GE(response.file_descriptor_response().file_descriptor_proto_size(), 1);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ProtocolTest, EveryAddressOfListenServes) {
  ASSERT_NE(process_.Address("admin"), "");
  const std::string log = process_.log();
  const size_t second = log.find("endpoint=grpc", log.find("endpoint=grpc") + 1);
  ASSERT_NE(second, std::string::npos);
  const size_t at = log.find("address=", second) + 8;
  channel_ = ChannelTo(log.substr(at, log.find_first_of(" \n", at) - at));
  EXPECT_EQ(CallRaw("/files.v1.Files/List", "").error_code(), grpc::StatusCode::OK);
}

TEST_F(ProtocolTest, APortInUseEndsTheStartAndIsNamed) {
  const TemporaryFolder root;
  const std::string taken = process_.Address("grpc");
  ServiceProcess second("services/files/files", {"--root=" + root.path().string(), "--listen=" + taken, "--admin=127.0.0.1:0"});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.log(), HasSubstr(taken));
}

}  // namespace
}  // namespace rota
