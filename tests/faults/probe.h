#ifndef ROTA_TESTS_FAULTS_PROBE_H_
#define ROTA_TESTS_FAULTS_PROBE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rota::faults {

// A client that is up to no harm: it makes small calls of grpc.testing.TestService one after the other, on a connection of
// its own, while something else goes wrong, and keeps how long each took.
// Thread: its own; the functions from the test's.
class Probe {
 public:
  using Milliseconds = std::chrono::duration<double, std::milli>;

  // What was seen between two calls of Take().
  struct Seen {
    size_t calls = 0;
    size_t failed = 0;
    std::string first_failure;
    Milliseconds p50{0};
    Milliseconds p99{0};
    Milliseconds worst{0};
  };

  // `before_all`: its thread has a core whenever it wants one, where the system allows that (SCHED_FIFO), and so does not wait for what it
  // is to measure.
  explicit Probe(std::string address, bool before_all = false);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // Blocks until there are `calls` more.
  void WaitFor(size_t calls);
  Seen Take();

 private:
  void Run();

  const std::string address_;
  const bool before_all_;
  std::atomic<bool> stop_{false};
  std::atomic<size_t> done_{0};
  std::mutex mutex_;
  Seen seen_;                            // Guarded by mutex_.
  std::vector<Milliseconds> latencies_;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace rota::faults

#endif  // ROTA_TESTS_FAULTS_PROBE_H_
