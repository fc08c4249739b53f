#ifndef ROTA_SERVICES_CHAT_ROOM_H_
#define ROTA_SERVICES_CHAT_ROOM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "framework/rota.h"
#include "protos/chat/v1/chat.rota.h"

namespace chat {

// One room of chat.v1.Chat; see the .proto for what it promises. Its key is the name of the room.
//
// It must be run with interleave: each Join is a turn that lasts as long as the member stays. Between two waits the code
// runs alone, so every member sees the same messages in the same order.
// Thread: loop.
class Room final : public v1::ChatActor {
 public:
  static constexpr size_t kMaxMembers = 1000;
  // Events that may wait for one member before it counts as too slow.
  static constexpr size_t kQueueCapacity = 256;

  // `history` is how many messages the room keeps.
  explicit Room(int64_t history) : history_limit_(static_cast<size_t>(history)) {}

  rota::Task<void> Join(rota::RequestContext& context, rota::Reader<v1::JoinRequest>& in, rota::Writer<v1::JoinResponse>& out) override;
  rota::Task<v1::MembersResponse> Members(rota::RequestContext& context, const v1::MembersRequest& request) override;
  rota::Task<v1::HistoryResponse> History(rota::RequestContext& context, const v1::HistoryRequest& request) override;

 private:
  class Member;

  rota::Status CheckJoin(const v1::JoinRequest& request) const;
  rota::Task<void> ReadTexts(rota::Reader<v1::JoinRequest>& in, const std::string& member);
  void Say(const std::string& member, const std::string& text);
  void Tell(const v1::JoinResponse& event);

  const size_t history_limit_;
  std::map<std::string, Member*> members_;
  std::deque<v1::Message> history_;
  uint64_t last_sequence_ = 0;
};

}  // namespace chat

#endif  // ROTA_SERVICES_CHAT_ROOM_H_
