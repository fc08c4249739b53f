#include "docs/tutorial/greeter.rota.h"
#include "framework/rota.h"

class Greeter final : public greeter::v1::GreeterActor {
  rota::Task<greeter::v1::HelloResponse> Hello(rota::RequestContext& context, const greeter::v1::HelloRequest& request) override {
    if (request.name().empty()) co_return rota::InvalidArgumentError("the name is empty");
    co_await rota::Sleep(context, std::chrono::milliseconds(5));  // the loop does other things meanwhile
    greeter::v1::HelloResponse response;
    response.set_text("Hello, " + request.name() + "! You are caller " + std::to_string(++callers_) + ".");
    co_return response;
  }
  int callers_ = 0;  // no lock: an actor handles one message at a time
};

int main(int argc, char** argv) {
  return rota::App("greeter").Serve<Greeter>().Main(argc, argv);
}
