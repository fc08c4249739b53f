// Serves grpc.testing.BenchmarkService with the callback API of the gRPC C++ library.
// Usage: grpc_callback_server HOST:PORT

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <string>

#include "grpc/testing/benchmark_service.grpc.pb.h"

namespace {

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;

void Answer(const SimpleRequest& request, SimpleResponse* response) {
  if (request.response_size() > 0) {
    response->mutable_payload()->set_body(std::string(static_cast<size_t>(request.response_size()), '\0'));
  } else if (request.has_payload()) {
    *response->mutable_payload() = request.payload();
  }
}

// One answer for each request.
class PingPong final : public grpc::ServerBidiReactor<SimpleRequest, SimpleResponse> {
 public:
  PingPong() { StartRead(&request_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    response_.Clear();
    Answer(request_, &response_);
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override { ok ? StartRead(&request_) : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  SimpleRequest request_;
  SimpleResponse response_;
};

// Answers until the client goes away.
class Sender final : public grpc::ServerWriteReactor<SimpleResponse> {
 public:
  explicit Sender(const SimpleRequest& request) {
    Answer(request, &response_);
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override { ok ? StartWrite(&response_) : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  SimpleResponse response_;
};

class Receiver final : public grpc::ServerReadReactor<SimpleRequest> {
 public:
  explicit Receiver(SimpleResponse* response) : response_(response) { StartRead(&request_); }
  void OnReadDone(bool ok) override {
    if (ok) return StartRead(&request_);
    Answer(request_, response_);
    Finish(grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  SimpleRequest request_;
  SimpleResponse* const response_;
};

class Service final : public grpc::testing::BenchmarkService::CallbackService {
  grpc::ServerUnaryReactor* UnaryCall(grpc::CallbackServerContext* context, const SimpleRequest* request,
                                      SimpleResponse* response) override {
    Answer(*request, response);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerBidiReactor<SimpleRequest, SimpleResponse>* StreamingCall(grpc::CallbackServerContext*) override {
    return new PingPong;
  }
  grpc::ServerReadReactor<SimpleRequest>* StreamingFromClient(grpc::CallbackServerContext*, SimpleResponse* response) override {
    return new Receiver(response);
  }
  grpc::ServerWriteReactor<SimpleResponse>* StreamingFromServer(grpc::CallbackServerContext*, const SimpleRequest* request) override {
    return new Sender(*request);
  }
  grpc::ServerBidiReactor<SimpleRequest, SimpleResponse>* StreamingBothWays(grpc::CallbackServerContext*) override {
    return new PingPong;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::string address = argc == 2 ? argv[1] : "127.0.0.1:0";
  int port = 0;
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return std::fprintf(stderr, "cannot listen on %s\n", address.c_str()), 1;
  std::fprintf(stderr, "event=listening endpoint=grpc address=%s:%d\n", address.substr(0, address.rfind(':')).c_str(), port);
  server->Wait();
}
