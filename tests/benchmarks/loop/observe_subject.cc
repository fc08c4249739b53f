// What it costs that the loop measures itself: two loops in one process, one of which does not, take turns at the same work in
// slices of a few milliseconds. What disturbs the machine lasts longer, and so disturbs both.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/loop/operation.h"
#include "framework/loop/refs.h"
#include "tests/benchmarks/loop/rota_work.h"
#include "tests/benchmarks/loop/subject.h"

namespace rota::bench {
namespace {

// Long against a reading of the clock and the begin of the work, short against what disturbs.
constexpr double kSliceSeconds = 0.003;
// Both loops are made anew so often, one time the one first, one time the other, and with other addresses in the heap and on the
// stack: where memory lies makes a difference, too, now and then of several percent.
constexpr uint64_t kLifetimes = 16;
constexpr int64_t kLargestGap = 4096;

// Does `operations`, checks that it did, and returns the processor time in seconds.
using Work = std::function<double(uint64_t operations)>;
using MakeWork = std::function<Work(bool measures)>;

void CheckMeasures(const EventLoop& loop, bool measures) {
  Check((loop.stats().iteration_duration.sum() > Duration::zero()) == measures, "a loop measures that should not, or does not");
}

// Work of rota_work.h.
template <typename T>
Work On(bool measures) {
  struct Side {
    explicit Side(bool measures) : subject(measures) {}
    Subject subject;
    T work{subject.loop};
  };
  return [measures, side = std::make_shared<Side>(measures)](uint64_t operations) {
    const CpuWatch watch;
    side->work.Run(operations);
    const double seconds = watch.Seconds();
    CheckMeasures(side->subject.loop, measures);
    return seconds;
  };
}

// Two ends of a connection over TCP.
std::pair<int, int> Connect() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  Check(bind(listener, name, size) == 0 && listen(listener, 1) == 0 && getsockname(listener, name, &size) == 0, "cannot listen");
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  Check(connect(client, name, size) == 0, "cannot connect");
  const int server = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  Check(server >= 0, "cannot accept");
  close(listener);
  const int on = 1;
  for (const int fd : {client, server}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return {server, client};
}

// Connections whose other ends are here as well; what those do is not counted.
class Echoes {
 public:
  Echoes(EventLoop& loop, size_t connections) : loop_(loop) {
    for (size_t i = 0; i < connections; ++i) {
      const auto [server, client] = Connect();
      clients_.push_back(client);
      servers_.push_back(std::make_unique<EchoConnection>(loop, server, echoed_));
      servers_.back()->Wait();
    }
  }
  ~Echoes() {
    echoed_.stop_at = UINT64_MAX;
    for (const int fd : clients_) close(fd);
    loop_.Run();
  }

  double Run(uint64_t operations) {
    double seconds = 0;
    std::array<char, kMessageBytes> message{};
    for (uint64_t done = 0; done < operations; done += clients_.size()) {
      echoed_.stop_at = echoed_.messages() + clients_.size();
      for (const int fd : clients_) Check(send(fd, message.data(), message.size(), 0) == kMessageBytes, "a message was not sent");
      const CpuWatch watch;
      loop_.Run();
      Check(echoed_.messages() == echoed_.stop_at, "some messages did not go back");
      seconds += watch.Seconds();
      for (const int fd : clients_) Check(recv(fd, message.data(), message.size(), MSG_WAITALL) == kMessageBytes, "an echo did not come");
    }
    return seconds;
  }

