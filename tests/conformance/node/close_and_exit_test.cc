// Statements 23 to 25: closing and the end.

#include <stdexcept>
#include <string>

#include "tests/conformance/node/loop_case.h"

namespace rota {
namespace {

class CloseAndExitTest : public BothWays {
 protected:
  CloseAndExitTest() {
    loop_.OnExit([this](int code) { Add("exit " + std::to_string(code)); });
  }
};
ROTA_BOTH_WAYS(CloseAndExitTest);

// libuv test-close-order
TEST_P(CloseAndExitTest, Rule23CloseCallbacksRunAfterCheckAndBeforeTimersOfTheIteration) {
  const Ref<Handle> first = loop_.OpenHandle();
  Timer second;
  loop_.SetImmediate([&] {
    Add("check");
    first->Close([&] { Add("close"); });
  });
  second = loop_.SetTimeout(milliseconds(1), Note("timer"));
  loop_.Run([] {});
  EXPECT_EQ(trace_, (Trace{"check", "close", "timer", "exit 0"}));
}

TEST_P(CloseAndExitTest, Rule23CloseCallbacksOfABatchRunLastInFirstOut) {
  for (const char* name : {"a", "b", "c"}) loop_.OpenHandle()->Close(Note(name));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"c", "b", "a", "exit 0"}));
}

TEST_P(CloseAndExitTest, Rule23CloseInsideOfACloseWaitsForTheNextIteration) {
  loop_.OpenHandle()->Close([this] {
    Add("outer");
    loop_.OpenHandle()->Close(Note("inner"));
    loop_.SetImmediate(Note("immediate"));
  });
  EXPECT_TRUE(loop_.RunOnce());
  EXPECT_EQ(trace_, (Trace{"outer"}));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"outer", "immediate", "inner", "exit 0"}));
}

TEST_P(CloseAndExitTest, Rule23ClosingHandleKeepsTheLoopAlive) {
  const Ref<Handle> handle = loop_.OpenHandle();
  handle->SetRef(false);
  EXPECT_FALSE(loop_.alive());
  handle->Close();
  EXPECT_TRUE(loop_.alive());
  loop_.Run();
  EXPECT_FALSE(loop_.alive());
}

// test-process-beforeexit
TEST_P(CloseAndExitTest, Rule24BeforeExitFiresEachTimeTheLoopRunsEmpty) {
  int offers = 0;
  loop_.OnBeforeExit([&] {
    Add("before exit");
    ++offers;
    if (offers == 1) loop_.SetImmediate(Note("immediate"));
    if (offers == 2) loop_.SetTimeout(milliseconds(5), Note("timer"));
    if (offers == 3) loop_.OpenHandle()->Close(Note("close"));
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"before exit", "immediate", "before exit", "timer", "before exit", "close", "before exit", "exit 0"}));
}

TEST_P(CloseAndExitTest, Rule24LoopThatComesBackBeginsWithItsTimers) {
  bool once = true;
  loop_.OnBeforeExit([&] {
    if (!std::exchange(once, false)) return;
    loop_.SetImmediate(Note("immediate"));
    loop_.SetTimeout(milliseconds(1), Note("timer"));
    Block(milliseconds(5));
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"timer", "immediate", "exit 0"}));
}

TEST_P(CloseAndExitTest, Rule24TicksAloneDoNotBringTheLoopBack) {
  loop_.OnBeforeExit([this] {
    loop_.NextTick(Note("tick"));
    loop_.SetImmediate(Note("never")).SetRef(false);
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"tick", "exit 0"}));
}

TEST_P(CloseAndExitTest, Rule24CallbacksOfBeforeExitRunBeforeTheirTicks) {
  loop_.OnBeforeExit([this] {
    Add("first");
    loop_.NextTick(Note("tick"));
  });
  loop_.OnBeforeExit(Note("second"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"first", "second", "tick", "exit 0"}));
}

// test-beforeexit-event-exit
TEST_P(CloseAndExitTest, Rule24BeforeExitIsNotOfferedByExit) {
  loop_.OnBeforeExit(Note("before exit"));
  loop_.SetImmediate([this] { loop_.Exit(0); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"exit 0"}));
}

// test-process-exit
TEST_P(CloseAndExitTest, Rule25ExitRunsTheHooksOnceAndNothingElse) {
  loop_.SetImmediate([this] {
    loop_.NextTick(Note("tick"));
    loop_.QueueMicrotask(Note("microtask"));
    loop_.SetTimeout(milliseconds(0), Note("timer"));
    loop_.OpenHandle()->Close(Note("close"));
    loop_.Exit(4);
  });
  loop_.SetImmediate(Note("immediate"));
  EXPECT_EQ(loop_.Run(), 4);
  EXPECT_EQ(trace_, (Trace{"exit 4"}));
}

// test-process-exit-handler
TEST_P(CloseAndExitTest, Rule25ExitInTheHandlerOfErrorsEndsTheLoop) {
  loop_.SetUncaughtHandler([this](std::exception_ptr) { loop_.Exit(9); });
  loop_.SetImmediate([] { throw std::runtime_error("x"); });
  loop_.SetImmediate(Note("never"));
  EXPECT_EQ(loop_.Run(), 9);
  EXPECT_EQ(trace_, (Trace{"exit 9"}));
}

// test-process-exit-code
TEST_P(CloseAndExitTest, Rule25ExitCodeThatAHookSetsCounts) {
  loop_.OnExit([this](int) { loop_.SetExitCode(42); });
  loop_.OnExit([this](int code) { Add("then " + std::to_string(code)); });
  EXPECT_EQ(loop_.Run(), 42);
  EXPECT_EQ(trace_, (Trace{"exit 0", "then 42"}));
}

TEST_P(CloseAndExitTest, Rule25ExitCodeSetBeforeTheNaturalEndCounts) {
  loop_.SetImmediate([this] { loop_.SetExitCode(3); });
  EXPECT_EQ(loop_.Run(), 3);
  EXPECT_EQ(trace_, (Trace{"exit 3"}));
}

// test-process-exit-recursive
TEST_P(CloseAndExitTest, Rule25ExitInsideOfAHookEndsWithItsCode) {
  loop_.OnExit([this](int) { loop_.Exit(5); });
  loop_.OnExit([this](int) { Add("never"); });
  loop_.SetImmediate([this] { loop_.Exit(1); });
  EXPECT_EQ(loop_.Run(), 5);
  EXPECT_EQ(trace_, (Trace{"exit 1"}));
}

// test-next-tick-when-exiting
TEST_P(CloseAndExitTest, Rule25TicksOfExitHooksDoNotRun) {
  loop_.OnExit([this](int) {
    EXPECT_TRUE(loop_.exiting());
    loop_.NextTick(Note("tick"));
  });
  loop_.SetImmediate([this] { loop_.Exit(0); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"exit 0"}));
}

TEST_P(CloseAndExitTest, Rule25MicrotasksOfExitHooksRunAfterANaturalEnd) {
  loop_.OnExit([this](int) {
    loop_.NextTick(Note("tick"));
    loop_.SetTimeout(milliseconds(0), Note("timer"));
    loop_.QueueMicrotask(Note("microtask"));
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"exit 0", "microtask"}));
}

}  // namespace
}  // namespace rota
