#include <map>
#include <string>

#include "tests/conformance/interop/cases.h"

namespace interop {
namespace {

using grpc::testing::Empty;
using grpc::testing::EchoStatus;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

const std::string kInitialKey = "x-grpc-test-echo-initial";
const std::string kTrailingKey = "x-grpc-test-echo-trailing-bin";
const std::string kInitialValue = "test_initial_metadata_value";
const std::string kTrailingValue = "\xab\xab\xab";

void ExpectEcho(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const std::string& key, const std::string& value) {
  const auto found = metadata.find(key);
  Expect(found != metadata.end(), key + " did not come back");
  Expect(std::string(found->second.data(), found->second.size()) == value, key + " came back changed");
  Expect(metadata.count(key) == 1, key + " came back more than once");
}

void CustomMetadata(const Client& client) {
  {
    Context context;
    context.AddMetadata(kInitialKey, kInitialValue);
    context.AddMetadata(kTrailingKey, kTrailingValue);
    SimpleResponse response;
    ExpectStatus(client.stub().UnaryCall(&context, LargeRequest(), &response), grpc::StatusCode::OK);
    ExpectEcho(context.GetServerInitialMetadata(), kInitialKey, kInitialValue);
    ExpectEcho(context.GetServerTrailingMetadata(), kTrailingKey, kTrailingValue);
  }
  Context context;
  context.AddMetadata(kInitialKey, kInitialValue);
  context.AddMetadata(kTrailingKey, kTrailingValue);
  const auto stream = client.stub().FullDuplexCall(&context);
  Expect(stream->Write(StreamRequest(kLargeResponse, kLargeRequest)), "the server stopped reading");
  StreamingOutputCallResponse response;
  Expect(stream->Read(&response), "the stream ended early");
  stream->WritesDone();
  Expect(!stream->Read(&response), "there are more messages than were asked for");
  ExpectStatus(stream->Finish(), grpc::StatusCode::OK);
  ExpectEcho(context.GetServerInitialMetadata(), kInitialKey, kInitialValue);
  ExpectEcho(context.GetServerTrailingMetadata(), kTrailingKey, kTrailingValue);
}

void ExpectExactly(const grpc::Status& status, const EchoStatus& echo) {
  ExpectStatus(status, static_cast<grpc::StatusCode>(echo.code()));
  Expect(status.error_message() == echo.message(), "the message came as '" + status.error_message() + "'");
}

void EchoUnary(const Client& client, const EchoStatus& echo) {
  Context context;
  SimpleRequest request;
  *request.mutable_response_status() = echo;
  SimpleResponse response;
  ExpectExactly(client.stub().UnaryCall(&context, request, &response), echo);
}

void StatusCodeAndMessage(const Client& client) {
  EchoStatus echo;
  echo.set_code(2);
  echo.set_message("test status message");
  EchoUnary(client, echo);
  Context context;
  const auto stream = client.stub().FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  *request.mutable_response_status() = echo;
  Expect(stream->Write(request), "the server stopped reading");
  stream->WritesDone();
  StreamingOutputCallResponse response;
  Expect(!stream->Read(&response), "there is a message");
  ExpectExactly(stream->Finish(), echo);
}

void SpecialStatusMessage(const Client& client) {
  EchoStatus echo;
  echo.set_code(2);
  echo.set_message("\t\ntest with whitespace\r\nand Unicode BMP \u263A and non-BMP \U0001F608\t\n");
  EchoUnary(client, echo);
}

void UnimplementedMethod(const Client& client) {
  Context context;
  Empty response;
  ExpectStatus(client.stub().UnimplementedCall(&context, Empty(), &response), grpc::StatusCode::UNIMPLEMENTED);
}

void UnimplementedService(const Client& client) {
  Context context;
  Empty response;
  const auto stub = grpc::testing::UnimplementedService::NewStub(client.channel());
  ExpectStatus(stub->UnimplementedCall(&context, Empty(), &response), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace

std::vector<Case> StatusCases() {
  return {{"custom_metadata", CustomMetadata},
          {"status_code_and_message", StatusCodeAndMessage},
          {"special_status_message", SpecialStatusMessage},
          {"unimplemented_method", UnimplementedMethod},
          {"unimplemented_service", UnimplementedService}};
}

}  // namespace interop
