#include "framework/transport/native/stream_history.h"

#include "gtest/gtest.h"

namespace rota::native {
namespace {

TEST(StreamHistoryTest, APeerThatHasEndedAStreamMustSendNothingMore) {
  StreamHistory history;
  history.OnHeaders(1);
  EXPECT_FALSE(history.ForbidsData(1));
  history.OnEndedByPeer(1);
  EXPECT_TRUE(history.ForbidsData(1));
  EXPECT_TRUE(history.ForbidsHeaders(1, false));
  EXPECT_TRUE(history.ForbidsHeaders(1, true)) << "nghttp2 has not seen the reset yet";
}

TEST(StreamHistoryTest, APeerWhoseStreamWasResetMayNotHaveHeardOfIt) {
  StreamHistory history;
  history.OnHeaders(1);
  history.OnResetHere(1);
  EXPECT_FALSE(history.ForbidsData(1));
  EXPECT_FALSE(history.ForbidsHeaders(1, false));
}

TEST(StreamHistoryTest, TrailersOfAnOpenStreamAreAllowed) {
  StreamHistory history;
  history.OnHeaders(1);
  history.OnHeaders(3);
  EXPECT_FALSE(history.ForbidsHeaders(1, true));
  EXPECT_FALSE(history.ForbidsHeaders(1, false)) << "it was opened by the same bytes";
}

TEST(StreamHistoryTest, AStreamThatWasNeverOpenedCannotBeOpenedAfterALaterOne) {
  StreamHistory history;
  EXPECT_FALSE(history.ForbidsHeaders(5, false));
  history.OnHeaders(5);
  EXPECT_TRUE(history.ForbidsHeaders(3, false));
  EXPECT_FALSE(history.ForbidsHeaders(7, false));
}

TEST(StreamHistoryTest, WhatIsForgottenIsLetThrough) {
  StreamHistory history;
  for (int32_t i = 0; i < static_cast<int32_t>(StreamHistory::kRemembered) + 1; ++i) {
    history.OnHeaders(101 + 4 * i);
    history.OnEndedByPeer(101 + 4 * i);
  }
  EXPECT_FALSE(history.ForbidsData(101));
  EXPECT_FALSE(history.ForbidsHeaders(101, false));
  EXPECT_FALSE(history.ForbidsHeaders(99, false));
  EXPECT_TRUE(history.ForbidsData(105));
  EXPECT_TRUE(history.ForbidsHeaders(105, false));
  EXPECT_TRUE(history.ForbidsHeaders(107, false));
}

}  // namespace
}  // namespace rota::native
