// The load that h2load cannot make: streams, a fixed rate, a connection per call, idle connections. Prints one JSON object.
//
//     load check   ADDRESS                   one call of each kind, with its answers compared; ends with 1 when one is wrong
//     load rate    ADDRESS --rate=R          unary calls at a fixed rate, told apart by whether they ask for a slow answer
//     load stream  ADDRESS --method=M        messages of streams that stay open
//     load connect ADDRESS                   a fresh connection for each call
//     load idle    ADDRESS                   opens connections, says "ready", closes them when its input ends
//
// Flags: --connections=N --streams=N (for each connection) --seconds=N --calls=N --bytes=N --window=N (messages ahead of
// their answers) --slow-percent=N. Every answer is compared with what was asked for, or the program ends with 1.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grpc/testing/messages.pb.h"
#include "tests/benchmarks/rpc/h2_client.h"

namespace benchmarks {
namespace {

using Clock = std::chrono::steady_clock;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;

const std::string kService = "/grpc.testing.BenchmarkService/";

struct Flags {
  std::string mode, address, method = "StreamingCall";
  int connections = 1, streams = 1, seconds = 3, calls = 1000, bytes = 16, window = 16, slow_percent = 0;
  double rate = 1000;
};

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

std::string Request(const Flags& flags, bool slow = false) {
  SimpleRequest request;
  request.mutable_payload()->set_body(std::string(static_cast<size_t>(flags.bytes), 'x'));
  // A server may look up its id somewhere slow; that of the benchmark blocks for it.
  request.set_fill_server_id(slow);
  return Frame(request.SerializeAsString());
}

void CheckAnswer(const Flags& flags, std::string_view message) {
  static SimpleResponse response;
  if (!response.ParseFromArray(message.data(), static_cast<int>(message.size()))) Fail("an answer is malformed");
  const std::string& body = response.payload().body();
  if (body.size() != static_cast<size_t>(flags.bytes) || body.find_first_not_of('x') != std::string::npos) Fail("an answer is wrong");
}

double Microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

class Percentiles {
 public:
  void Add(Clock::duration duration) { values_.push_back(Microseconds(duration)); }
  std::string Json() {
    std::sort(values_.begin(), values_.end());
    return "{\"calls\": " + std::to_string(values_.size()) + ", \"p50_us\": " + At(0.5) + ", \"p99_us\": " + At(0.99) +
           ", \"p999_us\": " + At(0.999) + "}";
  }

 private:
  std::string At(double part) const {
    if (values_.empty()) return "null";
    return std::to_string(values_[std::min(values_.size() - 1, static_cast<size_t>(part * static_cast<double>(values_.size())))]);
  }
  std::vector<double> values_;
};

// The connections of one run.
class Fleet {
 public:
  explicit Fleet(const Flags& flags) {
    for (int i = 0; i < flags.connections; ++i) {
      connections_.push_back(std::make_unique<H2Connection>(flags.address));
      poll_.Add(*connections_.back());
      connections_.back()->Flush();
    }
  }
  H2Connection& operator[](size_t i) { return *connections_[i % connections_.size()]; }
  size_t size() const { return connections_.size(); }
  void FlushAll() {
    for (const auto& connection : connections_) connection->Flush();
  }
  void Wait(int timeout_ms) {
    poll_.Wait(timeout_ms, [](H2Connection&) { Fail("a connection broke"); });
  }

