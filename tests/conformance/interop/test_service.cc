#include "tests/conformance/interop/test_service.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interop {
namespace {

using grpc::testing::BoolValue;
using grpc::testing::EchoStatus;
using grpc::testing::Payload;
using grpc::testing::ResponseParameters;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

constexpr int kLastCode = 16;

// "Echo metadata": what these two keys carry comes back in the headers and the trailers.
void EchoMetadata(rota::RequestContext& context) {
  for (const auto& [key, value] : context.metadata()) {
    if (key == "x-grpc-test-echo-initial") context.response_headers().Add(key, value);
    if (key == "x-grpc-test-echo-trailing-bin") context.response_trailers().Add(key, value);
  }
}

// "Echo status"; with details, of which the descriptions know nothing, where the metadata has some.
rota::Status ToStatus(const rota::RequestContext& context, const EchoStatus& echo) {
  if (echo.code() < 0 || echo.code() > kLastCode) return rota::InvalidArgumentError("there is no status code " + std::to_string(echo.code()));
  const std::optional<std::string_view> details = context.metadata().Get("x-rota-test-status-details-bin");
  return rota::Status(static_cast<rota::StatusCode>(echo.code()), echo.message()).WithDetails(std::string(details.value_or("")));
}

// "Compressed request".
rota::Status CheckCompressed(const rota::RequestContext& context, const BoolValue& expected) {
  if (context.request_compressed() == expected.value()) return rota::OkStatus();
  return rota::InvalidArgumentError(expected.value() ? "the request was to come compressed, but did not" : "the request came compressed, but was not to");
}

rota::Status FillPayload(int32_t size, Payload* payload) {
  if (size < 0 || size > TestService::kMaxPayloadBytes) {
    return rota::InvalidArgumentError("a payload of " + std::to_string(size) + " bytes; there are 0 to " + std::to_string(TestService::kMaxPayloadBytes));
  }
  payload->mutable_body()->assign(static_cast<size_t>(size), '\0');
  return rota::OkStatus();
}

// What one request of a stream asks for.
rota::Task<void> Answer(rota::RequestContext& context, const StreamingOutputCallRequest& request,
                        rota::Writer<StreamingOutputCallResponse>& out) {
  for (const ResponseParameters& wanted : request.response_parameters()) {
    if (wanted.interval_us() > 0) co_await rota::Sleep(context, std::chrono::microseconds(wanted.interval_us()));
    if (wanted.has_compressed()) context.CompressResponses(wanted.compressed().value());
    StreamingOutputCallResponse response;
    co_await FillPayload(wanted.size(), response.mutable_payload());
    co_await out.Write(response);
  }
  if (request.has_response_status()) co_await ToStatus(context, request.response_status());
}

}  // namespace

rota::Task<TestService::Empty> TestService::EmptyCall(rota::RequestContext& context, const Empty&) {
  EchoMetadata(context);
  return Empty();
}

rota::Task<SimpleResponse> TestService::UnaryCall(rota::RequestContext& context, const SimpleRequest& request) {
  EchoMetadata(context);
  if (request.has_expect_compressed()) co_await CheckCompressed(context, request.expect_compressed());
  if (request.has_response_compressed()) context.CompressResponses(request.response_compressed().value());
  if (request.has_response_status()) co_await ToStatus(context, request.response_status());
  SimpleResponse response;
  co_await FillPayload(request.response_size(), response.mutable_payload());
  co_return response;
}

rota::Task<SimpleResponse> TestService::CacheableUnaryCall(rota::RequestContext& context, const SimpleRequest& request) {
  context.response_headers().Set("cache-control", "max-age=60, public");
  return UnaryCall(context, request);
}

rota::Task<void> TestService::StreamingOutputCall(rota::RequestContext& context, const StreamingOutputCallRequest& request,
                                                  rota::Writer<StreamingOutputCallResponse>& out) {
  EchoMetadata(context);
  return Answer(context, request, out);
}

rota::Task<TestService::StreamingInputCallResponse> TestService::StreamingInputCall(rota::RequestContext& context,
                                                                                    rota::Reader<StreamingInputCallRequest>& in) {
  EchoMetadata(context);
  int64_t bytes = 0;
  while (const std::optional<StreamingInputCallRequest> request = co_await in.Next()) {
    if (request->has_expect_compressed()) co_await CheckCompressed(context, request->expect_compressed());
    bytes += static_cast<int64_t>(request->payload().body().size());
  }
  StreamingInputCallResponse response;
  response.set_aggregated_payload_size(static_cast<int32_t>(bytes));
  co_return response;
}

rota::Task<void> TestService::FullDuplexCall(rota::RequestContext& context, rota::Reader<StreamingOutputCallRequest>& in,
                                             rota::Writer<StreamingOutputCallResponse>& out) {
  EchoMetadata(context);
  while (const std::optional<StreamingOutputCallRequest> request = co_await in.Next()) co_await Answer(context, *request, out);
}

rota::Task<void> TestService::HalfDuplexCall(rota::RequestContext& context, rota::Reader<StreamingOutputCallRequest>& in,
                                             rota::Writer<StreamingOutputCallResponse>& out) {
  EchoMetadata(context);
  std::vector<StreamingOutputCallRequest> requests;
  while (std::optional<StreamingOutputCallRequest> request = co_await in.Next()) {
    if (requests.size() == kMaxKeptRequests) co_await rota::ResourceExhaustedError("more than " + std::to_string(kMaxKeptRequests) + " requests");
    requests.push_back(*std::move(request));
  }
  for (const StreamingOutputCallRequest& request : requests) co_await Answer(context, request, out);
}

}  // namespace interop
