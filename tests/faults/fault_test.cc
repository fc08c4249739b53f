#include "tests/faults/fault_test.h"

#include <grpc/grpc.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "tests/glibc_heap.h"

namespace rota::faults {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kRecovery = std::chrono::seconds(10);
// In quiet seconds the runtime gives memory back, in the timers phase: so much of it at a time that it takes no longer than this,
// which is a bound of the histogram, 2^22 ns: a step takes up to 2.2 ms.
constexpr const char* kLongPhase = "le=\"0.004194304\"";
// From the end of an attack until the last of it was given back: two heartbeats of the runtime.
constexpr auto kGivesBack = std::chrono::seconds(2);
// An attack that is over sooner is made again: so that there are enough calls for a percentile, of which a pause of the machine spoils a few.
constexpr auto kAttacking = std::chrono::seconds(3);
// A machine that has others on it is slow for seconds, now in quiet and now under attack, and the gRPC library holds a call up for seconds in
// one attack of twenty or so. What is beyond the bound is looked at twice more, all of it in turn, and the middle ones count.
constexpr size_t kTimesLookedAt = 3;
// Of a single call, which no percentile shows: as long as it waits, the probe makes no other. Where threads of gRPC that waited for completions
// also read, one call waited for nearly the whole of a flood.
constexpr Probe::Milliseconds kMostForOneCall(2000);

int64_t MostKib(const Held& before) { return before.resident_kib + before.resident_kib / 20; }
int64_t MostDescriptors(const Held& before) { return before.descriptors + before.descriptors / 20; }

// A server whose times count has a core of its own, as if it were another machine: an attacker that runs on it holds it up, and the
// system lets one that has little to do go first, which the server under attack is not. A process that is started in the life of this
// object is on the first core, and this thread, with those that it starts, on the others from then on. On a machine with one core nothing
// happens.
class ServersCore {
 public:
  ServersCore() { Move(true); }
  ~ServersCore() { Move(false); }
  ServersCore(const ServersCore&) = delete;
  ServersCore& operator=(const ServersCore&) = delete;

 private:
  static void Move(bool to_first) {
    static const cpu_set_t all = [] {
      cpu_set_t cores;
      CPU_ZERO(&cores);
      sched_getaffinity(0, sizeof(cores), &cores);
      return cores;
    }();
    if (CPU_COUNT(&all) < 2) return;
    int first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    cpu_set_t cores = all;
    if (to_first) CPU_ZERO(&cores);
    to_first ? CPU_SET(first, &cores) : CPU_CLR(first, &cores);
    sched_setaffinity(0, sizeof(cores), &cores);
  }
};

// Runs `attack` on a thread, and what it starts, which have all that the probe leaves of their cores, but never keep the probe waiting.
std::string Beside(const std::function<std::string()>& attack) {
  std::string told;
  std::thread attacker([&] {
    const sched_param none{};
    sched_setscheduler(0, SCHED_IDLE, &none);
    told = attack();
  });
  attacker.join();
  return told;
}

// Of an odd number of times, or of none.
Probe::Milliseconds Middle(std::vector<Probe::Milliseconds> times) {
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

std::string Text(Probe::Milliseconds time) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f ms", time.count());
  return text;
}

}  // namespace

bool LongForm() {
  const char* const form = std::getenv("ROTA_FAULTS_LONG");
  return form != nullptr && *form != '\0';
}

void FaultTest::SetUpTestSuite() {
  // Read once; and not by the servers that are started here.
  setenv("GRPC_POLL_STRATEGY", "poll", 1);
  grpc_init();
  unsetenv("GRPC_POLL_STRATEGY");
}

