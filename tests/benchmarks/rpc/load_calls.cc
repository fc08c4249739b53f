// Calls one by one: the check of the answers, a connection for each call, and connections that rest after a call.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "tests/benchmarks/rpc/h2_client.h"
#include "tests/benchmarks/rpc/load_parts.h"

namespace benchmarks {
namespace {

// Compares each message that comes.
struct Checked final : CallListener {
  explicit Checked(const AnswerCheck& check) : check(check) {}
  void OnMessage(std::string_view message) override {
    ++messages;
    right = right && check.IsRight(message);
    if (on_message) on_message();
  }
  void OnEnd(int end) override {
    status = end;
    done = true;
  }
  const AnswerCheck& check;
  std::function<void()> on_message;
  int messages = 0;
  int status = -1;
  bool right = true;
  bool done = false;
};

// On a connection of its own. Ends the program unless `messages` answers came and all were right. With `stop`, the call is
// cancelled after them, and ends by itself otherwise.
void RunOne(const Flags& flags, const AnswerCheck& check, const std::string& method, const std::string& framed, int messages, bool stop = false) {
  Fleet fleet(flags);
  Checked call(check);
  int32_t stream = 0;
  call.on_message = [&] {
    if (stop && call.messages == messages) fleet[0].Cancel(stream);
  };
  stream = fleet[0].Start(kService + method, framed, true, call);
  fleet.FlushAll();
  const auto limit = LoadClock::now() + std::chrono::seconds(10);
  while (!call.done && LoadClock::now() < limit) fleet.Wait(100);
  if (!call.done) Fail(method + " did not end");
  if (call.messages != messages || (!stop && call.status != 0)) {
    Fail(method + ": status " + std::to_string(call.status) + ", " + std::to_string(call.messages) + " messages");
  }
  if (!call.right) Fail("an answer of " + method + " is wrong");
  // What the call leaves to be said, such as the reset.
  fleet.FlushAll();
}

}  // namespace

int Check(Flags flags) {
  flags.connections = 1;
  for (const int bytes : {1, 16, 1024, 65536, 1 << 20}) RunOne(flags, AnswerCheck(bytes), "UnaryCall", Request(bytes), 1);
  if (flags.method == "unary") return 0;
  const AnswerCheck check(16);
  const std::string one = Request(16), three = one + one + one;
  for (const auto& [method, messages] : std::map<std::string, int>{{"StreamingCall", 3}, {"StreamingFromClient", 1}, {"StreamingBothWays", 3}}) {
    RunOne(flags, check, method, three, messages);
  }
  RunOne(flags, check, "StreamingFromServer", one, 1000, true);
  return 0;
}

int Connect(Flags flags) {
  flags.connections = 1;
  const AnswerCheck check(flags.bytes);
  const std::string request = Request(flags.bytes);
  Percentiles times;
  const LoadClock::time_point start = LoadClock::now();
  for (int i = 0; i < flags.calls; ++i) {
    const LoadClock::time_point begun = LoadClock::now();
    RunOne(flags, check, "UnaryCall", request, 1);
    times.Add(LoadClock::now() - begun);
  }
  const double seconds = std::chrono::duration<double>(LoadClock::now() - start).count();
  std::printf("{\"calls_per_second\": %f, \"times\": %s}\n", flags.calls / seconds, times.Json().c_str());
  return 0;
}

int Idle(const Flags& flags) {
  Fleet fleet(flags);
  // The settings of both sides are exchanged, and one call is made on each: then they rest. Few at a time, as it is the memory of the
  // connections that counts, not that of ten thousand calls at once.
  constexpr size_t kAtOnce = 50;
  const AnswerCheck check(flags.bytes);
  const auto limit = LoadClock::now() + std::chrono::seconds(60);
  for (size_t begun = 0; begun < fleet.size();) {
    std::deque<Checked> calls;
    for (; calls.size() < kAtOnce && begun < fleet.size(); ++begun) {
      fleet[begun].Start(kService + "UnaryCall", Request(flags.bytes), true, calls.emplace_back(check));
      fleet[begun].Flush();
    }
    const auto is_done = [](const Checked& call) { return call.done; };
    while (!std::all_of(calls.begin(), calls.end(), is_done) && LoadClock::now() < limit) fleet.Wait(100);
    for (const Checked& call : calls) {
      if (!call.done) Fail("the calls on the connections did not end");
      if (call.status != 0 || call.messages != 1 || !call.right) Fail("a call went wrong with status " + std::to_string(call.status));
    }
  }
  std::printf("ready\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace benchmarks
