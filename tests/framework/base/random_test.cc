#include "framework/base/random.h"

#include <bit>
#include <cstdint>
#include <set>
#include <thread>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(RandomTest, NumbersDoNotRepeat) {
  Random random;
  std::set<uint64_t> seen;
  for (int i = 0; i < 100'000; ++i) EXPECT_TRUE(seen.insert(random.Next()).second);
}

TEST(RandomTest, EveryBitIsSetAboutHalfOfTheTime) {
  Random random;
  int ones[64] = {};
  for (int i = 0; i < 10'000; ++i) {
    for (uint64_t bits = random.Next(); bits != 0; bits &= bits - 1) ++ones[std::countr_zero(bits)];
  }
  // Ten standard deviations, of which each is 50.
  for (const int count : ones) {
    EXPECT_GT(count, 4500);
    EXPECT_LT(count, 5500);
  }
}

TEST(RandomTest, EachThreadHasOneOfItsOwn) {
  const uint64_t mine = Random::ForThread().Next();
  Random* const here = &Random::ForThread();
  std::thread([&] {
    EXPECT_NE(&Random::ForThread(), here);
    EXPECT_NE(Random::ForThread().Next(), mine);
  }).join();
}

}  // namespace
}  // namespace rota
