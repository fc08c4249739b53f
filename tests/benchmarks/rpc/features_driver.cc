// Makes unary calls of 16 bytes to one of the stacks of feature_stack.h in this process, without any transport, a hundred at a
// time: what the features cost above the seam, where no system call hides them. Prints {"operations": N, "amount": seconds of
// CPU}, by the median of twenty parts, because other work of the machine makes single parts slow. Ends with 1 when an answer is
// wrong.
// Usage: features_driver STACK CALLS [deadline] [tracing]

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "tests/benchmarks/rpc/benchmark_service.h"
#include "tests/benchmarks/rpc/feature_stack.h"

namespace benchmarks {
namespace {

constexpr size_t kInFlight = 100;
constexpr size_t kParts = 20;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "features_driver: %s\n", what.c_str());
  std::exit(1);
}

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Options {
  std::string stack;
  uint64_t calls = 0;
  bool deadline = false, tracing = false;
  std::string request, answer;
};

// One call after the other, in the same place, as a transport with a pool of calls makes them.
class DrivenCall final : public rota::Call {
 public:
  explicit DrivenCall(const Options& options) : options_(options) {}

  // Up to the half-close. Whatever the stack does now or later, the call must have its answer by End().
  void Begin(rota::EventLoop& loop, rota::CallAcceptor& acceptor) {
    credit_ = answers_ = 0;
    finished_ = false;
    start_.path = "/grpc.testing.BenchmarkService/UnaryCall";
    start_.peer = "127.0.0.1:50412";
    // A transport reads the clock once for all that it reads at a time.
    if (start_.arrived == rota::TimePoint()) start_.arrived = loop.Now();
    start_.metadata.Clear();
    if (options_.tracing) start_.metadata.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    start_.deadline = options_.deadline ? loop.Now() + std::chrono::seconds(10) : rota::kNoDeadline;
    sink_ = acceptor.OnCall(*this);
    if (credit_ == 0) Fail("a call got no credit");
    sink_->OnMessage(rota::Payload::Copy(options_.request));
    sink_->OnHalfClose();
  }
  void End() {
    if (!finished_ || answers_ != 1) Fail("a call has no answer");
    std::exchange(sink_, nullptr)->OnDone(rota::OkStatus());
  }

  rota::CallStart& start() override { return start_; }
  void AddReadCredit(uint32_t messages) override { credit_ += messages; }
  void SendHeaders(const rota::Metadata&) override {}
  bool Write(rota::Payload message) override {
    if (message.view() != options_.answer) Fail("an answer is wrong");
    ++answers_;
    return true;
  }
  void Finish(rota::Status status, const rota::Metadata&) override {
    if (!status.ok()) Fail("a call ended with " + status.ToString());
    finished_ = true;
  }

 private:
  const Options& options_;
  rota::CallStart start_;
  rota::CallSink* sink_ = nullptr;
  uint32_t credit_ = 0;
  int answers_ = 0;
  bool finished_ = false;
};

// Batches of calls, each in an iteration of its own: what the stack has queued runs between two of them.
class Driver {
 public:
  Driver(const Options& options, rota::EventLoop& loop, rota::CallAcceptor& acceptor)
      : loop_(loop), acceptor_(acceptor), calls_(kInFlight, DrivenCall(options)) {}

  double Run(uint64_t batches) {
    left_ = batches;
    const double begin = CpuSeconds();
    loop_.SetImmediate([this] { Batch(); });
    loop_.Run();
    return CpuSeconds() - begin;
  }

 private:
  void Batch() {
    for (DrivenCall& call : calls_) call.Begin(loop_, acceptor_);
    loop_.SetImmediate([this] {
      for (DrivenCall& call : calls_) call.End();
      if (--left_ > 0) Batch();
    });
  }

  rota::EventLoop& loop_;
  rota::CallAcceptor& acceptor_;
  std::vector<DrivenCall> calls_;
  uint64_t left_ = 0;
};

int Main(int argc, char** argv) {
  Options options;
  if (argc < 3) Fail("usage: features_driver STACK CALLS [deadline] [tracing]");
  options.stack = argv[1];
  options.calls = std::strtoull(argv[2], nullptr, 10);
  if (options.calls == 0 || options.calls % (kInFlight * kParts) != 0) Fail("CALLS must be a multiple of 2000");
  for (int i = 3; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word != "deadline" && word != "tracing") Fail("unknown word '" + std::string(word) + "'");
    (word == "deadline" ? options.deadline : options.tracing) = true;
  }
  SimpleRequest request;
  request.mutable_payload()->set_body(std::string(16, 'x'));
  SimpleResponse answer;
  *answer.mutable_payload() = request.payload();
  options.request = request.SerializeAsString();
  options.answer = answer.SerializeAsString();

  rota::SteadyClock clock;
  rota::EventLoop loop(clock);
  const std::unique_ptr<FeatureStack> stack = FeatureStack::Make(options.stack, loop);
  if (stack == nullptr) Fail("there is no stack '" + options.stack + "'");
  Driver driver(options, loop, stack->acceptor());
  // The actor starts, and the pools fill.
  driver.Run(100);
  std::array<double, kParts> seconds;
  for (double& part : seconds) part = driver.Run(options.calls / kInFlight / kParts);
  std::sort(seconds.begin(), seconds.end());
  const double median = (seconds[kParts / 2 - 1] + seconds[kParts / 2]) / 2;
  std::printf("{\"operations\": %llu, \"amount\": %f}\n", static_cast<unsigned long long>(options.calls), median * kParts);
  return 0;
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) { return benchmarks::Main(argc, argv); }
