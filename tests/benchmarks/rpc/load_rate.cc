// An open loop: calls are due at a fixed rate, whatever becomes of those before, and the time of a call counts from when it was
// due, not from when it was sent. So a server that stalls is charged for all calls that should have come meanwhile, and so is a
// load that is too slow, which `late` tells.

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "tests/benchmarks/rpc/h2_client.h"
#include "tests/benchmarks/rpc/load_parts.h"

namespace benchmarks {
namespace {

// The server says itself that this is too much: grpc-status RESOURCE_EXHAUSTED, or the reset REFUSED_STREAM.
bool IsRefusal(int status) { return status == 8 || status == -1 - NGHTTP2_REFUSED_STREAM; }

struct Running {
  int calls = 0;
  bool refused = false;
};

class TimedCall final : public CallListener {
 public:
  // `times` may be null: the call does not count.
  TimedCall(const AnswerCheck& check, LoadClock::time_point due, Percentiles* times, Running& running)
      : check_(check), due_(due), times_(times), running_(running) {
    ++running_.calls;
  }
  void OnMessage(std::string_view message) override {
    if (!check_.IsRight(message)) Fail("an answer is wrong");
    ++answers_;
  }
  void OnEnd(int status) override {
    if (IsRefusal(status)) {
      running_.refused = true;
    } else if (status != 0 || answers_ != 1) {
      Fail("a call ended with status " + std::to_string(status) + " and " + std::to_string(answers_) + " answers");
    }
    if (times_ != nullptr) times_->Add(LoadClock::now() - due_);
    --running_.calls;
    delete this;
  }

 private:
  const AnswerCheck& check_;
  const LoadClock::time_point due_;
  Percentiles* const times_;
  Running& running_;
  int answers_ = 0;
};

}  // namespace

int Rate(const Flags& flags) {
  Fleet fleet(flags);
  const std::chrono::seconds duration(flags.seconds);
  WindowedPercentiles fast(duration, flags.rate), late(duration, flags.rate);
  Percentiles slow;
  const AnswerCheck check(flags.bytes);
  const std::string path = kService + "UnaryCall", fast_request = Request(flags.bytes), slow_request = Request(flags.bytes, true);
  // Memory that grows meanwhile would hold up the load.
  slow.Reserve(static_cast<size_t>(flags.rate * flags.seconds * 1.1) + 100);
  const auto step = std::chrono::duration_cast<LoadClock::duration>(std::chrono::duration<double>(1 / flags.rate));
  // More than what is due in a second and has no answer is no queue that will ever be short again.
  const int too_many = static_cast<int>(flags.rate) + 1000;
  const LoadClock::time_point counts = LoadClock::now() + kWarmUp, end = counts + std::chrono::seconds(flags.seconds);
  LoadClock::time_point due = counts - kWarmUp;
  ProcessPause pause(flags.pid, counts + duration / 2, std::chrono::milliseconds(flags.pause_ms));
  SlowPattern pattern(flags.slow_percent);
  Running running;
  for (size_t number = 0; due < end || running.calls > 0;) {
    const LoadClock::time_point now = LoadClock::now();
    pause.Step(now);
    const bool sends = due <= now && due < end;
    for (; due <= now && due < end; due += step, ++number) {
      const bool is_slow = pattern.Next(), is_counted = due >= counts;
      if (is_counted) late.At(due - counts).Add(now - due);
      Percentiles* const times = !is_counted ? nullptr : is_slow ? &slow : &fast.At(due - counts);
      fleet[number].Start(path, is_slow ? slow_request : fast_request, true, *new TimedCall(check, due, times, running));
    }
    if (sends) fleet.FlushAll();
    if (running.refused || running.calls > too_many) return std::printf("{\"overloaded\": true}\n"), 0;
    if (now > end + std::chrono::seconds(10)) Fail(std::to_string(running.calls) + " calls did not end");
    fleet.Wait(due < end && due - now < std::chrono::milliseconds(2) ? 0 : 1);
  }
  std::printf("{\"fast\": %s, \"slow\": %s, \"late\": %s}\n", fast.Json().c_str(), slow.Json().c_str(), late.Json().c_str());
  return 0;
}

}  // namespace benchmarks