void FaultTest::StartServer(std::vector<std::string> flags, const std::string& binary) {
  binary_ = binary;
  flags_ = std::move(flags);
  flags_.insert(flags_.end(), {"--transport=" + GetParam(), "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
  server_ = Start(binary_);
  ASSERT_NE(address(), "");
}

FaultTest::Server FaultTest::Start(const std::string& binary, const std::vector<std::string>& more_flags) {
  // The threads of the gRPC library take all cores that there are, and would keep the loop waiting on one.
  std::optional<ServersCore> core;
  if (TimeCounts() && target() == Target::kNative) core.emplace();
  std::vector<std::string> flags = flags_;
  flags.insert(flags.end(), more_flags.begin(), more_flags.end());
  auto process = std::make_unique<ServiceProcess>(binary, flags);
  core.reset();
  const std::string address = process->Address("grpc"), admin = process->Address("admin");
  return {std::move(process), address, admin};
}

Probe::Seen FaultTest::AttackSome(Probe& probe, const std::function<std::string()>& attack, std::string& what) {
  const auto end = Clock::now() + kAttacking;
  // What the first made the server take, the next may find there.
  what = TimeCounts() ? Beside(attack) : attack();
  while (TimeCounts() && Clock::now() < end) Beside(attack);
  // At least some calls fall into the attack or right behind it.
  probe.WaitFor(20);
  return probe.Take();
}

Probe::Milliseconds FaultTest::LatencyOfLibrary(const std::string& name, const std::function<std::string()>& attack,
                                                const std::vector<std::string>& flags) {
  Server library = Start("tests/faults/library_server", flags);
  std::swap(server_, library);
  target_ = Target::kLibraryAlone;
  const Latency latency = AttackAgain(name, attack);
  std::swap(server_, library);
  target_ = Target::kGrpcpp;
  return latency.attacked;
}

FaultTest::Latency FaultTest::AttackAgain(const std::string& name, const std::function<std::string()>& attack) {
  Probe probe(address(), TimeCounts());
  probe.WaitFor(Rounds(200, 2000));
  const Probe::Seen quiet = probe.Take();
  std::string what;
  const Probe::Seen seen = AttackSome(probe, attack, what);
  Figure(name, what + "; probe: " + std::to_string(seen.calls) + " calls, p99 " + Text(quiet.p99) + " -> " + Text(seen.p99) +
                                                ", worst " + Text(seen.worst));
  return {.quiet = quiet.p99, .attacked = seen.p99};
}

void FaultTest::Settle() {
  // What is looked at later has been looked at once before: the code that writes the metrics is in memory from then on.
  MetricsPage();
  // Until the runtime has given back what the start took.
  if (LongForm()) std::this_thread::sleep_for(std::chrono::seconds(3));
}

Held FaultTest::Settled() {
  Settle();
  return Measure();
}

void FaultTest::Attack(const std::string& name, const std::function<std::string()>& attack, Work work) {
  if (server_.process == nullptr) StartServer();
  Settle();
  auto probe = std::make_unique<Probe>(address(), TimeCounts());
  probe->WaitFor(Rounds(200, 2000));
  const Probe::Seen quiet = probe->Take();
  std::string what;
  const Held before = Measure();
  const Probe::Seen seen = AttackSome(*probe, attack, what);
  const Held peak = Measure();
  probe.reset();
  const int64_t long_phases = LongTimersPhases();
  EXPECT_EQ(quiet.failed, 0u) << quiet.first_failure;
  EXPECT_EQ(seen.failed, 0u) << "of " << seen.calls << ": " << seen.first_failure;
  ExpectRecovered(name, before);
  if (LongForm()) std::this_thread::sleep_for(kGivesBack);
  const Held after = Measure();
  // Not only for a moment. Reading the metrics takes memory, too, which is given back like any other.
  if (MemoryCounts() && LongForm()) EXPECT_LE(after.resident_kib, MostKib(before));
  const int64_t held_up = LongTimersPhases() - long_phases;
  if (MemoryCounts() && TimeCounts()) EXPECT_EQ(held_up, 0) << "timers phases of more than 4 ms in quiet seconds";
  Figure(name, what + "; probe: " + std::to_string(seen.calls) + " calls, " + std::to_string(seen.failed) + " failed, p99 " + Text(quiet.p99) + " -> " +
                   Text(seen.p99) + ", worst " + Text(seen.worst) + "; memory KiB " + std::to_string(before.resident_kib) + " -> " + std::to_string(peak.resident_kib) + " -> " +
                   std::to_string(after.resident_kib) + " (of files " + std::to_string(before.file_kib) + " -> " + std::to_string(after.file_kib) +
                   "); descriptors " + std::to_string(before.descriptors) + " -> " +
                   std::to_string(peak.descriptors) + " -> " + std::to_string(after.descriptors) + "; held up afterwards: " +
                   std::to_string(held_up));
  if (!kGlibcHeap || !TimeCounts()) return;
  EXPECT_LE(seen.worst.count(), kMostForOneCall.count()) << "ms; the slowest of " << seen.calls << " calls";
  ExpectLatency(name, attack, {.quiet = quiet.p99, .attacked = seen.p99}, work);
}

void FaultTest::ExpectLatency(const std::string& name, const std::function<std::string()>& attack, Latency first, Work work) {
  std::vector<Probe::Milliseconds> quiet{first.quiet}, attacked{first.attacked}, library, one_thread;
  const auto limit = [&] { return 2 * std::max({Middle(quiet), Middle(library), Middle(one_thread)}); };
  const auto compare = [&] {
    if (target() == Target::kNative || work == Work::kOfRota) return;
    library.push_back(LatencyOfLibrary(name + ", the gRPC library alone", attack, {}));
    one_thread.push_back(LatencyOfLibrary(name + ", the gRPC library and one thread", attack, {"--one-thread"}));
  };
  if (Middle(attacked) > limit()) compare();
  while (attacked.size() < kTimesLookedAt && (attacked.size() > 1 || Middle(attacked) > limit())) {
    const Latency latency = AttackAgain(name + ", again", attack);
    quiet.push_back(latency.quiet);
    attacked.push_back(latency.attacked);
    compare();
  }
  EXPECT_LE(Middle(attacked).count(), limit().count()) << "ms; the 99th percentile of the probe has more than doubled";
}

void FaultTest::Figure(const std::string& name, const std::string& what) {
  std::printf("figure: %s on %s: %s\n", name.c_str(), GetParam().c_str(), what.c_str());
}

// The sanitizers bring a heap that keeps what is freed, to find what is used afterwards.
bool FaultTest::MemoryCounts() const { return kGlibcHeap && target() == Target::kNative; }

void FaultTest::ExpectKeepsAtMost(int64_t most_kib, int64_t kept_kib) {
  if (MemoryCounts()) EXPECT_LE(kept_kib, most_kib) << "KiB";
}

void FaultTest::ExpectRecovered(const std::string& name, const Held& before) {
  // All of it within the same ten seconds. Reading the metrics takes memory: not more often than it must be.
  Calls calls;
  Held held;
  const bool recovered = Eventually([&] {
    if (!calls.AreOver()) calls = CountCalls();
    held = Measure();
    return calls.AreOver() && held.descriptors <= MostDescriptors(before) && (!MemoryCounts() || held.resident_kib <= MostKib(before));
  });
  if (recovered) return;
  EXPECT_TRUE(calls.AreOver()) << name << ": " << calls.Text();
  EXPECT_LE(held.descriptors, MostDescriptors(before)) << name << ": " << before.descriptors << " before";
  if (MemoryCounts()) EXPECT_LE(held.resident_kib, MostKib(before)) << name << ": " << before.resident_kib << " KiB before";
}

FaultTest::Calls FaultTest::CountCalls() {
  // From one page: at one moment.
  const std::string page = MetricsPage();
  return {.handlers_begun = Sum(page, "rota_rpc_server_calls_started_total"),
          .handlers_done = Sum(page, "rota_rpc_server_calls_total"),
          .taken_in = Sum(page, "rota_transport_calls_started_total"),
          .over = Sum(page, "rota_transport_calls_done_total"),
          .in_flight = Sum(page, "rota_rpc_server_calls_in_flight"),
          .turns = Sum(page, "rota_actor_turns_in_progress")};
}

bool FaultTest::Calls::AreOver() const {
  return handlers_begun > 0 && handlers_done == handlers_begun && taken_in > 0 && over == taken_in && in_flight == 0 && turns == 0;
}

std::string FaultTest::Calls::Text() const {
  return std::to_string(handlers_begun) + " handlers begun, " + std::to_string(handlers_done) + " done, " + std::to_string(taken_in) +
         " calls taken in, " + std::to_string(over) + " over, " + std::to_string(in_flight) + " in flight, " +
         std::to_string(turns) + " turns";
}

int64_t FaultTest::LongTimersPhases() {
  const std::string page = MetricsPage(), family = "rota_loop_phase_duration_seconds", phase = "phase=\"timers\"";
  return Sum(page, family + "_count", phase) - Sum(page, family + "_bucket", phase + "," + kLongPhase);
}

Held FaultTest::Measure() {
  Held held;
  const std::string proc = "/proc/" + std::to_string(process().pid());
  std::ifstream status(proc + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) held.resident_kib = std::stoll(line.substr(6));
    if (line.rfind("RssFile:", 0) == 0) held.file_kib = std::stoll(line.substr(8));
  }
  std::error_code error;
  const std::filesystem::directory_iterator descriptors(proc + "/fd", error);
  held.descriptors = std::distance(begin(descriptors), end(descriptors));
  return held;
}

std::string FaultTest::MetricsPage() { return HttpGet(server_.admin, "/metrics"); }

int64_t FaultTest::Sum(const std::string& metrics, const std::string& family, const std::string& label) {
  std::istringstream page(metrics);
  int64_t sum = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind(family, 0) != 0 || (line[family.size()] != '{' && line[family.size()] != ' ')) continue;
    if (line.find(label) == std::string::npos) continue;
    sum += static_cast<int64_t>(std::stod(line.substr(line.rfind(' '))));
  }
  return sum;
}

bool FaultTest::Eventually(const std::function<bool()>& holds) {
  const auto end = Clock::now() + kRecovery;
  while (!holds()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

}  // namespace rota::faults