 private:
  EventLoop& loop_;
  EchoCount echoed_{loop_};
  std::vector<int> clients_;
  std::vector<std::unique_ptr<EchoConnection>> servers_;
};

Work Echo(size_t connections, bool measures) {
  struct Side {
    Side(size_t connections, bool measures) : subject(measures), echoes(subject.loop, connections) {}
    Subject subject;
    Echoes echoes;
  };
  return [measures, side = std::make_shared<Side>(connections, measures)](uint64_t operations) {
    const double seconds = side->echoes.Run(operations);
    CheckMeasures(side->subject.loop, measures);
    return seconds;
  };
}

// The ref of an operation that is outstanding: counted, and in the ledger of what keeps the loop alive.
Work Refs() {
  auto subject = std::make_shared<Subject>();
  return [subject](uint64_t operations) {
    EventLoop& loop = subject->loop;
    const CpuWatch watch;
    for (uint64_t i = 0; i < operations; ++i) {
      const Operation operation(loop, RefKind::kIo);
      Check(loop.refs().total() == 1, "an operation is no ref");
    }
    return watch.Seconds();
  };
}

// Counted only.
Work RefsWithoutLedger() {
  return [](uint64_t operations) {
    RefCounts refs;
    const CpuWatch watch;
    for (uint64_t i = 0; i < operations; ++i) {
      refs.Add(RefKind::kIo);
      // As far from the compiler's sight as an operation is.
      asm volatile("" : : "r"(&refs) : "memory");
      Check(refs.total() == 1, "an operation is no ref");
      refs.Remove(RefKind::kIo);
    }
    return watch.Seconds();
  };
}

// How many operations take about a slice: a multiple of 1000.
uint64_t OperationsPerSlice(const Work& work) {
  uint64_t operations = 1000;
  while (work(operations) < kSliceSeconds) operations += std::max<uint64_t>(1000, operations / 2000 * 1000);
  return operations;
}

// Prints the processor time in seconds of the loop that measures and of the one that does not, of two slices each: A B B A, so
// that what grows slowly takes as much from both.
void Compare(const MakeWork& make, uint64_t pairs) {
  const uint64_t operations = OperationsPerSlice(make(false));
  std::printf("{\"operations\": %llu, \"pairs\": [", static_cast<unsigned long long>(2 * operations));
  Random random;
  uint64_t done = 0;
  for (uint64_t life = 1; life <= kLifetimes; ++life) {
    const auto gap = static_cast<size_t>(random.Between(1, kLargestGap));
    const std::unique_ptr<char[]> in_heap(new char[gap]);
    char* const on_stack = static_cast<char*>(__builtin_alloca(gap));
    asm volatile("" : : "r"(on_stack), "r"(in_heap.get()) : "memory");
    std::array<Work, 2> works;
    for (const uint64_t side : {life % 2, (life + 1) % 2}) works[side] = make(side == 1);
    for (const Work& work : works) work(operations);
    for (; done < pairs * life / kLifetimes; ++done) {
      const size_t first = static_cast<size_t>(random.Between(0, 1));
      std::array<double, 2> seconds{};
      for (const size_t side : {first, 1 - first, 1 - first, first}) seconds[side] += works[side](operations);
      std::printf("%s[%.9f, %.9f]", done == 0 ? "" : ", ", seconds[1], seconds[0]);
    }
  }
  std::printf("]}\n");
}

const std::map<std::string, MakeWork> kBenchmarks = {
    {"immediates", On<ImmediateChain>},
    {"immediates_io", On<ListeningImmediateChain>},
    {"ticks", On<TickRounds>},
    {"timers_fire", On<FiringTimers>},
    {"timers_cancel", On<Deadlines<OpenDeadline>>},
    {"echo_1", [](bool measures) { return Echo(1, measures); }},
    {"echo_100", [](bool measures) { return Echo(100, measures); }},
    {"refs", [](bool measures) { return measures ? Refs() : RefsWithoutLedger(); }},
};

}  // namespace
}  // namespace rota::bench

int main(int argc, char** argv) {
  using namespace rota::bench;
  const auto found = argc == 3 ? kBenchmarks.find(argv[1]) : kBenchmarks.end();
  const uint64_t pairs = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (found == kBenchmarks.end() || pairs == 0) {
    std::fprintf(stderr, "usage: %s BENCH PAIRS, where BENCH is one of:", argv[0]);
    for (const auto& [name, make] : kBenchmarks) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  Compare(found->second, pairs);
  return 0;
}
