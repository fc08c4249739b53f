#ifndef ROTA_TESTS_RPC_RPC_TEST_BASE_H_
#define ROTA_TESTS_RPC_RPC_TEST_BASE_H_

#include <memory>
#include <string>
#include <utility>

#include "framework/actor/actor_system.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/dispatcher.h"
#include "framework/rpc/service_registry.h"
#include "framework/testing/in_process_transport.h"
#include "framework/testing/manual_clock.h"
#include "google/protobuf/message_lite.h"
#include "gtest/gtest.h"

namespace rota {

// A process without sockets: services, and a peer that calls them.
class RpcTestBase : public testing::Test {
 protected:
  RpcTestBase() { EXPECT_TRUE(server_.Listen({"in-process"}, dispatcher_).ok()); }

  // Serves the service of A with actors that `args` make.
  template <typename A, typename... Args>
  KindOptions Kind(Args&... args) {
    KindOptions options;
    options.name = std::string(A::Table().name);
    options.factory = [&args...](const std::string&) -> std::unique_ptr<Actor> { return std::make_unique<A>(args...); };
    return options;
  }
  template <typename A>
  void Serve(KindOptions options) {
    const std::string name = options.name;
    EXPECT_EQ(system_.RegisterKind(std::move(options)), OkStatus());
    EXPECT_EQ(registry_.Register(A::Table(), *system_.FindKind(name)), OkStatus());
  }

  // Until nothing goes on but waiting.
  void Settle() { loop_.Run(); }
  void Pass(Duration time) {
    loop_.SetTimeout(time, [] {});
    loop_.Run();
  }

  Ref<InProcessCall> Start(const std::string& path) { return server_.StartCall(path); }
  // Sends the one request of a call and waits.
  Ref<InProcessCall> Call(const std::string& path, const google::protobuf::MessageLite& request) {
    Ref<InProcessCall> call = Start(path);
    call->Send(request.SerializeAsString());
    call->HalfClose();
    Settle();
    return call;
  }
  const MethodStats& stats(const std::string& path) {
    const RegisteredMethod* const method = registry_.Find(path);
    return method == nullptr ? registry_.unknown() : method->stats;
  }
  static uint64_t Handled(const MethodStats& stats, StatusCode code) { return stats.handled[static_cast<size_t>(code)]; }

  ManualClock clock_;
  EventLoop loop_{clock_};
  ActorSystem system_{loop_, nullptr};
  ServiceRegistry registry_;
  Dispatcher dispatcher_{system_, registry_};
  InProcessServer server_{loop_};
};

}  // namespace rota

#endif  // ROTA_TESTS_RPC_RPC_TEST_BASE_H_
