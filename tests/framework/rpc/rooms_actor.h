#ifndef ROTA_TESTS_RPC_ROOMS_ACTOR_H_
#define ROTA_TESTS_RPC_ROOMS_ACTOR_H_

#include <optional>
#include <string>

#include "framework/base/status.h"
#include "framework/context/request_context.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {

using echo::v1::LobbyRequest;
using echo::v1::RoomReply;
using echo::v1::RoomRequest;

// Says its key and how many turns it has had.
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

inline RoomRequest Request(const std::string& room, const std::string& text = "") {
  RoomRequest request;
  request.set_room(room);
  request.set_text(text);
  return request;
}

}  // namespace rota

#endif  // ROTA_TESTS_RPC_ROOMS_ACTOR_H_
