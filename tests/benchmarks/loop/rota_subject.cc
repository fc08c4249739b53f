// The loop of Rota, through its public interface.
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/base/steady_clock.h"
#include "framework/loop/asio.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/operation.h"
#include "framework/loop/readiness.h"
#include "framework/loop/refs.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"
#include "tests/benchmarks/loop/subject.h"

namespace rota::bench {
namespace {

using boost::asio::ip::tcp;
using std::chrono::milliseconds;

// Whether the loop measures itself: always, but for the benchmark of what that costs.
bool measures = true;

struct Subject {
  SteadyClock clock;
  EventLoop loop{clock, {.measure = measures}};
};

// What every server has, and what makes poll ask the operating system.
struct Listener {
  explicit Listener(EventLoop& loop) : readiness(loop, ListeningSocket()) {
    readiness.WaitReadable([] { Fail("somebody connects"); });
  }
  Readiness readiness;
};

struct ImmediateChain {
  void Next() {
    if (++ran < count) {
      loop.SetImmediate([this] { Next(); });
    } else {
      loop.Stop();
    }
  }
  EventLoop& loop;
  const uint64_t count;
  uint64_t ran = 0;
};

Result Immediates(uint64_t count, bool listens) {
  Subject subject;
  ImmediateChain chain{subject.loop, count};
  std::optional<Listener> listener;
  if (listens) listener.emplace(subject.loop);
  subject.loop.SetImmediate([&] { chain.Next(); });
  const CpuWatch watch;
  subject.loop.Run();
  return {chain.ran, watch.Seconds()};
}

struct TickRounds {
  void Round() {
    for (uint64_t i = 0; i < kTicksPerCallback; ++i) loop.NextTick([this] { ++ran; });
    if (ran + kTicksPerCallback < count) loop.SetImmediate([this] { Round(); });
  }
  EventLoop& loop;
  const uint64_t count;
  uint64_t ran = 0;
};

Result Ticks(uint64_t count) {
  Subject subject;
  TickRounds rounds{subject.loop, count};
  subject.loop.SetImmediate([&] { rounds.Round(); });
  const CpuWatch watch;
  subject.loop.Run();
  return {rounds.ran, watch.Seconds()};
}

Result TimersFire(uint64_t count) {
  Subject subject;
  Random random{};
  uint64_t fired = 0;
  const CpuWatch watch;
  for (uint64_t i = 0; i < count; ++i) {
    subject.loop.SetTimeout(milliseconds(FiringDelay(random)), [&fired] { ++fired; });
  }
  subject.loop.Run();
  return {fired, watch.Seconds()};
}

struct Deadlines {
  void Round() {
    for (uint64_t i = 0; i < kStartsPerCallback; ++i, ++started) {
      if (started % kStartsPerExpiry == 0) {
        loop.SetTimeout(milliseconds(ExpiryDelay(random)), [this] { ++fired; });
        continue;
      }
      Timer& slot = open[started % kOpenDeadlines];
      Cancel(slot);
      slot = loop.SetTimeout(milliseconds(DeadlineDelay(random)), [this] { ++fired; });
    }
    if (started < count) {
      loop.SetImmediate([this] { Round(); });
      return;
    }
    seconds = watch.Seconds();
    for (Timer& timer : open) Cancel(timer);
  }
  void Cancel(Timer& timer) {
    if (!timer.is_armed()) return;
    timer.Clear();
    ++cancelled;
  }

  EventLoop& loop;
  const uint64_t count;
  Random random{};
  std::vector<Timer> open = std::vector<Timer>(kOpenDeadlines);
  CpuWatch watch{};
  uint64_t started = 0;
  uint64_t fired = 0;
  uint64_t cancelled = 0;
  double seconds = 0;
};

Result TimersCancel(uint64_t count) {
  Subject subject;
  Deadlines deadlines{subject.loop, count};
  subject.loop.SetImmediate([&] { deadlines.Round(); });
  subject.loop.Run();
  Check(deadlines.fired >= deadlines.started / kStartsPerExpiry, "deadlines that nobody cancelled did not fire");
  return {deadlines.fired + deadlines.cancelled, deadlines.seconds};
}

Result PostFrom(size_t threads, uint64_t count) {
  Subject subject;
  const Ref<Handle> handle = subject.loop.OpenHandle();
  uint64_t ran = 0;
  const Stopwatch watch;
  const Posters posters(count, threads, [&] {
    subject.loop.Post([&] {
      if (++ran == count) handle->Close();
    });
  });
  subject.loop.Run();
  return {ran, watch.Seconds()};
}

struct JobRounds;

class EmptyJob final : public Job {
 public:
  explicit EmptyJob(JobRounds& rounds) : rounds_(rounds) {}
  void Run() override {}
  void Done(const Status& status) override;

 private:
  JobRounds& rounds_;
};

struct JobRounds {
  WorkerPool& pool;
  const uint64_t count;
  uint64_t submitted = 0;
  uint64_t done = 0;

  void Submit(EmptyJob& job) {
    ++submitted;
    Check(pool.Submit(job).ok(), "a job was refused");
  }
};

void EmptyJob::Done(const Status& status) {
  Check(status.ok(), "a job failed");
  ++rounds_.done;
  if (rounds_.submitted < rounds_.count) rounds_.Submit(*this);
}

Result Jobs(size_t in_flight, uint64_t count) {
  Subject subject;
  WorkerPool pool(subject.loop, {.threads = JobThreads()});
  JobRounds rounds{pool, count};
  std::vector<std::unique_ptr<EmptyJob>> jobs;
  const Stopwatch watch;
  for (size_t i = 0; i < in_flight; ++i) rounds.Submit(*jobs.emplace_back(std::make_unique<EmptyJob>(rounds)));
  subject.loop.Run();
  return {rounds.done, watch.Seconds()};
}

struct EchoServer;

class EchoConnection {
 public:
  EchoConnection(EchoServer& server, int fd);
  void Wait() {
    readiness_.WaitReadable([this] { Echo(); });
  }

