#include "framework/context/trace_parent.h"

#include <string>

#include "gtest/gtest.h"

namespace rota {
namespace {

// The example of W3C Trace Context, section 3.2.
constexpr char kExample[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceParentTest, ParsesAndPrintsTheExampleOfTheSpecification) {
  const auto parsed = TraceParent::Parse(kExample);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->flags, 1);
  EXPECT_EQ(parsed->ToString(), kExample);
}

TEST(TraceParentTest, RefusesWhatTheSpecificationCallsInvalid) {
  const std::string example = kExample;
  EXPECT_FALSE(TraceParent::Parse(""));
  EXPECT_FALSE(TraceParent::Parse(example.substr(0, 54)));
  EXPECT_FALSE(TraceParent::Parse("ff" + example.substr(2)));
  EXPECT_FALSE(TraceParent::Parse(example + "-more"));
  EXPECT_FALSE(TraceParent::Parse("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"));
  EXPECT_FALSE(TraceParent::Parse("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
  EXPECT_FALSE(TraceParent::Parse("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"));
}

TEST(TraceParentTest, LaterVersionMayGoOnAfterADash) {
  const std::string later = "cc" + std::string(kExample).substr(2);
  EXPECT_TRUE(TraceParent::Parse(later));
  EXPECT_TRUE(TraceParent::Parse(later + "-what-comes"));
  EXPECT_FALSE(TraceParent::Parse(later + ".what-comes"));
}

TEST(TraceParentTest, ChildStaysInTheTraceUnderANewSpan) {
  const TraceParent parent = TraceParent::Generate();
  const TraceParent child = parent.Child();
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.parent_id, parent.parent_id);
  EXPECT_EQ(TraceParent::Parse(child.ToString()), child);
}

}  // namespace
}  // namespace rota
