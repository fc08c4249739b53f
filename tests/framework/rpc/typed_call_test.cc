#include "framework/rpc/typed_call.h"

#include <string>

#include "tests/framework/rpc/rooms_actor.h"
#include "tests/framework/rpc/rpc_test_base.h"

namespace rota {
namespace {

class TypedCallTest : public RpcTestBase {
 protected:
  TypedCallTest() { Serve<RoomsActor>(Kind<RoomsActor>()); }

  static RoomReply Reply(const InProcessCall& call, size_t index = 0) {
    RoomReply reply;
    EXPECT_EQ(call.status().value_or(OkStatus()), OkStatus());
    EXPECT_GT(call.messages().size(), index);
    if (call.messages().size() > index) EXPECT_TRUE(reply.ParseFromString(call.messages()[index]));
    return reply;
  }
};

TEST_F(TypedCallTest, AUnaryCallGoesToTheActorOfItsKey) {
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Enter", Request("red"))).room(), "red");
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Enter", Request("blue"))).turns(), 1);
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Enter", Request("red"))).turns(), 2);
}

TEST_F(TypedCallTest, AServerStreamGoesToTheActorOfItsKey) {
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Watch", Request("red", "w"))).room(), "red");
}

TEST_F(TypedCallTest, AClientStreamGoesToTheActorOfItsFirstMessageWhichTheHandlerReadsFirst) {
  const auto call = Start("/echo.v1.Rooms/Fill");
  for (const char* text : {"a", "b"}) call->Send(Request("red", text).SerializeAsString());
  call->Send(Request("another room is as good", "c").SerializeAsString());
  call->HalfClose();
  Settle();
  EXPECT_EQ(Reply(*call).room(), "red");
  EXPECT_EQ(Reply(*call).text(), "abc");
}

TEST_F(TypedCallTest, ABidiCallWaitsForItsFirstMessage) {
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

TEST_F(TypedCallTest, ManyMessagesOfAKeyedStreamKeepTheirOrderAndTheirCredit) {
  const auto call = Start("/echo.v1.Rooms/Talk");
  for (int i = 0; i < 50; ++i) call->Send(Request("red", std::to_string(i)).SerializeAsString());
  call->HalfClose();
  Settle();
  ASSERT_EQ(call->messages().size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Reply(*call, i).text(), std::to_string(i));
}

TEST_F(TypedCallTest, AnEmptyKeyIsAnInvalidArgumentThatNamesTheField) {
  const Status expected = InvalidArgumentError("field 'room' in the request of echo.v1.Rooms/Enter is empty, but it names the actor that the call goes to");
  EXPECT_EQ(Call("/echo.v1.Rooms/Enter", Request(""))->status(), expected);
  const auto talk = Start("/echo.v1.Rooms/Talk");
  talk->Send(Request("").SerializeAsString());
  Settle();
  EXPECT_EQ(talk->status()->code(), StatusCode::kInvalidArgument);
}

TEST_F(TypedCallTest, AStreamWithoutMessagesHasNoKey) {
  const auto call = Start("/echo.v1.Rooms/Fill");
  call->HalfClose();
  Settle();
  EXPECT_EQ(call->status(), InvalidArgumentError("field 'room' in the request of echo.v1.Rooms/Fill is empty, but it names the actor that the call goes to"));
}

TEST_F(TypedCallTest, AKeyThatIsTooLongIsRefused) {
  EXPECT_EQ(Call("/echo.v1.Rooms/Enter", Request(std::string(kMaxKeyBytes, 'x')))->status(), OkStatus());
  EXPECT_EQ(Call("/echo.v1.Rooms/Enter", Request(std::string(kMaxKeyBytes + 1, 'x')))->status(),
            InvalidArgumentError("field 'room' in the request of echo.v1.Rooms/Enter has 1025 bytes; the limit is 1024"));
}

TEST_F(TypedCallTest, AMalformedFirstMessageOfAStreamIsRefused) {
  const auto call = Start("/echo.v1.Rooms/Talk");
  call->Send("\x0a\x7f");
  Settle();
  EXPECT_EQ(call->status(), InternalError("request of echo.v1.Rooms/Talk is not a valid echo.v1.RoomRequest"));
}

TEST_F(TypedCallTest, AMethodWithoutAKeyGoesToTheActorWithoutOne) {
  EXPECT_EQ(Reply(*Call("/echo.v1.Rooms/Lobby", LobbyRequest())).room(), "");
}

}  // namespace
}  // namespace rota
