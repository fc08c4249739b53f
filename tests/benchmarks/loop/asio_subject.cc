// Plain Boost.Asio: an io_context that one thread runs. What it has no counterpart of is missing (ticks).
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/benchmarks/loop/subject.h"

namespace rota::bench {
namespace {

using boost::asio::io_context;
using boost::asio::steady_timer;
using boost::asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using WorkGuard = boost::asio::executor_work_guard<io_context::executor_type>;

struct PostChain {
  void Next() {
    if (++ran == count) return io.stop();
    boost::asio::post(io, [this] { Next(); });
  }
  io_context& io;
  const uint64_t count;
  uint64_t ran = 0;
};

// What every server has.
struct Listener {
  explicit Listener(io_context& io) : acceptor(io, tcp::v4(), ListeningSocket()) {
    acceptor.async_accept([](error_code error, const tcp::socket&) { Check(!!error, "somebody connects"); });
  }
  tcp::acceptor acceptor;
};

Result Immediates(uint64_t count, bool listens) {
  io_context io(1);
  PostChain chain{io, count};
  std::optional<Listener> listener;
  if (listens) listener.emplace(io);
  boost::asio::post(io, [&] { chain.Next(); });
  const CpuWatch watch;
  io.run();
  return {chain.ran, watch.Seconds()};
}

Result TimersFire(uint64_t count) {
  io_context io(1);
  Random random{};
  uint64_t fired = 0;
  std::vector<steady_timer> timers;
  const CpuWatch watch;
  timers.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    timers.emplace_back(io, milliseconds(FiringDelay(random))).async_wait([&fired](error_code error) {
      if (!error) ++fired;
    });
  }
  io.run();
  return {fired, watch.Seconds()};
}

struct Deadlines {
  Deadlines(io_context& context, uint64_t starts) : io(context), count(starts) {
    for (uint64_t i = 0; i < kOpenDeadlines; ++i) open.emplace_back(io);
    for (uint64_t i = 0; i < count / kStartsPerExpiry + kStartsPerCallback; ++i) expiring.emplace_back(io);
  }
  void Start(steady_timer& timer, int64_t delay_ms) {
    timer.expires_after(milliseconds(delay_ms));
    timer.async_wait([this](error_code error) { ++(error ? cancelled : fired); });
  }
  void Round() {
    for (uint64_t i = 0; i < kStartsPerCallback; ++i, ++started) {
      if (started % kStartsPerExpiry == 0) {
        Start(expiring[started / kStartsPerExpiry], ExpiryDelay(random));
      } else {
        // A new time cancels the wait that is open.
        Start(open[started % kOpenDeadlines], DeadlineDelay(random));
      }
    }
    if (started < count) {
      boost::asio::post(io, [this] { Round(); });
      return;
    }
    seconds = watch.Seconds();
    for (steady_timer& timer : open) timer.cancel();
  }

