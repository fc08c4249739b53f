#ifndef ROTA_TESTS_BENCHMARKS_RPC_BENCHMARK_SERVICE_H_
#define ROTA_TESTS_BENCHMARKS_RPC_BENCHMARK_SERVICE_H_

#include "framework/rota.h"
#include "grpc/testing/benchmark_service.rota.h"

namespace benchmarks {

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;

// grpc.testing.BenchmarkService, as its .proto describes it: each answer has the payload of its request or, where the
// request names a response_size instead, that many zeros.
// A unary call that asks for the id of the server (fill_server_id) blocks a worker for `lookup_time` to find it: the long tail.
class BenchmarkService final : public grpc::testing::BenchmarkServiceActor {
 public:
  // `lookup_time` must outlive the actor.
  explicit BenchmarkService(const rota::Duration& lookup_time) : lookup_time_(lookup_time) {}

  rota::Task<SimpleResponse> UnaryCall(rota::RequestContext& context, const SimpleRequest& request) override;
  rota::Task<void> StreamingCall(rota::RequestContext& context, rota::Reader<SimpleRequest>& in, rota::Writer<SimpleResponse>& out) override;
  // Answers with the payload of the last request.
  rota::Task<SimpleResponse> StreamingFromClient(rota::RequestContext& context, rota::Reader<SimpleRequest>& in) override;
  // Sends until the caller goes away or its deadline passes.
  rota::Task<void> StreamingFromServer(rota::RequestContext& context, const SimpleRequest& request, rota::Writer<SimpleResponse>& out) override;
  // Sends what the first request asked for until the caller has half-closed.
  rota::Task<void> StreamingBothWays(rota::RequestContext& context, rota::Reader<SimpleRequest>& in, rota::Writer<SimpleResponse>& out) override;

 private:
  rota::Task<SimpleResponse> LookUpAndAnswer(rota::RequestContext& context, const SimpleRequest& request);

  const rota::Duration& lookup_time_;
};

}  // namespace benchmarks

#endif  // ROTA_TESTS_BENCHMARKS_RPC_BENCHMARK_SERVICE_H_
