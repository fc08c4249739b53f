#ifndef ROTA_TESTS_FRAMEWORK_TRANSPORT_SERVER_TEST_BASE_H_
#define ROTA_TESTS_FRAMEWORK_TRANSPORT_SERVER_TEST_BASE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "framework/transport/grpcpp/grpcpp_server.h"
#include "framework/transport/native/native_server.h"
#include "tests/framework/transport/client_call.h"

namespace rota {

// Something that happens once on one thread and that another waits for.
class Signal {
 public:
  void Set() { promise_.set_value(); }
  // False when it did not happen in time.
  bool Wait() { return future_.wait_for(std::chrono::seconds(60)) == std::future_status::ready; }

 private:
  std::promise<void> promise_;
  std::future<void> future_ = promise_.get_future();
};

// A sink that does what a test says and remembers what it heard.
struct ScriptedSink final : CallSink {
  explicit ScriptedSink(Call& call) : call(&call) {}

  void OnMessage(Payload message) override {
    EXPECT_LT(messages.size(), credit) << "a message without credit";
    messages.emplace_back(message.view());
    if (on_message) on_message();
  }
  void OnHalfClose() override {
    EXPECT_FALSE(half_closed);
    half_closed = true;
    if (on_half_close) on_half_close();
  }
  void OnWritable() override {
    ++writables;
    if (on_writable) on_writable();
  }
  void OnDone(const Status& status) override {
    EXPECT_FALSE(done);
    done = true;
    outcome = status;
    call = nullptr;
    if (on_done) on_done();
  }
  void AddCredit(uint32_t messages) {
    credit += messages;
    call->AddReadCredit(messages);
  }
  bool Write(const std::string& message) { return call->Write(Payload::Copy(message)); }
  void Finish(Status status = OkStatus(), const Metadata& trailers = Metadata()) {
    call->Finish(std::move(status), trailers);
  }

  Call* call;
  std::function<void()> on_message, on_half_close, on_writable, on_done;
  std::vector<std::string> messages;
  size_t credit = 0;
  size_t writables = 0;
  bool half_closed = false;
  bool done = false;
  Status outcome;
};

// The transports that pass one suite. What differs is said where it is tested.
struct Transport {
  std::string name;
  std::unique_ptr<Server> (*make)(EventLoop& loop, const ServerOptions& options);

  bool native() const { return name == "native"; }
};
inline const Transport kTransports[] = {{"native", &NewNativeServer}, {"grpcpp", &NewGrpcppServer}};
inline std::string TransportName(const ::testing::TestParamInfo<Transport>& info) { return info.param.name; }
inline void PrintTo(const Transport& transport, std::ostream* stream) { *stream << transport.name; }

// A server on a loop of the test's thread, and clients on threads of their own.
class ServerTestBase : public ::testing::TestWithParam<Transport>, protected CallAcceptor {
 protected:
  void Listen(const ServerOptions& options = ServerOptions(), const std::string& address = "127.0.0.1:0") {
    server_ = GetParam().make(loop_, options);
    auto bound = server_->Listen({address}, *this);
    ASSERT_TRUE(bound.ok()) << bound.status().ToString();
    address_ = bound->front();
  }
  // What each call does; `sink` lives as long as the test.
  void OnEachCall(std::function<void(ScriptedSink& sink)> script) { script_ = std::move(script); }
  // Runs the loop while `client` is at work, then drains the server.
  void RunWith(const std::function<void()>& client) {
    std::thread thread([this, &client] {
      client();
      loop_.Post([this] { server_->Drain(Duration::zero(), [this] { drained_ = true; }); });
    });
    loop_.Run();
    thread.join();
    EXPECT_TRUE(drained_);
    for (const auto& sink : sinks_) EXPECT_TRUE(sink->done) << "a call without OnDone()";
    EXPECT_EQ(server_->stats().calls_in_flight(), 0u);
  }
  ClientCall::Answer Exchange(const std::string& path, const std::vector<std::string>& requests) {
    return ClientCall(Connect(address_), path).Exchange(requests);
  }
  ScriptedSink& only_sink() {
    EXPECT_EQ(sinks_.size(), 1u);
    return *sinks_.front();
  }

  CallSink* OnCall(Call& call) override {
    sinks_.push_back(std::make_unique<ScriptedSink>(call));
    ScriptedSink& sink = *sinks_.back();
    if (script_) script_(sink);
    return &sink;
  }

  SteadyClock clock_;
  EventLoop loop_{clock_};
  std::function<void(ScriptedSink&)> script_;
  std::vector<std::unique_ptr<ScriptedSink>> sinks_;
  std::unique_ptr<Server> server_;
  std::string address_;
  bool drained_ = false;
};

// Answers each request with itself, however many there are.
inline void Echo(ScriptedSink& sink) {
  sink.AddCredit(1);
  sink.on_message = [&sink] {
    sink.Write(sink.messages.back());
    sink.AddCredit(1);
  };
  sink.on_half_close = [&sink] { sink.Finish(); };
}

}  // namespace rota

#endif  // ROTA_TESTS_FRAMEWORK_TRANSPORT_SERVER_TEST_BASE_H_
