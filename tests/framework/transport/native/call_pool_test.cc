#include "framework/transport/native/call_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "framework/base/pools.h"

namespace rota::native {
namespace {

class CallPoolTest : public testing::Test {
 protected:
  Ref<CallPool> pool_ = MakeRef<CallPool>();
};

TEST_F(CallPoolTest, CallsInUseAreApart) {
  std::vector<Ref<NativeCall>> calls;
  std::set<NativeCall*> apart;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(pool_->Take());
    apart.insert(calls.back().get());
  }
  EXPECT_EQ(apart.size(), 100u);
}

TEST_F(CallPoolTest, ACallThatIsOverIsUsedAgainAsNew) {
  if (!kPoolsKeep) GTEST_SKIP() << "the pool keeps nothing";
  Ref<NativeCall> call = pool_->Take();
  NativeCall* const address = call.get();
  call->start().path = "/a.B/C";
  call->start().metadata.Add("key", "value");
  call->start().deadline = TimePoint();
  call->submit_queued = call->delivery_queued = true;
  Ref<NativeCall> other = call;
  call = nullptr;
  // Not while anybody holds it.
  EXPECT_NE(pool_->Take().get(), address);
  pool_->Trim();
  other = nullptr;
  call = pool_->Take();
  ASSERT_EQ(call.get(), address);
  EXPECT_EQ(call->start().path, "");
  EXPECT_TRUE(call->start().metadata.empty());
  EXPECT_EQ(call->start().deadline, kNoDeadline);
  EXPECT_FALSE(call->submit_queued || call->delivery_queued || call->refused() || call->remote_ended());
  EXPECT_TRUE(call->closed());
}

TEST_F(CallPoolTest, CallsMayOutliveWhoeverMadeThePool) {
  Ref<NativeCall> call = pool_->Take();
  pool_ = nullptr;
  call->start().path = "/a.B/C";
  call = nullptr;
}

TEST_F(CallPoolTest, MoreThanItKeepsIsFreedAndATrimmedPoolGoesOn) {
  std::vector<Ref<NativeCall>> calls;
  for (size_t i = 0; i < CallPool::kKeep + 100; ++i) calls.push_back(pool_->Take());
  calls.clear();
  pool_->Trim();
  pool_->Trim();
  EXPECT_TRUE(pool_->Take()->closed());
}

TEST_F(CallPoolTest, TrimsInParts) {
  if (!kPoolsKeep) GTEST_SKIP() << "the pool keeps nothing";
  std::vector<Ref<NativeCall>> calls;
  for (size_t i = 0; i < 5; ++i) calls.push_back(pool_->Take());
  calls.clear();
  EXPECT_TRUE(pool_->Trim(2));
  EXPECT_TRUE(pool_->Trim(2));
  EXPECT_FALSE(pool_->Trim(2));
  EXPECT_FALSE(pool_->Trim(2));
}

}  // namespace
}  // namespace rota::native
