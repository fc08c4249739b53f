#include "framework/transport/grpcpp/calls_by_peer.h"

#include <gtest/gtest.h>

#include <vector>

#include "framework/base/ref.h"

namespace rota::grpcpp {
namespace {

TEST(CallsByPeerTest, AConnectionHasItsLimitAndNoOtherFeelsIt) {
  const auto calls = MakeRef<CallsByPeer>(3);
  std::vector<Ref<CallSlot>> slots;
  for (int i = 0; i < 3; ++i) slots.push_back(calls->Begin("127.0.0.1:1"));
  EXPECT_EQ(calls->Begin("127.0.0.1:1"), nullptr);
  Ref<CallSlot> other = calls->Begin("127.0.0.1:2");
  EXPECT_NE(other, nullptr);
  EXPECT_EQ(calls->calls(), 4u);
  slots.pop_back();
  slots.push_back(calls->Begin("127.0.0.1:1"));
  EXPECT_NE(slots.back(), nullptr);
  slots.clear();
  EXPECT_EQ(calls->peers(), 1u);
  other = nullptr;
  EXPECT_EQ(calls->peers(), 0u);
  EXPECT_EQ(calls->calls(), 0u);
}

TEST(CallsByPeerTest, PeersOverUnixSocketsAreNotTakenForOne) {
  const auto calls = MakeRef<CallsByPeer>(1);
  const Ref<CallSlot> first = calls->Begin("unix:"), second = calls->Begin("unix:");
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(calls->calls(), 2u);
  EXPECT_EQ(calls->peers(), 0u);
}

TEST(CallsByPeerTest, AHandlerMayOutliveTheServer) {
  auto calls = MakeRef<CallsByPeer>(1);
  Ref<CallSlot> slot = calls->Begin("127.0.0.1:1");
  calls = nullptr;
  slot = nullptr;
}

}  // namespace
}  // namespace rota::grpcpp
