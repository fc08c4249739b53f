#ifndef ROTA_TESTS_FAULTS_FAULT_TEST_H_
#define ROTA_TESTS_FAULTS_FAULT_TEST_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/probe.h"
#include "tests/framework/runtime/service_process.h"
#include "tests/integration/service_under_test.h"

namespace rota::faults {

// `tools/dev faults` runs the faults at their full length; `tools/dev test` runs the short forms.
bool LongForm();
inline size_t Rounds(size_t short_form, size_t long_form) { return LongForm() ? long_form : short_form; }

// Whether times are judged: short forms share the machine with whatever else is built and tested there, and judge what is the
// same on every machine. How much one iteration does for peers, on which latency depends, is counted by the tests of the
// transport. Where they are, the server has a core for itself, and the probe goes before the attacker on the others: what the probe
// sees is what the server does.
inline bool TimeCounts() { return LongForm(); }

// What a server holds at one time.
struct Held {
  // All of it, and what of it are pages of files: of the program and its libraries, as far as they were ever read.
  int64_t resident_kib = 0;
  int64_t file_kib = 0;
  int64_t descriptors = 0;
};

// A server under attack, on the transport of the parameter. Every test runs its fault by Attack(), which checks what holds
// for all of them: a probe connection sees no failed call and, at full length, at most twice the latency; afterwards the memory and the
// descriptors are back within 5 % in 10 seconds and as many handlers are done as were begun. That the memory is given back
// holds nobody up. It prints one line "figure: ..." for each.
class FaultTest : public testing::TestWithParam<std::string> {
 protected:
  // The threads of gRPC's clients wait in one set of descriptors (epoll1), and any of them may be the one that hears of what comes for the
  // probe: also one of the attacker, which waits for its core then. From here on each hears of its own.
  static void SetUpTestSuite();

  // Starts `binary` with `flags`; the interoperability server without any, if a test does not.
  void StartServer(std::vector<std::string> flags = {}, const std::string& binary = "tests/conformance/interop/interop_server");
  // The server under attack.
  ServiceProcess& process() { return *server_.process; }
  const std::string& address() const { return server_.address; }
  // What is attacked now. What the gRPC library itself does and keeps under attack is not ours to mend: of the grpcpp transport it is asked
  // that others are served, that no handler is left, that descriptors come back, and that the latency at most doubles, or is at most twice
  // as much as that of the library without Rota. The rest is in the figures.
  enum class Target { kNative, kGrpcpp, kLibraryAlone };
  Target target() const { return target_; }

  // Whose work is attacked on the grpcpp transport, where it may be that of the gRPC library.
  enum class Work { kOfTransport, kOfRota };
  // Runs `attack` while the probe calls; memory and descriptors are compared with what the server held before it. What it
  // returns, a number with a word, goes into the figure. Where times count it runs on a thread, and a short one again and again. Where
  // the latency on grpcpp has more than doubled, and the work is that of the library, the same is done to servers of that library
  // alone, with the handlers on its own threads and on one of theirs: it may be twice as much as the greater of both. A latency that is
  // beyond that is looked at twice more. And no single call may take two seconds.
  void Attack(const std::string& name, const std::function<std::string()>& attack, Work work = Work::kOfTransport);
  // Without a probe, for what ends the server.
  void Figure(const std::string& name, const std::string& what);

  Held Measure();
  // What an attack made the server take, where that is judged.
  void ExpectKeepsAtMost(int64_t most_kib, int64_t kept_kib);
  // The sum of all samples of one family that have `label` in them; 0 where there are none.
  int64_t Metric(const std::string& family, const std::string& label = "") { return Sum(MetricsPage(), family, label); }
  // What the server holds before a fault that is not run by Attack(): call it, and ExpectRecovered() with it when the fault is over.
  Held Settled();
  // Afterwards, within 10 seconds: as many handlers and calls are done as were begun, and memory and descriptors are back within 5 %.
  void ExpectRecovered(const std::string& name, const Held& before);
  // Waits, for 10 seconds at most, until `holds`: whether it did.
  bool Eventually(const std::function<bool()>& holds);

 private:
  // The 99th percentile of the probe's calls.
  struct Latency {
    Probe::Milliseconds quiet{};
    Probe::Milliseconds attacked{};
  };
  // What the probe sees of one attack, or of several short ones; `what` is what the first returned.
  Probe::Seen AttackSome(Probe& probe, const std::function<std::string()>& attack, std::string& what);
  // What Attack() says of it, once it was `first`.
  void ExpectLatency(const std::string& name, const std::function<std::string()>& attack, Latency first, Work work);
  void Settle();
  // Whether memory is judged, and latency by default: not of gRPC's library, and not under a sanitizer.
  bool MemoryCounts() const;
  // What the server has counted, of its handlers, of its transport, and of both what is not over.
  struct Calls {
    int64_t handlers_begun = 0;
    int64_t handlers_done = 0;
    int64_t taken_in = 0;
    int64_t over = 0;
    int64_t in_flight = 0;
    int64_t turns = 0;

    bool AreOver() const;
    std::string Text() const;
  };
  Calls CountCalls();
  std::string MetricsPage();
  static int64_t Sum(const std::string& metrics, const std::string& family, const std::string& label = "");
  // How many of the timers phases were long.
  int64_t LongTimersPhases();

  struct Server {
    std::unique_ptr<ServiceProcess> process;
    std::string address;
    std::string admin;
  };
  Server Start(const std::string& binary, const std::vector<std::string>& more_flags = {});
  // The same attack once more, after a quiet time, for its latency alone.
  Latency AttackAgain(const std::string& name, const std::function<std::string()>& attack);
  // And on a server of the gRPC library without Rota.
  Probe::Milliseconds LatencyOfLibrary(const std::string& name, const std::function<std::string()>& attack, const std::vector<std::string>& flags);

  Target target_ = GetParam() == "grpcpp" ? Target::kGrpcpp : Target::kNative;
  std::string binary_;
  std::vector<std::string> flags_;
  Server server_;
};

#define ROTA_FAULTS_ON_EVERY_TRANSPORT(Suite)                                                  \
  INSTANTIATE_TEST_SUITE_P(Transports, Suite, testing::ValuesIn(::rota::Transports()), \
                           [](const auto& info) { return info.param; })

}  // namespace rota::faults

#endif  // ROTA_TESTS_FAULTS_FAULT_TEST_H_
