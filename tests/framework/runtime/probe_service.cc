// A service that the tests of the runtime start, stop and break.

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "framework/rota.h"
#include "tests/framework/runtime/probe.rota.h"

namespace rota::test::v1 {
namespace {

class Probe final : public ProbeActor {
 public:
  explicit Probe(std::string greeting) : greeting_(std::move(greeting)) {}

  Task<GreetResponse> Greet(RequestContext& context, const GreetRequest& request) override {
    Log(LogLevel::kInfo, "greeting");
    if (request.wait_ms() > 0) co_await Sleep(context, std::chrono::milliseconds(request.wait_ms()));
    co_return Answer();
  }
  Task<GreetResponse> Work(RequestContext& context, const GreetRequest& request) override {
    co_await context.RunBlocking([&request] {
      Log(LogLevel::kInfo, "working");
      std::this_thread::sleep_for(std::chrono::milliseconds(request.wait_ms()));
    });
    co_return Answer();
  }
  Task<GreetResponse> Break(RequestContext& context, const GreetRequest&) override {
    context.loop().SetImmediate([] { throw std::runtime_error("probe broke"); });
    return Answer();
  }
  void OnStop() override { Log(LogLevel::kInfo, "probe_stopped"); }

 private:
  GreetResponse Answer() const {
    GreetResponse response;
    response.set_greeting(greeting_);
    return response;
  }

  const std::string greeting_;
};

Status Check(const std::string& greeting) {
  if (greeting == "none") return FailedPreconditionError("there is no greeting");
  if (greeting == "throw") throw std::runtime_error("the greeting threw");
  return OkStatus();
}

}  // namespace
}  // namespace rota::test::v1

int main(int argc, char** argv) {
  std::string greeting = "hello";
  rota::App app("probe", "Greets, for tests.");
  app.Flag("greeting", &greeting, "what it answers");
  app.OnStart([&] { return rota::test::v1::Check(greeting); });
  app.Serve<rota::test::v1::Probe>(rota::ServeOptions{.interleave = true}, std::ref(greeting));
  return app.Main(argc, argv);
}
