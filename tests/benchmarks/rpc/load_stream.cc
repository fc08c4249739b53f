// Streams that stay open: as many messages as the server and this program can move.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "tests/benchmarks/rpc/h2_client.h"
#include "tests/benchmarks/rpc/load_parts.h"

namespace benchmarks {
namespace {

// A window of messages ahead of their answers or, for StreamingFromServer, answers only.
class OpenStream final : public CallListener {
 public:
  OpenStream(const Flags& flags, H2Connection& connection, const AnswerCheck& check, const std::string& request, uint64_t& messages)
      : method_(flags.method),
        connection_(connection),
        check_(check),
        request_(request),
        messages_(messages),
        one_way_(flags.method == "StreamingFromServer"),
        ahead_(one_way_ ? 1 : flags.window) {
    std::string first;
    for (int i = 0; i < ahead_; ++i) first += request;
    id_ = connection.Start(kService + flags.method, std::move(first), one_way_, *this);
  }
  void OnMessage(std::string_view message) override {
    if (!check_.IsRight(message)) Fail("an answer is wrong");
    ++messages_;
    if (one_way_) return;
    // An answer that nothing was asked for.
    if (--ahead_ < 0) Fail(method_ + " sent more answers than it got messages");
    if (stopped_) return;
    ++ahead_;
    connection_.Send(id_, request_, false);
  }
  void OnEnd(int status) override {
    if (!stopped_) Fail(method_ + " ended with status " + std::to_string(status));
  }
  void Stop() {
    stopped_ = true;
    connection_.Cancel(id_);
  }

 private:
  const std::string& method_;
  H2Connection& connection_;
  const AnswerCheck& check_;
  const std::string& request_;
  uint64_t& messages_;
  const bool one_way_;
  int ahead_;  // messages without an answer
  int32_t id_ = 0;
  bool stopped_ = false;
};

}  // namespace

int Stream(const Flags& flags) {
  Fleet fleet(flags);
  const AnswerCheck check(flags.bytes);
  const std::string request = Request(flags.bytes);
  uint64_t messages = 0;
  std::vector<std::unique_ptr<OpenStream>> streams;
  for (int i = 0; i < flags.connections * flags.streams; ++i) {
    streams.push_back(std::make_unique<OpenStream>(flags, fleet[static_cast<size_t>(i)], check, request, messages));
  }
  fleet.FlushAll();
  const auto run_until = [&](LoadClock::time_point end) {
    while (LoadClock::now() < end) fleet.Wait(100);
  };
  run_until(LoadClock::now() + kWarmUp);
  // What is on its way is about the same at the begin and at the end, so what came meanwhile is what the server sent.
  const uint64_t before = messages;
  const double server_before = flags.pid != 0 ? CpuSecondsOf(flags.pid) : 0, own_before = CpuSecondsOf(getpid());
  const LoadClock::time_point start = LoadClock::now();
  run_until(start + std::chrono::seconds(flags.seconds));
  const double seconds = std::chrono::duration<double>(LoadClock::now() - start).count();
  const double server = flags.pid != 0 ? CpuSecondsOf(flags.pid) - server_before : 0, own = CpuSecondsOf(getpid()) - own_before;
  const uint64_t counted = messages - before;
  for (const auto& stream : streams) stream->Stop();
  fleet.FlushAll();
  std::printf("{\"messages\": %llu, \"messages_per_second\": %f, \"server_cpu_seconds\": %f, \"load_busy\": %f}\n",
              static_cast<unsigned long long>(counted), static_cast<double>(counted) / seconds, server, own / seconds);
  return 0;
}

}  // namespace benchmarks
