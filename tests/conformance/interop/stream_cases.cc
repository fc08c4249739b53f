#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "tests/conformance/interop/cases.h"

namespace interop {
namespace {

using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

constexpr std::array<int32_t, 4> kRequestBytes{27182, 8, 1828, 45904};
constexpr std::array<int32_t, 4> kResponseBytes{31415, 9, 2653, 58979};

void ExpectBytes(const StreamingOutputCallResponse& response, int32_t size) {
  Expect(response.payload().body() == Zeros(static_cast<size_t>(size)), "a payload of " + std::to_string(response.payload().body().size()) +
                                                                             " bytes instead of " + std::to_string(size));
}

void ClientStreaming(const Client& client) {
  Context context;
  StreamingInputCallResponse response;
  const auto writer = client.stub().StreamingInputCall(&context, &response);
  for (const int32_t size : kRequestBytes) {
    StreamingInputCallRequest request;
    request.mutable_payload()->set_body(Zeros(static_cast<size_t>(size)));
    Expect(writer->Write(request), "the server stopped reading");
  }
  writer->WritesDone();
  ExpectStatus(writer->Finish(), grpc::StatusCode::OK);
  Expect(response.aggregated_payload_size() == 74922, "the sizes add up to " + std::to_string(response.aggregated_payload_size()));
}

void ServerStreaming(const Client& client) {
  Context context;
  StreamingOutputCallRequest request;
  for (const int32_t size : kResponseBytes) request.add_response_parameters()->set_size(size);
  const auto reader = client.stub().StreamingOutputCall(&context, request);
  StreamingOutputCallResponse response;
  for (const int32_t size : kResponseBytes) {
    Expect(reader->Read(&response), "the stream ended early");
    ExpectBytes(response, size);
  }
  Expect(!reader->Read(&response), "there are more messages than were asked for");
  ExpectStatus(reader->Finish(), grpc::StatusCode::OK);
}

void PingPong(const Client& client) {
  Context context;
  const auto stream = client.stub().FullDuplexCall(&context);
  StreamingOutputCallResponse response;
  for (size_t i = 0; i < kRequestBytes.size(); ++i) {
    Expect(stream->Write(StreamRequest(kResponseBytes[i], static_cast<size_t>(kRequestBytes[i]))), "the server stopped reading");
    Expect(stream->Read(&response), "the stream ended early");
    ExpectBytes(response, kResponseBytes[i]);
  }
  stream->WritesDone();
  Expect(!stream->Read(&response), "there are more messages than were asked for");
  ExpectStatus(stream->Finish(), grpc::StatusCode::OK);
}

void EmptyStream(const Client& client) {
  Context context;
  const auto stream = client.stub().FullDuplexCall(&context);
  stream->WritesDone();
  StreamingOutputCallResponse response;
  Expect(!stream->Read(&response), "there is a message");
  ExpectStatus(stream->Finish(), grpc::StatusCode::OK);
}

void CancelAfterBegin(const Client& client) {
  Context context;
  StreamingInputCallResponse response;
  const auto writer = client.stub().StreamingInputCall(&context, &response);
  context.TryCancel();
  ExpectStatus(writer->Finish(), grpc::StatusCode::CANCELLED);
}

void CancelAfterFirstResponse(const Client& client) {
  Context context;
  const auto stream = client.stub().FullDuplexCall(&context);
  Expect(stream->Write(StreamRequest(31415, 27182)), "the server stopped reading");
  StreamingOutputCallResponse response;
  Expect(stream->Read(&response), "the stream ended early");
  ExpectBytes(response, 31415);
  context.TryCancel();
  ExpectStatus(stream->Finish(), grpc::StatusCode::CANCELLED);
}

void TimeoutOnSleepingServer(const Client& client) {
  // Connected before, so that it is the server that is too slow.
  Expect(client.channel()->WaitForConnected(std::chrono::system_clock::now() + std::chrono::minutes(1)), "no connection");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1));
  const auto stream = client.stub().FullDuplexCall(&context);
  stream->Write(StreamRequest(31415, 27182));
  ExpectStatus(stream->Finish(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace

std::vector<Case> StreamCases() {
  return {{"client_streaming", ClientStreaming},
          {"server_streaming", ServerStreaming},
          {"ping_pong", PingPong},
          {"empty_stream", EmptyStream},
          {"cancel_after_begin", CancelAfterBegin},
          {"cancel_after_first_response", CancelAfterFirstResponse},
          {"timeout_on_sleeping_server", TimeoutOnSleepingServer}};
}

}  // namespace interop
