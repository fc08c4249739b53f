// Statement 16: ticks and microtasks.

#include <functional>
#include <stdexcept>
#include <string>

#include "tests/conformance/node/loop_case.h"

namespace rota {
namespace {

class TicksTest : public BothWays {};
ROTA_BOTH_WAYS(TicksTest);

// test-next-tick
TEST_P(TicksTest, Rule16TicksRunInTheirOrderAndBeforeAnyOtherCallback) {
  loop_.SetImmediate(Note("immediate"));
  loop_.Run([this] {
    loop_.NextTick(Note("1"));
    loop_.NextTick([this] {
      Add("2");
      loop_.NextTick(Note("4"));
    });
    loop_.NextTick(Note("3"));
    Add("main");
  });
  EXPECT_EQ(trace_, (Trace{"main", "1", "2", "3", "4", "immediate"}));
}

// test-next-tick-ordering
TEST_P(TicksTest, Rule16TickRunsBeforeATimerThatIsDue) {
  loop_.Run([this] {
    loop_.SetTimeout(milliseconds(0), Note("timer"));
    for (int i = 0; i < 30; ++i) loop_.NextTick([this, i] { trace_.push_back(std::to_string(i)); });
    Block(milliseconds(5));
  });
  ASSERT_EQ(trace_.size(), 31u);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(trace_[static_cast<size_t>(i)], std::to_string(i));
  EXPECT_EQ(trace_.back(), "timer");
}

// test-next-tick-ordering2
TEST_P(TicksTest, Rule16TickOfATickRunsBeforeTheImmediate) {
  loop_.Run([this] {
    loop_.SetImmediate(Note("immediate"));
    loop_.NextTick([this] { loop_.NextTick(Note("inner tick")); });
  });
  EXPECT_EQ(trace_, (Trace{"inner tick", "immediate"}));
}

// test-next-tick-doesnt-hang
TEST_P(TicksTest, Rule16TickAloneDoesNotKeepTheLoopAlive) {
  EXPECT_EQ(loop_.Run([this] { loop_.NextTick(Note("tick")); }), 0);
  EXPECT_EQ(trace_, (Trace{"tick"}));
}

// test-timers-next-tick
TEST_P(TicksTest, Rule16TicksRunBetweenTwoTimers) {
  for (const char* name : {"a", "b"}) {
    loop_.SetTimeout(milliseconds(1), [this, name] {
      Add(name);
      loop_.NextTick([this, name] { Add(std::string("tick of ") + name); });
    });
  }
  loop_.SetTimeout(milliseconds(2), Note("another list"));
  Block(milliseconds(10));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"a", "tick of a", "b", "tick of b", "another list"}));
}

// test-microtask-queue-run
TEST_P(TicksTest, Rule16MicrotasksRunAfterTheTicksOfEachCallback) {
  loop_.SetTimeout(milliseconds(1), [this] {
    loop_.QueueMicrotask(Note("microtask"));
    loop_.NextTick(Note("tick"));
  });
  loop_.SetTimeout(milliseconds(1), Note("next timer"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"tick", "microtask", "next timer"}));
}

// test-microtask-queue-run-immediate
TEST_P(TicksTest, Rule16MicrotasksRunBetweenTwoImmediates) {
  loop_.SetImmediate([this] { loop_.QueueMicrotask([this] { loop_.QueueMicrotask(Note("inner microtask")); }); });
  loop_.SetImmediate(Note("next immediate"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"inner microtask", "next immediate"}));
}

// test-queue-microtask
TEST_P(TicksTest, Rule16TicksOfMicrotasksRunAfterAllMicrotasks) {
  loop_.Run([this] {
    loop_.QueueMicrotask([this] {
      Add("1");
      loop_.NextTick(Note("tick"));
      loop_.QueueMicrotask(Note("3"));
    });
    loop_.QueueMicrotask(Note("2"));
  });
  EXPECT_EQ(trace_, (Trace{"1", "2", "3", "tick"}));
}

TEST_P(TicksTest, Rule16UnhandledErrorsComeAfterTicksAndMicrotasks) {
  loop_.SetUnhandledHandler([this](std::exception_ptr error) {
    Add("unhandled " + What(error));
    loop_.NextTick(Note("tick of the handler"));
  });
  loop_.Run([this] {
    loop_.ReportUnhandled(std::make_exception_ptr(std::runtime_error("a")));
    loop_.QueueMicrotask([this] { loop_.NextTick(Note("tick")); });
    loop_.ReportUnhandled(std::make_exception_ptr(std::runtime_error("b")));
  });
  EXPECT_EQ(trace_, (Trace{"tick", "unhandled a", "unhandled b", "tick of the handler", "tick of the handler"}));
}

TEST_P(TicksTest, Rule16UnhandledErrorWithoutAHandlerIsAnUncaughtException) {
  HandleErrors();
  loop_.Run([this] { loop_.ReportUnhandled(std::make_exception_ptr(std::runtime_error("nobody waits"))); });
  EXPECT_EQ(trace_, (Trace{"handler nobody waits"}));
}

// libuv test-callback-stack: a completion never runs inside of the call that began it.
TEST_P(TicksTest, Rule16CallbackNeverRunsInsideOfTheSchedulingCall) {
  bool nested = false;
  const auto check = [&] { EXPECT_FALSE(nested); };
  loop_.Run([&] {
    nested = true;
    loop_.SetTimeout(milliseconds(0), check);
    loop_.SetImmediate(check);
    loop_.NextTick(check);
    loop_.QueueMicrotask(check);
    loop_.Post(check);
    loop_.OpenHandle()->Close(check);
    nested = false;
  });
}

// test-next-tick-intentional-starvation
TEST_P(TicksTest, Rule8TicksHaveNoCapAndStarveTheLoopUntilTheyEnd) {
  int ticks = 0;
  bool starved = true;
  std::function<void()> tick = [&] {
    Block(milliseconds(1));
    if (++ticks < 100'000) loop_.NextTick(tick);
  };
  loop_.Run([&] {
    loop_.SetTimeout(milliseconds(1), [&] { starved = ticks == 100'000; });
    loop_.NextTick(tick);
  });
  EXPECT_TRUE(starved);
  // Told once a drain.
  EXPECT_EQ(loop_.stats().tick_starvations, 1u);
}

TEST_P(TicksTest, Rule8DrainWithinItsBudgetIsNoStarvation) {
  loop_.SetImmediate([this] {
    for (int i = 0; i < 9'000; ++i) loop_.NextTick([] {});
  });
  loop_.SetImmediate([this] {
    for (int i = 0; i < 9'000; ++i) loop_.QueueMicrotask([] {});
  });
  loop_.Run();
  EXPECT_EQ(loop_.stats().tick_starvations, 0u);
}

}  // namespace
}  // namespace rota
