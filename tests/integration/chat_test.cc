// Every method of the chat service, called over a socket by the C++ library of gRPC.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "protos/chat/v1/chat.grpc.pb.h"
#include "tests/integration/service_under_test.h"

namespace chat::v1 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ChatTest : public ::testing::Test {
 protected:
  // Somebody in a room.
  struct Guest {
    Guest(Chat::Stub& stub, const std::string& room, const std::string& member) : stream(stub.Join(&context)) {
      JoinRequest request;
      request.set_room(room);
      request.set_member(member);
      stream->Write(request);
    }
    void Say(const std::string& text) {
      JoinRequest request;
      request.set_text(text);
      EXPECT_TRUE(stream->Write(request));
    }
    // The next event as a word; "end" after the last.
    std::string Hear() {
      JoinResponse event;
      if (!stream->Read(&event)) return "end";
      if (event.event_case() == JoinResponse::kMessage) return event.message().member() + ": " + event.message().text();
      return event.event_case() == JoinResponse::kJoined ? "+" + event.joined() : "-" + event.left();
    }
    grpc::Status Leave() {
      stream->WritesDone();
      while (Hear() != "end") {
      }
      return stream->Finish();
    }

    rota::LimitedContext context;
    std::unique_ptr<grpc::ClientReaderWriter<JoinRequest, JoinResponse>> stream;
  };

  std::vector<std::string> MembersOf(const std::string& room) {
    rota::LimitedContext context;
    MembersRequest request;
    request.set_room(room);
    MembersResponse response;
    EXPECT_TRUE(stub_->Members(&context, request, &response).ok());
    return {response.members().begin(), response.members().end()};
  }
  std::vector<std::string> HistoryOf(const std::string& room, uint32_t limit = 0) {
    rota::LimitedContext context;
    HistoryRequest request;
    request.set_room(room);
    request.set_limit(limit);
    HistoryResponse response;
    EXPECT_TRUE(stub_->History(&context, request, &response).ok());
    std::vector<std::string> texts;
    for (const Message& message : response.messages()) texts.push_back(std::to_string(message.sequence()) + " " + message.text());
    return texts;
  }

  rota::ServiceProcess process_{"services/chat/chat", {"--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--history=3"}};
  const std::unique_ptr<Chat::Stub> stub_ = Chat::NewStub(rota::ChannelTo(process_.Address("grpc")));
};

TEST_F(ChatTest, MembersOfARoomHearEachOther) {
  Guest ann(*stub_, "kitchen", "ann");
  EXPECT_EQ(ann.Hear(), "+ann");
  Guest bob(*stub_, "kitchen", "bob");
  EXPECT_EQ(bob.Hear(), "+bob");
  EXPECT_EQ(ann.Hear(), "+bob");
  EXPECT_THAT(MembersOf("kitchen"), ElementsAre("ann", "bob"));
  ann.Say("hello");
  EXPECT_EQ(ann.Hear(), "ann: hello");
  EXPECT_EQ(bob.Hear(), "ann: hello");
  bob.Say("hi");
  EXPECT_EQ(ann.Hear(), "bob: hi");
  EXPECT_TRUE(bob.Leave().ok());
  EXPECT_EQ(ann.Hear(), "-bob");
  EXPECT_THAT(MembersOf("kitchen"), ElementsAre("ann"));
}

TEST_F(ChatTest, RoomsDoNotHearEachOther) {
  Guest ann(*stub_, "kitchen", "ann");
  EXPECT_EQ(ann.Hear(), "+ann");
  Guest other(*stub_, "cellar", "ann");
  EXPECT_EQ(other.Hear(), "+ann");
  other.Say("psst");
  EXPECT_EQ(other.Hear(), "ann: psst");
  ann.Say("hello");
  EXPECT_EQ(ann.Hear(), "ann: hello");
  EXPECT_THAT(HistoryOf("cellar"), ElementsAre("1 psst"));
}

