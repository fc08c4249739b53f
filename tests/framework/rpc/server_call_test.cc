#include "framework/rpc/server_call.h"

#include <chrono>
#include <random>
#include <string>

#include "tests/framework/rpc/echo_actor.h"
#include "tests/framework/rpc/rpc_test_base.h"

namespace rota {
namespace {

using echo::v1::EchoReply;
using echo::v1::EchoRequest;
using std::chrono::seconds;

constexpr char kSay[] = "/echo.v1.Echo/Say";
constexpr char kJoin[] = "/echo.v1.Echo/Join";
constexpr char kCount[] = "/echo.v1.Echo/Count";
constexpr char kChat[] = "/echo.v1.Echo/Chat";

EchoRequest Request(const std::string& text, int count = 0) {
  EchoRequest request;
  request.set_text(text);
  request.set_count(count);
  return request;
}

std::string TextOf(const std::string& message) {
  EchoReply reply;
  EXPECT_TRUE(reply.ParseFromString(message));
  return reply.text();
}

std::vector<std::string> TextsOf(const InProcessCall& call) {
  std::vector<std::string> texts;
  for (const std::string& message : call.messages()) texts.push_back(TextOf(message));
  return texts;
}

class ServerCallTest : public WithProbe, public RpcTestBase {
 protected:
  ServerCallTest() { ServeEcho(false); }
  void ServeEcho(bool interleave) {
    KindOptions kind = Kind<EchoActor>(probe_);
    kind.interleave = interleave;
    Serve<EchoActor>(std::move(kind));
  }
  Ref<InProcessCall> StartWith(const std::string& path, const EchoRequest& request) {
    Ref<InProcessCall> call = Start(path);
    call->Send(request.SerializeAsString());
    call->HalfClose();
    return call;
  }
};

// ---- The four kinds.

TEST_F(ServerCallTest, AUnaryCallGetsItsAnswerAndOk) {
  const auto call = Call(kSay, Request("hello"));
  ASSERT_EQ(call->status(), OkStatus());
  EXPECT_EQ(TextsOf(*call), std::vector<std::string>{"hello"});
  EXPECT_TRUE(call->done());
}

TEST_F(ServerCallTest, AHandlerMayAnswerWithoutACoroutine) {
  EXPECT_EQ(TextsOf(*Call(kSay, Request("now"))), std::vector<std::string>{"now"});
  EXPECT_EQ(Call(kSay, Request("fail now"))->status(), NotFoundError("no echo here"));
}

TEST_F(ServerCallTest, TheHandlerOfAUnaryCallWaitsForTheHalfClose) {
  const auto call = Start(kSay);
  call->Send(Request("hello").SerializeAsString());
  Settle();
  EXPECT_FALSE(call->status());
  EXPECT_TRUE(probe_.events.empty());
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), OkStatus());
}

TEST_F(ServerCallTest, AnEmptyMessageIsARequestToo) {
  const auto call = Call(kSay, EchoRequest());
  EXPECT_EQ(call->status(), OkStatus());
  EXPECT_EQ(TextsOf(*call), std::vector<std::string>{""});
}

TEST_F(ServerCallTest, AClientStreamIsReadInOrderUpToTheHalfClose) {
  const auto call = Start(kJoin);
  for (const char* text : {"a", "b", "c"}) call->Send(Request(text).SerializeAsString());
  Settle();
  EXPECT_FALSE(call->status());
  call->Send(Request("d").SerializeAsString());
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), OkStatus());
  EXPECT_EQ(TextsOf(*call), std::vector<std::string>{"abcd"});
}

TEST_F(ServerCallTest, AClientStreamWithoutMessagesIsReadAsEmpty) {
  const auto call = Start(kJoin);
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), OkStatus());
  EXPECT_EQ(TextsOf(*call), std::vector<std::string>{""});
}