  io_context& io;
  const uint64_t count;
  Random random{};
  std::vector<steady_timer> open;
  std::vector<steady_timer> expiring;
  CpuWatch watch{};
  uint64_t started = 0;
  uint64_t fired = 0;
  uint64_t cancelled = 0;
  double seconds = 0;
};

Result TimersCancel(uint64_t count) {
  io_context io(1);
  Deadlines deadlines(io, count);
  boost::asio::post(io, [&] { deadlines.Round(); });
  deadlines.watch = CpuWatch();
  io.run();
  Check(deadlines.fired >= deadlines.started / kStartsPerExpiry, "deadlines that nobody cancelled did not fire");
  return {deadlines.fired + deadlines.cancelled, deadlines.seconds};
}

Result PostFrom(size_t threads, uint64_t count) {
  io_context io;
  auto work = std::make_unique<WorkGuard>(io.get_executor());
  uint64_t ran = 0;
  const Stopwatch watch;
  const Posters posters(count, threads, [&] {
    boost::asio::post(io, [&] {
      if (++ran == count) work.reset();
    });
  });
  io.run();
  return {ran, watch.Seconds()};
}

struct JobRounds {
  void Submit() {
    ++submitted;
    boost::asio::post(pool, [this, guard = WorkGuard(io.get_executor())]() mutable {
      boost::asio::post(io, [this, held = std::move(guard)] {
        ++done;
        if (submitted < count) Submit();
      });
    });
  }
  io_context& io;
  boost::asio::thread_pool& pool;
  const uint64_t count;
  uint64_t submitted = 0;
  uint64_t done = 0;
};

Result Jobs(size_t in_flight, uint64_t count) {
  io_context io;
  boost::asio::thread_pool pool(JobThreads());
  JobRounds rounds{io, pool, count};
  const Stopwatch watch;
  for (size_t i = 0; i < in_flight; ++i) rounds.Submit();
  io.run();
  return {rounds.done, watch.Seconds()};
}

struct EchoServer;

class EchoConnection {
 public:
  EchoConnection(EchoServer& server, tcp::socket socket) : server_(server), socket_(std::move(socket)) {}
  void Read();

 private:
  EchoServer& server_;
  tcp::socket socket_;
  std::array<std::byte, kBufferBytes> buffer_;
};

struct EchoServer {
  void Accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      Check(!error, "accept failed");
      socket.non_blocking(true);
      socket.set_option(tcp::no_delay(true));
      connections.push_back(std::make_unique<EchoConnection>(*this, std::move(socket)));
      connections.back()->Read();
      if (connections.size() < expected) Accept();
    });
  }
  io_context& io;
  const uint64_t expected;
  tcp::acceptor acceptor{io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::vector<std::unique_ptr<EchoConnection>> connections{};
  uint64_t echoed = 0;
};

void EchoConnection::Read() {
  socket_.async_read_some(boost::asio::buffer(buffer_), [this](error_code error, size_t size) {
    if (error == boost::asio::error::eof) return socket_.close();
    Check(!error, "a read failed");
    Check(socket_.write_some(boost::asio::buffer(buffer_, size)) == size, "a write was short");
    server_.echoed += size;
    Read();
  });
}

Result Echo(uint64_t connections) {
  io_context io(1);
  EchoServer server{io, connections};
  server.Accept();
  AnnouncePort(server.acceptor.local_endpoint().port());
  const Stopwatch watch;
  io.run();
  return {server.echoed / kMessageBytes, watch.Seconds()};
}

Result IdleIteration(uint64_t count, bool listens) {
  io_context io(1);
  std::optional<Listener> listener;
  if (listens) listener.emplace(io);
  steady_timer far(io, std::chrono::hours(1));
  far.async_wait([](error_code error) { Check(!!error, "the far timer fired"); });
  size_t handlers = 0;
  const CpuWatch watch;
  for (uint64_t i = 0; i < count; ++i) handlers += io.poll();
  const double seconds = watch.Seconds();
  Check(handlers == 0, "an idle iteration ran a handler");
  return {count, seconds};
}

Result TimerBytes(uint64_t count) {
  io_context io(1);
  Random random{};
  const size_t before = ResidentBytes();
  std::vector<steady_timer> timers;
  timers.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    timers.emplace_back(io, milliseconds(DeadlineDelay(random))).async_wait([&io](error_code error) {
      if (!error) io.stop();
    });
  }
  return {timers.size(), static_cast<double>(ResidentBytes() - before)};
}

}  // namespace
}  // namespace rota::bench

int main(int argc, char** argv) {
  using namespace rota::bench;
  return RunSubject(argc, argv,
                    {
                        {"immediates", [](uint64_t count) { return Immediates(count, false); }},
                        {"immediates_io", [](uint64_t count) { return Immediates(count, true); }},
                        {"timers_fire", TimersFire},
                        {"timers_cancel", TimersCancel},
                        {"timeouts_cancel", TimersCancel},
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
