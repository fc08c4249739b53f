// The loop of Rota, through its public interface.
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "framework/loop/asio.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/refs.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"
#include "tests/benchmarks/loop/rota_work.h"
#include "tests/benchmarks/loop/subject.h"

namespace rota::bench {
namespace {

using boost::asio::ip::tcp;
using std::chrono::milliseconds;

// Of work that checks itself.
template <typename Work>
Result CpuOf(uint64_t count) {
  Subject subject;
  Work work(subject.loop);
  const CpuWatch watch;
  work.Run(count);
  return {count, watch.Seconds()};
}

template <typename Open>
Result TimersCancel(uint64_t count) {
  Subject subject;
  Deadlines<Open> deadlines(subject.loop);
  const CpuWatch watch;
  deadlines.Run(count);
  const double seconds = watch.Seconds();
  deadlines.Finish();
  return {count, seconds};
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

struct EchoServer {
  void Accept() {
    acceptor.async_accept(OnLoop(loop, [this](boost::system::error_code error, tcp::socket socket) {
      Check(!error, "accept failed");
      socket.non_blocking(true);
      socket.set_option(tcp::no_delay(true));
      connections.push_back(std::make_unique<EchoConnection>(loop, socket.release(), echoed));
      connections.back()->Wait();
      if (connections.size() < expected) Accept();
    }));
  }
  EventLoop& loop;
  const uint64_t expected;
  tcp::acceptor acceptor{IoContext(loop), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::vector<std::unique_ptr<EchoConnection>> connections{};
  EchoCount echoed{loop};
};

Result Echo(uint64_t connections) {
  Subject subject;
  EchoServer server{subject.loop, connections};
  server.Accept();
  AnnouncePort(server.acceptor.local_endpoint().port());
  const Stopwatch watch;
  subject.loop.Run();
  return {server.echoed.messages(), watch.Seconds()};
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

}  // namespace
}  // namespace rota::bench

int main(int argc, char** argv) {
  using namespace rota::bench;
  return RunSubject(argc, argv,
                    {
                        {"immediates", CpuOf<ImmediateChain>},
                        {"immediates_io", CpuOf<ListeningImmediateChain>},
                        {"ticks", CpuOf<TickRounds>},
                        {"timers_fire", CpuOf<FiringTimers>},
                        {"timers_cancel", TimersCancel<OpenDeadline>},
                        {"timeouts_cancel", TimersCancel<OpenTimeout>},
                        {"post_1", [](uint64_t count) { return PostFrom(1, count); }},
                        {"post_4", [](uint64_t count) { return PostFrom(4, count); }},
                        {"job_1", [](uint64_t count) { return Jobs(1, count); }},
                        {"job_64", [](uint64_t count) { return Jobs(64, count); }},
                        {"echo", Echo},
                        {"idle_iteration", [](uint64_t count) { return IdleIteration(count, false); }},
                        {"idle_iteration_io", [](uint64_t count) { return IdleIteration(count, true); }},
                        {"timer_bytes", TimerBytes},
                    });
}