TEST_F(ServerCallTest, AHandlerMayAnswerBeforeTheStreamOfRequestsEnds) {
  const auto call = Start(kJoin);
  call->Send(Request("a").SerializeAsString());
  call->Send(Request("enough").SerializeAsString());
  call->Send(Request("never read").SerializeAsString());
  Settle();
  EXPECT_EQ(call->status(), OkStatus());
  EXPECT_EQ(TextsOf(*call), std::vector<std::string>{"a"});
}

TEST_F(ServerCallTest, AServerStreamEndsAfterItsMessages) {
  const auto call = Call(kCount, Request("", 3));
  EXPECT_EQ(call->status(), OkStatus());
  EXPECT_EQ(TextsOf(*call), (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(ServerCallTest, AServerStreamMayEndWithAnErrorAfterItsMessages) {
  const auto call = Call(kCount, Request("fail", 2));
  EXPECT_EQ(call->status(), DataLossError("lost count"));
  EXPECT_EQ(TextsOf(*call), (std::vector<std::string>{"0", "1"}));
}

TEST_F(ServerCallTest, ABidiCallAnswersWhileThePeerStillSends) {
  const auto call = Start(kChat);
  call->Send(Request("one").SerializeAsString());
  Settle();
  EXPECT_EQ(TextsOf(*call), std::vector<std::string>{"re: one"});
  EXPECT_FALSE(call->status());
  call->Send(Request("two").SerializeAsString());
  call->HalfClose();
  Settle();
  EXPECT_EQ(TextsOf(*call), (std::vector<std::string>{"re: one", "re: two", "bye"}));
  EXPECT_EQ(call->status(), OkStatus());
}

TEST_F(ServerCallTest, AMethodThatIsNotOverriddenIsUnimplemented) {
  EXPECT_EQ(Call("/echo.v1.Echo/Never", Request(""))->status(), UnimplementedError("method echo.v1.Echo/Never is not implemented"));
}

// ---- Requests that are wrong.

TEST_F(ServerCallTest, AMalformedRequestIsAnInternalErrorThatNamesItsType) {
  const auto call = Start(kSay);
  call->Send("\x0a\x7f");  // a string of 127 bytes that are not there
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), InternalError("request of echo.v1.Echo/Say is not a valid echo.v1.EchoRequest"));
  EXPECT_TRUE(probe_.events.empty());
}

TEST_F(ServerCallTest, AMalformedMessageInAStreamFailsTheReadThatComesToIt) {
  const auto call = Start(kChat);
  call->Send(Request("good").SerializeAsString());
  call->Send("\x0a\x7f");
  Settle();
  EXPECT_EQ(call->status(), InternalError("request of echo.v1.Echo/Chat is not a valid echo.v1.EchoRequest"));
  EXPECT_EQ(TextsOf(*call), std::vector<std::string>{"re: good"});
  EXPECT_EQ(probe_.events, std::vector<std::string>{"chat left"});
}

TEST_F(ServerCallTest, ASecondRequestOfAUnaryCallIsRefused) {
  const auto call = Start(kSay);
  call->Send(Request("one").SerializeAsString());
  call->Send(Request("two").SerializeAsString());
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), UnimplementedError("method echo.v1.Echo/Say takes one request, but more were sent"));
  EXPECT_TRUE(probe_.events.empty());
}

TEST_F(ServerCallTest, AUnaryCallWithoutARequestIsRefused) {
  const auto call = Start(kSay);
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), UnimplementedError("method echo.v1.Echo/Say takes one request, but none was sent"));
}

// ---- Metadata.

TEST_F(ServerCallTest, MetadataGoesBothWays) {
  CallStart start{.path = kSay, .authority = {}, .peer = {}, .metadata = {}};
  start.metadata.Add("x-give", "something");
  const auto call = server_.StartCall(std::move(start));
  call->Send(Request("metadata").SerializeAsString());
  call->HalfClose();
  Settle();
  ASSERT_EQ(call->status(), OkStatus());
  EXPECT_EQ(call->headers()->Get("x-got"), "something");
  EXPECT_EQ(call->trailers().Get("x-bytes-bin"), std::string_view("\0\xff", 2));
}

