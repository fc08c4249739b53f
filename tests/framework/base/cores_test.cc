#include "framework/base/cores.h"

#include <sched.h>

#include <thread>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(CoresTest, AThreadThatIsHeldToACoreMayRunOnOne) {
  const size_t before = UsableCores();
  EXPECT_GE(before, 1u);
  std::thread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_EQ(UsableCores(), 1u);
  }).join();
  EXPECT_EQ(UsableCores(), before);
}

}  // namespace
}  // namespace rota
