#include "framework/transport/native/message_framer.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/status.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

class MessageFramerTest : public testing::Test {
 protected:
  MessageFramerTest() { framer_.Reset(1000); }

  static std::string Frame(const std::string& message, char flag = 0) {
    const auto size = static_cast<uint32_t>(message.size());
    return {std::string{flag, static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size)} + message};
  }
  // Feeds `bytes` and notes the messages that come out.
  void Feed(std::string_view bytes) {
    std::span<const uint8_t> span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    while (std::optional<MessageFramer::Message> message = framer_.Next(span)) {
      messages_.push_back(std::string(message->payload.view()) + (message->compressed ? "+" : ""));
    }
    left_ = span.size();
  }

  MessageFramer framer_;
  std::vector<std::string> messages_;
  size_t left_ = 0;
};

TEST_F(MessageFramerTest, MessagesMayBeCutAnywhere) {
  const std::string bytes = Frame("hello") + Frame("") + Frame(std::string(300, 'x'), 1) + Frame("end");
  for (size_t first = 0; first <= bytes.size(); ++first) {
    framer_.Reset(1000);
    messages_.clear();
    Feed(std::string_view(bytes).substr(0, first));
    Feed(std::string_view(bytes).substr(first));
    ASSERT_EQ(messages_, (std::vector<std::string>{"hello", "", std::string(300, 'x') + "+", "end"})) << first;
    EXPECT_FALSE(framer_.within_message());
  }
}

TEST_F(MessageFramerTest, BytesMayComeOneByOne) {
  const std::string bytes = Frame("hello") + Frame("") + Frame("end");
  for (const char byte : bytes) Feed(std::string_view(&byte, 1));
  EXPECT_EQ(messages_, (std::vector<std::string>{"hello", "", "end"}));
}

TEST_F(MessageFramerTest, AMessageThatIsNotCompleteIsSeen) {
  EXPECT_FALSE(framer_.within_message());
  Feed(Frame("hello").substr(0, 1));
  EXPECT_TRUE(framer_.within_message());
  Feed(Frame("hello").substr(1, 8));
  EXPECT_TRUE(framer_.within_message());
  Feed("o");
  EXPECT_FALSE(framer_.within_message());
}

TEST_F(MessageFramerTest, TheLimitIsAllowedAndOneMoreIsNot) {
  Feed(Frame(std::string(1000, 'a')));
  EXPECT_EQ(messages_.size(), 1u);
  Feed(Frame(std::string(1001, 'a')));
  EXPECT_EQ(messages_.size(), 1u);
  EXPECT_EQ(framer_.error(), ResourceExhaustedError("message of 1001 bytes is larger than the limit of 1000"));
}

TEST_F(MessageFramerTest, ALengthOfFourGigabytesIsRefusedByItsPrefixAlone) {
  Feed(std::string("\0\xff\xff\xff\xff", 5));
  EXPECT_EQ(framer_.error(), ResourceExhaustedError("message of 4294967295 bytes is larger than the limit of 1000"));
}

TEST_F(MessageFramerTest, AnUnknownFlagIsAnErrorAndNothingFollows) {
  Feed(Frame("hello", 2) + Frame("next"));
  EXPECT_EQ(framer_.error().code(), StatusCode::kInternal);
  EXPECT_TRUE(messages_.empty());
  Feed(Frame("later"));
  EXPECT_TRUE(messages_.empty());
}

TEST_F(MessageFramerTest, ThePrefixOfAnOutgoingMessageIsReadBack) {
  for (const bool compressed : {false, true}) {
    Payload payload = Payload::Copy(std::string(700, 'y'));
    WritePrefix(payload, compressed);
    Feed(std::string_view(reinterpret_cast<const char*>(payload.headroom()), payload.size() + Payload::kHeadroom));
  }
  EXPECT_EQ(messages_, (std::vector<std::string>{std::string(700, 'y'), std::string(700, 'y') + "+"}));
}

}  // namespace
}  // namespace rota::native