 private:
  Poll poll_;
  std::vector<std::unique_ptr<H2Connection>> connections_;
};

// ---- check

struct Collected final : CallListener {
  void OnMessage(std::string_view message) override {
    ++messages;
    last = message;
    if (on_message) on_message();
  }
  void OnEnd(int end) override {
    status = end;
    done = true;
  }
  std::function<void()> on_message;
  std::string last;
  int messages = 0;
  int status = -1;
  bool done = false;
};

Collected RunOne(const Flags& flags, const std::string& method, const std::string& framed, int stop_after = 0) {
  Fleet fleet(flags);
  Collected call;
  int32_t stream = 0;
  call.on_message = [&] {
    if (call.messages == stop_after) fleet[0].Cancel(stream);
  };
  stream = fleet[0].Start(kService + method, framed, true, call);
  fleet.FlushAll();
  const auto limit = Clock::now() + std::chrono::seconds(10);
  while (!call.done && Clock::now() < limit) fleet.Wait(100);
  if (!call.done) Fail(method + " did not end");
  fleet.FlushAll();
  return call;
}

int Check(Flags flags) {
  flags.connections = 1;
  const bool bare = flags.method == "unary";
  for (const int bytes : {1, 16, 1024, 65536, 1 << 20}) {
    flags.bytes = bytes;
    const Collected unary = RunOne(flags, "UnaryCall", Request(flags));
    if (unary.status != 0 || unary.messages != 1) Fail("UnaryCall of " + std::to_string(bytes) + " bytes: status " + std::to_string(unary.status));
    CheckAnswer(flags, unary.last);
  }
  if (bare) return 0;
  flags.bytes = 16;
  const std::string three = Request(flags) + Request(flags) + Request(flags);
  for (const auto& [method, messages] : std::map<std::string, int>{{"StreamingCall", 3}, {"StreamingFromClient", 1}, {"StreamingBothWays", 3}}) {
    const Collected call = RunOne(flags, method, three);
    if (call.status != 0 || call.messages != messages) {
      Fail(method + ": status " + std::to_string(call.status) + ", " + std::to_string(call.messages) + " messages");
    }
    CheckAnswer(flags, call.last);
  }
  const Collected call = RunOne(flags, "StreamingFromServer", Request(flags), 1000);
  if (call.messages < 1000) Fail("StreamingFromServer sent " + std::to_string(call.messages) + " messages");
  CheckAnswer(flags, call.last);
  return 0;
}

// ---- rate: an open loop; the time of a call counts from when it was due, so that a server that stalls is not spared.

class TimedCall final : public CallListener {
 public:
  TimedCall(const Flags& flags, Clock::time_point due, Percentiles& times, int& running)
      : flags_(flags), due_(due), times_(times), running_(running) {
    ++running_;
  }
  void OnMessage(std::string_view message) override {
    CheckAnswer(flags_, message);
    answered_ = true;
  }
  void OnEnd(int status) override {
    if (status != 0 || !answered_) Fail("a call ended with status " + std::to_string(status));
    times_.Add(Clock::now() - due_);
    --running_;
    delete this;
  }

 private:
  const Flags& flags_;
  const Clock::time_point due_;
  Percentiles& times_;
  int& running_;
  bool answered_ = false;
};

int Rate(const Flags& flags) {
  Fleet fleet(flags);
  Percentiles fast, slow;
  int running = 0;
  const std::string fast_request = Request(flags), slow_request = Request(flags, true);
  const auto step = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / flags.rate));
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + std::chrono::seconds(flags.seconds);
  Clock::time_point due = start;
  for (size_t number = 0; due < end || running > 0;) {
    const Clock::time_point now = Clock::now();
    for (; due <= now && due < end; due += step, ++number) {
      // Not in step with the connections: each of them gets its share of slow calls.
      const bool is_slow = static_cast<int>(number * 37 % 100) < flags.slow_percent;
      fleet[number].Start(kService + "UnaryCall", is_slow ? slow_request : fast_request, true,
                          *new TimedCall(flags, due, is_slow ? slow : fast, running));
    }
    fleet.FlushAll();
    if (now > end + std::chrono::seconds(10)) Fail(std::to_string(running) + " calls did not end");
    fleet.Wait(due < end && due - now < std::chrono::milliseconds(1) ? 0 : 1);
  }
  std::printf("{\"fast\": %s, \"slow\": %s}\n", fast.Json().c_str(), slow.Json().c_str());
  return 0;
}

// ---- stream

// One stream that stays open: a window of messages ahead of their answers or, for StreamingFromServer, answers only.
class OpenStream final : public CallListener {
 public:
  OpenStream(const Flags& flags, H2Connection& connection, const std::string& request, uint64_t& messages)
      : flags_(flags), connection_(connection), request_(request), messages_(messages), one_way_(flags.method == "StreamingFromServer") {
    std::string first;
    for (int i = 0; i < (one_way_ ? 1 : flags.window); ++i) first += request;
    id_ = connection.Start(kService + flags.method, std::move(first), one_way_, *this);
  }
  void OnMessage(std::string_view message) override {
    CheckAnswer(flags_, message);
    ++messages_;
    if (!one_way_ && !stopped_) connection_.Send(id_, request_, false);
  }
  void OnEnd(int status) override {
    if (!stopped_) Fail(flags_.method + " ended with status " + std::to_string(status));
  }
  void Stop() {
    stopped_ = true;
    connection_.Cancel(id_);
  }

