#include "framework/loop/context_slot.h"

#include <thread>

#include "framework/base/ref.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class Context final : public ContextBase {};

class ContextSlotTest : public testing::Test {
 protected:
  const Ref<ContextBase> a_ = MakeRef<Context>();
  const Ref<ContextBase> b_ = MakeRef<Context>();
};

TEST_F(ContextSlotTest, OutsideOfAnyScopeThereIsNone) {
  EXPECT_EQ(CurrentContext(), nullptr);
  EXPECT_EQ(CaptureContext().get(), nullptr);
}

TEST_F(ContextSlotTest, AScopePutsBackWhatWasCurrentBefore) {
  const ContextScope outer(a_.get());
  {
    const ContextScope inner(b_.get());
    EXPECT_EQ(CurrentContext(), b_.get());
    const ContextScope none(nullptr);
    EXPECT_EQ(CurrentContext(), nullptr);
  }
  EXPECT_EQ(CurrentContext(), a_.get());
}

TEST_F(ContextSlotTest, OnlyACapturedContextIsKept) {
  const size_t before = a_->references();
  const ContextScope scope(a_.get());
  EXPECT_EQ(a_->references(), before);
  const Ref<ContextBase> captured = CaptureContext();
  EXPECT_EQ(captured.get(), a_.get());
  EXPECT_EQ(a_->references(), before + 1);
}

TEST_F(ContextSlotTest, ASwitchLastsUntilTheNextOneOrTheEndOfTheScopeAroundIt) {
  {
    const ContextScope scope(a_.get());
    EXPECT_EQ(SwitchContext(b_.get()), a_.get());
    EXPECT_EQ(CurrentContext(), b_.get());
  }
  EXPECT_EQ(CurrentContext(), nullptr);
}

TEST_F(ContextSlotTest, EachThreadHasItsOwn) {
  const ContextScope scope(a_.get());
  std::thread([] { EXPECT_EQ(CurrentContext(), nullptr); }).join();
  EXPECT_EQ(CurrentContext(), a_.get());
}

}  // namespace
}  // namespace rota
