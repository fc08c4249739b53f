#include "framework/observe/process_collector.h"

#include <prometheus/collectable.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "framework/observe/families.h"
#include "framework/observe/open_files.h"

namespace rota {
namespace {

using observe::Families;

// The fields of /proc/self/stat that are used here; numbers as in proc(5).
struct ProcStat {
  double user_ticks = 0;         // 14
  double system_ticks = 0;       // 15
  double start_ticks = 0;        // 22, since boot
  double virtual_bytes = 0;      // 23
  double resident_pages = 0;     // 24
};

std::optional<ProcStat> ReadProcStat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The name of the program (2) may hold spaces and parentheses: count from behind its last one.
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  ProcStat stat;
  std::string field;
  for (int number = 3; number <= 24 && fields >> field; ++number) {
    if (number == 14) stat.user_ticks = std::stod(field);
    if (number == 15) stat.system_ticks = std::stod(field);
    if (number == 22) stat.start_ticks = std::stod(field);
    if (number == 23) stat.virtual_bytes = std::stod(field);
    if (number == 24) stat.resident_pages = std::stod(field);
  }
  return stat;
}

std::optional<double> ReadBootTime() {
  std::ifstream file("/proc/stat");
  std::string key;
  while (file >> key) {
    double seconds = 0;
    if (key == "btime" && file >> seconds) return seconds;
    std::getline(file, key);
  }
  return std::nullopt;
}

class ProcessCollector final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    if (const std::optional<ProcStat> stat = ReadProcStat()) {
      families.Counter("process_cpu_seconds_total", "User and system CPU time of the process.");
      families.Sample((stat->user_ticks + stat->system_ticks) / ticks_per_second);
      families.Gauge("process_resident_memory_bytes", "Memory of the process that is resident.");
      families.Sample(stat->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
      families.Gauge("process_virtual_memory_bytes", "Address space of the process.");
      families.Sample(stat->virtual_bytes);
      if (boot_time_) {
        families.Gauge("process_start_time_seconds", "When the process started, in seconds since 1970.");
        families.Sample(*boot_time_ + stat->start_ticks / ticks_per_second);
      }
    }
    if (const std::optional<size_t> open = observe::CountOpenFiles()) {
      families.Gauge("process_open_fds", "Open file descriptors.");
      families.Sample(static_cast<double>(*open));
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
      families.Gauge("process_max_fds", "How many file descriptors may be open.");
      families.Sample(static_cast<double>(limit.rlim_cur));
    }
    return std::move(families).Take();
  }

 private:
  // It stays, and Linux counts the interrupts of all cores for whoever reads it.
  const std::optional<double> boot_time_ = ReadBootTime();
};

}  // namespace

Collector NewProcessCollector() { return Collector(new ProcessCollector()); }

}  // namespace rota
