#include "tests/benchmarks/rpc/feature_stack.h"

#include <string>
#include <utility>

#include "framework/actor/actor_system.h"
#include "framework/base/check.h"
#include "framework/rpc/dispatcher.h"
#include "framework/rpc/service_registry.h"
#include "tests/benchmarks/rpc/benchmark_service.h"
#include "tests/benchmarks/rpc/switched_call.h"

namespace benchmarks {
namespace {

// The product above the seam, as the runtime puts it together.
class Product : public FeatureStack {
 public:
  explicit Product(rota::EventLoop& loop) : system_(loop, nullptr) {
    rota::KindOptions kind;
    kind.name = std::string(BenchmarkService::Table().name);
    kind.interleave = true;
    kind.factory = [this](const std::string&) -> std::unique_ptr<rota::Actor> { return std::make_unique<BenchmarkService>(lookup_time_); };
    ROTA_CHECK(system_.RegisterKind(std::move(kind)).ok(), "the kind of the service is new");
    const auto& table = BenchmarkService::Table();
    ROTA_CHECK(registry_.Register(table, *system_.FindKind(table.name)).ok(), "the service is new");
  }

  rota::CallAcceptor& acceptor() override { return dispatcher_; }

 protected:
  const rota::Duration lookup_time_{};
  rota::ActorSystem system_;
  rota::ServiceRegistry registry_;
  rota::Dispatcher dispatcher_{system_, registry_};
};

// The copy with what `kOn` has. Methods other than UnaryCall go to the product.
template <Features kOn>
class Switched final : public Product, private rota::CallAcceptor {
 public:
  explicit Switched(rota::EventLoop& loop) : Product(loop) {
    shared_.context = rota::MakeRef<rota::RequestContext>(loop, rota::RequestContext::Start{.id = "shared"});
  }

  rota::CallAcceptor& acceptor() override { return *this; }

 private:
  rota::CallSink* OnCall(rota::Call& call) override {
    rota::RegisteredMethod* const method = registry_.Find(call.start().path);
    if (method == nullptr || method->info->name() != "UnaryCall") return dispatcher_.OnCall(call);
    rota::Ref<SwitchedCall<kOn>> started(new SwitchedCall<kOn>(rota::CallParts{*method->info, call, system_, *method->kind, method->stats}, shared_));
    started->Begin();
    // OnDone() takes this reference back.
    return started.Detach();
  }

  BenchmarkService service_{lookup_time_};
  SharedByCalls shared_{.context = {}, .stats = {}, .actor = service_};
};

class TransportOnly final : public FeatureStack, private rota::CallAcceptor {
 public:
  rota::CallAcceptor& acceptor() override { return *this; }

 private:
  class EchoedCall final : public rota::CallSink, public rota::Pooled {
   public:
    explicit EchoedCall(rota::Call& call) : call_(call) {}
    void OnMessage(rota::Payload message) override { message_ = std::move(message); }
    void OnHalfClose() override {
      call_.Write(AnswerOfSameBytes(std::move(message_)));
      call_.Finish(rota::OkStatus(), rota::Metadata());
    }
    void OnWritable() override {}
    void OnDone(const rota::Status&) override { delete this; }

   private:
    rota::Call& call_;
    rota::Payload message_;
  };

  rota::CallSink* OnCall(rota::Call& call) override {
    call.AddReadCredit(2);
    return new EchoedCall(call);
  }
};

template <typename Stack>
std::unique_ptr<FeatureStack> New(rota::EventLoop& loop) {
  return std::make_unique<Stack>(loop);
}

struct Named {
  std::string_view name;
  std::unique_ptr<FeatureStack> (*make)(rota::EventLoop& loop);
};

constexpr Named kStacks[] = {
    {"all", New<Product>},
    {"copy", New<Switched<Features{}>>},
    {"no_context", New<Switched<Features{.context = false}>>},
    {"no_protobuf", New<Switched<Features{.protobuf = false}>>},
    {"no_mailbox", New<Switched<Features{.mailbox = false}>>},
    {"no_metrics", New<Switched<Features{.metrics = false}>>},
    {"transport", [](rota::EventLoop&) -> std::unique_ptr<FeatureStack> { return std::make_unique<TransportOnly>(); }},
};

}  // namespace

std::vector<std::string_view> FeatureStack::Names() {
  std::vector<std::string_view> names;
  for (const Named& stack : kStacks) names.push_back(stack.name);
  return names;
}

std::unique_ptr<FeatureStack> FeatureStack::Make(std::string_view name, rota::EventLoop& loop) {
  for (const Named& stack : kStacks) {
    if (stack.name == name) return stack.make(loop);
  }
  return nullptr;
}

}  // namespace benchmarks
