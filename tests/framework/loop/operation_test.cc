#include "framework/loop/operation.h"

#include <optional>
#include <utility>

#include "framework/base/ref.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class Context final : public ContextBase {};

TEST(OperationTest, CountsAsOneRefWhereverItIsMoved) {
  ManualClock clock;
  EventLoop loop(clock);
  {
    Operation first(loop, RefKind::kJob);
    EXPECT_EQ(loop.refs().count(RefKind::kJob), 1u);
    std::optional<Operation> second(std::move(first));
    EXPECT_EQ(&second->loop(), &loop);
    EXPECT_EQ(loop.refs().count(RefKind::kJob), 1u);
    second.reset();
    EXPECT_EQ(loop.refs().count(RefKind::kJob), 0u);
  }
  EXPECT_EQ(loop.refs().total(), 0u);
}

TEST(OperationTest, KeepsTheContextOfItsCallerForTheCompletion) {
  ManualClock clock;
  EventLoop loop(clock);
  Ref<Context> context = MakeRef<Context>();
  std::optional<Operation> operation;
  {
    const ContextScope scope(context.get());
    operation.emplace(loop, RefKind::kIo);
  }
  Context* const bare = context.get();
  context = nullptr;
  EXPECT_EQ(operation->context(), bare);
  EXPECT_EQ(bare->references(), 1u);
  ContextBase* seen = nullptr;
  loop.Post([&] {
    loop.RunCompletion(*std::move(operation), [&] {
      seen = CurrentContext();
      // As in libuv, the callback of an operation sees it gone.
      EXPECT_EQ(loop.refs().count(RefKind::kIo), 0u);
    });
  });
  loop.Run();
  EXPECT_EQ(seen, bare);
}

}  // namespace
}  // namespace rota
