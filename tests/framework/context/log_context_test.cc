#include "framework/context/log_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "framework/base/log.h"
#include "framework/base/ref.h"
#include "framework/context/request_context.h"
#include "framework/context/trace_parent.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"

namespace rota {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class LogContextTest : public ::testing::Test {
 protected:
  LogContextTest() { InstallLogContext(); }
  ~LogContextTest() override { SetLogContext(nullptr); }

  Ref<RequestContext> Request(std::string id) {
    return MakeRef<RequestContext>(
        loop_, RequestContext::Start{.id = std::move(id),
                                     .trace_parent = *TraceParent::Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")});
  }
  // The line that `write` logs.
  template <typename F>
  static std::string Logged(F write) {
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
};

TEST_F(LogContextTest, ALineOfARequestCarriesItsIdAndTrace) {
  const auto request = Request("r-7");
  const ContextScope scope(request.get());
  const std::string line = Logged([] { Log(LogLevel::kInfo, "stored", {{"name", "a"}}); });
  EXPECT_THAT(line, EndsWith("event=stored name=a request_id=r-7 trace_id=0af7651916cd43dd8448eb211c80319c\n"));
}

TEST_F(LogContextTest, ALineOfNoRequestCarriesNeither) {
  const std::string line = Logged([] { Log(LogLevel::kInfo, "listening"); });
  EXPECT_THAT(line, EndsWith("event=listening\n"));
}

TEST_F(LogContextTest, AnIdThatThePeerChoseCannotForgeALine) {
  const auto request = Request("x\nlevel=error event=forged");
  const ContextScope scope(request.get());
  const std::string line = Logged([] { Log(LogLevel::kInfo, "stored"); });
  EXPECT_THAT(line, HasSubstr("request_id=\"x\\nlevel=error event=forged\""));
}

TEST_F(LogContextTest, ACallbackLogsForTheRequestThatScheduledIt) {
  {
    const auto request = Request("r-8");
    const ContextScope scope(request.get());
    loop_.SetImmediate([] { Log(LogLevel::kInfo, "later"); });
  }
  EXPECT_THAT(Logged([this] { loop_.Run(); }), HasSubstr("event=later request_id=r-8"));
}

TEST_F(LogContextTest, AnotherThreadLogsForTheRequestThatItWorksFor) {
  const auto request = Request("r-9");
  const std::string lines = Logged([&] {
    std::thread([&] {
      Log(LogLevel::kInfo, "before");
      const ContextScope scope(request.get());
      Log(LogLevel::kInfo, "in_job");
    }).join();
  });
  EXPECT_THAT(lines, HasSubstr("event=before\n"));
  EXPECT_THAT(lines, HasSubstr("event=in_job request_id=r-9"));
}

}  // namespace
}  // namespace rota
