#ifndef ROTA_TESTS_BENCHMARKS_RPC_LOAD_PARTS_H_
#define ROTA_TESTS_BENCHMARKS_RPC_LOAD_PARTS_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/benchmarks/rpc/h2_client.h"

// What the loads of the program `load` share. One thread.
namespace benchmarks {

using LoadClock = std::chrono::steady_clock;

inline const std::string kService = "/grpc.testing.BenchmarkService/";

// Before a measurement counts: what connections and memory cost in the beginning is not what a call costs.
inline constexpr std::chrono::milliseconds kWarmUp{300};

struct Flags {
  std::string mode, address, method = "StreamingCall";
  int connections = 1, streams = 1, seconds = 3, calls = 1000, bytes = 16, window = 16, slow_percent = 0,
      pause_ms = 0;
  // Of the server, so that its processor time can be read, or it can be stopped; 0: it is not.
  int pid = 0;
  double rate = 1000;
};

// Says what is wrong and ends the program with 1.
[[noreturn]] void Fail(const std::string& what);

// A framed SimpleRequest with `bytes` of payload. A slow one asks for the id of the server, which blocks for it.
std::string Request(int bytes, bool slow = false);

// Compares answers with the payload that was sent.
class AnswerCheck {
 public:
  explicit AnswerCheck(int bytes);
  // Also for answers that name the id of the server, or write the fields in another way than protobuf does.
  bool IsRight(std::string_view message) const;

 private:
  const std::string body_;
  // What the answer nearly always is; parsing each would cost more than many a server needs to make it.
  std::string usual_;
};

// Times in microseconds, by nearest ranks.
class Percentiles {
 public:
  void Reserve(size_t count) { values_.reserve(count); }
  void Add(LoadClock::duration duration) { values_.push_back(std::chrono::duration<double, std::micro>(duration).count()); }
  void Add(const Percentiles& others) { values_.insert(values_.end(), others.values_.begin(), others.values_.end()); }
  // {"calls": N, "p50_us": T, "p99_us": T, "p999_us": T}, with null for T when there are none.
  std::string Json();
  // The 99th percentile in microseconds, or null.
  std::string P99();

 private:
  // Of what is sorted.
  std::string At(double part) const;
  std::vector<double> values_;
};

// The same in windows of time. A pause of the machine spoils the window in which it comes, and leaves the others as they are: the
// windows are so short that most have none.
class WindowedPercentiles {
 public:
  static constexpr std::chrono::milliseconds kWindow{20};

  // Of `duration` from the start on, with so many values in a second.
  WindowedPercentiles(std::chrono::seconds duration, double rate);
  // The window of what was due `after` the start.
  Percentiles& At(LoadClock::duration after) { return windows_[std::min(static_cast<size_t>(after / kWindow), windows_.size() - 1)]; }
  // All of them, as Percentiles::Json() with {"windows_p99_us": [T, ...]} besides.
  std::string Json();

 private:
  std::vector<Percentiles> windows_;
};

// Which calls of a sequence are slow: of each hundred exactly `percent`, at random places, so that they fall into step with
// nothing, such as the connections in turn. The same in every run.
class SlowPattern {
 public:
  explicit SlowPattern(int percent) : percent_(percent) {}
  bool Next();

 private:
  const int percent_;
  std::minstd_rand random_{1};
  int left_ = 0, slow_left_ = 0;
};

// Stops a process for `length` once it is `from`, as if the machine had taken its core away; not at all when `length` is 0. The
// caller calls Step() with the time again and again. The process goes on at the latest when this is destroyed.
class ProcessPause {
 public:
  ProcessPause(int pid, LoadClock::time_point from, std::chrono::milliseconds length);
  ProcessPause(const ProcessPause&) = delete;
  ProcessPause& operator=(const ProcessPause&) = delete;
  ~ProcessPause();
  void Step(LoadClock::time_point now);

 private:
  enum class State { kBefore, kStopped, kOver };
  void Send(int signal) const;

  const int pid_;
  const std::chrono::milliseconds length_;
  State state_;
  // Of the state.
  LoadClock::time_point until_;
};

// Seconds of processor that a process has used, all threads.
double CpuSecondsOf(int pid);

// The connections of one run. A connection that breaks ends the program.
class Fleet {
 public:
  explicit Fleet(const Flags& flags);
  H2Connection& operator[](size_t i) { return *connections_[i % connections_.size()]; }
  size_t size() const { return connections_.size(); }
  void FlushAll();
  void Wait(int timeout_ms);

 private:
  Poll poll_;
  std::vector<std::unique_ptr<H2Connection>> connections_;
};

// The loads. Each prints one JSON object and returns the exit code.
int Check(Flags flags);
int Rate(const Flags& flags);
int Stream(const Flags& flags);
int Connect(Flags flags);
int Idle(const Flags& flags);

}  // namespace benchmarks

#endif  // ROTA_TESTS_BENCHMARKS_RPC_LOAD_PARTS_H_
