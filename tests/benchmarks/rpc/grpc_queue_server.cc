// Serves the unary call of grpc.testing.BenchmarkService with a completion queue of the gRPC C++ library, polled by one
// thread: the server has one core.
// Usage: grpc_queue_server HOST:PORT

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "grpc/testing/benchmark_service.grpc.pb.h"

namespace {

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using AsyncService = grpc::testing::BenchmarkService::AsyncService;

// One unary call: requested, answered, and asked for anew.
class UnaryCall {
 public:
  UnaryCall(AsyncService& service, grpc::ServerCompletionQueue& queue) : service_(service), queue_(queue) { Request(); }

  void Proceed() {
    if (answered_) {
      Request();
      return;
    }
    if (request_->response_size() > 0) {
      response_->mutable_payload()->set_body(std::string(static_cast<size_t>(request_->response_size()), '\0'));
    } else if (request_->has_payload()) {
      *response_->mutable_payload() = request_->payload();
    }
    answered_ = true;
    responder_->Finish(*response_, grpc::Status::OK, this);
  }

 private:
  void Request() {
    answered_ = false;
    responder_.reset();
    context_ = std::make_unique<grpc::ServerContext>();
    request_ = std::make_unique<SimpleRequest>();
    response_ = std::make_unique<SimpleResponse>();
    responder_ = std::make_unique<grpc::ServerAsyncResponseWriter<SimpleResponse>>(context_.get());
    service_.RequestUnaryCall(context_.get(), request_.get(), responder_.get(), &queue_, &queue_, this);
  }

  AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  std::unique_ptr<grpc::ServerContext> context_;
  std::unique_ptr<SimpleRequest> request_;
  std::unique_ptr<SimpleResponse> response_;
  std::unique_ptr<grpc::ServerAsyncResponseWriter<SimpleResponse>> responder_;
  bool answered_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string address = argc == 2 ? argv[1] : "127.0.0.1:0";
  int port = 0;
  AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return std::fprintf(stderr, "cannot listen on %s\n", address.c_str()), 1;
  std::fprintf(stderr, "event=listening endpoint=grpc address=%s:%d\n", address.substr(0, address.rfind(':')).c_str(), port);
  // Enough for a thousand calls in flight.
  std::vector<std::unique_ptr<UnaryCall>> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(std::make_unique<UnaryCall>(service, *queue));
  void* tag = nullptr;
  for (bool ok = false; queue->Next(&tag, &ok) && ok;) static_cast<UnaryCall*>(tag)->Proceed();
}
