#include <string>

#include "framework/actor/actor_system.h"
#include "framework/rpc/ask_method.h"
#include "tests/framework/rpc/rpc_test_base.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {
namespace {

using echo::v1::LobbyRequest;
using echo::v1::RoomReply;
using echo::v1::RoomRequest;

class RoomsActor final : public echo::v1::RoomsActor {
 public:
  Task<RoomReply> Enter(RequestContext&, const RoomRequest& request) override {
    if (request.text() == "key again") return NotFoundError(key());
    return Reply(request.text());
  }
  Task<RoomReply> Fill(RequestContext&, Reader<RoomRequest>& in) override {
    std::string text;
    while (std::optional<RoomRequest> request = co_await in.Next()) text += request->text();
    co_return Reply(text);
  }
  Task<void> Watch(RequestContext&, const RoomRequest& request, Writer<RoomReply>& out) override {
    co_await out.Write(Reply(request.text()));
  }
  Task<void> Talk(RequestContext&, Reader<RoomRequest>& in, Writer<RoomReply>& out) override {
    while (std::optional<RoomRequest> request = co_await in.Next()) co_await out.Write(Reply(request->text()));
  }
  Task<RoomReply> Lobby(RequestContext&, const LobbyRequest&) override { return Reply("lobby"); }

 private:
  RoomReply Reply(const std::string& text) {
    RoomReply reply;
    reply.set_room(key());
    reply.set_turns(++turns_);
    reply.set_text(text);
    return reply;
  }
  int turns_ = 0;
};

RoomRequest Request(const std::string& room, const std::string& text = "") {
  RoomRequest request;
  request.set_room(room);
  request.set_text(text);
  return request;
}

class KeyedCallTest : public RpcTestBase {
 protected:
  KeyedCallTest() { Serve<RoomsActor>(Kind<RoomsActor>()); }

  static RoomReply Reply(const InProcessCall& call, size_t index = 0) {
    RoomReply reply;
    EXPECT_EQ(call.status().value_or(OkStatus()), OkStatus());
    EXPECT_GT(call.messages().size(), index);
    if (call.messages().size() > index) EXPECT_TRUE(reply.ParseFromString(call.messages()[index]));
    return reply;
  }
};

TEST_F(KeyedCallTest, AUnaryCallGoesToTheActorOfItsKey) {
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Enter", Request("red"))).room(), "red");
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Enter", Request("blue"))).turns(), 1);
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Enter", Request("red"))).turns(), 2);
}

TEST_F(KeyedCallTest, AServerStreamGoesToTheActorOfItsKey) {
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Watch", Request("red", "w"))).room(), "red");
}

TEST_F(KeyedCallTest, AClientStreamGoesToTheActorOfItsFirstMessageWhichTheHandlerReadsFirst) {
  const auto call = Start("/echo.v1.Rooms/Fill");
  for (const char* text : {"a", "b"}) call->Send(Request("red", text).SerializeAsString());
  call->Send(Request("another room is as good", "c").SerializeAsString());
  call->HalfClose();
  Settle();
  EXPECT_EQ(Reply(*call).room(), "red");
  EXPECT_EQ(Reply(*call).text(), "abc");
}

TEST_F(KeyedCallTest, ABidiCallWaitsForItsFirstMessage) {
  const auto call = Start("/echo.v1.Rooms/Talk");
  Settle();
  EXPECT_EQ(system_.FindKind("echo.v1.Rooms")->stats().actors, 0u);
  call->Send(Request("red", "hi").SerializeAsString());
  Settle();
  EXPECT_EQ(Reply(*call).room(), "red");
  EXPECT_EQ(Reply(*call).text(), "hi");
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), OkStatus());
}

TEST_F(KeyedCallTest, ManyMessagesOfAKeyedStreamKeepTheirOrderAndTheirCredit) {
  const auto call = Start("/echo.v1.Rooms/Talk");
  for (int i = 0; i < 50; ++i) call->Send(Request("red", std::to_string(i)).SerializeAsString());
  call->HalfClose();
  Settle();
  ASSERT_EQ(call->messages().size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Reply(*call, i).text(), std::to_string(i));
}

