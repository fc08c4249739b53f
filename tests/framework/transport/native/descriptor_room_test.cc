#include "framework/transport/native/descriptor_room.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "framework/loop/asio.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "tests/glibc_heap.h"

namespace rota::native {
namespace {

using boost::asio::posix::stream_descriptor;

class DescriptorRoomTest : public testing::Test {
 protected:
  // What it takes from the heap to watch that many.
  size_t CostOf(size_t count) {
    std::vector<stream_descriptor> descriptors;
    descriptors.reserve(count);
    const size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < count; ++i) descriptors.emplace_back(IoContext(loop_), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    return mallinfo2().uordblks - before;
  }
  static int NextDescriptor() {
    const int fd = eventfd(0, EFD_CLOEXEC);
    close(fd);
    return fd;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  DescriptorRoom room_{loop_};
};

TEST_F(DescriptorRoomTest, WhatWasMadeBeforeCostsNothingWhenItIsNeeded) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  room_.Ensure(1);
  EXPECT_EQ(CostOf(DescriptorRoom::kAtOnce), 0u);
  // Beyond it lies what was never made.
  EXPECT_GE(CostOf(DescriptorRoom::kAtOnce + 10), 10u * 100);
}

TEST_F(DescriptorRoomTest, RowsGrowWithWhatThereIs) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  std::vector<stream_descriptor> watched;
  for (size_t open = 1; open <= 2 * DescriptorRoom::kAtOnce + 1; ++open) {
    room_.Ensure(open);
    watched.emplace_back(IoContext(loop_), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  }
  EXPECT_EQ(CostOf(2 * DescriptorRoom::kAtOnce - 1), 0u);
}

TEST_F(DescriptorRoomTest, MakesMoreOnlyForMoreThanThereEverWere) {
  if (!kGlibcHeap) GTEST_SKIP() << "the sanitizers bring a heap of their own";
  room_.Ensure(DescriptorRoom::kAtOnce);
  const size_t before = mallinfo2().uordblks;
  for (size_t open = 0; open <= DescriptorRoom::kAtOnce; ++open) room_.Ensure(open);
  EXPECT_EQ(mallinfo2().uordblks, before);
}

// "FDSize" in proc(5): the places that the system has made for descriptors of this process.
size_t DescriptorPlaces() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("FDSize:", 0) == 0) return std::stoul(line.substr(7));
  }
  return 0;
}

TEST_F(DescriptorRoomTest, TheSystemIsToldBeforeThatManyMayCome) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  // As few as the process may have, if that is less.
  const rlimit few{.rlim_cur = 2000, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const int next = NextDescriptor();
  ASSERT_LT(DescriptorPlaces(), 2000u);
  room_.Reserve();
  EXPECT_GE(DescriptorPlaces(), 2000u);
  EXPECT_LT(DescriptorPlaces(), 4096u);
  setrlimit(RLIMIT_NOFILE, &old);
  room_.Reserve();
  EXPECT_GE(DescriptorPlaces(), std::min<size_t>(old.rlim_cur, DescriptorRoom::kReserved));
  EXPECT_EQ(NextDescriptor(), next) << "one is left open";
}

TEST_F(DescriptorRoomTest, LeavesNoDescriptorOpen) {
  const int next = NextDescriptor();
  for (size_t open = 1; open < 1000; open += DescriptorRoom::kAtOnce) room_.Ensure(open);
  EXPECT_EQ(NextDescriptor(), next);
}

TEST_F(DescriptorRoomTest, WhatWasMadeServesRealDescriptors) {
  room_.Ensure(1);
  stream_descriptor descriptor(IoContext(loop_), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  bool ready = false;
  descriptor.async_wait(stream_descriptor::wait_read, OnLoop(loop_, [&](boost::system::error_code error) { ready = !error; }));
  EXPECT_FALSE(ready);
  const uint64_t one = 1;
  ASSERT_EQ(write(descriptor.native_handle(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
  loop_.Run();
  EXPECT_TRUE(ready);
}

}  // namespace
}  // namespace rota::native
