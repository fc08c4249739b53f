#ifndef ROTA_BENCHMARKS_LOOP_SUBJECT_H_
#define ROTA_BENCHMARKS_LOOP_SUBJECT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

// What the programs of the loop benchmark share, so that each subject does the same work: the sizes, the delays, the
// command line and the form of the answer.
namespace rota::bench {

// What one measurement found: how much work was done, checked by counting it, and how long it took in seconds (how much
// memory it took in bytes, for timer_bytes).
struct Result {
  uint64_t operations = 0;
  double amount = 0;
};

// ticks: so many are queued by one callback.
inline constexpr uint64_t kTicksPerCallback = 1000;
// timers_cancel: so many deadlines are open at a time; after so many starts the loop gets a turn.
inline constexpr uint64_t kOpenDeadlines = 10'000;
inline constexpr uint64_t kStartsPerCallback = 1000;
// timers_cancel: one deadline in so many is not cancelled.
inline constexpr uint64_t kStartsPerExpiry = 100;
// echo: the size of a message, and of the buffer that reads it.
inline constexpr size_t kMessageBytes = 64;
inline constexpr size_t kBufferBytes = 64 * 1024;

// xorshift64* (Vigna 2016, section 2): the same numbers for each subject.
class Random {
 public:
  // From `low` to `high`, both included.
  int64_t Between(int64_t low, int64_t high) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return low + static_cast<int64_t>((state_ * 2685821657736338717u >> 32) % static_cast<uint64_t>(high - low + 1));
  }

 private:
  uint64_t state_ = 88172645463325252u;
};

// Delays in milliseconds. All timers of timers_fire are due soon after the last was started; deadlines are long, and
// those that nobody cancels are short.
inline int64_t FiringDelay(Random& random) { return random.Between(1, 10); }
inline int64_t DeadlineDelay(Random& random) { return random.Between(1, 60'000); }
inline int64_t ExpiryDelay(Random& random) { return random.Between(1, 5); }

class Stopwatch {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Counts the processor time of this process: for what one thread does, which other processes then do not disturb.
class CpuWatch {
 public:
  double Seconds() const { return Now() - start_; }

 private:
  static double Now();
  double start_ = Now();
};

// The memory of this process that is in RAM.
size_t ResidentBytes();

// immediates_io, idle_iteration_io: a socket that listens on the loopback address, and to which nobody connects. The caller
// closes it.
int ListeningSocket();

// The number of threads that run jobs: one a core, at least two.
size_t JobThreads();

// Calls `post` count / threads times from each of `threads` threads, which are joined when it is destroyed.
class Posters {
 public:
  Posters(uint64_t count, size_t threads, const std::function<void()>& post);

 private:
  std::vector<std::jthread> threads_;
};

// echo: prints the port that the server listens on, for the runner, which starts the client then.
void AnnouncePort(uint16_t port);

// Stops the program with `what`: the subject did not do its work.
[[noreturn]] void Fail(const std::string& what);
inline void Check(bool holds, const char* what) {
  if (!holds) Fail(what);
}

using Benchmark = std::function<Result(uint64_t count)>;

// main(): `PROGRAM BENCH COUNT` runs one measurement and prints its result as JSON. For the echoes COUNT is the number
// of connections.
int RunSubject(int argc, char** argv, const std::map<std::string, Benchmark>& benchmarks);

}  // namespace rota::bench

#endif  // ROTA_BENCHMARKS_LOOP_SUBJECT_H_