 private:
  void Echo();

  EchoServer& server_;
  Readiness readiness_;
  std::array<std::byte, kBufferBytes> buffer_;
};

struct EchoServer {
  void Accept() {
    acceptor.async_accept(OnLoop(loop, [this](boost::system::error_code error, tcp::socket socket) {
      Check(!error, "accept failed");
      socket.non_blocking(true);
      socket.set_option(tcp::no_delay(true));
      connections.push_back(std::make_unique<EchoConnection>(*this, socket.release()));
      connections.back()->Wait();
      if (connections.size() < expected) Accept();
    }));
  }
  EventLoop& loop;
  const uint64_t expected;
  tcp::acceptor acceptor{IoContext(loop), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::vector<std::unique_ptr<EchoConnection>> connections{};
  uint64_t echoed = 0;
};

EchoConnection::EchoConnection(EchoServer& server, int fd) : server_(server), readiness_(server.loop, fd) {}

void EchoConnection::Echo() {
  const ssize_t size = recv(readiness_.fd(), buffer_.data(), buffer_.size(), 0);
  if (size == 0) return readiness_.Close();
  Check(size > 0, "a read failed");
  Check(send(readiness_.fd(), buffer_.data(), static_cast<size_t>(size), MSG_NOSIGNAL) == size, "a write was short");
  server_.echoed += static_cast<uint64_t>(size);
  Wait();
}

Result Echo(uint64_t connections) {
  Subject subject;
  EchoServer server{subject.loop, connections};
  server.Accept();
  AnnouncePort(server.acceptor.local_endpoint().port());
  const Stopwatch watch;
  subject.loop.Run();
  return {server.echoed / kMessageBytes, watch.Seconds()};
}

Result IdleIteration(uint64_t count, bool listens) {
  Subject subject;
  std::optional<Listener> listener;
  if (listens) listener.emplace(subject.loop);
  // A timer that is far away, as a loop at work has; unref'd, so that poll does not wait for it.
  subject.loop.SetTimeout(std::chrono::hours(1), [] { Fail("the far timer fired"); }).SetRef(false);
  const uint64_t before = subject.loop.stats().iterations;
  // So that poll does not wait, as with UV_RUN_NOWAIT.
  subject.loop.Stop();
  const CpuWatch watch;
  for (uint64_t i = 0; i < count; ++i) subject.loop.RunOnce();
  return {subject.loop.stats().iterations - before, watch.Seconds()};
}

Result TimerBytes(uint64_t count) {
  Subject subject;
  Random random{};
  const size_t before = ResidentBytes();
  // Held, as a caller does who may cancel them.
  std::vector<Timer> timers;
  timers.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    timers.push_back(subject.loop.SetTimeout(milliseconds(DeadlineDelay(random)), [&subject] { subject.loop.Exit(1); }));
  }
  const size_t after = ResidentBytes();
  Check(subject.loop.refs().count(RefKind::kTimer) == count, "some timers are not armed");
  return {count, static_cast<double>(after - before)};
}

// The ref of an operation that is outstanding: counted, and in the ledger of what keeps the loop alive.
Result Refs(uint64_t count) {
  Subject subject;
  const CpuWatch watch;
  for (uint64_t i = 0; i < count; ++i) {
    const Operation operation(subject.loop, RefKind::kIo);
    Check(subject.loop.refs().total() == 1, "an operation is no ref");
  }
  return {count, watch.Seconds()};
}

// Counted only.
Result RefsWithoutLedger(uint64_t count) {
  RefCounts refs;
  const CpuWatch watch;
  for (uint64_t i = 0; i < count; ++i) {
    refs.Add(RefKind::kIo);
    // As far from the compiler's sight as an operation is.
    asm volatile("" : : "r"(&refs) : "memory");
    Check(refs.total() == 1, "an operation is no ref");
    refs.Remove(RefKind::kIo);
  }
  return {count, watch.Seconds()};
}

}  // namespace
}  // namespace rota::bench

int main(int argc, char** argv) {
  using namespace rota::bench;
  // A last word `unmeasured` leaves the measuring out.
  measures = argc < 2 || std::string_view(argv[argc - 1]) != "unmeasured";
  return RunSubject(measures ? argc : argc - 1, argv,
                    {
                        {"immediates", [](uint64_t count) { return Immediates(count, false); }},
                        {"immediates_io", [](uint64_t count) { return Immediates(count, true); }},
                        {"ticks", Ticks},
                        {"timers_fire", TimersFire},
                        {"timers_cancel", TimersCancel},
                        {"post_1", [](uint64_t count) { return PostFrom(1, count); }},
                        {"post_4", [](uint64_t count) { return PostFrom(4, count); }},
                        {"job_1", [](uint64_t count) { return Jobs(1, count); }},
                        {"job_64", [](uint64_t count) { return Jobs(64, count); }},
                        {"echo", Echo},
                        {"idle_iteration", [](uint64_t count) { return IdleIteration(count, false); }},
                        {"idle_iteration_io", [](uint64_t count) { return IdleIteration(count, true); }},
                        {"timer_bytes", TimerBytes},
                        {"refs", measures ? Refs : RefsWithoutLedger},
                    });
}
