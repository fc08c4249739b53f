// Serves what the attacks and the probe call of grpc.testing.TestService by the gRPC C++ library alone, with its callback API. The grpcpp
// transport is that library and Rota: what the library takes under an attack is seen here; and with --one-thread, what it takes where
// all handlers run on one thread which is not the library's, as those of any event loop do.
// Usage: library_server --listen=HOST:PORT --admin=HOST:PORT [--one-thread]
//                       [--keepalive-time=S] [--keepalive-timeout=S] [--handshake-timeout=S]
//                       [--max-connection-age=S] [--max-connection-age-grace=S]
// The metrics that the attacks wait for have the names that they have in Rota.

#include <CLI/CLI.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "grpc/testing/empty.pb.h"
#include "grpc/testing/test.grpc.pb.h"

namespace {

using grpc::testing::Empty;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

// Thread: any.
struct Metrics {
  static prometheus::Counter& NewCounter(prometheus::Registry& registry, const std::string& name, const prometheus::Labels& labels = {}) {
    return prometheus::BuildCounter().Name(name).Register(registry).Add(labels);
  }
  static prometheus::Gauge& NewGauge(prometheus::Registry& registry, const std::string& name, const prometheus::Labels& labels = {}) {
    return prometheus::BuildGauge().Name(name).Register(registry).Add(labels);
  }

  const std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  prometheus::Counter& begun = NewCounter(*registry, "rota_rpc_server_calls_started_total");
  prometheus::Counter& done = NewCounter(*registry, "rota_rpc_server_calls_total");
  prometheus::Counter& taken_in = NewCounter(*registry, "rota_transport_calls_started_total");
  prometheus::Counter& over = NewCounter(*registry, "rota_transport_calls_done_total");
  prometheus::Gauge& turns = NewGauge(*registry, "rota_actor_turns_in_progress");
  prometheus::Gauge& duplex_in_flight = NewGauge(*registry, "rota_rpc_server_calls_in_flight", {{"method", "FullDuplexCall"}});
  prometheus::Counter& duplex_sent = NewCounter(*registry, "rota_rpc_server_messages_sent_total", {{"method", "FullDuplexCall"}});
};

// One call, from its beginning to its end.
class Counted {
 public:
  explicit Counted(Metrics& metrics) : metrics_(metrics) {
    metrics_.begun.Increment();
    metrics_.taken_in.Increment();
    metrics_.turns.Increment();
  }
  ~Counted() {
    metrics_.turns.Decrement();
    metrics_.over.Increment();
    metrics_.done.Increment();
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Metrics& metrics_;
};

// Where handlers run: on one thread, or on that of the library which has something for them.
// Thread: any.
class Handlers {
 public:
  void BeOneThread() {
    thread_.emplace([this] {
      const auto work = boost::asio::make_work_guard(loop_);
      loop_.run();
    });
  }
  template <typename F>
  void Run(F handle) {
    thread_.has_value() ? boost::asio::post(loop_, std::move(handle)) : handle();
  }

 private:
  boost::asio::io_context loop_{1};
  std::optional<std::thread> thread_;
};

// What one request of a stream asks for, one message after the other.
template <typename Reactor>
class Answering : public Reactor {
 public:
  Answering(Metrics& metrics, Handlers& handlers) : metrics_(metrics), handlers_(handlers) {}

  void OnWriteDone(bool ok) override {
    handlers_.Run([this, ok] {
      if (!ok) return this->Finish(grpc::Status::CANCELLED);
      OnSent();
      AnswerNext();
    });
  }
  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    alarm_.Cancel();
  }
  void OnDone() override { delete this; }

 protected:
  ~Answering() override = default;
  // To all of `request_`.
  void BeginAnswers() {
    next_ = 0;
    AnswerNext();
  }
  virtual void OnSent() {}
  virtual void OnAnswered() = 0;

  Metrics& metrics_;
  Handlers& handlers_;
  StreamingOutputCallRequest request_;

 private:
  void AnswerNext() {
    if (next_ == request_.response_parameters_size()) return OnAnswered();
    const auto interval = std::chrono::microseconds(request_.response_parameters(next_).interval_us());
    if (interval == interval.zero()) return Write();
    const std::lock_guard lock(mutex_);
    if (cancelled_) return this->Finish(grpc::Status::CANCELLED);
    alarm_.Set(std::chrono::system_clock::now() + interval, [this](bool ok) {
      handlers_.Run([this, ok] { ok ? Write() : this->Finish(grpc::Status::CANCELLED); });
    });
  }
  void Write() {
    response_.mutable_payload()->mutable_body()->assign(static_cast<size_t>(request_.response_parameters(next_++).size()), '\0');
    this->StartWrite(&response_);
  }

