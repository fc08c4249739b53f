#include "framework/transport/native/stream_history.h"

#include "gtest/gtest.h"

namespace rota::native {
namespace {

TEST(StreamHistoryTest, APeerThatHasEndedAStreamMustSendNothingMore) {
  StreamHistory history;
  history.OnEndedByPeer(1);
  EXPECT_TRUE(history.ForbidsData(1));
  EXPECT_TRUE(history.ForbidsHeaders(1));
}

TEST(StreamHistoryTest, APeerWhoseStreamWasResetMayNotHaveHeardOfIt) {
  StreamHistory history;
  history.OnResetHere(1);
  EXPECT_FALSE(history.ForbidsData(1));
  EXPECT_FALSE(history.ForbidsHeaders(1));
}

TEST(StreamHistoryTest, AStreamThatWasNeverOpenedCannotBeOpenedAfterALaterOne) {
  StreamHistory history;
  EXPECT_TRUE(history.ForbidsHeaders(3));
  EXPECT_FALSE(history.ForbidsData(3));
}

TEST(StreamHistoryTest, WhatIsForgottenIsLetThrough) {
  StreamHistory history;
  for (int32_t i = 0; i < static_cast<int32_t>(StreamHistory::kRemembered) + 1; ++i) {
    history.OnEndedByPeer(100 + 2 * i);
    history.OnResetHere(101 + 2 * i);
  }
  EXPECT_FALSE(history.ForbidsData(100));
  EXPECT_TRUE(history.ForbidsData(102));
  EXPECT_FALSE(history.ForbidsHeaders(101));
  EXPECT_FALSE(history.ForbidsHeaders(99));
  EXPECT_TRUE(history.ForbidsHeaders(102));
}

}  // namespace
}  // namespace rota::native