TEST_F(ServerCallTest, HeadersOfAStreamGoWithItsFirstMessageAndTrailersWithItsStatus) {
  const auto call = Start(kCount);
  call->SetRoom(0);
  call->Send(Request("", 2).SerializeAsString());
  call->HalfClose();
  EXPECT_FALSE(call->headers());
  Settle();
  ASSERT_TRUE(call->headers());
  EXPECT_EQ(call->headers()->Get("x-count"), "2");
  EXPECT_TRUE(call->trailers().empty());
  call->SetRoom(InProcessCall::kNoLimit);
  Settle();
  EXPECT_EQ(call->trailers().Get("x-counted"), "yes");
}

TEST_F(ServerCallTest, HeadersGoWithAnErrorToo) {
  const auto call = Call(kCount, Request("fail", 0));
  EXPECT_EQ(call->status(), DataLossError("lost count"));
  ASSERT_TRUE(call->headers());
  EXPECT_EQ(call->headers()->Get("x-count"), "0");
}

// ---- Streams that are faster on one side.

TEST_F(ServerCallTest, APeerMaySendOnlyAWindowAheadOfTheHandler) {
  const auto call = Start(kChat);
  call->Send(Request("wait").SerializeAsString());
  for (int i = 0; i < 100; ++i) call->Send(Request("x").SerializeAsString());
  Settle();
  // One was taken by the handler; the window is full.
  EXPECT_EQ(call->unread(), 101 - MessageStream::kWindow);
  probe_.gate.Open();
  Settle();
  EXPECT_EQ(call->unread(), 0u);
  EXPECT_EQ(call->messages().size(), 101u);
}

TEST_F(ServerCallTest, AWriterWaitsWhileThePeerIsFull) {
  const auto call = Start(kCount);
  call->SetRoom(1);
  call->Send(Request("", 4).SerializeAsString());
  call->HalfClose();
  Settle();
  // The second one found no room, so the handler waits after it.
  EXPECT_EQ(probe_.events, std::vector<std::string>{"wrote 0"});
  EXPECT_EQ(call->untaken(), 1u);
  call->SetRoom(1);
  Settle();
  EXPECT_EQ(probe_.events, (std::vector<std::string>{"wrote 0", "wrote 1"}));
  EXPECT_FALSE(call->status());
  call->SetRoom(InProcessCall::kNoLimit);
  Settle();
  EXPECT_EQ(call->status(), OkStatus());
  EXPECT_EQ(TextsOf(*call), (std::vector<std::string>{"0", "1", "2", "3"}));
}

// ---- Deadlines and cancellation.