  const Counted counted_{metrics_};
  int next_ = 0;
  StreamingOutputCallResponse response_;
  std::mutex mutex_;
  bool cancelled_ = false;  // Guarded by mutex_.
  grpc::Alarm alarm_;       // Set and cancelled under mutex_.
};

class Output final : public Answering<grpc::ServerWriteReactor<StreamingOutputCallResponse>> {
 public:
  Output(Metrics& metrics, Handlers& handlers, const StreamingOutputCallRequest& request) : Answering(metrics, handlers) {
    request_ = request;
    handlers_.Run([this] { BeginAnswers(); });
  }

 private:
  void OnAnswered() override { Finish(grpc::Status::OK); }
};

class Duplex final : public Answering<grpc::ServerBidiReactor<StreamingOutputCallRequest, StreamingOutputCallResponse>> {
 public:
  Duplex(Metrics& metrics, Handlers& handlers) : Answering(metrics, handlers) {
    metrics_.duplex_in_flight.Increment();
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    handlers_.Run([this, ok] { ok ? BeginAnswers() : Finish(grpc::Status::OK); });
  }

 private:
  ~Duplex() override { metrics_.duplex_in_flight.Decrement(); }
  void OnSent() override { metrics_.duplex_sent.Increment(); }
  void OnAnswered() override { StartRead(&request_); }
};

class Service final : public grpc::testing::TestService::CallbackService {
 public:
  Service(Metrics& metrics, Handlers& handlers) : metrics_(metrics), handlers_(handlers) {}

 private:
  grpc::ServerUnaryReactor* EmptyCall(grpc::CallbackServerContext* context, const Empty*, Empty*) override { return Finished(*context); }
  grpc::ServerUnaryReactor* UnaryCall(grpc::CallbackServerContext* context, const SimpleRequest* request, SimpleResponse* response) override {
    response->mutable_payload()->mutable_body()->assign(static_cast<size_t>(request->response_size()), '\0');
    return Finished(*context);
  }
  grpc::ServerWriteReactor<StreamingOutputCallResponse>* StreamingOutputCall(grpc::CallbackServerContext*,
                                                                             const StreamingOutputCallRequest* request) override {
    return new Output(metrics_, handlers_, *request);
  }
  grpc::ServerBidiReactor<StreamingOutputCallRequest, StreamingOutputCallResponse>* FullDuplexCall(grpc::CallbackServerContext*) override {
    return new Duplex(metrics_, handlers_);
  }

  grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext& context) {
    auto* const reactor = context.DefaultReactor();
    handlers_.Run([this, reactor] {
      const Counted counted(metrics_);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  Metrics& metrics_;
  Handlers& handlers_;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"serves grpc.testing.TestService by the gRPC C++ library alone"};
  app.allow_extras();
  std::string listen = "127.0.0.1:0", admin = "127.0.0.1:0";
  app.add_option("--listen", listen);
  app.add_option("--admin", admin);
  grpc::ServerBuilder builder;
  const auto add_seconds = [&](const std::string& name, const std::string& argument) {
    app.add_option_function<double>(name, [&builder, argument](double seconds) { builder.AddChannelArgument(argument, static_cast<int>(seconds * 1000)); });
  };
  Handlers handlers;
  app.add_flag_callback("--one-thread", [&] { handlers.BeOneThread(); });
  add_seconds("--keepalive-time", GRPC_ARG_KEEPALIVE_TIME_MS);
  add_seconds("--keepalive-timeout", GRPC_ARG_KEEPALIVE_TIMEOUT_MS);
  add_seconds("--handshake-timeout", GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS);
  add_seconds("--max-connection-age", GRPC_ARG_MAX_CONNECTION_AGE_MS);
  add_seconds("--max-connection-age-grace", GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS);
  CLI11_PARSE(app, argc, argv);

  Metrics metrics;
  prometheus::Exposer exposer(admin);
  exposer.RegisterCollectable(metrics.registry);
  Service service(metrics, handlers);
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return std::fprintf(stderr, "cannot listen on %s\n", listen.c_str()), 1;
  std::fprintf(stderr, "event=listening endpoint=grpc address=%s:%d\n", listen.substr(0, listen.rfind(':')).c_str(), port);
  std::fprintf(stderr, "event=listening endpoint=admin address=%s:%d\n", admin.substr(0, admin.rfind(':')).c_str(),
               exposer.GetListeningPorts().front());
  server->Wait();
}
