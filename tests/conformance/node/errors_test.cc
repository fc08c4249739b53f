// Statements 17 to 22: errors.

#include <stdexcept>
#include <string>

#include "tests/conformance/node/loop_case.h"

namespace rota {
namespace {

class ErrorsTest : public BothWays {
 protected:
  ErrorsTest() { HandleErrors(); }
};
ROTA_BOTH_WAYS(ErrorsTest);
class ErrorsNodesWayTest : public NodesWay {
 protected:
  ErrorsNodesWayTest() { HandleErrors(); }
};
class ErrorsRotasWayTest : public RotasWay {
 protected:
  ErrorsRotasWayTest() { HandleErrors(); }
};

[[noreturn]] void Throw(const std::string& what) { throw std::runtime_error(what); }

TEST_P(ErrorsTest, Rule17HandlerRunsAtTheThrow) {
  loop_.SetImmediate([this] {
    Add("before");
    Throw("x");
  });
  loop_.SetImmediate(Note("after"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"before", "handler x", "after"}));
}

TEST_F(ErrorsNodesWayTest, Rule17ImmediateThatDoesNothingFollowsTheHandler) {
  loop_.SetTimeout(milliseconds(1), [] { Throw("x"); });
  loop_.SetTimeout(seconds(10), Note("later")).SetRef(false);
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"handler x"}));
  EXPECT_EQ(loop_.refs().count(RefKind::kImmediate), 1u);
  EXPECT_FALSE(loop_.RunOnce());
}

TEST_F(ErrorsNodesWayTest, Rule18TicksOfACallbackThatThrowsRunAtTheNextDrain) {
  loop_.SetTimeout(milliseconds(1), [this] {
    loop_.NextTick(Note("t1's tick"));
    loop_.QueueMicrotask(Note("t1's microtask"));
    Throw("t1");
  });
  loop_.SetTimeout(milliseconds(1), [this] {
    Add("t2");
    loop_.NextTick(Note("t2's tick"));
  });
  loop_.SetTimeout(milliseconds(1), Note("t3"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler t1", "t2", "t1's tick", "t2's tick", "t1's microtask", "t3"}));
}

TEST_F(ErrorsRotasWayTest, NothingIsPutOffTicksOfACallbackThatThrowsRunAtOnce) {
  loop_.SetTimeout(milliseconds(1), [this] {
    loop_.NextTick(Note("t1's tick"));
    loop_.QueueMicrotask(Note("t1's microtask"));
    Throw("t1");
  });
  loop_.SetTimeout(milliseconds(1), Note("t2"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler t1", "t1's tick", "t1's microtask", "t2"}));
}

TEST_F(ErrorsRotasWayTest, NothingIsPutOffTicksAfterOneThatThrowsRunAtOnce) {
  loop_.SetImmediate([this] {
    loop_.NextTick([] { Throw("tick"); });
    loop_.NextTick(Note("next tick"));
    loop_.QueueMicrotask(Note("microtask"));
  });
  loop_.SetImmediate(Note("immediate"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler tick", "next tick", "microtask", "immediate"}));
}

// test-next-tick-errors
TEST_F(ErrorsNodesWayTest, Rule18TickThatThrowsPutsTheOthersOffToTheNextDrain) {
  loop_.SetImmediate([this] {
    loop_.NextTick(Note("A"));
    loop_.NextTick([] { Throw("B"); });
    loop_.NextTick(Note("C"));
  });
  loop_.SetImmediate(Note("immediate"));
  loop_.SetImmediate(Note("last"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"A", "handler B", "immediate", "C", "last"}));
}

// test-timers-uncaught-exception
TEST_P(ErrorsTest, Rule19TimersOfTheSameMomentRunAfterOneThatThrows) {
  loop_.SetTimeout(milliseconds(1), [] { Throw("first"); });
  loop_.SetTimeout(milliseconds(1), Note("same list"));
  loop_.SetTimeout(milliseconds(2), Note("another list"));
  loop_.SetImmediate(Note("immediate"));
  Block(milliseconds(5));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler first", "same list", "another list", "immediate"}));
}

// test-timers-interval-throw
TEST_P(ErrorsTest, Rule19IntervalThatThrowsIsArmedAgain) {
  int runs = 0;
  Timer interval;
  interval = loop_.SetInterval(milliseconds(1), [&] {
    if (++runs == 3) interval.Clear();
    Throw("interval");
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler interval", "handler interval", "handler interval"}));
}

// test-timers-immediate-queue-throw
TEST_P(ErrorsTest, Rule19ImmediatesOfTheBatchRunAfterOneThatThrows) {
  for (int i = 0; i < 5; ++i) {
    loop_.SetImmediate([this, i] {
      Add(std::to_string(i));
      if (i == 2) Throw("2");
    });
  }
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"0", "1", "2", "handler 2", "3", "4"}));
}

TEST_P(ErrorsTest, Rule19PostsAndClosesOfTheBatchRunAfterOneThatThrows) {
  loop_.Post([] { Throw("post"); });
  loop_.Post(Note("next post"));
  loop_.OpenHandle()->Close(Note("next close"));
  loop_.OpenHandle()->Close([] { Throw("close"); });
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"handler post", "next post", "handler close", "next close"}));
}

TEST_F(ErrorsNodesWayTest, Rule19LeftoversAreDrainedWhenCheckBegins) {
  loop_.OpenHandle()->Close([this] {
    loop_.NextTick(Note("tick of the close"));
    Throw("close");
  });
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"handler close"}));
  loop_.SetImmediate(Note("immediate"));
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"handler close", "tick of the close", "immediate"}));
}

