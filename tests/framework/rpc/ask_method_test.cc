#include "framework/rpc/ask_method.h"

#include <string>
#include <utility>

#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/base/status_or.h"
#include "tests/framework/rpc/rooms_actor.h"
#include "tests/framework/rpc/rpc_test_base.h"

namespace rota {
namespace {

class AskMethodTest : public RpcTestBase {
 protected:
  AskMethodTest() { Serve<RoomsActor>(Kind<RoomsActor>()); }
  template <typename T>
  StatusOr<T> Finish(Task<T> task) {
    StatusOr<T> result;
    StartTask<T>(std::move(task), [&](StatusOr<T> outcome) { result = std::move(outcome); });
    Settle();
    return result;
  }
  const echo::v1::RoomsRef rooms_{system_};
};

TEST_F(AskMethodTest, AsksTheActorThatACallFromOutsideGoesTo) {
  Call("/echo.v1.Rooms/Enter", Request("red"));
  const StatusOr<RoomReply> reply = Finish(rooms_.Enter(Request("red", "from inside"), std::chrono::seconds(1)));
  ASSERT_EQ(reply.status(), OkStatus());
  EXPECT_EQ(reply->room(), "red");
  EXPECT_EQ(reply->turns(), 2);
  EXPECT_EQ(reply->text(), "from inside");
}

TEST_F(AskMethodTest, FailsWithWhatTheHandlerFailsWith) {
  EXPECT_EQ(Finish(rooms_.Enter(Request("red", "key again"), std::chrono::seconds(1))).status(), NotFoundError("red"));
}

TEST_F(AskMethodTest, AnEmptyKeyIsRefusedAsOutside) {
  EXPECT_EQ(Finish(rooms_.Enter(Request(""), std::chrono::seconds(1))).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(AskMethodTest, AnUnknownKindIsNotFound) {
  EXPECT_EQ(Finish(echo::v1::RoomsRef(system_, "nobody").Lobby(LobbyRequest(), std::chrono::seconds(1))).status(),
            NotFoundError("no actor of kind 'nobody'"));
}

}  // namespace
}  // namespace rota
