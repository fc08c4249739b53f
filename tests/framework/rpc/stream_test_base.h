#ifndef ROTA_TESTS_RPC_STREAM_TEST_BASE_H_
#define ROTA_TESTS_RPC_STREAM_TEST_BASE_H_

#include <string>
#include <utility>
#include <vector>

#include "framework/base/ref.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/message_stream.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {

// Notes what it is told to do.
class NotingCall final : public Call {
 public:
  CallStart& start() override { return start_; }
  void AddReadCredit(uint32_t messages) override { events.push_back("credit " + std::to_string(messages)); }
  void AllowCompression() override { events.push_back("allow compression"); }
  void SendHeaders(const Metadata& headers) override { events.push_back("headers " + std::to_string(headers.size())); }
  bool Write(Payload message) override {
    events.push_back("write " + std::to_string(message.size()) + (message.compressed() ? " compressed" : ""));
    return !full;
  }
  void Finish(Status, const Metadata&) override {}

  bool full = false;
  std::vector<std::string> events;

 private:
  CallStart start_;
};

// One stream on a call that does nothing, in a request of its own.
class StreamTestBase : public testing::Test {
 protected:
  using Events = std::vector<std::string>;

  static std::string Bytes(const std::string& text) {
    echo::v1::EchoRequest request;
    request.set_text(text);
    return request.SerializeAsString();
  }
  void Receive(const std::string& text) { stream_.OnMessage(Payload::Copy(Bytes(text))); }
  // Runs `function` as a handler would run.
  template <typename F>
  void InRequest(F function) {
    const ContextScope scope(context_.get());
    function();
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Ref<RequestContext> context_ = MakeRef<RequestContext>(loop_, RequestContext::Start{});
  NotingCall call_;
  MethodStats stats_;
  MessageStream stream_{echo::v1::EchoActor::Table().methods[3], call_, *context_, stats_};
};

}  // namespace rota

#endif  // ROTA_TESTS_RPC_STREAM_TEST_BASE_H_