TEST_F(ServerCallTest, ADeadlineEndsTheCallAndUnwindsTheHandler) {
  CallStart start{.path = kSay, .authority = {}, .peer = {}, .metadata = {}, .deadline = clock_.Now() + seconds(2)};
  const auto call = server_.StartCall(std::move(start));
  call->Send(Request("wait").SerializeAsString());
  call->HalfClose();
  Settle();
  Pass(seconds(1));
  EXPECT_FALSE(call->status());
  Pass(seconds(1));
  ASSERT_TRUE(call->status());
  EXPECT_EQ(call->status()->code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(probe_.events, std::vector<std::string>{"say left"});
  EXPECT_EQ(probe_.gate.waiting(), 0u);
}

TEST_F(ServerCallTest, ACallWhoseDeadlineHasPassedNeverReachesTheActor) {
  CallStart start{.path = kSay, .authority = {}, .peer = {}, .metadata = {}, .deadline = clock_.Now()};
  const auto call = server_.StartCall(std::move(start));
  call->Send(Request("hello").SerializeAsString());
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status()->code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(probe_.events.empty());
  EXPECT_EQ(system_.FindKind("echo.v1.Echo")->stats().turns, 0u);
}

TEST_F(ServerCallTest, ACallWhoseDeadlinePassesInTheMailboxNeverReachesTheActor) {
  const auto first = StartWith(kSay, Request("wait"));
  CallStart start{.path = kSay, .authority = {}, .peer = {}, .metadata = {}, .deadline = clock_.Now() + seconds(1)};
  const auto second = server_.StartCall(std::move(start));
  second->Send(Request("hello").SerializeAsString());
  second->HalfClose();
  Settle();
  Pass(seconds(1));
  EXPECT_EQ(second->status()->code(), StatusCode::kDeadlineExceeded);
  probe_.gate.Open();
  Settle();
  EXPECT_EQ(first->status(), OkStatus());
  EXPECT_EQ(system_.FindKind("echo.v1.Echo")->stats().turns, 1u);
}

TEST_F(ServerCallTest, APeerThatGoesAwayUnwindsTheHandlerThatReads) {
  const auto call = Start(kChat);
  Settle();
  EXPECT_TRUE(probe_.events.empty());
  call->Cancel();
  Settle();
  EXPECT_EQ(probe_.events, std::vector<std::string>{"chat left"});
}

TEST_F(ServerCallTest, APeerThatGoesAwayUnwindsTheHandlerThatWrites) {
  const auto call = Start(kCount);
  call->SetRoom(0);
  call->Send(Request("", 3).SerializeAsString());
  call->HalfClose();
  Settle();
  EXPECT_TRUE(probe_.events.empty());
  call->Cancel();
  Settle();
  EXPECT_EQ(probe_.events, std::vector<std::string>{"count left"});
}

TEST_F(ServerCallTest, APeerThatGoesAwayTakesItsMessageOutOfTheMailbox) {
  const auto first = StartWith(kSay, Request("wait"));
  const auto second = StartWith(kSay, Request("hello"));
  Settle();
  EXPECT_EQ(system_.FindKind("echo.v1.Echo")->stats().mailbox_depth, 1u);
  second->Cancel();
  Settle();
  EXPECT_EQ(system_.FindKind("echo.v1.Echo")->stats().mailbox_depth, 0u);
  EXPECT_FALSE(first->status());
}

TEST_F(ServerCallTest, TheStatusOfTheTransportIsWhyTheRequestEnds) {
  const auto call = Start(kChat);
  Settle();
  call->Cancel(ResourceExhaustedError("message of 9 bytes is larger than the limit of 8"));
  Settle();
  EXPECT_EQ(Handled(stats(kChat), StatusCode::kResourceExhausted), 1u);
}

// A handler that lets nothing unwind it ends long after its call: its request must still be there, and what it writes is
// dropped.
class Stubborn final : public echo::v1::EchoActor {
 public:
  explicit Stubborn(EchoProbe& probe) : probe_(probe) {}
  Task<void> Count(RequestContext& context, const EchoRequest& request, Writer<EchoReply>& out) override {
    // Outside of the request, so that its cancellation does not come through.
    const ContextScope none(nullptr);
    co_await Sleep(loop(), seconds(5));
    co_await out.Write(EchoReply());
    probe_.events.push_back(request.text() + (context.cancelled() ? " was cancelled" : " was not cancelled"));
  }

 private:
  EchoProbe& probe_;
};

TEST(ServerCallLifetimeTest, TheRequestOutlivesACallThatEndsBeforeItsHandler) {
  ManualClock clock;
  EventLoop loop(clock);
  ActorSystem system(loop, nullptr);
  ServiceRegistry registry;
  Dispatcher dispatcher(system, registry);
  InProcessServer server(loop);
  ASSERT_TRUE(server.Listen({""}, dispatcher).ok());
  EchoProbe probe;
  KindOptions kind;
  kind.name = "stubborn";
  kind.factory = [&](const std::string&) { return std::make_unique<Stubborn>(probe); };
  ASSERT_TRUE(system.RegisterKind(std::move(kind)).ok());
  ASSERT_TRUE(registry.Register(Stubborn::Table(), *system.FindKind("stubborn")).ok());

  auto call = server.StartCall("/echo.v1.Echo/Count");
  call->Send(Request("the request").SerializeAsString());
  call->HalfClose();
  loop.RunOnce();
  call->Cancel();
  loop.RunOnce();
  EXPECT_TRUE(call->done());
  call = nullptr;
  EXPECT_TRUE(probe.events.empty());
  loop.Run();
  EXPECT_EQ(probe.events, std::vector<std::string>{"the request was cancelled"});
}

TEST(ServerCallLifetimeTest, CallsMayStillRunWhenTheServerAndThenTheActorsGo) {
  EchoProbe probe;
  ManualClock clock;
  EventLoop loop(clock);
  auto system = std::make_unique<ActorSystem>(loop, nullptr);
  auto registry = std::make_unique<ServiceRegistry>();
  auto dispatcher = std::make_unique<Dispatcher>(*system, *registry);
  auto server = std::make_unique<InProcessServer>(loop);
  ASSERT_TRUE(server->Listen({""}, *dispatcher).ok());
  KindOptions kind;
  kind.name = "echo";
  kind.factory = [&](const std::string&) { return std::make_unique<EchoActor>(probe); };
  ASSERT_TRUE(system->RegisterKind(std::move(kind)).ok());
  ASSERT_TRUE(registry->Register(EchoActor::Table(), *system->FindKind("echo")).ok());
  const auto running = server->StartCall(kChat);
  const auto queued = server->StartCall(kChat);
  loop.Run();
  server = nullptr;
  EXPECT_EQ(running->status()->code(), StatusCode::kUnavailable);
  dispatcher = nullptr;
  registry = nullptr;
  system = nullptr;
  EXPECT_EQ(probe.events, std::vector<std::string>{"chat left"});
}

// ---- Handlers that throw, and actors that are full.

TEST_F(ServerCallTest, AnExceptionIsAnInternalErrorThatTellsNothing) {
  for (const char* text : {"throw", "throw now", "throw an int"}) {
    const auto call = Call(kSay, Request(text));
    EXPECT_EQ(call->status(), InternalError("internal error in echo.v1.Echo/Say")) << text;
  }
  const auto stream = Call(kCount, Request("throw", 1));
  EXPECT_EQ(stream->status(), InternalError("internal error in echo.v1.Echo/Count"));
  EXPECT_EQ(TextsOf(*stream), std::vector<std::string>{"0"});
}

TEST_F(ServerCallTest, AfterAnExceptionTheActorServesAgain) {
  EXPECT_EQ(Call(kSay, Request("throw"))->status()->code(), StatusCode::kInternal);
  EXPECT_EQ(Call(kSay, Request("hello"))->status(), OkStatus());
  EXPECT_EQ(system_.FindKind("echo.v1.Echo")->stats().restarts, 1u);
}

TEST(ServerCallFullTest, AFullMailboxRefusesTheCall) {
  class Fixture : public WithProbe, public RpcTestBase {
   public:
    void TestBody() override {
      KindOptions kind = Kind<EchoActor>(probe_);
      kind.mailbox_capacity = 1;
      Serve<EchoActor>(std::move(kind));
      const auto running = Start(kChat);
      Settle();
      const auto waiting = Start(kChat);
      const auto refused = Start(kChat);
      Settle();
      EXPECT_FALSE(waiting->status());
      EXPECT_EQ(refused->status(), ResourceExhaustedError("mailbox of 'echo.v1.Echo' is full (capacity 1)"));
      running->Cancel();
      waiting->Cancel();
      Settle();
    }
  };
  Fixture().TestBody();
}

// ---- Counting.

TEST_F(ServerCallTest, EveryCallIsCountedOnceByItsCode) {
  Call(kSay, Request("hello"));
  Call(kSay, Request("fail"));
  const auto waiting = StartWith(kSay, Request("wait"));
  Settle();
  EXPECT_EQ(stats(kSay).started, 3u);
  EXPECT_EQ(stats(kSay).in_flight, 1u);
  EXPECT_EQ(stats(kSay).latency.count(), 2u);
  waiting->Cancel();
  Settle();
  EXPECT_EQ(stats(kSay).in_flight, 0u);
  EXPECT_EQ(Handled(stats(kSay), StatusCode::kOk), 1u);
  EXPECT_EQ(Handled(stats(kSay), StatusCode::kNotFound), 1u);
  EXPECT_EQ(Handled(stats(kSay), StatusCode::kCancelled), 1u);
  EXPECT_EQ(stats(kSay).messages_received, 3u);
  EXPECT_EQ(stats(kSay).messages_sent, 1u);
  EXPECT_EQ(stats(kCount).started, 0u);
}

TEST_F(ServerCallTest, TheLatencyIsTheTimeToTheStatus) {
  Call(kSay, Request("sleep", 3));
  EXPECT_EQ(stats(kSay).latency.sum(), seconds(3));
}

// ---- Many orders of events.

class ServerCallOrderTest : public ServerCallTest, public testing::WithParamInterface<uint64_t> {};

// Whatever the peers do and in which order, each call ends once, and nothing is left.
TEST_P(ServerCallOrderTest, EveryCallEndsOnceInAnyOrder) {
  std::mt19937_64 random(GetParam());
  const char* const paths[] = {kSay, kJoin, kCount, kChat};
  const char* const texts[] = {"hello", "wait", "sleep", "fail", "enough", "throw", "now"};
  std::vector<Ref<InProcessCall>> calls;
  std::vector<bool> closed;
  for (int step = 0; step < 300; ++step) {
    const size_t pick = calls.empty() ? 0 : random() % calls.size();
    switch (random() % 8) {
      case 0: {
        CallStart start{.path = paths[random() % 4], .authority = {}, .peer = {}, .metadata = {}};
        if (random() % 2 == 0) start.deadline = clock_.Now() + std::chrono::milliseconds(random() % 3000);
        calls.push_back(server_.StartCall(std::move(start)));
        closed.push_back(false);
        break;
      }
      case 1:
      case 2:
        if (!calls.empty() && !closed[pick]) {
          calls[pick]->Send(random() % 20 == 0 ? "\x0a\x7f" : Request(texts[random() % 7], static_cast<int>(random() % 4)).SerializeAsString());
        }
        break;
      case 3:
        if (!calls.empty() && !closed[pick]) {
          calls[pick]->HalfClose();
          closed[pick] = true;
        }
        break;
      case 4:
        if (!calls.empty() && random() % 4 == 0) calls[pick]->Cancel();
        break;
      case 5:
        if (!calls.empty()) calls[pick]->SetRoom(random() % 3);
        break;
      case 6:
        probe_.gate.Open();
        break;
      default:
        loop_.RunOnce();
    }
  }
  for (const auto& call : calls) call->Cancel();
  Settle();
  probe_.gate.Open();
  Settle();
  uint64_t started = 0;
  uint64_t handled = 0;
  for (const RegisteredMethod& method : registry_.methods()) {
    started += method.stats.started;
    EXPECT_EQ(method.stats.in_flight, 0u) << method.info->full_name;
    for (const uint64_t count : method.stats.handled) handled += count;
  }
  EXPECT_EQ(started, calls.size());
  EXPECT_EQ(handled, calls.size());
  EXPECT_EQ(server_.stats().calls_in_flight(), 0u);
  EXPECT_EQ(system_.FindKind("echo.v1.Echo")->stats().running, 0u);
  EXPECT_EQ(system_.FindKind("echo.v1.Echo")->stats().mailbox_depth, 0u);
  for (const auto& call : calls) EXPECT_EQ(call->references(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ServerCallOrderTest, testing::Range<uint64_t>(1, 101));

}  // namespace
}  // namespace rota
