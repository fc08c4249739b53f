#include "tests/faults/probe.h"

#include <grpcpp/grpcpp.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "grpc/testing/test.grpc.pb.h"
#include "tests/integration/service_under_test.h"

namespace rota::faults {
namespace {

using Clock = std::chrono::steady_clock;

// A client that calls as often as it can would be a load of its own.
constexpr auto kPause = std::chrono::milliseconds(1);

}  // namespace

Probe::Probe(std::string address, bool before_all) : address_(std::move(address)), before_all_(before_all), thread_([this] { Run(); }) {}

Probe::~Probe() {
  stop_ = true;
  thread_.join();
}

void Probe::WaitFor(size_t calls) {
  const size_t until = done_ + calls;
  while (done_ < until) std::this_thread::sleep_for(kPause);
}

Probe::Seen Probe::Take() {
  const std::lock_guard lock(mutex_);
  std::sort(latencies_.begin(), latencies_.end());
  if (!latencies_.empty()) {
    seen_.p50 = latencies_[latencies_.size() / 2];
    seen_.p99 = latencies_[latencies_.size() * 99 / 100];
    seen_.worst = latencies_.back();
  }
  latencies_.clear();
  return std::exchange(seen_, Seen());
}

void Probe::Run() {
  if (before_all_) {
    const sched_param first{.sched_priority = 1};
    sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
  }
  const auto stub = grpc::testing::TestService::NewStub(ChannelTo(address_));
  grpc::testing::SimpleRequest request;
  request.set_response_size(16);
  while (!stop_) {
    LimitedContext context;
    grpc::testing::SimpleResponse response;
    const auto start = Clock::now();
    const grpc::Status status = stub->UnaryCall(&context, request, &response);
    const Milliseconds taken = Clock::now() - start;
    {
      const std::lock_guard lock(mutex_);
      ++seen_.calls;
      latencies_.push_back(taken);
      if (!status.ok() && seen_.failed++ == 0) seen_.first_failure = std::to_string(status.error_code()) + " " + status.error_message();
    }
    ++done_;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace rota::faults