TEST_F(KeyedCallTest, AnEmptyKeyIsAnInvalidArgumentThatNamesTheField) {
  const Status expected = InvalidArgumentError("field 'room' in the request of echo.v1.Rooms/Enter is empty, but it names the actor that the call goes to");
  EXPECT_EQ(Call("/echo.v1.Rooms/Enter", Request(""))->status(), expected);
  const auto talk = Start("/echo.v1.Rooms/Talk");
  talk->Send(Request("").SerializeAsString());
  Settle();
  EXPECT_EQ(talk->status()->code(), StatusCode::kInvalidArgument);
}

TEST_F(KeyedCallTest, AStreamWithoutMessagesHasNoKey) {
  const auto call = Start("/echo.v1.Rooms/Fill");
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), InvalidArgumentError("field 'room' in the request of echo.v1.Rooms/Fill is empty, but it names the actor that the call goes to"));
}

TEST_F(KeyedCallTest, AKeyThatIsTooLongIsRefused) {
  EXPECT_EQ(Call("/echo.v1.Rooms/Enter", Request(std::string(kMaxKeyBytes, 'x')))->status(), OkStatus());
  EXPECT_EQ(Call("/echo.v1.Rooms/Enter", Request(std::string(kMaxKeyBytes + 1, 'x')))->status(),
            InvalidArgumentError("field 'room' in the request of echo.v1.Rooms/Enter has 1025 bytes; the limit is 1024"));
}

TEST_F(KeyedCallTest, AMalformedFirstMessageOfAStreamIsRefused) {
  const auto call = Start("/echo.v1.Rooms/Talk");
  call->Send("\x0a\x7f");
  Settle();
  EXPECT_EQ(call->status(), InvalidArgumentError("request of echo.v1.Rooms/Talk is not a valid echo.v1.RoomRequest"));
}

TEST_F(KeyedCallTest, AMethodWithoutAKeyGoesToTheActorWithoutOne) {
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Lobby", LobbyRequest())).room(), "");
}

// ---- The generated reference.

class RoomsRefTest : public KeyedCallTest {
 protected:
  template <typename T>
  StatusOr<T> Finish(Task<T> task) {
    StatusOr<T> result;
    StartTask<T>(std::move(task), [&](StatusOr<T> outcome) { result = std::move(outcome); });
    Settle();
    return result;
  }
  const echo::v1::RoomsRef rooms_{system_};
};

TEST_F(RoomsRefTest, AsksTheActorThatACallFromOutsideGoesTo) {
  Call("/echo.v1.Rooms/Enter", Request("red"));
  const StatusOr<RoomReply> reply = Finish(rooms_.Enter(Request("red", "from inside"), std::chrono::seconds(1)));
  ASSERT_EQ(reply.status(), OkStatus());
  EXPECT_EQ(reply->room(), "red");
  EXPECT_EQ(reply->turns(), 2);
  EXPECT_EQ(reply->text(), "from inside");
}

TEST_F(RoomsRefTest, FailsWithWhatTheHandlerFailsWith) {
  EXPECT_EQ(Finish(rooms_.Enter(Request("red", "key again"), std::chrono::seconds(1))).status(), NotFoundError("red"));
}

TEST_F(RoomsRefTest, AnEmptyKeyIsRefusedAsOutside) {
  EXPECT_EQ(Finish(rooms_.Enter(Request(""), std::chrono::seconds(1))).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(RoomsRefTest, AnUnknownKindIsNotFound) {
  EXPECT_EQ(Finish(echo::v1::RoomsRef(system_, "nobody").Lobby(LobbyRequest(), std::chrono::seconds(1))).status(),
            NotFoundError("no actor of kind 'nobody'"));
}

}  // namespace
}  // namespace rota
