#include "framework/rpc/call_context.h"

#include <chrono>
#include <string>

#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class CallContextTest : public testing::Test {
 protected:
  Ref<RequestContext> Make(std::string_view key = "", std::string_view value = "") {
    CallStart start{.path = "/a.B/C", .authority = {}, .peer = "127.0.0.1:7", .metadata = {}, .deadline = clock_.Now() + std::chrono::seconds(3)};
    if (!key.empty()) start.metadata.Add(key, value);
    return MakeCallContext(loop_, nullptr, start, "a.B/C");
  }
  ManualClock clock_;
  EventLoop loop_{clock_};
};

TEST_F(CallContextTest, TakesOverWhatTheCallSays) {
  const auto context = Make("x-user", "ada");
  EXPECT_EQ(context->method(), "a.B/C");
  EXPECT_EQ(context->peer(), "127.0.0.1:7");
  EXPECT_EQ(context->Remaining(), std::chrono::seconds(3));
  EXPECT_EQ(context->metadata().Get("x-user"), "ada");
}

TEST_F(CallContextTest, ASaneRequestIdIsKept) {
  EXPECT_EQ(Make("x-request-id", "7F3a-b_c.d:e/f+g=@h")->id(), "7F3a-b_c.d:e/f+g=@h");
  EXPECT_EQ(Make("x-request-id", std::string(128, 'a'))->id(), std::string(128, 'a'));
}

TEST_F(CallContextTest, AnIdThatIsNotSaneIsReplaced) {
  for (const std::string& id : {std::string(), std::string("a b"), std::string("a\nb"), std::string("a\"b"), std::string(129, 'a')}) {
    const auto context = Make("x-request-id", id);
    EXPECT_EQ(context->id().size(), 15u);
    EXPECT_NE(context->id(), id);
  }
}

TEST_F(CallContextTest, EachRequestWithoutAnIdGetsOneOfItsOwn) { EXPECT_NE(Make()->id(), Make()->id()); }

TEST_F(CallContextTest, TheTraceOfTheCallerGoesOn) {
  const std::string header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(Make("traceparent", header)->trace_parent().ToString(), header);
}

TEST_F(CallContextTest, AMalformedTraceBeginsAnew) {
  EXPECT_NE(Make("traceparent", "nonsense")->trace_parent(), TraceParent());
  EXPECT_NE(Make()->trace_parent(), Make()->trace_parent());
}

}  // namespace
}  // namespace rota
