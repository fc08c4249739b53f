#include "tests/benchmarks/rpc/load_parts.h"

#include <chrono>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grpc/testing/messages.pb.h"
#include "gtest/gtest.h"

namespace benchmarks {
namespace {

TEST(AnswerCheckTest, TakesThePayloadThatWasSentAndNothingElse) {
  grpc::testing::SimpleResponse answer;
  answer.mutable_payload()->set_body("xxxx");
  const AnswerCheck check(4);
  EXPECT_TRUE(check.IsRight(answer.SerializeAsString()));
  answer.mutable_payload()->set_body("xxxy");
  EXPECT_FALSE(check.IsRight(answer.SerializeAsString()));
  answer.mutable_payload()->set_body("xxx");
  EXPECT_FALSE(check.IsRight(answer.SerializeAsString()));
  EXPECT_FALSE(check.IsRight(""));
  EXPECT_FALSE(check.IsRight("\xff"));
}

TEST(AnswerCheckTest, TakesAnAnswerThatSaysMoreOrSaysItDifferently) {
  grpc::testing::SimpleResponse answer;
  answer.mutable_payload()->set_body("xxxx");
  answer.set_server_id("rota");
  EXPECT_TRUE(AnswerCheck(4).IsRight(answer.SerializeAsString()));
  // The type of the payload, written though it is the default.
  EXPECT_TRUE(AnswerCheck(4).IsRight(std::string("\x0a\x08\x08\x00\x12\x04xxxx", 10)));
}

TEST(PercentilesTest, AreNearestRanks) {
  Percentiles times;
  for (int i = 1000; i > 0; --i) times.Add(std::chrono::microseconds(i));
  EXPECT_EQ(times.Json(), "{\"calls\": 1000, \"p50_us\": 500.000000, \"p99_us\": 990.000000, \"p999_us\": 999.000000}");
}

TEST(PercentilesTest, OfNothingAreNull) {
  EXPECT_EQ(Percentiles().Json(), "{\"calls\": 0, \"p50_us\": null, \"p99_us\": null, \"p999_us\": null}");
}

TEST(WindowedPercentilesTest, APauseSpoilsItsOwnWindowOnly) {
  using std::chrono::microseconds;
  WindowedPercentiles times(std::chrono::seconds(1), 1000);
  // What is due behind the end belongs to the last window.
  for (int i = 0; i < 1050; ++i) times.At(std::chrono::milliseconds(i)).Add(microseconds(i >= 40 && i < 60 ? 5000 : 10));
  const std::string json = times.Json();
  std::string windows = "10.000000, 10.000000, 5000.000000";
  for (int i = 3; i < 50; ++i) windows += ", 10.000000";
  EXPECT_EQ(json.substr(0, json.find(", \"windows")), "{\"calls\": 1050, \"p50_us\": 10.000000, \"p99_us\": 5000.000000, \"p999_us\": 5000.000000");
  EXPECT_EQ(json.substr(json.find("\"windows")), "\"windows_p99_us\": [" + windows + "]}");
}

TEST(WindowedPercentilesTest, OfAWindowWithoutCallsIsNull) {
  WindowedPercentiles times(std::chrono::seconds(1), 1000);
  EXPECT_NE(times.Json().find("\"windows_p99_us\": [null, null"), std::string::npos);
}

TEST(SlowPatternTest, HasItsShareInEachHundred) {
  for (const int percent : {0, 1, 7, 100}) {
    SlowPattern pattern(percent);
    for (int hundred = 0; hundred < 20; ++hundred) {
      int slow = 0;
      for (int i = 0; i < 100; ++i) slow += pattern.Next() ? 1 : 0;
      EXPECT_EQ(slow, percent);
    }
  }
}

TEST(SlowPatternTest, DoesNotFallIntoStepWithTenConnectionsInTurn) {
  SlowPattern pattern(1);
  std::vector<int> slow(10);
  for (size_t call = 0; call < 100'000; ++call) slow[call % 10] += pattern.Next() ? 1 : 0;
  // A hundred each, if they were dealt out evenly.
  for (const int of_one : slow) EXPECT_GT(of_one, 60);
}

class ProcessPauseTest : public testing::Test {
 protected:
  ProcessPauseTest() : child_(fork()) {
    if (child_ == 0) {
      for (;;) pause();
    }
  }
  ~ProcessPauseTest() override {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  // What the child does next: stop, or go on.
  int NextState() {
    int state = 0;
    waitpid(child_, &state, WUNTRACED | WCONTINUED);
    return state;
  }
  bool HasNewState() {
    int state = 0;
    return waitpid(child_, &state, WUNTRACED | WCONTINUED | WNOHANG) != 0;
  }

  const pid_t child_;
  const LoadClock::time_point from_ = LoadClock::now();
};

TEST_F(ProcessPauseTest, StopsTheProcessForItsTime) {
  using std::chrono::milliseconds;
  ProcessPause pause(child_, from_, milliseconds(50));
  pause.Step(from_ - milliseconds(1));
  // Also when Step() was not called in time.
  pause.Step(from_ + milliseconds(70));
  EXPECT_TRUE(WIFSTOPPED(NextState()));
  pause.Step(from_ + milliseconds(119));
  EXPECT_FALSE(HasNewState());
  pause.Step(from_ + milliseconds(120));
  EXPECT_TRUE(WIFCONTINUED(NextState()));
  // Once only.
  pause.Step(from_ + milliseconds(500));
  EXPECT_FALSE(HasNewState());
}

TEST_F(ProcessPauseTest, LetsTheProcessGoOnAtItsEnd) {
  {
    ProcessPause pause(child_, from_, std::chrono::milliseconds(50));
    pause.Step(from_);
    EXPECT_TRUE(WIFSTOPPED(NextState()));
  }
  EXPECT_TRUE(WIFCONTINUED(NextState()));
}

TEST_F(ProcessPauseTest, OfNoLengthDoesNothing) {
  ProcessPause pause(0, from_, std::chrono::milliseconds(0));
  pause.Step(from_);
}

TEST(CpuSecondsTest, GrowWithTheWorkOfTheProcess) {
  const double before = CpuSecondsOf(getpid());
  volatile uint64_t work = 0;
  for (int i = 0; i < 5'000'000; ++i) work = work + 1;
  EXPECT_GT(CpuSecondsOf(getpid()), before);
}

}  // namespace
}  // namespace benchmarks
