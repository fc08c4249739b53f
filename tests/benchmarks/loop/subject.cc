#include "tests/benchmarks/loop/subject.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace rota::bench {

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t pages = 0;
  size_t resident = 0;
  statm >> pages >> resident;
  Check(statm.good(), "/proc/self/statm cannot be read");
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

double CpuWatch::Now() {
  timespec time{};
  Check(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "the processor time cannot be read");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

int ListeningSocket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Check(fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 && listen(fd, 1) == 0,
        "cannot listen");
  return fd;
}

size_t JobThreads() { return std::max<size_t>(2, std::thread::hardware_concurrency()); }

Posters::Posters(uint64_t count, size_t threads, const std::function<void()>& post) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([post, share = count / threads] {
      for (uint64_t n = 0; n < share; ++n) post();
    });
  }
}

void AnnouncePort(uint16_t port) {
  std::printf("{\"port\": %u}\n", unsigned{port});
  std::fflush(stdout);
}

void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

int RunSubject(int argc, char** argv, const std::map<std::string, Benchmark>& benchmarks) {
  const auto found = argc == 3 ? benchmarks.find(argv[1]) : benchmarks.end();
  const uint64_t count = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (found == benchmarks.end() || count == 0) {
    std::fprintf(stderr, "usage: %s BENCH COUNT, where BENCH is one of:", argv[0]);
    for (const auto& [name, benchmark] : benchmarks) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  const Result result = found->second(count);
  std::printf("{\"operations\": %llu, \"amount\": %.9f}\n", static_cast<unsigned long long>(result.operations),
              result.amount);
  return 0;
}

}  // namespace rota::bench
