#include "framework/observe/process_collector.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <prometheus/collectable.h>
#include <unistd.h>

#include <string>

#include "framework/observe/metrics_page.h"

namespace rota {
namespace {

// The value of the sample `name`, or -1 when the page does not have it.
double ValueOf(const std::string& name) {
  MetricsPage page;
  page.Add(NewProcessCollector());
  const std::string text = page.Text();
  const size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ProcessCollectorTest, OpenDescriptorsAreCountedWithoutTheOneThatCounts) {
  const double before = ValueOf("process_open_fds");
  ASSERT_GE(before, 0);
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(ValueOf("process_open_fds"), before + 1);
  close(fd);
  EXPECT_EQ(ValueOf("process_open_fds"), before);
}

TEST(ProcessCollectorTest, MemoryAndStartTimeAreThoseOfALiveProcess) {
  EXPECT_GT(ValueOf("process_resident_memory_bytes"), 100'000);
  EXPECT_GE(ValueOf("process_virtual_memory_bytes"), ValueOf("process_resident_memory_bytes"));
  EXPECT_GT(ValueOf("process_start_time_seconds"), 1e9);
  EXPECT_GE(ValueOf("process_cpu_seconds_total"), 0);
  EXPECT_GT(ValueOf("process_max_fds"), ValueOf("process_open_fds"));
}

}  // namespace
}  // namespace rota