 private:
  const Flags& flags_;
  H2Connection& connection_;
  const std::string& request_;
  uint64_t& messages_;
  const bool one_way_;
  int32_t id_ = 0;
  bool stopped_ = false;
};

int Stream(const Flags& flags) {
  Fleet fleet(flags);
  const std::string request = Request(flags);
  uint64_t messages = 0;
  std::vector<std::unique_ptr<OpenStream>> streams;
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < flags.connections * flags.streams; ++i) {
    streams.push_back(std::make_unique<OpenStream>(flags, fleet[static_cast<size_t>(i)], request, messages));
  }
  fleet.FlushAll();
  while (Clock::now() - start < std::chrono::seconds(flags.seconds)) fleet.Wait(100);
  const double seconds = Microseconds(Clock::now() - start) / 1e6;
  const uint64_t counted = messages;
  for (const auto& stream : streams) stream->Stop();
  fleet.FlushAll();
  std::printf("{\"messages\": %llu, \"messages_per_second\": %f}\n", static_cast<unsigned long long>(counted),
              static_cast<double>(counted) / seconds);
  return 0;
}

// ---- connect and idle

int Connect(Flags flags) {
  flags.connections = 1;
  Percentiles times;
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < flags.calls; ++i) {
    const Clock::time_point begun = Clock::now();
    const Collected call = RunOne(flags, "UnaryCall", Request(flags));
    if (call.status != 0) Fail("a call ended with status " + std::to_string(call.status));
    CheckAnswer(flags, call.last);
    times.Add(Clock::now() - begun);
  }
  const double seconds = Microseconds(Clock::now() - start) / 1e6;
  std::printf("{\"calls_per_second\": %f, \"times\": %s}\n", flags.calls / seconds, times.Json().c_str());
  return 0;
}

int Idle(const Flags& flags) {
  Fleet fleet(flags);
  // The settings of both sides are exchanged, and one call was made on each: then they rest.
  std::deque<Collected> calls(fleet.size());
  for (size_t i = 0; i < fleet.size(); ++i) fleet[i].Start(kService + "UnaryCall", Request(flags), true, calls[i]);
  fleet.FlushAll();
  const auto limit = Clock::now() + std::chrono::seconds(30);
  const auto done = [&] { return std::all_of(calls.begin(), calls.end(), [](const Collected& call) { return call.done; }); };
  while (!done() && Clock::now() < limit) fleet.Wait(100);
  if (!std::all_of(calls.begin(), calls.end(), [](const Collected& call) { return call.status == 0; })) Fail("a call failed");
  std::printf("ready\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

int Main(int argc, char** argv) {
  Flags flags;
  std::map<std::string, int*> numbers = {{"connections", &flags.connections}, {"streams", &flags.streams}, {"seconds", &flags.seconds},
                                         {"calls", &flags.calls},             {"bytes", &flags.bytes},     {"window", &flags.window},
                                         {"slow-percent", &flags.slow_percent}};
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    if (word.rfind("--", 0) != 0 || equals == std::string::npos) {
      words.push_back(word);
      continue;
    }
    const std::string name = word.substr(2, equals - 2), value = word.substr(equals + 1);
    if (name == "method") {
      flags.method = value;
    } else if (name == "rate") {
      flags.rate = std::atof(value.c_str());
    } else if (const auto it = numbers.find(name); it != numbers.end()) {
      *it->second = std::atoi(value.c_str());
    } else {
      Fail("unknown flag --" + name);
    }
  }
  if (words.size() != 2) Fail("usage: load check|rate|stream|connect|idle HOST:PORT [FLAGS]");
  flags.mode = words[0];
  flags.address = words[1];
  if (flags.mode == "check") return Check(flags);
  if (flags.mode == "rate") return Rate(flags);
  if (flags.mode == "stream") return Stream(flags);
  if (flags.mode == "connect") return Connect(flags);
  if (flags.mode == "idle") return Idle(flags);
  Fail("there is no mode '" + flags.mode + "'");
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) { return benchmarks::Main(argc, argv); }
