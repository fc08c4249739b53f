// Statement 28 for coroutines, which are what async functions are in Node.

#include <string>

#include "framework/actor/sleep.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/base/status.h"
#include "framework/context/request_context.h"
#include "tests/conformance/node/loop_case.h"

namespace rota {
namespace {

class CoroutinesTest : public BothWays {
 protected:
  Ref<RequestContext> Request(std::string id) {
    return MakeRef<RequestContext>(loop_, RequestContext::Start{.id = std::move(id)});
  }
  static std::string Current() {
    const RequestContext* const request = RequestContext::Current();
    return request == nullptr ? "-" : std::string(request->id());
  }
};
ROTA_BOTH_WAYS(CoroutinesTest);

// async-hooks/test-async-local-storage-async-await
TEST_P(CoroutinesTest, Rule28CoroutineGoesOnInTheContextInWhichItWaited) {
  const auto a = Request("A"), b = Request("B");
  auto task = [this](std::string own) -> Task<void> {
    for (int i = 0; i < 3; ++i) {
      co_await Sleep(loop_, milliseconds(1));
      EXPECT_EQ(Current(), own);
    }
    Add(own);
  };
  for (const auto& request : {a, b}) {
    const ContextScope scope(request.get());
    StartTask<void>(task(std::string(request->id())), [](const Status&) {});
    // Starting it has not changed who is current here.
    EXPECT_EQ(Current(), request->id());
  }
  EXPECT_EQ(Current(), "-");
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"A", "B"}));
}

TEST_P(CoroutinesTest, Rule28EnterWithInACoroutineLastsOverItsWaits) {
  const auto a = Request("A"), entered = Request("V");
  auto task = [&]() -> Task<void> {
    loop_.EnterWith(entered);
    co_await Sleep(loop_, milliseconds(1));
    Add("after the wait " + Current());
    co_await Sleep(loop_, milliseconds(1));
    Add("after the next " + Current());
  };
  loop_.SetImmediate([&] {
    const ContextScope scope(a.get());
    StartTask<void>(task(), [](const Status&) {});
  });
  loop_.SetImmediate([&] { Add("another callback " + Current()); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"another callback -", "after the wait V", "after the next V"}));
}

TEST_P(CoroutinesTest, Rule28WhatACoroutineSchedulesHasItsContext) {
  const auto a = Request("A");
  auto task = [&]() -> Task<void> {
    co_await Sleep(loop_, milliseconds(1));
    loop_.SetImmediate([&] { Add("immediate " + Current()); });
    loop_.NextTick([&] { Add("tick " + Current()); });
    loop_.SetTimeout(milliseconds(1), [&] { Add("timer " + Current()); });
  };
  {
    const ContextScope scope(a.get());
    StartTask<void>(task(), [](const Status&) {});
  }
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"tick A", "immediate A", "timer A"}));
}

TEST_P(CoroutinesTest, Rule28CallerOfACoroutineThatWaitsKeepsItsContext) {
  const auto a = Request("A"), b = Request("B");
  auto inner = [&]() -> Task<int> {
    EXPECT_EQ(Current(), "A");
    co_await Sleep(loop_, milliseconds(2));
    co_return 1;
  };
  auto outer = [&]() -> Task<void> {
    const int one = co_await inner();
    EXPECT_EQ(Current(), "A");
    Add(std::to_string(one));
  };
  {
    const ContextScope scope(a.get());
    StartTask<void>(outer(), [](const Status&) {});
  }
  // Something else runs under another context at the moment at which the wait ends.
  {
    const ContextScope scope(b.get());
    loop_.SetInterval(milliseconds(1), [] {}).SetRef(false);
  }
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"1"}));
}

}  // namespace
}  // namespace rota
