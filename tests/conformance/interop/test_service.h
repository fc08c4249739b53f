#ifndef ROTA_TESTS_CONFORMANCE_INTEROP_TEST_SERVICE_H_
#define ROTA_TESTS_CONFORMANCE_INTEROP_TEST_SERVICE_H_

#include <cstddef>
#include <cstdint>

#include "framework/rota.h"
#include "grpc/testing/test.rota.h"

namespace interop {

// grpc.testing.TestService as every implementation of gRPC serves it, so that their clients can try this one.
//
// It must be run with interleave: a stream of one client must not hold up the others. UnimplementedCall is left out, and so
// is UnimplementedService as a whole; clients try just that.
// Thread: loop.
// Source: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md, "Server".
class TestService final : public grpc::testing::TestServiceActor {
 public:
  // What a client may ask for in one message.
  static constexpr int32_t kMaxPayloadBytes = 16 << 20;
  // What HalfDuplexCall keeps while the client still sends.
  static constexpr size_t kMaxKeptRequests = 1000;

  rota::Task<Empty> EmptyCall(rota::RequestContext& context, const Empty& request) override;
  rota::Task<SimpleResponse> UnaryCall(rota::RequestContext& context, const SimpleRequest& request) override;
  rota::Task<SimpleResponse> CacheableUnaryCall(rota::RequestContext& context, const SimpleRequest& request) override;
  rota::Task<void> StreamingOutputCall(rota::RequestContext& context, const StreamingOutputCallRequest& request,
                                       rota::Writer<StreamingOutputCallResponse>& out) override;
  rota::Task<StreamingInputCallResponse> StreamingInputCall(rota::RequestContext& context,
                                                            rota::Reader<StreamingInputCallRequest>& in) override;
  rota::Task<void> FullDuplexCall(rota::RequestContext& context, rota::Reader<StreamingOutputCallRequest>& in,
                                  rota::Writer<StreamingOutputCallResponse>& out) override;
  rota::Task<void> HalfDuplexCall(rota::RequestContext& context, rota::Reader<StreamingOutputCallRequest>& in,
                                  rota::Writer<StreamingOutputCallResponse>& out) override;
};

}  // namespace interop

#endif  // ROTA_TESTS_CONFORMANCE_INTEROP_TEST_SERVICE_H_
