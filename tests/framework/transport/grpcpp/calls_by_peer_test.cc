#include "framework/transport/grpcpp/calls_by_peer.h"

#include <gtest/gtest.h>

#include <vector>

#include "framework/base/ref.h"

namespace rota::grpcpp {
namespace {

TEST(CallsByPeerTest, AConnectionHasItsLimitAndNoOtherFeelsIt) {
  const auto calls = MakeRef<CallsByPeer>(3);
  std::vector<Ref<CallSlot>> slots;
  for (int i = 0; i < 3; ++i) slots.push_back(calls->Begin(calls->Find("127.0.0.1:1")));
  EXPECT_EQ(calls->Begin(calls->Find("127.0.0.1:1")), nullptr);
  Ref<CallSlot> other = calls->Begin(calls->Find("127.0.0.1:2"));
  EXPECT_NE(other, nullptr);
  EXPECT_EQ(calls->calls(), 4u);
  slots.pop_back();
  slots.push_back(calls->Begin(calls->Find("127.0.0.1:1")));
  EXPECT_NE(slots.back(), nullptr);
  slots.clear();
  EXPECT_EQ(calls->peers(), 1u);
  other = nullptr;
  EXPECT_EQ(calls->peers(), 0u);
  EXPECT_EQ(calls->calls(), 0u);
}

TEST(CallsByPeerTest, PeersOverUnixSocketsAreNotTakenForOne) {
  const auto calls = MakeRef<CallsByPeer>(1);
  const Ref<CallSlot> first = calls->Begin(calls->Find("unix:")), second = calls->Begin(calls->Find("unix:"));
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(calls->calls(), 2u);
  EXPECT_EQ(calls->peers(), 0u);
}

TEST(CallsByPeerTest, CallsOfOneAddressShareTheirPeerWhileThereIsOne) {
  const auto calls = MakeRef<CallsByPeer>(1);
  {
    const Ref<CallsByPeer::Peer> peer = calls->Find("127.0.0.1:1");
    EXPECT_EQ(calls->Find("127.0.0.1:1"), peer);
    EXPECT_FALSE(calls->Find("127.0.0.1:2") == peer);
    EXPECT_EQ(calls->peers(), 1u);
  }
  EXPECT_EQ(calls->peers(), 0u);
  const Ref<CallsByPeer::Peer> unix_peer = calls->Find("unix:");
  EXPECT_FALSE(calls->Find("unix:") == unix_peer);
}

TEST(CallsByPeerTest, AHandlerMayOutliveTheServer) {
  auto calls = MakeRef<CallsByPeer>(1);
  Ref<CallSlot> slot = calls->Begin(calls->Find("127.0.0.1:1"));
  calls = nullptr;
  slot = nullptr;
}

}  // namespace
}  // namespace rota::grpcpp
