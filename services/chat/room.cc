#include "services/chat/room.h"

#include <chrono>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace chat {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxTextBytes = 4096;

rota::Status CheckName(std::string_view what, std::string_view name) {
  const std::string text(what);
  if (name.empty()) return rota::InvalidArgumentError("the name of the " + text + " is empty");
  if (name.size() > kMaxNameBytes) return rota::InvalidArgumentError("the name of the " + text + " has more than 64 bytes");
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return rota::InvalidArgumentError("the name of the " + text + " has a control character");
    }
  }
  return rota::OkStatus();
}

rota::Status CheckText(std::string_view text) {
  if (text.size() <= kMaxTextBytes) return rota::OkStatus();
  return rota::InvalidArgumentError("a text of " + std::to_string(text.size()) + " bytes is longer than " + std::to_string(kMaxTextBytes));
}

void SetNow(google::protobuf::Timestamp* time) {
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  time->set_seconds(now / 1'000'000'000);
  time->set_nanos(static_cast<int32_t>(now % 1'000'000'000));
}

}  // namespace

// Somebody in the room, from the moment when the others hear of it until they hear that it is over.
// Owner: the frame of Join().
class Room::Member {
 public:
  Member(Room& room, rota::RequestContext& context, std::string name)
      : room_(room), context_(context), name_(std::move(name)), events_(context.loop(), kQueueCapacity) {
    room_.members_.emplace(name_, this);
    v1::JoinResponse event;
    event.set_joined(name_);
    room_.Tell(event);
  }
  ~Member() {
    room_.members_.erase(name_);
    v1::JoinResponse event;
    event.set_left(name_);
    room_.Tell(event);
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  const std::string& name() const { return name_; }
  rota::RequestContext& context() const { return context_; }
  rota::BoundedQueue<v1::JoinResponse>& events() { return events_; }

 private:
  Room& room_;
  rota::RequestContext& context_;
  const std::string name_;
  rota::BoundedQueue<v1::JoinResponse> events_;
};

rota::Task<void> Room::Join(rota::RequestContext& context, rota::Reader<v1::JoinRequest>& in, rota::Writer<v1::JoinResponse>& out) {
  const std::optional<v1::JoinRequest> first = co_await in.Next();
  if (!first) co_await rota::InvalidArgumentError("a join needs a request that names room and member");
  co_await CheckJoin(*first);

  // What was said before and what is said from here on: nothing is missed or told twice, as both happen in one go.
  const std::deque<v1::Message> before = history_;
  Member self(*this, context, first->member());
  if (!first->text().empty()) Say(self.name(), first->text());

  // Reads beside the loop below, which writes. The empty event wakes that up; where the queue is full it is awake.
  bool reading = true;
  rota::Status read_status;
  std::exception_ptr exception;
  rota::TaskRun<void> reader;
  reader.Start(ReadTexts(in, self.name()), [&](rota::Status status, std::exception_ptr thrown) {
    reading = false;
    read_status = std::move(status);
    exception = std::move(thrown);
    static_cast<void>(self.events().Push(v1::JoinResponse()));
  });

  for (const v1::Message& message : before) {
    v1::JoinResponse event;
    *event.mutable_message() = message;
    co_await out.Write(event);
  }
  while (reading || self.events().size() > 0) {
    const v1::JoinResponse event = co_await self.events().Pop();
    if (event.event_case() != v1::JoinResponse::EVENT_NOT_SET) co_await out.Write(event);
  }
  if (exception) std::rethrow_exception(exception);
  co_await std::move(read_status);
}

rota::Status Room::CheckJoin(const v1::JoinRequest& request) const {
  ROTA_RETURN_IF_ERROR(CheckName("room", request.room()));
  ROTA_RETURN_IF_ERROR(CheckName("member", request.member()));
  ROTA_RETURN_IF_ERROR(CheckText(request.text()));
  if (members_.contains(request.member())) {
    return rota::AlreadyExistsError("'" + request.member() + "' is in the room '" + key() + "' already");
  }
  if (members_.size() >= kMaxMembers) {
    return rota::ResourceExhaustedError("the room '" + key() + "' is full (capacity " + std::to_string(kMaxMembers) + ")");
  }
  return rota::OkStatus();
}

rota::Task<void> Room::ReadTexts(rota::Reader<v1::JoinRequest>& in, const std::string& member) {
  while (const std::optional<v1::JoinRequest> request = co_await in.Next()) {
    co_await CheckText(request->text());
    if (!request->room().empty() && request->room() != key()) {
      co_await rota::InvalidArgumentError("this call is in the room '" + key() + "', not in '" + request->room() + "'");
    }
    if (!request->text().empty()) Say(member, request->text());
  }
}

void Room::Say(const std::string& member, const std::string& text) {
  v1::JoinResponse event;
  v1::Message& message = *event.mutable_message();
  message.set_sequence(++last_sequence_);
  message.set_member(member);
  message.set_text(text);
  SetNow(message.mutable_sent());
  if (history_limit_ > 0) history_.push_back(message);
  if (history_.size() > history_limit_) history_.pop_front();
  Tell(event);
}

void Room::Tell(const v1::JoinResponse& event) {
  std::vector<rota::Ref<rota::RequestContext>> slow;
  for (const auto& [name, member] : members_) {
    if (!member->events().Push(event)) slow.emplace_back(&member->context());
  }
  // Afterwards: each of them leaves the room, which is told to the others.
  for (const rota::Ref<rota::RequestContext>& context : slow) {
    context->Cancel(rota::ResourceExhaustedError("the member is " + std::to_string(kQueueCapacity) + " events behind"));
  }
}

rota::Task<v1::MembersResponse> Room::Members(rota::RequestContext&, const v1::MembersRequest& request) {
  if (rota::Status status = CheckName("room", request.room()); !status.ok()) return status;
  v1::MembersResponse response;
  for (const auto& [name, member] : members_) response.add_members(name);
  return response;
}

rota::Task<v1::HistoryResponse> Room::History(rota::RequestContext&, const v1::HistoryRequest& request) {
  if (rota::Status status = CheckName("room", request.room()); !status.ok()) return status;
  size_t skipped = 0;
  if (request.limit() > 0 && history_.size() > request.limit()) skipped = history_.size() - request.limit();
  v1::HistoryResponse response;
  for (size_t i = skipped; i < history_.size(); ++i) *response.add_messages() = history_[i];
  return response;
}

}  // namespace chat
