#include "framework/rpc/health.h"

#include <optional>
#include <utility>

#include "framework/actor/task.h"
#include "framework/actor/waiter.h"
#include "framework/context/request_context.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/health/v1/health.rota.h"

namespace rota {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// The wait of a watch for the next change of anything.
class [[nodiscard]] Health::Change final : public Waiter {
 public:
  Change(EventLoop& loop, Health& health) : Waiter(loop), health_(health) {}
  ~Change() override { std::erase(health_.waiting_, this); }
  void await_resume() {}
  void Wake() { Complete(); }

 private:
  Status Start() override {
    health_.waiting_.push_back(this);
    return OkStatus();
  }
  void Abandon(const Status& status) override {
    std::erase(health_.waiting_, this);
    Complete(status);
  }

  Health& health_;
};

class HealthService final : public grpc::health::v1::HealthActor {
 public:
  explicit HealthService(Health& health) : health_(health) {}

  Task<HealthCheckResponse> Check(RequestContext&, const HealthCheckRequest& request) override {
    const HealthCheckResponse response = Look(request.service());
    if (response.status() == HealthCheckResponse::SERVICE_UNKNOWN) return NotFoundError("unknown service '" + request.service() + "'");
    return response;
  }

  Task<void> Watch(RequestContext& context, const HealthCheckRequest& request, Writer<HealthCheckResponse>& out) override {
    if (health_.watches_ >= Health::kMaxWatches) {
      co_await ResourceExhaustedError("more than " + std::to_string(Health::kMaxWatches) + " watches of health at once");
    }
    const Watching watching(health_);
    std::optional<HealthCheckResponse::ServingStatus> told;
    while (true) {
      const HealthCheckResponse response = Look(request.service());
      if (told != response.status()) {
        told = response.status();
        co_await out.Write(response);
        // It may have changed meanwhile.
        continue;
      }
      if (health_.shut_down_) co_await UnavailableError("the server drains");
      co_await Health::Change(context.loop(), health_);
    }
  }

 private:
  class Watching {
   public:
    explicit Watching(Health& health) : health_(health) { ++health_.watches_; }
    ~Watching() { --health_.watches_; }

   private:
    Health& health_;
  };

  HealthCheckResponse Look(const std::string& service) const {
    HealthCheckResponse response;
    const auto found = health_.serving_.find(service);
    if (found == health_.serving_.end()) {
      response.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
    } else {
      response.set_status(found->second && !health_.shut_down_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
    }
    return response;
  }

  Health& health_;
};

void Health::SetServing(std::string_view service, bool serving) {
  serving_.insert_or_assign(std::string(service), serving);
  Notify();
}

void Health::Shutdown() {
  shut_down_ = true;
  Notify();
}

void Health::Notify() {
  // None of them runs before this returns, as they go on in microtasks.
  for (Change* const change : std::exchange(waiting_, {})) change->Wake();
}

KindOptions Health::Kind() {
  KindOptions kind;
  kind.name = std::string(Table().name);
  kind.factory = [this](const std::string&) { return std::make_unique<HealthService>(*this); };
  // A watch lasts as long as its peer likes; checks must not wait for it.
  kind.interleave = true;
  return kind;
}

const ServiceTable& Health::Table() { return grpc::health::v1::HealthActor::Table(); }

}  // namespace rota
