#include "framework/actor/promise.h"

#include <gtest/gtest.h>

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "framework/actor/task.h"
#include "framework/actor/task_run.h"

namespace rota::internal {
namespace {

// Remembers what it caught, and lets nothing go on.
class Remembering final : public Catcher {
 public:
  std::coroutine_handle<> OnEnd(Status status) override {
    ++ends;
    caught = std::move(status);
    return std::noop_coroutine();
  }
  int ends = 0;
  Status caught;
};

TEST(PromiseTest, TakesAValueAStatusOrEither) {
  Promise<std::string> value;
  value.return_value("text");
  EXPECT_EQ(value.Value(), "text");
  EXPECT_EQ(value.Take(), "text");
  Promise<std::string> either;
  either.return_value(StatusOr<std::string>("text"));
  EXPECT_EQ(either.Take(), "text");
}

TEST(PromiseTest, AValueThatCannotBeCopiedIsMoved) {
  Promise<std::unique_ptr<int>> promise;
  promise.return_value(std::make_unique<int>(7));
  EXPECT_EQ(*promise.Value(), 7);
  const std::unique_ptr<int> taken = promise.Take();
  EXPECT_EQ(*taken, 7);
}

TEST(PromiseTest, WhatWasThrownIsThrownAgainOnce) {
  Promise<int> promise;
  promise.return_value(7);
  try {
    throw std::runtime_error("boom");
  } catch (...) {
    promise.unhandled_exception();
  }
  EXPECT_THROW(promise.Take(), std::runtime_error);
  EXPECT_EQ(promise.Take(), 7);
  EXPECT_EQ(promise.TakeException(), nullptr);
}

TEST(PromiseTest, AnErrorGoesToTheNearestCatcherAndPassesOverThoseInBetween) {
  Remembering outer, inner;
  Promise<int> root, middle, leaf;
  root.LinkTo(outer);
  middle.LinkTo(std::noop_coroutine(), root);
  leaf.LinkTo(std::noop_coroutine(), middle);
  leaf.Unwind(NotFoundError("no file 'a'"));
  EXPECT_EQ(outer.ends, 1);
  EXPECT_EQ(outer.caught, NotFoundError("no file 'a'"));
  middle.LinkTo(inner);
  leaf.Unwind(InternalError("broken"));
  EXPECT_EQ(inner.caught, InternalError("broken"));
  EXPECT_EQ(outer.ends, 1);
}

Task<int> ReturnsError() { co_return NotFoundError("no file 'a'"); }
Task<int> ReturnsStatusOr(StatusOr<int> result) { co_return result; }

TEST(PromiseTest, AnErrorThatIsReturnedIsCaughtLikeOneThatIsAwaited) {
  TaskRun<int> run;
  StatusOr<int> ended = 0;
  run.Start(ReturnsError(), [&](StatusOr<int> result, std::exception_ptr) { ended = std::move(result); });
  EXPECT_EQ(ended.status(), NotFoundError("no file 'a'"));
  run.Start(ReturnsStatusOr(AbortedError("again")), [&](StatusOr<int> result, std::exception_ptr) { ended = std::move(result); });
  EXPECT_EQ(ended.status(), AbortedError("again"));
  run.Start(ReturnsStatusOr(7), [&](StatusOr<int> result, std::exception_ptr) { ended = std::move(result); });
  EXPECT_EQ(*ended, 7);
}

TEST(PromiseDeathTest, OkIsNoValue) {
  Promise<int> promise;
  EXPECT_DEATH(promise.return_value(OkStatus()), "needs a value or an error");
}

}  // namespace
}  // namespace rota::internal
