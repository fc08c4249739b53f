#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/interop/cases.h"

namespace interop {
namespace {

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

grpc::Status SendUnary(const Client& client, bool expected, bool compressed) {
  Context context;
  if (compressed) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  SimpleRequest request = LargeRequest();
  request.mutable_expect_compressed()->set_value(expected);
  SimpleResponse response;
  const grpc::Status status = client.stub().UnaryCall(&context, request, &response);
  if (status.ok()) Expect(response.payload().body() == Zeros(kLargeResponse), "the payload is not what was asked for");
  return status;
}

void ClientCompressedUnary(const Client& client) {
  // Says that it is compressed, which it is not: does the server look at all?
  ExpectStatus(SendUnary(client, true, false), grpc::StatusCode::INVALID_ARGUMENT);
  ExpectStatus(SendUnary(client, true, true), grpc::StatusCode::OK);
  ExpectStatus(SendUnary(client, false, false), grpc::StatusCode::OK);
}

StreamingInputCallRequest InputRequest(bool expected, size_t size) {
  StreamingInputCallRequest request;
  request.mutable_expect_compressed()->set_value(expected);
  request.mutable_payload()->set_body(Zeros(size));
  return request;
}

void ClientCompressedStreaming(const Client& client) {
  {
    Context probe;
    StreamingInputCallResponse response;
    const auto writer = client.stub().StreamingInputCall(&probe, &response);
    writer->Write(InputRequest(true, 27182));
    writer->WritesDone();
    ExpectStatus(writer->Finish(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  Context context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  StreamingInputCallResponse response;
  const auto writer = client.stub().StreamingInputCall(&context, &response);
  Expect(writer->Write(InputRequest(true, 27182)), "the server stopped reading");
  Expect(writer->Write(InputRequest(false, 45904), grpc::WriteOptions().set_no_compression()), "the server stopped reading");
  writer->WritesDone();
  ExpectStatus(writer->Finish(), grpc::StatusCode::OK);
  Expect(response.aggregated_payload_size() == 73086, "the sizes add up to " + std::to_string(response.aggregated_payload_size()));
}

void ServerCompressedUnary(const Client& client) {
  for (const bool compressed : {true, false}) {
    Context context;
    SimpleRequest request = LargeRequest();
    request.mutable_response_compressed()->set_value(compressed);
    SimpleResponse response;
    ExpectStatus(client.stub().UnaryCall(&context, request, &response), grpc::StatusCode::OK);
    Expect(response.payload().body() == Zeros(kLargeResponse), "the payload is not what was asked for");
    Expect(CameCompressed(context) == compressed, compressed ? "the answer is not compressed" : "the answer is compressed");
  }
}

void ExpectCompressedStream(const Client& client, const std::vector<std::pair<int32_t, bool>>& wanted) {
  Context context;
  StreamingOutputCallRequest request;
  for (const auto& [size, compressed] : wanted) {
    auto* const parameters = request.add_response_parameters();
    parameters->set_size(size);
    parameters->mutable_compressed()->set_value(compressed);
  }
  const auto reader = client.stub().StreamingOutputCall(&context, request);
  StreamingOutputCallResponse response;
  for (const auto& [size, compressed] : wanted) {
    Expect(reader->Read(&response), "the stream ended early");
    Expect(response.payload().body() == Zeros(static_cast<size_t>(size)), "the payload is not what was asked for");
    Expect(CameCompressed(context) == compressed, compressed ? "a message is not compressed" : "a message is compressed");
  }
  Expect(!reader->Read(&response), "there are more messages than were asked for");
  ExpectStatus(reader->Finish(), grpc::StatusCode::OK);
}

void ServerCompressedStreaming(const Client& client) {
  ExpectCompressedStream(client, {{31415, true}, {92653, false}});
  // Not in the descriptions: the encoding must be announced although the first message has none.
  ExpectCompressedStream(client, {{31415, false}, {92653, true}});
}

}  // namespace

std::vector<Case> CompressionCases() {
  return {{"client_compressed_unary", ClientCompressedUnary},
          {"client_compressed_streaming", ClientCompressedStreaming},
          {"server_compressed_unary", ServerCompressedUnary},
          {"server_compressed_streaming", ServerCompressedStreaming}};
}

}  // namespace interop
