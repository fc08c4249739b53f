#include "framework/transport/coding/coding_turn.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/payload.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/coding/coding_queue.h"
#include "framework/transport/coding/compression.h"
#include "gtest/gtest.h"

namespace rota::coding {
namespace {

constexpr size_t kLimit = 4 << 20;

class CodingTurnTest : public testing::Test {
 protected:
  // Of a message each way.
  struct ToyCall {
    void Unpack(CodingQueue& queue, CodingQueue::Peer& peer, std::string_view compressed) {
      unpacking = std::make_unique<decltype(unpacking)::element_type>(*this, compressed, kLimit);
      queue.Add(*unpacking, peer);
    }
    void Pack(CodingQueue& queue, CodingQueue::Peer& peer, std::string_view message, PackingStates& states) {
      packing.emplace(*this, message, states);
      queue.Add(*packing, peer);
    }
    void OnUnpacked(StatusOr<Payload> result) {
      unpacking = nullptr;
      plain.emplace(std::move(result));
    }
    void OnPacked(std::optional<Payload> result) {
      packing.reset();
      packed = std::move(result);
      packed_told = true;
    }

    std::optional<StatusOr<Payload>> plain;
    std::optional<Payload> packed;
    bool packed_told = false;
    std::unique_ptr<CodingTurn<Unpacking, ToyCall, &ToyCall::OnUnpacked>> unpacking;
    std::optional<CodingTurn<Packing, ToyCall, &ToyCall::OnPacked>> packing;
  };

  static std::string Text() {
    std::string text;
    while (text.size() < 1 << 20) text += std::to_string(text.size());
    return text;
  }
  // How many steps it took.
  int RunAll() {
    int steps = 0;
    for (; !queue_.empty(); ++steps) queue_.Step();
    return steps;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  CodingQueue queue_{loop_};
  CodingQueue::Peer peer_;
  PackingStates states_;
  ToyCall call_;
  const std::string text_ = Text();
};

TEST_F(CodingTurnTest, AMessageIsPackedAndUnpackedInSteps) {
  call_.Pack(queue_, peer_, text_, states_);
  EXPECT_GT(RunAll(), 10);
  ASSERT_TRUE(call_.packed.has_value());
  EXPECT_LT(call_.packed->size(), text_.size());
  EXPECT_FALSE(call_.packing.has_value());
  call_.Unpack(queue_, peer_, call_.packed->view());
  EXPECT_GT(RunAll(), 5);
  ASSERT_TRUE(call_.plain.has_value() && call_.plain->ok());
  EXPECT_EQ((*call_.plain)->view(), text_);
  EXPECT_EQ(call_.unpacking, nullptr);
}

TEST_F(CodingTurnTest, WhatIsNoShorterAndWhatIsMalformedIsToldToo) {
  call_.Pack(queue_, peer_, "x", states_);
  call_.Unpack(queue_, peer_, "not gzip at all, but long enough to be");
  RunAll();
  EXPECT_TRUE(call_.packed_told);
  EXPECT_FALSE(call_.packed.has_value());
  ASSERT_TRUE(call_.plain.has_value());
  EXPECT_EQ(call_.plain->status().code(), StatusCode::kInternal);
}

TEST_F(CodingTurnTest, ACallThatEndsInTheMiddleHearsNothingAndLeavesNothing) {
  call_.Pack(queue_, peer_, text_, states_);
  EXPECT_FALSE(queue_.Step());
  call_.packing.reset();
  EXPECT_TRUE(queue_.empty());
  ToyCall other;
  other.Pack(queue_, peer_, text_, states_);
  RunAll();
  EXPECT_FALSE(call_.packed_told);
  ASSERT_TRUE(other.packed.has_value());
  EXPECT_EQ(Unpack(other.packed->view(), kLimit)->view(), text_);
}

}  // namespace
}  // namespace rota::coding
