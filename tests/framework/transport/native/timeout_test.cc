#include "framework/transport/native/timeout.h"

#include <optional>

#include "gtest/gtest.h"

namespace rota::native {
namespace {

TEST(TimeoutTest, EveryUnitIsRead) {
  EXPECT_EQ(ParseTimeout("1H"), std::chrono::hours(1));
  EXPECT_EQ(ParseTimeout("2M"), std::chrono::minutes(2));
  EXPECT_EQ(ParseTimeout("30S"), std::chrono::seconds(30));
  EXPECT_EQ(ParseTimeout("400m"), std::chrono::milliseconds(400));
  EXPECT_EQ(ParseTimeout("5000u"), std::chrono::microseconds(5000));
  EXPECT_EQ(ParseTimeout("60000n"), std::chrono::nanoseconds(60000));
  EXPECT_EQ(ParseTimeout("0S"), Duration::zero());
}

TEST(TimeoutTest, EightDigitsAreReadAndNineAreNot) {
  EXPECT_EQ(ParseTimeout("99999999S"), std::chrono::seconds(99999999));
  EXPECT_EQ(ParseTimeout("999999999S"), std::nullopt);
}

TEST(TimeoutTest, LongestTimeoutDoesNotOverflow) {
  EXPECT_GT(*ParseTimeout("99999999H"), std::chrono::hours(24 * 365));
  EXPECT_GT(*ParseTimeout("99999999M"), std::chrono::hours(24 * 365));
}

TEST(TimeoutTest, MalformedValuesAreNothing) {
  for (const char* value : {"", "S", "1", "1s", "1 S", "-1S", "+1S", "1.5S", "0x1S", "1SS", " 1S", "1S "}) {
    EXPECT_EQ(ParseTimeout(value), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace rota::native
