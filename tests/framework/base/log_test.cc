#include "framework/base/log.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { SetLogLevel(LogLevel::kInfo); }
  template <typename F>
  std::string Written(F write) {
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, OneEventIsOneLineOfKeysAndValues) {
  const std::string line = Written([] { Log(LogLevel::kWarn, "call_refused", {{"reason", "mailbox_full"}, {"size", 12}, {"late", true}}); });
  EXPECT_THAT(line, MatchesRegex("time=[0-9]+-[0-9]+-[0-9]+T[0-9:.]+Z level=warn event=call_refused reason=mailbox_full size=12 late=true\n"));
}

TEST_F(LogTest, AValueCannotForgeALineOrAKey) {
  const std::string line = Written([] { Log(LogLevel::kInfo, "e", {{"text", "a b=\"c\"\nlevel=error\x01\\"}, {"empty", ""}}); });
  EXPECT_THAT(line, EndsWith("event=e text=\"a b=\\\"c\\\"\\nlevel=error\\x01\\\\\" empty=\"\"\n"));
}

TEST_F(LogTest, LinesBelowTheLevelAreDropped) {
  SetLogLevel(LogLevel::kError);
  EXPECT_FALSE(LogEnabled(LogLevel::kWarn));
  EXPECT_THAT(Written([] { Log(LogLevel::kWarn, "dropped"); }), IsEmpty());
  EXPECT_THAT(Written([] { Log(LogLevel::kError, "kept"); }), EndsWith("event=kept\n"));
  SetLogLevel(LogLevel::kOff);
  EXPECT_THAT(Written([] { Log(LogLevel::kError, "dropped"); }), IsEmpty());
}

TEST_F(LogTest, LevelsHaveNames) {
  LogLevel level = LogLevel::kOff;
  EXPECT_TRUE(ParseLogLevel("debug", &level));
  EXPECT_EQ(level, LogLevel::kDebug);
  EXPECT_FALSE(ParseLogLevel("loud", &level));
  EXPECT_FALSE(ParseLogLevel("", &level));
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  const std::string lines = Written([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([i] {
        for (int n = 0; n < 100; ++n) Log(LogLevel::kInfo, "line", {{"thread", i}, {"end", "here"}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  size_t count = 0;
  for (size_t at = 0; at < lines.size(); ++count) {
    const size_t end = lines.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_THAT(lines.substr(at, end - at), MatchesRegex("time=[^ ]+ level=info event=line thread=[0-3] end=here"));
    at = end + 1;
  }
  EXPECT_EQ(count, 400u);
}

}  // namespace
}  // namespace rota
