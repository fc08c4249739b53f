#ifndef ROTA_TESTS_RPC_ECHO_ACTOR_H_
#define ROTA_TESTS_RPC_ECHO_ACTOR_H_

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "framework/actor/sleep.h"
#include "framework/actor/waiter.h"
#include "framework/base/status.h"
#include "framework/context/request_context.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {

// Holds handlers until a test opens it.
class Gate {
 public:
  class [[nodiscard]] Awaiter final : public Waiter {
   public:
    Awaiter(EventLoop& loop, Gate& gate) : Waiter(loop), gate_(gate) {}
    ~Awaiter() override { std::erase(gate_.waiting_, this); }
    void await_resume() {}

   private:
    friend class Gate;
    Status Start() override {
      gate_.waiting_.push_back(this);
      return OkStatus();
    }
    void Abandon(const Status& status) override {
      std::erase(gate_.waiting_, this);
      Complete(status);
    }
    Gate& gate_;
  };

  Awaiter Wait(RequestContext& context) { return Awaiter(context.loop(), *this); }
  void Open() {
    while (!waiting_.empty()) {
      Awaiter* const awaiter = waiting_.back();
      waiting_.pop_back();
      awaiter->Complete();
    }
  }
  size_t waiting() const { return waiting_.size(); }

 private:
  std::vector<Awaiter*> waiting_;
};

// What handlers and tests tell each other.
struct EchoProbe {
  Gate gate;
  std::vector<std::string> events;
};

// A base of fixtures, before the one with the actors: what they refer to outlives them.
struct WithProbe {
  EchoProbe probe_;
};

// Writes an event when its scope is left.
class Leaving {
 public:
  Leaving(EchoProbe& probe, std::string event) : probe_(probe), event_(std::move(event)) {}
  ~Leaving() { probe_.events.push_back(event_); }

 private:
  EchoProbe& probe_;
  const std::string event_;
};

// Does what the text of the request says.
class EchoActor final : public echo::v1::EchoActor {
 public:
  explicit EchoActor(EchoProbe& probe) : probe_(probe) {}

  Task<EchoReply> Say(RequestContext& context, const EchoRequest& request) override {
    if (request.text() == "throw now") throw std::runtime_error("a secret");
    if (request.text() == "fail now") return NotFoundError("no echo here");
    if (request.text() == "now") return Reply("now");
    return SayLater(context, request);
  }

  Task<EchoReply> Join(RequestContext&, Reader<EchoRequest>& in) override {
    const Leaving leaving(probe_, "join left");
    EchoReply joined;
    while (std::optional<EchoRequest> request = co_await in.Next()) {
      if (request->text() == "enough") break;
      joined.mutable_text()->append(request->text());
    }
    co_return joined;
  }

  Task<void> Count(RequestContext& context, const EchoRequest& request, Writer<EchoReply>& out) override {
    const Leaving leaving(probe_, "count left");
    context.response_headers().Set("x-count", std::to_string(request.count()));
    context.response_trailers().Set("x-counted", "yes");
    for (int i = 0; i < request.count(); ++i) {
      co_await out.Write(Reply(std::to_string(i)));
      probe_.events.push_back("wrote " + std::to_string(i));
    }
    if (request.text() == "fail") co_await DataLossError("lost count");
    if (request.text() == "throw") throw std::runtime_error("a secret");
  }

  Task<void> Chat(RequestContext& context, Reader<EchoRequest>& in, Writer<EchoReply>& out) override {
    const Leaving leaving(probe_, "chat left");
    while (std::optional<EchoRequest> request = co_await in.Next()) {
      if (request->text() == "wait") co_await probe_.gate.Wait(context);
      co_await out.Write(Reply("re: " + request->text()));
    }
    co_await out.Write(Reply("bye"));
  }

 private:
  static EchoReply Reply(const std::string& text) {
    EchoReply reply;
    reply.set_text(text);
    return reply;
  }

  Task<EchoReply> SayLater(RequestContext& context, const EchoRequest& request) {
    const Leaving leaving(probe_, "say left");
    if (request.text() == "wait") co_await probe_.gate.Wait(context);
    if (request.text() == "sleep") co_await Sleep(context, std::chrono::seconds(request.count()));
    if (request.text() == "throw") throw std::runtime_error("a secret");
    if (request.text() == "throw an int") throw 7;
    if (request.text() == "fail") co_return NotFoundError("no echo here");
    if (request.text() == "metadata") {
      context.response_headers().Add("x-got", std::string(context.metadata().Get("x-give").value_or("nothing")));
      context.response_trailers().Add("x-bytes-bin", std::string("\0\xff", 2));
    }
    co_return Reply(request.text());
  }

  EchoProbe& probe_;
};

}  // namespace rota

#endif  // ROTA_TESTS_RPC_ECHO_ACTOR_H_
