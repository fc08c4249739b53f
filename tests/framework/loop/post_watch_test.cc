#include "framework/loop/post_watch.h"

#include <chrono>

#include "framework/base/clock.h"
#include "framework/base/cores.h"
#include "framework/loop/inbox.h"
#include "framework/loop/posted_batch.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using For = PostWatch::For;

// A microsecond passes with each reading, and with one of them somebody posts.
class SteppingClock final : public Clock {
 public:
  explicit SteppingClock(Inbox& inbox) : inbox_(inbox) {}
  TimePoint Now() const override {
    if (--readings_until_post == 0) inbox_.Add([] {});
    return now_ += microseconds(1);
  }
  bool SkipTo(TimePoint) override { return false; }

  mutable int readings_until_post = 0;

 private:
  Inbox& inbox_;
  mutable TimePoint now_{};
};

class PostWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    if (UsableCores() < 2) GTEST_SKIP() << "nobody stays awake on a single core";
  }
  bool Await(For what, Duration most = milliseconds(1)) {
    const TimePoint now = clock_.Now();
    return watch_.Await(what, now, now + most);
  }
  void Take() {
    PostedBatch batch;
    inbox_.Take(batch);
  }

  Inbox inbox_;
  SteppingClock clock_{inbox_};
  PostWatch watch_{clock_, inbox_};
};

TEST_F(PostWatchTest, TheEndOfAJobIsAwaitedAndAPostOutOfTheBlueIsNot) {
  clock_.readings_until_post = 5;
  EXPECT_FALSE(Await(For::kPost));
  EXPECT_TRUE(inbox_.empty());
  EXPECT_TRUE(Await(For::kJob));
  EXPECT_FALSE(inbox_.empty());
}

TEST_F(PostWatchTest, AnEndThatDoesNotComeInTimeIsNotAwaitedAgainUntilOneWasSoon) {
  EXPECT_FALSE(Await(For::kJob));
  clock_.readings_until_post = 3;
  EXPECT_FALSE(Await(For::kJob));
  EXPECT_EQ(clock_.readings_until_post, 2) << "it looked longer than for the time";
  watch_.NoteWait(For::kJob, milliseconds(1));
  EXPECT_FALSE(Await(For::kJob));
  watch_.NoteWait(For::kJob, microseconds(50));
  clock_.readings_until_post = 3;
  EXPECT_TRUE(Await(For::kJob));
}

TEST_F(PostWatchTest, PostsThatCameSoonAreAwaited) {
  watch_.NoteWait(For::kPost, microseconds(50));
  clock_.readings_until_post = 3;
  EXPECT_TRUE(Await(For::kPost));
  Take();
  EXPECT_FALSE(Await(For::kPost));
  EXPECT_FALSE(Await(For::kPost));
}

TEST_F(PostWatchTest, NobodyWaitsLongerThanWakingTheLoopTakesNorBeyondTheEnd) {
  const TimePoint start = clock_.Now();
  EXPECT_FALSE(Await(For::kJob));
  EXPECT_LE(clock_.Now() - start, microseconds(25));
  watch_.NoteWait(For::kJob, microseconds(50));
  const TimePoint again = clock_.Now();
  EXPECT_FALSE(Await(For::kJob, microseconds(3)));
  EXPECT_LE(clock_.Now() - again, microseconds(8));
}

TEST_F(PostWatchTest, OnlyARushIsGathered) {
  EXPECT_FALSE(watch_.MayGather());
  watch_.NoteBatch(15);
  EXPECT_FALSE(watch_.MayGather());
  watch_.NoteBatch(16);
  EXPECT_TRUE(watch_.MayGather());
  watch_.NoteBatch(1);
  EXPECT_FALSE(watch_.MayGather());
}

TEST_F(PostWatchTest, GatheringEndsWhenNothingMoreHasComeForAStep) {
  inbox_.Add([] {});
  const TimePoint start = clock_.Now();
  watch_.Gather(start);
  EXPECT_LE(clock_.Now() - start, microseconds(3));
  // One more comes in the first step.
  const TimePoint again = clock_.Now();
  clock_.readings_until_post = 1;
  watch_.Gather(again);
  EXPECT_EQ(inbox_.size(), 2u);
  EXPECT_LE(clock_.Now() - again, microseconds(5));
}

TEST(PostWatchManualTest, UnderAClockThatStandsStillNobodyWaits) {
  ManualClock clock;
  const Inbox inbox;
  PostWatch watch(clock, inbox);
  EXPECT_FALSE(watch.Await(For::kJob, clock.Now(), kNoDeadline));
  watch.NoteBatch(1000);
  EXPECT_FALSE(watch.MayGather());
}

}  // namespace
}  // namespace rota
