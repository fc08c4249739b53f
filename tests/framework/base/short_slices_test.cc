#include "framework/base/short_slices.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <thread>

namespace rota {
namespace {

// What Linux says in /proc of the calling thread; 0 where it does not say it.
double SliceNs() {
  std::ifstream file("/proc/thread-self/sched");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("se.slice", 0) == 0) return std::stod(line.substr(line.find(':') + 1));
  }
  return 0;
}

TEST(ShortSlicesTest, AreForTheThreadThatTakesThemAndNotForThoseItStarts) {
  double before = 0, taken = 0, of_another = 0;
  std::thread([&] {
    before = SliceNs();
    TakeShortSlices();
    // Again changes nothing.
    TakeShortSlices();
    taken = SliceNs();
    std::thread([&] { of_another = SliceNs(); }).join();
  }).join();
  if (before == 0) GTEST_SKIP() << "this Linux does not tell the slice of a thread";
  if (taken == before) GTEST_SKIP() << "this Linux knows one length of slices";
  EXPECT_EQ(taken, 100'000);
  EXPECT_EQ(of_another, before);
}

}  // namespace
}  // namespace rota