TEST_F(ErrorsNodesWayTest, Rule20ImmediatesQueuedDuringABatchWhoseLastThrowsRunInTheSameCheck) {
  loop_.SetImmediate([this] {
    loop_.OpenHandle()->Close(Note("close"));
    loop_.SetImmediate(Note("queued meanwhile"));
    Throw("last");
  });
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"handler last", "queued meanwhile", "close"}));
}

TEST_F(ErrorsRotasWayTest, NothingIsPutOffImmediatesQueuedDuringABatchWhoseLastThrowsWait) {
  loop_.SetImmediate([this] {
    loop_.OpenHandle()->Close(Note("close"));
    loop_.SetImmediate(Note("queued meanwhile"));
    Throw("last");
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler last", "close", "queued meanwhile"}));
}

TEST_F(ErrorsNodesWayTest, NoLivelockWhenATickClearsTheNextImmediateAndAnotherThrows) {
  // Node 20 looks at the cleared immediate for ever.
  Immediate next;
  loop_.SetImmediate([&] {
    loop_.NextTick([&] { next.Clear(); });
    loop_.NextTick([] { Throw("tick"); });
  });
  next = loop_.SetImmediate(Note("cleared"));
  loop_.SetImmediate(Note("last"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler tick", "last"}));
}

TEST_P(ErrorsTest, Rule21MicrotaskThatThrowsDoesNotStopTheOthers) {
  loop_.SetImmediate([this] {
    loop_.QueueMicrotask([] { Throw("microtask"); });
    loop_.QueueMicrotask(Note("next"));
    loop_.NextTick(Note("tick"));
  });
  loop_.SetImmediate(Note("immediate"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"tick", "handler microtask", "next", "immediate"}));
}

// test-emit-after-uncaught-exception
TEST_P(ErrorsTest, Rule21ThrowInMainStillDrainsBeforeTheTimers) {
  loop_.Run([this] {
    loop_.NextTick(Note("tick"));
    loop_.QueueMicrotask(Note("microtask"));
    loop_.SetTimeout(milliseconds(1), Note("timer"));
    Block(milliseconds(5));
    Throw("main");
  });
  EXPECT_EQ(trace_, (Trace{"handler main", "tick", "microtask", "timer"}));
}

class UnhandledErrorsTest : public BothWays {};
ROTA_BOTH_WAYS(UnhandledErrorsTest);

TEST_P(UnhandledErrorsTest, Rule22ErrorWithoutAHandlerExitsWithCode1) {
  loop_.OnExit([this](int code) { Add("exit " + std::to_string(code)); });
  loop_.SetImmediate([] { Throw("x"); });
  loop_.SetImmediate(Note("never"));
  EXPECT_EQ(loop_.Run(), 1);
  EXPECT_EQ(trace_, (Trace{"exit 1"}));
}

TEST_P(UnhandledErrorsTest, Rule22ErrorInsideOfTheHandlerExitsWithCode7) {
  loop_.SetUncaughtHandler([](std::exception_ptr) { Throw("in the handler"); });
  loop_.OnExit([this](int code) { Add("exit " + std::to_string(code)); });
  loop_.SetImmediate([] { Throw("x"); });
  EXPECT_EQ(loop_.Run(), 7);
  EXPECT_EQ(trace_, (Trace{"exit 7"}));
}

}  // namespace
}  // namespace rota
