#include "framework/testing/in_process_transport.h"

#include <chrono>
#include <string>
#include <vector>

#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

// Keeps the call for the test to drive, and what it hears.
class Recorder final : public CallAcceptor, public CallSink {
 public:
  CallSink* OnCall(Call& opened) override {
    call = &opened;
    return this;
  }
  void OnMessage(Payload message) override { events.push_back("message " + std::string(message.view())); }
  void OnHalfClose() override { events.push_back("half-close"); }
  void OnWritable() override { events.push_back("writable"); }
  void OnDone(const Status& status) override { events.push_back("done " + status.ToString()); }

  Call* call = nullptr;
  std::vector<std::string> events;
};

using Events = std::vector<std::string>;

class InProcessTransportTest : public testing::Test {
 protected:
  InProcessTransportTest() { EXPECT_TRUE(server_.Listen({"here"}, recorder_).ok()); }

  ManualClock clock_;
  EventLoop loop_{clock_};
  Recorder recorder_;
  InProcessServer server_{loop_};
};

TEST_F(InProcessTransportTest, MessagesComeForCreditOnlyAndTheHalfCloseAfterThem) {
  const auto call = server_.StartCall("/a/b");
  call->Send("1");
  call->Send("2");
  call->HalfClose();
  loop_.Run();
  EXPECT_TRUE(recorder_.events.empty());
  recorder_.call->AddReadCredit(1);
  loop_.Run();
  EXPECT_EQ(recorder_.events, Events{"message 1"});
  EXPECT_EQ(call->unread(), 1u);
  recorder_.call->AddReadCredit(1);
  loop_.Run();
  EXPECT_EQ(recorder_.events, (Events{"message 1", "message 2", "half-close"}));
  recorder_.call->Finish(OkStatus(), {});
  loop_.Run();
}

TEST_F(InProcessTransportTest, NothingIsHeardInsideOfACallToTheTransport) {
  const auto call = server_.StartCall("/a/b");
  call->Send("1");
  recorder_.call->AddReadCredit(9);
  recorder_.call->Finish(OkStatus(), {});
  EXPECT_TRUE(recorder_.events.empty());
  EXPECT_FALSE(call->status());
  loop_.Run();
  EXPECT_EQ(recorder_.events, Events{"done OK"});
}

TEST_F(InProcessTransportTest, WriteIsFullBeyondTheRoomAndWritableOnceItWasTaken) {
  const auto call = server_.StartCall("/a/b");
  call->SetRoom(1);
  EXPECT_TRUE(recorder_.call->Write(Payload::Copy("1")));
  EXPECT_FALSE(recorder_.call->Write(Payload::Copy("2")));
  loop_.Run();
  EXPECT_TRUE(recorder_.events.empty());
  EXPECT_EQ(call->messages(), Events{"1"});
  call->SetRoom(1);
  loop_.Run();
  EXPECT_EQ(recorder_.events, Events{"writable"});
  EXPECT_EQ(call->messages(), (Events{"1", "2"}));
  recorder_.call->Finish(OkStatus(), {});
  loop_.Run();
}

TEST_F(InProcessTransportTest, TheStatusComesAfterWhatWasWritten) {
  const auto call = server_.StartCall("/a/b");
  call->SetRoom(0);
  recorder_.call->Write(Payload::Copy("1"));
  Metadata trailers;
  trailers.Add("k", "v");
  recorder_.call->Finish(NotFoundError("x"), trailers);
  loop_.Run();
  EXPECT_FALSE(call->status());
  call->SetRoom(1);
  loop_.Run();
  EXPECT_EQ(call->status(), NotFoundError("x"));
  EXPECT_EQ(call->trailers().Get("k"), "v");
  EXPECT_EQ(recorder_.events, Events{"done OK"});
}

TEST_F(InProcessTransportTest, ACancelledCallEndsWithThatAndNothingAfter) {
  const auto call = server_.StartCall("/a/b");
  recorder_.call->AddReadCredit(1);
  call->Send("never seen");
  call->Cancel();
  loop_.Run();
  EXPECT_EQ(recorder_.events, Events{"done CANCELLED: the peer cancelled the call"});
  EXPECT_TRUE(call->done());
}

TEST_F(InProcessTransportTest, DrainEndsWithTheLastCallAndRefusesNewOnes) {
  const auto running = server_.StartCall("/a/b");
  bool drained = false;
  server_.Drain(std::chrono::hours(1), [&] { drained = true; });
  loop_.RunOnce();
  EXPECT_EQ(server_.StartCall("/a/b")->status(), UnavailableError("the server drains"));
  EXPECT_FALSE(drained);
  recorder_.call->Finish(OkStatus(), {});
  loop_.Run();
  EXPECT_TRUE(drained);
  EXPECT_EQ(running->status(), OkStatus());
}

TEST_F(InProcessTransportTest, DrainCancelsWhatIsLeftAfterTheGracePeriod) {
  const auto running = server_.StartCall("/a/b");
  bool drained = false;
  server_.Drain(std::chrono::seconds(5), [&] { drained = true; });
  const TimePoint before = loop_.Now();
  loop_.Run();
  EXPECT_TRUE(drained);
  EXPECT_EQ(loop_.Now() - before, std::chrono::seconds(5));
  EXPECT_EQ(running->status(), UnavailableError("the server is shutting down"));
}

TEST_F(InProcessTransportTest, ASecondDrainCannotLengthenTheGracePeriod) {
  const auto running = server_.StartCall("/a/b");
  const TimePoint before = loop_.Now();
  server_.Drain(std::chrono::seconds(5), nullptr);
  server_.Drain(std::chrono::seconds(50), nullptr);
  loop_.Run();
  EXPECT_EQ(loop_.Now() - before, std::chrono::seconds(5));
  EXPECT_EQ(running->status(), UnavailableError("the server is shutting down"));
}

TEST_F(InProcessTransportTest, TheServerEndsWhatRunsWhenItGoes) {
  Recorder recorder;
  auto server = std::make_unique<InProcessServer>(loop_);
  ASSERT_TRUE(server->Listen({""}, recorder).ok());
  const auto call = server->StartCall("/a/b");
  server = nullptr;
  EXPECT_EQ(recorder.events, Events{"done UNAVAILABLE: the server is shutting down"});
  loop_.Run();
}

TEST(InProcessTransportDeathTest, UseOfACallThatIsOverStopsTheProcess) {
  ManualClock clock;
  EventLoop loop(clock);
  Recorder recorder;
  InProcessServer server(loop);
  ASSERT_TRUE(server.Listen({""}, recorder).ok());
  const auto call = server.StartCall("/a/b");
  recorder.call->Finish(OkStatus(), {});
  EXPECT_DEATH(recorder.call->Finish(OkStatus(), {}), "finished twice");
  EXPECT_DEATH(recorder.call->Write(Payload()), "a message for a call that is over");
  loop.Run();
  EXPECT_DEATH(recorder.call->AddReadCredit(1), "credit for a call that is over");
}

}  // namespace
}  // namespace rota
