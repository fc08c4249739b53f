#include "tests/benchmarks/rpc/benchmark_service.h"

#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace benchmarks {
namespace {

constexpr int32_t kMaxResponseBytes = 64 << 20;

rota::Status CheckRequest(const SimpleRequest& request) {
  if (request.response_size() >= 0 && request.response_size() <= kMaxResponseBytes) return rota::OkStatus();
  return rota::InvalidArgumentError("response_size must be 0 to " + std::to_string(kMaxResponseBytes) + ", not " +
                                    std::to_string(request.response_size()));
}

SimpleResponse AnswerTo(const SimpleRequest& request) {
  SimpleResponse response;
  if (request.response_size() > 0) {
    response.mutable_payload()->set_body(std::string(static_cast<size_t>(request.response_size()), '\0'));
  } else if (request.has_payload()) {
    *response.mutable_payload() = request.payload();
  }
  return response;
}

}  // namespace

rota::Task<SimpleResponse> BenchmarkService::UnaryCall(rota::RequestContext& context, const SimpleRequest& request) {
  if (rota::Status status = CheckRequest(request); !status.ok()) return status;
  if (request.fill_server_id()) return LookUpAndAnswer(context, request);
  return AnswerTo(request);
}

rota::Task<SimpleResponse> BenchmarkService::LookUpAndAnswer(rota::RequestContext& context, const SimpleRequest& request) {
  SimpleResponse response = AnswerTo(request);
  response.set_server_id(co_await context.RunBlocking([this] {
    std::this_thread::sleep_for(lookup_time_);
    return std::string("rota");
  }));
  co_return response;
}

rota::Task<void> BenchmarkService::StreamingCall(rota::RequestContext&, rota::Reader<SimpleRequest>& in, rota::Writer<SimpleResponse>& out) {
  while (const std::optional<SimpleRequest> request = co_await in.Next()) {
    co_await CheckRequest(*request);
    co_await out.Write(AnswerTo(*request));
  }
}

rota::Task<SimpleResponse> BenchmarkService::StreamingFromClient(rota::RequestContext&, rota::Reader<SimpleRequest>& in) {
  SimpleRequest last;
  while (std::optional<SimpleRequest> request = co_await in.Next()) last = *std::move(request);
  co_await CheckRequest(last);
  co_return AnswerTo(last);
}

rota::Task<void> BenchmarkService::StreamingFromServer(rota::RequestContext&, const SimpleRequest& request, rota::Writer<SimpleResponse>& out) {
  co_await CheckRequest(request);
  const SimpleResponse response = AnswerTo(request);
  // Ends by unwinding, when the wait for room is cancelled.
  while (true) co_await out.Write(response);
}

rota::Task<void> BenchmarkService::StreamingBothWays(rota::RequestContext&, rota::Reader<SimpleRequest>& in, rota::Writer<SimpleResponse>& out) {
  std::optional<SimpleRequest> request = co_await in.Next();
  if (!request) co_return;
  co_await CheckRequest(*request);
  const SimpleResponse response = AnswerTo(*request);
  // One answer for each message: the caller sets the pace, and neither side waits for the content of the other.
  do {
    co_await out.Write(response);
  } while (co_await in.Next());
}

}  // namespace benchmarks
