#include "framework/base/check.h"

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(CheckTest, WhatHoldsDoesNothing) {
  int evaluated = 0;
  ROTA_CHECK(++evaluated == 1, "counts once");
  EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, ABrokenInvariantStopsTheProcessAndSaysWhatAndWhere) {
  EXPECT_DEATH(ROTA_CHECK(1 + 1 == 3, "sums are right"), "check_test.cc.*1 \\+ 1 == 3.*sums are right");
}

}  // namespace
}  // namespace rota
