// Statement 15: immediates.

#include <functional>
#include <string>
#include <vector>

#include "tests/conformance/node/loop_case.h"

namespace rota {
namespace {

class ImmediatesTest : public BothWays {};
ROTA_BOTH_WAYS(ImmediatesTest);

TEST_P(ImmediatesTest, Rule15BatchIsASnapshot) {
  loop_.SetImmediate([this] {
    Add("first");
    loop_.SetImmediate(Note("of the next iteration"));
  });
  loop_.SetImmediate(Note("second"));
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"first", "second"}));
  loop_.Run();
  EXPECT_EQ(trace_.back(), "of the next iteration");
}

// test-timers-immediate
TEST_P(ImmediatesTest, Rule15ImmediateRunsOnceAndAClearedOneNever) {
  int runs = 0;
  loop_.SetImmediate([&] { ++runs; });
  Immediate cleared = loop_.SetImmediate(Note("never"));
  cleared.Clear();
  cleared.Clear();
  loop_.Run();
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(trace_.empty());
}

// test-timers-immediate-queue
TEST_P(ImmediatesTest, Rule15RecursiveImmediatesTakeOneIterationEach) {
  int hits = 0;
  std::function<void()> run = [&] {
    if (++hits < 10) loop_.SetImmediate(run);
  };
  for (int i = 0; i < 5; ++i) loop_.SetImmediate(run);
  const uint64_t before = loop_.stats().iterations;
  loop_.Run();
  EXPECT_EQ(hits, 14);
  EXPECT_EQ(loop_.stats().iterations - before, 3u);
}

// test-timers-clearImmediate
TEST_P(ImmediatesTest, Rule15ImmediateCanBeClearedByOneOfItsBatch) {
  std::vector<Immediate> immediates(4);
  for (size_t i = 0; i < 4; ++i) {
    immediates[i] = loop_.SetImmediate([&, i] {
      Add(std::to_string(i));
      if (i == 0) immediates[1].Clear();
      if (i == 2) loop_.NextTick([&] { immediates[3].Clear(); });
    });
  }
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"0", "2"}));
}

// test-timers-immediate-unref-simple
TEST_P(ImmediatesTest, Rule15UnrefedImmediateAloneNeverRuns) {
  loop_.SetImmediate(Note("never")).SetRef(false);
  loop_.Run();
  EXPECT_TRUE(trace_.empty());
}

// test-timers-immediate-unref
TEST_P(ImmediatesTest, Rule15RefsOfImmediatesAreToldTruly) {
  Immediate immediate = loop_.SetImmediate(Note("ran"));
  EXPECT_TRUE(immediate.has_ref());
  immediate.SetRef(false);
  immediate.SetRef(false);
  EXPECT_FALSE(immediate.has_ref());
  EXPECT_FALSE(loop_.alive());
  immediate.SetRef(true);
  immediate.SetRef(true);
  EXPECT_EQ(loop_.refs().count(RefKind::kImmediate), 1u);
  Immediate self;
  self = loop_.SetImmediate([&] { EXPECT_FALSE(self.has_ref()); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"ran"}));
}

TEST_P(ImmediatesTest, Rule15UnrefedImmediateDoesNotKeepPollFromWaiting) {
  loop_.SetImmediate([this] { Add("at " + std::to_string(ElapsedMs())); }).SetRef(false);
  loop_.SetTimeout(milliseconds(5), Note("timer"));
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"at 5", "timer"}));
}

TEST_P(ImmediatesTest, Rule15RefedImmediateKeepsPollFromWaiting) {
  loop_.SetImmediate([this] { Add("at " + std::to_string(ElapsedMs())); });
  loop_.SetTimeout(milliseconds(5), Note("timer"));
  loop_.RunOnce();
  EXPECT_EQ(trace_, (Trace{"at 0"}));
}

TEST_P(ImmediatesTest, Rule15UnrefedImmediateRunsInTheIterationThatATimerHasBegun) {
  loop_.SetTimeout(milliseconds(1), Note("timer"));
  loop_.SetImmediate(Note("unref'd")).SetRef(false);
  Block(milliseconds(5));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"timer", "unref'd"}));
}

// test-timers-setimmediate-infinite-loop
TEST_P(ImmediatesTest, Rule15EndlessImmediatesDoNotKeepTimersAndPostsWaiting) {
  bool timer = false, posted = false;
  std::function<void()> forever = [&] {
    Block(milliseconds(1));
    if (!timer || !posted) loop_.SetImmediate(forever);
  };
  loop_.SetImmediate(forever);
  loop_.SetTimeout(milliseconds(3), [&] {
    timer = true;
    loop_.Post([&] { posted = true; });
  });
  loop_.Run();
  EXPECT_TRUE(timer && posted);
}

}  // namespace
}  // namespace rota
