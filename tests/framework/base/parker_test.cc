#include "framework/base/parker.h"

#include <thread>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(ParkerTest, AnUnparkThatComesFirstIsNotLost) {
  Parker parker;
  parker.Unpark();
  parker.Park();
}

TEST(ParkerTest, EachUnparkLetsOneParkReturnAndShowsWhatWasWrittenBefore) {
  constexpr int kTurns = 1000;
  Parker ours, theirs;
  // Plain: ThreadSanitizer would tell if the order were not kept.
  int turns = 0;
  std::thread other([&] {
    for (int i = 0; i < kTurns; ++i) {
      theirs.Park();
      ++turns;
      ours.Unpark();
    }
  });
  for (int i = 0; i < kTurns; ++i) {
    theirs.Unpark();
    ours.Park();
    EXPECT_EQ(turns, i + 1);
  }
  other.join();
}

}  // namespace
}  // namespace rota
