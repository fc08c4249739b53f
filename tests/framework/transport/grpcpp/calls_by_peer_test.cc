#include "framework/transport/grpcpp/calls_by_peer.h"

#include <gtest/gtest.h>

#include <vector>

#include "framework/rpc/transport.h"

namespace rota::grpcpp {
namespace {

TEST(CallsByPeerTest, AConnectionHasItsLimitAndNoOtherFeelsIt) {
  CallsByPeer calls;
  std::vector<CallsByPeer::Peer*> begun;
  for (uint32_t i = 0; i < kMaxCallsOfConnection; ++i) begun.push_back(calls.Begin("127.0.0.1:1"));
  EXPECT_NE(begun.back(), nullptr);
  EXPECT_EQ(calls.Begin("127.0.0.1:1"), nullptr);
  CallsByPeer::Peer* const other = calls.Begin("127.0.0.1:2");
  ASSERT_NE(other, nullptr);
  calls.End(*begun.back());
  EXPECT_EQ(calls.Begin("127.0.0.1:1"), begun.back());
  for (CallsByPeer::Peer* const peer : begun) calls.End(*peer);
  EXPECT_EQ(calls.peers(), 1u);
  calls.End(*other);
  EXPECT_EQ(calls.peers(), 0u);
}

TEST(CallsByPeerTest, PeersOverUnixSocketsAreNotTakenForOne) {
  CallsByPeer calls;
  for (uint32_t i = 0; i <= kMaxCallsOfConnection; ++i) ASSERT_NE(calls.Begin("unix:"), nullptr);
  EXPECT_EQ(calls.peers(), 0u);
}

}  // namespace
}  // namespace rota::grpcpp
