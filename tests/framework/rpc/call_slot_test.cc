#include "framework/rpc/call_slot.h"

#include <gtest/gtest.h>

namespace rota {
namespace {

class CallSlotTest : public testing::Test {
 protected:
  Ref<CallSlot> Slot(const Ref<CallCount>& connection) { return MakeRef<CallSlot>(server_, connection); }

  Ref<CallCount> server_ = MakeRef<CallCount>();
  Ref<CallCount> one_ = MakeRef<CallCount>();
  Ref<CallCount> other_ = MakeRef<CallCount>();
};

TEST_F(CallSlotTest, ACallCountsForItsConnectionAndItsServer) {
  const Ref<CallSlot> a = Slot(one_), b = Slot(one_), c = Slot(other_);
  EXPECT_EQ(one_->count(), 2u);
  EXPECT_EQ(other_->count(), 1u);
  EXPECT_EQ(server_->count(), 3u);
}

TEST_F(CallSlotTest, ItCountsOnceUntilTheLastOfThoseWhoHoldItLetsGo) {
  Ref<CallSlot> stream = Slot(one_);
  // As the RPC layer holds it.
  Ref<RefCounted> handler = stream;
  EXPECT_EQ(server_->count(), 1u);
  stream = nullptr;
  EXPECT_EQ(server_->count(), 1u);
  EXPECT_EQ(one_->count(), 1u);
  handler = nullptr;
  EXPECT_EQ(server_->count(), 0u);
  EXPECT_EQ(one_->count(), 0u);
}

TEST_F(CallSlotTest, ItMayOutliveItsConnection) {
  Ref<CallSlot> slot = Slot(one_);
  one_ = nullptr;
  EXPECT_EQ(server_->count(), 1u);
  slot = nullptr;
  EXPECT_EQ(server_->count(), 0u);
}

}  // namespace
}  // namespace rota