TEST_F(ChatTest, ARoomKeepsItsLatestMessagesAndTellsThemToWhoComes) {
  Guest ann(*stub_, "kitchen", "ann");
  EXPECT_EQ(ann.Hear(), "+ann");
  for (const char* text : {"a", "b", "c", "d"}) {
    ann.Say(text);
    EXPECT_EQ(ann.Hear(), std::string("ann: ") + text);
  }
  EXPECT_THAT(HistoryOf("kitchen"), ElementsAre("2 b", "3 c", "4 d"));
  EXPECT_THAT(HistoryOf("kitchen", 1), ElementsAre("4 d"));
  EXPECT_THAT(HistoryOf("attic"), IsEmpty());
  Guest bob(*stub_, "kitchen", "bob");
  EXPECT_EQ(bob.Hear(), "ann: b");
  EXPECT_EQ(bob.Hear(), "ann: c");
  EXPECT_EQ(bob.Hear(), "ann: d");
  EXPECT_EQ(bob.Hear(), "+bob");
}

TEST_F(ChatTest, WhoCancelsHasLeft) {
  Guest ann(*stub_, "kitchen", "ann");
  EXPECT_EQ(ann.Hear(), "+ann");
  {
    Guest bob(*stub_, "kitchen", "bob");
    EXPECT_EQ(bob.Hear(), "+bob");
    bob.context.TryCancel();
    EXPECT_EQ(bob.stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_EQ(ann.Hear(), "+bob");
  EXPECT_EQ(ann.Hear(), "-bob");
}

TEST_F(ChatTest, WhatIsSaidBeforeHalfCloseIsHeard) {
  Guest ann(*stub_, "kitchen", "ann");
  ann.Say("bye");
  ann.stream->WritesDone();
  EXPECT_EQ(ann.Hear(), "+ann");
  EXPECT_EQ(ann.Hear(), "ann: bye");
  EXPECT_EQ(ann.Hear(), "end");
  EXPECT_TRUE(ann.stream->Finish().ok());
}

TEST_F(ChatTest, WrongJoinsAreRefusedAndNamed) {
  Guest ann(*stub_, "kitchen", "ann");
  EXPECT_EQ(ann.Hear(), "+ann");
  Guest twin(*stub_, "kitchen", "ann");
  const grpc::Status taken = twin.Leave();
  EXPECT_EQ(taken.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(taken.error_message(), "'ann' is in the room 'kitchen' already");
  Guest nobody(*stub_, "kitchen", "");
  EXPECT_EQ(nobody.Leave().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  Guest nowhere(*stub_, "", "bob");
  EXPECT_EQ(nowhere.Leave().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  ann.Say(std::string(5000, 'x'));
  const grpc::Status text = ann.Leave();
  EXPECT_EQ(text.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(text.error_message(), HasSubstr("5000 bytes is longer than 4096"));
}

TEST(ChatSleepTest, ARoomThatIsIdleSleepsAndForgets) {
  rota::ServiceProcess process("services/chat/chat", {"--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--idle=0.01"});
  const auto stub = Chat::NewStub(rota::ChannelTo(process.Address("grpc")));
  {
    rota::LimitedContext context;
    const auto stream = stub->Join(&context);
    JoinRequest request;
    request.set_room("kitchen");
    request.set_member("ann");
    request.set_text("hello");
    ASSERT_TRUE(stream->Write(request));
    stream->WritesDone();
    for (JoinResponse event; stream->Read(&event);) {
    }
    ASSERT_TRUE(stream->Finish().ok());
  }
  // Asking keeps it awake, so its sleep is seen on /metrics.
  const auto limit = std::chrono::steady_clock::now() + rota::ServiceProcess::kLimit;
  const std::string admin = process.Address("admin");
  auto asleep = [&] { return rota::HttpGet(admin, "/metrics").find("rota_actor_sleeps_total{kind=\"chat.v1.Chat\"} 1") != std::string::npos; };
  while (!asleep() && std::chrono::steady_clock::now() < limit) {
  }
  rota::LimitedContext context;
  HistoryRequest request;
  request.set_room("kitchen");
  HistoryResponse response;
  ASSERT_TRUE(stub->History(&context, request, &response).ok());
  EXPECT_EQ(response.messages_size(), 0);
}

}  // namespace
}  // namespace chat::v1
