#include "framework/transport/grpcpp/calls_by_peer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "framework/base/ref.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota::grpcpp {
namespace {

class CallsByPeerTest : public testing::Test {
 protected:
  Ref<CallsByPeer> List(size_t most_of_peer, size_t most_known = 100) { return MakeRef<CallsByPeer>(loop_, most_of_peer, most_known); }

  ManualClock clock_;
  EventLoop loop_{clock_};
};

TEST_F(CallsByPeerTest, AConnectionHasItsLimitAndNoOtherFeelsIt) {
  const auto calls = List(3);
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

TEST_F(CallsByPeerTest, PeersOverUnixSocketsAreNotTakenForOne) {
  const auto calls = List(1);
  const Ref<CallSlot> first = calls->Begin(calls->Find("unix:")), second = calls->Begin(calls->Find("unix:"));
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(calls->calls(), 2u);
  EXPECT_EQ(calls->peers(), 0u);
}

TEST_F(CallsByPeerTest, CallsOfOneAddressShareTheirPeerWhileThereIsOne) {
  const auto calls = List(1);
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

TEST_F(CallsByPeerTest, AHandlerMayOutliveTheServer) {
  auto calls = List(1);
  Ref<CallSlot> slot = calls->Begin(calls->Find("127.0.0.1:1"));
  calls = nullptr;
  slot = nullptr;
}

TEST_F(CallsByPeerTest, CallsThatAreNotServedCountUntilTheyAreOver) {
  const auto calls = List(1, 3);
  const Ref<CallsByPeer::Peer> peer = calls->Find("127.0.0.1:1");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(peer->OnArrival());
  EXPECT_FALSE(peer->OnArrival());
  EXPECT_TRUE(peer->OnEnd(false));
  EXPECT_FALSE(peer->OnArrival());
  EXPECT_TRUE(peer->OnEnd(false));
  EXPECT_TRUE(peer->OnEnd(false));
  EXPECT_TRUE(peer->OnArrival());
}

TEST_F(CallsByPeerTest, ResetsHaveABudgetThatComesBackWithTime) {
  const auto calls = List(1);
  const Ref<CallsByPeer::Peer> peer = calls->Find("127.0.0.1:1"), other = calls->Find("127.0.0.1:2");
  const auto reset = [](const Ref<CallsByPeer::Peer>& whose) {
    EXPECT_TRUE(whose->OnArrival());
    return whose->OnEnd(true);
  };
  for (int i = 0; i < 10000; ++i) ASSERT_TRUE(reset(peer)) << i;
  EXPECT_FALSE(reset(peer));
  EXPECT_TRUE(reset(other));
  // Calls that end well need none.
  EXPECT_TRUE(peer->OnArrival());
  EXPECT_TRUE(peer->OnEnd(false));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(reset(peer));
}

class ResetsTest : public CallsByPeerTest {
 protected:
  // Of a call that is the only one of its peer.
  bool Reset(const std::string& address) {
    const Ref<CallsByPeer::Peer> peer = calls_->Find(address);
    EXPECT_TRUE(peer->OnArrival());
    resets_.Add(peer);
    return peer->OnEnd(true);
  }
  void ResetSome(const std::string& address, size_t count) {
    for (size_t i = 0; i < count; ++i) ASSERT_TRUE(Reset(address)) << i;
  }

  const Ref<CallsByPeer> calls_ = List(1);
  CallsByPeer::Resets resets_;
};

TEST_F(ResetsTest, WhoResetsWithoutEndRunsOutAlsoWithoutOtherCalls) {
  ResetSome("127.0.0.1:1", 10000);
  EXPECT_FALSE(Reset("127.0.0.1:1"));
  EXPECT_TRUE(Reset("127.0.0.1:2"));
}

TEST_F(ResetsTest, APeerIsLetGoOnceItsBudgetIsFullAgain) {
  ResetSome("127.0.0.1:1", 100);
  clock_.Advance(std::chrono::milliseconds(4999));
  ResetSome("127.0.0.1:1", 1);
  // Five seconds after it was first kept, but not after its last reset.
  clock_.Advance(std::chrono::milliseconds(1));
  ResetSome("127.0.0.1:2", 1);
  EXPECT_EQ(calls_->peers(), 2u);
  clock_.Advance(std::chrono::seconds(5));
  ResetSome("127.0.0.1:3", 1);
  EXPECT_EQ(resets_.peers(), 1u);
  EXPECT_EQ(calls_->peers(), 1u);
}

TEST_F(ResetsTest, ManyThatAreDueAreLetGoALittleAtATime) {
  for (int i = 0; i < 1000; ++i) ResetSome("127.0.0.1:" + std::to_string(i), 1);
  clock_.Advance(std::chrono::seconds(5));
  ResetSome("127.0.0.2:1", 1);
  EXPECT_EQ(resets_.peers(), 999u);
  ResetSome("127.0.0.2:1", 499);
  EXPECT_EQ(resets_.peers(), 1u);
}

TEST_F(ResetsTest, NoMorePeersAreKeptThanTheBound) {
  for (size_t i = 0; i < 2 * CallsByPeer::Resets::kMost; ++i) {
    const std::string address = "127.0.0.1:" + std::to_string(i);
    ResetSome(address, 1);
    ASSERT_LE(resets_.peers(), CallsByPeer::Resets::kMost);
  }
  // The last ones.
  EXPECT_EQ(calls_->peers(), resets_.peers());
}

TEST_F(CallsByPeerTest, AFaultIsActedUponOnceInASecond) {
  const auto calls = List(1);
  const Ref<CallsByPeer::Peer> peer = calls->Find("127.0.0.1:1");
  EXPECT_TRUE(peer->OnFault());
  clock_.Advance(std::chrono::milliseconds(999));
  EXPECT_FALSE(peer->OnFault());
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(peer->OnFault());
}

}  // namespace
}  // namespace rota::grpcpp
