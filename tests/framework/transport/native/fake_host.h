#ifndef ROTA_TESTS_FRAMEWORK_TRANSPORT_NATIVE_FAKE_HOST_H_
#define ROTA_TESTS_FRAMEWORK_TRANSPORT_NATIVE_FAKE_HOST_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/rpc/transport.h"
#include "framework/transport/native/call_pool.h"
#include "framework/transport/native/host.h"
#include "framework/transport/native/native_call.h"

namespace rota::native {

// A host without a server: what is queued waits until the test delivers it.
class FakeHost final : public Host {
 public:
  using Host::Host;

  void QueueCall(NativeCall& call) override { queued.emplace_back(&call); }
  void DeliverQueued() override {
    for (const Ref<NativeCall>& call : std::exchange(queued, {})) call->Deliver();
  }
  void QueueFlush(Connection&) override {}
  void OnClosed(Connection&) override {}
  double random() override { return 0.5; }
  Ref<NativeCall> NewCall() override { return pool_->Take(); }

  std::vector<Ref<NativeCall>> queued;

 private:
  const Ref<CallPool> pool_ = MakeRef<CallPool>();
};

// Writes down what it hears: "message hello", "half-close", "writable", "done OK".
class RecordingSink final : public CallSink {
 public:
  explicit RecordingSink(Call& call) : call(&call) {}

  void OnMessage(Payload message) override { heard.push_back("message " + std::string(message.view())); }
  void OnHalfClose() override { heard.emplace_back("half-close"); }
  void OnWritable() override { heard.emplace_back("writable"); }
  void OnDone(const Status& status) override {
    call = nullptr;
    outcome = status;
    heard.emplace_back("done");
  }

  Call* call;  // Null once it is done.
  std::vector<std::string> heard;
  Status outcome;
};

// One such sink for each call.
class RecordingAcceptor final : public CallAcceptor {
 public:
  CallSink* OnCall(Call& call) override {
    sinks.push_back(std::make_unique<RecordingSink>(call));
    return sinks.back().get();
  }

  std::vector<std::unique_ptr<RecordingSink>> sinks;
};

}  // namespace rota::native

#endif  // ROTA_TESTS_FRAMEWORK_TRANSPORT_NATIVE_FAKE_HOST_H_
