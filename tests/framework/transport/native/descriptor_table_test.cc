#include "framework/transport/native/descriptor_table.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace rota::native {
namespace {

// "FDSize" in proc(5): the places that the system has made for descriptors of this process.
size_t DescriptorPlaces() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("FDSize:", 0) == 0) return std::stoul(line.substr(7));
  }
  return 0;
}

int NextDescriptor() {
  const int fd = eventfd(0, EFD_CLOEXEC);
  close(fd);
  return fd;
}

TEST(DescriptorTableTest, TheSystemIsToldBeforeThatManyMayCome) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  // As few as the process may have, if that is less.
  const rlimit few{.rlim_cur = 2000, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const int next = NextDescriptor();
  ASSERT_LT(DescriptorPlaces(), 2000u);
  ReserveDescriptors();
  EXPECT_GE(DescriptorPlaces(), 2000u);
  EXPECT_LT(DescriptorPlaces(), 4096u);
  setrlimit(RLIMIT_NOFILE, &old);
  ReserveDescriptors();
  EXPECT_GE(DescriptorPlaces(), std::min<size_t>(old.rlim_cur, kReservedDescriptors));
  EXPECT_EQ(NextDescriptor(), next) << "one is left open";
}

}  // namespace
}  // namespace rota::native
